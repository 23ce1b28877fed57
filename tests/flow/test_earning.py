"""Levels from the first supervised success to the level that is lost: the record, the proposal, a person's word."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters.cedar.policies import CedarSet, Source
from bot.core import events, track_records
from bot.core.alerts import Alert
from bot.core.errors import Refused
from bot.core.ids import Digest, GroupId, IncidentId, StepId
from bot.core.incidents import Incident
from bot.core.operations import Tier
from bot.core.plans import Verdict
from bot.core.previews import Outcome, Performed, Target
from bot.core.runbooks import Command, Level, Runbook, Scope, StepSpec
from bot.core.states import State
from bot.core.track_records import Ending
from tests import builders as b
from tests.fakes.world import World
from tests.flow.test_road import VERIFY

CORDON = StepSpec("Cordon", Command("kubectl cordon node-1"))
ENOUGH = track_records.FOR_LEVEL[Level.CONDITIONAL]
WHY = "five clean runs, looked at each"


def runbook(*, most: Level = Level.CONDITIONAL, owner: str = "S0SRE", scope: Scope | None = None) -> Runbook:
    return replace(b.runbook(CORDON, VERIFY), max_level=most, owner=owner, scope=scope)


def world_with(known: Runbook) -> World:
    """A node lies in no namespace, so in none of production's."""
    world = World(known)
    world.executor.targets = (Target("Node", "node-1", uid="uid-1"),)
    return world


async def fire(world: World, number: int, environment: str = "staging") -> Incident:
    """A new incident, a day after the one before."""
    world.clock.time += timedelta(days=1)
    await world.fire(_alert(number, environment))
    return await world.incident(number)


async def agree(world: World, number: int) -> None:
    approval = (await world.incident(number)).approval
    assert approval is not None
    await world.desk.vote_approve(approval.id, b.ANA)
    await world.rest()


async def supervised(world: World, number: int, environment: str = "staging") -> Incident:
    await fire(world, number, environment)
    await agree(world, number)
    return await clear(world, number, environment)


async def clear(world: World, number: int, environment: str = "staging") -> Incident:
    """The cure holds: its alert ends."""
    await world.fire(replace(_alert(number, environment), is_firing=False, ends_at=world.clock.now()))
    return await world.incident(number)


def _alert(number: int, environment: str) -> Alert:
    return replace(b.alert(labels={"instance": str(number)}), environment=environment)


async def earned(world: World, environment: str = "staging") -> Incident:
    """As many supervised successes as a proposal takes; the last incident carries it."""
    for number in range(1, ENOUGH + 1):
        last = await supervised(world, number, environment)
        assert last.state is State.RESOLVED
    return last


async def test_five_verified_successes_are_proposed_to_the_owner_with_the_evidence() -> None:
    world = world_with(runbook())
    async with world.alive():
        for number in range(1, ENOUGH):
            assert (await supervised(world, number)).promotion is None
        last = await supervised(world, ENOUGH)
        assert last.promotion is not None
        assert (last.promotion.level, last.promotion.owners) == (Level.CONDITIONAL, ("S0SRE",))
        assert last.promotion.evidence[0].startswith("5 verified successes in a row")
        assert (await supervised(world, ENOUGH + 1)).promotion is None  # one question at a time


async def test_granted_it_runs_alone_and_says_why_and_in_production_it_still_asks() -> None:
    world = world_with(runbook())
    async with world.alive():
        last = await earned(world)
        await world.desk.grant_level(last.id, b.ANA, reason=WHY)
        alone = await fire(world, 6)
        step = alone.step(StepId("1"))
        assert (alone.state, step.outcome, step.approved_by) == (State.RESOLVED, Outcome.SUCCEEDED, ())
        assert alone.plan is not None and alone.plan.level is Level.CONDITIONAL
        assert alone.plan.level_reasons == (f"level 2 granted by <@{b.ANA}>: {WHY}",)
        assert step.authority == "level 2 runs medium steps alone where every guard holds"
        assert [each.id for each in step.plan.decision.deciding] == ["level-2"]
        asked = await fire(world, 7, "production")
        assert asked.state is State.WAITING and asked.plan is not None and asked.plan.level is Level.ASSISTED


async def test_a_grant_outlives_the_process() -> None:
    world = world_with(runbook())
    async with world.alive():
        await world.desk.grant_level((await earned(world)).id, b.ANA, reason=WHY)
    world.again()
    async with world.alive():
        assert (await fire(world, 6)).state is State.RESOLVED


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.UNKNOWN])
async def test_a_failure_or_an_unknown_takes_the_level_away_at_once(outcome: Outcome) -> None:
    world = world_with(runbook())
    async with world.alive():
        await world.desk.grant_level((await earned(world)).id, b.ANA, reason=WHY)
        bad = Performed(outcome, detail="no")
        world.executor.answer("kubectl cordon node-1", bad, bad)
        failed = await fire(world, 6)
        assert [(each.runbook, each.level) for each in failed.losses] == [("redis", Level.CONDITIONAL)]
        world.executor.answer("kubectl cordon node-1", Performed(Outcome.SUCCEEDED))
        after = await fire(world, 7)
        assert after.state is State.WAITING and after.plan is not None and after.plan.level is Level.ASSISTED
    world.again()
    async with world.alive():
        world.clock.time += timedelta(days=1)
        assert (await fire(world, 8)).state is State.WAITING


async def test_a_recurrence_takes_the_level_away_even_of_the_run_that_earned_it() -> None:
    world = world_with(runbook())
    async with world.alive():
        last = await earned(world)
        await world.desk.grant_level(last.id, b.ANA, reason=WHY)
        await world.fire(replace(_alert(ENOUGH, "staging"), starts_at=world.clock.now()))
        back = await world.incident(ENOUGH)
        assert back.reopened == 1 and [each.reason for each in back.losses] == ["the alert came back after the cure"]
        assert (await fire(world, 6)).state is State.WAITING


async def test_after_a_loss_the_record_begins_anew_and_thirty_clean_days_are_needed() -> None:
    world = world_with(runbook())
    async with world.alive():
        await world.desk.grant_level((await earned(world)).id, b.ANA, reason=WHY)
        world.executor.answer("kubectl cordon node-1", *[Performed(Outcome.FAILED, detail="no")] * 2)
        await fire(world, 6)
        world.executor.answer("kubectl cordon node-1", Performed(Outcome.SUCCEEDED))
        for number in range(7, 7 + ENOUGH):
            assert (await supervised(world, number)).promotion is None
        world.clock.time += track_records.CLEAN_FOR
        assert (await supervised(world, 7 + ENOUGH)).promotion is not None


async def test_a_changed_step_asks_and_a_changed_frame_starts_at_level_1() -> None:
    known = runbook()
    world = world_with(known)
    async with world.alive():
        await world.desk.grant_level((await earned(world)).id, b.ANA, reason=WHY)
        other = replace(CORDON, timeout=timedelta(seconds=5))
        world.runbooks.replace(replace(known, steps=(other, VERIFY), digest=Digest("e" * 64)))
        asked = await fire(world, 6)
        assert asked.state is State.WAITING and asked.plan is not None and asked.plan.level is Level.CONDITIONAL
        assert "this step was changed since level 2 was granted" in asked.steps[0].plan.decision.reasons
        world.runbooks.replace(replace(known, limits={"nodes_cordoned": 3}, digest=Digest("f" * 64)))
        narrowed = await fire(world, 7)
        assert narrowed.plan is not None and narrowed.plan.level is Level.ASSISTED
        assert "were changed since level 2 was granted" in narrowed.plan.level_reasons[0]


async def test_a_runbook_that_cures_again_and_again_without_lasting_effect_asks_a_person() -> None:
    world = world_with(runbook())
    async with world.alive():
        await world.desk.grant_level((await earned(world)).id, b.ANA, reason=WHY)
        world.clock.time += timedelta(days=1)
        for number in (6, 7, 8):
            world.clock.time += timedelta(minutes=50)
            await world.fire(_alert(number, "staging"))
            assert (await clear(world, number)).state is State.RESOLVED
        world.clock.time += timedelta(minutes=50)
        await world.fire(_alert(9, "staging"))
        asked = await world.incident(9)
        assert asked.state is State.WAITING
        assert any("without lasting effect" in reason for reason in asked.steps[0].plan.decision.reasons)


async def test_level_3_acts_in_production_inside_its_scope_only() -> None:
    world = world_with(runbook(most=Level.SCOPED, scope=Scope(("api-gateway",), ("production",))))
    async with world.alive():
        for number in range(1, track_records.FOR_LEVEL[Level.SCOPED] + 1):
            last = await supervised(world, number, "production")
            if last.promotion is not None and last.promotion.level is Level.CONDITIONAL:
                await world.desk.grant_level(last.id, b.ANA, reason=WHY)
        assert last.promotion is not None and last.promotion.level is Level.SCOPED
        await world.desk.grant_level(last.id, b.ANA, reason="twenty clean runs in a row")
        alone = await fire(world, 21, "production")
        assert alone.state is State.RESOLVED and alone.steps[0].approved_by == ()
        assert [each.id for each in alone.steps[0].plan.decision.deciding] == ["level-3"]


async def test_only_owners_grant_with_a_reason_and_once() -> None:
    world = world_with(runbook())
    async with world.alive():
        last = await earned(world)
        for user, reason, rule in ((b.CHI, WHY, "level.owner"), (b.ANA, "ok", "reason")):
            with pytest.raises(Refused) as refused:
                await world.desk.grant_level(last.id, user, reason=reason)
            assert refused.value.rule == rule
        with pytest.raises(Refused, match="No level is proposed"):
            await world.desk.grant_level(IncidentId("INC-1"), b.ANA, reason=WHY)
        await world.desk.grant_level(last.id, b.ANA, reason=WHY)
        for settle in (world.desk.grant_level, world.desk.decline_level):
            with pytest.raises(Refused) as twice:
                await settle(last.id, b.BEN, reason=WHY)
            assert twice.value.rule == "level.settled"


async def test_declined_it_asks_as_before_and_the_row_begins_anew() -> None:
    world = world_with(runbook())
    async with world.alive():
        last = await earned(world)
        await world.desk.decline_level(last.id, b.ANA, reason="not before the migration")
        for number in range(6, 6 + ENOUGH - 1):
            assert (await supervised(world, number)).promotion is None
        assert (await supervised(world, 6 + ENOUGH - 1)).promotion is not None
        (row,) = world.desk.levels()
        assert row.level is Level.ASSISTED and row.record.counts() == [(Ending.VERIFIED, 10)]


async def test_a_policy_may_keep_an_owner_from_granting() -> None:
    world = world_with(runbook())
    async with world.alive():
        last = await earned(world)
        text = '@id("no") @reason("levels are frozen") forbid (principal, action == Action::"promote", resource);'
        world.rules = CedarSet([Source("x", text)]).rules
        with pytest.raises(Refused, match=r"levels are frozen \(policy no\)"):
            await world.desk.grant_level(last.id, b.ANA, reason=WHY)


NOT_ANA = (
    '@id("not-ana") @reason("ana is away") forbid (principal == User::"U0ANA", action == Action::"approve", resource);'
)


async def test_a_policy_keeps_somebody_from_approving_at_the_press_and_at_the_claim() -> None:
    world = world_with(replace(runbook(), approvers={Tier.MEDIUM: replace(b.RULE, quorum=2)}))
    forbidding = replace(CedarSet([Source("x", NOT_ANA)]).rules, digest=world.rules.digest)
    async with world.alive():
        asked = (await fire(world, 1)).approval
        assert asked is not None
        await world.desk.vote_approve(asked.id, b.ANA)
        world.rules = forbidding
        with pytest.raises(Refused, match=r"ana is away \(policy not-ana\)"):
            await world.desk.vote_approve(asked.id, b.ANA)
        await world.desk.vote_approve(asked.id, b.BEN)
        await world.rest()
        incident = await world.incident(1)
        assert world.executor.performed == [] and "ana is away" in incident.closed_approvals[0].reason


async def test_changed_policies_make_an_open_approval_stale() -> None:
    world = world_with(runbook())
    async with world.alive():
        waiting = await fire(world, 1)
        assert waiting.approval is not None
        world.rules = replace(world.rules, digest=Digest("other"))
        await agree(world, 1)
        asked = await world.incident(1)
        closed = [each.reason for each in asked.closed_approvals]
        assert closed == ["changed since it was shown: policy"]
        assert asked.state is State.WAITING and world.executor.performed == []


async def test_a_policy_that_forbids_stops_what_was_approved_before() -> None:
    world = world_with(runbook())
    async with world.alive():
        await fire(world, 1)
        text = '@id("no") @reason("not today") forbid (principal, action == Action::"execute", resource);'
        world.rules = CedarSet([Source("x", text)]).rules
        await agree(world, 1)
        stopped = await world.incident(1)
        assert stopped.state is State.ESCALATED and world.executor.performed == []
        assert stopped.steps[0].plan.decision.verdict is Verdict.DENY
        assert stopped.escalation is not None and "not today (policy no)" in stopped.escalation.explanation


async def test_a_rejection_and_an_escalation_end_a_row_but_take_no_level() -> None:
    world = world_with(runbook())
    async with world.alive():
        await world.desk.grant_level((await earned(world)).id, b.ANA, reason=WHY)
        opened = await fire(world, 6, "production")
        assert opened.approval is not None
        await world.desk.vote_reject(opened.approval.id, b.ANA, reason="not now")
        await world.rest()
        assert (await world.incident(6)).losses == ()
        assert [type(row.event) for row in await world.recorder.timeline(IncidentId("INC-6"))].count(
            events.LevelLost
        ) == 0


def test_the_owner_may_be_a_person() -> None:
    world = world_with(runbook(owner="U0ANA"))
    rule = world.earner.owners(runbook(owner="U0ANA"))
    assert (rule.users, rule.groups) == (frozenset({b.ANA}), frozenset[GroupId]())

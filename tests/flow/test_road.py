"""The whole road in memory: alert, plan, approval, run, check, end - and every way in which it must not go on."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core import card_root, card_summary, events
from bot.core.actors import Standing
from bot.core.approvals import Approval
from bot.core.cards import Audience
from bot.core.errors import Invalid, Refused, Transient
from bot.core.events import EscalationReason, PageAction
from bot.core.ids import ApprovalId, IncidentId, RunbookName, StepId, UserId
from bot.core.incidents import Incident
from bot.core.operations import Family
from bot.core.previews import Outcome, Performed, Target
from bot.core.runbooks import Command, Expectation, OnFailure, Parameter, Runbook, StepSpec
from bot.core.states import State
from tests import builders as b
from tests.core.reading import text
from tests.fakes.world import FakePeople, World

GET = "kubectl get pods -n production"
DELETE = "kubectl delete pod web-1 -n production"
FLUSH = "kubectl exec -n production deploy/redis-primary -- redis-cli FLUSHDB"
UNDO = "kubectl rollout undo deployment/api -n production"
HEALTH = "kubectl get endpoints api -n production"

LOOK = StepSpec("Look", Command(GET))
CHANGE = StepSpec("Flush", Command(FLUSH))
VERIFY = StepSpec("Verify", Command(HEALTH), expect=Expectation(contains="OK"))
ROLL_BACK = StepSpec("Roll back", Command(UNDO))

ONE, TWO = StepId("1"), StepId("2")


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World(b.runbook(CHANGE, VERIFY))
    async with made.alive():
        yield made


async def asked(world: World, number: int = 1) -> Approval:
    incident = await world.incident(number)
    assert incident.approval is not None
    return incident.approval


async def approve(world: World, user: UserId = b.ANA) -> str:
    approval = await asked(world)
    answer = await world.desk.vote_approve(approval.id, user)
    await world.rest()
    return answer.text


# --- the road ------------------------------------------------------------------------------------------------------


async def test_an_alert_becomes_a_plan_an_approval_a_run_and_a_resolved_incident(world: World) -> None:
    await world.fire()
    waiting = await world.incident()
    assert (waiting.state, world.executor.performed) == (State.WAITING, [])
    assert (await approve(world)).startswith("Approved.")
    done = await world.incident()
    assert done.state is State.RESOLVED
    assert world.executor.performed == [FLUSH, HEALTH]
    assert [vote.voter for vote in done.step(ONE).approved_by] == [b.ANA]


async def test_reads_run_at_once_without_anybody() -> None:
    world = World(b.runbook(LOOK, CHANGE))
    async with world.alive():
        await world.fire()
        assert world.executor.performed == [GET]
        assert (await world.incident()).state is State.WAITING


async def test_the_intent_is_stored_before_the_effect_and_the_outcome_after_it(world: World) -> None:
    stored_when_it_ran: list[str] = []

    async def note() -> None:
        stored_when_it_ran.extend(type(row.event).__name__ for row in await world.store.history(b.INC))

    world.executor.before_perform = note
    await world.fire()
    await approve(world)
    assert "StepStarted" in stored_when_it_ran
    assert "ApprovalClosed" in stored_when_it_ran


async def test_a_high_step_needs_the_typed_name_and_a_reason() -> None:
    world = World(b.runbook(ROLL_BACK, VERIFY))
    async with world.alive():
        await world.fire()
        approval = await asked(world)
        for typed, reason in [("", ""), ("api", "short"), ("wrong", "bad image since 04:05")]:
            with pytest.raises(Refused):
                await world.desk.vote_approve(approval.id, b.ANA, typed=typed, reason=reason)
        assert world.executor.performed == []
        await world.desk.vote_approve(approval.id, b.ANA, typed="api", reason="bad image since 04:05")
        await world.rest()
        assert world.executor.performed == [UNDO, HEALTH]


async def test_a_runbook_can_be_started_by_a_person_and_ends_by_itself() -> None:
    slow = Parameter("pod", "[a-z0-9-]+")
    asks = StepSpec("Delete", Command("kubectl delete pod {pod} -n production"))
    world = World(replace(b.runbook(asks), parameters={"pod": slow}))
    async with world.alive():
        answer = await world.desk.run("redis", {"pod": "web-1"}, b.CHI)
        await world.rest()
        assert answer.incident == b.INC
        await approve(world)
        assert world.executor.performed == [DELETE]
        assert (await world.incident()).state is State.RESOLVED


@pytest.mark.parametrize(
    ("name", "typed", "place"),
    [
        ("rediss", {}, ""),
        ("redis", {}, "pod"),
        ("redis", {"pod": "--all"}, "pod"),
        ("redis", {"pod": "a;b"}, "pod"),
        ("redis", {"pod": "a", "nope": "1"}, "nope"),
    ],
)
async def test_a_start_with_a_wrong_name_or_value_is_refused_and_opens_nothing(
    name: str, typed: dict[str, str], place: str
) -> None:
    asks = StepSpec("Delete", Command("kubectl delete pod {pod} -n production"))
    world = World(replace(b.runbook(asks), parameters={"pod": Parameter("pod", "[a-z0-9-]+")}))
    async with world.alive():
        with pytest.raises(Invalid) as refused:
            await world.desk.run(name, typed, b.ANA)
        assert refused.value.place == place
        assert await world.store.heads() == []


# --- who -----------------------------------------------------------------------------------------------------------


async def test_somebody_who_may_not_approve_is_refused_and_nothing_runs(world: World) -> None:
    await world.fire()
    with pytest.raises(Refused, match="not an approver"):
        await approve(world, b.CHI)
    assert world.executor.performed == []


async def test_F43_a_failed_lookup_of_groups_denies(world: World) -> None:
    await world.fire()
    world.people.failing = True
    with pytest.raises(Refused, match="could not tell who you are"):
        await approve(world)
    assert world.executor.performed == []


class LeavesAfterTheClick(FakePeople):
    """An approver when the click is checked, and not any more when the step is claimed."""

    def __init__(self) -> None:
        super().__init__()
        self.lookups = 0

    async def standing(self, user: UserId) -> Standing:
        self.lookups += 1
        if self.lookups > 1:
            self.members = {b.SRE: {b.BEN}}
        return await super().standing(user)


async def test_F42_an_approver_who_left_between_click_and_claim_does_not_count() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    world.people = LeavesAfterTheClick()
    world.again()
    async with world.alive():
        await world.fire()
        first = await asked(world)
        await approve(world)
        assert world.executor.performed == []
        assert (await asked(world)).id != first.id
        assert (await world.incident()).closed_approvals[0].closing == "stale"


async def test_F31_a_second_click_is_told_who_was_first_and_runs_nothing_twice(world: World) -> None:
    await world.fire()
    approval = await asked(world)
    await world.desk.vote_approve(approval.id, b.ANA)
    with pytest.raises(Refused):
        await world.desk.vote_approve(approval.id, b.BEN)
    await world.rest()
    with pytest.raises(Refused, match="U0ANA"):
        await world.desk.vote_approve(approval.id, b.BEN)
    assert world.executor.performed.count(FLUSH) == 1


async def test_F32_a_reject_is_a_veto_and_the_loser_is_told(world: World) -> None:
    await world.fire()
    approval = await asked(world)
    await world.desk.vote_reject(approval.id, b.BEN, reason="wrong pod")
    with pytest.raises(Refused):
        await world.desk.vote_approve(approval.id, b.ANA)
    await world.rest()
    incident = await world.incident()
    assert (incident.state, world.executor.performed) == (State.ESCALATED, [])
    assert incident.escalation is not None
    assert "wrong pod" in incident.escalation.explanation


async def test_a_reject_without_a_reason_is_refused(world: World) -> None:
    await world.fire()
    with pytest.raises(Refused) as refused:
        await world.desk.vote_reject((await asked(world)).id, b.ANA, reason=" ")
    assert refused.value.rule == "reason"


@pytest.mark.parametrize("forged", ["", "1", "1-", "x-token1", "2-token1", "1-other", "1-token1'--", "INC-1"])
async def test_F48_a_forged_approval_id_is_refused(world: World, forged: str) -> None:
    await world.fire()
    with pytest.raises(Refused):
        await world.desk.vote_approve(ApprovalId(forged), b.ANA)
    assert world.executor.performed == []


# --- when ----------------------------------------------------------------------------------------------------------


async def test_an_expired_approval_is_refused_and_escalates(world: World) -> None:
    await world.fire()
    approval = await asked(world)
    world.clock.time = approval.expires_at
    with pytest.raises(Refused, match="expired"):
        await world.desk.vote_approve(approval.id, b.ANA)
    await world.later(seconds=1)
    incident = await world.incident()
    assert incident.escalation is not None
    assert (incident.escalation.reason, world.executor.performed) == (EscalationReason.EXPIRED, [])


async def test_F54_a_resolved_alert_cancels_the_approval_and_a_late_click_is_told(world: World) -> None:
    await world.fire()
    approval = await asked(world)
    await world.fire(b.alert(firing=False))
    assert (await world.incident()).state is State.RESOLVED
    with pytest.raises(Refused, match="moved on"):
        await world.desk.vote_approve(approval.id, b.ANA)
    assert world.executor.performed == []


async def test_an_alert_that_comes_back_escalates_and_is_not_treated_again(world: World) -> None:
    await world.fire()
    await approve(world)
    await world.fire(b.alert(firing=False))
    await world.fire(b.alert(starts_at=b.T0 + timedelta(minutes=9)))
    incident = await world.incident()
    assert incident.escalation is not None
    assert incident.escalation.reason is EscalationReason.CAME_BACK
    assert world.executor.performed.count(FLUSH) == 1


async def test_repeated_alerts_join_one_incident(world: World) -> None:
    for _ in range(3):
        await world.fire()
    assert len(await world.store.heads()) == 1
    assert next(iter((await world.incident()).alerts.values())).count == 3


async def test_a_closed_incident_does_not_attract_the_next_alert(world: World) -> None:
    await world.fire()
    await approve(world)
    await world.fire(b.alert(firing=False))
    await world.later(minutes=31)
    assert (await world.incident()).state is State.CLOSED
    await world.fire(b.alert(starts_at=b.T0 + timedelta(hours=1)))
    assert (await world.incident(2)).state is State.WAITING


# --- what ----------------------------------------------------------------------------------------------------------


async def test_F63_a_target_that_changed_after_the_click_makes_the_approval_stale(world: World) -> None:
    await world.fire()
    first = await asked(world)
    world.executor.targets = (Target("Pod", "web-1", "production", uid="uid-2"),)
    await approve(world)
    assert world.executor.performed == []
    again = await asked(world)
    assert again.id != first.id
    assert "targets" in (await world.incident()).closed_approvals[0].reason
    with pytest.raises(Refused, match="has changed"):
        await world.desk.vote_approve(first.id, b.ANA)
    await approve(world)
    assert world.executor.performed == [FLUSH, HEALTH]


async def test_F64_more_targets_than_were_shown_are_never_touched() -> None:
    world = World(b.runbook(CHANGE, limits={"pod_restarts": 3}))
    async with world.alive():
        await world.fire()
        world.executor.counters = {"pod_restarts": 40}
        await approve(world)
        incident = await world.incident()
        assert world.executor.performed == []
        assert incident.escalation is not None
        assert "would be 40, the runbook allows 3" in incident.escalation.explanation


async def test_F61_a_runbook_edited_after_the_click_runs_nothing(world: World) -> None:
    await world.fire()
    edited: Runbook = b.runbook(CHANGE, VERIFY, digest="f" * 64)
    world.runbooks.replace(edited)
    await approve(world)
    incident = await world.incident()
    assert (incident.state, world.executor.performed) == (State.ESCALATED, [])


async def test_a_limit_of_zero_blocks_before_anybody_is_asked() -> None:
    world = World(b.runbook(CHANGE, limits={"cache_operations": 0}))
    async with world.alive():
        await world.fire()
        incident = await world.incident()
        assert (incident.state, incident.approval) == (State.ESCALATED, None)


async def test_F89_a_missing_permission_blocks_and_is_named(world: World) -> None:
    world.executor.problems = ("not permitted: delete pods",)
    await world.fire()
    incident = await world.incident()
    assert incident.escalation is not None
    assert "not permitted: delete pods" in incident.escalation.explanation
    assert world.executor.performed == []


# --- outcomes ------------------------------------------------------------------------------------------------------


async def test_a_failed_step_escalates_and_what_follows_does_not_run(world: World) -> None:
    world.executor.answer(FLUSH, Performed(Outcome.FAILED, detail="not found"))
    await world.fire()
    await approve(world)
    incident = await world.incident()
    assert (incident.state, world.executor.performed) == (State.ESCALATED, [FLUSH])
    assert [page.summary for page in world.pager.pages] == ["INC-1 RedisConnectionTimeout: Step 1 failed: not found"]


async def test_a_step_that_may_fail_goes_on() -> None:
    world = World(b.runbook(replace(CHANGE, on_failure=OnFailure.CONTINUE), VERIFY))
    async with world.alive():
        world.executor.answer(FLUSH, Performed(Outcome.FAILED, detail="not found"))
        await world.fire()
        await approve(world)
        assert world.executor.performed == [FLUSH, HEALTH]
        assert (await world.incident()).state is State.RESOLVED


async def test_a_read_is_tried_twice_and_a_change_once(world: World) -> None:
    world.executor.answer(HEALTH, Performed(Outcome.SUCCEEDED, "starting"), Performed(Outcome.SUCCEEDED, "OK"))
    await world.fire()
    await approve(world)
    assert world.executor.performed == [FLUSH, HEALTH, HEALTH]
    assert (await world.incident()).state is State.RESOLVED


async def test_a_read_whose_answer_was_lost_has_failed_and_is_read_again(world: World) -> None:
    world.executor.answer(HEALTH, Performed(Outcome.UNKNOWN, detail="reset"), Performed(Outcome.SUCCEEDED, "OK"))
    await world.fire()
    await approve(world)
    assert world.executor.performed == [FLUSH, HEALTH, HEALTH]
    assert (await world.incident()).state is State.RESOLVED


async def test_F69_a_change_that_is_proved_to_have_done_nothing_may_be_repeated_under_the_same_approval(
    world: World,
) -> None:
    world.executor.answer(
        FLUSH, Performed(Outcome.FAILED, detail="429", is_repeatable=True), Performed(Outcome.SUCCEEDED)
    )
    await world.fire()
    await approve(world)
    assert world.executor.performed == [FLUSH, FLUSH, HEALTH]
    keys = {key for key, text in world.executor.receipts if text == FLUSH}
    assert len(keys) == 1  # whoever takes such a key does it once


async def test_a_lost_answer_is_unknown_told_to_people_and_blocks_the_plan(world: World) -> None:
    world.executor.answer(FLUSH, Performed(Outcome.UNKNOWN, detail="connection reset"))
    await world.fire()
    await approve(world)
    incident = await world.incident()
    assert (incident.state, world.executor.performed) == (State.UNCLEAR, [FLUSH])
    assert incident.notices[0].reason is EscalationReason.UNCLEAR
    assert len(world.pager.pages) == 1


@pytest.mark.parametrize(("worked", "state"), [(True, State.RESOLVED), (False, State.ESCALATED)])
async def test_a_person_settles_an_unknown_outcome(world: World, worked: bool, state: State) -> None:
    world.executor.answer(FLUSH, Performed(Outcome.UNKNOWN))
    await world.fire()
    await approve(world)
    with pytest.raises(Refused):
        await world.desk.settle(b.INC, ONE, b.CHI, worked=worked)
    await world.desk.settle(b.INC, ONE, b.ANA, worked=worked)
    await world.rest()
    assert (await world.incident()).state is state
    assert world.executor.performed.count(FLUSH) == 1
    with pytest.raises(Refused):
        await world.desk.settle(b.INC, ONE, b.BEN, worked=worked)


async def test_run_again_asks_again(world: World) -> None:
    world.executor.answer(FLUSH, Performed(Outcome.UNKNOWN), Performed(Outcome.SUCCEEDED, "OK"))
    await world.fire()
    await approve(world)
    await world.desk.settle(b.INC, ONE, b.ANA, worked=None)
    await world.rest()
    assert world.executor.performed == [FLUSH]
    await approve(world)
    assert world.executor.performed == [FLUSH, FLUSH, HEALTH]


async def test_an_executor_that_breaks_makes_the_outcome_unknown_not_lost(world: World) -> None:
    async def breaks() -> None:
        raise ValueError("a bug")

    world.executor.before_perform = breaks
    await world.fire()
    await approve(world)
    incident = await world.incident()
    assert incident.step(ONE).outcome is Outcome.UNKNOWN
    assert "ValueError" in incident.step(ONE).detail


async def test_secrets_in_output_never_reach_the_record(world: World) -> None:
    world.executor.answer(FLUSH, Performed(Outcome.SUCCEEDED, "password is hunter2hunter2\x1b[31m!"))
    await world.fire()
    await approve(world)
    stored = [events.to_json(row.event)[1] for row in await world.store.history(b.INC)]
    assert not any(b"hunter2" in body for body in stored)
    assert "\x1b" not in (await world.incident()).step(ONE).output


# --- restarts ------------------------------------------------------------------------------------------------------


async def test_F10_a_restart_goes_on_at_the_next_step_and_repeats_nothing() -> None:
    world = World(b.runbook(LOOK, CHANGE, VERIFY))
    async with world.alive():
        await world.fire()
    world.again()
    async with world.alive():
        await world.rest()
        await approve(world)
    assert world.executor.performed == [GET, FLUSH, HEALTH]


async def test_F08_a_change_that_ran_when_the_bot_died_is_unknown_and_not_run_again(world: World) -> None:
    await die_while_running(world)
    world.again()
    async with world.alive():
        await world.rest()
        incident = await world.incident()
        assert (incident.state, incident.step(ONE).outcome) == (State.UNCLEAR, Outcome.UNKNOWN)
        assert world.executor.performed == []
        assert len(world.chat.shown("root")) == 1


async def test_a_read_that_ran_when_the_bot_died_is_simply_run_again() -> None:
    world = World(b.runbook(LOOK, CHANGE))
    async with world.alive():
        await die_while_running(world, approving=False)
    world.again()
    async with world.alive():
        await world.rest()
        assert world.executor.performed == [GET]
        assert (await world.incident()).state is State.WAITING


async def die_while_running(world: World, *, approving: bool = True) -> None:
    """The intent is stored, and the process ends before anything was sent: cancelled at the executor's door."""

    async def dies() -> None:
        raise _DeathError

    world.executor.before_perform = dies
    if approving:
        await world.fire()
        await world.desk.vote_approve((await asked(world)).id, b.ANA)
    else:
        await world.intake.receive([world.delivery()])
    await world.death()
    world.executor.before_perform = None


class _DeathError(BaseException):
    """Not an Exception: nothing may catch it, as nothing catches SIGKILL."""


# --- alerts that fit nothing, and broken surroundings ---------------------------------------------------------------


async def test_an_alert_without_a_runbook_goes_to_people_at_once(world: World) -> None:
    await world.fire(b.alert("Unknown", service="billing", text="something odd"))
    incident = await world.incident()
    assert incident.escalation is not None
    assert incident.escalation.reason is EscalationReason.NO_RUNBOOK
    assert incident.escalation.targets == ("S0SRE",)
    assert len(world.pager.pages) == 1


async def test_a_person_chooses_a_runbook_for_an_alert_that_matched_none(world: World) -> None:
    await world.fire(b.alert("Unknown", service="billing", text="something odd"))
    with pytest.raises(Refused):
        await world.desk.choose(b.INC, b.CHI, RunbookName("redis"))
    await world.desk.choose(b.INC, b.ANA, RunbookName("redis"))
    await world.rest()
    assert (await world.incident()).state is State.WAITING


def shown(incident: Incident) -> str:
    return text(card_root.root(incident, audience=Audience()))


async def test_a_page_is_acknowledged_when_somebody_takes_it_and_resolved_with_its_incident(world: World) -> None:
    await world.fire(b.alert("Odd", text="something odd"))
    assert len(world.pager.pages) == 1 and world.pager.updates == []
    await world.desk.take(b.INC, b.ANA)
    await world.rest()
    assert world.pager.updates == [("pageturner/INC-1", PageAction.ACKNOWLEDGE)]
    assert "PagerDuty reached, acknowledged there" in shown(await world.incident())
    await world.fire(b.alert("Odd", text="something odd", firing=False))
    await world.later(minutes=31)
    assert (await world.incident()).state is State.CLOSED
    assert world.pager.updates[1:] == [("pageturner/INC-1", PageAction.RESOLVE)]
    assert "PagerDuty reached, resolved there" in shown(await world.incident())
    assert world.pager.pages[0].key == "pageturner/INC-1"


async def test_whoever_acknowledges_the_page_has_taken_the_incident_and_is_named(world: World) -> None:
    await world.fire(b.alert("Odd", text="something odd"))
    for name in (b.INC, IncidentId("INC-99")):
        await world.desk.taken_elsewhere(name, "Jane Doe in PagerDuty", "pagerduty")
    await world.rest()
    incident = await world.incident()
    assert incident.is_taken and "Taken by Jane Doe in PagerDuty" in shown(incident)
    await world.later(minutes=20)
    assert len(world.pager.pages) == 1  # nobody is reminded any more
    await world.desk.take(b.INC, b.ANA)
    await world.desk.taken_elsewhere(b.INC, "John Roe in PagerDuty", "pagerduty")
    assert f"Taken by @{b.ANA}" in shown(await world.incident())


async def test_a_page_that_cannot_be_resolved_is_said_to_ring_on(world: World) -> None:
    await world.fire(b.alert("Odd", text="something odd"))
    world.pager.problems = [Transient("503")] * 9
    await world.desk.resolve(b.INC, b.ANA, reason="done by hand")
    await world.rest()
    incident = await world.incident()
    assert not incident.page_updates["PagerDuty"].is_delivered
    assert "resolve the page there" in str(card_summary.summary(incident))
    assert "NOT told that it is over: resolve it there" in shown(incident)


async def test_a_pager_that_is_down_is_tried_again_and_then_said_to_be_unreached(world: World) -> None:
    world.pager.problems = [Transient("503")] * 9
    await world.fire(b.alert("Unknown", service="billing", text="something odd"))
    incident = await world.incident()
    assert incident.escalation is not None
    assert [(page.is_delivered, page.target) for page in incident.escalation.pages] == [(False, "PagerDuty")]
    assert len(world.pager.problems) == 5


async def test_whoever_may_answer_is_called_once_more_at_half_time_through_a_restart_as_well(world: World) -> None:
    await world.fire()
    await world.later(minutes=7)
    assert (await asked(world)).reminded_at is None
    await world.later(minutes=1)
    reminded_at = (await asked(world)).reminded_at
    assert reminded_at == world.clock.now()
    await world.later(minutes=2)
    assert (await asked(world)).reminded_at == reminded_at
    assert await approve(world)
    assert (await world.incident()).state is State.RESOLVED


async def test_a_question_whose_time_passed_while_the_bot_was_away_is_over_and_not_asked_again() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    async with world.alive():
        await world.fire()
    world.again()
    world.clock.time += timedelta(hours=2)
    async with world.alive():
        await world.rest()
        kinds = [type(each.event) for each in await world.store.history(b.INC)]
        assert events.ApprovalReminded not in kinds and events.ApprovalClosed in kinds


async def test_F18_a_store_that_cannot_be_written_refuses_alerts_and_runs_nothing(world: World) -> None:
    await world.fire()
    approval = await asked(world)
    world.store.outage = Transient("disk full")
    with pytest.raises(Transient):
        await world.fire(b.alert("Other"))
    with pytest.raises(Transient):
        await world.desk.vote_approve(approval.id, b.ANA)
    assert world.executor.performed == []
    world.store.outage = None
    await approve(world)
    assert world.executor.performed == [FLUSH, HEALTH]


async def test_F59_an_alert_that_always_fails_is_put_aside_and_the_others_flow(world: World) -> None:
    known = world.runbooks.library
    world.runbooks.library = None  # type: ignore[assignment]  # whatever touches the library now breaks
    await world.fire(b.alert("Poison"))
    world.runbooks.library = known
    await world.fire()
    became = sorted(settlement.became for settlement in world.store.settlements.values())
    assert became == ["incident", "quarantined"]


async def test_operations_without_an_executor_are_blocked_not_guessed() -> None:
    world = World(b.runbook(CHANGE))
    world.executors = {}
    world.again()
    async with world.alive():
        await world.fire()
        incident = await world.incident()
        assert incident.state is State.ESCALATED
        assert Family.KUBERNETES in (incident.escalation.explanation if incident.escalation else "")


async def test_the_key_of_a_step_is_the_same_for_each_try_and_another_in_another_run() -> None:
    world = World(b.runbook(LOOK, CHANGE, VERIFY))
    async with world.alive():
        world.executor.answer(GET, Performed(Outcome.FAILED, detail="no"), Performed(Outcome.SUCCEEDED))
        await world.fire()
        await world.desk.choose(b.INC, b.ANA, RunbookName("redis"))
        await world.rest()
        keys = [key for key, text in world.executor.receipts if text == GET]
        assert keys == ["INC-1/1/1", "INC-1/1/1", "INC-1/2/1"]

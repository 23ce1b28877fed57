"""What a runbook can declare about a step, in memory: undo, verification, quorum, levels, retries, parameters."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.errors import Refused
from bot.core.events import EscalationReason
from bot.core.ids import StepId
from bot.core.operations import Replay, Tier
from bot.core.previews import Outcome, Performed
from bot.core.runbooks import Command, Expectation, HttpCall, Level, OnFailure, StepSpec, Verification
from bot.core.states import State
from tests import builders as b
from tests.fakes.world import World
from tests.flow.test_road import CHANGE, FLUSH, GET, HEALTH, LOOK, VERIFY, approve, asked

CORDON = "kubectl cordon node-1"
UNCORDON = "kubectl uncordon node-1"
FAILED = Performed(Outcome.FAILED, detail="no")


async def test_a_declared_undo_is_asked_about_like_any_change_and_then_people_are_called() -> None:
    undoable = StepSpec("Cordon", Command(CORDON), on_failure=OnFailure.UNDO, undo=Command(UNCORDON), attempts=1)
    world = World(b.runbook(undoable, VERIFY))
    async with world.alive():
        world.executor.answer(CORDON, FAILED)
        await world.fire()
        await approve(world)
        waiting = await world.incident()
        assert (waiting.state, waiting.current) == (State.WAITING, StepId("1-undo"))
        assert world.executor.performed == [CORDON]
        await approve(world)
        done = await world.incident()
        assert world.executor.performed == [CORDON, UNCORDON]
        assert done.escalation is not None
        assert done.escalation.reason is EscalationReason.STEP_FAILED
        assert "Undo: succeeded" in done.escalation.explanation


async def test_a_verification_is_repeated_until_it_holds() -> None:
    check = Verification(Command(HEALTH), Expectation(contains="OK"), timedelta(seconds=30))
    world = World(b.runbook(replace(CHANGE, verify=check)))
    async with world.alive():
        world.executor.answer(HEALTH, Performed(Outcome.SUCCEEDED, "not yet"), Performed(Outcome.SUCCEEDED, "OK"))
        await world.fire()
        await approve(world)
        assert world.executor.performed == [FLUSH, HEALTH, HEALTH]
        assert (await world.incident()).state is State.RESOLVED


async def test_F71_a_verification_that_never_holds_fails_the_step() -> None:
    check = Verification(Command(HEALTH), Expectation(contains="OK"), timedelta(seconds=5))
    world = World(b.runbook(replace(CHANGE, verify=check)))
    async with world.alive():
        world.executor.answer(HEALTH, Performed(Outcome.SUCCEEDED, "not yet"))
        await world.fire()
        await approve(world)
        incident = await world.incident()
        assert incident.step(StepId("1")).outcome is Outcome.FAILED
        assert incident.state is State.ESCALATED


async def test_two_people_are_needed_where_two_are_asked_for() -> None:
    both = replace(b.RULE, quorum=2)
    world = World(replace(b.runbook(CHANGE, VERIFY), approvers={Tier.MEDIUM: both}))
    async with world.alive():
        await world.fire()
        assert "1 more needed" in await approve(world, b.ANA)
        assert world.executor.performed == []
        with pytest.raises(Refused, match="already approved"):
            await approve(world, b.ANA)
        await approve(world, b.BEN)
        assert world.executor.performed == [FLUSH, HEALTH]


async def test_the_requester_of_a_run_is_not_the_second_pair_of_eyes() -> None:
    strict = replace(b.RULE, not_requester=True)
    world = World(replace(b.runbook(CHANGE), approvers={Tier.MEDIUM: strict}))
    async with world.alive():
        await world.desk.run("redis", {}, b.ANA)
        await world.rest()
        with pytest.raises(Refused, match="You asked for this run"):
            await approve(world, b.ANA)
        await approve(world, b.BEN)
        assert world.executor.performed == [FLUSH]


async def test_level_0_runs_reads_shows_changes_and_calls_people() -> None:
    world = World(replace(b.runbook(LOOK, CHANGE), max_level=Level.ADVISORY))
    async with world.alive():
        await world.fire()
        incident = await world.incident()
        assert world.executor.performed == [GET]
        assert incident.escalation is not None
        assert incident.escalation.reason is EscalationReason.ADVISORY
        assert incident.step(StepId("2")).outcome is Outcome.SKIPPED


async def test_an_author_can_raise_a_tier_and_never_lower_it() -> None:
    world = World(b.runbook(replace(CHANGE, risk=Tier.HIGH), name="raised"), b.runbook(replace(CHANGE, risk=Tier.LOW)))
    async with world.alive():
        for name, typed in (("raised", True), ("redis", False)):
            answer = await world.desk.run(name, {}, b.CHI)
            await world.rest()
            assert answer.incident is not None
            approval = (await world.recorder.load(answer.incident)).approval
            assert approval is not None
            assert bool(approval.typed_name) is typed


async def test_a_declared_replay_class_lets_an_http_change_be_repeated_with_two_keys() -> None:
    call = HttpCall("POST", "http://flags.internal/x", json={"on": False}, replay=Replay.IDEMPOTENT)
    world = World(b.runbook(StepSpec("Flag", call, expect=Expectation(status=200))))
    world.executors = dict.fromkeys(type(next(iter(world.executors))), world.executor)
    world.again()
    async with world.alive():
        await world.fire()
        text = (await world.incident()).steps[0].plan.operation.text
        world.executor.answer(text, Performed(Outcome.FAILED, status=503), Performed(Outcome.SUCCEEDED, status=200))
        await approve(world)
        assert world.executor.performed == [text, text]
        assert (await world.incident()).step(StepId("1")).outcome is Outcome.SUCCEEDED


async def test_the_time_limit_of_a_run_does_not_count_the_time_that_people_take() -> None:
    world = World(replace(b.runbook(CHANGE, VERIFY), time_limit=timedelta(minutes=2)))
    async with world.alive():
        await world.fire()
        world.clock.time += timedelta(minutes=14)
        await approve(world)
        assert (await world.incident()).state is State.RESOLVED


async def test_a_critical_alert_that_nobody_looks_at_is_paged_beside_the_waiting_step() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    async with world.alive():
        await world.fire(b.alert(severity=b.alert().severity.CRITICAL))
        await world.later(minutes=6)
        assert len(world.pager.pages) == 1
        assert (await world.incident()).state is State.WAITING
        await approve(world)
        assert (await world.incident()).state is State.RESOLVED


async def test_F24_a_clock_that_jumps_ahead_expires_and_never_approves() -> None:
    world = World(b.runbook(CHANGE))
    async with world.alive():
        await world.fire()
        first = await asked(world)
        await world.later(hours=1)
        assert (await world.incident()).closed_approvals[0].approval.id == first.id
        assert world.executor.performed == []
        await world.later(hours=-1)
        with pytest.raises(Refused):
            await world.desk.vote_approve(first.id, b.ANA)
        assert world.executor.performed == []


async def test_F83_an_approval_that_expires_while_the_claim_looks_again_is_not_used() -> None:
    world = World(b.runbook(CHANGE))
    async with world.alive():
        await world.fire()

        def slow() -> None:
            world.clock.time += timedelta(minutes=16)

        world.executor.before_preview = slow
        await world.desk.vote_approve((await asked(world)).id, b.ANA)
        await world.rest()
        assert world.executor.performed == []
        assert "expired" in (await world.incident()).closed_approvals[0].reason


async def test_F50_an_approval_that_expires_while_the_claim_looks_again_runs_nothing() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    async with world.alive():
        await world.fire()
        approval = await asked(world)

        def a_slow_dry_run() -> None:
            world.executor.before_preview = None
            world.clock.time = approval.expires_at

        world.executor.before_preview = a_slow_dry_run
        await approve(world)
        closed = (await world.incident()).closed_approvals
        assert closed[0].reason == "the approval has expired" and FLUSH not in world.executor.performed

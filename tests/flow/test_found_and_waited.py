"""Values that steps find, questions between steps, waits, probes and the way back that a dry run knew."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core import events
from bot.core.events import EscalationReason
from bot.core.ids import StepId
from bot.core.operations import Family, Replay, Tier
from bot.core.plans import Verdict
from bot.core.previews import Outcome, Performed
from bot.core.runbooks import (
    Capture,
    Checkpoint,
    Command,
    Expectation,
    HttpCall,
    OnFailure,
    Patience,
    Pause,
    StepSpec,
    Verification,
)
from bot.core.states import State
from tests import builders as b
from tests.fakes.world import World
from tests.flow.test_road import CHANGE, FLUSH, VERIFY, approve, die_while_running

FIND_TEXT = "kubectl get pods -l app=api -n production -o name"
FIND = StepSpec("Find the pod", Command(FIND_TEXT), capture=Capture("pod", "[a-z0-9-]{1,63}"))
DELETE = StepSpec("Delete it", Command("kubectl delete pod {pod} -n production"), attempts=1)
LOOK_TEXT = "kubectl get pods -n production"
UNTIL = StepSpec(
    "Wait for it",
    Command(LOOK_TEXT),
    expect=Expectation(contains="Running"),
    patience=Patience(timedelta(minutes=2), timedelta(seconds=15)),
)
SUCCEEDED, FAILED = Outcome.SUCCEEDED, Outcome.FAILED


def _answers(world: World, text: str, *outputs: str) -> None:
    world.executor.answer(text, *(Performed(SUCCEEDED, output) for output in outputs))


# --- capture ---------------------------------------------------------------------------------------------------------


async def test_a_captured_value_is_what_the_next_step_is_shown_asked_about_and_run_with() -> None:
    world = World(b.runbook(FIND, DELETE))
    async with world.alive():
        _answers(world, FIND_TEXT, "web-7\n")
        await world.fire()
        waiting = await world.incident()
        assert waiting.captured == {"pod": "web-7"}
        assert waiting.step(StepId("2")).plan.operation.text == "kubectl delete pod web-7 -n production"
        await approve(world)
        assert world.executor.performed == [FIND_TEXT, "kubectl delete pod web-7 -n production"]


async def test_before_its_value_is_known_a_step_is_not_previewed_and_says_what_it_needs() -> None:
    world = World(b.runbook(FIND, DELETE))
    async with world.alive():
        await world.fire()
        (made,) = [row.event for row in await world.recorder.timeline(b.INC) if isinstance(row.event, events.PlanMade)]
        later = made.plan.steps[1]
        assert later.awaits == ("pod",) and later.decision.verdict is Verdict.DENY
        assert later.decision.reasons[0] == "it needs {pod}, which step 1 finds"
        assert "kubectl delete pod {pod} -n production" not in world.executor.previews


async def test_what_is_not_one_value_is_not_captured_and_stops_the_run() -> None:
    for output, said in (
        ("", "nothing came back"),
        ("a\nb\n", "2 lines came back"),
        ("-n kube-system", "starts with a dash"),
        ("web 7; rm", "does not match its pattern"),
        ("--all", "starts with a dash"),
        ("hunter2hunter2", "looks like a secret"),
    ):
        world = World(b.runbook(FIND, DELETE))
        async with world.alive():
            _answers(world, FIND_TEXT, output)
            await world.fire()
            stopped = await world.incident()
            assert stopped.state is State.ESCALATED, output
            assert said in stopped.step(StepId("1")).detail
            assert set(world.executor.performed) == {FIND_TEXT}


async def test_a_step_whose_value_was_not_found_is_not_run_even_if_the_search_may_fail() -> None:
    world = World(b.runbook(replace(FIND, on_failure=OnFailure.CONTINUE), DELETE))
    async with world.alive():
        _answers(world, FIND_TEXT, "")
        await world.fire()
        stopped = await world.incident()
        assert stopped.escalation is not None and "{pod}, which step 1 finds" in stopped.escalation.explanation
        assert set(world.executor.performed) == {FIND_TEXT}


async def test_F05_a_captured_value_survives_a_restart() -> None:
    world = World(b.runbook(FIND, DELETE))
    async with world.alive():
        _answers(world, FIND_TEXT, "web-7")
        await world.fire()
    world.again()
    async with world.alive():
        await world.rest()
        await approve(world)
        assert world.executor.performed == [FIND_TEXT, "kubectl delete pod web-7 -n production"]


# --- checkpoint ------------------------------------------------------------------------------------------------------

QUESTION = StepSpec("Look first", Checkpoint("Is the replica caught up?"))


@pytest.mark.parametrize("step", [QUESTION, StepSpec("Look", Command(LOOK_TEXT), risk=Tier.MEDIUM)])
async def test_F05_what_was_agreed_stays_agreed_when_the_bot_dies_while_it_runs(step: StepSpec) -> None:
    world = World(b.runbook(step, CHANGE, VERIFY))
    world.executors = {**world.executors, Family.BOT: world.executor}
    world.again()
    async with world.alive():
        await die_while_running(world)
    world.again()
    async with world.alive():
        await world.rest()
        waiting = await world.incident()
        assert waiting.step(StepId("1")).outcome is SUCCEEDED
        assert waiting.state is State.WAITING and waiting.current == StepId("2")


async def test_a_checkpoint_waits_for_a_person_and_then_the_run_goes_on() -> None:
    world = World(b.runbook(VERIFY, QUESTION, CHANGE, VERIFY))
    async with world.alive():
        await world.fire()
        asked = await world.incident()
        assert (asked.state, asked.current) == (State.WAITING, StepId("2"))
        await approve(world)
        assert (await world.incident()).current == StepId("3")
        await approve(world)
        assert (await world.incident()).state is State.RESOLVED
        assert FLUSH in world.executor.performed


async def test_a_checkpoint_that_is_refused_or_not_answered_lets_nothing_run() -> None:
    for refuses in (True, False):
        world = World(b.runbook(VERIFY, QUESTION, CHANGE))
        async with world.alive():
            await world.fire()
            approval = (await world.incident()).approval
            assert approval is not None
            if refuses:
                await world.desk.vote_reject(approval.id, b.ANA, reason="it lags by an hour")
                await world.rest()
            else:
                await world.later(minutes=16)
            stopped = await world.incident()
            assert stopped.escalation is not None
            expected = EscalationReason.REJECTED if refuses else EscalationReason.EXPIRED
            assert stopped.escalation.reason is expected
            assert FLUSH not in world.executor.performed


async def test_a_checkpoint_may_ask_for_more() -> None:
    world = World(b.runbook(VERIFY, replace(QUESTION, risk=Tier.HIGH)))
    async with world.alive():
        await world.fire()
        approval = (await world.incident()).approval
        assert approval is not None and approval.typed_name == "checkpoint"


# --- wait ------------------------------------------------------------------------------------------------------------


async def test_a_wait_looks_again_until_it_sees_what_it_waits_for() -> None:
    world = World(b.runbook(UNTIL, CHANGE))
    async with world.alive():
        _answers(world, LOOK_TEXT, "Pending", "Pending", "Running")
        await world.fire()
        assert (await world.incident()).state is State.READY
        assert world.executor.performed == [LOOK_TEXT]
        await world.later(seconds=14)
        assert world.executor.performed == [LOOK_TEXT]
        await world.later(seconds=2)
        await world.later(seconds=16)
        seen = await world.incident()
        assert world.executor.performed == [LOOK_TEXT] * 3
        assert seen.step(StepId("1")).outcome is SUCCEEDED and seen.state is State.WAITING


async def test_a_wait_is_over_at_its_deadline_and_then_its_failure_action_decides() -> None:
    world = World(b.runbook(UNTIL, CHANGE))
    async with world.alive():
        _answers(world, LOOK_TEXT, "Pending")
        await world.fire()
        for _ in range(9):
            await world.later(seconds=15)
        over = await world.incident()
        assert over.step(StepId("1")).outcome is FAILED and over.state is State.ESCALATED
        assert len(world.executor.performed) == 9


async def test_F25_a_wait_keeps_its_deadline_through_a_restart() -> None:
    world = World(b.runbook(UNTIL, CHANGE))
    async with world.alive():
        _answers(world, LOOK_TEXT, "Pending")
        await world.fire()
    world.clock.time += timedelta(minutes=3)
    world.again()
    async with world.alive():
        await world.rest()
        over = await world.incident()
        assert over.step(StepId("1")).outcome is FAILED
        assert len(world.executor.performed) == 2


async def test_F25_a_wait_whose_time_passed_while_the_bot_was_dead_ends_with_a_look() -> None:
    length = timedelta(seconds=30)
    pause = StepSpec("Let it settle", Pause(length), patience=Patience(length, length))
    for step, executed in ((pause, Family.BOT), (UNTIL, Family.KUBERNETES)):
        world = World(b.runbook(step, CHANGE))
        world.executors = {**world.executors, executed: world.executor}
        world.again()
        async with world.alive():
            await die_while_running(world, approving=False)
        _answers(world, LOOK_TEXT, "Running")
        world.clock.time += timedelta(minutes=5)
        world.again()
        async with world.alive():
            await world.rest()
            assert (await world.incident()).step(StepId("1")).outcome is SUCCEEDED


async def test_a_pause_lets_its_time_pass_and_no_more() -> None:
    length = timedelta(seconds=30)
    world = World(b.runbook(StepSpec("Let it settle", Pause(length), patience=Patience(length, length)), CHANGE))
    async with world.alive():
        await world.fire()
        await world.later(seconds=29)
        assert (await world.incident()).step(StepId("1")).outcome is None
        await world.later(seconds=2)
        assert (await world.incident()).step(StepId("1")).outcome is SUCCEEDED


async def test_F54_a_wait_ends_when_the_alert_clears() -> None:
    world = World(b.runbook(UNTIL, CHANGE))
    async with world.alive():
        _answers(world, LOOK_TEXT, "Pending")
        await world.fire()
        await world.fire(b.alert(firing=False))
        assert (await world.incident()).state is State.RESOLVED
        await world.later(minutes=1)
        assert world.executor.performed == [LOOK_TEXT]


# --- probe -----------------------------------------------------------------------------------------------------------

LOST = Performed(Outcome.UNKNOWN, detail="no answer")
PROBE_TEXT = "kubectl get deployment api -n production"
PROBED = replace(CHANGE, probe=Verification(Command(PROBE_TEXT), Expectation(contains="done"), timedelta()))


async def test_F08_a_probe_that_sees_the_effect_says_that_it_succeeded() -> None:
    world = World(b.runbook(PROBED, VERIFY))
    async with world.alive():
        world.executor.answer(FLUSH, LOST)
        _answers(world, PROBE_TEXT, "done")
        await world.fire()
        await approve(world)
        assert (await world.incident()).step(StepId("1")).outcome is SUCCEEDED
        assert world.executor.performed.count(FLUSH) == 1


async def test_F07_a_probe_that_sees_nothing_lets_the_approved_step_run_once_more() -> None:
    world = World(b.runbook(PROBED, VERIFY))
    async with world.alive():
        world.executor.answer(FLUSH, LOST, Performed(SUCCEEDED, "OK"))
        _answers(world, PROBE_TEXT, "not yet")
        await world.fire()
        await approve(world)
        done = (await world.incident()).step(StepId("1"))
        assert (done.outcome, done.attempts) == (SUCCEEDED, 2)
        assert world.executor.performed.count(FLUSH) == 2


async def test_F68_a_probe_without_an_answer_leaves_it_to_a_person() -> None:
    world = World(b.runbook(PROBED, VERIFY))
    async with world.alive():
        world.executor.answer(FLUSH, LOST)
        world.executor.answer(PROBE_TEXT, Performed(FAILED, detail="connection refused"))
        await world.fire()
        await approve(world)
        assert (await world.incident()).state is State.UNCLEAR
        assert world.executor.performed.count(FLUSH) == 1


async def test_F08_a_probe_decides_after_a_crash_as_well() -> None:
    for seen, outcome, times in (("done", SUCCEEDED, 1), ("not yet", SUCCEEDED, 2)):
        world = World(b.runbook(PROBED, VERIFY))
        async with world.alive():
            await die_while_running(world)
        _answers(world, PROBE_TEXT, seen)
        world.again()
        async with world.alive():
            await world.rest()
            done = (await world.incident()).step(StepId("1"))
            assert (done.outcome, done.attempts) == (outcome, times)


async def test_an_http_call_may_have_a_probe() -> None:
    call = HttpCall("POST", "http://flags.internal/x", replay=Replay.PROBE)
    probe = Verification(HttpCall("GET", "http://flags.internal/x"), Expectation(status=200), timedelta())
    world = World(b.runbook(StepSpec("Flag", call, probe=probe)))
    world.executors = {**world.executors, **dict.fromkeys(type(next(iter(world.executors))), world.executor)}
    world.again()
    async with world.alive():
        await world.fire()
        assert (await world.incident()).steps[0].plan.judgement.replay is Replay.PROBE


# --- the known way back ----------------------------------------------------------------------------------------------

CORDON = StepSpec("Cordon", Command("kubectl cordon node-1"), on_failure=OnFailure.UNDO, attempts=1)


async def test_the_way_back_that_the_dry_run_knew_is_asked_about_and_run() -> None:
    world = World(b.runbook(CORDON, VERIFY))
    async with world.alive():
        world.executor.undo = "kubectl uncordon node-1"
        world.executor.answer("kubectl cordon node-1", Performed(FAILED, detail="half done"))
        await world.fire()
        await approve(world)
        waiting = await world.incident()
        assert (waiting.state, waiting.current) == (State.WAITING, StepId("1-undo"))
        assert waiting.step(StepId("1-undo")).plan.operation.text == "kubectl uncordon node-1"
        await approve(world)
        assert world.executor.performed == ["kubectl cordon node-1", "kubectl uncordon node-1"]


async def test_the_way_back_is_that_of_the_first_try_and_not_of_a_later_look() -> None:
    world = World(b.runbook(replace(CORDON, attempts=2), VERIFY))
    async with world.alive():
        world.executor.undo = "kubectl uncordon node-1"

        async def takes_effect() -> None:
            world.executor.undo = ""  # after the change there is nothing to go back to any more
            await world.clock.sleep(10)

        world.executor.before_perform = takes_effect
        world.executor.answer("kubectl cordon node-1", Performed(FAILED, detail="half done"))
        await world.fire()
        await approve(world)
        waiting = await world.incident()
        assert waiting.step(StepId("1")).attempts == 2
        assert waiting.step(StepId("1-undo")).plan.operation.text == "kubectl uncordon node-1"


async def test_what_was_refused_with_nothing_done_is_not_undone() -> None:
    world = World(b.runbook(CORDON, VERIFY))
    async with world.alive():
        world.executor.undo = "kubectl uncordon node-1"
        world.executor.answer("kubectl cordon node-1", Performed(Outcome.REFUSED, detail="changed"))
        await world.fire()
        await approve(world)
        assert (await world.incident()).state is State.ESCALATED
        assert world.executor.performed == ["kubectl cordon node-1"]

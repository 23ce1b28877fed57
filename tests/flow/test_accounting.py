"""Incidents side by side: one target is changed by one of them at a time, and limits over time count them together."""

import asyncio
from datetime import timedelta

import pytest

from bot.core import events
from bot.core.alerts import Alert
from bot.core.events import EscalationReason
from bot.core.ids import IncidentId, StepId
from bot.core.previews import Outcome, Performed
from bot.core.runbooks import Bound, Command, StepSpec
from bot.core.states import State
from tests import builders as b
from tests.fakes.world import World
from tests.flow.test_road import CHANGE, FLUSH, VERIFY

RESTART = StepSpec("Restart", Command("kubectl rollout restart deployment/api -n production"), attempts=1)
TWICE_AN_HOUR = {"pod_restarts": Bound(windows={timedelta(hours=1): 2})}


def _alert(number: int, *, service: str = "api-gateway") -> Alert:
    return b.alert(labels={"instance": f"i-{number}"}, service=service)


async def _approve(world: World, number: int) -> None:
    approval = (await world.incident(number)).approval
    assert approval is not None
    await world.desk.vote_approve(approval.id, b.ANA)
    await world.rest()


async def test_F65_a_target_that_another_incident_is_changing_is_left_alone_until_that_is_over() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    async with world.alive():
        world.executor.answer(FLUSH, Performed(Outcome.UNKNOWN, detail="no answer"), Performed(Outcome.SUCCEEDED, "OK"))
        await world.fire(_alert(1))
        await world.fire(_alert(2))
        await _approve(world, 1)
        assert (await world.incident(1)).state is State.UNCLEAR
        await _approve(world, 2)
        held = await world.incident(2)
        assert world.executor.performed.count(FLUSH) == 1
        assert held.step(StepId("1")).held_because == "INC-1 is changing pod web-1 now"
        await world.later(seconds=6)
        assert world.executor.performed.count(FLUSH) == 1
        await world.desk.settle(IncidentId("INC-1"), StepId("1"), b.ANA, worked=True)
        await world.later(seconds=6)
        assert world.executor.performed.count(FLUSH) == 2
        assert (await world.incident(2)).step(StepId("1")).outcome is Outcome.SUCCEEDED


async def test_F65_a_held_step_whose_approval_expires_is_not_run() -> None:
    world = World(b.runbook(CHANGE, VERIFY, time_limit=timedelta(hours=2)))
    async with world.alive():
        world.executor.answer(FLUSH, Performed(Outcome.UNKNOWN, detail="no answer"))
        await world.fire(_alert(1))
        await world.fire(_alert(2))
        await _approve(world, 1)
        await _approve(world, 2)
        await world.later(minutes=16)
        assert (await world.incident(2)).state is State.ESCALATED
        assert world.executor.performed.count(FLUSH) == 1


async def test_F66_a_window_sums_over_incidents_and_refuses_the_one_too_many() -> None:
    world = World(b.runbook(RESTART, VERIFY, bounds=TWICE_AN_HOUR))
    async with world.alive():
        for number in (1, 2, 3):
            await world.fire(_alert(number))
        await _approve(world, 1)
        await _approve(world, 2)
        await _approve(world, 3)  # asked before the others ran, so the claim is what refuses
        third = await world.incident(3)
        assert world.executor.performed.count(RESTART.action.text) == 2  # type: ignore[union-attr] # a command
        assert third.state is State.ESCALATED and third.escalation is not None
        assert third.escalation.reason is EscalationReason.BLOCKED
        assert "would be 3 within 1 h" in third.escalation.explanation


@pytest.mark.parametrize("has_target", [True, False])
async def test_F66_claims_at_the_same_moment_count_each_other(has_target: bool) -> None:
    """With one target they take turns for it; without, only the look at what others do keeps them apart."""
    world = World(b.runbook(RESTART, VERIFY, bounds=TWICE_AN_HOUR))
    world.executor.targets = world.executor.targets if has_target else ()
    async with world.alive():
        for number in (1, 2, 3):
            await world.fire(_alert(number))
        approvals = [(await world.incident(number)).approval for number in (1, 2, 3)]
        await asyncio.gather(*(world.desk.vote_approve(each.id, b.ANA) for each in approvals if each))
        await world.rest()
        assert len([text for text in world.executor.performed if "restart" in text]) == 2


async def test_F66_a_window_is_remembered_through_a_restart_and_ends_with_its_hour() -> None:
    world = World(b.runbook(RESTART, VERIFY, bounds=TWICE_AN_HOUR))
    async with world.alive():
        for number in (1, 2):
            await world.fire(_alert(number))
            await _approve(world, number)
    world.again()
    async with world.alive():
        await world.fire(_alert(3))
        assert (await world.incident(3)).state is State.ESCALATED
        await world.later(minutes=61)
        await world.fire(_alert(4))
        assert (await world.incident(4)).state is State.WAITING


async def test_F66_another_service_has_windows_of_its_own() -> None:
    world = World(b.runbook(RESTART, VERIFY, bounds=TWICE_AN_HOUR))
    async with world.alive():
        for number in (1, 2):
            await world.fire(_alert(number))
            await _approve(world, number)
        await world.fire(_alert(3, service="checkout"))
        assert (await world.incident(3)).state is State.WAITING


async def test_a_step_held_back_says_so_once_and_not_every_few_seconds() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    async with world.alive():
        world.executor.answer(FLUSH, Performed(Outcome.UNKNOWN, detail="no answer"))
        for number in (1, 2):
            await world.fire(_alert(number))
            await _approve(world, number)
        for _ in range(3):
            await world.later(seconds=6)
        history = await world.recorder.timeline(IncidentId("INC-2"))
        reasons = {each.event.reason for each in history if isinstance(each.event, events.StepHeld)}
        assert reasons == {"INC-1 is changing pod web-1 now"}
        assert (await world.incident(2)).approval is not None

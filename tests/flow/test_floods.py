"""Too much, too often, again and again: what is taken in, and what is never done twice because of it."""

from datetime import timedelta

import pytest

from bot.core import events
from bot.core.errors import Transient
from bot.core.events import EscalationReason
from bot.core.ids import StepId
from bot.core.previews import Outcome, Performed
from bot.core.states import State
from bot.flow.intake import Intake
from bot.ports import Delivery
from tests import builders as b
from tests.fakes.world import World
from tests.flow.test_road import CHANGE, FLUSH, VERIFY, approve


async def test_F58_beyond_the_high_water_mark_the_sender_is_asked_to_come_again_and_then_is_heard() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    assert isinstance(world.intake, Intake)
    world.intake.high_water = 2
    alerts = [b.alert(f"Odd{number}", labels={"n": str(number)}) for number in range(3)]
    deliveries = [Delivery(each, world.clock.now()) for each in alerts]
    async with world.alive():
        with pytest.raises(Transient, match="wait to be routed"):
            await world.intake.receive(deliveries)
        assert await world.store.pending() == []  # nothing of it was taken
        for each in deliveries:
            await world.intake.receive([each])
            await world.rest()
        assert len(await world.store.heads()) == 3


async def test_F53_an_alert_that_flaps_has_one_thread_one_plan_and_no_second_remedy() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    async with world.alive():
        for number in range(20):
            await world.fire(b.alert(starts_at=b.T0 + timedelta(seconds=30 * number)))
            world.clock.time += timedelta(seconds=15)
            await world.fire(b.alert(firing=False, starts_at=b.T0 + timedelta(seconds=30 * number)))
            world.clock.time += timedelta(seconds=15)
        assert len(await world.store.heads()) == 1
        kinds = [type(each.event) for each in await world.store.history(b.INC)]
        assert kinds.count(events.PlanMade) == 1
        assert len(world.chat.shown("root")) == 1
        assert world.executor.performed == []


@pytest.mark.parametrize("worked", [True, False])
async def test_F55_after_an_unclear_remedy_the_same_alert_is_not_treated_again_by_itself(worked: bool) -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    world.executor.answer(FLUSH, Performed(Outcome.UNKNOWN, detail="lost"), Performed(Outcome.SUCCEEDED))
    async with world.alive():
        await world.fire()
        await approve(world)
        assert (await world.incident()).state is State.UNCLEAR
        await world.fire(b.alert(starts_at=b.T0 + timedelta(minutes=1)))
        assert world.executor.performed == [FLUSH]
        await world.desk.settle(b.INC, StepId("1"), b.ANA, worked=worked)
        await world.rest()
        await world.fire(b.alert(firing=False, starts_at=b.T0 + timedelta(minutes=1)))
        await world.fire(b.alert(starts_at=b.T0 + timedelta(minutes=5)))
        back = await world.incident()
        assert world.executor.performed.count(FLUSH) == 1
        assert back.escalation is not None and back.escalation.reason is EscalationReason.CAME_BACK

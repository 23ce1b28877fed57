"""Many incidents at once: one live list, threads at the pace that Slack allows, the one that is asked for first."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core import card_storm
from bot.core.alerts import Severity
from bot.core.cards import Buttons, Card
from bot.core.errors import Permanent, Transient
from bot.core.ids import IncidentId
from bot.core.incidents import Incident
from bot.core.states import State
from bot.flow.storming import KEY, STORM
from bot.ports import Delivery
from tests import builders as b
from tests.core.reading import buttons, text
from tests.fakes.world import World

MANY = 40
THRESHOLD = 30


def made(*, per_second: float = 1.0, threshold: int = THRESHOLD) -> World:
    return World(b.runbook(), per_second=per_second, storm_threshold=threshold)


async def burst(world: World, count: int = MANY, *, start: int = 0) -> None:
    """Alerts of as many things at the same moment; nothing of them fits a runbook, so all wait for people."""
    alerts = [
        b.alert(f"Odd{number}", service="billing", labels={"n": str(number)}) for number in range(start, start + count)
    ]
    await world.intake.receive([Delivery(each, world.clock.now()) for each in alerts])


def digest(world: World) -> Card:
    (card,) = world.chat.shown(KEY, STORM)
    return card


async def test_F51_all_of_them_are_in_one_list_before_most_have_a_thread() -> None:
    world = made()
    async with world.alive():
        await burst(world)
        for _ in range(400):
            await world.clock.sleep(0)
            if world.chat.shown(KEY, STORM) and f"{MANY} incidents" in digest(world).fallback:
                break
        shown = text(digest(world))
        assert all(f"INC-{number} " in shown for number in range(1, MANY + 1))
        assert (world.clock.now() - b.T0) < timedelta(seconds=4)
        assert len(_roots(world)) < MANY
        await world.rest()
        assert len(_roots(world)) == MANY  # each has its thread in the end, and once


def _roots(world: World) -> set[IncidentId]:
    found = [message.incident for message, _ in world.chat.messages.values() if message.key == "root"]
    assert len(found) == len(set(found))
    return set(found)


@pytest.mark.parametrize(("threshold", "count"), [(THRESHOLD, THRESHOLD), (0, MANY)])
async def test_few_at_once_and_a_threshold_of_nothing_make_no_list(threshold: int, count: int) -> None:
    world = made(threshold=threshold)
    async with world.alive():
        await burst(world, count)
        await world.rest()
        assert world.chat.shown(KEY, STORM) == [] and len(_roots(world)) == count


async def test_the_one_that_somebody_asks_for_comes_next() -> None:
    world = made()
    async with world.alive():
        await burst(world)
        for _ in range(200):
            await world.clock.sleep(0)
            if world.chat.shown(KEY, STORM):
                break
        last = IncidentId(f"INC-{MANY}")
        assert last not in _roots(world)
        before = len(_roots(world))
        answer = await world.desk.bring(last)
        assert "is next" in answer.text
        for _ in range(2_000):
            await world.clock.sleep(0)
            if last in _roots(world):
                break
        assert len(_roots(world)) <= before + 3


async def test_when_it_is_over_the_list_says_so_and_the_next_storm_has_its_own() -> None:
    world = made(per_second=0)
    async with world.alive():
        await burst(world)
        await world.rest()
        await world.later(minutes=2)
        for _ in range(100):
            await world.clock.sleep(0)
        assert text(digest(world)).startswith(f"{MANY} incidents at once [over]")
        assert buttons(digest(world)) == {}
        await burst(world, start=100)
        await world.rest()
        for _ in range(100):
            await world.clock.sleep(0)
        assert len(world.chat.shown(KEY, STORM)) == 2


async def test_after_a_restart_it_goes_on_in_the_same_message() -> None:
    world = made(per_second=0)
    async with world.alive():
        await burst(world)
        await world.rest()
        for _ in range(100):
            await world.clock.sleep(0)
    world.again()
    async with world.alive():
        await world.rest()
        for _ in range(100):
            await world.clock.sleep(0)
        assert len(world.chat.shown(KEY, STORM)) == 1


@pytest.mark.parametrize("fault", [Transient("away", retry_after_seconds=3), Permanent("message_not_found")])
async def test_F38_F39_a_list_that_slack_does_not_take_is_shown_later_or_anew(fault: Exception) -> None:
    world = made(per_second=0)
    async with world.alive():
        await burst(world)
        await world.rest()
        world.chat.fault = fault  # type: ignore[assignment]  # both are errors of ours
        await burst(world, 3, start=200)
        await world.rest()
        for _ in range(300):
            await world.clock.sleep(0)
        latest = [card for card in world.chat.shown(KEY, STORM) if f"{MANY + 3} incidents" in card.fallback]
        assert len(latest) == 1


def test_what_waits_for_people_comes_first_and_a_long_list_stays_within_slack() -> None:
    many = [
        Incident(IncidentId(f"INC-{number}"), title="x" * 500, severity=Severity.HIGH, service=f"s{number % 5}")
        for number in range(1, 1_001)
    ]
    many[700] = replace(many[700], state=State.ESCALATED)
    card = card_storm.digest(many, shown=(), told=("S0SRE",))
    lines = text(card).splitlines()
    assert next(line for line in lines if line.startswith("INC-")).startswith("INC-701 ")
    assert "and 940 more: /runbook status lists them" in text(card)
    labels = [button.label for part in card.parts if isinstance(part, Buttons) for button in part.buttons]
    assert labels[0] == "Open INC-701" and len(labels) == card_storm.MOST_BUTTONS
    assert len(card.parts) < 20 and card.fallback.startswith("1000 incidents at once, 1 wait")

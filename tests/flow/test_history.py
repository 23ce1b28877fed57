"""What was, for whoever asks: of one runbook, service or environment, or all of it, and in numbers."""

from dataclasses import replace

from bot.core import card_history
from bot.core.alerts import Alert
from bot.core.incidents import Incident
from tests import builders as b
from tests.core.reading import text
from tests.fakes.world import World
from tests.flow.test_road import CHANGE, VERIFY


def alert(number: int, service: str) -> Alert:
    return replace(b.alert(service=service, labels={"instance": str(number)}), environment="production")


async def two_done(world: World) -> None:
    for number, service in enumerate(("api-gateway", "billing"), start=1):
        await world.fire(alert(number, service))
        approval = (await world.incident(number)).approval
        assert approval is not None
        await world.later(seconds=10)
        await world.desk.vote_approve(approval.id, b.ANA)
        await world.rest()


def ids(found: list[Incident]) -> list[str]:
    return [str(each.id) for each in found]


async def test_the_last_incidents_of_a_runbook_a_service_or_an_environment_newest_first() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    async with world.alive():
        await two_done(world)
        for wanted in ("", "redis", "Production"):
            assert ids(await world.desk.history(wanted)) == ["INC-2", "INC-1"]
        assert ids(await world.desk.history("billing")) == ["INC-2"]
        assert await world.desk.history("nothing") == []
        shown = text(card_history.history(await world.desk.history("billing"), wanted="billing", days=30))
        assert shown.splitlines()[0] == "1 incident of billing in 30 days []"
        assert "INC-2" in shown and "redis" in shown and "after 10 s" in shown


async def test_the_numbers_are_those_of_the_terminal() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    async with world.alive():
        await two_done(world)
        shown = text(card_history.numbers(await world.desk.numbers(), days=30))
    assert "Last 30 days: 2 incidents, 2 resolved, 0 escalated" in shown
    assert "2 approvals, 0 of them in under 3 s; median to approve 10 s" in shown
    assert "redis  2 runs: 2 done" in shown


def test_a_long_history_says_where_the_rest_is() -> None:
    many = [Incident(b.INC, title="x")] * (card_history.MOST_LISTED + 3)
    assert "and 3 older ones" in text(card_history.history(many, wanted="", days=30))

"""Two people at the same moment: exactly one decision each time, and whoever was late is told.

`TEST_RACES=2000` runs as many pairs; a few hundred run with every test.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Awaitable

import pytest

from bot.core import events
from bot.core.approvals import Approval, Choice
from bot.core.errors import PageturnerError, Refused
from bot.core.ids import IncidentId, UserId
from bot.core.incidents import Incident
from bot.ports import Commit
from tests import builders as b
from tests.fakes.journal import MemoryStore
from tests.fakes.world import World
from tests.flow.test_road import CHANGE, FLUSH, VERIFY

PAIRS = int(os.environ.get("TEST_RACES", "300"))
LOTS = 3


class SlowStore(MemoryStore):
    """A disk that takes longer for one write than for the next, so that either of two may be first."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance

    async def commit(self, commit: Commit) -> None:
        await _a_while(self._chance)
        await super().commit(commit)


async def _a_while(chance: random.Random) -> None:
    for _ in range(chance.randrange(6)):
        await asyncio.sleep(0)


async def _asked(world: World, number: int) -> Approval:
    await world.fire(b.alert(labels={"instance": f"i-{number}"}))
    asked = (await world.incident(number)).approval
    assert asked is not None
    return asked


def _approve(world: World, asked: Approval, user: UserId) -> Awaitable[object]:
    return world.desk.vote_approve(asked.id, user)


def _reject(world: World, asked: Approval, user: UserId) -> Awaitable[object]:
    return world.desk.vote_reject(asked.id, user, reason="not now")


RACES = {
    "approve and reject": (_approve, b.ANA, _reject, b.BEN),
    "both approve": (_approve, b.ANA, _approve, b.BEN),
    "a double click": (_approve, b.ANA, _approve, b.ANA),
    "both reject": (_reject, b.ANA, _reject, b.BEN),
}


@pytest.mark.parametrize("lot", range(LOTS))
async def test_F31_F32_of_two_presses_exactly_one_decides(lot: int) -> None:
    chance = random.Random(lot)
    world = World(b.runbook(CHANGE, VERIFY), store=SlowStore(chance))
    first = Counter[str]()
    async with world.alive():
        for number in range(1, PAIRS // LOTS + 1):
            name = chance.choice(list(RACES))
            one, ana, other, ben = RACES[name]
            asked = await _asked(world, number)
            done = world.executor.performed.count(FLUSH)
            answers = await asyncio.gather(
                _pressed(one(world, asked, ana), chance), _pressed(other(world, asked, ben), chance)
            )
            await world.rest()
            incident = await world.incident(number)
            votes = await _votes(world, incident.id)
            assert len(votes) == 1, f"{name}: {votes}"
            assert sorted(each is None for each in answers) == [False, True], f"{name}: {answers}"
            assert all(isinstance(each, Refused) for each in answers if each is not None), f"{name}: {answers}"
            assert world.executor.performed.count(FLUSH) - done == (votes[0] is Choice.APPROVE)
            first[f"{name}: {votes[0]}"] += 1
            await _over(world, incident)
    assert first["approve and reject: approve"] and first["approve and reject: reject"], "the same one was always first"


async def _pressed(press: Awaitable[object], chance: random.Random) -> PageturnerError | None:
    """What the person is told other than yes."""
    await _a_while(chance)
    try:
        await press
    except PageturnerError as problem:
        return problem
    return None


async def _votes(world: World, name: IncidentId) -> list[Choice]:
    history = await world.store.history(name)
    return [each.event.choice for each in history if isinstance(each.event, events.VoteCast)]


async def _over(world: World, incident: Incident) -> None:
    """Out of the way of the next pair."""
    if incident.is_open:
        await world.desk.resolve(incident.id, b.ANA, reason="done by hand")
        await world.rest()

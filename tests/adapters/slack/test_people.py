"""Who somebody is, looked up against the local Slack; what cannot be learned is never guessed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.adapters.slack.people import FRESH_SECONDS, People
from bot.core.errors import Transient
from bot.core.ids import GroupId, UserId
from tests import builders as b
from tests.adapters.slack import office
from tests.adapters.slack.office import Office
from tests.fakes.world import FakeClock

GROUPS = [GroupId("S0SRE"), GroupId("S0LEADS")]


@pytest.fixture
async def closed() -> AsyncIterator[Office]:
    async with office.office(is_open=False) as found:
        yield found


def people(closed: Office, clock: FakeClock | None = None, groups: list[GroupId] = GROUPS) -> People:
    return People(closed.client, clock or FakeClock(), closed.workspace, groups=lambda: groups)


async def test_a_person_and_the_groups_that_count(closed: Office) -> None:
    standing = await people(closed).standing(b.BEN)

    assert standing.groups == {"S0SRE", "S0LEADS"}
    assert not (standing.person.is_bot or standing.person.is_guest or standing.person.is_foreign)


async def test_F49_a_bot_and_a_guest_are_told_apart(closed: Office) -> None:
    known = people(closed)
    users = closed.sim.workspace.people.users
    users["U0GUEST"] = replace(users["U0ANA"], id="U0GUEST", is_ultra_restricted=True)

    assert (await known.standing(UserId("U0BOT"))).person.is_bot
    assert (await known.standing(UserId("U0GUEST"))).person.is_guest


async def test_F42_who_left_a_group_is_out_of_it_once_the_memory_is_old(closed: Office) -> None:
    clock = FakeClock()
    known = people(closed, clock)
    await known.standing(b.ANA)
    closed.sim.workspace.people.deactivate("U0ANA")
    remembered = await known.standing(b.ANA)
    await clock.sleep(FRESH_SECONDS)
    now = await known.standing(b.ANA)

    assert "S0SRE" in remembered.groups
    assert now.groups == frozenset()
    assert now.person.is_deleted


@pytest.mark.parametrize("method", ["users.info", "usergroups.users.list"])
@pytest.mark.parametrize("kind", ["http_error", "drop", "rate_limited", "error"])
async def test_F43_a_failed_look_up_is_said_and_not_guessed(closed: Office, method: str, kind: str) -> None:
    closed.sim.faults.plant(method, kind, times=9)

    with pytest.raises(Transient):
        await people(closed).standing(b.ANA)


async def test_F43_a_slow_look_up_has_failed(closed: Office) -> None:
    closed.sim.faults.plant("users.info", "delay", seconds=5.0)

    with pytest.raises(Transient, match="in time"):
        await people(closed).standing(b.ANA)


async def test_an_unknown_person_is_not_guessed(closed: Office) -> None:
    with pytest.raises(Transient):
        await people(closed).standing(UserId("U0NOBODY"))


async def test_a_group_that_does_not_exist_lets_nobody_in(closed: Office) -> None:
    assert (await people(closed, groups=[GroupId("S0GONE")]).standing(b.ANA)).groups == frozenset()


async def test_many_who_ask_at_once_share_one_look_up(closed: Office) -> None:
    known = people(closed)
    closed.sim.faults.plant("users.info", "delay", seconds=0.1)
    await asyncio.gather(*(known.standing(b.ANA) for _ in range(20)))
    closed.sim.faults.plant("*", "error", times=99)

    assert (await known.standing(b.ANA)).groups == {"S0SRE"}


async def test_an_address_names_the_one_whose_account_has_it_and_nobody_otherwise(closed: Office) -> None:
    known = people(closed)
    ana = closed.sim.workspace.people.users["U0ANA"]
    assert await known.by_email(ana.email.upper()) == b.ANA
    assert await known.by_email("nobody@example.com") is None

"""Who is on call by PagerDuty, asked of the local pager; what cannot be learned lets nobody in."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest

from bot.adapters.pagerduty.oncall import FRESH_SECONDS, OnCalls, _addresses
from bot.core.errors import Transient
from bot.core.ids import UserId
from bot.sim.pager import PagerSim
from tests import builders as b
from tests.fakes.world import FakeClock

NAME = "pagerduty/PI7DH85"
PEOPLE = {"ana@example.com": b.ANA, "ben@example.com": b.BEN}


@dataclass
class Office:
    sim: PagerSim
    clock: FakeClock
    calls: OnCalls


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    sim, clock = PagerSim(), FakeClock()
    await sim.start()

    async def slack_user(address: str) -> UserId | None:
        return PEOPLE.get(address)

    async with aiohttp.ClientSession() as session:
        calls = OnCalls(
            session, sim.url, sim.api_token, clock=clock, wanted=lambda: {NAME, "primary"}, slack_user=slack_user
        )
        yield Office(sim, clock, calls)
    await sim.stop()


async def test_those_on_call_are_known_by_their_slack_ids(office: Office) -> None:
    office.sim.on_call = {"PI7DH85": ["ana@example.com", "stranger@example.com"], "POTHER1": ["ben@example.com"]}
    await office.calls.refresh()
    assert office.calls.current() == {NAME: frozenset({b.ANA})}
    office.sim.on_call["PI7DH85"] = []
    await office.calls.refresh()
    assert office.calls.current() == {NAME: frozenset()}


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
async def test_F43_what_pagerduty_does_not_say_is_known_for_a_minute_and_then_not_at_all(
    office: Office, status: int
) -> None:
    office.sim.on_call = {"PI7DH85": ["ana@example.com"]}
    await office.calls.refresh()
    office.sim.fail_next(status, times=2)
    await office.calls.refresh()
    assert office.calls.current() == {NAME: frozenset({b.ANA})}
    await office.clock.sleep(FRESH_SECONDS + 1)
    await office.calls.refresh()
    assert office.calls.current() == {}
    await office.calls.refresh()
    assert office.calls.current() == {NAME: frozenset({b.ANA})}


async def test_a_wrong_key_and_a_pager_that_is_gone_let_nobody_in(office: Office) -> None:
    office.sim.on_call = {"PI7DH85": ["ana@example.com"]}
    office.sim.api_token = "another"
    await office.calls.refresh()
    await office.sim.stop()
    await office.calls.refresh()
    assert office.calls.current() == {}


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"oncalls": {}},
        {"oncalls": [7]},
        {"oncalls": [], "more": True},
        {"oncalls": [{"schedule": {"id": "POTHER1"}, "user": {"email": "ana@example.com"}}]},
        {"oncalls": [{"schedule": None, "user": {"email": "ana@example.com"}}]},
        {"oncalls": [{"schedule": {"id": "PI7DH85"}, "user": None}]},
    ],
)
def test_an_answer_that_is_not_understood_counts_as_none(document: object) -> None:
    with pytest.raises(Transient):
        _addresses(document, "PI7DH85")

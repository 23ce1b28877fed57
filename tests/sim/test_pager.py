"""The simulated pager is as strict as the Events API v2 is documented to be."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.sim.pager import PagerSim

KEY = "e93facc04764012d7bfb002500d5d1a6"


@pytest.fixture
async def sim() -> AsyncIterator[PagerSim]:
    running = PagerSim(clock=lambda: 1_700_000_000.0)
    await running.start()
    yield running
    await running.stop()


def event(**changes: Any) -> dict[str, Any]:
    payload = {"summary": "Disk full", "source": "db-1", "severity": "critical"} | changes.pop("payload", {})
    whole = {"routing_key": KEY, "event_action": "trigger", "dedup_key": "k1", "payload": payload} | changes
    whole["payload"] = {name: value for name, value in payload.items() if value is not None}
    return {name: value for name, value in whole.items() if value is not None}


async def send(sim: PagerSim, body: object) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.post(f"{sim.url}/v2/enqueue", json=body) as answer:
        return answer.status, await answer.json() if answer.content_type == "application/json" else None


async def test_a_trigger_opens_a_page_and_names_its_key(sim: PagerSim) -> None:
    status, said = await send(sim, event())

    assert (status, said) == (202, {"status": "success", "message": "Event processed", "dedup_key": "k1"})
    assert [(page.at, page.summary, page.status) for page in sim.pages] == [(1_700_000_000.0, "Disk full", "triggered")]


async def test_a_trigger_without_a_key_gets_one_and_is_always_new(sim: PagerSim) -> None:
    (_, first), (_, second) = [await send(sim, event(dedup_key=None)) for _ in range(2)]

    assert first["dedup_key"] != second["dedup_key"]
    assert len(sim.pages) == 2


async def test_a_page_is_acknowledged_resolved_and_then_opened_anew(sim: PagerSim) -> None:
    await send(sim, event())
    await send(sim, event(event_action="acknowledge"))
    assert [page.status for page in sim.pages] == ["acknowledged"]

    await send(sim, event(event_action="resolve"))
    await send(sim, event())

    assert [page.status for page in sim.pages] == ["resolved", "triggered"]


async def test_a_resolution_of_nothing_is_dropped(sim: PagerSim) -> None:
    status, _ = await send(sim, event(event_action="resolve"))

    assert (status, sim.pages) == (202, [])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (event(routing_key=None), "'routing_key' is missing or blank"),
        (event(routing_key="x"), "Length of 'routing_key' is incorrect (should be 32 characters)"),
        (event(event_action="shout"), "'event_action' must be one of"),
        (event(event_action=None), "'event_action' must be one of"),
        (event(dedup_key="k" * 256), "'dedup_key' must be a string of at most 255"),
        (event(dedup_key=5), "'dedup_key' must be a string"),
        (event(event_action="resolve", dedup_key=None), "'dedup_key' is missing or blank"),
        (event(payload={"summary": None}), "'payload.summary' is missing or blank"),
        (event(payload={"summary": "s" * 1025}), "'payload.summary' is too long"),
        (event(payload={"source": ""}), "'payload.source' is missing or blank"),
        (event(payload={"severity": "high"}), "'payload.severity' must be one of"),
        (event(payload={"custom_details": "text"}), "'payload.custom_details' must be an object"),
        (event(links="x"), "'links' must be an array"),
        (event(links=[{"text": "no address"}]), "each of 'links' needs 'href'"),
        ([], "Event must be a JSON object"),
    ],
)
async def test_an_event_that_breaks_the_contract_is_400_and_pages_nobody(
    sim: PagerSim, body: object, words: str
) -> None:
    status, said = await send(sim, body)

    assert (status, said["status"]) == (400, "invalid event")
    assert any(words in problem for problem in said["errors"])
    assert sim.pages == []


async def test_all_that_is_wrong_is_listed(sim: PagerSim) -> None:
    _, said = await send(sim, {"event_action": "trigger", "payload": {}})

    assert len(said["errors"]) == 4


async def test_an_event_over_512_kb_is_refused(sim: PagerSim) -> None:
    status, _ = await send(sim, event(payload={"custom_details": {"log": "x" * 530_000}}))

    assert (status, sim.pages) == (413, [])


async def test_it_can_be_overloaded_for_a_while(sim: PagerSim) -> None:
    sim.fail_next(429, times=2)

    assert [(await send(sim, event()))[0] for _ in range(3)] == [429, 429, 202]
    assert sim.pages[0].triggers == 1


async def test_waiting_for_a_page_that_does_not_come_ends(sim: PagerSim) -> None:
    with pytest.raises(TimeoutError):
        await sim.wait_for_page(timeout=0.05)


async def test_only_existing_integrations_are_reached_when_they_are_named() -> None:
    sim = PagerSim(routing_keys=["f" * 32])
    await sim.start()
    try:
        status, said = await send(sim, event())
    finally:
        await sim.stop()

    assert (status, said["errors"]) == (400, ["Invalid routing key"])

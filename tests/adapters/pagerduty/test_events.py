"""Pages through the Events API: what is sent fits the contract, and every answer says what to do next."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.adapters.pagerduty.events import PagerDuty
from bot.core import errors
from bot.core.alerts import Severity
from bot.core.events import PageAction
from bot.core.ids import IncidentId
from bot.ports import Page, Pager
from bot.sim.pager import PagerSim

ROUTING_KEY = "e93facc04764012d7bfb002500d5d1a6"


def page(**changes: Any) -> Page:
    plain = Page(
        incident=IncidentId("INC-42"),
        key="pageturner/INC-42",
        summary="INC-42 Redis is down: no runbook matches",
        severity=Severity.CRITICAL,
        source="api-gateway",
        details=(("incident", "INC-42"), ("step 1", "failed: kubectl get pods")),
        link="https://example.slack.com/archives/C042/p1700000000000100",
    )
    return replace(plain, **changes)


@pytest.fixture
async def sim() -> AsyncIterator[PagerSim]:
    running = PagerSim(routing_keys=[ROUTING_KEY])
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def pager(sim: PagerSim, session: aiohttp.ClientSession) -> PagerDuty:
    return PagerDuty(session, sim.url, ROUTING_KEY)


ENDINGS = {PageAction.ACKNOWLEDGE: "acknowledged", PageAction.RESOLVE: "resolved"}


@pytest.mark.parametrize("action", list(PageAction))
async def test_a_page_is_acknowledged_and_resolved_under_its_key(
    pager: Pager, sim: PagerSim, action: PageAction
) -> None:
    for key in ("pageturner/INC-42", "k" * 300):
        await pager.page(page(key=key))
        await pager.update(key, action)
        assert sim.pages[-1].status == ENDINGS[action]


async def test_what_nobody_was_paged_about_can_be_resolved_without_harm(pager: Pager, sim: PagerSim) -> None:
    assert await pager.update("pageturner/INC-7", PageAction.RESOLVE) == "PagerDuty accepted to resolve it"
    assert sim.pages == []


async def test_an_update_that_is_refused_says_why_without_the_key(pager: Pager, sim: PagerSim) -> None:
    sim.fail_next(429, headers={"Retry-After": "7"})
    with pytest.raises(errors.Transient) as limited:
        await pager.update("pageturner/INC-7", PageAction.RESOLVE)
    assert limited.value.retry_after_seconds == 7
    assert ROUTING_KEY not in str(limited.value)


async def test_a_page_reaches_the_other_side_whole(pager: Pager, sim: PagerSim) -> None:
    said = await pager.page(page())

    found = await sim.wait_for_page()
    assert said == "PagerDuty accepted the page"
    assert pager.target == "PagerDuty"
    assert (found.summary, found.source) == ("INC-42 Redis is down: no runbook matches", "api-gateway")
    assert (found.severity, found.dedup_key, found.status) == ("critical", "pageturner/INC-42", "triggered")
    assert found.details == {"incident": "INC-42", "step 1": "failed: kubectl get pods"}
    assert found.links == ({"href": page().link, "text": "INC-42 in Slack"},)


async def test_the_same_key_is_the_same_page(pager: Pager, sim: PagerSim) -> None:
    for _ in range(3):
        await pager.page(page())
    await pager.page(page(key="pageturner/INC-43"))

    assert [(each.dedup_key, each.triggers) for each in sim.pages] == [
        ("pageturner/INC-42", 3),
        ("pageturner/INC-43", 1),
    ]


@pytest.mark.parametrize(
    ("severity", "shown"),
    [
        (Severity.CRITICAL, "critical"),
        (Severity.HIGH, "error"),
        (Severity.WARNING, "warning"),
        (Severity.INFO, "info"),
        (Severity.UNKNOWN, "error"),
        ("", "error"),
        ("purple", "error"),
    ],
)
async def test_every_severity_has_a_word_of_pagerduty(pager: Pager, sim: PagerSim, severity: str, shown: str) -> None:
    await pager.page(page(severity=severity))

    assert sim.pages[0].severity == shown


async def test_whatever_is_too_long_is_cut_to_the_apis_limits(pager: Pager, sim: PagerSim) -> None:
    await pager.page(
        page(
            summary="\U0001f525" * 5_000,
            source="s" * 5_000,
            key="k" * 5_000,
            details=tuple((f"detail {number}", "\U0001f525" * 100_000) for number in range(500)),
        )
    )

    found = sim.pages[0]
    assert (len(found.summary), found.summary[-1]) == (1024, "…")
    assert len(found.dedup_key) == 64
    assert len(found.details) == 40


async def test_keys_that_are_too_long_stay_different(pager: Pager, sim: PagerSim) -> None:
    await pager.page(page(key="k" * 5_000 + "1"))
    await pager.page(page(key="k" * 5_000 + "2"))

    assert len(sim.pages) == 2


async def test_a_page_with_nothing_to_say_still_goes_out(pager: Pager, sim: PagerSim) -> None:
    await pager.page(page(summary=" ", source="", details=(), link=""))

    assert (sim.pages[0].summary, sim.pages[0].source, sim.pages[0].links) == ("INC-42", "pageturner", ())


async def test_half_a_character_does_not_stop_a_page(pager: Pager, sim: PagerSim) -> None:
    await pager.page(page(summary="broken \ud83d text"))

    assert sim.pages[0].summary == "broken ? text"


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {}, 30.0),
        (429, {"Retry-After": "7"}, 7.0),
        (429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30.0),
        (500, {}, 30.0),
        (503, {"Retry-After": "2"}, 2.0),
    ],
)
async def test_an_overloaded_pager_is_worth_another_try(
    pager: Pager, sim: PagerSim, status: int, headers: dict[str, str], seconds: float
) -> None:
    sim.fail_next(status, headers=headers)

    with pytest.raises(errors.Transient, match=str(status)) as caught:
        await pager.page(page())

    assert caught.value.retry_after_seconds == seconds
    assert await pager.page(page()) == "PagerDuty accepted the page"
    assert len(sim.pages) == 1


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 413])
async def test_a_refusal_is_final(pager: Pager, sim: PagerSim, status: int) -> None:
    sim.fail_next(status, headers={"Location": sim.url + "/v2/enqueue"})

    with pytest.raises(errors.Permanent, match=rf"\({status}\): it gave no reason"):
        await pager.page(page())

    assert sim.pages == []


@pytest.mark.parametrize(
    ("key", "words"), [("short", "Length of 'routing_key' is incorrect"), ("0" * 32, "Invalid routing key")]
)
async def test_F80_a_wrong_routing_key_is_told_in_the_apis_words_and_never_shown(
    sim: PagerSim, session: aiohttp.ClientSession, key: str, words: str
) -> None:
    with pytest.raises(errors.Permanent, match=words) as caught:
        await PagerDuty(session, sim.url, key).page(page())

    assert key not in str(caught.value)


async def test_F80_an_answer_that_repeats_the_routing_key_is_not_repeated(session: aiohttp.ClientSession) -> None:
    async def echo(request: web.Request) -> web.Response:
        return web.Response(status=400, text=f"bad event: {await request.text()}"[:400])

    application = web.Application()
    application.router.add_post("/v2/enqueue", echo)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        with pytest.raises(errors.Permanent, match="bad event") as caught:
            await PagerDuty(session, f"http://127.0.0.1:{runner.addresses[0][1]}/", ROUTING_KEY).page(page())
    finally:
        await runner.cleanup()

    assert ROUTING_KEY not in str(caught.value)
    assert '"***"' in str(caught.value)


async def test_a_pager_that_cannot_be_reached_is_worth_another_try(session: aiohttp.ClientSession) -> None:
    gone = PagerSim()
    await gone.start()
    await gone.stop()

    with pytest.raises(errors.Transient, match="cannot be reached"):
        await PagerDuty(session, gone.url, ROUTING_KEY).page(page())


async def test_a_lost_answer_is_worth_another_try(session: aiohttp.ClientSession) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 2")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(errors.Transient, match="cannot be reached"):
            await PagerDuty(session, f"http://127.0.0.1:{port}", ROUTING_KEY).page(page())

"""Encodings, tokens, scopes, budgets and planted faults of the Web API."""

import json
from typing import Any

import aiohttp
import pytest

from bot.sim.slack import coverage, web_api
from bot.sim.slack.faults import Moment
from bot.sim.slack.server import SlackSim
from bot.sim.slack.settings import RateMode, Settings
from tests.sim.slack import builders as b
from tests.sim.slack.worlds import Api, World

Json = dict[str, Any]  # Any: Slack's payloads are open JSON
BLOCKS = [b.section("hello")]


def encodings() -> dict[str, Json]:
    fields = {"channel": "C0INC", "text": "hello", "blocks": json.dumps(BLOCKS)}
    return {
        "json": {"json": {"channel": "C0INC", "text": "hello", "blocks": BLOCKS}},
        "json with blocks in a string": {"json": fields},
        "a form": {"data": fields},
        "a query": {"params": fields},
        "a query by GET": {"params": fields, "verb": "GET"},
        "multipart": {"data": aiohttp.FormData(fields, default_to_multipart=True)},
    }


@pytest.mark.parametrize("name", encodings())
async def test_every_encoding_of_arguments_is_understood(api: Api, name: str) -> None:
    async with await api.raw("chat.postMessage", **encodings()[name]) as response:
        answer = await response.json()

    assert answer["ok"]
    assert answer["message"]["text"] == "hello"
    assert answer["message"]["blocks"][0]["text"] == BLOCKS[0]["text"]


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"data": b"{", "headers": {"Content-Type": "application/json"}}, "invalid_json"),
        ({"json": []}, "json_not_object"),
        ({"data": b"x"}, "invalid_post_type"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(api: Api, sim: SlackSim, request_: Json, error: str) -> None:
    headers = {"Authorization": f"Bearer {sim.bot_token}", **request_.pop("headers", {})}

    async with api.http.post(sim.api_url + "chat.postMessage", headers=headers, **request_) as response:
        answer = await response.json()

    assert answer == {"ok": False, "error": error}


@pytest.mark.parametrize(
    ("method", "token", "error"),
    [
        ("auth.test", "", "not_authed"),
        ("auth.test", "xoxb-other", "invalid_auth"),
        ("auth.test", "xapp-simulated", "not_allowed_token_type"),
        ("apps.connections.open", "xoxb-simulated", "not_allowed_token_type"),
        ("nothing.here", "xoxb-simulated", "unknown_method"),
    ],
)
async def test_a_wrong_token_is_named(api: Api, method: str, token: str, error: str) -> None:
    async with await api.raw(method, token=token) as response:
        assert (await response.json())["error"] == error
        assert response.status == 200


async def test_a_token_may_travel_as_an_argument(api: Api, sim: SlackSim) -> None:
    async with await api.raw("auth.test", token="", data={"token": sim.bot_token}) as response:
        assert (await response.json())["user_id"] == "U0BOT"


async def test_a_missing_scope_names_what_is_needed_and_what_is_there(world: World) -> None:
    scopes = {"bot": ["chat:write", "commands"]}
    sim = await world.start(manifest={"oauth_config": {"scopes": scopes}})
    api = Api(sim, world.http)

    refused = await api("pins.add", channel="C0INC", timestamp="1.1")
    async with await api.raw("auth.test") as response:
        granted = response.headers["x-oauth-scopes"]

    assert granted == "chat:write,commands"
    assert refused == {"ok": False, "error": "missing_scope", "needed": "pins:write", "provided": granted}


async def test_posting_elsewhere_needs_membership_or_the_public_scope(world: World) -> None:
    narrow = await world.start(manifest={"oauth_config": {"scopes": {"bot": ["chat:write"]}}})
    wide = await world.start(manifest={"oauth_config": {"scopes": {"bot": ["chat:write", "chat:write.public"]}}})

    assert (await Api(narrow, world.http)("chat.postMessage", channel="C0GEN", text="x"))["error"] == "not_in_channel"
    assert (await Api(wide, world.http)("chat.postMessage", channel="C0GEN", text="x"))["ok"]


async def test_a_spent_budget_is_answered_with_429_and_a_whole_number_of_seconds(world: World) -> None:
    sim = await world.start(settings=Settings(rate_mode=RateMode.ENFORCE))
    api = Api(sim, world.http)
    for number in range(3):
        assert (await api("chat.postMessage", channel="C0INC", text=f"{number}"))["ok"]

    async with await api.raw("chat.postMessage", json={"channel": "C0INC", "text": "4"}) as response:
        status, wait, answer = response.status, response.headers["Retry-After"], await response.json()
    other_channel = await api("chat.postMessage", channel="C0AUD", text="x")
    world.time.seconds += 1
    later = await api("chat.postMessage", channel="C0INC", text="4")

    assert (status, wait, answer) == (429, "1", {"ok": False, "error": "ratelimited"})
    assert other_channel["ok"]
    assert later["ok"]


async def test_by_default_a_spent_budget_only_warns(api: Api, sim: SlackSim) -> None:
    for number in range(5):
        assert (await api("chat.postMessage", channel="C0INC", text=f"{number}"))["ok"]

    assert "over_budget" in sim.warnings.codes()


async def test_a_planted_rate_limit_strikes_so_often_and_no_more(api: Api, sim: SlackSim) -> None:
    sim.faults.plant("chat.postMessage", "rate_limited", times=1, retry_after=7)

    async with await api.raw("chat.postMessage", json={"channel": "C0INC", "text": "x"}) as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "7")
    assert (await api("chat.postMessage", channel="C0INC", text="x"))["ok"]
    assert len(sim.workspace.channels.find("C0INC").messages) == 1


@pytest.mark.parametrize(("moment", "posted"), [(Moment.BEFORE, 0), (Moment.AFTER, 1)])
@pytest.mark.parametrize("kind", ["http_error", "drop"])
async def test_a_fault_strikes_before_or_after_the_effect(
    api: Api, sim: SlackSim, kind: str, moment: Moment, posted: int
) -> None:
    sim.faults.plant("chat.postMessage", kind, moment=moment, status=503)

    if kind == "drop":
        with pytest.raises(aiohttp.ClientError):
            await api("chat.postMessage", channel="C0INC", text="x")
    else:
        async with await api.raw("chat.postMessage", json={"channel": "C0INC", "text": "x"}) as response:
            assert response.status == 503

    assert len(sim.workspace.channels.find("C0INC").messages) == posted


async def test_a_planted_error_is_answered_by_its_name(api: Api, sim: SlackSim) -> None:
    sim.faults.plant("*", "error", error="fatal_error")

    assert await api("chat.postMessage", channel="C0INC", text="x") == {"ok": False, "error": "fatal_error"}


def test_a_fault_with_an_unknown_detail_is_refused(sim: SlackSim) -> None:
    with pytest.raises(ValueError, match="a fault has no colour"):
        sim.faults.plant("*", "error", colour="red")


def test_coverage_lists_exactly_the_served_methods() -> None:
    assert set(coverage.METHODS) == set(web_api.METHODS)


async def test_only_loopback_is_served(world: World) -> None:
    sim = SlackSim()

    with pytest.raises(ValueError, match="loopback"):
        await sim.start(host="0.0.0.0")  # noqa: S104 - it must be refused

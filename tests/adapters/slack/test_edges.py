"""The small parts: hostile payloads, the table of errors, echoes, errands."""

import asyncio
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.errors import SlackApiError, SlackRequestError

from bot.adapters.slack import commands, errands, failures, payloads, texts
from bot.adapters.slack.echoes import MOST_REBUILDS, OVERDUE_SECONDS, Echoes
from bot.adapters.slack.errands import Errands
from bot.core.cards import Line, Mention
from bot.core.errors import Invalid, PageturnerError, Permanent, Refused, Transient, Unclear
from tests.fakes.world import FakeClock

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
KEYS = ["user", "user_id", "actions", "container", "view", "message", "trigger_id", "response_url", "text", "team"]
bodies = st.dictionaries(st.sampled_from(KEYS), json_values | st.fixed_dictionaries({"id": st.text(max_size=9)}))


@given(bodies)
@settings(max_examples=150)
def test_F47_any_payload_is_understood_or_refused(body: dict[str, Any]) -> None:
    for parse in (payloads.click, payloads.submission, payloads.command):
        try:
            parse(body)
        except Invalid:
            continue


@given(st.text(max_size=60))
def test_ids_are_taken_only_in_their_own_shape(text: str) -> None:
    for parse in (payloads.approval, payloads.incident, payloads.part, payloads.metadata):
        try:
            parse(text)
        except Invalid:
            continue
        assert text.isascii()


@given(st.text(max_size=80))
def test_any_command_text_is_read_or_refused(text: str) -> None:
    try:
        words = commands.split(text)
        commands.pairs(words)
    except Invalid:
        return
    assert all("=" in word for word in words)


class Response(dict[str, Any]):
    def __init__(self, status: int, error: str, **headers: str) -> None:
        super().__init__(ok=False, error=error)
        self.status_code = status
        self.headers = headers


@pytest.mark.parametrize(
    ("status", "code", "of_a_post", "of_a_read"),
    [
        (429, "ratelimited", Transient, Transient),
        (200, "ratelimited", Transient, Transient),
        (500, "", Unclear, Transient),
        (503, "service_unavailable", Unclear, Transient),
        (200, "fatal_error", Unclear, Transient),
        *((200, code, Transient, Transient) for code in failures.TOKEN),
        *((200, code, Permanent, Permanent) for code in failures.GONE),
        (200, "invalid_blocks", Permanent, Permanent),
        (200, "msg_too_long", Permanent, Permanent),
        (200, "never_heard_of", Permanent, Permanent),
    ],
)
def test_what_each_answer_means(
    status: int, code: str, of_a_post: type[PageturnerError], of_a_read: type[PageturnerError]
) -> None:
    error = SlackApiError("x", Response(status, code))  # type: ignore[no-untyped-call]

    assert type(failures.translate(error, method="chat.postMessage", repeatable=False)) is of_a_post
    assert type(failures.translate(error, method="users.info", repeatable=True)) is of_a_read


@pytest.mark.parametrize(
    "error",
    [TimeoutError(), aiohttp.ServerDisconnectedError(), OSError(), SlackRequestError("x")],
)
def test_a_lost_answer_to_a_post_is_unclear_and_to_a_read_a_bad_moment(error: Exception) -> None:
    assert isinstance(failures.translate(error, method="chat.postMessage", repeatable=False), Unclear)
    assert isinstance(failures.translate(error, method="users.info", repeatable=True), Transient)


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("0", 1.0), ("soon", failures.DEFAULT_RETRY_SECONDS)])
def test_slack_says_how_long_to_wait(header: str, seconds: float) -> None:
    error = SlackApiError("x", Response(429, "ratelimited", **{"Retry-After": header}))  # type: ignore[no-untyped-call]
    translated = failures.translate(error, method="chat.update", repeatable=True)

    assert isinstance(translated, Transient)
    assert translated.retry_after_seconds == seconds


async def test_F29_a_message_that_never_comes_back_tells_that_the_socket_is_deaf() -> None:
    clock = FakeClock()
    echoes = Echoes(clock)
    echoes.expect("C1", "1.1")
    await clock.sleep(OVERDUE_SECONDS)
    before_any_echo = echoes.is_overdue()
    echoes.hear("C1", "1.1")
    echoes.expect("C1", "1.2")
    await clock.sleep(OVERDUE_SECONDS)

    assert not before_any_echo  # this workspace may not send them at all
    assert echoes.is_overdue()


async def test_rebuilding_for_nothing_comes_to_an_end() -> None:
    clock = FakeClock()
    echoes = Echoes(clock)
    echoes.expect("C1", "1.0")
    echoes.hear("C1", "1.0")
    rebuilt = 0
    for number in range(9):
        echoes.expect("C1", f"2.{number}")
        await clock.sleep(OVERDUE_SECONDS)
        if echoes.is_overdue():
            rebuilt += 1
            echoes.forget()

    assert rebuilt == MOST_REBUILDS
    assert echoes.is_hopeless


async def test_a_flood_is_refused_and_nothing_is_left_running() -> None:
    owned, gate = Errands(), asyncio.Event()
    for number in range(errands.MOST_AT_ONCE):
        owned.start(gate.wait(), name=f"errand-{number}")
    with pytest.raises(Transient):
        owned.start(gate.wait(), name="one too many")

    assert await owned.drain(0.01) == errands.MOST_AT_ONCE
    assert await owned.drain(0.01) == 0


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Refused("Type exactly: checkout", rule="confirm.typed"), "Type exactly: checkout"),
        (
            Invalid("does not match [a-z]+", place="namespace", remedy="give another value"),
            "does not match [a-z]+. Give another value.",
        ),
        (
            Refused("It was approved already. By <@U0ANA>.", rule="approval.consumed"),
            "It was approved already. By somebody.",
        ),
    ],
)
def test_an_error_at_a_field_is_exact_and_shows_no_bare_ids(error: PageturnerError, said: str) -> None:
    assert texts.at_field(error) == said


def test_a_refusal_shows_whoever_it_names_and_its_push_no_bare_id() -> None:
    card = texts.refused(
        Refused("It was approved already. By <@U0ANA>.", rule="approval.consumed", remedy="allowed: S0SRE")
    )
    line = card.parts[0]

    assert isinstance(line, Line)
    assert [word.id for word in line.words if isinstance(word, Mention)] == ["U0ANA", "S0SRE"]
    assert card.fallback == "Not done: It was approved already. By somebody. Allowed: S0SRE."

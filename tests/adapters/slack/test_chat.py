"""Posting, updating and finding messages against the local Slack: what it refuses becomes our errors."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from bot.core.cards import Card, Line
from bot.core.errors import PageturnerError, Permanent, Transient, Unclear
from bot.ports import Message
from bot.sim.slack.settings import RateMode, Settings
from tests import builders as b
from tests.adapters.slack import office
from tests.adapters.slack.office import Office


@pytest.fixture
async def closed() -> AsyncIterator[Office]:
    async with office.office(is_open=False) as found:
        yield found


def message(key: str = "root", text: str = "hello") -> Message:
    return Message(b.INC, key, Card(text, (Line((text,)),)))


async def test_a_message_carries_its_key_and_an_escaped_fallback(closed: Office) -> None:
    posted = await closed.chat.post(message(text="<!channel> a & b"), channel="#incidents")
    stored = await closed.sim.wait_for_message(lambda found: found["ts"] == posted.ts)

    assert posted.channel == "C0INC"
    assert stored["metadata"] == {"event_type": "pageturner", "event_payload": {"incident": "INC-1", "key": "root"}}
    assert stored["text"] == "&lt;!channel&gt; a &amp; b"
    assert stored.get("notifies", []) == []


async def test_a_reply_stands_in_its_thread_and_is_edited_in_place(closed: Office) -> None:
    root = await closed.chat.post(message(), channel="incidents")
    step = await closed.chat.post(message("step-1"), channel=root.channel, thread=root.ts)
    await closed.chat.update(message("step-1", "changed"), step)
    stored = await closed.sim.wait_for_message(lambda found: found["ts"] == step.ts)

    assert stored["thread_ts"] == root.ts
    assert stored["text"] == "changed"
    assert stored["metadata"]["event_payload"]["key"] == "step-1"


async def test_F04_a_message_is_found_again_by_its_metadata(closed: Office) -> None:
    root = await closed.chat.post(message(), channel="incidents")
    step = await closed.chat.post(message("step-1"), channel=root.channel, thread=root.ts)

    assert await closed.chat.find(b.INC, "root", channel="incidents") == replace(root, shown="")
    assert await closed.chat.find(b.INC, "step-1", channel=root.channel, thread=root.ts) == replace(step, shown="")
    assert await closed.chat.find(b.INC, "step-2", channel=root.channel, thread=root.ts) is None


async def test_another_apps_metadata_is_not_ours(closed: Office) -> None:
    await closed.sim.post("U0ANA", "incidents", "pageturner INC-1 root")

    assert await closed.chat.find(b.INC, "root", channel="incidents") is None


async def test_F40_a_reply_to_a_deleted_thread_is_taken_back(closed: Office) -> None:
    root = await closed.chat.post(message(), channel="incidents")
    await closed.client.chat_delete(channel=root.channel, ts=root.ts)

    with pytest.raises(Permanent, match="first message was deleted"):
        await closed.chat.post(message("step-1"), channel=root.channel, thread=root.ts)

    left = closed.sim.workspace.channels.find("incidents").messages
    assert [
        each for each in left.values() if each.get("metadata", {}).get("event_payload", {}).get("key") == "step-1"
    ] == []


async def test_F39_an_update_of_a_deleted_message_says_so(closed: Office) -> None:
    root = await closed.chat.post(message(), channel="incidents")
    await closed.client.chat_delete(channel=root.channel, ts=root.ts)

    with pytest.raises(Permanent, match="the message was deleted"):
        await closed.chat.update(message(), root)


async def test_a_channel_that_does_not_exist_is_said_in_words(closed: Office) -> None:
    with pytest.raises(Permanent, match="the channel does not exist"):
        await closed.chat.post(message(), channel="nowhere")


async def test_a_channel_without_the_bot_is_said_in_words(closed: Office) -> None:
    with pytest.raises(Permanent, match="invite it"):
        await closed.chat.post(message(), channel="general")


async def test_F38_a_rate_limit_says_when_to_come_back() -> None:
    async with office.office(Settings(rate_mode=RateMode.ENFORCE), is_open=False) as found:
        with pytest.raises(Transient) as limited:
            for number in range(50):
                await found.chat.post(message(f"step-{number}"), channel="incidents")

    assert limited.value.retry_after_seconds >= 1


@pytest.mark.parametrize(
    ("kind", "arguments", "raised"),
    [
        ("http_error", {"status": 500}, Unclear),
        ("error", {"error": "fatal_error"}, Unclear),
        ("drop", {"moment": "after"}, Unclear),
        ("rate_limited", {"retry_after": 7}, Transient),
        ("error", {"error": "token_revoked"}, Transient),
        ("error", {"error": "is_archived"}, Permanent),
    ],
)
async def test_F44_what_a_failed_post_means(
    closed: Office, kind: str, arguments: dict[str, Any], raised: type[PageturnerError]
) -> None:
    closed.sim.faults.plant("chat.postMessage", kind, **arguments)

    with pytest.raises(raised):
        await closed.chat.post(message(), channel="C0INC")


async def test_a_lost_answer_to_an_update_may_be_repeated(closed: Office) -> None:
    root = await closed.chat.post(message(), channel="incidents")
    closed.sim.faults.plant("chat.update", "drop")

    with pytest.raises(Transient):
        await closed.chat.update(message(), root)


async def test_a_search_that_is_not_allowed_is_only_a_bad_moment(closed: Office) -> None:
    closed.sim.faults.plant("conversations.history", "error", error="missing_scope")

    with pytest.raises(Transient):
        await closed.chat.find(b.INC, "root", channel="incidents")


async def test_the_channel_is_looked_up_once(closed: Office) -> None:
    await asyncio.gather(*(closed.chat.post(message(f"step-{n}"), channel="incidents") for n in range(5)))

    closed.sim.faults.plant("conversations.list", "error", error="fatal_error")
    assert (await closed.chat.post(message("step-9"), channel="incidents")).channel == "C0INC"


async def test_a_workspace_that_lists_no_channels_is_posted_to_by_name(closed: Office) -> None:
    closed.sim.faults.plant("conversations.list", "error", times=9, error="unknown_method")
    posted = await closed.chat.post(message("root"), channel="incidents")
    assert posted.channel == "C0INC"
    assert await closed.chat.channel_id("incidents") == "C0INC"

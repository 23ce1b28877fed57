"""Messages that are kept shown: posted, edited in place, and found again by their metadata after a crash.

What a card looks like is `blocks`' business; when something is said is the caller's.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack import blocks, inert
from bot.adapters.slack.connection import Web, Workspace
from bot.core.cards import Card
from bot.core.errors import PageturnerError, Permanent, Transient
from bot.core.ids import IncidentId
from bot.ports import Message, Posted

EVENT_TYPE = "pageturner"
"""Message metadata's event_type: part of the contract with outside programs."""

PAGE_SIZE = 200
"""Slack recommends at most 200 for conversations.history and .replies."""

SEARCHED_PAGES = 3
"""A message whose answer was lost is minutes old: 600 messages back is further than that in any incident channel."""

_CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{2,}")


class Chat:
    """ports.Chat over the Web API. A channel may be named; its id is looked up once.

    `Posted.shown` is left empty: what counts as the same card is the caller's to say.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        workspace: Workspace,
        *,
        on_spoken: Callable[[str, str], None] = lambda channel, ts: None,  # noqa: ARG005 - a hook that does nothing
    ) -> None:
        """`on_spoken` hears channel and ts of every message that Slack accepted (see Gateway.expect_echo)."""
        self._web = Web(client)
        self._workspace = workspace
        self._on_spoken = on_spoken
        self._channels: dict[str, str] = {}
        self._channels_lock = asyncio.Lock()

    async def post(self, message: Message, *, channel: str, thread: str = "") -> Posted:
        where = await self.channel_id(channel)
        body = _body(message.card) | {
            "channel": where,
            "metadata": {
                "event_type": EVENT_TYPE,
                "event_payload": {"incident": message.incident, "key": message.key},
            },
            "unfurl_links": False,
            "unfurl_media": False,
        }
        if thread:
            body["thread_ts"] = thread
        answer = await self._web.write("chat.postMessage", body)
        ts, landed = str(answer.get("ts", "")), str(answer.get("channel") or where)
        if where.startswith("#"):
            self._channels[where[1:]] = landed
        if thread:
            await self._check_threaded(answer, channel=landed, ts=ts)
        self._on_spoken(landed, ts)
        return Posted(message.incident, message.key, landed, ts, "", thread)

    async def update(self, message: Message, at: Posted) -> Posted:
        body = _body(message.card) | {"channel": at.channel, "ts": at.ts}
        await self._web.write("chat.update", body, repeatable=True)
        return Posted(message.incident, message.key, at.channel, at.ts, "", at.thread)

    async def find(self, incident: IncidentId, key: str, *, channel: str, thread: str = "") -> Posted | None:
        where, own = await self.channel_id(channel), (await self._workspace.identity()).user
        try:
            async for candidate in self._recent(where, thread):
                if candidate.get("user") == own and _says(candidate, incident, key):
                    return Posted(incident, key, where, str(candidate["ts"]), "", thread)
        except Permanent as error:
            if thread and "thread" in str(error):
                return None  # the thread is gone, and everything in it
            raise Transient(f"The channel cannot be searched: {error}") from error
        return None

    async def channel_id(self, channel: str) -> str:
        """The id for a name (`incidents`, `#incidents`) or an id; the name where Slack lists no such channel."""
        if _CHANNEL_ID.fullmatch(channel):
            return channel
        name = channel.removeprefix("#")
        if name not in self._channels:
            async with self._channels_lock:
                if name not in self._channels:
                    self._channels[name] = await self._look_up(name)
        return self._channels[name]

    async def _look_up(self, name: str) -> str:
        """The id, or the name where it is not listed: Slack takes a name too, and says best what is wrong with it."""
        cursor = ""
        while True:
            try:
                page = await self._channel_page(cursor)
            except Permanent:
                return f"#{name}"
            for each in page.get("channels", []):
                if each.get("name") == name:
                    return str(each["id"])
            cursor = _cursor(page)
            if not cursor:
                return f"#{name}"

    async def _channel_page(self, cursor: str) -> Mapping[str, Any]:
        return await self._web.read(
            "conversations.list",
            types="public_channel,private_channel",
            exclude_archived="true",
            limit=PAGE_SIZE,
            cursor=cursor,
        )

    async def _recent(self, channel: str, thread: str) -> AsyncIterator[Mapping[str, Any]]:
        cursor = ""
        for _ in range(SEARCHED_PAGES):
            arguments = _page(channel, cursor)
            if thread:
                page = await self._web.read("conversations.replies", ts=thread, **arguments)
            else:
                page = await self._web.read("conversations.history", **arguments)
            for message in page.get("messages", []):
                yield message
            cursor = _cursor(page)
            if not cursor:
                return

    async def _check_threaded(self, answer: Mapping[str, Any], *, channel: str, ts: str) -> None:
        """Slack posts at channel level, without an error, when the thread's first message was deleted."""
        landed = answer.get("message")
        if isinstance(landed, dict) and landed.get("thread_ts"):
            return
        try:
            await self._web.write("chat.delete", {"channel": channel, "ts": ts}, repeatable=True)
        except PageturnerError as error:
            raise Permanent("The thread's first message was deleted; the stray reply still stands.") from error
        raise Permanent("The thread's first message was deleted.")


def _body(card: Card) -> dict[str, Any]:
    return {"text": inert.fallback(card.fallback), "blocks": blocks.render(card), "parse": "none", "link_names": False}


def _says(candidate: Mapping[str, Any], incident: IncidentId, key: str) -> bool:
    metadata = candidate.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("event_type") != EVENT_TYPE:
        return False
    return bool(metadata.get("event_payload") == {"incident": incident, "key": key})


def _page(channel: str, cursor: str) -> dict[str, str | int]:
    return {"channel": channel, "include_all_metadata": "true", "limit": PAGE_SIZE, "cursor": cursor}


def _cursor(page: Mapping[str, Any]) -> str:
    following = page.get("response_metadata")
    return str(following.get("next_cursor") or "") if isinstance(following, dict) else ""

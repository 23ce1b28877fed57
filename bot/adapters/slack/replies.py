"""What one person is told, and nobody else: in the thread where the button stands, or as the answer to a command."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bot.adapters.slack import blocks, inert, texts
from bot.adapters.slack.connection import Web
from bot.adapters.slack.payloads import Command, Place, Request, Submission
from bot.core.cards import Card
from bot.core.errors import PageturnerError
from bot.core.ids import UserId

RESPONSE_HOST = "hooks.slack.com"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """`errors` belong to fields of the submitted window, by block id; it then stays open, with what was typed.

    `is_public`: the answer to a command is for the channel where it was typed.
    """

    card: Card | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    is_public: bool = False


def message(card: Card) -> dict[str, Any]:
    return {"text": inert.fallback(card.fallback), "blocks": blocks.render(card)}


def acknowledgement(request: Request, reply: Reply | None) -> dict[str, Any]:
    """The ack's own content; `reply` is None while the work goes on."""
    match request:
        case Command():
            card = texts.said(texts.LATE) if reply is None else reply.card
            return {"response_type": _audience(reply), **message(card)} if card is not None else {}
        case Submission() if reply is not None and reply.errors:
            return {"response_action": "errors", "errors": dict(reply.errors)}
        case _:
            return {}


def _audience(reply: Reply | None) -> str:
    return "in_channel" if reply is not None and reply.is_public else "ephemeral"


class Replies:
    def __init__(self, web: Web) -> None:
        self._web = web

    async def deliver(self, request: Request, reply: Reply, *, is_late: bool) -> None:
        """Say what the ack did not. Ephemeral messages are not kept by Slack, so a failure is only logged."""
        card = reply.card
        if card is None and is_late and reply.errors:
            card = texts.said(" ".join(reply.errors.values()))
        if card is None or (isinstance(request, Command) and not is_late):
            return
        try:
            await self._tell(request, card, _audience(reply))
        except (PageturnerError, aiohttp.ClientError, TimeoutError, OSError) as error:
            _log.warning("slack.reply_lost user=%s error=%s", request.user, error)

    async def _tell(self, request: Request, card: Card, audience: str) -> None:
        place = request.place
        if isinstance(request, Command) and self._is_ours(place.reply_url):
            await self._respond(place, card, audience)
            return
        try:
            await self._ephemeral(request.user, place, card)
        except PageturnerError:
            # Slack's own answer address works where the bot is no member any more.
            if not self._is_ours(place.reply_url):
                raise
            await self._respond(place, card, audience)

    async def _ephemeral(self, user: UserId, place: Place, card: Card) -> None:
        if not place.channel:
            return
        body = {**message(card), "channel": place.channel, "user": user}
        if place.thread:
            body["thread_ts"] = place.thread
        await self._web.write("chat.postEphemeral", body)

    async def _respond(self, place: Place, card: Card, audience: str) -> None:
        session = self._web.client.session
        if session is None:
            return
        body = {**message(card), "response_type": audience, "replace_original": False}
        async with session.post(place.reply_url, json=body, allow_redirects=False) as answer:
            answer.raise_for_status()

    def _is_ours(self, url: str) -> bool:
        """Slack's own address, or the one that the Web API has: nothing is posted anywhere else."""
        asked, base = urlsplit(url), urlsplit(self._web.client.base_url)
        if asked.scheme == "https" and asked.netloc == RESPONSE_HOST:
            return True
        return (asked.scheme, asked.netloc) == (base.scheme, base.netloc)

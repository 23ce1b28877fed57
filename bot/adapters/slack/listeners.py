"""What a click, a submitted window or a command asks for is put to the desk, and acknowledged within three seconds.

What the desk answers is durable, so a second delivery of the same press meets the new state and is harmless. One border
catches what nobody foresaw.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import Any

from bot.adapters.slack import payloads, replies, submissions, texts
from bot.adapters.slack.commands import Commands
from bot.adapters.slack.connection import Web, Workspace
from bot.adapters.slack.errands import Errands
from bot.adapters.slack.home import Homes
from bot.adapters.slack.payloads import Click, Command, Request, Submission
from bot.adapters.slack.presses import Presses
from bot.adapters.slack.questions import Desk
from bot.adapters.slack.replies import Replies, Reply
from bot.adapters.slack.submissions import Submissions
from bot.core.cards import Card
from bot.core.errors import Invalid, PageturnerError, Refused, Transient
from bot.ports import Clock

ACK_SECONDS = 2.2
"""Slack waits 3 s for the ack, network included; work that takes longer goes on and is answered afterwards."""

REFERENCE_CHARACTERS = 8

_log = logging.getLogger(__name__)


class Listeners:
    def __init__(
        self, desk: Desk, web: Web, workspace: Workspace, *, clock: Clock, errands: Errands, channel: str
    ) -> None:
        self._workspace = workspace
        self._clock = clock
        self._errands = errands
        self._presses = Presses(desk, web)
        self._submissions = Submissions(desk)
        self._commands = Commands(desk, web, channel=channel)
        self._replies = Replies(web)
        self.homes = Homes(desk, web, clock)

    async def on_click(self, body: dict[str, Any]) -> dict[str, Any]:
        return await self._serve(payloads.click, body)

    async def on_submission(self, body: dict[str, Any]) -> dict[str, Any]:
        return await self._serve(payloads.submission, body)

    async def on_command(self, body: dict[str, Any]) -> dict[str, Any]:
        return await self._serve(payloads.command, body)

    def on_event(self, event: Mapping[str, Any]) -> None:
        """Only an opened App Home asks for something."""
        try:
            user = payloads.opened_home(event)
            if user is not None:
                self._errands.start(self.homes.publish(user), name="slack.home")
        except (Invalid, Transient) as error:
            _log.warning("slack.event_refused type=%s error=%s", event.get("type"), error)

    async def _serve(self, parse: Callable[[Mapping[str, Any]], Request], body: Mapping[str, Any]) -> dict[str, Any]:
        """The content of the ack."""
        try:
            request = parse(body)
        except Invalid as error:
            _log.warning("slack.payload_refused type=%s place=%s", body.get("type", "command"), error.place)
            return {}
        is_late = asyncio.Event()
        try:
            work = self._errands.start(
                self._work(request, body, is_late), name=f"slack.{type(request).__name__.lower()}"
            )
        except Transient:
            return replies.acknowledgement(request, Reply(texts.said(texts.BUSY)))
        done, _ = await asyncio.wait({work}, timeout=ACK_SECONDS)
        if not done:
            is_late.set()
            return replies.acknowledgement(request, None)
        reply = work.result()
        with contextlib.suppress(Transient):  # flooded: what was decided shows on the card
            # beside the ack, which must not wait for one more call
            self._errands.start(self._replies.deliver(request, reply, is_late=False), name="slack.reply")
        return replies.acknowledgement(request, reply)

    async def _work(self, request: Request, body: Mapping[str, Any], is_late: asyncio.Event) -> Reply:
        reply = await self._guarded(request, body)
        if is_late.is_set():
            await self._replies.deliver(request, reply, is_late=True)
        if _is_of_home(request) and not reply.errors:  # it has no thread to answer in, and shows what has changed
            await self.homes.publish(request.user, reply.card)
        return reply

    async def _guarded(self, request: Request, body: Mapping[str, Any]) -> Reply:
        """The listener's border: every error becomes a sentence for the person who pressed."""
        try:
            await self._check_origin(request, body)
            return await self._answer(request)
        except PageturnerError as error:
            rule = error.rule if isinstance(error, Refused) else type(error).__name__.lower()
            _log.info("slack.refused user=%s what=%s rule=%s", request.user, _what(request), rule)
            return self._refused(request, error)
        except Exception:  # noqa: BLE001 - the listener's border: shown with a reference, and logged
            reference = self._clock.token()[:REFERENCE_CHARACTERS]
            _log.exception("slack.listener_failed reference=%s what=%s", reference, _what(request))
            return self._broken(request, reference)

    async def _answer(self, request: Request) -> Reply:
        match request:
            case Click():
                return await self._presses.answer(request)
            case Submission():
                return await self._submissions.answer(request)
            case Command():
                return await self._commands.answer(request)

    async def _check_origin(self, request: Request, body: Mapping[str, Any]) -> None:
        """F48: a press from another workspace, or on another app's message, is nothing that we asked for."""
        identity = await self._workspace.identity()
        if payloads.teams(body) != {identity.team}:
            _log.warning("slack.foreign user=%s teams=%s", request.user, sorted(payloads.teams(body)))
            raise Refused(texts.FOREIGN, rule="origin.team")
        if isinstance(request, Click) and request.author and identity.bot and request.author != identity.bot:
            _log.warning("slack.foreign user=%s author=%s", request.user, request.author)
            raise Refused(texts.NOT_OURS, rule="origin.author")

    def _refused(self, request: Request, error: PageturnerError) -> Reply:
        if isinstance(request, Submission) and (fields := submissions.errors(request, error)):
            return Reply(errors=fields)
        return Reply(texts.refused(error))

    def _broken(self, request: Request, reference: str) -> Reply:
        card: Card = texts.broken(reference)
        if isinstance(request, Submission) and request.fields:
            return Reply(errors={list(request.fields)[-1]: card.fallback})
        return Reply(card)


def _is_of_home(request: Request) -> bool:
    """Pressed in App Home, or submitted in a window that was opened from there."""
    match request:
        case Click():
            return request.is_home
        case Submission():
            return not request.place.channel
        case Command():
            return False


def _what(request: Request) -> str:
    match request:
        case Click():
            return request.action
        case Submission():
            return request.callback
        case Command():
            return "/runbook"

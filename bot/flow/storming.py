"""A storm of incidents is told as one digest while their threads come at the pace that Slack allows.

It begins with more openings within a minute than the threshold, and is over when they have become rare and each has its
thread. The digest is one message, found again after a restart.
"""

import asyncio
import logging
from collections import deque
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core import card_storm
from bot.core.errors import PageturnerError, Permanent, Transient
from bot.core.ids import IncidentId
from bot.core.incidents import Incident
from bot.flow import announcing
from bot.flow.announcing import Announcer
from bot.flow.recording import Recorder
from bot.ports import Board, Chat, Clock, Message, Posted

log = logging.getLogger(__name__)

STORM = IncidentId("storm")
"""What the digest is filed under: no incident."""

KEY, OVER = "digest", "over"
WINDOW = timedelta(minutes=1)
EVERY_SECONDS = 1.2
"""chat.update: 50 a minute for the whole workspace is the most that one digest may take ..."""
QUICK_EDITS = 5
LATER_SECONDS = 3.0
"""... and after the first ones it leaves most of that to the incidents' own messages."""


class Storm:
    """`threshold`: openings within a minute beyond which one list is shown; 0 for never."""

    def __init__(
        self,
        recorder: Recorder,
        board: Board,
        chat: Chat,
        clock: Clock,
        *,
        announcer: Announcer,
        channel: str,
        threshold: int,
        told: tuple[str, ...],
    ) -> None:
        self._board = board
        self._chat = chat
        self._clock = clock
        self._announcer = announcer
        self._channel = channel
        self._threshold = threshold
        self._told = told
        self._openings: deque[datetime] = deque()
        self._members: dict[IncidentId, Incident] = {}
        self._posted: Posted | None = None
        self._is_on = False
        self._edits = 0
        self._changed = asyncio.Event()
        if threshold:
            recorder.listeners.append(self.heard)

    @property
    def is_on(self) -> bool:
        return self._is_on

    async def start(self) -> None:
        """A storm that was on when the process ended goes on in the same message."""
        for row in await self._board.posted(STORM):
            if row.key == KEY and row.shown != OVER:
                self._posted, self._is_on = row, True
                self._changed.set()

    def heard(self, incident: Incident) -> None:
        """Called with every change of every incident."""
        now = self._clock.now()
        if incident.id not in self._members and incident.opened_at is not None:
            if now - incident.opened_at > WINDOW and not self._is_on:
                return
            if now - incident.opened_at <= WINDOW:
                self._openings.append(incident.opened_at)
        self._members[incident.id] = incident
        self._prune(now)
        self._is_on = self._is_on or len(self._openings) > self._threshold
        if self._is_on:
            self._changed.set()

    def _prune(self, now: datetime) -> None:
        while self._openings and now - self._openings[0] > WINDOW:
            self._openings.popleft()
        if not self._is_on:
            recent = {name: each for name, each in self._members.items() if _is_recent(each, now)}
            self._members = recent if len(recent) < len(self._members) else self._members

    async def tick(self) -> None:
        """Called every second: threads that have come, and the end of the storm, are no events of an incident."""
        self._prune(self._clock.now())
        if self._is_on:
            self._changed.set()

    async def run(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            if not self._is_on:
                continue
            try:
                changed = await self._show()
            except PageturnerError as problem:
                log.warning("digest not shown", extra={"problem": str(problem)})
                await self._clock.sleep(max(EVERY_SECONDS, getattr(problem, "retry_after_seconds", 0.0)))
                self._changed.set()
            else:
                self._edits += changed
                if changed:
                    await self._clock.sleep(EVERY_SECONDS if self._edits <= QUICK_EDITS else LATER_SECONDS)

    async def _show(self) -> bool:
        """Whether Slack was told anything."""
        shown = self._announcer.has_root(self._members)
        is_over = len(self._openings) <= self._threshold // 2 and len(shown) == len(self._members)
        card = card_storm.digest(tuple(self._members.values()), shown=shown, told=self._told, is_over=is_over)
        digest = announcing.digest(card)
        if self._posted is not None and self._posted.shown == digest:
            return False
        message = Message(STORM, KEY, card)
        posted = await self._deliver(message)
        self._posted = None if is_over else replace(posted, shown=digest)
        await self._board.note(replace(posted, shown=OVER if is_over else digest))
        if is_over:
            self._is_on, self._edits, self._members = False, 0, {}
        return True

    async def _deliver(self, message: Message) -> Posted:
        await self._announcer.aside(is_new=self._posted is None)
        try:
            if self._posted is None:
                return await self._chat.post(message, channel=self._channel)
            return await self._chat.update(message, self._posted)
        except Permanent as problem:
            self._posted = None  # deleted by somebody: posted anew
            raise Transient(f"the digest is gone: {problem}") from problem


def _is_recent(incident: Incident, now: datetime) -> bool:
    return incident.opened_at is not None and now - incident.opened_at <= WINDOW

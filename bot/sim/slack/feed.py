"""The change feed: a bounded, numbered list of what happened, for the page's event stream and for tests that wait.

Waiting is event-driven. A change may be addressed to some people only; whom a reader reads for is the reader's duty.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from bot.sim.slack.wire import Json

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change:
    """One change; `audience` None means everybody."""

    seq: int
    type: str
    body: Json
    audience: frozenset[str] | None = None

    def visible_to(self, user: str) -> bool:
        """Whether this person's screen shows it."""
        return self.audience is None or user in self.audience

    def to_json(self) -> Json:
        """The wire form of the page's protocol."""
        return {"seq": self.seq, "type": self.type, **self.body}


class Feed:
    """Keeps the last `size` changes."""

    def __init__(self, size: int) -> None:
        self._changes: deque[Change] = deque(maxlen=size)
        self._more: asyncio.Future[None] | None = None
        self.last_seq = 0
        self.closed = False

    def publish(self, kind: str, body: Json, *, audience: frozenset[str] | None = None) -> None:
        """Appends a change and wakes whoever waits. The body must not be changed afterwards."""
        self.last_seq += 1
        self._changes.append(Change(self.last_seq, kind, body, audience))
        self._wake()

    def since(self, seq: int) -> list[Change]:
        """The kept changes after `seq`, oldest first."""
        newer: list[Change] = []
        for change in reversed(self._changes):
            if change.seq <= seq:
                break
            newer.append(change)
        newer.reverse()
        return newer

    def has_lost(self, seq: int) -> bool:
        """Whether changes after `seq` have already been dropped: such a reader needs a new snapshot."""
        return bool(self._changes) and self._changes[0].seq > seq + 1

    async def more(self, seq: int) -> None:
        """Returns as soon as there is a change after `seq`, or the feed is closed."""
        while self.last_seq <= seq and not self.closed:
            if self._more is None or self._more.done():
                self._more = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._more)

    async def first(self, pick: Callable[[Change], T | None], *, after: int, timeout: float) -> T:
        """The first value other than None that `pick` gives for a change after `after`; TimeoutError otherwise."""
        async with asyncio.timeout(timeout):
            while True:
                for change in self.since(after):
                    found = pick(change)
                    if found is not None:
                        return found
                after = self.last_seq
                await self.more(after)

    def close(self) -> None:
        """Wakes every waiter for the last time."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        if self._more is not None and not self._more.done():
            self._more.set_result(None)

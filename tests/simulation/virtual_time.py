"""An event loop in which nobody waits: when all that is ready is done, time jumps to whatever is next."""

import asyncio
import random
import selectors
from datetime import datetime, timedelta

from tests import builders as b


class Stuck(Exception):
    """Everybody waits for somebody and nobody for the clock."""


class _Instant(selectors.SelectSelector):
    """No file is ever ready; the time that would have been spent on waiting is only counted."""

    def __init__(self) -> None:
        super().__init__()
        self.elapsed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stuck
        self.elapsed += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Seconds of `time()` are virtual and begin at 0."""

    def __init__(self) -> None:
        self._instant = _Instant()
        super().__init__(self._instant)

    def time(self) -> float:
        return self._instant.elapsed


class VirtualClock:
    """ports.Clock. `jump` moves the wall clock and not the monotonic one, as NTP or an operator does."""

    def __init__(self, loop: VirtualLoop, chance: random.Random) -> None:
        self._loop = loop
        self._chance = chance
        self._offset = self._furthest = timedelta()

    def now(self) -> datetime:
        return b.T0 + timedelta(seconds=self._loop.time()) + self._offset

    def monotonic(self) -> float:
        return self._loop.time()

    def token(self) -> str:
        return f"{self._chance.getrandbits(96):024x}"

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    @property
    def is_behind_by(self) -> timedelta:
        """What deadlines set before it was put back still wait for."""
        return self._furthest - self._offset

    def jump(self, by: timedelta) -> None:
        self._offset += by
        self._furthest = max(self._furthest, self._offset)

"""Time of the simulated service: any source of seconds, plus an offset that a test or the page can advance.

Timers are kept here rather than on the event loop so that advancing the clock fires what became due at once.
"""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(order=True, slots=True)
class Timer:
    """A callback due at `when`; `cancel` makes it never run."""

    when: float
    order: int
    callback: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        """Keeps the callback from running; harmless when it already has."""
        self.cancelled = True


# A frozen source never reaches a timer by itself; looking again this often costs nothing.
_SHORTEST_LOOK_SECONDS = 0.001


class SimClock:
    """Seconds since the epoch, with timers."""

    def __init__(self, source: Callable[[], float]) -> None:
        self._source = source
        self._offset = 0.0
        self._timers: list[Timer] = []
        self._order = itertools.count()
        self._look: asyncio.TimerHandle | None = None
        self._look_at = 0.0

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._source() + self._offset

    def advance(self, seconds: float) -> None:
        """Moves time forward and runs every timer that became due, in order."""
        self._offset += seconds
        self._run_due()

    def call_in(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Runs `callback` on the running loop once `seconds` have passed on this clock."""
        timer = Timer(self.now() + seconds, next(self._order), callback)
        heapq.heappush(self._timers, timer)
        self._arm()
        return timer

    async def sleep(self, seconds: float) -> None:
        """Returns once `seconds` have passed on this clock."""
        woken = asyncio.Event()
        timer = self.call_in(seconds, woken.set)
        try:
            await woken.wait()
        finally:
            timer.cancel()

    def stop(self) -> None:
        """Forgets every timer."""
        self._timers.clear()
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _run_due(self) -> None:
        while self._timers and (self._timers[0].cancelled or self._timers[0].when <= self.now()):
            timer = heapq.heappop(self._timers)
            if not timer.cancelled:
                timer.callback()
        self._arm()

    def _arm(self) -> None:
        if not self._timers:
            return
        due = self._timers[0].when
        if self._look is not None and self._look_at <= due:
            return
        if self._look is not None:
            self._look.cancel()
        delay = max(due - self.now(), _SHORTEST_LOOK_SECONDS)
        self._look_at = due
        self._look = asyncio.get_running_loop().call_later(delay, self._looked)

    def _looked(self) -> None:
        self._look = None
        self._run_due()

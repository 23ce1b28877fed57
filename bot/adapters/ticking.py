"""APScheduler only ticks: deadlines are data in the store, so a late or lost tick changes nothing but the second."""

from collections.abc import Awaitable, Callable
from datetime import UTC

from apscheduler.schedulers.asyncio import AsyncIOScheduler

TICK_SECONDS = 1.0
NEVER_TOO_LATE_SECONDS = 3600
"""APScheduler drops jobs that are more than a second late by default; a late tick is as good as one in time."""


class Ticker:
    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(timezone=UTC)

    def every(self, seconds: float, call: Callable[[], Awaitable[None]], *, name: str) -> None:
        """`call` must be a coroutine function: APScheduler would run a plain one in a thread of its own."""
        self._scheduler.add_job(
            call,
            "interval",
            seconds=seconds,
            id=name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=NEVER_TOO_LATE_SECONDS,
        )

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.shutdown(wait=False)

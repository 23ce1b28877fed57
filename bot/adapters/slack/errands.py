"""Work that outlives Slack's three seconds: every task has a name, an owner and an end, and there is a limit."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from bot.core.errors import Transient

MOST_AT_ONCE = 500
"""Far above what people can click, far below what would exhaust memory: beyond it something floods us."""

T = TypeVar("T")


class Errands:
    """Owns the tasks that listeners start. A task's own errors are its affair: it must not raise unseen."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T], *, name: str) -> "asyncio.Task[T]":
        if len(self._tasks) >= MOST_AT_ONCE:
            work.close()
            raise Transient("Too much is going on at once.")
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def drain(self, deadline_seconds: float) -> int:
        """Wait for all of them, then cancel the rest; answers how many were cancelled."""
        if not self._tasks:
            return 0
        _, late = await asyncio.wait(set(self._tasks), timeout=deadline_seconds)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
        return len(late)

"""The supervisor's border: what no stage foresaw is caught here, logged in full and handed on as a value.

One of the three places where a broad except is allowed; the others are the Slack listener and the step runner.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from bot.core.errors import Conflict, Transient, Unclear
from bot.ports import Clock

log = logging.getLogger(__name__)

T = TypeVar("T")


async def caught(work: Awaitable[object]) -> Exception | None:
    """Await it; None when it went well, else what went wrong, logged. Cancellation passes through."""
    try:
        await work
    except Exception as problem:  # noqa: BLE001 - the supervisor's border
        _tell(problem)
        return problem
    return None


async def answer(work: Awaitable[T]) -> T | None:
    """Its answer, or None after logging what went wrong."""
    try:
        return await work
    except Exception as problem:  # noqa: BLE001 - the supervisor's border
        _tell(problem)
        return None


async def either(*told: asyncio.Event) -> None:
    """Until the first of them is set."""
    waits = [asyncio.create_task(each.wait()) for each in told]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waits:
            each.cancel()


async def until(holds: Callable[[], bool], seconds: float, *, clock: Clock) -> None:
    """Until it holds, or so long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not holds():
                await clock.sleep(0.05)


def is_transient(problem: Exception) -> bool:
    return isinstance(problem, Transient | Conflict)


def later(clock: Clock, seconds: float) -> datetime:
    return clock.now() + timedelta(seconds=seconds)


def _tell(problem: Exception) -> None:
    if isinstance(problem, Transient | Conflict | Unclear):
        log.warning("will try again", extra={"problem": str(problem)})
    else:
        log.error("unexpected", exc_info=problem)

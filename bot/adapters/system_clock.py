"""The one place that asks the system for time and chance."""

import asyncio
import secrets
import time
from datetime import UTC, datetime

TOKEN_BYTES = 12
"""96 bits: not guessable, and short enough for an id in a button."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def token(self) -> str:
        return secrets.token_urlsafe(TOKEN_BYTES)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

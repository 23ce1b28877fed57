"""Budgets of Web API methods: a token bucket per method, and per channel for posting.

https://docs.slack.dev/apis/web-api/rate-limits: tier 1 to 4 are 1, 20, 50 and 100 calls a minute or more, posting is
about one message a second per channel with small bursts, and a few hundred a minute for the whole workspace.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from bot.sim.slack.clocks import SimClock
from bot.sim.slack.errors import RateLimited
from bot.sim.slack.settings import RateMode
from bot.sim.slack.warnings import Warnings


class Tier(StrEnum):
    """A method's budget."""

    ONE = "1"
    TWO = "2"
    THREE = "3"
    FOUR = "4"
    POSTING = "posting"  # about 1/s per channel, and a cap for the workspace
    FREQUENT = "frequent"  # auth.test, chat.getPermalink: several hundred a minute
    FREE = "free"  # api.test


@dataclass(frozen=True, slots=True)
class Budget:
    """`per_minute` tokens flow in evenly; `burst` may be spent at once."""

    per_minute: int
    burst: int


BUDGETS: Mapping[Tier, Budget] = MappingProxyType(
    {
        Tier.ONE: Budget(1, 3),
        Tier.TWO: Budget(20, 20),
        Tier.THREE: Budget(50, 50),
        Tier.FOUR: Budget(100, 100),
        Tier.POSTING: Budget(60, 3),
        Tier.FREQUENT: Budget(600, 600),
    }
)
WORKSPACE_POSTS = Budget(600, 100)  # "several hundred messages per minute per workspace"


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class RateLimits:
    """Spends tokens; over budget it does nothing, warns, or raises RateLimited, by mode."""

    def __init__(self, mode: RateMode, *, clock: SimClock, warnings: Warnings) -> None:
        self.mode = mode
        self._clock, self._warnings = clock, warnings
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def spend(self, method: str, tier: Tier, channel: str = "") -> None:
        """Counts one call of `method`, for posting on `channel`."""
        if self.mode is RateMode.OFF or tier is Tier.FREE:
            return
        waits = [self._take((method, channel if tier is Tier.POSTING else ""), BUDGETS[tier])]
        if tier is Tier.POSTING:
            waits.append(self._take(("workspace posts", ""), WORKSPACE_POSTS))
        wait = max(waits)
        if not wait:
            return
        if self.mode is RateMode.ENFORCE:
            raise RateLimited(math.ceil(wait))
        self._warnings.add("over_budget", f"{method} {channel}".strip() + " was called more often than Slack allows")

    def _take(self, key: tuple[str, str], budget: Budget) -> float:
        """Seconds until a token is there; 0.0 when one was taken."""
        now = self._clock.now()
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(float(budget.burst), now)
        rate = budget.per_minute / 60
        bucket.tokens = min(float(budget.burst), bucket.tokens + (now - bucket.filled_at) * rate)
        bucket.filled_at = now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0.0
        return (1 - bucket.tokens) / rate

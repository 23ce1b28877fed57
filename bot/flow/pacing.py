"""Token buckets: how often something may be said. Pure arithmetic on a clock that is handed in."""

from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """`per_second` tokens a second up to `burst`; 0 a second means that nothing is held back."""

    per_second: float
    burst: float
    tokens: float = 0.0
    at: float | None = None

    def take(self, now: float) -> float:
        """Take one token; the seconds to wait before using it."""
        wait = self.wait(now)
        if self.per_second > 0:
            self.tokens -= 1
        return wait

    def wait(self, now: float) -> float:
        """The seconds until there is a token, without taking it."""
        if self.per_second <= 0:
            return 0.0
        if self.at is None:
            self.tokens, self.at = self.burst, now
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.per_second)
        self.at = now
        return max(0.0, (1 - self.tokens) / self.per_second)

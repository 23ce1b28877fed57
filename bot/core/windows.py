"""Hours of the week in which something may happen, in the organisation's own time zone."""

from dataclasses import dataclass
from datetime import datetime

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """`start` and `end` are minutes since midnight on a wall clock; an `end` before `start` is the next day's.

    `days` are those on which it starts. Wall clock time is what people mean: when clocks change, it moves along.
    """

    days: tuple[str, ...] = DAYS
    start: int = 0
    end: int = DAY_MINUTES

    def contains(self, local: datetime) -> bool:
        """`local` is aware and in the organisation's zone. The end itself is outside."""
        minute, today = local.hour * 60 + local.minute, local.weekday()
        if self.start < self.end:
            return DAYS[today] in self.days and self.start <= minute < self.end
        is_late = DAYS[today] in self.days and minute >= self.start
        is_early = DAYS[today - 1] in self.days and minute < self.end
        return is_late or is_early

    def __str__(self) -> str:
        days = "every day" if set(self.days) == set(DAYS) else ", ".join(self.days)
        return f"{days} {_clock(self.start)} to {_clock(self.end)}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"

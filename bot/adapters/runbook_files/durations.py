"""Durations as people write them: `90s`, `10m`, `1h`, `1h30m`. Shared by both forms."""

import re
from datetime import timedelta

from bot.core.errors import Invalid

LONGEST = timedelta(days=7)
_SHAPE = re.compile(r"(?:([0-9]{1,4})h)?(?:([0-9]{1,5})m)?(?:([0-9]{1,6})s)?", re.IGNORECASE)
_WORDS = re.compile(r"\s*(hours?|hrs?|minutes?|mins?|seconds?|secs?)\b\s*", re.IGNORECASE)


def parse(text: str) -> timedelta:
    """More than nothing, at most seven days. `10 min` and `10 minutes` are read as `10m`. Raise Invalid otherwise."""
    short = _WORDS.sub(lambda unit: unit[1][0], text.strip()).replace(" ", "")
    found = _SHAPE.fullmatch(short) if short else None
    if found is None:
        raise Invalid(
            f"{text[:40]!r} is not a duration", remedy="write a number with a unit, such as 90s, 10m or 1h30m"
        )
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    duration = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta() < duration <= LONGEST:
        raise Invalid(f"{text[:40]!r} is out of range", remedy="give more than 0s and at most 168h")
    return duration


def render(duration: timedelta) -> str:
    """The shortest form that `parse` reads back; whole seconds only."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return "".join(f"{number}{unit}" for number, unit in ((hours, "h"), (minutes, "m"), (seconds, "s")) if number)

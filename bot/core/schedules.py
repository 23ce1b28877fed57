"""Who is on call: a rotation of people in turns of equal length, and overrides that win while they last.

Wall clock time of the organisation: a turn that begins at nine begins at nine when clocks have changed as well.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.ids import UserId

PAGERDUTY = "pagerduty/"
"""Before the id of a schedule that PagerDuty keeps; all others stand in schedules.yaml."""

_OUTSIDE = re.compile(re.escape(PAGERDUTY) + "[A-Z0-9]{4,30}")


@dataclass(frozen=True, slots=True)
class Override:
    """`start` and `end` are wall clock times without a zone; the end itself is outside."""

    user: UserId
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Schedule:
    """`start` is the wall clock time at which the first of `rotation` begins; `turn` is a whole number of hours."""

    name: str
    rotation: tuple[UserId, ...]
    start: datetime
    turn: timedelta
    overrides: tuple[Override, ...] = ()

    def on_call(self, local: datetime) -> UserId | None:
        """Whose turn it is; None before the first one and in an empty rotation. `local`: in the organisation's zone."""
        wall = local.replace(tzinfo=None)
        instead = [each.user for each in self.overrides if each.start <= wall < each.end]
        if instead:
            return instead[-1]
        if not self.rotation or wall < self.start:
            return None
        return self.rotation[(wall - self.start) // self.turn % len(self.rotation)]


Schedules = Mapping[str, Schedule]


def is_outside(name: str) -> bool:
    """A schedule of PagerDuty's, by its id (capital letters and digits)."""
    return _OUTSIDE.fullmatch(name) is not None

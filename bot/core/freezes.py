"""The stop button: a freeze keeps steps from starting, everywhere or within one scope, until it is lifted or over."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.authorization import Entity
from bot.core.errors import Invalid
from bot.core.ids import UserId
from bot.core.incidents import Incident

LONGEST = timedelta(days=30)
"""A freeze that nobody remembers is a fault of its own; a longer one is renewed."""

LONGEST_REASON = 200

CALENDAR = UserId("calendar")
"""Who froze what stands in the calendar: no person."""

RECORD = UserId("record")
"""Who froze everything because the stored record does not add up: no person."""

_SPAN = re.compile(r"(\d{1,5})(m|min|h|d)", re.IGNORECASE)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


class ScopeKind(StrEnum):
    ALL = "all"
    ENVIRONMENT = "environment"
    SERVICE = "service"
    RUNBOOK = "runbook"


@dataclass(frozen=True, slots=True)
class Scope:
    """`name` is "" for everything."""

    kind: ScopeKind = ScopeKind.ALL
    name: str = ""

    def __str__(self) -> str:
        return "everything" if self.kind is ScopeKind.ALL else f"{self.kind} {self.name}"

    def covers(self, incident: Incident) -> bool:
        found = {
            ScopeKind.ENVIRONMENT: incident.environment,
            ScopeKind.SERVICE: incident.service,
            ScopeKind.RUNBOOK: incident.runbook or "",
        }
        return self.kind is ScopeKind.ALL or found[self.kind].casefold() == self.name.casefold()


@dataclass(frozen=True, slots=True)
class Freeze:
    """`until` is None for one that only a person ends. `lifted_by` and `lifted_at` are set together."""

    id: str
    scope: Scope
    reason: str
    by: UserId
    at: datetime
    until: datetime | None = None
    lifted_by: UserId | None = None
    lifted_at: datetime | None = None

    def is_on(self, now: datetime) -> bool:
        has_begun = not self.is_of_calendar or self.at <= now  # a person's holds even when the clock is set back
        return self.lifted_at is None and has_begun and (self.until is None or now < self.until)

    @property
    def is_of_calendar(self) -> bool:
        """It stands in the calendar's file, and ends by itself or by an edit."""
        return self.by == CALENDAR


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked for; `span` is None for no end."""

    scope: Scope
    reason: str
    span: timedelta | None


def parse(words: Sequence[str]) -> Wish:
    """`[reason] [for 2h] [environment=X | service=X | runbook=X]`. Raise Invalid for a second or an empty scope."""
    scopes = [word for word in words if _scope_key(word)]
    if len(scopes) > 1:
        raise Invalid("two scopes are given", remedy="freeze one after another, or everything")
    rest = [word for word in words if not _scope_key(word)]
    span = None
    if len(rest) > 1 and rest[-2].lower() == "for" and rest[-1][:1].isdecimal():
        span = _span(rest[-1])
        rest = rest[:-2]
    return Wish(_scope(scopes[0]) if scopes else Scope(), " ".join(rest)[:LONGEST_REASON], span)


def parse_scope(words: Sequence[str]) -> Scope:
    """What to let go of: nothing or one scope. Raise Invalid for other words: they may mean less than all."""
    wish = parse(words)
    if wish.reason or wish.span:
        raise Invalid(
            f"{' '.join(words)} names no freeze", remedy="write nothing, or service=X, environment=X, runbook=X"
        )
    return wish.scope


def _scope_key(word: str) -> str:
    key, equals, _ = word.partition("=")
    return key.lower() if equals and key.lower() in set(ScopeKind) - {ScopeKind.ALL} else ""


def _scope(word: str) -> Scope:
    name = word.partition("=")[2].strip()
    if not name:
        raise Invalid(f"{word} names nothing", remedy=f"write {word}NAME")
    return Scope(ScopeKind(_scope_key(word)), name)


def _span(text: str) -> timedelta:
    found = _SPAN.fullmatch(text)
    span = int(found[1]) * _UNITS[found[2][0].lower()] if found else timedelta(0)
    if not timedelta(0) < span <= LONGEST:
        raise Invalid(f"{text} is no time to freeze for", remedy="write 30m, 2h or 1d, at most 30d")
    return span


def resource(scope: Scope) -> Entity:
    """What policy is asked about."""
    kinds = {
        ScopeKind.ENVIRONMENT: "Environment",
        ScopeKind.SERVICE: "Service",
        ScopeKind.RUNBOOK: "Runbook",
    }
    return Entity(kinds[scope.kind], scope.name) if scope.kind in kinds else Entity("Everything", "everything")


def holding(freezes: Iterable[Freeze], incident: Incident, now: datetime) -> Freeze | None:
    """The freeze that keeps this incident's steps from starting now."""
    return next((each for each in freezes if each.is_on(now) and each.scope.covers(incident)), None)


def describe(freeze: Freeze, now: datetime) -> str:
    """One sentence that begins with who it was: what is frozen, until when and why."""
    end = freeze.until
    day = f" on {end:%d %b}" if end and end.date() != now.date() else ""
    left = f"until {end:%H:%M} UTC{day}" if end else "until it is lifted"
    reason = f": {freeze.reason}" if freeze.reason else ""
    if freeze.is_of_calendar:
        return f"The calendar ({freeze.id}) freezes {freeze.scope} {left}{reason}"
    if freeze.by == RECORD:
        return f"The bot froze {freeze.scope} {left}{reason}"
    return f"<@{freeze.by}> froze {freeze.scope} {left}{reason}"


def lifting(freeze: Freeze) -> str:
    """The command that ends it."""
    scope = freeze.scope
    return "/runbook unfreeze" + ("" if scope.kind is ScopeKind.ALL else f" {scope.kind}={scope.name}")

"""How well one runbook fits one alert: points that a person can add up again.

What a runbook asks for is worth points: each of `all_words` 1, `any_words` 1 together, `alert_names` 3, `regex` 2,
each label 2, `service` 1, `severity` and `environment` a half each. The score is the share of the points that the
alert earns, times how much that says: 0.7 for a vague hit up to 1.0 for five points or more.

An alert from another environment, or with another value of a declared label, is about something else: the runbook is
out. Another service or severity, a missing word, name or regular expression only keeps the runbook from being chosen
without a person (score at most 0.79). What the alert does not say at all just earns nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.core import patterns, words
from bot.core.alerts import Alert, Severity
from bot.core.patterns import Pattern
from bot.core.runbooks import Match, Runbook
from bot.core.words import Words

FLOOR = 0.4
"""Below this a runbook is not even offered."""
CAP = 0.79
"""The most that a runbook gets when something that it asks for speaks against it."""

NAME, REGEX, LABEL, WORD, HALF = 3.0, 2.0, 2.0, 1.0, 0.5
_VAGUE, _ENOUGH = 0.7, 5.0


@dataclass(frozen=True, slots=True)
class Score:
    """`value` is 0 to 1, in hundredths; `reasons` and `misses` are ready to show."""

    value: float
    reasons: tuple[str, ...]
    misses: tuple[str, ...]


# --- the alert, prepared once ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """`text` is what regular expressions search: the name, a line break, the source's description."""

    name: str
    severity: Severity
    service: str
    environment: str
    labels: Mapping[str, str]
    words: Words
    text: str


def look(alert: Alert) -> Seen:
    texts = (alert.name, alert.text, alert.service, *alert.labels.values(), *alert.annotations.values())
    return Seen(
        name=words.name(alert.name[: words.LONGEST_TEXT]),
        severity=alert.severity,
        service=alert.service.casefold(),
        environment=alert.environment.casefold(),
        labels=alert.labels,
        words=words.of(texts),
        text=f"{alert.name}\n{alert.text}"[: words.LONGEST_TEXT],
    )


# --- what a runbook asks for, prepared once --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wish:
    """One runbook's match, compiled. `total` is what it could earn."""

    match: Match
    all_words: tuple[tuple[str, tuple[str, ...]], ...]
    any_words: tuple[tuple[str, tuple[str, ...]], ...]
    names: frozenset[str]
    service: frozenset[str]
    environment: frozenset[str]
    pattern: Pattern | None
    total: float


def compile_wish(runbook: Runbook) -> Wish:
    match = runbook.match
    total = (
        WORD * (len(match.all_words) + bool(match.any_words) + bool(match.service))
        + NAME * bool(match.alert_names) + REGEX * bool(match.regex) + LABEL * len(match.labels)
        + HALF * (bool(match.severity) + bool(match.environment))
    )  # fmt: skip
    return Wish(
        match,
        tuple((word, words.phrase(word)) for word in match.all_words),
        tuple((word, words.phrase(word)) for word in match.any_words),
        frozenset(map(words.name, match.alert_names)),
        frozenset(map(str.casefold, match.service)), frozenset(map(str.casefold, match.environment)),
        patterns.parse(match.regex, ignore_case=True) if match.regex else None,
        total,
    )  # fmt: skip


# --- scoring ---------------------------------------------------------------------------------------------------------


class _Tally:
    """Points while one runbook is held against one alert."""

    def __init__(self) -> None:
        self.points = 0.0
        self.reasons: list[str] = []
        self.misses: list[str] = []
        self.is_doubtful = False

    def earn(self, points: float, reason: str) -> None:
        self.points += points
        self.reasons.append(reason)

    def miss(self, what: str, *, doubtful: bool = True) -> None:
        self.misses.append(what)
        self.is_doubtful = self.is_doubtful or doubtful


def score(wish: Wish, seen: Seen) -> Score | None:
    """None when the alert is about something else, or earns too little to be offered."""
    if wish.environment and seen.environment and seen.environment not in wish.environment:
        return None
    if any(key in seen.labels and seen.labels[key] != value for key, value in wish.match.labels.items()):
        return None
    tally = _Tally()
    _score_words(wish, seen, tally)
    _score_names(wish, seen, tally)
    _score_places(wish, seen, tally)
    earned = share(tally.points, wish.total)
    value = round(min(earned, CAP) if tally.is_doubtful else earned, 2)
    return Score(value, tuple(tally.reasons), tuple(tally.misses)) if value >= FLOOR else None


def _score_words(wish: Wish, seen: Seen, tally: _Tally) -> None:
    found = [word for word, phrase in wish.all_words if seen.words.has(phrase)]
    if found:
        tally.earn(WORD * len(found), _listed("word", found))
    absent = [word for word, _ in wish.all_words if word not in found]
    if absent:
        tally.miss(_listed("word", absent))
    if wish.any_words:
        some = [word for word, phrase in wish.any_words if seen.words.has(phrase)]
        if some:
            tally.earn(WORD, _listed("word", some))
        else:
            tally.miss("any of the words " + ", ".join(wish.match.any_words))


def _score_names(wish: Wish, seen: Seen, tally: _Tally) -> None:
    if wish.names:
        if seen.name in wish.names:
            named = next(name for name in wish.match.alert_names if words.name(name) == seen.name)
            tally.earn(NAME, f"alert {named}")
        else:
            tally.miss("alert " + " or ".join(wish.match.alert_names))
    if wish.pattern:
        if wish.pattern.is_in(seen.text):
            tally.earn(REGEX, f"text like /{wish.match.regex}/")
        else:
            tally.miss(f"text like /{wish.match.regex}/")
    for key, value in sorted(wish.match.labels.items()):
        if seen.labels.get(key) == value:
            tally.earn(LABEL, f"label {key}={value}")
        else:
            tally.miss(f"label {key}={value}")


def _score_places(wish: Wish, seen: Seen, tally: _Tally) -> None:
    if wish.service:
        _score_place(tally, "service", seen.service, wish.service, wanted=wish.match.service, points=WORD)
    if wish.match.severity:
        said = "" if seen.severity is Severity.UNKNOWN else str(seen.severity)
        accepted = frozenset(map(str, wish.match.severity))
        _score_place(tally, "severity", said, accepted, wanted=wish.match.severity, points=HALF)
    if wish.environment:
        accepted = wish.environment
        _score_place(tally, "environment", seen.environment, accepted, wanted=wish.match.environment, points=HALF)


def _score_place(
    tally: _Tally, what: str, said: str, accepted: frozenset[str], *, wanted: Iterable[str], points: float
) -> None:
    if said and said in accepted:
        tally.earn(points, f"{what} {said}")
    elif said:
        tally.miss(f"{what} is {said}, not {' or '.join(wanted)}")
    else:
        tally.miss(f"the alert names no {what}", doubtful=False)


def _listed(noun: str, found: list[str]) -> str:
    return f"{noun}{'s' if len(found) > 1 else ''} {', '.join(found)}"


def share(points: float, total: float) -> float:
    """The score for so many of a runbook's points."""
    return points / total * (_VAGUE + (1 - _VAGUE) * min(1.0, points / _ENOUGH))

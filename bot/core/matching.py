"""Which runbook fits an alert, and why. `scoring` says how well; here is how it is found among many, and who chooses.

One is chosen without a person when its score is at least 0.8 and the next best at least 0.1 behind. Otherwise a person
chooses among the best five that reach 0.4. Only runbooks that could reach 0.4 are scored at all (see `Index`).
"""

from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from bot.core import scoring
from bot.core.alerts import Alert
from bot.core.ids import RunbookName
from bot.core.runbooks import Library
from bot.core.scoring import Seen, Wish

THRESHOLD = 0.8
"""From here a runbook may be chosen without a person ..."""
LEAD = 0.1
"""... if the next best is at least this far behind."""
OFFERED = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """`score` is 0 to 1; `reasons` name what fitted, `misses` what did not though the runbook asks for it."""

    runbook: RunbookName
    title: str
    score: float
    reasons: tuple[str, ...] = ()
    misses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """The best candidates, best first, then by name. Unless one is `chosen`, being clearly ahead, a person chooses."""

    candidates: tuple[Candidate, ...]
    chosen: RunbookName | None
    reason: str


# --- the answer ------------------------------------------------------------------------------------------------------


def match(index: "Index", alert: Alert) -> Match:
    """What fits this alert. An incident of several alerts is matched on its first one."""
    candidates = tuple(index.candidates(alert, most=OFFERED))
    if not candidates:
        return Match((), None, "no runbook fits this alert")
    best = candidates[0]
    behind = candidates[1].score if len(candidates) > 1 else 0.0
    because = "; ".join(best.reasons)
    if best.score < THRESHOLD:
        reason = f"{best.runbook} fits best at {best.score:.2f}, below {THRESHOLD:.2f}: a person chooses"
    elif round(best.score - behind, 2) < LEAD:
        reason = (
            f"{best.runbook} at {best.score:.2f} and {candidates[1].runbook} at {behind:.2f} fit about equally well"
        )
    else:
        return Match(candidates, best.runbook, f"{best.runbook} {best.score:.2f}: {because}")
    return Match(candidates, None, reason)


# --- the index -------------------------------------------------------------------------------------------------------

_Key = tuple[str, str]
_Clue = tuple[tuple[_Key, ...], float]
_Numbered = tuple[tuple[tuple[int, float], ...], tuple[tuple[tuple[int, ...], float], ...]]
_ALWAYS: _Key = ("always", "")
_ANYWHERE = 2 * scoring.HALF  # what severity and environment can add without being looked up
_BARELY = scoring.FLOOR - 0.01  # scores are rounded to hundredths


class Index:
    """Runbooks by what they ask for. Built once for each library; then only what could be offered is scored.

    Raises Invalid for a regular expression that `patterns` refuses; loaders refuse those first.
    """

    def __init__(self, library: Library) -> None:
        self._runbooks = [library.runbooks[name] for name in sorted(library.runbooks)]
        self._wishes = [scoring.compile_wish(runbook) for runbook in self._runbooks]
        grams = Counter(gram for wish in self._wishes for gram in _grams(wish))
        clues = [_clues(wish, grams) for wish in self._wishes]
        self._needed = [_needed(wish.total) - _ANYWHERE for wish in self._wishes]
        frequency = Counter(key for each in clues for keys, _ in each for key in keys)
        self._ids = {key: number for number, key in enumerate(frequency)}
        self._numbered = [_numbered(each, self._ids) for each in clues]
        self._places: dict[int, list[int]] = defaultdict(list)
        for number, wish in enumerate(self._wishes):
            for key in _sufficient(clues[number], wish.total, frequency):
                self._places[self._ids[key]].append(number)
        self._label_keys = frozenset(key for wish in self._wishes for key in wish.match.labels)
        self._has_grams = bool(grams)

    def candidates(self, alert: Alert, *, most: int) -> list[Candidate]:
        """The best that reach the floor, best first, then by name."""
        seen = scoring.look(alert)
        best: list[tuple[float, int, Candidate]] = []
        for bound, number in self._plausible(seen):
            if len(best) == most and best[-1][:2] < (bound, number):
                break  # the rest comes after this one, and this one comes after all of the best
            if score := scoring.score(self._wishes[number], seen):
                runbook = self._runbooks[number]
                offer = Candidate(runbook.name, runbook.title, score.value, score.reasons, score.misses)
                insort(best, (-score.value, number, offer))
                del best[most:]
        return [candidate for _, _, candidate in best]

    def _plausible(self, seen: Seen) -> list[tuple[float, int]]:
        """The most that each runbook could score, negative, and its place by name: what could be best comes first.

        Many share one word with an alert, few share enough.
        """
        known = self._ids
        keys = {known[key] for key in self._keys(seen) if key in known}
        numbers = {number for key in keys & self._places.keys() for number in self._places[key]}
        likely = []
        for number in numbers:
            points = 0.0
            single, several = self._numbered[number]
            for key, worth in single:
                if key in keys:
                    points += worth
            for some, worth in several:
                if not keys.isdisjoint(some):
                    points += worth
            if points >= self._needed[number]:
                wish = self._wishes[number]
                points += scoring.HALF * (seen.severity in wish.match.severity)
                points += scoring.HALF * (seen.environment in wish.environment)
                likely.append((-round(scoring.share(points, wish.total), 2), number))
        return sorted(likely)

    def _keys(self, seen: Seen) -> Iterable[_Key]:
        yield _ALWAYS
        yield ("name", seen.name)
        yield ("service", seen.service)
        for label in self._label_keys & seen.labels.keys():
            yield ("label", f"{label}={seen.labels[label]}")
        for token in seen.words.tokens:
            yield ("word", token)
        text = seen.text.lower() if self._has_grams else ""
        for gram in {text[start : start + 3] for start in range(len(text) - 2)}:
            yield ("gram", gram)


def _grams(wish: Wish) -> list[_Key]:
    """What every text that the regular expression fits contains, in threes of characters."""
    literal = wish.pattern.literal if wish.pattern else ""
    return [("gram", literal[start : start + 3]) for start in range(len(literal) - 2)]


def _clues(wish: Wish, grams: Mapping[_Key, int]) -> list[_Clue]:
    """Each thing that can earn points: the keys one of which an earning alert must have, and the points.

    Severity and environment are missing on purpose: half the alerts share them, and alone they earn too little.
    """
    clues: list[_Clue] = [((("word", phrase[0]),), scoring.WORD) for _, phrase in wish.all_words if phrase]
    clues += [((("label", f"{key}={value}"),), scoring.LABEL) for key, value in sorted(wish.match.labels.items())]
    groups = (
        (tuple(("word", phrase[0]) for _, phrase in wish.any_words if phrase), scoring.WORD),
        (tuple(("name", name) for name in sorted(wish.names)), scoring.NAME),
        (tuple(("service", service) for service in sorted(wish.service)), scoring.WORD),
    )
    clues += [group for group in groups if group[0]]
    if wish.pattern:
        rarest = min(_grams(wish), key=lambda gram: (grams[gram], gram), default=_ALWAYS)
        clues.append(((rarest,), scoring.REGEX))
    return clues


def _numbered(clues: list[_Clue], ids: Mapping[_Key, int]) -> _Numbered:
    """The clues with whole numbers for keys, which are looked up faster; those with one key apart from the others."""
    found = [(tuple(ids[key] for key in keys), points) for keys, points in clues]
    single = tuple((keys[0], points) for keys, points in found if len(keys) == 1)
    return single, tuple((keys, points) for keys, points in found if len(keys) > 1)


@lru_cache(maxsize=1_024)
def _needed(total: float) -> float:
    """The fewest points (they come in halves) of a total with which a runbook can be offered."""
    halves = int(total / scoring.HALF)
    return next((n * scoring.HALF for n in range(halves) if scoring.share(n * scoring.HALF, total) >= _BARELY), total)


def _sufficient(clues: list[_Clue], total: float, frequency: Mapping[_Key, int]) -> set[_Key]:
    """The rarest keys without one of which the score cannot reach the floor."""
    by_rarity = sorted(clues, key=lambda clue: (sum(frequency[key] for key in clue[0]), clue[0]))
    left = _ANYWHERE + sum(points for _, points in clues)
    chosen: set[_Key] = set()
    for keys, points in by_rarity:
        if left < _needed(total):
            break
        chosen.update(keys)
        left -= points
    return chosen

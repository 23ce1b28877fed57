"""Regular expressions that people write into runbooks, kept from running away.

Python's engine backtracks, so `(a+)+$` on thirty characters can take longer than the incident. A pattern is therefore
read before it is used: what can backtrack without bound is refused, and the rest is searched in no more text than
keeps the work inside a fixed budget. Knows nothing of runbooks or alerts.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import factorial, inf
from typing import Any

from bot.core.errors import Invalid

LONGEST_PATTERN = 1_000
REACHES = (16_384, 8_192, 4_096, 2_048, 1_024, 512, 256)
"""How much text a pattern may be searched in, in characters: the largest that keeps it inside the budget."""
BUDGET = 500_000
"""Backtracking steps, by estimate. At the 90 ns a step that CPython 3.11 was seen to need at worst: 45 ms."""

_SCANNING = 20
"""Reading one more character, or looking for one fixed character, costs so many times less than a backtracking step."""

_LATIN = 256
_WORDS, _SPACES, _SIGNS = 256, 257, 258  # stand for all letters and digits, spaces, signs outside Latin-1
_BEYOND = frozenset({_WORDS, _SPACES, _SIGNS})
_ANY = frozenset(range(_LATIN)) | _BEYOND

# The parser has been `re._parser` since 3.11 (`sre_parse` before); it is the only exact reading of the syntax there is.
_parser: Any = re._parser  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Pattern:
    """`reach`: how many characters of a text are searched. `literal`: lower-case text in every match, or nothing."""

    regex: re.Pattern[str]
    reach: int
    literal: str

    def is_in(self, text: str) -> bool:
        return self.regex.search(text[: self.reach]) is not None


@lru_cache(maxsize=4_096)
def parse(text: str, *, ignore_case: bool = False, whole: bool = False) -> Pattern:
    """Raise Invalid for a pattern that does not compile, refers to itself, or whose work no reach would bound.

    With `ignore_case`, classes such as `\\w` are ASCII, so that lower-casing a text never loses a match.
    `whole` judges the pattern for `fullmatch`, which goes back over a match that ends too early.
    """
    if len(text) > LONGEST_PATTERN:
        raise Invalid(f"the pattern is longer than {LONGEST_PATTERN} characters", remedy="match on words instead")
    flags = re.ASCII | re.IGNORECASE if ignore_case else 0
    try:
        regex = re.compile(text, flags)
        tree = list(_parser.parse(text, flags))
        reach = next((reach for reach in REACHES if _cost(tree, reach, whole=whole) <= BUDGET), 0)
    except (re.error, OverflowError, RecursionError) as error:
        raise Invalid(f"not a regular expression: {error}", remedy="see docs.python.org/3/library/re.html") from error
    except Warning as warning:  # e.g. "possible nested set", where warnings are errors
        raise Invalid(f"ambiguous regular expression: {warning}", remedy="escape the bracket") from warning
    if not reach:
        raise Invalid(
            "the pattern could take very long on some texts (repeats inside repeats, or several open ones in a row)",
            remedy="repeat one thing at a time with a bound such as {0,40}, or use all_words",
        )
    return Pattern(regex, reach, _literal(tree))


# --- how much work ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Work:
    """Of one part that fails in the end: `cost` in backtracking steps, `ways` in which it can be tried.

    `open`: how many of its repeats share one text: k of them have n to the power of k, divided by k!, ways.
    """

    cost: float = 1 / _SCANNING
    ways: float = 1.0
    open: int = 0


@dataclass(frozen=True, slots=True)
class _Reader:
    """Estimates the work of one pattern on a text of `size` characters."""

    size: int

    def sequence(self, items: Sequence[Any], follow: frozenset[int]) -> _Work:
        """Whatever fails late is tried again for every way of what stands before it."""
        rest = _Work(cost=1.0)
        for item in reversed(items):
            work = self.item(item, follow)
            tries = work.ways
            if rest.cost <= _CHEAP and len(follow) <= _ONE_LETTER:  # only looks for where the rest could begin
                tries = max(1.0, tries / _SCANNING)
            rest = _Work(work.cost + tries * rest.cost, work.ways * rest.ways, work.open + rest.open)
            follow = self.first([item], follow)
        return rest

    def item(self, item: Any, follow: frozenset[int]) -> _Work:
        kind, argument = str(item[0]), item[1]
        match kind:
            case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN" | "AT":
                return _Work()
            case "SUBPATTERN":
                return self.sequence(argument[3], follow)
            case "BRANCH":
                return self.branches(argument[1], follow)
            case "MAX_REPEAT" | "MIN_REPEAT":
                return self.repeat(argument[0], argument[1], argument[2], follow=follow)
        raise Invalid(
            f"{kind.lower().replace('_', ' ')} is not allowed in a pattern",
            remedy="write it without look-around, back references and possessive or atomic groups",
        )

    def branches(self, branches: Sequence[Sequence[Any]], follow: frozenset[int]) -> _Work:
        works = [self.sequence(branch, follow) for branch in branches]
        starts = [self.first(branch, follow) for branch in branches]
        apart = sum(map(len, starts)) == len(frozenset().union(*starts))
        ways = max(work.ways for work in works) if apart else sum(work.ways for work in works)
        return _Work(sum(work.cost for work in works), ways, max(work.open for work in works))

    def repeat(self, least: int, most: int, body: Sequence[Any], *, follow: frozenset[int]) -> _Work:
        times = min(int(most), self.size)
        start = self.first(body, frozenset())
        once = self.sequence(body, follow | start if times > 1 else follow)
        inner = _power(once.ways, times)
        rounds = (inner - 1) / (once.ways - 1) if once.ways > 1.0 else times  # 1 + w + w^2 + ... for each way again
        is_settled = not (start & follow) and not self.is_nullable(body)
        stops = 1.0 if is_settled else float(times - min(least, times) + 1)
        is_simple = len(body) == 1 and str(body[0][0]) in _SINGLE
        cost = rounds * (1 / _SCANNING if is_simple else once.cost)
        return _Work(cost, inner * stops, once.open * (times if times <= _FEW else 1) + (stops > _FEW))

    def first(self, items: Iterable[Any], follow: frozenset[int]) -> frozenset[int]:
        """The characters that can come first, `follow` included where all of the items can be empty."""
        found: frozenset[int] = frozenset()
        for item in items:
            found |= self.starts(item)
            if not self.is_nullable([item]):
                return found
        return found | follow

    def starts(self, item: Any) -> frozenset[int]:
        kind, argument = str(item[0]), item[1]
        match kind:
            case "SUBPATTERN":
                return self.first(argument[3], frozenset())
            case "BRANCH":
                return frozenset().union(*(self.first(branch, frozenset()) for branch in argument[1]))
            case "MAX_REPEAT" | "MIN_REPEAT":
                return self.first(argument[2], frozenset())
            case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN":
                return _characters(kind, argument)
        return frozenset()

    def is_nullable(self, items: Iterable[Any]) -> bool:
        return all(self._can_be_empty(str(kind), argument) for kind, argument in items)

    def _can_be_empty(self, kind: str, argument: Any) -> bool:
        match kind:
            case "SUBPATTERN":
                return self.is_nullable(argument[3])
            case "BRANCH":
                return any(self.is_nullable(branch) for branch in argument[1])
            case "MAX_REPEAT" | "MIN_REPEAT":
                return argument[0] == 0 or self.is_nullable(argument[2])
        return kind == "AT"


_SINGLE = frozenset({"LITERAL", "NOT_LITERAL", "ANY", "IN"})
_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT"})
_ONE_LETTER = 2  # in both cases
_CHEAP = 2.0  # steps: twenty fixed characters
_FEW = 64
"""Repeats up to here count as bounded: their factor is counted, but not as one of the runs that share a text."""


def _cost(tree: Sequence[Any], size: int, *, whole: bool) -> float:
    """For a search that starts at every character."""
    last = len(tree)
    while last and not whole and str(tree[last - 1][0]) in _REPEATS and tree[last - 1][1][0] == 0:
        last -= 1  # `.*` at the end never fails
    work = _Reader(size).sequence(tree[:last], frozenset())
    return size * work.cost / factorial(min(work.open, 20) + 1)


def _power(base: float, exponent: int) -> float:
    try:
        return base**exponent
    except OverflowError:
        return inf


# --- sets of characters, never smaller than the truth (letters count in both cases, whatever the flags say) -----------


def _characters(kind: str, argument: Any) -> frozenset[int]:
    match kind:
        case "ANY":
            return _ANY
        case "LITERAL":
            return _cased(_members(("LITERAL", argument)))
        case "NOT_LITERAL":
            return _without(_members(("LITERAL", argument)))
    negated = bool(argument) and str(argument[0][0]) == "NEGATE"
    members = frozenset(code for each in argument for code in _members(each))
    return _without(members) if negated else _cased(members)


def _members(item: Any) -> frozenset[int]:
    kind, argument = str(item[0]), item[1]
    match kind:
        case "LITERAL":
            return frozenset({argument}) if argument < _LATIN else _beyond(chr(argument))
        case "RANGE":
            low, high = argument
            return frozenset(range(low, min(high, _LATIN - 1) + 1)) | (
                _BEYOND | _FOLDED if high >= _LATIN else frozenset()
            )
        case "CATEGORY":
            return _category(str(argument))
    return frozenset()


_FOLDED = frozenset(map(ord, "kis"))  # what the Kelvin sign, the dotless and dotted i and the long s fold to


def _beyond(character: str) -> frozenset[int]:
    if character.isspace():
        return frozenset({_SPACES})
    return frozenset({_WORDS}) | _FOLDED if character.isalnum() else frozenset({_SIGNS})


@lru_cache(maxsize=16)
def _category(name: str) -> frozenset[int]:
    letter = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}[name.rsplit("_", 1)[-1]]
    beyond = frozenset({_SPACES} if letter == "s" else {_WORDS})
    test = re.compile("\\" + letter)
    codes = frozenset(code for code in range(_LATIN) if test.match(chr(code))) | beyond
    return (_ANY - codes) | (_BEYOND - beyond) | ({_WORDS} if letter == "d" else set()) if "NOT" in name else codes


def _cased(codes: frozenset[int]) -> frozenset[int]:
    letters = {code for code in codes if code < 128 and chr(code).isalpha()}
    swapped = {ord(chr(code).swapcase()) for code in letters}
    return codes | swapped


def _without(codes: frozenset[int]) -> frozenset[int]:
    """All but these; a letter of which only one case is excluded stays in."""
    excluded = {c for c in codes if c < 128 and (not chr(c).isalpha() or ord(chr(c).swapcase()) in codes)}
    return (_ANY - excluded) | _BEYOND


# --- what every match contains ---------------------------------------------------------------------------------------


def _literal(tree: Sequence[Any]) -> str:
    """The longest run of plain ASCII characters on the pattern's main line, in lower case."""
    runs = [""]
    for kind, argument in _flat(tree):
        if kind == "LITERAL" and argument < 128:
            runs[-1] += chr(argument).lower()
        else:
            runs.append("")
    return max(runs, key=len)


def _flat(tree: Iterable[Any]) -> Iterable[tuple[str, Any]]:
    for item in tree:
        kind, argument = str(item[0]), item[1]
        if kind == "SUBPATTERN":
            yield from _flat(argument[3])
        else:
            yield kind, argument

"""Regular expressions that people write for parameters and matches: only those that cannot hang the program.

Python's engine backtracks, so `(a+)+$` on forty characters runs for hours. A pattern's weight is an upper bound of the
ways in which it can be tried on a value of 253 characters: repeats multiply, choices add, nested repeats are powers.
"""

import re
from dataclasses import dataclass

from bot.core import errors

MAX_PATTERN_CHARACTERS = 300
LONGEST = 253
"""The longest parameter value; a repeat without bound can take so many lengths."""

MAX_WEIGHT = LONGEST**3
"""Three wide repeats side by side: about 50 ms in the worst case. More is refused."""

_QUANTIFIER = re.compile(r"[*+?]|\{(\d{0,9})(,?)(\d{0,9})\}")
_OPENING = re.compile(r"\((?:\?(?:P<\w+>|[aims-]*:))?")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]")


@dataclass(slots=True)
class _Group:
    """`weight` of the branches before this one, `branch` of the one being read, `last` of its last atom."""

    weight: int = 0
    branch: int = 1
    last: int = 1

    def total(self) -> int:
        return self.weight + self.branch


def check_pattern(pattern: str) -> None:
    """Raise Invalid for a pattern that does not compile or may take too long."""
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise _invalid(pattern, f"is longer than {MAX_PATTERN_CHARACTERS} characters", "shorten it")
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise _invalid(pattern, f"is not a regular expression: {error}", "correct it") from error
    if re.search(r"\(\?(?![:Paims-])|\(\?P[=>]|\(\?<?[=!]|\\[1-9]", pattern):
        raise _invalid(pattern, "uses a back-reference or look-around", "write it without")
    _check_repeats(pattern)


def _check_repeats(pattern: str) -> None:
    groups = [_Group()]
    at = 0
    while at < len(pattern):
        group = groups[-1]
        quantifier = _QUANTIFIER.match(pattern, at) if at > 0 else None
        if quantifier is not None:
            group.branch = _limited(pattern, group.branch * _repeated(pattern, quantifier, group.last))
            at = quantifier.end() + (pattern[quantifier.end() : quantifier.end() + 1] in ("?", "+"))
            continue
        if opening := _OPENING.match(pattern, at):
            groups.append(_Group())
            at = opening.end()
            continue
        group.last = 1
        if pattern[at] == "|":
            group.weight, group.branch = group.total(), 1
        elif pattern[at] == ")" and len(groups) > 1:
            closed = groups.pop().total()
            groups[-1].last = closed
            groups[-1].branch = _limited(pattern, groups[-1].branch * closed)
        at = _after_atom(pattern, at)
    _limited(pattern, groups[0].total())


def _limited(pattern: str, weight: int) -> int:
    if weight > MAX_WEIGHT:
        raise _invalid(pattern, "may take too long on some values", "bound its repeats, e.g. {1,16}, or use fewer")
    return weight


def _repeated(pattern: str, quantifier: re.Match[str], atom: int) -> int:
    """How much one repeat multiplies the weight of its branch. The atom itself is counted once already."""
    least, most = _bounds(quantifier)
    if atom > 1 and most > LONGEST:
        raise _invalid(pattern, "repeats a group that itself varies", "use one character class such as [a-z0-9-]+")
    lengths = min(most, LONGEST) - min(least, LONGEST) + 1
    return lengths * (min(atom ** min(most - 1, 64), MAX_WEIGHT + 1) if most > 1 else 1)


def _after_atom(pattern: str, at: int) -> int:
    if pattern[at] == "\\":
        return at + 2
    characters = _CLASS.match(pattern, at) if pattern[at] == "[" else None
    return characters.end() if characters else at + 1


def _bounds(quantifier: re.Match[str]) -> tuple[int, int]:
    """The least and most times of a repeat."""
    simple = {"*": (0, LONGEST + 1), "+": (1, LONGEST + 1), "?": (0, 1)}.get(quantifier[0])
    if simple is not None:
        return simple
    least = int(quantifier[1] or 0)
    if not quantifier[2]:
        return least, least
    return least, int(quantifier[3]) if quantifier[3] else LONGEST + 1


def _invalid(pattern: str, problem: str, remedy: str) -> errors.Invalid:
    return errors.Invalid(f"the pattern {pattern[:60]!r} {problem}", remedy=remedy)

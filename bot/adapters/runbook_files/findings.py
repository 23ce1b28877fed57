"""Collecting what is wrong with one file, so that an author sees all of it at once and where.

Knows lines and keys; must not know what a runbook is.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.core.errors import Invalid
from bot.core.runbooks import Problem, Runbook

Place = tuple[str | int, ...]
"""The way to a value: names of keys and positions (from 0) in lists."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """One file's outcome: a runbook, or problems, never both. `lines` maps shown keys to lines (from 1)."""

    runbook: Runbook | None
    problems: tuple[Problem, ...] = ()
    lines: Mapping[str, int] | None = None


class Unreadable(Invalid):
    """The file cannot be made sense of at all."""

    def __init__(self, problem: Problem) -> None:
        self.finding = problem
        super().__init__(problem.message, place=f"{problem.path}:{problem.line}", remedy=problem.remedy)


class Findings:
    """Problems of one file in the making."""

    def __init__(self, path: str, lines: Mapping[Place, int] | None = None) -> None:
        self.path = path
        self._lines = lines or {}
        self._problems: list[Problem] = []

    def at(self, place: Place, message: str, remedy: str = "") -> None:
        """The line is that of the place, or of the nearest thing around it."""
        self._problems.append(Problem(self.path, self.line(place), shown(place), message, remedy))

    def on(self, line: int, message: str, *, key: str = "", remedy: str = "") -> None:
        self._problems.append(Problem(self.path, line, key, message, remedy))

    def line(self, place: Place) -> int:
        return next((self._lines[place[:n]] for n in range(len(place), -1, -1) if place[:n] in self._lines), 1)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(sorted(set(self._problems), key=lambda each: (each.line, each.key, each.message)))


def shown(place: Place) -> str:
    """`steps[2].run` for the second step: people count from one."""
    text = ""
    for part in place:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence with the nearest known word, or all of them."""
    choices = sorted(known)
    near = nearest(word, choices)
    return f'did you mean "{near}"?' if near else f"use one of: {', '.join(choices)}"


def nearest(word: str, known: Iterable[str], *, alike: float = 0.6) -> str:
    """The known word that this one is most like, or "". `alike` is difflib's ratio, from 0 to 1."""
    return next(iter(difflib.get_close_matches(word.casefold(), sorted(known), n=1, cutoff=alike)), "")

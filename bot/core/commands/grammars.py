"""Reads the tables of program, platform and cloud rules once, and answers which verdict a command line gets.

A verdict is a name; what it means for people stands in `nested`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from bot.core.commands import cloud_rules, platform_rules, program_rules

_RULES = program_rules.RULES + platform_rules.RULES + cloud_rules.RULES
_MERGED = re.compile(r"\*([A-Za-z])")


@dataclass(frozen=True, slots=True)
class Entry:
    """Leading words, and flags that must be there as well. `is_whole` when no other word may follow."""

    words: tuple[str, ...]
    flags: tuple[str, ...]
    is_whole: bool
    verdict: str
    order: int

    @property
    def length(self) -> int:
        return len(self.words) + len(self.flags) + self.is_whole


@dataclass(slots=True)
class Grammar:
    """`entries` are of words and needed flags, by their first word; `flags` are exact, `merged` single letters.

    `anywhere` are words that count wherever they stand; `credentials` are flags whose values are used and not shown.
    """

    otherwise: str
    bare: str = ""
    most: int = 0
    limits_words: bool = False
    entries: dict[str, list["Entry"]] = field(default_factory=dict)
    count: int = 0
    flags: dict[str, list[str]] = field(default_factory=dict)
    merged: dict[str, list[str]] = field(default_factory=dict)
    anywhere: dict[str, str] = field(default_factory=dict)
    values: frozenset[str] = frozenset()
    credentials: frozenset[str] = frozenset()


def verdicts(program: str, arguments: Sequence[str]) -> tuple[str, ...] | None:
    """All verdicts that apply, the first from words; None for a program that is not in the table."""
    grammar = _grammars().get(program)
    if grammar is None:
        return None
    words, given_flags = _split(arguments, grammar)
    from_flags = [verdict for flag in given_flags for verdict in _flag_verdicts(flag, grammar)]
    base = _from_words(words, given_flags, grammar)
    if base is None and "read" in from_flags and len(words) <= grammar.most:
        base = "read"
    if base is None:
        base = _otherwise(words, given_flags, grammar)
    from_words = [grammar.anywhere[word] for word in words if word in grammar.anywhere]
    return (base, *(verdict for verdict in (*from_flags, *from_words) if verdict != "read"))


def shown(program: str, arguments: Sequence[str]) -> tuple[str, ...]:
    """The arguments without the credentials that the program uses itself, such as the file behind `--cert`."""
    grammar = _grammars().get(program)
    if grammar is None or not grammar.credentials:
        return tuple(arguments)
    found: list[str] = []
    skips = False
    for argument in arguments:
        if not skips and argument.partition("=")[0] not in grammar.credentials:
            found.append(argument)
        skips = argument in grammar.credentials
    return tuple(found)


def _otherwise(words: Sequence[str], given_flags: Sequence[str], grammar: Grammar) -> str:
    """Without any word the verdict is that of `bare`; a bare read only when every flag is known to be one."""
    if grammar.limits_words and grammar.otherwise == "read" and len(words) > grammar.most:
        return "unknown"
    if words or not grammar.bare:
        return grammar.otherwise
    unclear = [flag for flag in given_flags if flag.partition("=")[0] not in grammar.values]
    verdicts = [_flag_verdicts(flag, grammar) for flag in unclear]
    if grammar.bare == "read" and not all(verdicts):
        return grammar.otherwise
    ends_the_question = grammar.bare == "interactive" and any("endless" in found for found in verdicts)
    return "endless" if ends_the_question else grammar.bare


def _split(arguments: Sequence[str], grammar: Grammar) -> tuple[list[str], list[str]]:
    words: list[str] = []
    found: list[str] = []
    skips = False
    for argument in arguments:
        if skips:
            skips = False
        elif argument.startswith("-") and len(argument) > 1:
            found.append(argument)
            skips = argument in grammar.values
        else:
            words.append(argument.lower())
    return words, found


def _flag_verdicts(flag: str, grammar: Grammar) -> list[str]:
    found = list(grammar.flags.get(flag.partition("=")[0], ()))
    if not flag.startswith("--"):
        letters = re.match(r"-([A-Za-z]*)", flag)
        found += [verdict for letter in (letters[1] if letters else "") for verdict in grammar.merged.get(letter, ())]
    return found


_PATTERN = ""
"""The place of entries whose first word is no plain word."""


def _from_words(words: Sequence[str], given_flags: Sequence[str], grammar: Grammar) -> str | None:
    """The longest entry that fits; of several of one length the one written last in the table."""
    candidates = [*grammar.entries.get(words[0], ())] if words else []
    candidates += grammar.entries.get(_PATTERN, ())
    fitting = [entry for entry in candidates if _entry_fits(entry, words, given_flags)]
    return max(fitting, key=lambda entry: (entry.length, entry.order)).verdict if fitting else None


def _entry_fits(entry: Entry, words: Sequence[str], given_flags: Sequence[str]) -> bool:
    return (
        (len(entry.words) == len(words) if entry.is_whole else len(entry.words) <= len(words))
        and all(_fits(part, word) for part, word in zip(entry.words, words, strict=False))
        and all(flag in given_flags for flag in entry.flags)
    )


def _fits(part: str, word: str) -> bool:
    return part in ("?", word) or ("*" in part and _wildcard(part).fullmatch(word) is not None)


@cache
def _wildcard(part: str) -> re.Pattern[str]:
    pieces = re.split(r"(\\\*|\*)", part)
    return re.compile("".join({"*": ".*", "\\*": r"\*"}.get(piece, re.escape(piece)) for piece in pieces))


@cache
def _grammars() -> Mapping[str, Grammar]:
    found: dict[str, Grammar] = {}
    current: list[Grammar] = []
    for line in filter(None, _RULES.splitlines()):
        if not line.startswith(" "):
            names, _, otherwise = line.rpartition(" = ")
            current = [found.setdefault(name.strip(), Grammar(otherwise.strip())) for name in names.split(", ")]
            continue
        key, _, entries = line.strip().partition(": ")
        for grammar in current:
            _add(grammar, key, entries)
    return found


def _add(grammar: Grammar, key: str, entries: str) -> None:
    if key == "bare":
        grammar.bare = entries
    elif key == "most":
        grammar.most, grammar.limits_words = int(entries), True
    elif key == "values":
        grammar.values |= frozenset(entries.split())
    elif key == "credentials":
        grammar.values |= frozenset(entries.split())
        grammar.credentials |= frozenset(entries.split())
    else:
        for entry in entries.split(", "):
            _add_entry(grammar, entry, key)


def _add_entry(grammar: Grammar, entry: str, verdict: str) -> None:
    merged = _MERGED.fullmatch(entry)
    if merged:
        grammar.merged.setdefault(merged[1], []).append(verdict)
    elif entry.startswith("-") and " " not in entry:
        grammar.flags.setdefault(entry, []).append(verdict)
    elif entry.startswith("~"):
        grammar.anywhere[entry[1:].lower()] = verdict
    else:
        parts = entry.split()
        words = tuple(part.lower() for part in parts if part != "$" and not part.startswith("-"))
        flags = tuple(part for part in parts if part.startswith("-"))
        first = words[0] if words and not set(words[0]) & set("*?") else _PATTERN
        grammar.count += 1
        grammar.entries.setdefault(first, []).append(Entry(words, flags, parts[-1] == "$", verdict, grammar.count))

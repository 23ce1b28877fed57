"""Reads the flags of a command line by the rules of kubectl's flag library (spf13/pflag), from a table of flags.

Flags may stand anywhere before `--`; `--name=value`, `--name value`, `-n value`, `-nvalue`, `-n=value` and merged short
switches are one thing; there are no abbreviations; the last value of a repeated flag counts.
It must not know any program.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Flag:
    """`form`: `switch`, `value`, or `optional` (a value only behind `=`, such as --dry-run)."""

    name: str
    form: str
    short: str = ""


Table = Mapping[str, Flag]

BEHIND_DASHES = "the command inside the container must stand behind `--`"


def table(text: str) -> dict[str, Flag]:
    """`name/n=` takes a value, `name?` an optional one, `name/n` is a switch. Keys are `--name` and `-n`."""
    found: dict[str, Flag] = {}
    for word in text.split():
        form = {"=": "value", "?": "optional"}.get(word[-1], "switch")
        name, _, short = word.rstrip("=?").partition("/")
        flag = Flag(name, form, short)
        found[f"--{name}"] = flag
        if short:
            found[f"-{short}"] = flag
    return found


@dataclass(frozen=True, slots=True)
class Reading:
    """`flags` hold the last value of each; switches read `true` or `false`. `after` is what followed `--`.

    `given` is every flag in order. `problems` are whole sentences; `has_unknown` says that a flag was not understood,
    so words may be misread.
    """

    words: tuple[str, ...]
    flags: Mapping[str, str]
    after: tuple[str, ...] | None = None
    problems: tuple[str, ...] = ()
    has_unknown: bool = False
    given: tuple[tuple[str, str], ...] = ()

    def value(self, name: str) -> str:
        return self.flags.get(name, "")

    def has(self, name: str) -> bool:
        return self.flags.get(name, "false").lower() not in ("false", "0", "f")


@dataclass(slots=True)
class _Draft:
    argv: Sequence[str]
    flags: Table
    at: int = 0
    words: list[str] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)
    given: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    has_unknown: bool = False


def read(argv: Sequence[str], flags: Table, *, command_after: int | None = None) -> Reading:
    """Read flags and words. With `command_after=n`, the first word after n words and known flags begins a command."""
    draft = _Draft(argv, flags)
    while draft.at < len(argv):
        word = argv[draft.at]
        is_flag = len(word) > 1 and word.startswith("-")
        if word == "--":
            return _finish(draft, tuple(argv[draft.at + 1 :]))
        if command_after is not None and len(draft.words) == command_after and not is_flag:
            draft.problems.append(BEHIND_DASHES)
            return _finish(draft, tuple(argv[draft.at :]))
        draft.at += 1
        if not is_flag:
            draft.words.append(word)
        elif word.startswith("--"):
            _long(draft, word)
        else:
            _short(draft, word)
    return _finish(draft, None)


def _finish(draft: _Draft, after: tuple[str, ...] | None) -> Reading:
    return Reading(
        words=tuple(draft.words),
        flags=draft.seen,
        after=after,
        problems=tuple(draft.problems),
        has_unknown=draft.has_unknown,
        given=tuple(draft.given),
    )


def _long(draft: _Draft, token: str) -> None:
    name, equals, value = token.partition("=")
    flag = draft.flags.get(name)
    if flag is None:
        _unknown(draft, name)
    elif flag.form == "value" and not equals:
        _take_next(draft, flag)
    else:
        _set(draft, flag, value if equals else "true")


def _short(draft: _Draft, token: str) -> None:
    """`-it`, `-nfoo`, `-n=foo`, `-n foo`, and any of them merged behind switches."""
    rest = token[1:]
    while rest:
        flag = draft.flags.get(f"-{rest[0]}")
        rest = rest[1:]
        if flag is None:
            _unknown(draft, token)
            return
        if rest.startswith("=") and len(rest) > 1:
            _set(draft, flag, rest[1:])
            return
        if flag.form == "value" and rest:
            _set(draft, flag, rest)
            return
        if flag.form == "value":
            _take_next(draft, flag)
            return
        _set(draft, flag, "true")


def _take_next(draft: _Draft, flag: Flag) -> None:
    if draft.at >= len(draft.argv):
        draft.problems.append(f"--{flag.name} needs a value")
        return
    _set(draft, flag, draft.argv[draft.at])
    draft.at += 1


def _set(draft: _Draft, flag: Flag, value: str) -> None:
    if flag.form == "switch" and value.lower() not in ("true", "false", "t", "f", "1", "0"):
        draft.problems.append(f"--{flag.name} is a switch; `{value}` is not true or false")
        value = "true"
    draft.seen[flag.name] = value
    draft.given.append((flag.name, value))


def _unknown(draft: _Draft, name: str) -> None:
    draft.has_unknown = True
    meant = sorted(
        {flag.name for flag in draft.flags.values() if name.startswith("--") and f"--{flag.name}".startswith(name)}
    )
    hint = f"; flags are not abbreviated, is --{meant[0]} meant?" if meant else ": leave it out"
    draft.problems.append(f"the flag `{name}` is not known here{hint}")

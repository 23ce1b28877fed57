"""Commands that never end by themselves, made to end: what is shown and run is the bounded form, and it says so.

Only forms that mean the same for a short look are rewritten; everything else that never ends is refused elsewhere.
It must not know what the commands do beyond that.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from bot.core.commands import flags
from bot.core.commands.tokens import Argv

Bounded = tuple[Argv, tuple[str, ...]]
"""The command to run, and what was changed about it, in sentences."""

_WATCH = flags.table("interval/n= differences/d no-title/t exec/x beep/b color/c precise/p errexit/e chgexit/g")
_TIMEOUT = flags.table("signal/s= kill-after/k= foreground preserve-status verbose/v")
_SHELL_SIGN = re.compile(r"[\s;&|<>$`\\]")
"""watch hands its words to a shell: one with such a sign may be more than a word there."""

_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_SPAN = re.compile(r"[0-9]+(?:\.[0-9]+)?[smhd]?")
LOOKS = "3"
PINGS = "4"


def bound(argv: Argv) -> Bounded:
    """Wrappers that repeat or limit are taken off, then endless forms get an end; several may apply."""
    notes: list[str] = []
    for _ in range(len(_RULES)):
        rule = _RULES.get(argv[0]) if argv else None
        changed = rule(argv) if rule else None
        if changed is None or changed[0] == argv or not changed[0]:
            break
        argv, said = changed
        notes += said
    return argv, tuple(notes)


def bound_inside(argv: Argv) -> Bounded:
    """The same for the command behind `--`, as in `kubectl exec pod -- top`."""
    if "--" not in argv:
        return bound(argv)
    at = argv.index("--") + 1
    inner, notes = bound(argv[at:])
    return (*argv[:at], *inner), notes


def _watch(argv: Argv) -> Bounded | None:
    reading = flags.read(argv[1:], _WATCH, command_after=0)
    inner = reading.after or reading.words
    if reading.has_unknown or not inner or any(_SHELL_SIGN.search(word) for word in inner):
        return None
    return inner, ("`watch` is left out: it is looked at once",)


def _timeout(argv: Argv) -> Bounded | None:
    reading = flags.read(argv[1:], _TIMEOUT, command_after=1)
    inner = reading.after or ()
    if reading.has_unknown or len(reading.words) != 1 or not _SPAN.fullmatch(reading.words[0]) or not inner:
        return None
    return inner, ("`timeout` is left out: the step has a time limit of its own",)


def _time(argv: Argv) -> Bounded | None:
    return (argv[1:], ("`time` is left out: the duration is kept anyway",)) if argv[1:2] and argv[1][0] != "-" else None


def _top(argv: Argv) -> Bounded | None:
    if any(_has_switch(word, "b") for word in argv[1:]):
        return None
    return (argv[0], "-b", "-n", "1", *argv[1:]), ("`top` is looked at once",)


def _ping(argv: Argv) -> Bounded | None:
    if any(word.startswith("-c") or _has_switch(word, "c") for word in argv[1:]):
        return None
    return (argv[0], "-c", PINGS, *argv[1:]), (f"it stops after {PINGS} answers",)


def _tail(argv: Argv) -> Bounded | None:
    kept = [word for word in argv[1:] if word not in ("-f", "-F", "--follow", "--retry", "--follow=name")]
    kept = [_without_follow(word) for word in kept]
    return ((argv[0], *kept), ("it is read once and not followed",)) if tuple(kept) != argv[1:] else None


def _without_follow(word: str) -> str:
    """`-fn100` -> `-n100`; other words stay."""
    merged = re.fullmatch(r"-([fF])(n?[0-9]+)", word)
    return f"-{merged[2]}" if merged else word


def _journal(argv: Argv) -> Bounded | None:
    kept = tuple(word for word in argv[1:] if word not in ("-f", "--follow"))
    return ((argv[0], *kept), ("it is read once and not followed",)) if kept != argv[1:] else None


def _sampler(argv: Argv) -> Bounded | None:
    """`iostat -x 1`: an interval without a count goes on for ever."""
    numbers = [word for word in argv[1:] if _NUMBER.fullmatch(word)]
    if len(numbers) != 1 or argv[-1] != numbers[0]:
        return None
    return (*argv, LOOKS), (f"it stops after {LOOKS} samples",)


def _has_switch(word: str, letter: str) -> bool:
    return re.fullmatch(r"-[A-Za-z]+[0-9]*", word) is not None and letter in word


_RULES: Mapping[str, Callable[[Argv], Bounded | None]] = {
    "watch": _watch,
    "timeout": _timeout,
    "time": _time,
    "top": _top,
    "ping": _ping,
    "ping6": _ping,
    "tail": _tail,
    "journalctl": _journal,
    "iostat": _sampler,
    "vmstat": _sampler,
    "mpstat": _sampler,
    "pidstat": _sampler,
}


def note(notes: Sequence[str]) -> list[str]:
    """As whole sentences."""
    return [f"{said[:1].upper()}{said[1:]}." if said[:1].isalpha() else f"{said}." for said in notes]

"""`explain`: what a command is, in plain words or as one JSON object for each line that is read."""

import re
import shlex
import sys
from collections.abc import Iterator, Sequence

from bot.cli import screen
from bot.core.commands import explaining
from bot.core.operations import Json

EXAMPLE = "give a command, e.g. pageturner explain 'kubectl delete pod web-1 -n production'"

_NEEDS_QUOTES = re.compile(r"[\s'\"\\$`;&|<>()*?#~!]")
_TIER = {
    "low": "runs at once, nobody is asked",
    "medium": "takes one approval",
    "high": "takes a typed confirmation and a reason",
}
_EFFECT = {
    "read": "only reads",
    "write": "changes something",
    "unknown": "not known, so it is treated like the widest change",
}
_NO_UNDO = "none that is known"
_REPLAY = {
    "read": "may be run again at any time",
    "idempotent": "may be sent again with the same key",
    "probe": "a declared read decides whether it happened",
    "once": "never by itself: when the outcome is unclear, it stops and asks",
}


def run(words: Sequence[str], *, as_json: bool) -> None:
    """`-` alone reads one command per line, whatever bytes they are."""
    if not words:
        screen.fail(EXAMPLE)
    is_list = list(words) == ["-"]
    for number, line in enumerate(_lines() if is_list else [_text(words)]):
        told = explaining.explain(line)
        if as_json:
            screen.document(told)
            continue
        if number:
            screen.say()
        _show(told)


def _lines() -> Iterator[str]:
    """Bytes, split at line feeds only: what is no UTF-8 becomes a replacement sign, and no line is lost or doubled."""
    for raw in sys.stdin.buffer:
        yield raw.rstrip(b"\n").removesuffix(b"\r").decode("utf-8", "replace")


def _text(words: Sequence[str]) -> str:
    """One argument is the text itself; several have been taken apart by a shell, and are quoted again as it did."""
    if len(words) == 1:
        return words[0]
    return " ".join(shlex.quote(word) if not word or _NEEDS_QUOTES.search(word) else word for word in words)


def _show(told: dict[str, Json]) -> None:
    tier, effect, replay = str(told["tier"]), str(told["effect"]), str(told["replay"])
    counters = told["counters"] if isinstance(told["counters"], dict) else {}
    counts = ", ".join(f"{name.replace('_', ' ')} {counters[name]}" for name in sorted(counters))
    reasons = told["reasons"] if isinstance(told["reasons"], list) else []
    refused = str(told["refused_because"] or "")
    rows = [
        ("Command", str(told["command"])),
        ("Tier", f"{tier}: {_TIER[tier]}"),
        *(("" if number else "Why", str(reason)) for number, reason in enumerate(reasons)),
        ("Effect", f"{effect}: {_EFFECT[effect]}"),
        ("Will", str(told["summary"] or "")),
        ("Targets", str(told["targets"] or "")),
        ("Counts", counts),
        ("Undo", str(told["undo"] or ("" if effect == "read" else _NO_UNDO))),
        ("Again", f"{replay}: {_REPLAY[replay]}"),
        ("As step", f"cannot be run: {refused}" if refused else "can be run"),
        ("Kind", str(told["operation"])),
    ]
    screen.entries([(label, text) for label, text in rows if text])

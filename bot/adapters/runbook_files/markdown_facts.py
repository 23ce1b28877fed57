"""Labelled facts in prose: `Expected output: contains "connected". Failure action: escalate`.

Splits lines into labels and values, and values into quoted parts. Which labels there are is the caller's business.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_QUOTED = r'"[^"]*"|`[^`]*`|“[^”]*”|‘[^’]*’|(?<!\w)\'[^\']*\'(?!\w)'
_QUOTES = {'"': '"', "`": "`", "“": "”", "‘": "’", "'": "'"}
_COLON = r"(?:\s*[:=：]|\s+[-–—]+>?(?=\s)|\s*(?:→))"
_LABEL_SHAPED = re.compile(r"(?P<label>[A-Za-z_][\w -]{1,30}?)\s*[:=：]\s*(?P<value>\S.*)")


@dataclass(frozen=True, slots=True)
class Fact:
    """`label` is the canonical one; `value` is as written, without the separators around it."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Labels:
    """`known` maps what people write (lower-case words, single spaces) to canonical labels.

    A label of one word counts only where a sentence or a clause begins: `Dry run: ...` is no `run: ...`.
    """

    known: Mapping[str, str]
    _shape: re.Pattern[str]

    @classmethod
    def of(cls, known: Mapping[str, str]) -> "Labels":
        longest_first = sorted(known, key=lambda label: (-len(label), label))
        phrases = "|".join(label.replace(" ", r"[\s_-]+") for label in longest_first if " " in label)
        single = "|".join(label for label in longest_first if " " not in label)
        label = rf"(?<![\w-])(?:{phrases})|(?:^|(?<=[;,.|])|(?<=[;,.|]\s))(?:{single})"
        return cls(known, re.compile(rf"(?P<quoted>{_QUOTED})|(?P<label>{label}){_COLON}\s*", re.IGNORECASE))

    def facts(self, text: str) -> list[Fact]:
        """All facts of one line, in order. Labels inside quotes are text."""
        found = [match for match in self._shape.finditer(text) if match["label"]]
        ends = [*(match.start() for match in found), len(text)][1:]
        return [
            Fact(self.known[_canonical(match["label"])], _trimmed(text[match.end() : end]))
            for match, end in zip(found, ends, strict=True)
        ]


def label_shaped(text: str) -> tuple[str, str] | None:
    """`Sevrity: high` as its two parts: something that looks like a fact, whether it is known or not."""
    match = _LABEL_SHAPED.match(text)
    return (match["label"].strip(), match["value"].strip()) if match else None


def split(value: str, separators: str) -> list[tuple[str, str]]:
    """Parts of a value with the separator before each (lower-case, "" for the first); quoted text is never split."""
    parts: list[tuple[str, str]] = []
    before, start = "", 0
    for match in re.finditer(rf"(?P<quoted>{_QUOTED})|(?P<cut>{separators})", value, re.IGNORECASE):
        if match["cut"]:
            parts.append((before, value[start : match.start()].strip()))
            before, start = match["cut"].strip().lower(), match.end()
    parts.append((before, value[start:].strip()))
    return [(cut, part) for cut, part in parts if part]


def unquoted(value: str) -> tuple[str, bool]:
    """The text without its quotes, and whether it had any."""
    text = value.strip()
    was_quoted = False
    while len(text) > 1 and _QUOTES.get(text[0]) == text[-1] and re.fullmatch(_QUOTED, text):
        text, was_quoted = text[1:-1], True
    return text, was_quoted


def plain(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(unquoted(value)[0].strip() for value in values)


def _canonical(label: str) -> str:
    return re.sub(r"[\s_-]+", " ", label.lower())


def _trimmed(value: str) -> str:
    """Without the separators between facts."""
    return value.strip().rstrip(";,|–—. \t")

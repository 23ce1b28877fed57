"""The chain over the record: each entry's value covers its content and the value before it, in one global order.

Without a key whoever may write the file can compute all of it anew; with one (HMAC-SHA256) only who has the key. What
is cut off at the end is seen by nothing in the file itself: checkpoints outside of it are for that.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from bot.core.evidence import Finding

DOMAIN = "pageturner record 1"
"""Part of all that is hashed, so that a value of another use or version never fits."""

GENESIS = "0" * 64
Content: TypeAlias = tuple[str | int | None, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """`id` tells keys apart and gives nothing of them away."""

    id: str
    secret: bytes


def key_of(secret: bytes) -> Key:
    return Key(hashlib.sha256(b"pageturner key id\0" + secret).hexdigest()[:12], secret)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the chain. `content` is None where what it covers is not there any more; `key` is "" without one."""

    number: int
    subject: str
    name: str
    sequence: int
    key: str
    value: str
    content: Content | None


@dataclass(frozen=True, slots=True)
class End:
    """The last entry: how many there are, and its value."""

    number: int = 0
    value: str = GENESIS


def value(before: End, content: Content, key: Key | None) -> str:
    """Of the entry that follows `before`."""
    text = json.dumps([DOMAIN, before.value, before.number + 1, *content], ensure_ascii=True, separators=(",", ":"))
    return seal(text, key)


def seal(text: str, key: Key | None) -> str:
    raw = text.encode()
    return hmac.new(key.secret, raw, hashlib.sha256).hexdigest() if key else hashlib.sha256(raw).hexdigest()


def follow(before: End, content: Content, key: Key | None) -> End:
    return End(before.number + 1, value(before, content, key))


@dataclass(slots=True)
class Walk:
    """Holds entry after entry against the one before.

    Without any key at hand nothing is said of keyed entries, only that they were not looked at (`unseen`). With keys,
    an entry of another key is a finding: whoever has none must not get by with a name of his own.
    """

    keys: Mapping[str, Key]
    end: End = End()
    unseen: int = 0
    was_keyed: bool = False
    last_key: str = ""

    def findings(self, entries: Iterable[Entry]) -> Iterator[Finding]:
        """What is wrong, first things first: after a wrong entry the walk goes on from what it says."""
        for entry in entries:
            if entry.number != self.end.number + 1:
                lost = entry.number - self.end.number - 1
                yield _finding(entry, f"{lost} entries of the record before it are missing")
            elif problem := self._problem(entry):
                yield _finding(entry, problem)
            self.was_keyed = self.was_keyed or bool(entry.key)
            self.last_key = entry.key
            self.end = End(entry.number, entry.value)

    def _problem(self, entry: Entry) -> str:
        if entry.content is None:
            return "is missing, and the chain has it"
        if not entry.key and self.was_keyed:
            return "is chained without the key that earlier entries have"
        key = self.keys.get(entry.key) if entry.key else None
        if entry.key and key is None:
            if self.keys:
                return f"is chained with the key {entry.key[:12]!r}, which is none of ours"
            self.unseen += 1
            return ""
        if not hmac.compare_digest(value(self.end, entry.content, key), entry.value):
            return "was changed, or its place in the record was"
        return ""


def _finding(entry: Entry, text: str) -> Finding:
    return Finding(entry.name, "chain", f"{text} (entry {entry.number})", entry.sequence)

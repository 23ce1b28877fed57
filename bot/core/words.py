"""The words of an alert, as runbooks ask for them: lower-case, on word borders, a plural s forgiven.

`RedisConnectionTimeout`, `redis_connection_timeout` and `Redis connection timeouts` all hold the words redis,
connection and timeout; `rediscover` does not hold redis.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST_TEXT = 16_384
"""Characters of an alert that are looked at. Alert text is untrusted and may be of any size."""

_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True)
class Words:
    """`tokens` for looking up single words, `lines` for finding phrases of several."""

    tokens: frozenset[str]
    lines: str

    def has(self, phrase: tuple[str, ...]) -> bool:
        if len(phrase) == 1:
            return phrase[0] in self.tokens
        return bool(phrase) and f" {' '.join(phrase)} " in self.lines


def of(texts: Iterable[str]) -> Words:
    """At most LONGEST_TEXT characters in all, in the order given."""
    text = "\n".join(texts)[:LONGEST_TEXT]
    whole = phrase(text)
    split = phrase(_CAMEL.sub(" ", text))
    return Words(frozenset(whole) | frozenset(split), f" {' '.join(whole)} \n {' '.join(split)} ")


def phrase(text: str) -> tuple[str, ...]:
    """`Connection refused` as its normalised words. Empty for a text without letters or digits."""
    return tuple(_singular(word) for word in _WORD.findall(text.casefold()))


def name(text: str) -> str:
    """The name of an alert, without what writers vary in: case, spaces, dashes and underscores."""
    return "".join(_WORD.findall(text.casefold()))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word

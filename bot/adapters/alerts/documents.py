"""Strict reading of a JSON body before any parser sees it: what two readers could understand differently is refused.

Duplicate keys, NaN, NUL characters, broken UTF-8 and deep nesting are errors here (RFC 8259 leaves them open). Pure.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from bot.core import errors

MAX_DEPTH = 64

# Complete strings: what is left between them holds every bracket that nests.
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")
# An escaped NUL that is not the text `\u0000` behind an escaped backslash.
_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(frozen=True, slots=True)
class Document:
    """`raw` is for the parser; `keys` are those of the outermost object, for choosing one."""

    raw: bytes
    keys: frozenset[str]


def read(raw: bytes) -> Document:
    """Raise Invalid, saying what is wrong, for anything but one plain JSON object."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise errors.Invalid(f"the body is not UTF-8 (byte {problem.start})") from problem
    _check_depth(text)
    if "\\u0000" in text and _ESCAPED_NUL.search(text):
        raise errors.Invalid("the body contains a NUL character")
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except json.JSONDecodeError as problem:
        raise errors.Invalid(f"the body is not JSON: {problem.msg} (character {problem.pos})") from problem
    except ValueError as problem:  # an integer of thousands of digits
        raise errors.Invalid("the body holds a number that is too long") from problem
    if not isinstance(value, dict):
        raise errors.Invalid("the body must be one JSON object")
    return Document(raw, frozenset(value))


def _check_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return  # the usual case: it cannot nest deeper than it has brackets
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub("", text)):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > MAX_DEPTH:
            raise errors.Invalid(f"the body is nested deeper than {MAX_DEPTH} levels")


# json's hooks are untyped: the values are whatever JSON holds.
def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise errors.Invalid(f"the key {repeated[:100]!r} stands twice in one object")
    return found


def _refuse_constant(constant: str) -> None:
    raise errors.Invalid(f"{constant} is not JSON")

"""kubectl's `-o jsonpath=`, the plain part: `{.a.b[0].c}`, `{.items[*].metadata.name}`, text between. Pure.

Filters, ranges and functions are refused with a sentence: half an answer would be worse than none.
https://kubernetes.io/docs/reference/kubectl/jsonpath/
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from bot.core.errors import Invalid

_PART = re.compile(
    r"""\.(?P<field>[A-Za-z0-9_-](?:[A-Za-z0-9_/-]|\\\.)*)|\.?\[(?P<index>-?\d+|\*)\]|\.?\['(?P<key>[^']+)'\]|(?P<all>\.\*)"""
)
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')


def render(template: str, value: Any) -> str:  # Any: a vendor's object
    """The template with every `{...}` filled in; several values of one are parted by spaces, as kubectl does."""
    pieces = re.split(r"(\{[^{}]*\})", template)
    return "".join(_piece(piece, value) if piece.startswith("{") else piece for piece in pieces)


def _piece(piece: str, value: Any) -> str:
    inner = piece[1:-1].strip()
    quoted = _TEXT.fullmatch(inner)
    if quoted:
        return quoted[1].replace("\\n", "\n").replace("\\t", "\t")
    return " ".join(_shown(found) for found in select(inner, value))


def select(path: str, value: Any) -> list[Any]:
    """All values at a path such as `.status.conditions[0].type`; none when a part is missing."""
    found = [value]
    for part in _parts(path):
        found = [inner for one in found for inner in _step(one, part)]
    return found


def _parts(path: str) -> Iterator[str | int]:
    rest = path.removeprefix("$")
    rest = "" if rest == "." else rest if rest.startswith((".", "[")) or not rest else f".{rest}"
    while rest:
        match = _PART.match(rest)
        if match is None:
            raise Invalid(
                f"`{{{path}}}` uses a part of jsonpath that is not supported here",
                remedy="use plain paths such as {.status.phase} or {.items[*].metadata.name}, or -o json with | jq",
            )
        rest = rest[match.end() :]
        if match["all"] or match["index"] == "*":
            yield "*"
        elif match["index"]:
            yield int(match["index"])
        else:
            yield match["key"] or match["field"].replace("\\.", ".")


def _step(value: Any, part: str | int) -> list[Any]:
    if part == "*":
        return list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, list) else []
    if isinstance(part, int):
        is_there = isinstance(value, list) and -len(value) <= part < len(value)
        return [value[part]] if is_there else []
    return [value[part]] if isinstance(value, dict) and part in value else []


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

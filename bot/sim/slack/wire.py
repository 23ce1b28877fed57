"""The one place where open JSON is admitted: Slack's protocols carry trees of dictionaries that apps extend."""

from collections.abc import Iterator
from typing import Any, TypeAlias

# Any: payloads are foreign, open JSON on both sides of this simulator; every reader checks what it takes out of them.
Json: TypeAlias = dict[str, Any]


def without(source: Json, *keys: str) -> Json:
    """A shallow copy of `source` that lacks `keys`."""
    return {key: value for key, value in source.items() if key not in keys}


def present(source: Json) -> Json:
    """A shallow copy of `source` without the keys whose value is None."""
    return {key: value for key, value in source.items() if value is not None}


def elements_of(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """(block, element) for everything in `blocks` that a person can operate."""
    for block in blocks:
        for key in ("element", "accessory"):
            if isinstance(block.get(key), dict):
                yield block, block[key]
        if block.get("type") in ("actions", "context_actions"):
            for element in block.get("elements") or ():
                yield block, element

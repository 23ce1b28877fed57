"""Cursors: the opaque next_cursor that lists hand out and take back."""

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from bot.sim.slack.arguments import Arguments
from bot.sim.slack.errors import SlackError

T = TypeVar("T")
_MOST = 1_000


def page(items: Sequence[T], arguments: Arguments, *, default: int = 100) -> tuple[list[T], str]:
    """(the items of this page, the next cursor or ""); the cursor is the index to go on from, in base64."""
    limit = arguments.number("limit", default)
    if limit < 1 or limit > _MOST:
        raise SlackError("invalid_limit")
    start = _start(arguments.text("cursor"))
    chosen = list(items[start : start + limit])
    return chosen, _cursor(start + limit) if start + limit < len(items) else ""


def _cursor(index: int) -> str:
    return base64.b64encode(f"next:{index}".encode()).decode()


def _start(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        word, _, index = base64.b64decode(cursor, validate=True).decode().partition(":")
        if word == "next":
            return int(index)
    except (binascii.Error, ValueError):
        pass
    raise SlackError("invalid_cursor")

"""Bounds and cleans what a source wrote: the strings of an Alert are finite and hold no control characters.

Meaning is left alone: escaping for Slack or a terminal is done where the text is shown. Pure.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from bot.core import inert

NAME_LENGTH = 300
WORD_LENGTH = 200  # service, environment and the like
LABELS = 64
LABEL_LENGTH = 1024
ANNOTATIONS = 64
ANNOTATION_LENGTH = 8 * 1024
TEXT_LENGTH = 16 * 1024
URL_LENGTH = 2048


def clean(text: str, limit: int) -> str:
    """Inert, and at most `limit` characters, the last one an ellipsis when it was cut."""
    if not (text.isascii() and text.isprintable()):  # nearly every label is, and needs no closer look
        text = inert.inert(text, len(text))
    return text if len(text) <= limit else text[: limit - 1] + "…"


def word(text: str, limit: int = WORD_LENGTH) -> str:
    """One line, for names and labels that are shown among other words."""
    return clean(" ".join(text.split()), limit)


def labels(found: Mapping[str, str]) -> dict[str, str]:
    return _bounded(found, count=LABELS, length=LABEL_LENGTH)


def annotations(found: Mapping[str, str]) -> dict[str, str]:
    return _bounded(found, count=ANNOTATIONS, length=ANNOTATION_LENGTH)


def first(found: Mapping[str, str], names: tuple[str, ...]) -> str:
    """The first of these labels that says anything."""
    return next((value for name in names if (value := word(found.get(name, "")))), "")


def paragraphs(*parts: str) -> str:
    """What is said, each thing once."""
    said = dict.fromkeys(part.strip() for part in parts if part.strip())
    return clean("\n".join(said), TEXT_LENGTH)


def web_address(*candidates: str) -> str:
    """The first that is an absolute http or https address; "" when none is."""
    return next((url for url in candidates if _is_web_address(url)), "")


def utc(at: datetime | None) -> datetime | None:
    """None for the zero time that Go programs write (year 1), and for times that have no UTC counterpart."""
    if at is None or not 1 < at.year < 9999:
        return None
    return at.astimezone(UTC)


def _bounded(found: Mapping[str, str], *, count: int, length: int) -> dict[str, str]:
    return {clean(name, WORD_LENGTH): clean(value, length) for name, value in list(found.items())[:count]}


def _is_web_address(url: str) -> bool:
    if len(url) > URL_LENGTH or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:  # such as an unfinished IPv6 address
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)

"""Untrusted text made harmless: no control character, no mention, no link survives. Knows nothing of blocks."""

import re

from bot.core import inert

FALLBACK_CHARACTERS = 3_500
"""chat.update refuses a text of more than 4,000 characters after escaping (docs.slack.dev, chat.update)."""

_LINE_END = re.compile("\r\n|[\r\u2028\u2029]")


def clean(text: str) -> str:
    """The text with its line ends normalised and everything invisible left out."""
    if text.isascii() and text.isprintable():
        return text  # the usual case, at a twentieth of the cost
    return inert.inert(_LINE_END.sub("\n", text), len(text))


def escape(text: str) -> str:
    """Slack's three control characters, in the documented order; nothing else is decoded by Slack."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, most: int) -> str:
    """At most `most` characters, the last being … when something was left out."""
    return text if len(text) <= most else text[: max(0, most - 1)].rstrip() + "…"


def fallback(text: str) -> str:
    """A message's plain text: escaped, never empty, short enough for chat.update."""
    one = " ".join(clean(text).split()) or "pageturner"
    kept = cut(one, FALLBACK_CHARACTERS)
    while len(escape(kept)) > FALLBACK_CHARACTERS:
        kept = cut(kept, len(kept) - max(1, (len(escape(kept)) - FALLBACK_CHARACTERS) // 5))
    return escape(kept)

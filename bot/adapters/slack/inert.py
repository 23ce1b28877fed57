"""Untrusted text made harmless: no control character, no mention, no link survives. Knows nothing of blocks."""

import re

FALLBACK_CHARACTERS = 3_500
"""chat.update refuses a text of more than 4,000 characters after escaping (docs.slack.dev, chat.update)."""

# C0 and C1 controls but tab and newline; soft hyphen; zero-width and bidi controls; line and paragraph separators;
# variation and tag characters that hide text; lone surrogates, which are no valid JSON text.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff\ud800-\udfff]"
)

_LINE_END = re.compile("\r\n|[\r\u2028\u2029]")
_TERMINAL = re.compile("\x1b\\[[0-?]*[ -/]*[@-~]")  # ANSI control sequences: colours, cursor moves


def clean(text: str) -> str:
    """The text with its line ends normalised and everything invisible left out."""
    if text.isascii() and text.isprintable():
        return text  # the usual case, at a twentieth of the cost
    return _INVISIBLE.sub("", _LINE_END.sub("\n", _TERMINAL.sub("", text)))


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

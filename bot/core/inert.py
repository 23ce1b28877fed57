"""Makes untrusted text inert: no control sequence, no hidden or direction-changing character, no endless length.

What a terminal would overwrite, hide or reorder must not reach a person who decides on what they read. Escaping for a
certain place (Slack, HTML) is the renderer's business.
"""

import re

_ANSI = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor moves
    r"|\x1b[\]PX^_][^\x07\x1b\n]{0,4096}(?:\x07|\x1b\\)"  # OSC, DCS and other strings: titles, links
    r"|\x9b[0-?]*[ -/]*[@-~]"
    r"|\x1b[ -/]*[0-~]?"
)
_BACKSPACED = re.compile(r"[^\n\x08]\x08")
_HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_BACKSPACE_ROUNDS = 64
"""`man` overstrikes once per character; more rounds than this is an attempt to rewrite the line."""


def inert(text: str, limit: int) -> str:
    """Plain text with \\n and \\t only, at most `limit` characters before a visible note on how much was cut."""
    if limit < 0:
        raise ValueError("limit must not be negative")
    text = _ANSI.sub("", text)
    text = "\n".join(_last_written(line) for line in text.split("\n"))
    for _ in range(_BACKSPACE_ROUNDS):
        text, replaced = _BACKSPACED.subn("", text)
        if not replaced:
            break
    text = _HIDDEN.sub("", text)
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(text) - limit} more characters)"


def _last_written(line: str) -> str:
    """What a terminal shows last of a line that carriage returns wrote several times, such as a progress bar."""
    return line.rstrip("\r").rpartition("\r")[2]

"""Block Kit's limits, with headroom, and how to stay below them: cut, never fail, and say that something was cut.

Numbers are Slack's documented maxima (https://docs.slack.dev/reference/block-kit); Slack probably counts UTF-16 units
(SLACK.md 1.11), so text is measured that way here and 5 % is left free.
"""

from collections.abc import Iterator

CUT = "…"

BLOCKS = 48
"""50 in a message."""

MODAL_BLOCKS = 98
"""100 in a view."""

TOTAL_TEXT = 9_000
"""Above about 12,000 characters of all blocks together Slack refuses with msg_blocks_too_long (undocumented)."""

MODAL_TEXT = 30_000
"""A view may have 250 kB of JSON; every character may take several bytes."""

TEXT_OBJECT = 2_850
"""3,000 in a text object; also kept for one rich text element."""

BUTTON_TEXT = 71
"""75; about 30 are shown on a phone."""

BUTTON_VALUE = 1_900
"""2,000."""

ACTIONS = 25
CONTEXT_ELEMENTS = 10
OPTIONS = 100
OPTION_TEXT = 71
"""75."""

OPTION_VALUE = 75
"""150 by the documentation, 75 by the published types."""

TITLE = 24
"""For a view's title, submit and close: exactly 24, which short words reach."""

LABEL = 1_900
"""2,000 for an input's label and hint."""

PLACEHOLDER = 142
"""150."""

METADATA = 3_000
URL = 2_850
"""3,000."""

INPUT = 3_000


def size(text: str) -> int:
    """UTF-16 code units: one for most characters, two for emoji."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def truncate(text: str, most: int) -> str:
    """At most `most` units (at least 1), the last being … when something was left out."""
    if size(text) <= most:
        return text
    return _head(text, most - 1).rstrip() + CUT


def split(text: str, most: int) -> Iterator[str]:
    """Pieces of at most `most` units (at least 2) that make up the text, broken at line ends where that is possible."""
    while size(text) > most:
        piece = _head(text, most)
        at = piece.rfind("\n") + 1 or len(piece)
        yield text[:at]
        text = text[at:]
    if text:
        yield text


def _head(text: str, most: int) -> str:
    head = text[: max(0, most)]
    while size(head) > most:
        head = head[: len(head) - max(1, (size(head) - most) // 2)]
    return head


class Budget:
    """What may still be said in one message or view. Handing out text never goes over it."""

    def __init__(self, total: int) -> None:
        self._left = total
        self.is_cut = False

    def take(self, text: str, most: int = TEXT_OBJECT) -> str:
        """As much of the text as fits; "" when nothing does."""
        allowed = min(most, self._left)
        if not text or allowed < 1:
            self.is_cut = self.is_cut or bool(text)
            return ""
        kept = truncate(text, allowed)
        self.is_cut = self.is_cut or kept != text
        self._left -= size(kept)
        return kept

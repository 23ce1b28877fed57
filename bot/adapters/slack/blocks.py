"""A card as Block Kit: plain dicts, a pure function of the card.

Words are rich text elements, which Slack never parses: nothing in untrusted text becomes a mention, a link or markup.
Mentions and links exist only where the card says so, and only in a shape that is checked here.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, assert_never
from urllib.parse import quote, urlsplit

from bot.adapters.slack import inert, limits
from bot.adapters.slack.limits import Budget
from bot.core import card_words
from bot.core.cards import (
    Button,
    Buttons,
    Card,
    Code,
    Fact,
    Heading,
    Line,
    Link,
    Mention,
    Moment,
    Mono,
    Note,
    Part,
    Span,
    Strong,
    Style,
)

Block = dict[str, Any]
"""Any: JSON for Slack, whose shapes are Slack's."""

_USER = re.compile(r"[UW][A-Z0-9]{1,20}")
_GROUP = re.compile(r"S[A-Z0-9]{1,20}")
_CUT_SHORT = "Something is cut here: it did not fit one message."


def render(card: Card, *, total: int = limits.TOTAL_TEXT, most: int = limits.BLOCKS) -> list[Block]:
    """The blocks of a message (or of a view, with its own limits). Never empty, never over a limit.

    Buttons are kept whatever must be cut: a question without its buttons would be worse than a short one.
    """
    budget = Budget(total)
    blocks: list[Block] = []
    rich: list[Block] = []
    for part in card.parts:
        if isinstance(part, Buttons | Note) and (separate := _separate(part, budget)):
            blocks += [*_rich_text(rich), *separate]
            rich = []
        else:
            rich += _elements(part, budget)
    blocks += _rich_text(rich)
    if budget.is_cut:
        blocks.append(_context([_plain(_CUT_SHORT)]))
    return _fit(blocks, most) or _rich_text([_section([_text(card.fallback[: limits.TEXT_OBJECT] or "-")])])


def _fit(blocks: list[Block], most: int) -> list[Block]:
    """Drop words before buttons when there are too many blocks: each block of words that goes makes room for one."""
    excess = len(blocks) - most
    words = [index for index, block in enumerate(blocks) if block["type"] != "actions"]
    dropped = set(words[-excess:]) if excess > 0 else set()
    return [block for index, block in enumerate(blocks) if index not in dropped][:most]


def _separate(part: Buttons | Note, budget: Budget) -> list[Block]:
    """Parts that are blocks of their own; empty for a note that only rich text can show."""
    if isinstance(part, Note):
        return _note(part, budget)
    return [{"type": "actions", "elements": [_button(button) for button in row]} for row in _rows(part.buttons)]


def _rows(buttons: Sequence[Button]) -> list[list[Button]]:
    """An actions block takes so many elements, and each action id once."""
    rows: list[list[Button]] = []
    for button in buttons:
        if not rows or len(rows[-1]) == limits.ACTIONS or button.action in {other.action for other in rows[-1]}:
            rows.append([])
        rows[-1].append(button)
    return rows


def _note(note: Note, budget: Budget) -> list[Block]:
    if not all(isinstance(word, str) for word in note.words):
        return []
    kept = budget.take(inert.clean("".join(word for word in note.words if isinstance(word, str))).strip())
    return [_context([_plain(kept)])] if kept else [_context([_plain(limits.CUT)])]


def _context(elements: list[Block]) -> Block:
    return {"type": "context", "elements": elements}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def _button(button: Button) -> Block:
    block: Block = {
        "type": "button",
        "action_id": button.action,
        "text": _plain(limits.truncate(inert.clean(button.label).strip() or "-", limits.BUTTON_TEXT)),
        "value": button.value[: limits.BUTTON_VALUE],
    }
    if button.style is not Style.PLAIN:
        block["style"] = str(button.style)
    return block


def _rich_text(elements: list[Block]) -> list[Block]:
    return [{"type": "rich_text", "elements": list(elements)}] if elements else []


def _elements(part: Part, budget: Budget) -> list[Block]:
    match part:
        case Heading(text, tag):
            title = budget.take(inert.clean(text))
            tail = [_text(budget.take(f"  {inert.clean(tag)}"))] if tag else []
            return _sections([_text(title, bold=True), *tail])
        case Line(words):
            return _sections(_spans(words, budget))
        case Fact(label, words):
            head = _text(budget.take(f"{inert.clean(label)}  "), bold=True)
            return _sections([head, *_spans(words, budget)])
        case Note(words):
            return _sections(_spans(words, budget))
        case Code(text):
            pieces = limits.split(inert.clean(text).strip("\n") or " ", limits.TEXT_OBJECT)
            kept = [piece for piece in (budget.take(each.rstrip("\n") or " ") for each in pieces) if piece]
            return [{"type": "rich_text_preformatted", "elements": [_text(piece)]} for piece in kept]
        case Buttons():
            return []  # no buttons in it
        case _:
            assert_never(part)


def _sections(elements: Iterable[Block]) -> list[Block]:
    said = [element for element in elements if element.get("text") != ""]
    return [_section(said)] if said else []


def _section(elements: list[Block]) -> Block:
    return {"type": "rich_text_section", "elements": elements}


def _spans(words: Sequence[Span], budget: Budget) -> list[Block]:
    return [_span(word, budget) for word in words]


def _span(word: Span, budget: Budget) -> Block:
    match word:
        case str():
            return _text(budget.take(inert.clean(word)))
        case Strong(text):
            return _text(budget.take(inert.clean(text)), bold=True)
        case Mono(text):
            return {**_text(budget.take(inert.clean(text))), "style": {"code": True}}
        case Mention(who):
            return _mention(who, budget)
        case Moment(at, exact):
            budget.take("00:00:00 UTC")
            shown = "{time_secs}" if exact else "{time}"
            stamp = int(at.timestamp())
            return {"type": "date", "timestamp": stamp, "format": shown, "fallback": card_words.clock(at)}
        case Link(url, label):
            return _link(url, label, budget)
        case _:
            assert_never(word)


def _text(text: str, *, bold: bool = False) -> Block:
    element: Block = {"type": "text", "text": text}
    return {**element, "style": {"bold": True}} if bold else element


def _mention(who: str, budget: Budget) -> Block:
    """An element for the id, never text that Slack would have to parse; what is no id is shown as it is."""
    if _USER.fullmatch(who):
        return {"type": "user", "user_id": who}
    if _GROUP.fullmatch(who):
        return {"type": "usergroup", "usergroup_id": who}
    return _text(budget.take(inert.clean(who)))


def _link(url: str, label: str, budget: Budget) -> Block:
    text = budget.take(inert.clean(label).strip() or "link", limits.BUTTON_TEXT)
    safe = quote(inert.clean(url).strip(), safe="%/:=&?~#+!$,;'@()*[]")
    try:
        parts = urlsplit(safe)
    except ValueError:
        return _text(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or len(safe) > limits.URL or not text:
        return _text(text)
    return {"type": "link", "url": safe, "text": text}

"""A card on a terminal: the same words in the same order as in Slack, without its buttons.

Commands are printed exactly, never wrapped and never cut: they are there to be copied.
"""

from datetime import UTC

from bot.cli import screen
from bot.core.cards import Card, Code, Fact, Heading, Line, Link, Mention, Moment, Mono, Note, Part, Strong, Words

_LABEL = 10


def show(card: Card) -> None:
    facts: list[tuple[str, str]] = []
    for part in card.parts:
        if isinstance(part, Fact):
            facts.append((part.label, plain(part.words)))
            continue
        _facts(facts)
        facts = []
        _show(part)
    _facts(facts)
    screen.say()


def plain(words: Words) -> str:
    """Spans as text; a moment is a clock time in UTC."""
    return "".join(_span(word) for word in words)


def _span(word: object) -> str:
    match word:
        case Mention(which):
            return f"@{which}"
        case Moment(at, exact=exact):
            return f"{at.astimezone(UTC):%H:%M:%S} UTC" if exact else f"{at.astimezone(UTC):%H:%M} UTC"
        case Strong(text) | Mono(text):
            return text
        case Link(url, label):
            return f"{label} ({url})"
        case _:
            return str(word)


def _facts(rows: list[tuple[str, str]]) -> None:
    """A label that repeats is shown once."""
    labels = [label for label, _ in rows]
    shown = [("" if n and labels[n - 1] == label else label, text) for n, (label, text) in enumerate(rows)]
    if shown:
        screen.entries(shown, label_width=_LABEL)


def _show(part: Part) -> None:
    from rich.text import Text

    match part:
        case Heading(text, tag):
            screen.put(_heading(screen.safe(text), screen.safe(tag)))
        case Code(text):
            screen.say("\n".join(f"  {line}" for line in text.split("\n")))
        case Line(words) | Note(words):
            screen.put(Text(screen.safe(plain(words))))
        case _:  # buttons: there is nothing to press here
            return


def _heading(text: str, tag: str) -> object:
    """The title to the left, one word to the right."""
    from rich.table import Table
    from rich.text import Text

    line = Table.grid(expand=True, padding=(0, 1, 0, 0))
    line.add_column(overflow="fold", ratio=1, style="bold")
    line.add_column(justify="right", no_wrap=True, style="bold")
    line.add_row(Text(" ".join(text.split())), Text(tag))
    return line

"""Every sentence that this edge says to people: what happened, why, and what they can do."""

import re

from bot.core import card_words
from bot.core.cards import Card, Heading, Line, Mention, Strong, Words
from bot.core.errors import Conflict, Invalid, PageturnerError, Permanent, Refused, Transient, Unclear

HELP_LINES = (
    ("/runbook run NAME key=value …", "open an incident and start this runbook; without a name: a form"),
    ("/runbook list", "all runbooks"),
    ("/runbook show NAME", "when it applies, its limits and its exact steps"),
    ("/runbook status", "open incidents; with a number such as INC-42: that one"),
    ("/runbook levels", "how much each runbook may do alone, where, and on what record"),
    ("/runbook freeze REASON for 2h", "stop: no new step starts; only for service=X, environment=X or runbook=X"),
    ("/runbook unfreeze", "let go again; with the scope that was frozen"),
    ("/runbook break-glass INC-42 REASON", "act on it in spite of a freeze; a second approver must agree"),
    ("/runbook history NAME", "the last 30 days of a runbook, service or environment; without a name: all"),
    ("/runbook stats", "the last 30 days in numbers: how runs ended, how fast people approved"),
    ("/runbook help", "this"),
)

FOREIGN = "This bot answers people of its own workspace only."
NOT_OURS = "This button is not one of mine."
UNKNOWN_BUTTON = "This button does nothing any more: look at the newest card."
BUSY = "Too much is going on at once. Nothing was done; try again in a moment."
LATE = "Still working on it: the answer follows."
NOT_CHOSEN = "Choose a runbook first."
NO_STEP = "This step is not part of the plan any more."
NO_CANDIDATE = "This choice is not offered any more: look at the newest card."
QUOTES = "A quotation mark is not closed."
NO_NAME = "Say which: /runbook show NAME. All names: /runbook list."

# An id in what is said to the one person who asked: shown as a name. Ephemeral messages notify nobody.
_ID = re.compile(r"<@(?P<marked>[UW][A-Z0-9]{2,20})>|\b(?P<bare>[UWS](?=[A-Z0-9]*\d)[A-Z0-9]{2,20})\b")


def said(text: str) -> Card:
    """One answer."""
    return Card(card_words.plain(text), (Line((text,)),))


def told_to_all(text: str) -> Card:
    """One answer that the whole channel sees: only the person it begins with is named, whatever ids its words hold."""
    return Card(card_words.unnamed(text), (Line(card_words.said(text, card_words.leading(text))),))


def usage(unknown: str = "") -> Card:
    head = (Line((f'I do not know "{card_words.cut(unknown, 60)}".',)),) if unknown else ()
    lines = tuple(Line((Strong(usage), f"  {meaning}")) for usage, meaning in HELP_LINES)
    return Card("How to use /runbook", (*head, Heading("/runbook"), *lines))


def refused(error: PageturnerError) -> Card:
    """What an error of ours says to the person who pressed."""
    problem, remedy = parts(error)
    said = f"{problem} {remedy}".strip()
    return Card(f"Not done: {card_words.unnamed(said)}", (Line((Strong("Not done: "), *names(said))),))


def parts(error: PageturnerError) -> tuple[str, str]:
    """What is wrong, and what to do about it."""
    match error:
        case Refused():
            return card_words.sentence(error.problem), _advice(error.remedy)
        case Invalid():
            where = f"{error.place}: " if error.place else ""
            return card_words.sentence(f"{where}{error.problem}"), _advice(error.remedy)
        case Conflict():
            return (
                f"Somebody was first: {card_words.sentence(str(error))}",
                "Look at the card, it shows how things stand.",
            )
        case Transient():
            return card_words.sentence(str(error)), "Nothing was done; press again in a moment."
        case Unclear():
            return card_words.sentence(str(error)), "Look at the card before you press again."
        case Permanent():
            return card_words.sentence(str(error)), ""
        case _:
            return card_words.sentence(str(error)), ""


def at_field(error: PageturnerError) -> str:
    """For the field that it is about, whose label stands above it. No full stop behind what is to be typed exactly."""
    if isinstance(error, Invalid | Refused) and not error.remedy:
        return card_words.unnamed(error.problem)
    if isinstance(error, Invalid):
        return f"{card_words.sentence(error.problem)} {_advice(error.remedy)}"
    return in_window(error)


def in_window(error: PageturnerError) -> str:
    """All of it as the plain text that a window's error must be: nobody's name can be shown there."""
    return card_words.unnamed(" ".join(part for part in parts(error) if part))


def _advice(remedy: str) -> str:
    return card_words.sentence(remedy[:1].upper() + remedy[1:])


def names(text: str) -> Words:
    """A sentence in which ids of people and groups are shown as names."""
    words: list[str | Mention] = []
    position = 0
    for found in _ID.finditer(text):
        words += [text[position : found.start()], Mention(found["marked"] or found["bare"])]
        position = found.end()
    return tuple(word for word in (*words, text[position:]) if word)


def broken(reference: str) -> Card:
    """For what nobody foresaw: neutral, with a reference that the log has too."""
    text = f"Something went wrong on my side. Look at the card before you press again. In the log: {reference}."
    return Card(text, (Line((text,)),))


def started(text: str, channel: str) -> Card:
    """The answer to a run, naming where it can be watched."""
    line = f"{text.rstrip('.')}, see #{channel}." if channel else text
    return Card(line, (Line((line,)),))

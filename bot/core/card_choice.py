"""Several runbooks fit: which one? The buttons carry a place in the list, never a name to trust.

It mentions nobody: the root, posted in the same moment, calls whoever may choose.
"""

from bot.core import card_words
from bot.core.cards import Button, Buttons, Card, Heading, Line, Moment, Note, Part, Strong, Words
from bot.core.incidents import Incident
from bot.core.matching import Candidate
from bot.core.states import State

MOST_SHOWN = 5
"""More than one phone screen helps nobody; every other runbook is behind "Other runbook"."""

LABEL_CHARACTERS = 60
REASON_CHARACTERS = 200
_NUMBERS = ("None", "One", "Two", "Three", "Four", "Five")


def choice(incident: Incident) -> Card:
    """The question while it is open, then its answer."""
    if incident.state is State.CHOOSING:
        return _question(incident)
    heading = Heading("Which runbook?", "answered" if incident.runbook else "not answered")
    if incident.runbook:
        by: Words = ("chosen by ", *card_words.people([incident.chosen_by])) if incident.chosen_by else ("chosen",)
        words: Words = (Strong(str(incident.runbook)), " ", *by)
    else:
        words = ("No runbook was chosen",)
    return Card(f"{incident.id}: {incident.runbook or 'no runbook'} was chosen", (heading, Line(words)))


def _question(incident: Incident) -> Card:
    shown = incident.candidates[:MOST_SHOWN]
    parts: list[Part] = [Heading("Which runbook?"), Line((_introduction(incident), *_until(incident)))]
    for index, candidate in enumerate(shown):
        parts.append(Buttons((_button(incident, index, candidate),)))
        parts.append(Note((_reasons(candidate),)))
    parts.append(Buttons((Button("incident.choose", "None of these: escalate", f"{incident.id}:none"),)))
    names = card_words.listing([each.runbook for each in shown], most=3)
    fallback = f"{incident.id} needs you to choose a runbook for {card_words.cut(incident.title, 120)}: {names}"
    return Card(fallback, tuple(parts))


def _introduction(incident: Incident) -> str:
    count = len(incident.candidates)
    number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    if count > 1:
        return f"{number} fit about equally well."
    return "One fits, but not well enough to be taken without asking." if count else "None fits."


def _until(incident: Incident) -> Words:
    if incident.choice_expires_at is None:
        return ()
    return (" Nothing is done before you choose; after ", Moment(incident.choice_expires_at), " it escalates.")


def _button(incident: Incident, index: int, candidate: Candidate) -> Button:
    name = card_words.cut(candidate.runbook, LABEL_CHARACTERS)
    return Button("incident.choose", f"{name} {candidate.score:.2f}", f"{incident.id}:{index}")


def _reasons(candidate: Candidate) -> str:
    fits = "; ".join(candidate.reasons)
    misses = "; ".join(candidate.misses)
    text = f"{fits} · does not fit: {misses}" if misses else fits
    return card_words.cut(text or candidate.title, REASON_CHARACTERS)

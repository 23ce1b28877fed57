"""Acting in spite of a freeze: the question to a second person, and the loud record of the answer."""

from collections.abc import Iterable

from bot.core import card_words
from bot.core.cards import Button, Buttons, Card, Fact, Heading, Line, Moment, Part, Style, Words
from bot.core.incidents import Glass, Incident

REASON_CHARACTERS = 300


def glass(incident: Incident, asked: Glass, *, told: Iterable[str]) -> Card:
    """`told` are the ids of those who may agree."""
    reason = card_words.cut(asked.reason, REASON_CHARACTERS)
    parts: list[Part] = [
        Heading("Act in spite of the freeze?" if asked.broken_by is None else "Glass broken", _state(asked)),
        Line((*card_words.people([asked.asked_by]), f' asks to break the glass: "{reason}"')),
        Fact("Means", ("for 30 min freezes do not hold this incident; approvals, limits and policies still do",)),
    ]
    if asked.broken_by is None:
        parts.insert(1, Line(("For ", *card_words.people(told))))
        parts.append(Line(("A second approver must agree.",)))
        if incident.is_open:
            parts.append(Buttons((Button("glass.break", "Agree and break", incident.id, Style.DANGER),)))
    else:
        parts.append(Line(_agreed(asked)))
        parts.append(Line(("Go on with Other runbook above; every step asks as always.",)))
    return Card(_fallback(incident, asked), tuple(parts))


def _state(asked: Glass) -> str:
    return "asked" if asked.broken_by is None else "on record"


def _agreed(asked: Glass) -> Words:
    until: Words = (" until ", Moment(asked.until, exact=True)) if asked.until else ()
    agreed = card_words.cut(asked.agreed, REASON_CHARACTERS)
    return ("Agreed by ", *card_words.people([asked.broken_by] if asked.broken_by else []), f' ("{agreed}")', *until)


def _fallback(incident: Incident, asked: Glass) -> str:
    if asked.broken_by is None:
        return f"{incident.id} asks a second person to break the glass of the freeze: {asked.reason}"
    return f"{incident.id}: the glass of the freeze is broken: {asked.reason}"

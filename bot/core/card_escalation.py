"""A call for people, in the thread: it mentions whom it is for, says why, and what they can do."""

from bot.core import card_root, card_words
from bot.core.card_words import joined
from bot.core.cards import Card, Code, Fact, Heading, Line, Moment, Part, Words
from bot.core.events import EscalationReason
from bot.core.incidents import Escalation, Incident
from bot.core.previews import Outcome

EXPLANATION_CHARACTERS = 600
NOTES_CHARACTERS = 400

NEXT: dict[EscalationReason, str] = {
    EscalationReason.NO_RUNBOOK: "Take it, or pick a runbook with Other runbook above.",
    EscalationReason.NOT_CHOSEN: "Take it, or pick a runbook with Other runbook above.",
    EscalationReason.STEP_FAILED: "Look at the failed step above, then go on by hand or pick another runbook.",
    EscalationReason.BLOCKED: "Nothing was run. Remove what blocks it, then pick the runbook again, or go on by hand.",
    EscalationReason.UNCLEAR: "Check whether it happened, then press what you found on the step above.",
    EscalationReason.EXPIRED: "Nothing was run. Pick the runbook again to be asked anew, or go on by hand.",
    EscalationReason.REJECTED: "Nothing was run. Go on by hand, or pick another runbook.",
    EscalationReason.TIME_LIMIT: "No further step is run. Go on by hand, or pick a runbook again.",
    EscalationReason.STILL_FIRING: "Look at what was done above: the cause may be elsewhere.",
    EscalationReason.CAME_BACK: "Look for the cause; the same runbook is not run again by itself.",
    EscalationReason.ADVISORY: "Run what you judge right, then press Resolve above.",
    EscalationReason.ASKED: "Take it above, so that others know.",
    EscalationReason.BROKEN: "Go on by hand, and tell whoever runs pageturner.",
}


def escalation(incident: Incident, raised: Escalation, *, is_current: bool) -> Card:
    """`is_current`: it is the latest and the incident is open, so what to do now is worth saying."""
    known = card_words.involved(incident) | card_root.spoken_for(raised.reason, raised.explanation)
    why = card_words.said(card_words.cut(raised.explanation, EXPLANATION_CHARACTERS), known)
    told = card_words.people(raised.targets)
    parts: list[Part] = [
        Heading("Escalated", raised.reason.replace("_", " ")),
        *([Line(("For ", *told))] if told else []),
        Line(why),
    ]
    if is_current:
        parts.append(Line((NEXT[raised.reason],)))
    parts += _notes(incident, raised)
    parts += card_root.pages(incident, raised)
    parts.append(Line(joined([("At ", Moment(raised.at, exact=True)), _taken(incident)])))
    short = card_words.unnamed(card_words.cut(raised.explanation, EXPLANATION_CHARACTERS))
    return Card(f"{incident.id} needs you: {short}", tuple(parts))


def _taken(incident: Incident) -> Words:
    return ("taken by ", *card_words.taken(incident)) if incident.is_taken else ()


def _notes(incident: Incident, raised: Escalation) -> list[Part]:
    """What the author left for this moment, and the command that failed."""
    parts: list[Part] = []
    failed = [step for step in incident.steps if step.outcome in {Outcome.FAILED, Outcome.REFUSED}]
    if raised.reason is EscalationReason.STEP_FAILED and failed:
        parts.append(Code(card_words.cut(failed[-1].plan.operation.text, NOTES_CHARACTERS)))
    notes = incident.plan.notes if incident.plan else ""
    return [*parts, *([Fact("Notes", (card_words.cut(notes, NOTES_CHARACTERS),))] if notes else [])]

"""An approval that nobody has answered for half of its time is asked about once more.

It is a message of its own: an edit of the question would ring nobody.
"""

from bot.core import card_parts, card_words
from bot.core.approvals import Approval
from bot.core.cards import Card, Heading, Line, Moment, Words
from bot.core.incidents import ClosedApproval, Incident


def reminder(incident: Incident, asked: Approval, closed: ClosedApproval | None) -> Card:
    """`closed`: what became of the question since, which takes the call back."""
    which = next((each for each in incident.steps if each.plan.id == asked.step), None)
    name = card_words.cut(which.plan.name, card_parts.LINE_CHARACTERS) if which else ""
    place = card_words.position(incident, asked.step)
    if closed is not None:
        said = f"{place} is not asked about any more: {closed.closing}"
        return Card(f"{incident.id} {said}", (Heading("Asked again", "over"), Line((f"{said}.",))))
    until: Words = ("Until ", Moment(asked.expires_at), "; then it escalates and nothing is run.")
    parts = (
        Heading("Still waiting for an answer", f"{place}"),
        Line(("For ", *card_words.rule(asked.rule))),
        Line((f"Nobody has decided about {name or place} yet. Answer at the step above.",)),
        Line(until),
    )
    fallback = f"{incident.id} still needs your answer: {name or place}, expires {card_words.clock(asked.expires_at)}"
    return Card(fallback, parts)

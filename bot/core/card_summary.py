"""How an incident ended, in one message: who decided what, what ran, and the few moments that explain it."""

from datetime import datetime

from bot.core import card_root, card_words
from bot.core.approvals import Vote
from bot.core.card_words import joined
from bot.core.cards import Card, Fact, Heading, Line, Moment, Part, Words
from bot.core.events import PageAction
from bot.core.incidents import Escalation, Incident, Step
from bot.core.previews import Outcome
from bot.core.states import State

MOMENTS_SHOWN = 14
WORDS_CHARACTERS = 160
OUTPUT_CHARACTERS = 60
CLEARED = "the alert cleared"
"""How `moves` says that nothing but the alert's own end resolved the incident."""


def summary(incident: Incident) -> Card:
    """Once resolved or closed. When it was reopened the card says so, instead of claiming a cure."""
    if incident.is_open:
        return _reopened(incident)
    ended = incident.resolved_at or incident.changed_at
    took = f" in {card_words.duration(ended - incident.opened_at)}" if ended and incident.opened_at else ""
    word = "resolved" if incident.resolved_at else "closed"
    parts: list[Part] = [
        Heading(f"{incident.id} {word}{took}"),
        Line(joined([(str(incident.runbook or "no runbook"),), (_counted(incident),)])),
        Line(joined([_approvals(incident), (_woken(incident),), _cleared(incident), _watching(incident)])),
    ]
    why = _why(incident)
    parts += [Fact("Why", why)] if why else []
    parts += [Line(words) for words in [*_left_open(incident), *moments(incident)]]
    fallback = (
        f"{incident.id} {word}{took}: {card_words.unnamed(card_words.cut(incident.resolution, WORDS_CHARACTERS))}"
    )
    return Card(fallback, tuple(parts))


def _counted(incident: Incident) -> str:
    """How many succeeded; one that was not reached is named, so that nobody takes it for a failure."""
    if not incident.steps:
        return "no step ran"
    done = sum(step.outcome is Outcome.SUCCEEDED for step in incident.steps)
    left = sum(step.outcome is None for step in incident.steps)
    counted = f"{done} of {card_words.plural(len(incident.steps), 'step')} succeeded"
    return counted + (f", {left} not run" if left else "")


def _reopened(incident: Incident) -> Card:
    why = card_words.said(card_words.sentence(incident.resolution), card_words.involved(incident))
    heading = Heading(f"{incident.id} opened again")
    return Card(f"{incident.id} opened again: {card_words.unnamed(incident.resolution)}", (heading, Line(why)))


def _why(incident: Incident) -> Words:
    """What is on record as the reason, unless the line above says just that."""
    if incident.has_cleared and incident.resolution == CLEARED:
        return ()
    known = card_words.involved(incident) | card_words.leading(incident.resolution)
    return card_words.said(card_words.sentence(card_words.cut(incident.resolution, WORDS_CHARACTERS)), known)


def _approvals(incident: Incident) -> Words:
    votes = [vote.voter for step in incident.steps for vote in step.approved_by]
    if not votes:
        return ("nobody was asked",) if incident.steps else ()
    counted = [(*card_words.people([voter]), f" ({votes.count(voter)})") for voter in sorted(set(votes))]
    return ("Approved by ", *joined(counted, ", "))


def _woken(incident: Incident) -> str:
    raised = incident.calls
    pages = [page.target for each in raised for page in each.pages if page.is_delivered]
    if pages:
        return f"paged {', '.join(sorted(set(pages)))}"
    return f"escalated {card_words.plural(len(raised), 'time')}" if raised else "nobody woken"


def _left_open(incident: Incident) -> list[Words]:
    """Pages that still ring because their pager could not be told that it is over."""
    updates = incident.page_updates.values()
    lost = [each.target for each in updates if each.action is PageAction.RESOLVE and not each.is_delivered]
    return [(f"{target} could not be told that it is over: resolve the page there",) for target in lost]


def _cleared(incident: Incident) -> Words:
    if not incident.has_cleared:
        return ("the alert had not cleared",) if incident.alerts else ()
    last = max(seen.last_at for seen in incident.alerts.values())
    return ("alert cleared ", Moment(last, exact=True))


def _watching(incident: Incident) -> Words:
    if incident.state is State.CLOSED or incident.watch_until is None:
        return ()
    return ("watching until ", Moment(incident.watch_until))


def moments(incident: Incident) -> tuple[Words, ...]:
    """What happened, in order, as far as the fold knows it; the timeline has all of it."""
    found = [*_beginning(incident), *(each for step in incident.steps for each in _step(incident, step))]
    found += [(each.at, _escalated(incident, each)) for each in incident.calls]
    ordered = sorted(found, key=lambda each: each[0])
    shown = ordered[:MOMENTS_SHOWN]
    lines: list[Words] = [(Moment(at, exact=True), "  ", *words) for at, words in shown]
    left = len(ordered) - len(shown)
    return (*lines, *([(f"and {left} more, in the timeline",)] if left else []))


def _beginning(incident: Incident) -> list[tuple[datetime, Words]]:
    found: list[tuple[datetime, Words]] = []
    if incident.opened_at is None:
        return found
    if incident.alerts:
        place = f", {incident.service}" if incident.service else ""
        found.append((incident.opened_at, (f"alert received ({incident.severity}{place})",)))
    elif incident.requester:
        found.append((incident.opened_at, ("asked for by ", *card_words.people([incident.requester]))))
    if incident.match_reason and incident.alerts:
        reason = card_words.cut(incident.match_reason, WORDS_CHARACTERS)
        found.append((incident.opened_at, (f"matching: {reason}",)))
    return found


def _step(incident: Incident, step: Step) -> list[tuple[datetime, Words]]:
    name = card_words.position(incident, step.plan.id).lower()
    found: list[tuple[datetime, Words]] = [
        (vote.at, (f"{name} approved by ", *card_words.people([vote.voter]), *_because(vote)))
        for vote in step.approved_by
    ]
    if step.finished_at is not None and step.outcome is not None:
        found.append((step.finished_at, (f"{name} {step.outcome}{_came_back(step)}",)))
    return found


def _because(vote: Vote) -> Words:
    return (f' ("{card_words.cut(vote.reason, WORDS_CHARACTERS)}")',) if vote.reason else ()


def _came_back(step: Step) -> str:
    """A short answer in full; a table is not worth a torn piece of it here, the step's own message has it."""
    if step.outcome is not Outcome.SUCCEEDED:
        detail = card_words.cut(card_words.plain(step.detail), OUTPUT_CHARACTERS)
        return f" ({detail})" if detail else ""
    text = step.output.strip()
    return f" ({text})" if text and "\n" not in text and len(text) <= OUTPUT_CHARACTERS else ""


def _escalated(incident: Incident, raised: Escalation) -> Words:
    """Without those who were called then: nobody is called again because it is over."""
    known = card_words.involved(incident) | card_root.spoken_for(raised.reason, raised.explanation)
    return ("escalated: ", *card_words.said(card_words.cut(raised.explanation, WORDS_CHARACTERS), known))

"""Which messages an incident's thread shows now: a pure function of the incident, in the order of the thread."""

from datetime import datetime

from bot.core import (
    card_choice,
    card_escalation,
    card_glass,
    card_levels,
    card_reminder,
    card_root,
    card_step,
    card_summary,
    card_words,
)
from bot.core.approvals import Approval
from bot.core.cards import Audience, Card
from bot.core.incidents import ClosedApproval, Incident, Step
from bot.core.plans import Verdict
from bot.core.states import State

DETAIL_CHARACTERS = 500


def messages(incident: Incident, *, now: datetime, audience: Audience) -> tuple[tuple[str, Card], ...]:
    """(key, card) for every message. The same incident gives equal cards; `now` only takes the buttons off a question
    whose time is over."""
    shown: list[tuple[str, Card]] = [("root", card_root.root(incident, audience=audience))]
    if _was_asked_to_choose(incident):
        shown.append(("choice", card_choice.choice(incident)))
    shown += _steps(incident, now)
    shown += _reminders(incident)
    raised = incident.calls
    for number, escalation in enumerate(raised, start=1):
        if card_root.is_opening(escalation, incident):
            continue  # the root itself calls for people; the numbers of later ones do not depend on it
        is_current = number == len(raised) and incident.is_open
        card = card_escalation.escalation(incident, escalation, is_current=is_current)
        shown.append((f"escalation-{number}", card))
    if incident.state in {State.RESOLVED, State.CLOSED} or incident.reopened:
        shown.append(("summary", card_summary.summary(incident)))
    if incident.glass is not None:
        shown.append(("glass", card_glass.glass(incident, incident.glass, told=audience.escalation)))
    if incident.promotion is not None:
        shown.append(("level-proposal", card_levels.proposal(incident, incident.promotion)))
    for number, loss in enumerate(incident.losses, start=1):
        shown.append((f"level-lost-{number}", card_levels.lost(incident, loss)))
    return tuple(shown)


def _was_asked_to_choose(incident: Incident) -> bool:
    chosen = incident.chosen_by is not None and bool(incident.candidates)
    return incident.state is State.CHOOSING or incident.choice_expires_at is not None or chosen


def _steps(incident: Incident, now: datetime) -> list[tuple[str, Card]]:
    due = [each for each in incident.steps if _due(incident, each)]
    shown = [(f"step-{each.plan.id}", card_step.step(incident, each, now=now)) for each in due]
    present = {key for key, _ in shown}
    for closed in incident.closed_approvals:
        key = f"step-{closed.approval.step}"
        if key not in present:
            shown.append((key, card_step.withdrawn(incident, closed)))
            present.add(key)
    return shown


def _reminders(incident: Incident) -> list[tuple[str, Card]]:
    """Numbered by the question that they are about, so that each keeps its message."""
    known: list[tuple[Approval, ClosedApproval | None]] = [(each.approval, each) for each in incident.closed_approvals]
    known += [(incident.approval, None)] if incident.approval else []
    return [
        (f"reminder-{number}", card_reminder.reminder(incident, approval, closed))
        for number, (approval, closed) in enumerate(known, start=1)
        if approval.reminded_at is not None
    ]


def _due(incident: Incident, step: Step) -> bool:
    """Its turn has come, or came once: a message that stands is never left behind with old buttons.

    One that people must be asked about waits for the question: only a message's first version notifies anybody.
    """
    if step.started_at is not None or step.is_done:
        return True
    if step.prepared_at is None:
        return False
    return step.plan.decision.verdict is not Verdict.ASK or _was_asked_about(incident, step)


def _was_asked_about(incident: Incident, step: Step) -> bool:
    asked = [each.approval.step for each in incident.closed_approvals]
    asked += [incident.approval.step] if incident.approval else []
    return step.plan.id in asked


def page_details(incident: Incident) -> tuple[tuple[str, str], ...]:
    """What a pager outside Slack is told besides the summary: facts in a fixed order, without empty ones."""
    steps = "; ".join(
        f"{card_words.position(incident, step.plan.id)} {step.plan.name}: {step.outcome or 'not run'}"
        for step in incident.steps
    )
    first = incident.first_alert
    facts = (
        ("incident", str(incident.id)),
        ("title", incident.title),
        ("severity", str(incident.severity)),
        ("service", incident.service),
        ("environment", incident.environment),
        ("state", card_root.brief(incident)),
        ("runbook", str(incident.runbook or "")),
        ("steps", steps),
        ("alert", first.text if first else ""),
        ("source", first.url if first else ""),
    )
    return tuple((label, card_words.cut(text, DETAIL_CHARACTERS)) for label, text in facts if text)

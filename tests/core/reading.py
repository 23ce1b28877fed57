"""Cards read as a person reads them, line by line, and the incidents that the tests of cards begin with."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core import actors, events, summary
from bot.core.approvals import Choice, Closing
from bot.core.cards import Audience, Button, Buttons, Card, Code, Fact, Heading, Line, Mention, Moment, Note, Span
from bot.core.events import EscalationReason
from bot.core.ids import Digest
from bot.core.incidents import Incident
from bot.core.operations import Operation, Tier
from bot.core.plans import PlannedStep
from bot.core.previews import Preview, Target
from bot.core.runbooks import Expectation, OnFailure
from tests import builders as b

AUDIENCE = Audience(("S0LEADS",), ("PagerDuty",))
E = Digest("e" * 64)


def cards_of(incident: Incident, *, now: datetime = b.T0) -> dict[str, Card]:
    return dict(summary.messages(incident, now=now, audience=AUDIENCE))


def spans(card: Card) -> Iterator[Span]:
    for part in card.parts:
        if isinstance(part, Line | Fact | Note):
            yield from part.words


def text(card: Card) -> str:
    """What a reader sees, a line for each part."""
    return "\n".join(_part(part) for part in card.parts)


def _part(part: object) -> str:
    match part:
        case Heading(title, tag):
            return f"{title} [{tag}]"
        case Line(words) | Note(words):
            return "".join(_word(word) for word in words)
        case Fact(label, words):
            return f"{label}: " + "".join(_word(word) for word in words)
        case Code(code):
            return code
        case Buttons(buttons):
            return " ".join(f"<{button.label}>" for button in buttons)
        case _:
            raise AssertionError(part)


def _word(word: Span) -> str:
    match word:
        case str():
            return word
        case Mention(who):
            return f"@{who}"
        case Moment(at):
            return f"{at:%H:%M}"
        case _:
            return word.label if hasattr(word, "label") else word.text


def mentioned(card: Card) -> set[str]:
    return {word.id for word in spans(card) if isinstance(word, Mention)}


def buttons(card: Card) -> dict[str, Button]:
    found = [button for part in card.parts if isinstance(part, Buttons) for button in part.buttons]
    return {button.action: button for button in found}


def flush(tier: Tier = Tier.MEDIUM) -> PlannedStep:
    made = b.step(1, tier, cache_operations=1, expect=Expectation(equals="OK"), on_failure=OnFailure.CONTINUE)
    command = "kubectl exec -n production deploy/redis-primary -- redis-cli FLUSHDB"
    return replace(
        made,
        name="Flush the connection pool",
        operation=Operation(made.operation.family, "kubernetes.exec", command, {}),
        judgement=replace(made.judgement, summary="empties the cache of redis-primary"),
        preview=Preview(
            targets=(Target("pod", "redis-primary-7c9f4", "production", note="container redis"),),
            promise="exec cannot be simulated; target is ready, permission present",
            identity="ServiceAccount oncall",
        ),
    )


def asked(step: PlannedStep, *more: PlannedStep) -> b.History:
    plan = b.plan(step, *more, limits={"cache_operations": 1, "pod_restarts": 0})
    history = b.opened().then(events.PlanMade(plan), events.StepPrepared(step))
    return history.then(events.ApprovalRequested(b.approval(step, at=history.now)))


def approved(step: PlannedStep, *more: PlannedStep, reason: str = "") -> b.History:
    history = asked(step, *more)
    approval = history.incident.approval
    assert approval is not None
    history.then(events.VoteCast(approval.id, Choice.APPROVE, reason), by=actors.person(b.ANA))
    history.then(events.ApprovalClosed(approval.id, Closing.CONSUMED))
    return history.then(events.StepStarted(step.id, 1, E, "approved by <@U0ANA>", approval.id))


def unforeseen() -> b.History:
    """No runbook fits: opened, matched and escalated in one moment, as intake records it."""
    at_once = timedelta(0)
    history = b.History().then(events.IncidentOpened("Drift", b.alert().severity, "billing", ""), after=at_once)
    raised = events.EscalationRaised(EscalationReason.NO_RUNBOOK, "No runbook fits this alert.", ("S0SRE",))
    return history.then(events.AlertJoined(b.alert()), events.RunbookMatched((), None, ""), raised, after=at_once)

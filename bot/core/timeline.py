"""Every event of an incident as one line in words: for the terminal, for exports, for reading back long afterwards."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.core import events
from bot.core.actors import Actor, ActorKind
from bot.core.approvals import Choice
from bot.core.events import Event, Recorded

LONGEST = 400
"""Characters of one line; the stored event has all of it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: when, by whom, what. `who` is empty for what the bot did by itself."""

    at: datetime
    who: str
    what: str


def entries(history: Iterable[Recorded]) -> tuple[Entry, ...]:
    return tuple(Entry(each.at, who(each.actor), words(each.event)) for each in history)


def lines(history: Iterable[Recorded]) -> tuple[str, ...]:
    """`04:17:23 alert received ...`, in UTC."""
    return tuple(line(entry) for entry in entries(history))


def line(entry: Entry) -> str:
    by = f" by {entry.who}" if entry.who else ""
    return f"{entry.at:%H:%M:%S} {entry.what}{by}"


def who(actor: Actor) -> str:
    match actor.kind:
        case ActorKind.PERSON:
            return f"@{actor.id}"
        case ActorKind.SOURCE:
            return actor.id
        case ActorKind.BOT | ActorKind.CLOCK:
            return ""


def words(event: Event) -> str:
    """One line for one event; a test checks that every kind has its words."""
    return _line(_WORDS[type(event)](event))


def _line(text: str) -> str:
    one = " ".join(text.split())
    return one if len(one) <= LONGEST else one[: LONGEST - 1] + "…"


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


def _alert(event: events.AlertJoined) -> str:
    alert = event.alert
    word = "alert received" if alert.is_firing else "alert cleared"
    return f"{word}: {alert.name} ({', '.join(part for part in (alert.severity, alert.service) if part)})"


def _matched(event: events.RunbookMatched) -> str:
    best = max((each.score for each in event.candidates), default=0.0)
    if event.chosen:
        return f"matched {event.chosen} {best:.2f}{_because(event.reason)}"
    return f"no runbook taken{_because(event.reason)}"


def _chosen(event: events.RunbookChosen) -> str:
    given = ", ".join(f"{name}={event.parameters[name]}" for name in sorted(event.parameters))
    return f"runbook {event.runbook} chosen" + (f" with {given}" if given else "")


def _asked(event: events.ApprovalRequested) -> str:
    asked = event.approval
    return f"step {asked.step} asks {asked.rule} until {asked.expires_at:%H:%M:%S} (plan {asked.digest[:6]})"


def _finished(event: events.StepFinished) -> str:
    said = event.output.strip() if event.outcome == "succeeded" else event.detail
    again = ", will be tried again" if event.will_retry else ""
    quoted = f" ({said})" if said else ""
    return f"step {event.step} {event.outcome} after {event.duration_seconds:.1f} s{again}{quoted}"


def _started(event: events.StepStarted) -> str:
    attempt = f", try {event.attempt}" if event.attempt > 1 else ""
    return f"step {event.step} started{attempt}{_because(event.authority)} (plan {event.digest[:6]})"


def _prepared(event: events.StepPrepared) -> str:
    return f"step {event.step.id} prepared ({event.step.tier}): {event.step.operation.text}"


def _voted(event: events.VoteCast) -> str:
    word = "approved" if event.choice is Choice.APPROVE else "rejected"
    return f'{word} ("{event.reason}")' if event.reason else word


def _settled(event: events.OutcomeSettled) -> str:
    return f"step {event.step} " + ("to be run again" if event.rerun else f"settled: it {event.outcome}")


def _escalated(event: events.EscalationRaised) -> str:
    to = f" to {', '.join(event.targets)}" if event.targets else ""
    return f"escalated{to}{_because(event.explanation)}"


# Any: each function takes its own kind of event; the key guarantees that it gets no other.
_WORDS: Mapping[type[Event], Callable[[Any], str]] = {
    events.IncidentOpened: lambda event: f"opened: {event.title} ({event.severity})",
    events.AlertJoined: _alert,
    events.RunbookMatched: _matched,
    events.ChoiceAsked: lambda event: f"asked which of {len(event.candidates)} runbooks fits",
    events.RunbookChosen: _chosen,
    events.PlanMade: lambda event: f"plan made: {len(event.plan.steps)} steps at level {event.plan.level.value}",
    events.StepPrepared: _prepared,
    events.ApprovalRequested: _asked,
    events.VoteCast: _voted,
    events.ApprovalClosed: lambda event: f"approval {event.closing}{_because(event.reason)}",
    events.ApprovalReminded: lambda _: "asked again: nobody has answered yet",
    events.StepStarted: _started,
    events.StepFinished: _finished,
    events.StepHeld: lambda event: f"step {event.step} held back until {event.until:%H:%M:%S}{_because(event.reason)}",
    events.StepSkipped: lambda event: f"step {event.step} skipped{_because(event.reason)}",
    events.OutcomeSettled: _settled,
    events.UndoPlanned: lambda event: f"undo of step {event.after} planned: {event.step.operation.text}",
    events.EscalationRaised: _escalated,
    events.PageSent: lambda event: (
        f"page to {event.target} {'delivered' if event.is_delivered else 'NOT delivered'}{_because(event.detail)}"
    ),
    events.PageUpdated: lambda event: (
        f"{event.target} {'told' if event.is_delivered else 'NOT told'} to {event.action} it{_because(event.detail)}"
    ),
    events.IncidentTaken: lambda event: f"taken by {event.elsewhere}" if event.elsewhere else "taken",
    events.RunSettled: lambda event: f"all steps done, waiting for the alert to clear until {event.until:%H:%M:%S}",
    events.IncidentResolved: lambda event: f"resolved{_because(event.reason)}",
    events.IncidentReopened: lambda event: f"opened again{_because(event.reason)}",
    events.IncidentClosed: lambda event: f"closed{_because(event.reason)}",
    events.LevelProposed: lambda event: f"level {event.level.value} proposed: {'; '.join(event.evidence)}",
    events.LevelGranted: lambda event: f"level {event.level.value} granted{_because(event.reason)}",
    events.LevelDeclined: lambda event: f"level not granted{_because(event.reason)}",
    events.GlassAsked: lambda event: f"asked to break the glass{_because(event.reason)}",
    events.GlassBroken: lambda event: f"GLASS BROKEN until {event.until:%H:%M:%S}{_because(event.reason)}",
    events.LevelLost: lambda event: f"{event.runbook} lost level {event.level.value}{_because(event.reason)}",
}

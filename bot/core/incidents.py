"""An incident is the fold of its events: `apply` is the only way that its state changes.

The legal moves stand in `states.TRANSITIONS`; here is what each event does to what is known.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar, cast

from bot.core import alerts as alert_words
from bot.core import events, limits, promotions, states
from bot.core.actors import ActorKind
from bot.core.approvals import Closing, Vote
from bot.core.errors import Conflict
from bot.core.events import Event, Recorded
from bot.core.ids import IncidentId, StepId, UserId
from bot.core.plans import content_digest
from bot.core.previews import Outcome
from bot.core.steps import ClosedApproval as ClosedApproval  # the parts are read through this module
from bot.core.steps import Escalation as Escalation
from bot.core.steps import Glass as Glass
from bot.core.steps import Incident as Incident
from bot.core.steps import SeenAlert as SeenAlert
from bot.core.steps import Spending as Spending
from bot.core.steps import Step as Step


def fold(incident: IncidentId, history: Iterable[Recorded]) -> Incident:
    state = Incident(incident)
    for recorded in history:
        state = apply(state, recorded)
    return state


def apply(incident: Incident, recorded: Recorded) -> Incident:
    """The next incident. Raises Conflict for an event that the state does not allow or that is out of order."""
    event = recorded.event
    states.check_move(incident.state, event)
    if recorded.sequence != incident.version + 1:
        raise Conflict(f"expected event {incident.version + 1} of {incident.id}, got {recorded.sequence}")
    changed = _HANDLERS[type(event)](incident, recorded)
    state = states.after(incident.state, event)
    moved = state is not incident.state or incident.state_since is None
    return replace(
        changed,
        version=recorded.sequence,
        state=state,
        changed_at=recorded.at,
        state_since=recorded.at if moved else incident.state_since,
        state_sequence=recorded.sequence if moved else incident.state_sequence,
    )


Handler = Callable[[Incident, Recorded], Incident]
_HANDLERS: dict[type, Handler] = {}

E = TypeVar("E", bound=Event)


def _on(
    kind: type[E],
) -> Callable[[Callable[[Incident, E, Recorded], Incident]], Callable[[Incident, E, Recorded], Incident]]:
    """Register the one handler of an event kind; a test checks that every kind has one."""

    def register(handler: Callable[[Incident, E, Recorded], Incident]) -> Callable[[Incident, E, Recorded], Incident]:
        _HANDLERS[kind] = lambda incident, recorded: handler(incident, cast(E, recorded.event), recorded)
        return handler

    return register


@_on(events.IncidentOpened)
def _opened(incident: Incident, event: events.IncidentOpened, recorded: Recorded) -> Incident:
    return replace(
        incident,
        title=event.title,
        severity=event.severity,
        service=event.service,
        environment=event.environment,
        requester=event.requester,
        opened_at=recorded.at,
    )


@_on(events.AlertJoined)
def _joined(incident: Incident, event: events.AlertJoined, recorded: Recorded) -> Incident:
    alert, seen = event.alert, incident.alerts.get(event.alert.fingerprint)
    fired = alert.is_firing and (seen is None or not seen.alert.is_firing)
    latest = SeenAlert(
        alert=alert,
        count=(seen.count if seen else 0) + 1,
        firings=(seen.firings if seen else 0) + (1 if fired else 0),
        first_at=seen.first_at if seen else recorded.at,
        last_at=recorded.at,
    )
    graver = alert_words.gravest([incident.severity, alert.severity]) if alert.is_firing else incident.severity
    return replace(incident, alerts={**incident.alerts, alert.fingerprint: latest}, severity=graver)


@_on(events.RunbookMatched)
def _matched(incident: Incident, event: events.RunbookMatched, _: Recorded) -> Incident:
    best = max((candidate.score for candidate in event.candidates), default=0.0)
    return replace(incident, candidates=event.candidates, match_reason=event.reason, confidence=best)


@_on(events.ChoiceAsked)
def _choice_asked(incident: Incident, event: events.ChoiceAsked, _: Recorded) -> Incident:
    return replace(incident, candidates=event.candidates, choice_expires_at=event.expires_at)


@_on(events.RunbookChosen)
def _chosen(incident: Incident, event: events.RunbookChosen, recorded: Recorded) -> Incident:
    by = UserId(recorded.actor.id) if recorded.actor.kind is ActorKind.PERSON else None
    closed = _close(incident, Closing.WITHDRAWN, "another runbook was chosen", recorded.at)
    return replace(
        _archive_escalation(closed),
        runbook=event.runbook,
        parameters=event.parameters,
        chosen_by=by,
        plan=None,
        steps=(),
        current=None,
        choice_expires_at=None,
    )


@_on(events.PlanMade)
def _planned(incident: Incident, event: events.PlanMade, recorded: Recorded) -> Incident:
    """The first step's turn has come with the plan itself; the others are previewed again when theirs comes."""
    first, *others = (Step(plan=step) for step in event.plan.steps)
    prepared = replace(first, prepared_at=recorded.at, prepared_sequence=recorded.sequence)
    steps = (prepared, *others)
    return replace(incident, plan=event.plan, runs=incident.runs + 1, steps=steps, current=first.plan.id)


@_on(events.StepPrepared)
def _prepared(incident: Incident, event: events.StepPrepared, recorded: Recorded) -> Incident:
    def prepare(step: Step) -> Step:
        prepared = replace(step, plan=event.step, prepared_at=recorded.at, prepared_sequence=recorded.sequence)
        same = incident.plan is not None and step.digest == content_digest(event.step, incident.plan.runbook_digest)
        return prepared if same else replace(prepared, digest=None)  # what was approved is not what would be repeated

    return replace(_with_step(incident, event.step.id, prepare), current=event.step.id)


@_on(events.ApprovalRequested)
def _requested(incident: Incident, event: events.ApprovalRequested, _: Recorded) -> Incident:
    return replace(incident, approval=event.approval)


@_on(events.VoteCast)
def _voted(incident: Incident, event: events.VoteCast, recorded: Recorded) -> Incident:
    approval = incident.approval
    if approval is None or approval.id != event.approval:
        raise Conflict("this approval is not open any more")
    vote = Vote(UserId(recorded.actor.id), event.choice, recorded.at, event.reason)
    return replace(incident, approval=replace(approval, votes=(*approval.votes, vote)))


@_on(events.ApprovalClosed)
def _approval_closed(incident: Incident, event: events.ApprovalClosed, recorded: Recorded) -> Incident:
    if incident.approval is None or incident.approval.id != event.approval:
        raise Conflict("this approval is not open any more")
    return _close(incident, event.closing, event.reason, recorded.at)


@_on(events.ApprovalReminded)
def _reminded(incident: Incident, event: events.ApprovalReminded, recorded: Recorded) -> Incident:
    approval = incident.approval
    if approval is None or approval.id != event.approval:
        raise Conflict("this approval is not open any more")
    return replace(incident, approval=replace(approval, reminded_at=recorded.at))


@_on(events.StepStarted)
def _started(incident: Incident, event: events.StepStarted, recorded: Recorded) -> Incident:
    consumed = incident.closed_approval(event.approval) if event.approval else None

    def start(step: Step) -> Step:
        return replace(
            step,
            attempts=event.attempt,
            started_at=recorded.at,
            first_started_at=step.first_started_at or recorded.at,
            known_undo=step.known_undo if step.attempts else event.undo,
            digest=event.digest,
            authority=event.authority,
            approved_by=consumed.approval.yes if consumed else step.approved_by,
            held_until=None,
        )

    started = replace(_with_step(incident, event.step, start), current=event.step)
    if event.attempt > 1:
        return started
    spending = Spending(event.step, recorded.at, limits.counted(incident.step(event.step).plan))
    return replace(started, spendings=(*incident.spendings, spending))


@_on(events.StepFinished)
def _finished(incident: Incident, event: events.StepFinished, recorded: Recorded) -> Incident:
    def finish(step: Step) -> Step:
        return replace(
            step,
            outcome=None if event.will_retry else event.outcome,
            finished_at=recorded.at,
            output=event.output,
            detail=event.detail,
            checks=event.checks,
            change=event.change,
            duration_seconds=event.duration_seconds,
            captured=event.captured,
            held_until=event.again_at,
            held_because="",
        )

    finished = replace(_with_step(incident, event.step, finish), done_sequence=recorded.sequence)
    return finished if event.will_retry else promotions.after_step(finished, event, recorded.at)


@_on(events.StepHeld)
def _held(incident: Incident, event: events.StepHeld, _: Recorded) -> Incident:
    def hold(step: Step) -> Step:
        return replace(step, held_until=event.until, held_because=event.reason)

    return _with_step(incident, event.step, hold)


@_on(events.StepSkipped)
def _skipped(incident: Incident, event: events.StepSkipped, recorded: Recorded) -> Incident:
    def skip(step: Step) -> Step:
        return replace(step, outcome=Outcome.SKIPPED, detail=event.reason, finished_at=recorded.at)

    return replace(_with_step(incident, event.step, skip), done_sequence=recorded.sequence)


@_on(events.OutcomeSettled)
def _settled(incident: Incident, event: events.OutcomeSettled, recorded: Recorded) -> Incident:
    def settle(step: Step) -> Step:
        if event.rerun:
            return replace(
                step,
                outcome=None,
                attempts=0,
                prepared_at=None,
                digest=None,
                approved_by=(),
                authority="",
                captured={},
                known_undo="",
            )
        word = "it worked" if event.outcome is Outcome.SUCCEEDED else "it did not work"
        return replace(step, outcome=event.outcome, detail=f"<@{recorded.actor.id}> checked: {word}")

    settled = _archive_escalation(_with_step(incident, event.step, settle))
    if not event.rerun:
        return settled
    # Whoever says "run again" says, on the record, that it did not happen: it does not count against the limits.
    back = incident.spending(event.step)
    return replace(settled, spendings=tuple(each for each in incident.spendings if each is not back))


@_on(events.UndoPlanned)
def _undo_planned(incident: Incident, event: events.UndoPlanned, recorded: Recorded) -> Incident:
    position = next(i for i, step in enumerate(incident.steps) if step.plan.id == event.after) + 1
    steps = (*incident.steps[:position], Step(plan=event.step), *incident.steps[position:])
    undone = replace(incident, steps=steps)
    return promotions.trouble(undone, "undone", f"step {event.after} was undone", recorded.at)


@_on(events.EscalationRaised)
def _escalated(incident: Incident, event: events.EscalationRaised, recorded: Recorded) -> Incident:
    raised = Escalation(event.reason, event.explanation, event.targets, recorded.at, recorded.sequence)
    if not event.stops:
        return replace(incident, notices=(*incident.notices, raised))
    closed = _close(incident, Closing.WITHDRAWN, "escalated", recorded.at)
    return replace(_archive_escalation(closed), escalation=raised)


@_on(events.PageSent)
def _paged(incident: Incident, event: events.PageSent, _: Recorded) -> Incident:
    """A page tells of the latest call, whichever kind it is."""
    latest = incident.calls[-1:]

    def told(call: Escalation) -> Escalation:
        return replace(call, pages=(*call.pages, event)) if call in latest else call

    escalation = told(incident.escalation) if incident.escalation else None
    updates = {target: each for target, each in incident.page_updates.items() if target != event.target}
    notices = tuple(told(each) for each in incident.notices)
    return replace(incident, escalation=escalation, notices=notices, page_updates=updates)


@_on(events.PageUpdated)
def _page_updated(incident: Incident, event: events.PageUpdated, _: Recorded) -> Incident:
    return replace(incident, page_updates={**incident.page_updates, event.target: event})


@_on(events.IncidentTaken)
def _taken(incident: Incident, event: events.IncidentTaken, recorded: Recorded) -> Incident:
    if event.elsewhere:
        return replace(incident, taken_elsewhere=event.elsewhere)
    return replace(incident, taken_by=UserId(recorded.actor.id))


@_on(events.RunSettled)
def _run_settled(incident: Incident, event: events.RunSettled, _: Recorded) -> Incident:
    return replace(incident, settle_until=event.until)


@_on(events.IncidentResolved)
def _resolved(incident: Incident, event: events.IncidentResolved, recorded: Recorded) -> Incident:
    closed = _close(incident, Closing.WITHDRAWN, event.reason, recorded.at)
    return replace(closed, resolved_at=recorded.at, resolution=event.reason, watch_until=event.watch_until)


@_on(events.IncidentReopened)
def _reopened(incident: Incident, event: events.IncidentReopened, recorded: Recorded) -> Incident:
    reopened = replace(
        incident, reopened=incident.reopened + 1, resolved_at=None, watch_until=None, resolution=event.reason
    )
    return promotions.trouble(reopened, "came back", "the alert came back after the cure", recorded.at)


@_on(events.IncidentClosed)
def _closed(incident: Incident, event: events.IncidentClosed, _: Recorded) -> Incident:
    return replace(incident, resolution=incident.resolution or event.reason)


@_on(events.GlassAsked)
def _glass_asked(incident: Incident, event: events.GlassAsked, recorded: Recorded) -> Incident:
    return replace(incident, glass=Glass(UserId(recorded.actor.id), event.reason, recorded.at))


@_on(events.GlassBroken)
def _glass_broken(incident: Incident, event: events.GlassBroken, recorded: Recorded) -> Incident:
    asked = incident.glass
    if asked is None or asked.broken_by is not None or asked.asked_by == recorded.actor.id:
        raise Conflict("nobody else asks to break the glass here")
    by = UserId(recorded.actor.id)
    return replace(incident, glass=replace(asked, broken_by=by, agreed=event.reason, until=event.until))


@_on(events.LevelProposed)
def _level_proposed(incident: Incident, event: events.LevelProposed, recorded: Recorded) -> Incident:
    return promotions.propose(incident, event, recorded)


@_on(events.LevelGranted)
def _level_granted(incident: Incident, event: events.LevelGranted, recorded: Recorded) -> Incident:
    return promotions.settle(incident, event, recorded)


@_on(events.LevelDeclined)
def _level_declined(incident: Incident, event: events.LevelDeclined, recorded: Recorded) -> Incident:
    return promotions.settle(incident, event, recorded)


@_on(events.LevelLost)
def _level_lost(incident: Incident, event: events.LevelLost, recorded: Recorded) -> Incident:
    return promotions.lose(incident, event, recorded)


def _archive_escalation(incident: Incident) -> Incident:
    """The run goes on or is escalated anew: the escalation so far stays on record among the notices."""
    if incident.escalation is None:
        return incident
    return replace(incident, escalation=None, notices=(*incident.notices, incident.escalation))


def _with_step(incident: Incident, which: StepId, change: Callable[[Step], Step]) -> Incident:
    if all(step.plan.id != which for step in incident.steps):
        raise Conflict(f"{incident.id} has no step {which}")
    steps = tuple(change(step) if step.plan.id == which else step for step in incident.steps)
    return replace(incident, steps=steps)


def _close(incident: Incident, closing: Closing, reason: str, at: datetime) -> Incident:
    """The open approval, if there is one, moves to the closed ones: it can never be used again."""
    if incident.approval is None:
        return incident
    closed = ClosedApproval(incident.approval, closing, reason, at)
    waited = at - incident.state_since if incident.state_since else timedelta()
    return replace(
        incident,
        approval=None,
        closed_approvals=(*incident.closed_approvals, closed),
        waited=incident.waited + waited,
    )

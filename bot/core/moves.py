"""What an incident needs next: a pure look at its state and the time. `flow.advancing` does it, then asks again.

Restart, repeated click and duplicate webhook all take this one road, so nothing here depends on how it came about.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from bot.core import finishing, paging, waves
from bot.core.alerts import Severity
from bot.core.approvals import Approval
from bot.core.events import EscalationReason
from bot.core.ids import RunbookName, StepId
from bot.core.incidents import Incident, Step
from bot.core.operations import Effect, Tier
from bot.core.paging import SendPage as SendPage
from bot.core.paging import UpdatePage as UpdatePage
from bot.core.plans import Verdict
from bot.core.previews import Outcome
from bot.core.runbooks import Level, OnFailure
from bot.core.states import State

PREVIEW_IS_FRESH = timedelta(seconds=5)
CRITICAL_OPEN = timedelta(minutes=5)
REMIND_AFTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Wait:
    """Until then, unless something happens; None only for a closed incident."""

    until: datetime | None


@dataclass(frozen=True, slots=True)
class MakePlan:
    pass


@dataclass(frozen=True, slots=True)
class Prepare:
    step: StepId


@dataclass(frozen=True, slots=True)
class Ask:
    step: StepId


@dataclass(frozen=True, slots=True)
class Claim:
    step: StepId


@dataclass(frozen=True, slots=True)
class Skip:
    step: StepId
    reason: str


@dataclass(frozen=True, slots=True)
class PlanUndo:
    step: StepId


@dataclass(frozen=True, slots=True)
class Recover:
    """The bot was away while this step ran."""

    step: StepId


@dataclass(frozen=True, slots=True)
class Remind:
    """Half of the time to answer is over."""


@dataclass(frozen=True, slots=True)
class Expire:
    pass


@dataclass(frozen=True, slots=True)
class GiveUp:
    """An approval was rejected."""


@dataclass(frozen=True, slots=True)
class Escalate:
    reason: EscalationReason
    explanation: str
    stops: bool = True


@dataclass(frozen=True, slots=True)
class Settle:
    pass


@dataclass(frozen=True, slots=True)
class Resolve:
    reason: str


@dataclass(frozen=True, slots=True)
class Reopen:
    reason: str


@dataclass(frozen=True, slots=True)
class Close:
    reason: str


@dataclass(frozen=True, slots=True)
class ProposeLevel:
    level: Level


@dataclass(frozen=True, slots=True)
class LoseLevel:
    runbook: RunbookName
    level: Level
    reason: str


Move: TypeAlias = (
    Wait
    | MakePlan
    | Prepare
    | Ask
    | Claim
    | Skip
    | PlanUndo
    | Recover
    | Remind
    | Expire
    | GiveUp
    | Escalate
    | SendPage
    | UpdatePage
    | Settle
    | Resolve
    | Reopen
    | Close
    | ProposeLevel
    | LoseLevel
)


def next_move(incident: Incident, *, now: datetime, pagers: tuple[str, ...] = (), is_running: bool = False) -> Move:
    """The one thing to do now. `is_running`: this very process is performing the current step."""
    urgent = paging.due(incident, pagers) or _critical_for_too_long(incident, now)
    if urgent is not None:
        return urgent
    move = _by_state(incident, now, is_running=is_running)
    if isinstance(move, Wait) and move.until is not None:
        return Wait(min(move.until, _critical_deadline(incident) or move.until))
    return move


def _by_state(incident: Incident, now: datetime, *, is_running: bool) -> Move:
    since = incident.state_since or now
    if incident.has_cleared and incident.state in _CANCELLABLE:
        return Resolve("the alert cleared")
    match incident.state:
        case State.NEW:
            return _opened(incident)
        case State.CHOOSING:
            return _unless_late(
                now,
                incident.choice_expires_at,
                Escalate(EscalationReason.NOT_CHOSEN, "Nobody chose a runbook in time."),
            )
        case State.PLANNING:
            return MakePlan()
        case State.READY:
            return _ready(incident, now)
        case State.WAITING:
            return _waiting(incident, now)
        case State.RUNNING:
            return Wait(now + timedelta(minutes=1)) if is_running else Recover(incident.current or StepId(""))
        case State.UNCLEAR:
            return _unclear(incident, now)
        case State.SETTLING:
            late = Escalate(EscalationReason.STILL_FIRING, "All steps are done, but the alert is still firing.")
            return _unless_late(now, incident.settle_until, late)
        case State.ESCALATED:
            return _escalated(incident, now, since)
        case State.RESOLVED:
            return _resolved(incident, now)
        case State.CLOSED:
            return Wait(None)


# A running step finishes, and an unclear one needs a person, whatever the alert does meanwhile.
_CANCELLABLE = frozenset(
    {State.NEW, State.CHOOSING, State.PLANNING, State.READY, State.WAITING, State.SETTLING, State.ESCALATED}
)


def _unless_late(now: datetime, deadline: datetime | None, late: Move) -> Move:
    return late if deadline is None or now >= deadline else Wait(deadline)


def _opened(incident: Incident) -> Move:
    if incident.reopened:
        return Escalate(
            EscalationReason.CAME_BACK,
            f"It came back after it was resolved ({incident.resolution}): the runbook cured a symptom, not the cause.",
        )
    return Escalate(EscalationReason.NO_RUNBOOK, "No runbook fits this alert.")


def _ready(incident: Incident, now: datetime) -> Move:
    plan, step = incident.plan, incident.next_step
    if plan is None:
        return Escalate(EscalationReason.BROKEN, "The plan is missing.")
    if now >= plan.deadline + incident.waited:
        return Escalate(EscalationReason.TIME_LIMIT, "The run took longer than its time limit.")
    after_failure = _after_failure(incident)
    if after_failure is not None:
        return after_failure
    if step is None:
        return _finished(incident)
    if step.held_until is not None and now < step.held_until:
        return Wait(min(step.held_until, plan.deadline + incident.waited))
    if step.attempts and step.plan.patience is not None:
        return Claim(step.plan.id)  # one more look; the claim makes its dry run
    if _is_beyond_reading(incident, step, now):
        return Skip(step.plan.id, "not looked at: the time for reading was over")
    if not _is_fresh(incident, step, now):
        return Prepare(step.plan.id)
    return _act_on(step)


def _is_beyond_reading(incident: Incident, step: Step, now: datetime) -> bool:
    """Evidence before the first change that would come too late is left out; guards then keep it from running alone.

    What later steps need, what people are asked and what is waited for is never left out.
    """
    until = incident.plan.reading_until if incident.plan else None
    if until is None or now < until + incident.waited or step.attempts:
        return False
    following = incident.steps[incident.steps.index(step) + 1 :]
    is_evidence = is_read(step) and step.plan.tier is Tier.LOW and not (step.plan.capture or step.plan.patience)
    has_changed = any(each.attempts and not is_read(each) for each in incident.steps)
    return is_evidence and not has_changed and any(not is_read(each) for each in following)


def is_read(step: Step) -> bool:
    return step.plan.judgement.effect is Effect.READ


def _is_fresh(incident: Incident, step: Step, now: datetime) -> bool:
    """A preview made just now, with nothing done since, needs no second one; the claim looks again in any case."""
    if step.prepared_at is None or now - step.prepared_at > PREVIEW_IS_FRESH:
        return False
    return step.prepared_sequence > incident.done_sequence


def _act_on(step: Step) -> Move:
    decision = step.plan.decision
    match decision.verdict:
        case Verdict.ALLOW:
            return Claim(step.plan.id)
        case Verdict.ASK:
            return Claim(step.plan.id) if step.attempts and step.digest else Ask(step.plan.id)
        case Verdict.SHOW:
            return Skip(step.plan.id, "shown, not run: level 0")
        case Verdict.DENY:
            why = decision.reasons[0]
            if step.plan.on_failure is OnFailure.CONTINUE and step.plan.judgement.effect is Effect.READ:
                return Skip(step.plan.id, why)
            return Escalate(EscalationReason.BLOCKED, f"Step {step.plan.id} was not run: {why}.")


def _after_failure(incident: Incident) -> Move | None:
    for step in incident.steps:
        if step.outcome not in {Outcome.FAILED, Outcome.REFUSED}:
            continue
        if step.plan.on_failure is OnFailure.CONTINUE:
            continue
        failed = f"Step {step.plan.id} failed: {step.detail}"
        if step.plan.on_failure is OnFailure.UNDO and step.undo and step.outcome is not Outcome.REFUSED:
            undo = next((each for each in incident.steps if each.plan.id == waves.undo_id(step.plan.id)), None)
            if undo is None:
                return PlanUndo(step.plan.id)
            if not undo.is_done:
                return None
            failed += f" Undo: {undo.outcome}."
        return Escalate(EscalationReason.STEP_FAILED, failed)
    return None


def _finished(incident: Incident) -> Move:
    ending = finishing.judge(incident)
    if isinstance(ending, finishing.Cured):
        return Resolve(ending.reason)
    if isinstance(ending, finishing.Open):
        return Escalate(ending.reason, ending.explanation)
    return Settle()


def _waiting(incident: Incident, now: datetime) -> Move:
    approval = incident.approval
    if approval is None:
        return Escalate(EscalationReason.BROKEN, "The approval is missing.")
    if approval.rejection is not None:
        return GiveUp()
    if now >= approval.expires_at:
        return Expire()
    if not approval.is_granted:
        return _remind(incident, approval, now)
    held = incident.step(approval.step).held_until
    return Wait(min(held, approval.expires_at)) if held is not None and now < held else Claim(approval.step)


def _remind(incident: Incident, approval: Approval, now: datetime) -> Move:
    """Once, at half time: early enough to be answered, late enough not to nag."""
    asked_at = incident.state_since or now
    half = asked_at + (approval.expires_at - asked_at) / 2
    if approval.reminded_at is not None:
        return Wait(approval.expires_at)
    return Remind() if now >= half else Wait(half)


def _unclear(incident: Incident, now: datetime) -> Move:
    """By their order and not by their times: a clock that is set back must not make the same call again and again."""
    since = incident.state_sequence
    told = [each.at for each in incident.notices if each.reason is EscalationReason.UNCLEAR and each.sequence > since]
    if not told or now - told[-1] >= REMIND_AFTER:
        text = (
            "A step may or may not have happened. It will not run again by itself: check it, then press what you found."
        )
        return Escalate(EscalationReason.UNCLEAR, text, stops=False)
    return Wait(told[-1] + REMIND_AFTER)


def _escalated(incident: Incident, now: datetime, since: datetime) -> Move:
    if incident.is_taken:
        return Wait(now + timedelta(hours=1))
    last = max([since, *(each.at for each in incident.notices)])
    if now - last < REMIND_AFTER:
        return Wait(last + REMIND_AFTER)
    why = incident.escalation.explanation if incident.escalation else ""
    return Escalate(EscalationReason.ASKED, f"Nobody has taken this yet. {why}".strip(), stops=False)


def _resolved(incident: Incident, now: datetime) -> Move:
    settle = finishing.clear_deadline(incident)
    if settle is not None and now >= settle and incident.firing:
        return Reopen("the alert is still firing")
    if incident.watch_until is None or now >= incident.watch_until:
        return Close("nothing came back while it was watched")
    return Wait(min(incident.watch_until, settle) if settle and incident.firing else incident.watch_until)


def _critical_deadline(incident: Incident) -> datetime | None:
    """When a critical alert has been open for too long; None when that does not apply or has been told."""
    if incident.severity is not Severity.CRITICAL or incident.opened_at is None:
        return None
    if incident.state in {State.ESCALATED, State.RESOLVED, State.CLOSED} or incident.escalation is not None:
        return None
    if any(each.reason is EscalationReason.STILL_FIRING for each in incident.notices):
        return None
    return incident.opened_at + CRITICAL_OPEN


def _critical_for_too_long(incident: Incident, now: datetime) -> Move | None:
    deadline = _critical_deadline(incident)
    if deadline is None or now < deadline:
        return None
    minutes = int(CRITICAL_OPEN.total_seconds() // 60)
    return Escalate(
        EscalationReason.STILL_FIRING, f"This critical alert has been open for {minutes} minutes.", stops=False
    )

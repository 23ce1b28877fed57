"""All steps are done: is it cured, does it stay open, or must the alert say so first?"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.events import EscalationReason
from bot.core.incidents import Incident, Step
from bot.core.operations import Effect
from bot.core.previews import Outcome

CLEAR_WITHIN = timedelta(minutes=5)
"""How long an alert may take to clear after the steps are done; Alertmanager's default group interval is 5 min."""


@dataclass(frozen=True, slots=True)
class Cured:
    reason: str


@dataclass(frozen=True, slots=True)
class Open:
    reason: EscalationReason
    explanation: str


@dataclass(frozen=True, slots=True)
class Unsaid:
    """Everything ran, nothing verified it: the alert itself must clear."""


def judge(incident: Incident) -> Cured | Open | Unsaid:
    steps = incident.steps
    if any(step.outcome is Outcome.SKIPPED for step in steps if _changes(step)):
        return Open(EscalationReason.ADVISORY, "The commands are shown above; this runbook leaves running them to you.")
    writes = [index for index, step in enumerate(steps) if _changes(step)]
    checks = [index for index, step in enumerate(steps) if is_verification(step)]
    verified = bool(checks) and (not writes or max(checks) >= max(writes))
    failed = [step for step in steps if step.outcome in {Outcome.FAILED, Outcome.REFUSED}]
    if not writes and incident.alerts:
        return Open(EscalationReason.ADVISORY, "The evidence is above; this runbook changes nothing by itself.")
    if failed and not verified:
        return Open(EscalationReason.STEP_FAILED, f"Step {failed[-1].plan.id} failed: {failed[-1].detail}")
    if verified:
        return Cured("all steps done and verified")
    return Unsaid() if incident.alerts else Cured("all steps done")


def _changes(step: Step) -> bool:
    return step.plan.judgement.effect is not Effect.READ


def is_verification(step: Step) -> bool:
    """A check that passed: a read with an expectation or a rollout that became ready, or a write with its own check."""
    if step.outcome is not Outcome.SUCCEEDED:
        return False
    if _changes(step):
        return step.plan.verify is not None
    return bool(step.checks) or step.plan.operation.kind == "kubernetes.rollout_status"


def clear_deadline(incident: Incident) -> datetime | None:
    """By when the alert must have cleared after it was declared resolved."""
    return incident.resolved_at + CLEAR_WITHIN if incident.resolved_at and incident.alerts else None

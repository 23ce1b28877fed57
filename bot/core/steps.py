"""What is known of an incident and its parts: steps, alerts, approvals that are over, calls for help. Values only.

`incidents` says how they change.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.core import limits, states
from bot.core.alerts import Alert, Severity
from bot.core.approvals import Approval, Closing, Vote
from bot.core.checks import CheckResult
from bot.core.events import EscalationReason, PageSent, PageUpdated
from bot.core.ids import ApprovalId, Digest, IncidentId, RunbookName, StepId, UserId
from bot.core.matching import Candidate
from bot.core.plans import Plan, PlannedStep
from bot.core.previews import Outcome
from bot.core.runbooks import Level
from bot.core.states import State


@dataclass(frozen=True, slots=True)
class Step:
    """A planned step with what became of it. `attempts` counts started tries; `digest` is that of the last start.

    `held_until`: nothing happens with it before: another incident works on the same target (`held_because` says which),
    or what it waits for has not come. `prepared_sequence` is the event that made its dry run.
    """

    plan: PlannedStep
    outcome: Outcome | None = None
    attempts: int = 0
    prepared_at: datetime | None = None
    prepared_sequence: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    output: str = ""
    detail: str = ""
    checks: tuple[CheckResult, ...] = ()
    change: tuple[str, ...] = ()
    duration_seconds: float = 0.0
    digest: Digest | None = None
    approved_by: tuple[Vote, ...] = ()
    authority: str = ""
    held_until: datetime | None = None
    held_because: str = ""
    first_started_at: datetime | None = None
    known_undo: str = ""
    captured: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        return self.outcome is not None

    @property
    def gives_up_at(self) -> datetime | None:
        """When a wait that has begun is over, whatever it has seen by then."""
        patience = self.plan.patience
        return self.first_started_at + patience.within if patience and self.first_started_at else None

    @property
    def undo(self) -> str:
        """The way back as text: the declared one, else what the dry run before the first try knew.

        A dry run before a second try sees what the first one did, and may know no way back any more.
        """
        if self.plan.undo is not None:
            return self.plan.undo.text
        return self.known_undo if self.attempts else self.plan.preview.undo


@dataclass(frozen=True, slots=True)
class Spending:
    """What one step used of the limits, from when it was first started."""

    step: StepId
    at: datetime
    counters: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Escalation:
    """`sequence` is the event that raised it: the order in which things happened, whatever the clock did meanwhile."""

    reason: EscalationReason
    explanation: str
    targets: tuple[str, ...]
    at: datetime
    sequence: int
    pages: tuple[PageSent, ...] = ()


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a level is lost by: `kind` is one of failed, unknown, undone, came back; `reason` says it in words."""

    runbook: RunbookName
    kind: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Promotion:
    """A level that the track record spoke for, and what a person made of it. `is_granted` is None while it is open."""

    runbook: RunbookName
    level: Level
    evidence: tuple[str, ...]
    owners: tuple[str, ...]
    at: datetime
    is_granted: bool | None = None
    by: UserId | None = None
    reason: str = ""
    settled_at: datetime | None = None
    frame: Digest | None = None
    steps: tuple[Digest, ...] = ()


@dataclass(frozen=True, slots=True)
class LevelLoss:
    runbook: RunbookName
    level: Level
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Glass:
    """One person asks to act in spite of a freeze; `broken_by` is the other one, who agreed."""

    asked_by: UserId
    reason: str
    asked_at: datetime
    broken_by: UserId | None = None
    agreed: str = ""
    until: datetime | None = None

    def is_broken(self, now: datetime) -> bool:
        return self.until is not None and now < self.until


@dataclass(frozen=True, slots=True)
class SeenAlert:
    """The latest word on one fingerprint. `count`: times received; `firings`: times it went from clear to firing."""

    alert: Alert
    count: int
    firings: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class ClosedApproval:
    approval: Approval
    closing: Closing
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Incident:
    """`state_since` and `state_sequence` are of the event that led to the state, `done_sequence` of the last outcome.

    What came first is told by sequences and never by times: clocks are set back.
    """

    id: IncidentId
    version: int = 0
    state: State = State.NEW
    title: str = ""
    severity: Severity = Severity.UNKNOWN
    service: str = ""
    environment: str = ""
    requester: UserId | None = None
    opened_at: datetime | None = None
    changed_at: datetime | None = None
    state_since: datetime | None = None
    state_sequence: int = 0
    done_sequence: int = 0
    alerts: Mapping[str, SeenAlert] = field(default_factory=dict)
    candidates: tuple[Candidate, ...] = ()
    match_reason: str = ""
    confidence: float = 0.0
    choice_expires_at: datetime | None = None
    runbook: RunbookName | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    chosen_by: UserId | None = None
    plan: Plan | None = None
    runs: int = 0
    steps: tuple[Step, ...] = ()
    approval: Approval | None = None
    closed_approvals: tuple[ClosedApproval, ...] = ()
    current: StepId | None = None
    escalation: Escalation | None = None
    notices: tuple[Escalation, ...] = ()
    page_updates: Mapping[str, PageUpdated] = field(default_factory=dict)
    taken_by: UserId | None = None
    taken_elsewhere: str = ""
    settle_until: datetime | None = None
    watch_until: datetime | None = None
    resolved_at: datetime | None = None
    resolution: str = ""
    reopened: int = 0
    waited: timedelta = timedelta()
    spendings: tuple[Spending, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    promotion: Promotion | None = None
    losses: tuple[LevelLoss, ...] = ()
    glass: Glass | None = None

    @property
    def is_open(self) -> bool:
        return self.state in states.OPEN_STATES

    @property
    def firing(self) -> tuple[Alert, ...]:
        return tuple(seen.alert for seen in self.alerts.values() if seen.alert.is_firing)

    @property
    def first_alert(self) -> Alert | None:
        return next((seen.alert for seen in self.alerts.values()), None)

    @property
    def has_cleared(self) -> bool:
        """True once every alert that was received has resolved; false for an incident that a person started."""
        return bool(self.alerts) and not self.firing

    @property
    def spent(self) -> Mapping[str, int]:
        """What all that was started has used of the limits."""
        return limits.total(each.counters for each in self.spendings)

    @property
    def captured(self) -> Mapping[str, str]:
        """What steps of this run have found for later ones."""
        return {name: value for step in self.steps for name, value in step.captured.items()}

    @property
    def is_taken(self) -> bool:
        return self.taken_by is not None or bool(self.taken_elsewhere)

    @property
    def calls(self) -> tuple[Escalation, ...]:
        """Every escalation and notice, first to last, whatever has become of them."""
        raised = (*self.notices, *([self.escalation] if self.escalation else []))
        return tuple(sorted(raised, key=lambda each: each.sequence))

    @property
    def next_step(self) -> Step | None:
        return next((step for step in self.steps if not step.is_done), None)

    def step(self, step: StepId) -> Step:
        return next(each for each in self.steps if each.plan.id == step)

    def spending(self, step: StepId) -> Spending | None:
        """What this step has used, once it was started; an earlier run's step of the same id is not meant."""
        started = any(each.plan.id == step and each.attempts for each in self.steps)
        return next((each for each in reversed(self.spendings) if each.step == step), None) if started else None

    def closed_approval(self, approval: ApprovalId) -> ClosedApproval | None:
        return next((each for each in self.closed_approvals if each.approval.id == approval), None)

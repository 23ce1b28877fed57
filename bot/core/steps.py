"""What is known of an incident's parts: its steps, alerts, approvals that are over, and calls for help. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.core.alerts import Alert
from bot.core.approvals import Approval, Closing, Vote
from bot.core.checks import CheckResult
from bot.core.events import EscalationReason, PageSent
from bot.core.ids import Digest, StepId
from bot.core.plans import PlannedStep
from bot.core.previews import Outcome


@dataclass(frozen=True, slots=True)
class Step:
    """A planned step with what became of it. `attempts` counts started tries; `digest` is that of the last start.

    `held_until`: another incident works on the same target; looked at again then. `held_because` says which.
    """

    plan: PlannedStep
    outcome: Outcome | None = None
    attempts: int = 0
    prepared_at: datetime | None = None
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

    @property
    def is_done(self) -> bool:
        return self.outcome is not None


@dataclass(frozen=True, slots=True)
class Spending:
    """What one step used of the limits, from when it was first started."""

    step: StepId
    at: datetime
    counters: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Escalation:
    reason: EscalationReason
    explanation: str
    targets: tuple[str, ...]
    at: datetime
    pages: tuple[PageSent, ...] = ()


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

"""What happened, in the past tense and frozen. An incident is the fold of these; the timeline is these in order.

Every event is stored as JSON under its class name; a field added later needs a default so that old rows still load.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import TypeAlias

from pydantic import TypeAdapter

from bot.core.actors import Actor
from bot.core.alerts import Alert, Severity
from bot.core.approvals import Approval, Choice, Closing
from bot.core.checks import CheckResult
from bot.core.ids import ApprovalId, Digest, IncidentId, RunbookName, StepId, UserId
from bot.core.matching import Candidate
from bot.core.plans import Plan, PlannedStep
from bot.core.previews import Outcome
from bot.core.runbooks import Level


@dataclass(frozen=True, slots=True)
class IncidentOpened:
    title: str
    severity: Severity
    service: str
    environment: str
    requester: UserId | None = None


@dataclass(frozen=True, slots=True)
class AlertJoined:
    """A firing or a resolution, the first one too."""

    alert: Alert


@dataclass(frozen=True, slots=True)
class RunbookMatched:
    """The matcher's answer with all that it weighed. `chosen` is None when a person must choose or nothing fits."""

    candidates: tuple[Candidate, ...]
    chosen: RunbookName | None
    reason: str


@dataclass(frozen=True, slots=True)
class ChoiceAsked:
    candidates: tuple[Candidate, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RunbookChosen:
    """By the matcher, or by the person who is the event's actor. `parameters` are what the person typed."""

    runbook: RunbookName
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PlanMade:
    plan: Plan


@dataclass(frozen=True, slots=True)
class StepPrepared:
    """The step's turn came: previewed again and decided again."""

    step: PlannedStep


@dataclass(frozen=True, slots=True)
class ApprovalRequested:
    approval: Approval


@dataclass(frozen=True, slots=True)
class VoteCast:
    approval: ApprovalId
    choice: Choice
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalClosed:
    approval: ApprovalId
    closing: Closing
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalReminded:
    """Half of the time to answer is over and nobody has: whoever may answer is called once more."""

    approval: ApprovalId


@dataclass(frozen=True, slots=True)
class StepStarted:
    """The intent: stored before the effect. `authority` says what allowed it: the tier's rule or the approval.

    `undo` is the way back that the dry run of this very try knew.
    """

    step: StepId
    attempt: int
    digest: Digest
    authority: str
    approval: ApprovalId | None = None
    undo: str = ""


@dataclass(frozen=True, slots=True)
class StepFinished:
    """One try is over. `captured`: the value that later steps use. `again_at`: a wait looks once more then."""

    step: StepId
    attempt: int
    outcome: Outcome
    detail: str
    output: str = ""
    checks: tuple[CheckResult, ...] = ()
    change: tuple[str, ...] = ()
    duration_seconds: float = 0.0
    will_retry: bool = False
    captured: Mapping[str, str] = field(default_factory=dict)
    again_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StepHeld:
    """Another incident works on the same target: not started now, looked at again at `until`."""

    step: StepId
    reason: str
    until: datetime


@dataclass(frozen=True, slots=True)
class StepSkipped:
    step: StepId
    reason: str


@dataclass(frozen=True, slots=True)
class OutcomeSettled:
    """A person looked and says what became of an unknown outcome; `rerun` asks for a fresh preview and approval."""

    step: StepId
    outcome: Outcome
    rerun: bool = False


@dataclass(frozen=True, slots=True)
class UndoPlanned:
    """The declared way back becomes a step of its own, with its own preview, tier and approval."""

    after: StepId
    step: PlannedStep


class EscalationReason(StrEnum):
    NO_RUNBOOK = "no_runbook"
    NOT_CHOSEN = "not_chosen"
    STEP_FAILED = "step_failed"
    BLOCKED = "blocked"  # a limit, a policy, a missing permission
    UNCLEAR = "unclear"
    EXPIRED = "expired"
    REJECTED = "rejected"
    TIME_LIMIT = "time_limit"
    STILL_FIRING = "still_firing"
    CAME_BACK = "came_back"
    ADVISORY = "advisory"  # level 0: everything was shown, a person must act
    ASKED = "asked"  # a person pressed Escalate
    BROKEN = "broken"  # the bot itself could not go on


@dataclass(frozen=True, slots=True)
class EscalationRaised:
    """`targets` are Slack ids to mention. `stops` is false for a page beside a run that goes on."""

    reason: EscalationReason
    explanation: str
    targets: tuple[str, ...]
    stops: bool = True


@dataclass(frozen=True, slots=True)
class PageSent:
    """What became of telling one target outside Slack."""

    target: str
    is_delivered: bool
    detail: str


class PageAction(StrEnum):
    """What a page that was sent is told later."""

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True)
class PageUpdated:
    """What became of telling a pager that somebody has taken it, or that it is over."""

    target: str
    action: PageAction
    is_delivered: bool
    detail: str


@dataclass(frozen=True, slots=True)
class IncidentTaken:
    """A person says: mine. `elsewhere` is who said so outside Slack, by name, as in "Jane Doe in PagerDuty"."""

    elsewhere: str = ""


@dataclass(frozen=True, slots=True)
class RunSettled:
    """All steps are done but nothing verified the cure: wait for the alert to clear, until then."""

    until: datetime


@dataclass(frozen=True, slots=True)
class IncidentResolved:
    reason: str
    watch_until: datetime


@dataclass(frozen=True, slots=True)
class IncidentReopened:
    reason: str


@dataclass(frozen=True, slots=True)
class IncidentClosed:
    reason: str


@dataclass(frozen=True, slots=True)
class LevelProposed:
    """The track record speaks for a level; `owners` (Slack ids) are asked. `evidence` is what they are shown."""

    level: Level
    evidence: tuple[str, ...]
    owners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LevelGranted:
    """A person grants the level, for exactly this frame and these steps of the runbook."""

    level: Level
    frame: Digest
    steps: tuple[Digest, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class LevelDeclined:
    reason: str


@dataclass(frozen=True, slots=True)
class LevelLost:
    """At once and by itself: something failed, was undone, stayed unknown or came back."""

    runbook: RunbookName
    level: Level
    reason: str


@dataclass(frozen=True, slots=True)
class GlassAsked:
    """Somebody asks to act in spite of a freeze; another person must agree."""

    reason: str


@dataclass(frozen=True, slots=True)
class GlassBroken:
    """A second person agrees: freezes do not hold this incident until then. Everything else still does."""

    reason: str
    until: datetime


Event: TypeAlias = (
    IncidentOpened
    | AlertJoined
    | RunbookMatched
    | ChoiceAsked
    | RunbookChosen
    | PlanMade
    | StepPrepared
    | ApprovalRequested
    | VoteCast
    | ApprovalClosed
    | ApprovalReminded
    | StepStarted
    | StepFinished
    | StepHeld
    | StepSkipped
    | OutcomeSettled
    | UndoPlanned
    | EscalationRaised
    | PageSent
    | PageUpdated
    | IncidentTaken
    | RunSettled
    | IncidentResolved
    | IncidentReopened
    | IncidentClosed
    | LevelProposed
    | LevelGranted
    | LevelDeclined
    | LevelLost
    | GlassAsked
    | GlassBroken
)

KINDS: Mapping[str, type[Event]] = {kind.__name__: kind for kind in Event.__args__}


@dataclass(frozen=True, slots=True)
class Recorded:
    """One row of the timeline. `sequence` counts from 1 in each incident; `at` is aware and in UTC."""

    incident: IncidentId
    sequence: int
    at: datetime
    actor: Actor
    event: Event


@cache
def _adapter(kind: str) -> "TypeAdapter[Event]":
    return TypeAdapter(KINDS[kind])


def to_json(event: Event) -> tuple[str, bytes]:
    """The class name and the body to store."""
    kind = type(event).__name__
    return kind, _adapter(kind).dump_json(event)


def from_json(kind: str, body: bytes | str) -> Event:
    """Raise KeyError for a kind that this version does not know, pydantic's ValidationError for a damaged body."""
    return _adapter(kind).validate_json(body)

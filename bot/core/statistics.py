"""What happened over some days, in a few numbers: incidents, how they ended, and how each runbook did.

Counts are made of events, never of what Slack showed. Medians, because one night-long incident says nothing about the
others.
"""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core import events
from bot.core.approvals import Approval, Choice
from bot.core.events import EscalationReason, Recorded
from bot.core.ids import ApprovalId, StepId
from bot.core.previews import Outcome

TOO_QUICK = timedelta(seconds=3)
"""Nobody reads a command, its targets and its effect in less: such a yes was given by reflex."""


class Ending(StrEnum):
    """What became of one run of a runbook."""

    SUCCEEDED = "succeeded"  # all steps were done and the incident was resolved with them
    FAILED = "failed"  # a step failed, was blocked, or the cure did not hold
    UNKNOWN = "unknown"  # a step may or may not have happened, and nobody has said
    HANDED_OVER = "handed_over"  # people took over by choice: rejected, expired, asked for, advisory, alert cleared
    RUNNING = "running"  # not over yet


_TO_PEOPLE = frozenset(
    {
        EscalationReason.ADVISORY,
        EscalationReason.ASKED,
        EscalationReason.EXPIRED,
        EscalationReason.NOT_CHOSEN,
        EscalationReason.REJECTED,
    }
)


@dataclass(slots=True)
class _Run:
    runbook: str
    steps: set[StepId]
    done: set[StepId] = field(default_factory=set)
    unclear: set[StepId] = field(default_factory=set)
    ending: Ending | None = None

    @property
    def result(self) -> Ending:
        if self.unclear:
            return Ending.UNKNOWN
        return self.ending or Ending.RUNNING


@dataclass(slots=True)
class _Asked:
    approval: Approval
    since: datetime
    voters: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Story:
    """One incident, as far as numbers go. `to_approve` are the waits from the question to the deciding yes."""

    runs: list[_Run] = field(default_factory=list)
    to_approve: list[tuple[str, timedelta]] = field(default_factory=list)
    to_resolve: timedelta | None = None
    is_escalated: bool = False
    is_resolved: bool = False
    reasons: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RunbookNumbers:
    """Medians are None where there is nothing to take one of. `quick`: approvals given in under 3 s."""

    runbook: str
    runs: int
    succeeded: int
    failed: int
    unknown: int
    handed_over: int
    running: int
    approvals: int
    quick: int
    median_to_approve: timedelta | None
    median_to_resolve: timedelta | None


@dataclass(frozen=True, slots=True)
class Numbers:
    """`resolved` and `escalated` overlap: an incident can be escalated first and resolved later.

    `copied`: reasons for an approval that the same person had given before, word for word.
    """

    incidents: int
    resolved: int
    escalated: int
    approvals: int
    quick: int
    copied: int
    median_to_approve: timedelta | None
    median_to_resolve: timedelta | None
    runbooks: tuple[RunbookNumbers, ...]


class Tally:
    """Takes one incident's history after another and keeps only numbers of it."""

    def __init__(self) -> None:
        self._stories: list[_Story] = []

    def add(self, history: Sequence[Recorded]) -> None:
        self._stories.append(_story(history))

    def numbers(self) -> Numbers:
        waits = [wait for story in self._stories for _, wait in story.to_approve]
        names = sorted({run.runbook for story in self._stories for run in story.runs})
        return Numbers(
            incidents=len(self._stories),
            resolved=sum(story.is_resolved for story in self._stories),
            escalated=sum(story.is_escalated for story in self._stories),
            approvals=len(waits),
            quick=_quick(waits),
            copied=_copied(self._stories),
            median_to_approve=_median(waits),
            median_to_resolve=_median(_resolutions(self._stories)),
            runbooks=tuple(self._of(name) for name in names),
        )

    def _of(self, name: str) -> RunbookNumbers:
        results = [run.result for story in self._stories for run in story.runs if run.runbook == name]
        waits = [wait for story in self._stories for runbook, wait in story.to_approve if runbook == name]
        mine = [story for story in self._stories if story.runs and story.runs[-1].runbook == name]
        return RunbookNumbers(
            runbook=name,
            runs=len(results),
            succeeded=results.count(Ending.SUCCEEDED),
            failed=results.count(Ending.FAILED),
            unknown=results.count(Ending.UNKNOWN),
            handed_over=results.count(Ending.HANDED_OVER),
            running=results.count(Ending.RUNNING),
            approvals=len(waits),
            quick=_quick(waits),
            median_to_approve=_median(waits),
            median_to_resolve=_median(_resolutions(mine)),
        )


def _resolutions(stories: Iterable[_Story]) -> list[timedelta]:
    return [story.to_resolve for story in stories if story.to_resolve is not None]


def _copied(stories: Iterable[_Story]) -> int:
    given = [reason for story in stories for reason in story.reasons]
    return len(given) - len(set(given))


def _quick(waits: Iterable[timedelta]) -> int:
    return sum(wait < TOO_QUICK for wait in waits)


def _median(spans: Sequence[timedelta]) -> timedelta | None:
    return timedelta(seconds=statistics.median(span.total_seconds() for span in spans)) if spans else None


def _story(history: Sequence[Recorded]) -> _Story:
    story = _Story()
    asked: dict[ApprovalId, _Asked] = {}
    for each in history:
        match each.event:
            case events.ApprovalRequested(approval):
                asked[approval.id] = _Asked(approval, each.at)
            case events.VoteCast(approval=which, choice=Choice.APPROVE) if which in asked:
                _vote(story, asked[which], each)
            case _:
                _follow(story, each)
        _ended(story, each, history[0].at)
    return story


def _vote(story: _Story, asked: _Asked, each: Recorded) -> None:
    """The yes that completes the quorum ends the wait."""
    before = len(asked.voters)
    asked.voters.add(each.actor.id)
    if isinstance(each.event, events.VoteCast) and each.event.reason:
        story.reasons.append((each.actor.id, " ".join(each.event.reason.casefold().split())))
    if before < asked.approval.rule.quorum <= len(asked.voters):
        runbook = story.runs[-1].runbook if story.runs else ""
        story.to_approve.append((runbook, each.at - asked.since))


def _follow(story: _Story, each: Recorded) -> None:
    """What the event does to the run that is under way."""
    if isinstance(each.event, events.PlanMade):
        plan = each.event.plan
        _leave(story)
        story.runs.append(_Run(str(plan.runbook), {step.id for step in plan.steps}))
        return
    run = story.runs[-1] if story.runs else None
    if run is None:
        return
    match each.event:
        case events.StepFinished(step=step, outcome=outcome, will_retry=False):
            (run.unclear if outcome is Outcome.UNKNOWN else run.done).add(step)
        case events.StepSkipped(step=step):
            run.done.add(step)
        case events.OutcomeSettled(step=step, rerun=rerun):
            run.unclear.discard(step)
            run.ending = None
            (run.done.discard if rerun else run.done.add)(step)
        case events.EscalationRaised(reason=reason, stops=True):
            run.ending = Ending.HANDED_OVER if reason in _TO_PEOPLE else Ending.FAILED
        case events.IncidentResolved():
            is_whole = run.steps <= run.done and run.ending is None
            run.ending = Ending.SUCCEEDED if is_whole else run.ending or Ending.HANDED_OVER
        case events.IncidentReopened():
            run.ending = Ending.FAILED  # it cured a symptom


def _leave(story: _Story) -> None:
    """Another runbook was taken: the run before it is over, whatever it came to."""
    if story.runs and story.runs[-1].ending is None:
        story.runs[-1].ending = Ending.HANDED_OVER


def _ended(story: _Story, each: Recorded, opened_at: datetime) -> None:
    match each.event:
        case events.EscalationRaised():
            story.is_escalated = True
        case events.IncidentResolved():
            story.is_resolved, story.to_resolve = True, each.at - opened_at
        case events.IncidentReopened():
            story.is_resolved, story.to_resolve = False, None

"""What past runs of a runbook showed, for one service and environment: levels are proposed from it, and lost by it.

A run counts once it is over; what went wrong counts at once. Values and pure looks only.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core import finishing
from bot.core.approvals import Closing
from bot.core.events import EscalationReason
from bot.core.ids import IncidentId, RunbookName
from bot.core.incidents import Incident
from bot.core.levels import Key
from bot.core.operations import Effect
from bot.core.previews import Outcome
from bot.core.runbooks import Level
from bot.core.states import State

FOR_LEVEL: dict[Level, int] = {Level.CONDITIONAL: 5, Level.SCOPED: 20}
"""Verified successes in a row that a level is proposed for."""

CLEAN_FOR = timedelta(days=30)
"""How long nothing may have failed or come back before more is proposed."""

KEPT_FOR = timedelta(days=365)
"""How far back a record reaches; a grant that is older has to be earned anew."""


class Ending(StrEnum):
    VERIFIED = "verified"  # it changed something, and that was verified
    FAILED = "failed"
    UNKNOWN = "unknown"
    UNDONE = "undone"
    CAME_BACK = "came back"
    REJECTED = "rejected"
    ESCALATED = "escalated"


BAD = frozenset({Ending.FAILED, Ending.UNKNOWN, Ending.UNDONE, Ending.CAME_BACK})
"""What a level is lost by. A person's no and a call for help only end a row of successes."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run that counts. `took`: from the alert to the cure, where it was cured."""

    incident: IncidentId
    key: Key
    at: datetime
    ending: Ending
    is_supervised: bool
    took: timedelta | None = None


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """`runs` in the order of their ends; only those since the level was last lost or declined may be in a row."""

    runs: tuple[Run, ...] = ()
    since: datetime | None = None

    def count(self, ending: Ending) -> int:
        return sum(run.ending is ending for run in self.runs)

    def counts(self) -> list[tuple[Ending, int]]:
        """How often each ending came, in their fixed order, without those that never did."""
        return [(ending, self.count(ending)) for ending in Ending if self.count(ending)]

    @property
    def in_a_row(self) -> int:
        """Verified successes up to now, with nothing else between."""
        found = 0
        for run in reversed(self.runs):
            if run.ending is not Ending.VERIFIED or (self.since is not None and run.at <= self.since):
                break
            found += 1
        return found

    def bad_since(self, moment: datetime) -> int:
        return sum(run.ending in BAD and run.at >= moment for run in self.runs)

    def cures_since(self, moment: datetime) -> int:
        return sum(run.ending in {Ending.VERIFIED, Ending.CAME_BACK} and run.at >= moment for run in self.runs)

    def median_to_cure(self) -> timedelta | None:
        took = sorted(run.took for run in self.runs if run.took is not None)
        return took[len(took) // 2] if took else None

    def deserves(self, now: datetime) -> Level:
        """The level that the record speaks for; ASSISTED when it speaks for none."""
        if self.bad_since(now - CLEAN_FOR):
            return Level.ASSISTED
        return max((level for level, most in FOR_LEVEL.items() if self.in_a_row >= most), default=Level.ASSISTED)

    def evidence(self, now: datetime) -> tuple[str, ...]:
        """The record in plain words, the most telling first."""
        median = self.median_to_cure()
        took = f", cured within {int(median.total_seconds())} s in the middle" if median else ""
        counted = ", ".join(f"{count} {ending}" for ending, count in self.counts())
        return (
            f"{self.in_a_row} verified successes in a row{took}",
            f"nothing failed, was undone, stayed unknown or came back in {CLEAN_FOR.days} days"
            if not self.bad_since(now - CLEAN_FOR)
            else f"{self.bad_since(now - CLEAN_FOR)} bad runs in {CLEAN_FOR.days} days",
            f"all runs on record: {counted or 'none'}",
        )


@dataclass(frozen=True, slots=True)
class Row:
    """A runbook where it ran: the level that it has there now, why, and its record."""

    key: Key
    level: Level
    reasons: tuple[str, ...]
    record: TrackRecord


def runbooks(incident: Incident) -> frozenset[RunbookName]:
    """Those whose record this incident bears on: the one planned last, and any that something went wrong with."""
    planned = {incident.plan.runbook} if incident.plan else set()
    troubled = {each.runbook for each in incident.troubles}
    return frozenset(planned | troubled | {each.runbook for each in incident.losses})


def run_of(incident: Incident, runbook: RunbookName) -> Run | None:
    """What this incident adds to the runbook's record now; None while that is open, or where nothing was at stake."""
    key = Key(runbook, incident.service, incident.environment)
    bad = [each for each in incident.troubles if each.runbook == runbook]
    if bad:
        return Run(incident.id, key, bad[-1].at, Ending(bad[-1].kind), is_supervised=_is_supervised(incident))
    ending = _ending(incident) if incident.plan and incident.plan.runbook == runbook else None
    if ending is None or incident.changed_at is None:
        return None
    ended, began = incident.resolved_at, incident.opened_at
    took = ended - began if ending is Ending.VERIFIED and ended and began else None
    return Run(incident.id, key, ended or incident.changed_at, ending, _is_supervised(incident), took)


def _is_supervised(incident: Incident) -> bool:
    return any(step.approved_by for step in incident.steps)


def _ending(incident: Incident) -> Ending | None:
    if any(closed.closing is Closing.REJECTED for closed in incident.closed_approvals):
        return Ending.REJECTED
    if incident.escalation is not None and incident.escalation.reason is not EscalationReason.ADVISORY:
        return Ending.ESCALATED
    changed = [step for step in incident.steps if step.plan.judgement.effect is not Effect.READ]
    done = changed and all(step.outcome is Outcome.SUCCEEDED for step in changed)
    is_over = incident.state in {State.RESOLVED, State.CLOSED}
    return Ending.VERIFIED if is_over and done and _is_verified(incident) else None


def _is_verified(incident: Incident) -> bool:
    return any(finishing.is_verification(step) for step in incident.steps)


def record(runs: Iterable[Run], *, since: datetime | None = None) -> TrackRecord:
    return TrackRecord(tuple(sorted(runs, key=lambda run: (run.at, run.incident))), since)

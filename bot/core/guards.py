"""The guards for running without a person: what must hold, and in plain words what does not.

Pure looks at the incident and the step. They are the law beneath every policy, which may ask for more, never for less.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.alerts import Severity
from bot.core.incidents import Incident
from bot.core.matching import THRESHOLD
from bot.core.operations import Effect, Tier
from bot.core.plans import PlannedStep
from bot.core.previews import Outcome
from bot.core.runbooks import Level, Runbook

FLAPS = 3
FLAPPING_WITHIN = timedelta(hours=1)
"""The same alert so many times within so long: treating it again would only hide the cause."""

MOST_CURES = 3
CURED_WITHIN = timedelta(hours=6)
"""Cured so often within so long, it was not cured: the loop is broken by asking a person."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What decisions ask of the incident that a run is for. The default is a run that nothing speaks for."""

    service: str = ""
    environment: str = ""
    severity: Severity = Severity.UNKNOWN
    confidence: float = 0.0
    is_chosen_by_person: bool = True
    is_flapping: bool = False
    has_come_back: bool = False
    doubts: tuple[str, ...] = ()
    cures: int = 0


def situation(incident: Incident, *, cures: int = 0) -> Situation:
    """`cures`: how often the same runbook cured the same service lately, without lasting effect."""
    return Situation(
        service=incident.service,
        environment=incident.environment,
        severity=incident.severity,
        confidence=incident.confidence,
        is_chosen_by_person=incident.chosen_by is not None or not incident.alerts,
        is_flapping=_is_flapping(incident),
        has_come_back=incident.reopened > 0,
        doubts=_doubts(incident),
        cures=cures,
    )


def _is_flapping(incident: Incident) -> bool:
    return any(
        seen.firings >= FLAPS and seen.last_at - seen.first_at <= FLAPPING_WITHIN * (seen.firings / FLAPS)
        for seen in incident.alerts.values()
    )


def _doubts(incident: Incident) -> tuple[str, ...]:
    """Evidence that could not be had: a read that failed, or whose check did not pass."""
    reads = [step for step in incident.steps if step.plan.judgement.effect is Effect.READ]
    bad = {Outcome.FAILED, Outcome.REFUSED, Outcome.UNKNOWN, Outcome.SKIPPED}
    return tuple(f"step {step.plan.id} gave no clear evidence" for step in reads if step.outcome in bad)


def unmet(
    step: PlannedStep,
    situation: Situation,
    *,
    runbook: Runbook,
    is_verified: bool,
    level: Level,
    local: datetime,
    first: bool | None = None,
) -> tuple[str, ...]:
    """Each guard that does not hold, as a sentence. Empty: the step may run alone as far as the guards go.

    `first`: where one target is done before the others, whether that turned out well; None where none is.
    """
    found = [*_about_the_match(situation), *_about_the_step(step, is_verified=is_verified)]
    if level is Level.SCOPED:
        found += _about_the_scope(situation, runbook, local)
        found += _about_the_targets(step, first)
    return tuple(found)


def _about_the_match(situation: Situation) -> list[str]:
    found = []
    if situation.is_chosen_by_person:
        found.append("a person chose the runbook, no clear match did")
    elif situation.confidence < THRESHOLD:
        found.append(f"the match is not clear enough ({situation.confidence:.2f} of {THRESHOLD:.2f})")
    if situation.is_flapping:
        found.append(f"the alert flaps: {FLAPS} times or more within an hour")
    if situation.has_come_back:
        found.append("the alert came back after it was cured")
    if situation.cures >= MOST_CURES:
        hours = int(CURED_WITHIN.total_seconds() // 3600)
        found.append(f"this runbook cured it {situation.cures} times within {hours} h, without lasting effect")
    return [*found, *situation.doubts]


def _about_the_step(step: PlannedStep, *, is_verified: bool) -> list[str]:
    found = []
    if step.tier is Tier.HIGH:
        found.append("high steps never run alone")
    if not (step.judgement.is_reversible or step.undo is not None or step.preview.undo):
        found.append("nothing is known that would undo it")
    if not is_verified:
        found.append("nothing verifies it afterwards")
    return found


def _about_the_scope(situation: Situation, runbook: Runbook, local: datetime) -> list[str]:
    """Level 3 is bounded by what its runbook declares."""
    scope = runbook.scope
    if scope is None:
        return ["no scope is declared for level 3"]
    found = []
    if scope.service and situation.service not in scope.service:
        found.append(f"{situation.service or 'no service'} is outside its scope")
    if scope.environment and situation.environment not in scope.environment:
        found.append(f"{situation.environment or 'no environment'} is outside its scope")
    if scope.window is not None and not scope.window.contains(local):
        found.append(f"it is outside its change window ({scope.window})")
    return found


def _about_the_targets(step: PlannedStep, first: bool | None) -> list[str]:
    """Level 3 acts on one target first, and on the others when that turned out well."""
    count = len(step.preview.targets)
    if first is False:
        return ["the target that was done first has not turned out clearly well"]
    if first or count <= 1:
        return []
    return [f"it has {count} targets; to do one first it must name them one by one and have a verify: of its own"]

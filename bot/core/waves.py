"""A change of several things that runs alone does one of them first, looks whether that was good, and then the others.

Each wave is a step of its own: with its own dry run, decision, intent and outcome, so that a crash between them means
what it always means. The first keeps the step's place; ids tell them apart.
"""

from dataclasses import replace
from enum import StrEnum

from bot.core.commands import narrowing
from bot.core.ids import StepId
from bot.core.incidents import Incident
from bot.core.operations import Effect, Operation, Tier
from bot.core.plans import PlannedStep
from bot.core.previews import Outcome
from bot.core.runbooks import Level, OnFailure

_UNDO = "-undo"
_FIRST = "-first"


class Wave(StrEnum):
    WHOLE = "whole"  # all targets in one step
    FIRST = "first"  # one target, to see what happens
    REST = "rest"  # the others, once that was good


def position_of(step: StepId) -> int:
    """Where the step, its first wave, or the one that it undoes stands in its runbook, from 0."""
    return int(step.removesuffix(_UNDO).removesuffix(_FIRST)) - 1


def undo_id(step: StepId) -> StepId:
    return StepId(f"{step}{_UNDO}")


def undone(step: StepId) -> StepId | None:
    """The step that this one undoes, if it undoes one."""
    return StepId(step.removesuffix(_UNDO)) if step.endswith(_UNDO) else None


def first_id(step: StepId) -> StepId:
    return StepId(f"{step}{_FIRST}")


def wave_of(incident: Incident, step: StepId) -> Wave:
    """Which part of its runbook's step this is, in the plan that the incident follows. A way back is never divided."""
    if undone(step) is not None:
        return Wave.WHOLE
    if step.endswith(_FIRST):
        return Wave.FIRST
    known = {each.plan.id for each in incident.steps}
    return Wave.REST if first_id(step) in known else Wave.WHOLE


def is_split(step: PlannedStep, level: Level) -> bool:
    """At level 3, a bounded change of several named objects that has a check of its own."""
    if level is not Level.SCOPED or step.tier is not Tier.MEDIUM or step.judgement.effect is Effect.READ:
        return False
    parts = (narrowed(step.operation, Wave.FIRST), narrowed(step.operation, Wave.REST))
    return step.verify is not None and all(part is not None for part in parts)


def narrowed(operation: Operation, wave: Wave) -> Operation | None:
    """The part of the operation that this wave does; None where it has no such part."""
    if wave is Wave.WHOLE:
        return operation
    first, *others = narrowing.names(operation) or ("",)
    if not others:
        return None
    return narrowing.to(operation, [first] if wave is Wave.FIRST else others)


def as_wave(step: PlannedStep, wave: Wave) -> PlannedStep:
    """Named for its part. A first wave that failed is never gone on from, whatever the runbook says of the whole."""
    words = {Wave.WHOLE: step.name, Wave.FIRST: f"{step.name}: one first", Wave.REST: f"{step.name}: the others"}
    goes_on = wave is not Wave.FIRST or step.on_failure is not OnFailure.CONTINUE
    return replace(step, name=words[wave], on_failure=step.on_failure if goes_on else OnFailure.ESCALATE)


def is_cleared(incident: Incident, step: StepId) -> bool:
    """The first wave of this step was done and its check passed."""
    first = next((each for each in incident.steps if each.plan.id == first_id(step)), None)
    if first is None or first.outcome is not Outcome.SUCCEEDED:
        return False
    return bool(first.checks) and all(check.passed for check in first.checks)

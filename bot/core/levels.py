"""Levels are earned per runbook, service and environment, and hold for exactly what was granted.

A grant names the digests of what it is about: a changed step asks again, and a changed frame (when it applies, its
limits, its approvers) starts the whole runbook again at level 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core import plans
from bot.core.ids import Digest, RunbookName, UserId
from bot.core.runbooks import Level, Runbook, StepSpec

GIVEN_UNEARNED = Level.ASSISTED
"""Up to here a runbook has what its author writes; beyond, a person grants it on evidence."""


@dataclass(frozen=True, slots=True)
class Key:
    """What a track record is kept of."""

    runbook: RunbookName
    service: str
    environment: str

    def __str__(self) -> str:
        where = " in ".join(each for each in (self.service, self.environment) if each)
        return f"{self.runbook} for {where}" if where else str(self.runbook)


@dataclass(frozen=True, slots=True)
class Grant:
    """A person's word that a runbook has earned a level. `frame` and `steps` are the digests of what it was then."""

    level: Level
    frame: Digest
    steps: tuple[Digest, ...]
    by: UserId
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """What a runbook has earned for one service and environment.

    `cures`: how often it cured the same lately. `lost`: why it has no grant any more, where it had one.
    """

    grant: Grant | None = None
    cures: int = 0
    lost: str = ""

    def of_plan(self, runbook: Runbook) -> tuple[Level, tuple[str, ...]]:
        """The level that the runbook runs at now, and why."""
        asked = runbook.max_level
        if asked <= GIVEN_UNEARNED:
            return asked, (f"the runbook asks for level {asked.value}",)
        if self.grant is None:
            return GIVEN_UNEARNED, (self._unearned(asked),)
        if self.grant.frame != frame(runbook):
            given = self.grant.level.value
            why = f"when it applies, its limits or its approvers were changed since level {given} was granted"
            return GIVEN_UNEARNED, (f"{why}; level 1 applies",)
        level = min(asked, self.grant.level)
        return level, (f"level {level.value} granted by <@{self.grant.by}>: {self.grant.reason}",)

    def _unearned(self, asked: Level) -> str:
        if self.lost:
            return f"what it had earned is lost: {self.lost}; it has to earn it anew, and level 1 applies"
        return f"the runbook asks for level {asked.value}, which has not been earned; level 1 applies"

    def unearned(self, spec: StepSpec) -> tuple[str, ...]:
        """Why this step asks although its runbook has earned more."""
        if self.grant is None or step_digest(spec) in self.grant.steps:
            return ()
        return (f"this step was changed since level {self.grant.level.value} was granted",)


NEVER_EARNED = Standing()


def frame(runbook: Runbook) -> Digest:
    """All of a runbook that decides when it applies and how far it may go, apart from its steps."""
    return plans.digest(
        {
            "match": [repr(replace(runbook.match, labels={})), _sorted(runbook.match.labels)],
            "parameters": _sorted(runbook.parameters),
            "limits": _sorted(runbook.limits),
            "bounds": _sorted(runbook.bounds),
            "approvers": {str(tier): str(rule) for tier, rule in runbook.approvers.items()},
            "times": [
                each.total_seconds() for each in (runbook.time_limit, runbook.approval_window, runbook.reading_limit)
            ],
            "scope": repr(runbook.scope),
            "manifests": [[name, repr(documents)] for name, documents in sorted(runbook.manifests.items())],
        }
    )


def step_digest(spec: StepSpec) -> Digest:
    """Where the step stands in its file is no part of it."""
    return plans.digest({"step": repr(replace(spec, line=0))})


def grant(runbook: Runbook, level: Level, *, by: UserId, reason: str, at: datetime) -> Grant:
    return Grant(level, frame(runbook), tuple(step_digest(spec) for spec in runbook.steps), by, reason, at)


def _sorted(values: Mapping[str, object]) -> list[list[str]]:
    return [[name, repr(value)] for name, value in sorted(values.items())]

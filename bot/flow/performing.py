"""Operations on their way to an executor and back: run, filtered, looked at until they show what they should.

The step runner's border stands here: whatever an executor raises becomes an outcome. What is stored of it, and whether
it may be repeated, is `executing`'s business.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from bot.core import checks
from bot.core.operations import Effect, Family, Operation
from bot.core.plans import PlannedStep, PlannedVerification
from bot.core.previews import Outcome, Performed, Preview
from bot.flow import supervising
from bot.flow.previewing import Previewer
from bot.ports import Clock, Executor, Filters, Recalling

log = logging.getLogger(__name__)

OVERTIME = timedelta(seconds=5)
"""What an executor gets beyond its own limit to report that the limit was reached."""

POLL_SECONDS = 2.0
LOOK_TIMEOUT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a declared read showed. `is_answered` is false when it proves nothing: refused, no answer, cut off."""

    checks: tuple[checks.CheckResult, ...]
    is_answered: bool

    @property
    def passed(self) -> bool:
        return all(each.passed for each in self.checks)


class Performer:
    def __init__(
        self,
        previewer: Previewer,
        clock: Clock,
        *,
        executors: Mapping[Family, Executor],
        filters: Filters,
        recalling: Mapping[Family, Recalling] = MappingProxyType({}),
    ) -> None:
        self._recalling = recalling
        self._previewer = previewer
        self._clock = clock
        self._executors = executors
        self._filters = filters

    async def perform(self, step: PlannedStep, *, key: str) -> Performed:
        reads = step.judgement.effect is Effect.READ
        performed = await self._act(step.operation, step.preview, key=key, timeout=step.timeout, reads=reads)
        if not step.operation.stages or performed.outcome is Outcome.UNKNOWN:
            return performed
        return await self._filtered(step.operation, performed, step.timeout)

    async def recall(self, step: PlannedStep, *, key: str, since: datetime) -> Performed | None:
        """What became of a try that the bot did not see the end of, where somebody wrote it down."""
        operation = step.operation
        recalling = self._recalling.get(operation.family)
        if recalling is None:
            return None
        known = await supervising.answer(recalling.recall(operation, key=key, since=since, timeout=step.timeout))
        if known is None or known.outcome is Outcome.UNKNOWN or not operation.stages:
            return known
        return await self._filtered(operation, known, step.timeout)

    async def _act(
        self, operation: Operation, preview: Preview, *, key: str, timeout: timedelta, reads: bool
    ) -> Performed:
        """The step runner's border: whatever an executor raises becomes an outcome, and never a lost step.

        No answer to a read is a failure; no answer to anything else is unknown.
        """
        executor = self._executors[operation.family]
        unanswered = Outcome.FAILED if reads else Outcome.UNKNOWN
        try:
            async with asyncio.timeout((timeout + OVERTIME).total_seconds()):
                performed = await executor.perform(operation, preview, key=key, timeout=timeout)
        except TimeoutError:
            return Performed(unanswered, detail=f"no answer within {timeout.total_seconds():.0f} s")
        except Exception as problem:
            log.exception("executor failed")
            return Performed(unanswered, detail=f"the bot failed while it ran this: {type(problem).__name__}")
        return replace(performed, outcome=unanswered) if performed.outcome is Outcome.UNKNOWN else performed

    async def _filtered(self, operation: Operation, performed: Performed, timeout: timedelta) -> Performed:
        shown = await self._filters.apply(operation.stages, performed.output, timeout=timeout)
        if performed.outcome is Outcome.FAILED:
            return performed
        return replace(shown, change=performed.change, status=performed.status, detail=shown.detail or performed.detail)

    async def verify(
        self, step: PlannedStep, before: tuple[checks.CheckResult, ...]
    ) -> tuple[Outcome, tuple[checks.CheckResult, ...]]:
        """Repeat the declared read until it shows what it should, or its time is over: then the step has failed."""
        verify = step.verify
        if verify is None:
            return Outcome.SUCCEEDED, before
        deadline = self._clock.monotonic() + verify.within.total_seconds()
        while True:
            looked = await self._look(verify)
            passed, results = looked.passed, looked.checks
            if passed or self._clock.monotonic() + POLL_SECONDS > deadline:
                return (Outcome.SUCCEEDED if passed else Outcome.FAILED), (*before, *results)
            await self._clock.sleep(POLL_SECONDS)

    async def _look(self, verify: PlannedVerification) -> Looked:
        wanted = checks.describe(verify.expect)
        preview = await self._previewer.preview(verify.operation)
        if preview.problems:
            return Looked(
                (checks.CheckResult(passed=False, expected=wanted, actual=preview.problems[0]),), is_answered=False
            )
        performed = await self._act(verify.operation, preview, key="verify", timeout=LOOK_TIMEOUT, reads=True)
        if verify.operation.stages:
            performed = await self._filtered(verify.operation, performed, LOOK_TIMEOUT)
        outcome, results = checks.judge(verify.expect, performed)
        is_answered = (
            performed.outcome is Outcome.SUCCEEDED or performed.exit_code is not None or performed.status is not None
        )
        done = checks.CheckResult(outcome is Outcome.SUCCEEDED, wanted, performed.detail or outcome)
        return Looked(results or (done,), is_answered)

    async def probe(self, probe: PlannedVerification, detail: str) -> tuple[Outcome, str]:
        """The declared read decides what became of a lost answer; where it gives no answer either, nobody knows."""
        results = await self._look(probe)
        said = f"{detail}; " if detail else ""
        if not results.is_answered:
            return Outcome.UNKNOWN, f"{said}the probe gave no answer either: {results.checks[0].actual}"
        seen = f"the probe {probe.operation.text} says that it "
        if results.passed:
            return Outcome.SUCCEEDED, f"{said}{seen}happened"
        return Outcome.FAILED, f"{said}{seen}did not happen"

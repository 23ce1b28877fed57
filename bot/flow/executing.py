"""Claim and run one step: look again, compare, store the intent, act, check, store the outcome. Once.

What runs is what was approved: the fresh preview must give the digest that people saw, the voters must still be allowed
to vote, and the approval is used up in the same transaction that stores the intent.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from bot.core import actors, approvals, checks, events, limits, plans
from bot.core.approvals import Closing
from bot.core.errors import Refused, Transient
from bot.core.events import EscalationReason
from bot.core.ids import ApprovalId, StepId
from bot.core.incidents import Incident
from bot.core.inert import inert
from bot.core.operations import Effect, Family, Operation, Replay
from bot.core.plans import PlannedStep, Verdict
from bot.core.previews import Outcome, Performed, Preview
from bot.core.redaction import Redactor
from bot.core.states import State
from bot.flow import previewing, supervising
from bot.flow.accounting import Accountant
from bot.flow.previewing import Previewer
from bot.flow.recording import Draft, Recorder
from bot.ports import Clock, Executor, Filters, People, Runbooks

log = logging.getLogger(__name__)

OVERTIME = timedelta(seconds=5)
"""What an executor gets beyond its own limit to report that the limit was reached."""

KEPT_OUTPUT = 16_000
"""Characters of output kept in the event; a phone shows far less, the timeline is for later."""

HELD_SECONDS = 5.0
"""How soon a step is looked at again whose target another incident is changing."""

RETRY_PAUSE_SECONDS = 1.0
POLL_SECONDS = 2.0
LOOK_TIMEOUT = timedelta(seconds=30)
REPEATABLE = frozenset({Replay.READ, Replay.IDEMPOTENT})


class Runner:
    def __init__(
        self,
        recorder: Recorder,
        runbooks: Runbooks,
        previewer: Previewer,
        people: People,
        clock: Clock,
        *,
        accountant: Accountant,
        executors: Mapping[Family, Executor],
        filters: Filters,
        redactor: Redactor,
        escalate_to: tuple[str, ...],
    ) -> None:
        self._recorder = recorder
        self._runbooks = runbooks
        self._previewer = previewer
        self._people = people
        self._clock = clock
        self._accountant = accountant
        self._executors = executors
        self._filters = filters
        self._redactor = redactor
        self._escalate_to = escalate_to

    # --- the claim -------------------------------------------------------------------------------------------------

    async def claim(self, incident: Incident, step: StepId) -> PlannedStep | None:
        """Store the intent. The step as it must run now, or None: something changed, and the next look decides anew."""
        fresh = await previewing.step_again(self._runbooks, self._previewer, incident, step)
        if fresh is None:
            await self._escalate(incident, f"The runbook {incident.runbook} was changed or removed during the run.")
            return None
        unfit = await self._unfit_voter(incident)
        claimed = False

        def decide(now: Incident) -> list[Draft]:
            nonlocal claimed
            claimed = False
            if not _may_claim(now, step):
                return []
            blocked = self._blocked(now, fresh)
            if blocked:
                return blocked
            stale = unfit or self._stale_reason(now, step, fresh)
            if stale:
                return _set_back(now, fresh, stale)
            claimed = True
            return self._intent(now, step, fresh)

        async with self._accountant.claiming(fresh):  # from the look at what others do until our own intent is stored
            await self._recorder.record(incident.id, decide)
        return fresh if claimed else None

    def _blocked(self, incident: Incident, fresh: PlannedStep) -> list[Draft]:
        """What other incidents are doing or have done lately, seen at the last moment (F65, F66)."""
        held = self._accountant.holder(incident, fresh)
        if held is not None:
            other, target = held
            until = supervising.later(self._clock, HELD_SECONDS)
            return [Draft(events.StepHeld(fresh.id, f"{other} is changing {target} now", until), actors.BOT)]
        bounds = incident.plan.bounds if incident.plan else {}
        over = limits.beyond(fresh, bounds, self._accountant.lately(incident, fresh.id, bounds))
        if not over:
            return []
        reasons = (f"over the blast-radius limit: {over[0]}", *fresh.decision.reasons)
        denied = replace(fresh, decision=replace(fresh.decision, verdict=Verdict.DENY, reasons=reasons))
        return _set_back(incident, denied, over[0])

    async def _unfit_voter(self, incident: Incident) -> str:
        """Why a vote does not count any more, or "": looked up again at the claim (F42, F43)."""
        asked = incident.approval
        if asked is None:
            return ""
        for vote in asked.yes:
            try:
                standing = await self._people.standing(vote.voter)
                approvals.check_authority(standing, asked.rule, asked.requester)
            except (Refused, Transient) as problem:
                return f"the approval of <@{vote.voter}> does not count any more: {problem}"
        return ""

    def _stale_reason(self, incident: Incident, step: StepId, fresh: PlannedStep) -> str:
        asked, plan, known = incident.approval, incident.plan, incident.step(step)
        if plan is None:
            return "the plan is gone"
        if asked is not None:
            return self._stale_approval(incident, asked.id, fresh)
        if known.attempts and known.digest is not None:
            same = plans.content_digest(fresh, plan.runbook_digest) == known.digest
            return "" if same else "what would be repeated is not what was approved"
        if fresh.decision.verdict is not Verdict.ALLOW:
            return "it now needs approval"
        return ""

    def _stale_approval(self, incident: Incident, approval: ApprovalId, fresh: PlannedStep) -> str:
        asked, plan = incident.approval, incident.plan
        if asked is None or plan is None or asked.id != approval or not asked.is_granted:
            return "the approval is not there"
        if self._clock.now() >= asked.expires_at:
            return "the approval has expired"
        if fresh.decision.verdict is not Verdict.ASK:
            return fresh.decision.reasons[0]
        now = approvals.bound_digest(
            incident.id, fresh, plan.runbook_digest, expires_at=asked.expires_at, nonce=asked.nonce
        )
        return "" if now == asked.digest else _difference(incident.step(asked.step).plan, fresh)

    def _intent(self, incident: Incident, step: StepId, fresh: PlannedStep) -> list[Draft]:
        asked, known, plan = incident.approval, incident.step(step), incident.plan
        digest = plans.content_digest(fresh, plan.runbook_digest if plan else plans.digest({}))
        if asked is not None:
            authority = "approved by " + ", ".join(f"<@{vote.voter}>" for vote in asked.yes)
        else:
            authority = known.authority or fresh.decision.reasons[0]
        started = events.StepStarted(step, known.attempts + 1, digest, authority, asked.id if asked else None)
        intent = Draft(started, actors.BOT)
        if asked is None:
            return [intent]
        return [Draft(events.ApprovalClosed(asked.id, Closing.CONSUMED), actors.BOT), intent]

    # --- the run ---------------------------------------------------------------------------------------------------

    async def run(self, incident: Incident, fresh: PlannedStep) -> None:
        """Act and store what came of it. The intent is stored already; from here on every way ends in StepFinished."""
        known = await self._recorder.load(incident.id)
        attempt = known.step(fresh.id).attempts
        began = self._clock.monotonic()
        performed = await self._perform(fresh, key=f"{incident.id}/{fresh.id}/{attempt}")
        outcome, results = checks.judge(fresh.expect, performed)
        if outcome is Outcome.SUCCEEDED and fresh.verify is not None:
            outcome, results = await self._verify(fresh, results)
        repeat = _may_repeat(fresh, performed, outcome, attempt)
        finished = events.StepFinished(
            step=fresh.id,
            attempt=attempt,
            outcome=outcome,
            detail=self._clean(_detail(performed, results), 400),
            output=self._clean(performed.output, KEPT_OUTPUT),
            checks=tuple(replace(each, actual=self._clean(each.actual, 400)) for each in results),
            change=tuple(self._clean(line, 400) for line in performed.change),
            duration_seconds=round(self._clock.monotonic() - began, 3),
            will_retry=repeat,
        )
        await self.finish(known, finished)
        if repeat:
            await self._clock.sleep(RETRY_PAUSE_SECONDS)

    async def finish(self, incident: Incident, finished: events.StepFinished) -> None:
        def decide(now: Incident) -> list[Draft]:
            running = now.state is State.RUNNING and now.current == finished.step
            return [Draft(finished, actors.BOT)] if running else []

        while True:
            try:
                await self._recorder.record(incident.id, decide)
            except Transient as problem:
                # The effect has happened: its outcome is worth waiting for until the store can be written again.
                log.warning("outcome not stored yet", extra={"incident": incident.id, "problem": str(problem)})
                await self._clock.sleep(problem.retry_after_seconds)
            else:
                return

    async def recover(self, incident: Incident, step: StepId) -> None:
        """The bot was away while this step ran: repeat what may be repeated, leave the rest to a person."""
        known = incident.step(step)
        replay, text = known.plan.judgement.replay, "The bot was restarted while this command was running"
        if replay in REPEATABLE and known.attempts < known.plan.attempts:
            outcome, detail, again = Outcome.FAILED, f"{text}; it is safe to repeat and is run again.", True
        elif replay is Replay.READ:
            outcome, detail, again = Outcome.FAILED, f"{text}; it only reads.", False
        else:
            outcome, detail, again = Outcome.UNKNOWN, f"{text}; it may or may not have happened.", False
        finished = events.StepFinished(step, known.attempts, outcome, detail, will_retry=again)
        await self.finish(incident, finished)

    async def _perform(self, step: PlannedStep, *, key: str) -> Performed:
        reads = step.judgement.effect is Effect.READ
        performed = await self._act(step.operation, step.preview, key=key, timeout=step.timeout, reads=reads)
        if not step.operation.stages or performed.outcome is Outcome.UNKNOWN:
            return performed
        return await self._filtered(step.operation, performed, step.timeout)

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

    async def _verify(
        self, step: PlannedStep, before: tuple[checks.CheckResult, ...]
    ) -> tuple[Outcome, tuple[checks.CheckResult, ...]]:
        """Repeat the declared read until it shows what it should, or its time is over: then the step has failed."""
        verify = step.verify
        if verify is None:
            return Outcome.SUCCEEDED, before
        deadline = self._clock.monotonic() + verify.within.total_seconds()
        while True:
            results = await self._look(verify)
            passed = bool(results) and all(each.passed for each in results)
            if passed or self._clock.monotonic() + POLL_SECONDS > deadline:
                return (Outcome.SUCCEEDED if passed else Outcome.FAILED), (*before, *results)
            await self._clock.sleep(POLL_SECONDS)

    async def _look(self, verify: plans.PlannedVerification) -> tuple[checks.CheckResult, ...]:
        preview = await self._previewer.preview(verify.operation)
        if preview.problems:
            return (
                checks.CheckResult(passed=False, expected=checks.describe(verify.expect), actual=preview.problems[0]),
            )
        performed = await self._act(verify.operation, preview, key="verify", timeout=LOOK_TIMEOUT, reads=True)
        if verify.operation.stages:
            performed = await self._filtered(verify.operation, performed, LOOK_TIMEOUT)
        outcome, results = checks.judge(verify.expect, performed)
        if results:
            return results
        done = outcome is Outcome.SUCCEEDED
        return (checks.CheckResult(done, checks.describe(verify.expect), performed.detail or outcome),)

    def _clean(self, text: str, limit: int) -> str:
        return inert(self._redactor.redact(text), limit)

    async def _escalate(self, incident: Incident, why: str) -> None:
        raised = Draft(events.EscalationRaised(EscalationReason.BLOCKED, why, self._escalate_to), actors.BOT)
        await self._recorder.record(incident.id, lambda now: [raised] if now.version == incident.version else [])


def _may_claim(incident: Incident, step: StepId) -> bool:
    following = incident.next_step
    return incident.state in {State.READY, State.WAITING} and following is not None and following.plan.id == step


def _set_back(incident: Incident, fresh: PlannedStep, why: str) -> list[Draft]:
    """Stale: the approval is void, the step stands as it would run now, and will be asked about again."""
    closed = []
    if incident.approval is not None:
        closed = [Draft(events.ApprovalClosed(incident.approval.id, Closing.STALE, why), actors.BOT)]
    return [*closed, Draft(events.StepPrepared(fresh), actors.BOT)]


def _difference(shown: PlannedStep, fresh: PlannedStep) -> str:
    """Which parts of what people saw are different now, in the digest's own words."""
    before, after = plans.content(shown), plans.content(fresh)
    changed = [key.replace("_", " ") for key in sorted(before) if before[key] != after[key]]
    return f"changed since it was shown: {', '.join(changed) or 'the runbook'}"


def _may_repeat(step: PlannedStep, performed: Performed, outcome: Outcome, attempt: int) -> bool:
    """Again by itself only what is safe to repeat or is proved to have had no effect, and only so often."""
    if outcome is not Outcome.FAILED or attempt >= step.attempts:
        return False
    return performed.is_repeatable or step.judgement.replay in REPEATABLE


def _detail(performed: Performed, results: tuple[checks.CheckResult, ...]) -> str:
    missed = next((each for each in results if not each.passed), None)
    if missed is not None:
        return f"expected {missed.expected}, got: {missed.actual or 'nothing'}"
    return performed.detail

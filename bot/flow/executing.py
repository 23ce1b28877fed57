"""Claim and run one step: look again, compare, store the intent, act, check, store the outcome. Once.

What runs is what was approved: the fresh preview must give the digest that people saw, the voters must still be allowed
to vote, and the approval is used up in the same transaction that stores the intent.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.core import actors, approvals, captures, checks, events, limits, plans
from bot.core.approvals import Closing
from bot.core.commands import parsing
from bot.core.errors import Invalid, Refused, Transient
from bot.core.events import EscalationReason
from bot.core.ids import ApprovalId, StepId
from bot.core.incidents import Incident, Step
from bot.core.inert import inert
from bot.core.operations import Effect, Replay
from bot.core.plans import PlannedStep, Verdict
from bot.core.previews import Outcome, Performed
from bot.core.redaction import Redactor
from bot.core.runbooks import Capture
from bot.core.states import State
from bot.flow import previewing, supervising
from bot.flow.accounting import Accountant
from bot.flow.freezing import Freezer
from bot.flow.performing import Performer
from bot.flow.previewing import Previewer
from bot.flow.recording import Draft, Recorder
from bot.flow.trusting import Trust
from bot.ports import Clock, People, Runbooks

log = logging.getLogger(__name__)

KEPT_OUTPUT = 16_000
"""Characters of output kept in the event; a phone shows far less, the timeline is for later."""

HELD_SECONDS = 5.0
"""How soon a step is looked at again whose target another incident is changing."""

RETRY_PAUSE_SECONDS = 1.0
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
        freezer: Freezer,
        trust: Trust,
        performer: Performer,
        redactor: Redactor,
        escalate_to: tuple[str, ...],
    ) -> None:
        self._recorder = recorder
        self._runbooks = runbooks
        self._previewer = previewer
        self._people = people
        self._clock = clock
        self._accountant = accountant
        self._freezer = freezer
        self._trust = trust
        self._performer = performer
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
        frozen = self._freezer.why_held(incident)
        if frozen:
            return self._stopped(incident, frozen)
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

    def _stopped(self, incident: Incident, why: str) -> list[Draft]:
        """A freeze voids what was approved: after it, people decide anew (F67)."""
        raised = Draft(events.EscalationRaised(EscalationReason.BLOCKED, why, self._escalate_to), actors.BOT)
        if incident.approval is None:
            return [raised]
        return [Draft(events.ApprovalClosed(incident.approval.id, Closing.WITHDRAWN, why), actors.BOT), raised]

    async def _unfit_voter(self, incident: Incident) -> str:
        """Why a vote does not count any more, or "": looked up again at the claim (F42, F43)."""
        asked = incident.approval
        if asked is None:
            return ""
        for vote in asked.yes:
            try:
                standing = await self._people.standing(vote.voter)
                self._trust.check_approver(standing, incident, asked, requester=asked.requester)
            except (Refused, Transient) as problem:
                return f"the approval of <@{vote.voter}> does not count any more: {problem}"
        return ""

    def _stale_reason(self, incident: Incident, step: StepId, fresh: PlannedStep) -> str:
        asked, plan, known = incident.approval, incident.plan, incident.step(step)
        if plan is None:
            return "the plan is gone"
        if asked is not None:
            return self._stale_approval(incident, asked.id, fresh)
        is_asked_about = fresh.judgement.effect is not Effect.READ or fresh.decision.verdict is Verdict.ASK
        if known.attempts and known.digest is not None and is_asked_about:  # it repeats what a person has seen
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
        if incident.glass is not None and incident.glass.is_broken(self._clock.now()):
            authority += f"; glass broken by <@{incident.glass.asked_by}> and <@{incident.glass.broken_by}>"
        approval, undo = asked.id if asked else None, fresh.preview.undo
        started = events.StepStarted(step, known.attempts + 1, digest, authority, approval, undo=undo)
        intent = Draft(started, actors.BOT)
        if asked is None:
            return [intent]
        return [Draft(events.ApprovalClosed(asked.id, Closing.CONSUMED), actors.BOT), intent]

    # --- the run ---------------------------------------------------------------------------------------------------

    async def run(self, incident: Incident, fresh: PlannedStep) -> None:
        """Act and store what came of it. The intent is stored already; from here on every way ends in StepFinished."""
        known = await self._recorder.load(incident.id)
        began = self._clock.monotonic()
        frozen = self._freezer.why_held(known)  # again: the intent took a moment to be stored
        if frozen:
            performed = Performed(Outcome.REFUSED, detail=frozen)
        else:
            performed = await self._performer.perform(fresh, key=_key(known, fresh.id))
        await self._conclude(known, fresh, performed, began=began)

    async def _conclude(self, known: Incident, fresh: PlannedStep, performed: Performed, *, began: float) -> None:
        """What the step comes to by its expectation, verification, patience and probe, stored. `began` is monotonic."""
        attempt = known.step(fresh.id).attempts
        outcome, results = checks.judge(fresh.expect, performed)
        if outcome is Outcome.SUCCEEDED and fresh.verify is not None:
            outcome, results = await self._performer.verify(fresh, results)
        again_at: datetime | None = None
        captured: Mapping[str, str] = {}
        detail = _detail(performed, results)
        if fresh.patience is not None:
            outcome, again_at = self._patient(known.step(fresh.id), fresh, outcome)
        elif outcome is Outcome.UNKNOWN and fresh.probe is not None:
            outcome, detail = await self._performer.probe(fresh.probe, detail)
        if outcome is Outcome.SUCCEEDED and fresh.capture is not None:
            outcome, captured, detail = self._capture(fresh.capture, performed.output)
        repeat = again_at is not None or _may_repeat(fresh, performed, outcome, attempt)
        finished = events.StepFinished(
            step=fresh.id,
            attempt=attempt,
            outcome=outcome,
            detail=self._clean(detail, 400),
            output=self._clean(performed.output, KEPT_OUTPUT),
            checks=tuple(replace(each, actual=self._clean(each.actual, 400)) for each in results),
            change=tuple(self._clean(line, 400) for line in performed.change),
            duration_seconds=round(self._clock.monotonic() - began, 3),
            will_retry=repeat,
            captured=captured,
            again_at=again_at,
        )
        await self.finish(known, finished)
        if repeat and again_at is None:
            await self._clock.sleep(RETRY_PAUSE_SECONDS)

    def _patient(self, known: Step, fresh: PlannedStep, outcome: Outcome) -> tuple[Outcome, datetime | None]:
        """What a look of a wait comes to: it holds, it is looked at again at a moment, or its time is over."""
        now, patience = self._clock.now(), fresh.patience
        due = known.gives_up_at or now
        if fresh.operation.kind == parsing.PAUSE:
            outcome = Outcome.SUCCEEDED if now >= due else Outcome.FAILED
        if patience is None or outcome is Outcome.SUCCEEDED or now >= due:
            return outcome, None
        return Outcome.FAILED, min(now + patience.every, due)

    def _capture(self, capture: Capture, output: str) -> tuple[Outcome, dict[str, str], str]:
        try:
            value = captures.read(capture, output)
        except Invalid as problem:
            return Outcome.FAILED, {}, str(problem)
        if self._redactor.redact(value) != value:
            return Outcome.FAILED, {}, f"what came back for {{{capture.name}}} looks like a secret, and is not kept"
        return Outcome.SUCCEEDED, {capture.name: value}, f"{capture.name} is {value}"

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
        """The bot was away while this step ran: take the ending that was written down, repeat what may be repeated, ask
        the probe, or leave it to a person."""
        known = incident.step(step)
        since = known.started_at or self._clock.now()
        recalled = await self._performer.recall(known.plan, key=_key(incident, step), since=since)
        if recalled is not None:
            began = self._clock.monotonic() - (self._clock.now() - since).total_seconds()
            await self._conclude(incident, known.plan, recalled, began=began)
            return
        replay, text = known.plan.judgement.replay, "The bot was restarted while this command was running"
        if known.plan.probe is not None:
            outcome, detail = await self._performer.probe(known.plan.probe, text)
            again = outcome is Outcome.FAILED and known.attempts < known.plan.attempts
        elif known.plan.patience is not None:  # also when its time passed meanwhile: it ends with a look, not unseen
            outcome, detail, again = Outcome.FAILED, f"{text}; it goes on waiting.", True
        elif replay in REPEATABLE and known.attempts < known.plan.attempts:
            outcome, detail, again = Outcome.FAILED, f"{text}; it is safe to repeat and is run again.", True
        elif replay is Replay.READ:
            outcome, detail, again = Outcome.FAILED, f"{text}; it only reads.", False
        else:
            outcome, detail, again = Outcome.UNKNOWN, f"{text}; it may or may not have happened.", False
        finished = events.StepFinished(step, known.attempts, outcome, detail, will_retry=again)
        await self.finish(incident, finished)

    def _clean(self, text: str, limit: int) -> str:
        return inert(self._redactor.redact(text), limit)

    async def _escalate(self, incident: Incident, why: str) -> None:
        raised = Draft(events.EscalationRaised(EscalationReason.BLOCKED, why, self._escalate_to), actors.BOT)
        await self._recorder.record(incident.id, lambda now: [raised] if now.version == incident.version else [])


def _key(incident: Incident, step: StepId) -> str:
    """The same for every try: whoever takes such a key does it once; another run is another thing."""
    return f"{incident.id}/{incident.runs}/{step}"


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
    if performed.outcome is Outcome.UNKNOWN and step.probe is not None:
        return True  # its probe proved that it did not happen
    return performed.is_repeatable or step.judgement.replay in REPEATABLE


def _detail(performed: Performed, results: tuple[checks.CheckResult, ...]) -> str:
    missed = next((each for each in results if not each.passed), None)
    if missed is not None:
        return f"expected {missed.expected}, got: {missed.actual or 'nothing'}"
    return performed.detail

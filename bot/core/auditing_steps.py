"""The audit of what ran: every intent has an outcome, every approval is used once, nothing ran unasked or twice.

Walks the events in order beside their fold; it judges only what the events themselves say.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.core import approvals, events, incidents, plans
from bot.core.approvals import Approval, Choice, Closing
from bot.core.events import Recorded
from bot.core.evidence import Finding
from bot.core.ids import ApprovalId, IncidentId, StepId
from bot.core.incidents import Incident
from bot.core.operations import Effect
from bot.core.plans import PlannedStep, Verdict
from bot.core.previews import Outcome
from bot.core.states import State


@dataclass(slots=True)
class _Asked:
    """One approval: what was asked, who said what, what became of it, and where it was used."""

    approval: Approval
    yes: set[str] = field(default_factory=set)
    is_rejected: bool = False
    closing: Closing | None = None
    used_at: int = 0


@dataclass(slots=True)
class _Intent:
    started: events.StepStarted
    sequence: int
    finished: events.StepFinished | None = None


def steps(name: str, history: Iterable[Recorded], *, is_whole: bool) -> list[Finding]:
    """`is_whole`: the history folds without a Conflict; only then can what ran be held against its plan."""
    walk = _Walk(name)
    for each in history:
        walk.see(each)
        if is_whole:
            walk.incident = incidents.apply(walk.incident, each)
    walk.end(is_whole=is_whole)
    return walk.findings


class _Walk:
    """What has been seen so far."""

    def __init__(self, name: str) -> None:
        self.incident = Incident(IncidentId(name))
        self.findings: list[Finding] = []
        self._asked: dict[ApprovalId, _Asked] = {}
        self._intents: dict[StepId, _Intent] = {}
        self._sequence = 0

    def see(self, recorded: Recorded) -> None:
        """Before the event is applied: the fold still stands as it was when this happened."""
        self._sequence = recorded.sequence
        match recorded.event:
            case events.ApprovalRequested(approval):
                self._asked[approval.id] = _Asked(approval)
            case events.VoteCast(approval=which, choice=choice) if which in self._asked:
                self._asked[which].yes |= {recorded.actor.id} if choice is Choice.APPROVE else set()
                self._asked[which].is_rejected |= choice is Choice.REJECT
            case events.ApprovalClosed(approval=which, closing=closing) if which in self._asked:
                self._asked[which].closing = closing
            case events.StepStarted():
                self._started(recorded.event, recorded)
            case events.StepFinished():
                self._finished(recorded.event)
            case events.OutcomeSettled(step=step) if step in self._intents:
                self._settled(recorded.event)
            case events.RunbookChosen():
                self._report_open()
                self._intents.clear()

    def end(self, *, is_whole: bool) -> None:
        for asked in self._asked.values():
            if asked.closing is Closing.CONSUMED and not asked.used_at:
                self._find("approval", f"approval {asked.approval.id} was used up, but no step was started with it", 0)
        if is_whole and self.incident.state is not State.RUNNING:
            self._report_open()

    def _find(self, rule: str, text: str, sequence: int | None = None) -> None:
        at = self._sequence if sequence is None else sequence
        self.findings.append(Finding(self.incident.id, rule, text, at))

    def _report_open(self) -> None:
        for step, intent in self._intents.items():
            if intent.finished is None:
                self._find("intent", f"step {step} was started and its outcome was never stored", intent.sequence)

    def _started(self, event: events.StepStarted, recorded: Recorded) -> None:
        before = self._intents.get(event.step)
        if before is not None:
            self._repeated(event, before)
        elif event.attempt != 1:
            self._find("twice", f"step {event.step} begins with try {event.attempt}")
        if event.approval is not None:
            self._used(event, event.approval, recorded)
        elif before is None and self._must_be_asked(event.step):
            self._find("approval", f"step {event.step} was started without the approval that its plan asks for")
        self._intents[event.step] = _Intent(event, recorded.sequence)

    def _repeated(self, event: events.StepStarted, before: _Intent) -> None:
        if before.finished is None:
            self._find("twice", f"step {event.step} was started again before its outcome was stored")
        elif not before.finished.will_retry:
            self._find("twice", f"step {event.step} was started again after it {_ended(before.finished)}")
        elif event.attempt != before.started.attempt + 1:
            self._find("twice", f"try {event.attempt} of step {event.step} follows try {before.started.attempt}")
        elif event.digest != before.started.digest and not (event.approval or self._only_looks(event.step)):
            self._find("twice", f"try {event.attempt} of step {event.step} is not the same operation as the try before")

    def _planned(self, step: StepId) -> PlannedStep | None:
        return next((each.plan for each in self.incident.steps if each.plan.id == step), None)

    def _only_looks(self, step: StepId) -> bool:
        """A read that nobody was asked about looks at what is there now, also when that was made anew."""
        planned = self._planned(step)
        reads = planned is not None and planned.judgement.effect is Effect.READ
        return reads and not self._must_be_asked(step)

    def _must_be_asked(self, step: StepId) -> bool:
        planned = self._planned(step)
        return planned is not None and planned.decision.verdict is not Verdict.ALLOW

    def _used(self, event: events.StepStarted, which: ApprovalId, recorded: Recorded) -> None:
        asked = self._asked.get(which)
        if asked is None:
            self._find("approval", f"step {event.step} uses an approval that was never asked for ({which})")
            return
        if asked.used_at:
            self._find("approval", f"approval {which} is used a second time, first by event {asked.used_at}")
        asked.used_at = asked.used_at or recorded.sequence
        for problem in self._problems(event, asked, recorded):
            self._find("approval", f"step {event.step} was started {problem}")

    def _problems(self, event: events.StepStarted, asked: _Asked, recorded: Recorded) -> Iterable[str]:
        approval = asked.approval
        if approval.step != event.step:
            yield f"with the approval of step {approval.step}"
        if len(asked.yes) < approval.rule.quorum:
            yield f"with {len(asked.yes)} of {approval.rule.quorum} votes"
        if asked.is_rejected:
            yield "although its approval was rejected"
        if recorded.at >= approval.expires_at:
            yield f"after its approval had expired at {approval.expires_at:%H:%M:%S} UTC"
        if asked.closing is not Closing.CONSUMED:
            yield "without its approval being used up"
        if not self._is_what_was_shown(event, approval):
            yield "as something else than what its approval was about"

    def _is_what_was_shown(self, event: events.StepStarted, approval: Approval) -> bool:
        """The step as it was asked about gives the digest that was voted on, and the one that ran."""
        plan = self.incident.plan
        shown = self._planned(approval.step)
        if plan is None or shown is None:
            return True  # nothing to compare with: the fold says what is wrong
        bound = approvals.bound_digest(
            self.incident.id, shown, plan.runbook_digest, expires_at=approval.expires_at, nonce=approval.nonce
        )
        return bound == approval.digest and plans.content_digest(shown, plan.runbook_digest) == event.digest

    def _finished(self, event: events.StepFinished) -> None:
        intent = self._intents.get(event.step)
        if intent is None or intent.finished is not None or intent.started.attempt != event.attempt:
            self._find("intent", f"an outcome of try {event.attempt} of step {event.step} without an intent")
            return
        intent.finished = event

    def _settled(self, event: events.OutcomeSettled) -> None:
        """A person looked: an outcome, or the permission to begin anew with a new approval."""
        if event.rerun:
            del self._intents[event.step]


def _ended(finished: events.StepFinished) -> str:
    return "ended unclear" if finished.outcome is Outcome.UNKNOWN else f"had {finished.outcome.value}"

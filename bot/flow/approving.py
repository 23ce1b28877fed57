"""Asking people about one step, and taking their votes. A vote is durable before it is answered.

Authority is checked here at the click and at the submit, and by `executing` once more when the step is claimed.
"""

from bot.core import actors, approvals, events
from bot.core.actors import Standing
from bot.core.approvals import Approval, Choice, Closing
from bot.core.errors import Refused, Transient
from bot.core.events import EscalationReason
from bot.core.ids import ApprovalId, IncidentId, StepId, UserId
from bot.core.incidents import Incident, Step
from bot.core.runbooks import ApproverRule
from bot.core.states import State
from bot.flow.recording import Draft, Recorder
from bot.flow.trusting import Trust
from bot.ports import Clock, People

LATE = {
    Closing.CONSUMED: "It was approved already and the step was started.",
    Closing.GRANTED: "It was approved already.",
    Closing.REJECTED: "It was rejected already; nothing was run.",
    Closing.EXPIRED: "The time to approve is over; nothing was run.",
    Closing.STALE: "What would run has changed since, and nothing was run. Read the step again: it asks anew.",
    Closing.WITHDRAWN: "The incident has moved on; nothing was run.",
}


class Approver:
    def __init__(
        self,
        recorder: Recorder,
        people: People,
        clock: Clock,
        *,
        trust: Trust,
        escalate_to: tuple[str, ...],
    ) -> None:
        self._trust = trust
        self._recorder = recorder
        self._people = people
        self._clock = clock
        self._escalate_to = escalate_to

    async def ask(self, incident: Incident, step: StepId) -> None:
        """Open an approval for exactly what the step's preview shows."""
        planned = incident.step(step).plan
        rule, plan = planned.decision.rule, incident.plan
        if rule is None or plan is None:
            raise Refused(f"step {step} has no approver rule", rule="approver.none")
        nonce = self._clock.token()
        expires_at = self._clock.now() + planned.decision.window
        approval = Approval(
            id=approval_id(incident.id, nonce),
            step=step,
            digest=approvals.bound_digest(
                incident.id, planned, plan.runbook_digest, expires_at=expires_at, nonce=nonce
            ),
            rule=rule,
            nonce=nonce,
            expires_at=expires_at,
            typed_name=approvals.typed_name(planned) if planned.needs_confirmation else "",
            requester=plan.requester,
        )
        requested = Draft(events.ApprovalRequested(approval), actors.BOT)
        await self._recorder.record(
            incident.id, lambda now: [requested] if now.state is State.READY and now.version == incident.version else []
        )

    async def look(self, approval: ApprovalId, user: UserId) -> tuple[Incident, Step, Approval]:
        """What is asked, for somebody who may answer it. Raises Refused with what to do otherwise."""
        incident = await self._recorder.load(self.incident_of(approval))
        open_now = still_open(incident, approval)
        if self._clock.now() >= open_now.expires_at:
            raise Refused(LATE[Closing.EXPIRED], rule="approval.expired")
        await self._check(incident, open_now, user, open_now.requester)
        return incident, incident.step(open_now.step), open_now

    async def vote(
        self, approval: ApprovalId, user: UserId, choice: Choice, *, typed: str = "", reason: str = ""
    ) -> Incident:
        """Record one vote. Raises Refused when it does not count, Transient when the voter cannot be looked up."""
        incident = await self._recorder.load(self.incident_of(approval))
        asked = still_open(incident, approval)
        if choice is Choice.APPROVE:
            await self._check(incident, asked, user, asked.requester)
        else:  # a veto takes no more than being named
            await self._authorise(user, asked.rule, None)

        def decide(now: Incident) -> list[Draft]:
            current = still_open(now, approval)
            approvals.check_vote(current, user, choice=choice, now=self._clock.now(), typed=typed, reason=reason)
            if current.is_granted or current.rejection:
                raise Refused(LATE[Closing.GRANTED if current.is_granted else Closing.REJECTED], rule="approval.closed")
            return [Draft(events.VoteCast(approval, choice, reason.strip()), actors.person(user))]

        return await self._recorder.record(incident.id, decide)

    async def authorise(self, incident: Incident, user: UserId, step: Step | None) -> None:
        """May this person decide about the incident: as an approver of the step, or of anything by default?"""
        rule = step.plan.decision.rule if step is not None else None
        await self._authorise(user, rule or self.default_rule(incident), None)

    def default_rule(self, incident: Incident) -> ApproverRule:
        """Whoever may approve any step of the plan, and whoever the incident would be escalated to."""
        rules = [step.plan.decision.rule for step in incident.steps if step.plan.decision.rule]
        return approvals.anyone_of(rules, self._escalate_to)

    async def _check(self, incident: Incident, asked: Approval, user: UserId, requester: UserId | None) -> None:
        """By the rule that was asked under, and by the policies as they are now."""
        self._trust.check_approver(await self.standing(user), incident, asked, requester=requester)

    def check(self, incident: Incident, asked: Approval, standing: Standing) -> None:
        """Raise Refused unless this person could say yes now."""
        self._trust.check_approver(standing, incident, asked, requester=asked.requester)

    async def _authorise(self, user: UserId, rule: ApproverRule, requester: UserId | None) -> None:
        approvals.check_authority(await self.standing(user), rule, requester)

    async def standing(self, user: UserId) -> Standing:
        try:
            return await self._people.standing(user)
        except Transient as problem:
            remedy = "Try again in a moment, or ask another approver."
            text = f"Slack could not tell who you are and which groups you are in ({problem}), so this does not count."
            raise Refused(text, rule="approver.lookup", remedy=remedy) from problem

    async def remind(self, incident: Incident) -> None:
        """Call once more for an answer to the open question."""

        def decide(now: Incident) -> list[Draft]:
            asked = now.approval
            if asked is None or now.version != incident.version:
                return []
            return [Draft(events.ApprovalReminded(asked.id), actors.CLOCK)]

        await self._recorder.record(incident.id, decide)

    async def expire(self, incident: Incident) -> None:
        await self._close(
            incident, Closing.EXPIRED, EscalationReason.EXPIRED, "Nobody approved in time; nothing was run."
        )

    async def give_up(self, incident: Incident) -> None:
        """A reject is a veto: the run stops and people take over."""
        rejection = incident.approval.rejection if incident.approval else None
        why = f"<@{rejection.voter}> rejected the step: {rejection.reason}" if rejection else "The step was rejected."
        await self._close(incident, Closing.REJECTED, EscalationReason.REJECTED, why)

    async def _close(self, incident: Incident, closing: Closing, reason: EscalationReason, text: str) -> None:
        def decide(now: Incident) -> list[Draft]:
            if now.approval is None or incident.approval is None or now.approval.id != incident.approval.id:
                return []
            return [
                Draft(events.ApprovalClosed(now.approval.id, closing, text), actors.CLOCK),
                Draft(events.EscalationRaised(reason, text, self._escalate_to), actors.BOT),
            ]

        await self._recorder.record(incident.id, decide)

    def incident_of(self, approval: ApprovalId) -> IncidentId:
        """The incident's number stands in the id; the rest cannot be guessed, and is held against the store."""
        number, _, rest = approval.partition("-")
        if not (number.isdecimal() and rest):
            raise Refused("This button is not one of mine, or it is too old.", rule="approval.unknown")
        return IncidentId(f"INC-{number}")


def approval_id(incident: IncidentId, nonce: str) -> ApprovalId:
    return ApprovalId(f"{incident.removeprefix('INC-')}-{nonce}")


def still_open(incident: Incident, approval: ApprovalId) -> Approval:
    """The open approval of this id. Raises Refused saying what became of it."""
    if incident.approval is not None and incident.approval.id == approval:
        return incident.approval
    closed = incident.closed_approval(approval)
    if closed is None:
        raise Refused("This approval is not known here.", rule="approval.unknown", remedy="Look at the newest card.")
    names = ", ".join(f"<@{vote.voter}>" for vote in closed.approval.votes)
    by = f" By {names}." if names and closed.closing in {Closing.CONSUMED, Closing.REJECTED} else ""
    raise Refused(LATE[closed.closing] + by, rule=f"approval.{closed.closing}")

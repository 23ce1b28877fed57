"""What people can ask for, whoever carries their words. Every answer comes after what it says is durable.

It starts no long work: it records what a person decided, and `advancing` does the rest.
"""

import contextlib
import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.core import actors, authorization, card_history, card_home, events, freezes, parameters, statistics
from bot.core.actors import Standing
from bot.core.alerts import Severity
from bot.core.approvals import MINIMUM_REASON, Approval, Choice
from bot.core.card_home import Home
from bot.core.errors import Invalid, Refused
from bot.core.events import EscalationReason
from bot.core.freezes import Scope, Wish
from bot.core.ids import ApprovalId, IncidentId, RunbookName, StepId, UserId
from bot.core.incidents import Incident, Step
from bot.core.policies import Proposal
from bot.core.previews import Outcome
from bot.core.runbooks import Library, Runbook
from bot.core.states import State
from bot.core.statistics import Numbers
from bot.core.track_records import Row
from bot.flow.approving import Approver
from bot.flow.closing import WATCHED
from bot.flow.earning import Earner
from bot.flow.freezing import Freezer
from bot.flow.recording import Draft, Recorder
from bot.flow.trusting import Trust
from bot.ports import Clock, Journal, Runbooks

REMEMBERED = timedelta(days=card_history.DAYS)
MOST_REMEMBERED = 500
"""Incidents that one question reads again: about half a second."""

SHOWN_AFTER_CLOSING = timedelta(hours=24)
GLASS_BROKEN_FOR = timedelta(minutes=30)
SHORTEST_REJECTION = 3
"""Characters: enough for "bad" or "no!"; a reject must stay quick."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One or two sentences for the person who asked."""

    text: str
    incident: IncidentId | None = None


def _nothing(_: Incident) -> None: ...


class Desk:
    def __init__(
        self,
        recorder: Recorder,
        journal: Journal,
        approver: Approver,
        runbooks: Runbooks,
        clock: Clock,
        *,
        freezer: Freezer,
        earner: Earner,
        trust: Trust,
        escalate_to: tuple[str, ...],
        bring: Callable[[Incident], None] = _nothing,
        troubles: Callable[[], list[str]] = list,
    ) -> None:
        """`troubles` are sentences on what of the bot itself is not as it should be."""
        self._bring = bring
        self.troubles = troubles
        self._recorder = recorder
        self._journal = journal
        self._approver = approver
        self._runbooks = runbooks
        self._clock = clock
        self._freezer = freezer
        self._earner = earner
        self._trust = trust
        self._escalate_to = escalate_to

    # --- votes -----------------------------------------------------------------------------------------------------

    async def vote_approve(self, approval: ApprovalId, user: UserId, *, typed: str = "", reason: str = "") -> Answer:
        incident = await self._approver.vote(approval, user, Choice.APPROVE, typed=typed, reason=reason)
        asked = incident.approval
        missing = asked.rule.quorum - len(asked.yes) if asked and asked.id == approval else 0
        if missing > 0:
            return Answer(f"Your approval counts; {missing} more needed.", incident.id)
        return Answer("Approved. It is checked once more, then it runs; the step shows what came of it.", incident.id)

    async def vote_reject(self, approval: ApprovalId, user: UserId, *, reason: str) -> Answer:
        if len(reason.strip()) < SHORTEST_REJECTION:
            raise Refused("Say in a word or two why, so that the next person knows.", rule="reason")
        incident = await self._approver.vote(approval, user, Choice.REJECT, reason=reason)
        return Answer("Rejected. Nothing was run, and people are told.", incident.id)

    async def confirmation(self, approval: ApprovalId, user: UserId) -> tuple[Incident, Step, Approval]:
        return await self._approver.look(approval, user)

    # --- the incident ----------------------------------------------------------------------------------------------

    async def look(self, incident: IncidentId) -> Incident:
        return await self._recorder.load(incident)

    async def bring(self, incident: IncidentId) -> Answer:
        """Somebody wants to see it: its thread comes before those of all others."""
        self._bring(await self._recorder.load(incident))
        return Answer(f"{incident} is next: its thread appears in the channel within seconds.", incident)

    async def take(self, incident: IncidentId, user: UserId) -> Answer:
        await self._allow(incident, user)

        def decide(now: Incident) -> list[Draft]:
            _require(now, now.state is not State.CLOSED, "is closed")
            return [] if now.taken_by == user else [Draft(events.IncidentTaken(), actors.person(user))]

        await self._recorder.record(incident, decide)
        return Answer(f"{incident} is yours.", incident)

    async def taken_elsewhere(self, incident: IncidentId, who: str, source: str) -> None:
        """Somebody has acknowledged our page at the pager. Durable on return; what is unknown or over is left alone."""

        def decide(now: Incident) -> list[Draft]:
            if not now.is_open or now.is_taken:
                return []
            return [Draft(events.IncidentTaken(who), actors.source(source))]

        with contextlib.suppress(Refused):  # another installation may share the pager
            await self._recorder.record(incident, decide)

    async def escalate(self, incident: IncidentId, user: UserId) -> Answer:
        await self._allow(incident, user)

        def decide(now: Incident) -> list[Draft]:
            _require(now, now.state is not State.RUNNING, "has a step running; wait until it has finished")
            _require(now, now.state is not State.UNCLEAR, "has a step with an unknown outcome: settle that first")
            _require(now, now.is_open, "is not open any more")
            text = f"<@{user}> asked for help."
            raised = events.EscalationRaised(EscalationReason.ASKED, text, self._escalate_to)
            return [Draft(raised, actors.person(user))]

        await self._recorder.record(incident, decide)
        return Answer("Escalated. Nothing more runs by itself.", incident)

    async def resolve(self, incident: IncidentId, user: UserId, *, reason: str) -> Answer:
        await self._allow(incident, user)
        if len(reason.strip()) < SHORTEST_REJECTION:
            raise Refused("Say in a few words what cured it, for the record.", rule="reason")

        def decide(now: Incident) -> list[Draft]:
            _require(now, now.state is not State.RUNNING, "has a step running; wait until it has finished")
            _require(now, now.is_open, "is resolved already")
            resolved = events.IncidentResolved(f"<@{user}>: {reason.strip()}", self._clock.now() + WATCHED)
            return [Draft(resolved, actors.person(user))]

        await self._recorder.record(incident, decide)
        return Answer(f"{incident} is resolved. It is watched for 30 min.", incident)

    async def choose(self, incident: IncidentId, user: UserId, runbook: RunbookName | None) -> Answer:
        await self._allow(incident, user)
        if runbook is None:
            return await self._choose_none(incident, user)
        known = self._runbook(runbook)
        about = await self._recorder.load(incident)
        proposed = Proposal(known.name, about.service, about.environment, about.severity)
        self._check_proposal(await self._approver.standing(user), proposed)

        def decide(now: Incident) -> list[Draft]:
            _require(now, now.state is not State.RUNNING, "has a step running; wait until it has finished")
            _require(now, now.state is not State.UNCLEAR, "has a step with an unknown outcome: settle that first")
            _require(now, now.is_open, "is not open any more")
            parameters.resolve(known, now.first_alert, {})
            return [Draft(events.RunbookChosen(known.name, {}), actors.person(user))]

        await self._recorder.record(incident, decide)
        return Answer(f"{known.name} it is. The first step follows in the thread.", incident)

    async def _choose_none(self, incident: IncidentId, user: UserId) -> Answer:
        def decide(now: Incident) -> list[Draft]:
            _require(now, now.state is State.CHOOSING, "does not ask for a runbook any more")
            text = f"<@{user}> says that none of the runbooks fits."
            raised = events.EscalationRaised(EscalationReason.NOT_CHOSEN, text, self._escalate_to)
            return [Draft(raised, actors.person(user))]

        await self._recorder.record(incident, decide)
        return Answer("None of these, then. People are told.", incident)

    async def settle(self, incident: IncidentId, step: StepId, user: UserId, *, worked: bool | None) -> Answer:
        current = await self._recorder.load(incident)
        await self._approver.authorise(current, user, next((s for s in current.steps if s.plan.id == step), None))
        outcome = Outcome.SUCCEEDED if worked else Outcome.FAILED

        def decide(now: Incident) -> list[Draft]:
            unclear = now.state is State.UNCLEAR and now.current == step
            _require(now, unclear, "has no unclear outcome here any more; look at the newest card")
            return [Draft(events.OutcomeSettled(step, outcome, rerun=worked is None), actors.person(user))]

        await self._recorder.record(incident, decide)
        if worked is None:
            return Answer("It is previewed and asked about again before anything runs.", incident)
        return Answer("Recorded: it worked." if worked else "Recorded: it did not work.", incident)

    # --- runbooks --------------------------------------------------------------------------------------------------

    async def run(self, name: str, typed: Mapping[str, str], user: UserId) -> Answer:
        """Open an incident for a run that a person asks for. Anybody in the workspace may ask; approvers decide."""
        runbook = self._runbook(name)
        values = parameters.resolve(runbook, None, typed)
        standing = await self._approver.standing(user)
        person = standing.person
        if person.is_bot or person.is_deleted or person.is_guest or person.is_foreign:
            raise Refused("Only members of this workspace can start a runbook.", rule="run.person")
        environment = parameters.environment(None, values)
        self._check_proposal(standing, Proposal(runbook.name, values.get("service", ""), environment))
        actor = actors.person(user)
        opened = events.IncidentOpened(
            runbook.title,
            Severity.UNKNOWN,
            values.get("service", ""),
            environment,
            requester=user,
        )
        chosen = events.RunbookChosen(runbook.name, dict(typed))
        incident = await self._recorder.open(self._recorder.new_id(), [Draft(opened, actor), Draft(chosen, actor)])
        return Answer(f"{incident.id} opened for {runbook.name}.", incident.id)

    def _check_proposal(self, standing: Standing, proposed: Proposal) -> None:
        self._trust.check_proposal(authorization.user(standing.person.id, standing.groups), proposed)

    # --- levels ----------------------------------------------------------------------------------------------------

    async def grant_level(self, incident: IncidentId, user: UserId, *, reason: str) -> Answer:
        level = await self._earner.grant(incident, user, reason=reason)
        return Answer(f"Level {level.value} is granted. It is lost at once when something goes wrong.", incident)

    async def decline_level(self, incident: IncidentId, user: UserId, *, reason: str) -> Answer:
        await self._earner.decline(incident, user, reason=reason)
        return Answer("Not granted. Its record begins anew from here.", incident)

    def levels(self) -> list[Row]:
        return self._earner.rows()

    # --- the stop button -------------------------------------------------------------------------------------------

    async def freeze(self, wish: Wish, user: UserId) -> Answer:
        made = await self._freezer.freeze(wish, user)
        told = freezes.describe(made, self._clock.now())
        return Answer(f"{told}. No new step starts; one that runs already ends. Lift it with {freezes.lifting(made)}.")

    async def ask_to_break_glass(self, incident: IncidentId, user: UserId, *, reason: str) -> Answer:
        """The first of two people. Nothing changes until another one agrees."""
        await self._allow(incident, user)
        _check_reason(reason)

        def decide(now: Incident) -> list[Draft]:
            _require(now, now.is_open, "is not open any more")
            _require(now, bool(self._freezer.why_held(now)), "is not held by a freeze")
            return [Draft(events.GlassAsked(reason.strip()), actors.person(user))]

        await self._recorder.record(incident, decide)
        text = (
            f"<@{user}> asks to act on {incident} in spite of the freeze. A second approver must agree in its thread."
        )
        return Answer(text, incident)

    async def break_glass(self, incident: IncidentId, user: UserId, *, reason: str) -> Answer:
        await self._allow(incident, user)
        _check_reason(reason)

        def decide(now: Incident) -> list[Draft]:
            asked = now.glass
            _require(now, asked is not None and asked.broken_by is None, "asks for nothing like that any more")
            if asked is not None and asked.asked_by == user:
                raise Refused("You asked for it yourself: somebody else must agree.", rule="glass.second")
            until = self._clock.now() + GLASS_BROKEN_FOR
            return [Draft(events.GlassBroken(reason.strip(), until), actors.person(user))]

        await self._recorder.record(incident, decide)
        return Answer("The glass is broken for 30 min: freezes do not hold this incident.", incident)

    async def unfreeze(self, scope: Scope, user: UserId) -> Answer:
        await self._freezer.unfreeze(scope, user)
        others = len(self._freezer.active())
        rest = f"{others} more in force: see /runbook status." if others else "Steps may start again."
        restart = "What was stopped stays with people: /runbook run NAME starts anew."
        return Answer(f"<@{user}> lifted the freeze of {scope}. {rest} {restart}")

    def freezes(self) -> list[str]:
        """A sentence for each one in force."""
        now = self._clock.now()
        return [freezes.describe(each, now) for each in self._freezer.active()]

    async def home(self, user: UserId) -> Home:
        """What App Home shows to this person. Questions only where it is known that they may answer."""
        now = self._clock.now()
        known = await self.overview()
        try:
            standing = await self._approver.standing(user)
            waiting, trouble = [each for each in reversed(known) if self._may_answer(each, standing)], ""
        except Refused as problem:
            waiting, trouble = [], str(problem)
        since = now - SHOWN_AFTER_CLOSING
        return Home(
            waiting=tuple((each, each.step(each.approval.step)) for each in waiting if each.approval),
            open=tuple(each for each in known if each.is_open),
            frozen=tuple(self.freezes()),
            levels=tuple(self.levels()),
            alone=tuple((each, step) for each in known for step in card_home.acted_alone(each, since)),
            trouble=trouble,
            degraded=tuple(self.troubles()),
        )

    def _may_answer(self, incident: Incident, standing: Standing) -> bool:
        asked = incident.approval
        if asked is None or asked.is_granted or any(vote.voter == standing.person.id for vote in asked.votes):
            return False
        try:
            self._approver.check(incident, asked, standing)
        except Refused:
            return False
        return True

    def library(self) -> Library:
        return self._runbooks.current()

    async def overview(self) -> list[Incident]:
        """Open incidents and those of the last 24 h, newest first."""
        heads = await self._journal.heads(closed_since=self._clock.now() - SHOWN_AFTER_CLOSING)
        return [await self._recorder.load(head.incident) for head in reversed(heads)]

    async def history(self, wanted: str) -> list[Incident]:
        """Incidents of the last 30 days of one runbook, service or environment, or all of them; newest first."""
        heads = await self._journal.heads(closed_since=self._clock.now() - REMEMBERED)
        found = [await self._recorder.load(head.incident) for head in reversed(heads[-MOST_REMEMBERED:])]
        word = wanted.casefold()
        return [each for each in found if not word or word in _words(each)]

    async def numbers(self) -> Numbers:
        """The last 30 days, as `stats` at the terminal counts them."""
        tally = statistics.Tally()
        for head in (await self._journal.heads(closed_since=self._clock.now() - REMEMBERED))[-MOST_REMEMBERED:]:
            tally.add(await self._journal.history(head.incident))
        return tally.numbers()

    def _runbook(self, name: str) -> Runbook:
        known = self._runbooks.current().runbooks
        runbook = known.get(RunbookName(name))
        if runbook is None:
            near = difflib.get_close_matches(name, known, n=1)
            raise Invalid(
                f"there is no runbook {name}", remedy=f"did you mean {near[0]}?" if near else "see /runbook list"
            )
        return runbook

    async def _allow(self, incident: IncidentId, user: UserId) -> None:
        await self._approver.authorise(await self._recorder.load(incident), user, None)


def _words(incident: Incident) -> set[str]:
    named = (incident.runbook or "", incident.service, incident.environment)
    return {each.casefold() for each in named if each}


def _check_reason(reason: str) -> None:
    if len(reason.strip()) < MINIMUM_REASON:
        text = f"Give a reason of at least {MINIMUM_REASON} characters; it is kept for the record."
        raise Refused(text, rule="reason")


def _require(incident: Incident, holds: bool, otherwise: str) -> None:
    if not holds:
        raise Refused(f"{incident.id} {otherwise}.", rule="incident.state", remedy="Look at its newest card.")

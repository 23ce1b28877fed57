"""From a durable inbox row to an incident: opened, joined, or ignored with a reason. Never lost, never twice.

The 2xx is answered by whoever called `receive`, once the row is durable; all here may be done again after a crash.
"""

import asyncio
import logging
from collections.abc import Sequence

from bot.core import actors, authorization, correlation, events, matching
from bot.core.alerts import Alert
from bot.core.errors import Refused, Transient
from bot.core.events import EscalationReason, Event
from bot.core.ids import IncidentId
from bot.core.incidents import Incident
from bot.core.policies import Proposal
from bot.core.states import State
from bot.flow import supervising
from bot.flow.recording import Draft, Recorder
from bot.flow.trusting import Trust
from bot.ports import Clock, Delivery, Inbox, InboxItem, Journal, Runbooks, Settlement

log = logging.getLogger(__name__)

POISON_AFTER = 3
"""Tries before an alert that always fails is put aside (F59)."""

BATCH = 256
"""Rows routed together: enough for one group commit, few enough to keep the loop answering."""

HIGH_WATER = 20_000
"""Alerts that may wait to be routed, about twenty seconds' work: more would only grow old here (F58)."""

CROWDED_SECONDS = 5.0
CHOICE_WINDOW_SECONDS = 900
RETRY_SECONDS = 1.0


class Intake:
    def __init__(
        self,
        inbox: Inbox,
        journal: Journal,
        recorder: Recorder,
        runbooks: Runbooks,
        clock: Clock,
        *,
        trust: Trust,
        escalate_to: tuple[str, ...],
    ) -> None:
        self._inbox = inbox
        self._journal = journal
        self._recorder = recorder
        self._opening = Opening(runbooks, clock, trust, escalate_to)
        self._clock = clock
        self._known: dict[str, IncidentId] = {}
        self._waiting: asyncio.Queue[InboxItem] = asyncio.Queue()
        self._routing = 0
        self.high_water = HIGH_WATER
        recorder.listeners.append(self._learn)

    async def start(self) -> None:
        """Find again what was open and what was received but not yet routed."""
        for head in await self._journal.heads():
            self._known.update(dict.fromkeys(head.fingerprints, head.incident))
        for item in await self._inbox.pending():
            self._waiting.put_nowait(item)

    @property
    def backlog(self) -> int:
        return self._waiting.qsize() + self._routing

    @property
    def is_idle(self) -> bool:
        return self.backlog == 0

    async def receive(self, deliveries: Sequence[Delivery]) -> int:
        """Durable on return. Answers how many alerts were taken, those that were known already included.

        Raises Transient, with nothing taken, when too many wait already: the sender keeps them and comes again.
        """
        if self.backlog + len(deliveries) > self.high_water:
            raise Transient(f"{self.backlog} alerts wait to be routed", retry_after_seconds=CROWDED_SECONDS)
        for item in await self._inbox.receive(deliveries):
            self._waiting.put_nowait(item)
        return len(deliveries)

    async def run(self) -> None:
        while True:
            items = [await self._waiting.get()]
            while not self._waiting.empty() and len(items) < BATCH:
                items.append(self._waiting.get_nowait())
            self._routing = len(items)
            await self.route(items)
            self._routing = 0

    async def route(self, items: Sequence[InboxItem]) -> None:
        """Rows of one incident in their order, different incidents side by side."""
        rows: dict[IncidentId, list[InboxItem]] = {}
        new: set[IncidentId] = set()
        for item in items:
            incident = self._find(item.delivery.alert)
            if incident is None:
                incident = self._recorder.new_id()
                new.add(incident)
                self._known.update(dict.fromkeys(correlation.keys(item.delivery.alert), incident))
            rows.setdefault(incident, []).append(item)
        await asyncio.gather(
            *(self._route_to(incident, each, is_new=incident in new) for incident, each in rows.items())
        )

    def _find(self, alert: Alert) -> IncidentId | None:
        return next((self._known[key] for key in correlation.keys(alert) if key in self._known), None)

    async def _route_to(self, incident: IncidentId, items: list[InboxItem], *, is_new: bool) -> None:
        for item in items:
            problem = await supervising.caught(self._route_one(incident, item, is_new=is_new))
            if problem is None:
                is_new = False
            else:
                if is_new:
                    self._forget_keys(item.delivery.alert)
                await self._put_aside(item, problem)

    async def _route_one(self, incident: IncidentId, item: InboxItem, *, is_new: bool) -> None:
        alert = item.delivery.alert
        if not is_new:
            await self._join(incident, item)
        elif alert.is_firing:
            drafts = self._opening.drafts(alert)
            await self._recorder.open(incident, drafts, settles=(Settlement(item.id, "incident", incident),))
        else:
            self._forget_keys(alert)
            await self._ignore(item, "resolved, and was not known to fire")

    async def _join(self, incident: IncidentId, item: InboxItem) -> None:
        alert = item.delivery.alert
        ignored: list[correlation.Ignored] = []

        def decide(current: Incident) -> list[Draft]:
            answer = correlation.join(current, alert, self._clock.now())
            if isinstance(answer, correlation.Ignored):
                ignored[:] = [answer]
                return []
            ignored.clear()
            return [Draft(event, actors.source(alert.source)) for event in answer]

        await self._recorder.record(incident, decide, settles=(Settlement(item.id, "joined", incident),))
        if ignored:
            await self._ignore(item, ignored[0].reason)

    async def _ignore(self, item: InboxItem, reason: str) -> None:
        await self._inbox.settle(Settlement(item.id, "ignored", reason=reason))

    async def _put_aside(self, item: InboxItem, problem: Exception) -> None:
        """A store that cannot be written is waited for; an alert that cannot be handled is quarantined, loudly."""
        tries = 0
        if not supervising.is_transient(problem):
            counted = await supervising.answer(self._inbox.note_try(item.id))
            tries = counted or 0
        if tries >= POISON_AFTER:
            log.error("alert quarantined", extra={"alert": item.delivery.alert.name, "problem": str(problem)})
            reason = f"failed {tries} times: {type(problem).__name__}"
            await supervising.caught(self._inbox.settle(Settlement(item.id, "quarantined", reason=reason)))
            return
        await self._clock.sleep(RETRY_SECONDS)
        self._waiting.put_nowait(item)

    def _learn(self, incident: Incident) -> None:
        keys = correlation.all_keys(seen.alert for seen in incident.alerts.values())
        if incident.state is State.CLOSED:
            self._forget(incident.id)
        else:
            self._known.update(dict.fromkeys(keys, incident.id))

    def _forget(self, incident: IncidentId) -> None:
        self._known = {key: known for key, known in self._known.items() if known != incident}

    def _forget_keys(self, alert: Alert) -> None:
        """An incident that could not be opened must not attract the next alert."""
        for key in correlation.keys(alert):
            self._known.pop(key, None)


class Opening:
    """The first events of an incident, matched at once so that its first message already says what comes next."""

    def __init__(self, runbooks: Runbooks, clock: Clock, trust: Trust, escalate_to: tuple[str, ...]) -> None:
        self._runbooks = runbooks
        self._clock = clock
        self._trust = trust
        self._escalate_to = escalate_to
        self._index: matching.Index | None = None
        self._library: object = None

    def drafts(self, alert: Alert) -> list[Draft]:
        found = matching.match(self._current_index(), alert)
        matched = events.RunbookMatched(found.candidates, found.chosen, found.reason)
        source = actors.source(alert.source)
        first = [Draft(event, source) for event in correlation.opened(alert)]
        return [*first, Draft(matched, actors.BOT), Draft(self._consequence(found, alert), actors.BOT)]

    def _consequence(self, found: matching.Match, alert: Alert) -> Event:
        refused = {each.runbook: why for each in found.candidates if (why := self._refused(each, alert))}
        if found.chosen in refused:
            return events.EscalationRaised(EscalationReason.BLOCKED, refused[found.chosen], self._escalate_to)
        if found.chosen is not None:
            return events.RunbookChosen(found.chosen, {})
        offered = tuple(each for each in found.candidates if each.runbook not in refused)
        if offered:
            until = supervising.later(self._clock, CHOICE_WINDOW_SECONDS)
            return events.ChoiceAsked(offered, until)
        text = next(iter(refused.values()), "No runbook fits this alert.")
        return events.EscalationRaised(EscalationReason.NO_RUNBOOK, text, self._escalate_to)

    def _refused(self, candidate: matching.Candidate, alert: Alert) -> str:
        """Why policy keeps the bot from starting this one for the alert, or nothing."""
        proposed = Proposal(candidate.runbook, alert.service, alert.environment, alert.severity, candidate.score)
        try:
            self._trust.check_proposal(authorization.BOT, proposed)
        except Refused as problem:
            return str(problem)
        return ""

    def _current_index(self) -> matching.Index:
        library = self._runbooks.current()
        if self._index is None or library is not self._library:
            self._index, self._library = matching.Index(library), library
        return self._index

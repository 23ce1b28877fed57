"""The only way to change an incident: load, decide, store with the expected version, tell who listens.

Losing a race is normal: the decision is made again on the newer state. It must know no stage and no vendor.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core import correlation, ids, incidents, moves
from bot.core.actors import Actor
from bot.core.errors import Conflict, Refused
from bot.core.events import Event, Recorded
from bot.core.ids import IncidentId
from bot.core.incidents import Incident
from bot.core.states import State
from bot.ports import Clock, Commit, Head, Journal, Settlement

log = logging.getLogger(__name__)

REMEMBERED = 4096
"""Incidents kept folded in memory; one is about 10 kB."""

RACES = 8
"""How often a decision is made again before the conflict is told to the caller."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that wants to be recorded, and who caused it."""

    event: Event
    actor: Actor


Decide = Callable[[Incident], Sequence[Draft]]
Listener = Callable[[Incident], None]


class Recorder:
    """`listeners` are called after every commit, in order, and must only note what is to be done."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._folded: OrderedDict[IncidentId, Incident] = OrderedDict()
        self._last_number = 0
        self.listeners: list[Listener] = []

    async def start(self) -> None:
        self._last_number = await self._journal.last_number()

    def new_id(self) -> IncidentId:
        self._last_number += 1
        return ids.incident_id(self._last_number)

    async def load(self, incident: IncidentId) -> Incident:
        """Raises Refused for an incident that does not exist."""
        known = self._folded.get(incident)
        if known is not None:
            return known
        history = await self._journal.history(incident)
        if not history:
            raise Refused(f"There is no {incident}.", rule="incident.unknown")
        return self._remember(incidents.fold(incident, history))

    async def timeline(self, incident: IncidentId) -> list[Recorded]:
        return await self._journal.history(incident)

    async def record(self, incident: IncidentId, decide: Decide, *, settles: tuple[Settlement, ...] = ()) -> Incident:
        """Store what `decide` makes of the newest state; nothing drafted means nothing stored."""
        for _ in range(RACES):
            current = await self.load(incident)
            drafts = decide(current)
            if not drafts:
                return current
            try:
                return await self._store(current, drafts, settles)
            except Conflict:
                self._folded.pop(incident, None)
        raise Conflict(f"{incident} keeps changing; look at it again")

    async def open(
        self, incident: IncidentId, drafts: Sequence[Draft], *, settles: tuple[Settlement, ...] = ()
    ) -> Incident:
        """The first events of a new incident, under an id from `new_id`."""
        return await self._store(Incident(incident), drafts, settles)

    async def _store(self, before: Incident, drafts: Sequence[Draft], settles: tuple[Settlement, ...]) -> Incident:
        now = self._clock.now()
        after, rows = self._apply(before, drafts, now)
        commit = Commit(before.id, before.version, rows, head(after, now), settles)
        await self._journal.commit(commit)
        self._remember(after)
        kinds = "+".join(type(row.event).__name__ for row in rows)
        log.info("recorded", extra={"incident": after.id, "kinds": kinds, "state": after.state})
        for listener in self.listeners:
            listener(after)
        return after

    def _apply(self, before: Incident, drafts: Sequence[Draft], now: datetime) -> tuple[Incident, tuple[Recorded, ...]]:
        after, rows = before, []
        for draft in drafts:
            row = Recorded(before.id, after.version + 1, now, draft.actor, draft.event)
            after = incidents.apply(after, row)
            rows.append(row)
        return after, tuple(rows)

    def _remember(self, incident: Incident) -> Incident:
        known = self._folded.get(incident.id)
        if known is None or known.version < incident.version:
            self._folded[incident.id] = incident
        self._folded.move_to_end(incident.id)
        while len(self._folded) > REMEMBERED:
            self._folded.popitem(last=False)
        return incident


def head(incident: Incident, now: datetime) -> Head:
    """The index row: derived, for look-ups only."""
    move = moves.next_move(incident, now=now, is_running=incident.state is State.RUNNING)
    due = move.until if isinstance(move, moves.Wait) else now
    keys = correlation.all_keys(seen.alert for seen in incident.alerts.values())
    return Head(incident.id, incident.version, incident.state, due, keys, now)

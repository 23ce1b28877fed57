"""What all incidents together have used and are touching: for limits over time, and for one incident a target.

A view of the stored incidents, kept in memory because every claim asks it. One process owns the store, so whoever holds
the turn knows that no other claim comes between looking here and storing its intent.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime

from bot.core import limits
from bot.core.ids import IncidentId, StepId
from bot.core.incidents import Incident, Spending
from bot.core.limits import Lately
from bot.core.operations import Effect
from bot.core.plans import PlannedStep
from bot.core.runbooks import LONGEST_WINDOW, Bound
from bot.core.states import State
from bot.flow.recording import Recorder
from bot.ports import Clock, Journal

ACTING = frozenset({State.RUNNING, State.UNCLEAR})
"""While a step runs, or may have happened and nobody has looked yet, its targets are not touched by anybody else."""

Place = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Account:
    """What one incident used within the longest window, and what it is touching now."""

    service: str
    environment: str
    spendings: tuple[Spending, ...]
    touching: frozenset[Place]


class Accountant:
    def __init__(self, recorder: Recorder, journal: Journal, clock: Clock) -> None:
        self._recorder = recorder
        self._journal = journal
        self._clock = clock
        self._accounts: dict[IncidentId, _Account] = {}
        self._turn = asyncio.Lock()
        recorder.listeners.append(self._learn)

    async def start(self) -> None:
        """Find again what was used within the longest window, and what was running."""
        for incident in await self._journal.acted_since(self._clock.now() - LONGEST_WINDOW):
            self._learn(await self._recorder.load(incident))

    def _learn(self, incident: Incident) -> None:
        if incident.spendings:
            touching = _touched(incident)
            self._accounts[incident.id] = _Account(incident.service, incident.environment, incident.spendings, touching)

    def _forget(self) -> None:
        """Let go of what no window can reach any more."""
        horizon = self._clock.now() - LONGEST_WINDOW
        old = [
            incident
            for incident, account in self._accounts.items()
            if not account.touching and all(each.at <= horizon for each in account.spendings)
        ]
        for incident in old:
            del self._accounts[incident]

    def claiming(self, step: PlannedStep) -> AbstractAsyncContextManager[None]:
        """Hold this from the look at what others do until the intent is stored; a read need not wait for anybody."""
        return self._turn if places(step) or limits.counted(step) else nullcontext()

    def lately(self, incident: Incident, step: StepId, bounds: Mapping[str, Bound]) -> Lately:
        """What was used in this incident's service and environment, apart from this very step."""
        self._forget()
        lengths = {limits.LAST_HOUR, *(length for bound in bounds.values() for length in bound.windows)}
        return {length: self._used(incident, step, self._clock.now() - length) for length in lengths}

    def _used(self, incident: Incident, step: StepId, since: datetime) -> Mapping[str, int]:
        own = incident.spending(step)
        return limits.total(
            spending.counters
            for other, account in self._accounts.items()
            if (account.service, account.environment) == (incident.service, incident.environment)
            for spending in account.spendings
            if spending.at > since and (other != incident.id or spending != own)
        )

    def holder(self, incident: Incident, step: PlannedStep) -> tuple[IncidentId, str] | None:
        """Another incident that works on one of this step's targets now, and on which."""
        wanted = places(step)
        for other, account in self._accounts.items():
            shared = sorted(wanted & account.touching) if other != incident.id else []
            if shared:
                kind, _, name = shared[0]
                return other, f"{kind.lower()} {name}"
        return None


def _touched(incident: Incident) -> frozenset[Place]:
    if incident.state not in ACTING or incident.current is None:
        return frozenset()
    return places(incident.step(incident.current).plan)


def places(step: PlannedStep) -> frozenset[Place]:
    """What a change touches, by name: an object that was created anew under its name is still the same place."""
    if step.judgement.effect is Effect.READ:
        return frozenset()
    return frozenset((target.kind, target.namespace, target.name) for target in step.preview.targets)

"""Level-triggered, like a Kubernetes controller: look at what is stored, do the next thing, look again, until it waits.

One task per incident at a time; a change while it works only makes it look once more. A restart takes the same road.
"""

import asyncio
import heapq
import logging
from datetime import datetime
from typing import assert_never

from bot.core import events, moves
from bot.core.events import EscalationReason
from bot.core.ids import IncidentId
from bot.core.incidents import Incident
from bot.core.moves import Move
from bot.flow import supervising
from bot.flow.approving import Approver
from bot.flow.closing import Closer
from bot.flow.earning import Earner
from bot.flow.escalating import Escalator
from bot.flow.executing import Runner
from bot.flow.planning import Planner
from bot.flow.recording import Recorder
from bot.ports import Clock, Journal

log = logging.getLogger(__name__)

AT_ONCE = 32
"""Incidents worked on side by side; each waits for the outside world most of its time."""

LOOKS = 200
"""Moves of one incident without a pause before something must be wrong."""

PAUSE_AFTER_FAILURE_SECONDS = 5.0
BROKEN_AFTER = 5


class Advancer:
    def __init__(
        self,
        recorder: Recorder,
        journal: Journal,
        clock: Clock,
        *,
        planner: Planner,
        approver: Approver,
        runner: Runner,
        escalator: Escalator,
        closer: Closer,
        earner: Earner,
    ) -> None:
        self._recorder = recorder
        self._journal = journal
        self._clock = clock
        self._planner = planner
        self._approver = approver
        self._runner = runner
        self._escalator = escalator
        self._closer = closer
        self._earner = earner
        self._due: list[tuple[datetime, IncidentId]] = []
        self._ready: asyncio.Queue[IncidentId] = asyncio.Queue()
        self._busy: dict[IncidentId, bool] = {}
        self._failures: dict[IncidentId, int] = {}
        self._draining = False
        recorder.listeners.append(lambda incident: self.mark(incident.id))

    async def start(self) -> None:
        """Every incident that is not closed is looked at once: what was due while the bot was away happens now."""
        for head in await self._journal.heads():
            self.mark(head.incident)

    def mark(self, incident: IncidentId) -> None:
        """Look at it soon; while it is being worked on, look again afterwards."""
        if incident in self._busy:
            self._busy[incident] = True
        else:
            self._busy[incident] = False
            self._ready.put_nowait(incident)

    async def tick(self) -> None:
        """Called about once a second: whatever has become due is looked at."""
        now = self._clock.now()
        while self._due and self._due[0][0] <= now:
            self.mark(heapq.heappop(self._due)[1])

    @property
    def is_idle(self) -> bool:
        return not self._busy

    async def run(self) -> None:
        async with asyncio.TaskGroup() as workers:
            for number in range(AT_ONCE):
                workers.create_task(self._work(), name=f"advance-{number}")

    def drain(self) -> None:
        """Start nothing more; what runs may finish."""
        self._draining = True

    async def _work(self) -> None:
        while True:
            incident = await self._ready.get()
            problem = await supervising.caught(self._advance(incident))
            again = self._busy.pop(incident, False)
            if problem is not None:
                await self._after_failure(incident, problem)
            elif again:
                self.mark(incident)

    async def _after_failure(self, incident: IncidentId, problem: Exception) -> None:
        """Try again a little later; an incident that the bot itself cannot carry goes to people."""
        failures = self._failures.get(incident, 0) + (0 if supervising.is_transient(problem) else 1)
        self._failures[incident] = failures
        if failures == BROKEN_AFTER:
            text = f"The bot could not go on: {type(problem).__name__}. Its log has the details."
            await supervising.caught(self._hand_over(incident, text))
        heapq.heappush(self._due, (supervising.later(self._clock, PAUSE_AFTER_FAILURE_SECONDS), incident))

    async def _hand_over(self, incident: IncidentId, text: str) -> None:
        current = await self._recorder.load(incident)
        if current.is_open:
            await self._escalator.escalate(current, EscalationReason.BROKEN, text, stops=True)

    async def _advance(self, incident: IncidentId) -> None:
        for _ in range(LOOKS):
            current = await self._recorder.load(incident)
            now, pagers = self._clock.now(), self._escalator.targets
            move = self._earner.due(current) or moves.next_move(current, now=now, pagers=pagers)
            if isinstance(move, moves.Wait):
                self._failures.pop(incident, None)
                if move.until is not None:
                    heapq.heappush(self._due, (move.until, incident))
                return
            if self._draining:
                return
            await self._do(current, move)
        raise RuntimeError(f"{incident} did not come to rest after {LOOKS} moves")

    async def _do(self, incident: Incident, move: Move) -> None:
        match move:
            case moves.MakePlan():
                await self._planner.make_plan(incident)
            case moves.Prepare(step):
                await self._planner.prepare(incident, step)
            case moves.PlanUndo(step):
                await self._planner.plan_undo(incident, step)
            case moves.Ask(step):
                await self._approver.ask(incident, step)
            case moves.Remind():
                await self._approver.remind(incident)
            case moves.Expire():
                await self._approver.expire(incident)
            case moves.GiveUp():
                await self._approver.give_up(incident)
            case moves.Claim(step):
                claimed = await self._runner.claim(incident, step)
                if claimed is not None:
                    await self._runner.run(incident, claimed)
            case moves.Recover(step):
                await self._runner.recover(incident, step)
            case moves.Escalate(reason, explanation, stops):
                await self._escalator.escalate(incident, reason, explanation, stops=stops)
            case moves.SendPage(target):
                await self._escalator.page(incident, target)
            case moves.UpdatePage(target, action):
                await self._escalator.update_page(incident, target, action)
            case moves.Skip(step, reason):
                await self._closer.skip(incident, events.StepSkipped(step, reason))
            case moves.Settle():
                await self._closer.settle(incident)
            case moves.Resolve(reason):
                await self._closer.resolve(incident, reason)
            case moves.Reopen(reason):
                await self._closer.reopen(incident, reason)
            case moves.Close(reason):
                await self._closer.close(incident, reason)
            case moves.ProposeLevel(level):
                await self._earner.propose(incident, level)
            case moves.LoseLevel():
                await self._earner.lose(incident, move)
            case moves.Wait():
                return
            case _:
                assert_never(move)

"""The end of an incident: resolved, watched for a while, reopened when it comes back, closed."""

from datetime import timedelta

from bot.core import actors, events, finishing
from bot.core.incidents import Incident
from bot.core.states import State
from bot.flow.recording import Draft, Recorder
from bot.ports import Clock

WATCHED = timedelta(minutes=30)
"""An alert that returns within this time was a symptom cured, not a cause."""


class Closer:
    def __init__(self, recorder: Recorder, clock: Clock) -> None:
        self._recorder = recorder
        self._clock = clock

    async def resolve(self, incident: Incident, reason: str) -> None:
        """What was not dispatched is cancelled with it: an open approval is withdrawn by the same event."""
        resolved = events.IncidentResolved(reason, self._clock.now() + WATCHED)
        await self._once(incident, Draft(resolved, actors.BOT))

    async def settle(self, incident: Incident) -> None:
        await self._once(incident, Draft(events.RunSettled(self._clock.now() + finishing.CLEAR_WITHIN), actors.BOT))

    async def reopen(self, incident: Incident, reason: str) -> None:
        await self._once(incident, Draft(events.IncidentReopened(reason), actors.CLOCK))

    async def close(self, incident: Incident, reason: str) -> None:
        await self._once(incident, Draft(events.IncidentClosed(reason), actors.CLOCK))

    async def skip(self, incident: Incident, step: events.StepSkipped) -> None:
        await self._once(incident, Draft(step, actors.BOT))

    async def _once(self, incident: Incident, draft: Draft) -> None:
        """Only on the state that the decision was made on; otherwise the next look decides anew."""

        def decide(now: Incident) -> list[Draft]:
            return [draft] if now.version == incident.version and now.state is not State.CLOSED else []

        await self._recorder.record(incident.id, decide)

"""People are told: in the thread by an event that the view shows, and outside Slack by the pagers. Never at nobody."""

import logging
from collections.abc import Awaitable, Callable, Mapping

from bot.core import actors, events, summary
from bot.core.errors import PageturnerError, Transient
from bot.core.events import EscalationReason, PageAction
from bot.core.incidents import Incident
from bot.flow.recording import Draft, Recorder
from bot.ports import Clock, Page, Pager

log = logging.getLogger(__name__)

TRIES = 4
FIRST_PAUSE_SECONDS = 1.0
"""Doubled after each failed try: a page is given up after 7 s, and the thread then says that nobody was reached."""


class Escalator:
    def __init__(
        self, recorder: Recorder, clock: Clock, *, pagers: tuple[Pager, ...], escalate_to: tuple[str, ...]
    ) -> None:
        self._recorder = recorder
        self._clock = clock
        self._pagers: Mapping[str, Pager] = {pager.target: pager for pager in pagers}
        self._escalate_to = escalate_to

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(self._pagers)

    async def escalate(self, incident: Incident, reason: EscalationReason, explanation: str, *, stops: bool) -> None:
        raised = events.EscalationRaised(reason, explanation, self._mentions(incident), stops)
        await self._recorder.record(
            incident.id, lambda now: [Draft(raised, actors.BOT)] if now.version == incident.version else []
        )

    def _mentions(self, incident: Incident) -> tuple[str, ...]:
        """The runbook's approvers of the step in hand, else whom the settings name; whoever took it comes first."""
        taken = (incident.taken_by,) if incident.taken_by else ()
        return tuple(dict.fromkeys((*taken, *self._escalate_to)))

    async def page(self, incident: Incident, target: str) -> None:
        """Call one pager about the latest escalation; what became of it is an event, either way."""
        latest = incident.calls[-1]
        page = Page(
            incident=incident.id,
            key=_key(incident),
            summary=f"{incident.id} {incident.title}: {latest.explanation}",
            severity=incident.severity,
            source=incident.service or incident.environment or "pageturner",
            details=summary.page_details(incident),
        )
        delivered, detail = await self._deliver(target, lambda pager: pager.page(page))
        sent = Draft(events.PageSent(target, delivered, detail), actors.BOT)
        await self._recorder.record(incident.id, lambda _: [sent])

    async def update_page(self, incident: Incident, target: str, action: PageAction) -> None:
        """Tell one pager that somebody has taken it or that it is over; what became of it is an event as well."""
        delivered, detail = await self._deliver(target, lambda pager: pager.update(_key(incident), action))
        told = Draft(events.PageUpdated(target, action, delivered, detail), actors.BOT)
        await self._recorder.record(incident.id, lambda _: [told])

    async def _deliver(self, target: str, call: Callable[[Pager], Awaitable[str]]) -> tuple[bool, str]:
        pager = self._pagers[target]
        pause = FIRST_PAUSE_SECONDS
        problem = ""
        for attempt in range(TRIES):
            try:
                return True, await call(pager)
            except PageturnerError as error:
                problem = str(error)
                log.warning("page failed", extra={"target": pager.target, "problem": problem})
                if not isinstance(error, Transient):
                    break
            if attempt + 1 < TRIES:
                await self._clock.sleep(pause)
                pause *= 2
        return False, problem


def _key(incident: Incident) -> str:
    """By which a pager knows all pages of one incident as one."""
    return f"pageturner/{incident.id}"

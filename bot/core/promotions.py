"""What in an incident's life bears on levels: what a level is lost by, what was proposed, and what a person said.

The parts of the fold that `incidents` leaves to this room; values only.
"""

from dataclasses import replace
from datetime import datetime

from bot.core import events
from bot.core.errors import Conflict
from bot.core.events import Recorded
from bot.core.ids import UserId
from bot.core.operations import Effect
from bot.core.previews import Outcome
from bot.core.steps import Incident, LevelLoss, Promotion, Trouble

_TROUBLES = {Outcome.FAILED: ("failed", "failed"), Outcome.UNKNOWN: ("unknown", "had an unknown outcome")}


def after_step(incident: Incident, event: events.StepFinished, at: datetime) -> Incident:
    """A change that failed, or of which nobody knows, is what a level is lost by. A read that failed is not."""
    kind = _TROUBLES.get(event.outcome)
    if kind is None or incident.step(event.step).plan.judgement.effect is Effect.READ:
        return incident
    return trouble(incident, kind[0], f"step {event.step} {kind[1]}", at)


def trouble(incident: Incident, kind: str, reason: str, at: datetime) -> Incident:
    """Held against the runbook that was planned last; where none was, against nobody."""
    if incident.plan is None:
        return incident
    found = Trouble(incident.plan.runbook, kind, reason, at)
    return replace(incident, troubles=(*incident.troubles, found))


def propose(incident: Incident, event: events.LevelProposed, recorded: Recorded) -> Incident:
    if incident.plan is None:
        raise Conflict("no runbook is planned here")
    asked = Promotion(incident.plan.runbook, event.level, event.evidence, event.owners, recorded.at)
    return replace(incident, promotion=asked)


def settle(incident: Incident, event: events.LevelGranted | events.LevelDeclined, recorded: Recorded) -> Incident:
    asked = incident.promotion
    if asked is None or asked.is_granted is not None:
        raise Conflict("no level is proposed here any more")
    settled = replace(asked, by=UserId(recorded.actor.id), reason=event.reason, settled_at=recorded.at)
    if isinstance(event, events.LevelDeclined):
        return replace(incident, promotion=replace(settled, is_granted=False))
    granted = replace(settled, is_granted=True, frame=event.frame, steps=event.steps)
    return replace(incident, promotion=granted)


def lose(incident: Incident, event: events.LevelLost, recorded: Recorded) -> Incident:
    lost = LevelLoss(event.runbook, event.level, event.reason, recorded.at)
    return replace(incident, losses=(*incident.losses, lost))

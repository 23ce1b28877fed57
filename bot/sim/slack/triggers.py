"""trigger_ids: the right to open one modal within three seconds of a person's act.

https://docs.slack.dev/interactivity/handling-user-interaction#modal_responses
"""

from collections import OrderedDict
from dataclasses import dataclass

from bot.sim.slack.clocks import SimClock
from bot.sim.slack.errors import SlackError
from bot.sim.slack.ids import Ids

_KEPT = 2_000  # spent and expired triggers remembered, so that the error can name the reason


@dataclass(slots=True)
class Trigger:
    """Who acted, and in which open modal, if in one."""

    user: str
    view_id: str | None
    issued_at: float
    used: bool = False


class Triggers:
    """Issues and exchanges trigger_ids."""

    def __init__(self, clock: SimClock, ids: Ids, lifetime_seconds: float) -> None:
        self._clock, self._ids, self._lifetime = clock, ids, lifetime_seconds
        self._issued: OrderedDict[str, Trigger] = OrderedDict()

    def issue(self, user: str, view_id: str | None = None) -> str:
        """A new trigger for this person."""
        trigger_id = self._ids.trigger()
        self._issued[trigger_id] = Trigger(user, view_id, self._clock.now())
        if len(self._issued) > _KEPT:
            self._issued.popitem(last=False)
        return trigger_id

    def check(self, trigger_id: str) -> Trigger:
        """The trigger if it can still be used; raises invalid_, exchanged_ or expired_trigger_id."""
        trigger = self._issued.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self._clock.now() - trigger.issued_at > self._lifetime:
            raise SlackError("expired_trigger_id")
        return trigger

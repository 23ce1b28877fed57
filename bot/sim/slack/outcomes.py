"""What a person's act came to, as the person's screen would show it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.sim.slack.socket_mode import Ack
from bot.sim.slack.wire import Json


class Result(StrEnum):
    """How it ended."""

    DONE = "done"  # acknowledged, nothing more to show
    TIMEOUT = "timeout"  # no ack within three seconds
    UNREACHABLE = "unreachable"  # no app connected
    REFUSED = "refused"  # Slack's client did not even send it
    CLOSED = "closed"  # the modal closed
    ERRORS = "errors"  # errors are shown in the modal
    UPDATED = "updated"
    PUSHED = "pushed"
    CLEARED = "cleared"
    FAILED = "failed"  # the app answered with something that Slack cannot use


@dataclass(frozen=True, slots=True)
class Outcome:
    """`errors` maps block ids to texts; `text` is what the person is told when it failed."""

    result: Result
    ack: Ack | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    text: str = ""

    @property
    def acked(self) -> bool:
        """Whether the app acknowledged in time."""
        return self.ack is not None and self.ack.is_ok

    @property
    def payload(self) -> Json:
        """The ack's payload."""
        return self.ack.payload if self.ack is not None else {}

"""The delivery log: every envelope sent to the app, over which connection, and when and how it was answered.

Kept bounded: it serves the page's inspector and tests, not history.
"""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from bot.sim.slack.clocks import SimClock
from bot.sim.slack.feed import Feed
from bot.sim.slack.warnings import Warnings
from bot.sim.slack.wire import Json

_SLOW_ACK_SECONDS = 1.0  # Slack still accepts it, but a busier day will not


class Status(StrEnum):
    """How a delivery stands."""

    SENT = "sent"  # waiting for the ack
    ACKED = "acked"  # answered in time
    TIMED_OUT = "timed_out"  # not answered in time
    UNDELIVERABLE = "undeliverable"  # nobody was connected
    GIVEN_UP = "given_up"  # an event that stayed unanswered after every retry


@dataclass(slots=True)
class Delivery:
    """One envelope."""

    envelope_id: str
    type: str
    kind: str  # block_actions, view_submission, the command, the event's type
    sent_at: float
    connection: int | None
    status: Status
    retry_attempt: int = 0
    event_id: str = ""
    latency_seconds: float | None = None
    ack: Json | None = None
    late_ack: bool = False

    def to_json(self) -> Json:
        """For the page's inspector and the control interface."""
        latency = None if self.latency_seconds is None else round(self.latency_seconds * 1000, 1)
        return {
            "envelope_id": self.envelope_id,
            "type": self.type,
            "kind": self.kind,
            "sent_at": self.sent_at,
            "connection": self.connection,
            "status": self.status.value,
            "retry_attempt": self.retry_attempt,
            "event_id": self.event_id,
            "latency_ms": latency,
            "ack": self.ack,
            "late_ack": self.late_ack,
        }


class Journal:
    """The last deliveries, oldest first."""

    def __init__(self, *, feed: Feed, clock: SimClock, warnings: Warnings, size: int) -> None:
        self._feed, self._clock, self._warnings = feed, clock, warnings
        self.deliveries: deque[Delivery] = deque(maxlen=size)

    def sent(self, delivery: Delivery) -> None:
        """Records a delivery as it leaves, or as it fails to."""
        self.deliveries.append(delivery)
        self._tell(delivery)

    def acked(self, delivery: Delivery, payload: Json | None) -> None:
        """Records the answer."""
        delivery.latency_seconds = self._clock.now() - delivery.sent_at
        delivery.ack = payload
        delivery.status = Status.ACKED
        if delivery.latency_seconds > _SLOW_ACK_SECONDS:
            self._warnings.add("slow_ack", f"{delivery.type} {delivery.kind} was acknowledged after more than 1 s")
        self._tell(delivery)

    def ended(self, delivery: Delivery, status: Status) -> None:
        """Records that no answer came in time."""
        delivery.status = status
        self._warnings.add("no_ack", f"{delivery.type} {delivery.kind} was not acknowledged in time")
        self._tell(delivery)

    def acked_late(self, envelope_id: str) -> None:
        """Marks an answer that came after its time."""
        for delivery in reversed(self.deliveries):
            if delivery.envelope_id == envelope_id and delivery.status is not Status.ACKED:
                delivery.late_ack = True
                self._tell(delivery)
                return

    def of(self, kind: str) -> list[Delivery]:
        """The kept deliveries of one kind, oldest first."""
        return [delivery for delivery in self.deliveries if delivery.kind == kind]

    def _tell(self, delivery: Delivery) -> None:
        self._feed.publish("delivery", {"record": delivery.to_json()})

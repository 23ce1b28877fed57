"""Socket Mode: one-time URLs, connections, envelopes and their acks.

https://docs.slack.dev/apis/events-api/using-socket-mode. Each payload goes to exactly one connection; its ack is taken
from any. Events that stay unanswered are sent again, and wait while nobody is connected; what people do is not.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from bot.sim.slack.clocks import SimClock, Timer
from bot.sim.slack.connections import Connection
from bot.sim.slack.faults import Faults
from bot.sim.slack.ids import Ids
from bot.sim.slack.journal import Delivery, Journal, Status
from bot.sim.slack.settings import Settings
from bot.sim.slack.wire import Json


@dataclass(frozen=True, slots=True)
class Ack:
    """What became of one envelope; `payload` is the app's answer."""

    status: Status
    payload: Json
    latency_seconds: float = 0.0

    @property
    def is_ok(self) -> bool:
        """Answered in time."""
        return self.status is Status.ACKED


@dataclass(slots=True)
class _Pending:
    delivery: Delivery
    timer: Timer
    done: Callable[[Status, Json], None]


@dataclass(slots=True)
class _Event:
    body: Json
    attempt: int = 0


class SocketMode:
    """The app's side door: what Slack sends to a running app."""

    def __init__(self, settings: Settings, *, clock: SimClock, ids: Ids, journal: Journal, faults: Faults) -> None:
        self._settings, self._clock, self._ids = settings, clock, ids
        self._journal, self._faults = journal, faults
        self.connections: list[Connection] = []
        self._turn = 0
        self._pending: dict[str, _Pending] = {}
        self._waiting: deque[_Event] = deque()
        self._connected = asyncio.Event()

    async def wait_connected(self, timeout: float = 10.0) -> None:
        """Returns once an app is connected and has been greeted."""
        async with asyncio.timeout(timeout):
            await self._connected.wait()

    @property
    def is_connected(self) -> bool:
        """Whether a payload sent now would reach a connection."""
        return self._connected.is_set()

    @property
    def queued_events(self) -> int:
        """Events that wait for a connection."""
        return len(self._waiting)

    async def request(self, kind: str, payload: Json, *, name: str, answers: bool = False) -> Ack:
        """Sends what a person did and waits for the ack: never repeated, lost when nobody is connected.

        `kind` is the envelope's type, `name` what the journal calls it, `answers` whether an ack payload counts.
        """
        answered: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        started = self._clock.now()

        def done(status: Status, answer: Json) -> None:
            if not answered.done():
                answered.set_result(Ack(status, answer, self._clock.now() - started))

        delivery = Delivery(self._ids.uuid(), kind, name, started, None, Status.SENT)
        envelope = {"payload": payload, "accepts_response_payload": answers}
        if not self._send(delivery, envelope, done):
            delivery.status = Status.UNDELIVERABLE
            self._journal.sent(delivery)
            return Ack(Status.UNDELIVERABLE, {})
        return await answered

    def publish(self, body: Json) -> None:
        """Sends an event, now or as soon as somebody is connected, and again until it is acknowledged."""
        self._deliver(_Event(body))

    def disconnect(self, reason: str = "refresh_requested") -> None:
        """Sends a disconnect frame to every connection; a `warning` leaves it up a little longer."""
        for connection in tuple(self.connections):
            self.dismiss(connection, reason)

    def dismiss(self, connection: Connection, reason: str) -> None:
        """Sends one connection away; after a `warning` the real end comes ten seconds later."""
        if reason == "warning":
            connection.warn()
            self._clock.call_in(self._settings.warning_seconds, lambda: self.dismiss(connection, "refresh_requested"))
        elif connection in self.connections:
            connection.dismiss(reason)
            self.dismissed(connection)

    def cut(self) -> None:
        """Drops every connection without a word, as a broken network does."""
        for connection in tuple(self.connections):
            connection.abort()
            self.dismissed(connection)

    def silence(self) -> None:
        """The present connections stay open but neither send nor answer anything any more, pings included."""
        for connection in self.connections:
            connection.silent = True

    def admit(self, connection: Connection) -> bool:
        """Counts a new connection; False for one too many."""
        if len(self.connections) >= self._settings.max_connections:
            return False
        self.connections.append(connection)
        return True

    def ready(self) -> None:
        """A connection was greeted: what waited goes out."""
        self._refresh()
        while self._waiting and self.is_connected:
            self._deliver(self._waiting.popleft())

    def dismissed(self, connection: Connection) -> None:
        """A connection will take nothing more."""
        if connection in self.connections:
            self.connections.remove(connection)
        self._refresh()

    def received(self, text: str) -> None:
        """A text frame from the app; whatever is not the ack of a pending envelope is ignored."""
        if self._faults.ack_delay_seconds:
            self._clock.call_in(self._faults.ack_delay_seconds, lambda: self._acked(text))
        else:
            self._acked(text)

    def _acked(self, text: str) -> None:
        try:
            frame = json.loads(text)
        except ValueError:
            return
        envelope_id = frame.get("envelope_id") if isinstance(frame, dict) else None
        if not isinstance(envelope_id, str):
            return
        pending = self._pending.pop(envelope_id, None)
        if pending is None:
            self._journal.acked_late(envelope_id)
            return
        pending.timer.cancel()
        payload = frame.get("payload")
        self._journal.acked(pending.delivery, payload or None)
        pending.done(Status.ACKED, payload if isinstance(payload, dict) else {})

    def _send(self, delivery: Delivery, envelope: Json, done: Callable[[Status, Json], None]) -> bool:
        connection = self._pick()
        if connection is None:
            return False
        delivery.connection = connection.number
        timer = self._clock.call_in(self._settings.ack_seconds, lambda: self._expired(delivery.envelope_id))
        self._pending[delivery.envelope_id] = _Pending(delivery, timer, done)
        connection.send({"type": delivery.type, "envelope_id": delivery.envelope_id, **envelope})
        self._journal.sent(delivery)
        return True

    def _expired(self, envelope_id: str) -> None:
        pending = self._pending.pop(envelope_id, None)
        if pending is not None:
            self._journal.ended(pending.delivery, Status.TIMED_OUT)
            pending.done(Status.TIMED_OUT, {})

    def _pick(self) -> Connection | None:
        ready = [connection for connection in self.connections if connection.takes_payloads]
        if not ready:
            return None
        self._turn += 1
        return ready[self._turn % len(ready)]

    def _deliver(self, event: _Event) -> None:
        envelope = {
            "payload": event.body,
            "accepts_response_payload": False,
            "retry_attempt": event.attempt,
            "retry_reason": "timeout" if event.attempt else "",
        }
        name = event.body["event"]["type"]
        delivery = Delivery(self._ids.uuid(), "events_api", name, self._clock.now(), None, Status.SENT, event.attempt)
        delivery.event_id = event.body["event_id"]

        def done(status: Status, _: Json) -> None:
            if status is not Status.ACKED:
                self._again(event, delivery)

        if not self._send(delivery, envelope, done):
            self._waiting.append(event)

    def _again(self, event: _Event, delivery: Delivery) -> None:
        delays = self._settings.event_retry_delays
        if event.attempt >= len(delays):
            self._journal.ended(delivery, Status.GIVEN_UP)
            return
        retry = _Event(event.body, event.attempt + 1)
        self._clock.call_in(delays[event.attempt], lambda: self._deliver(retry))

    def _refresh(self) -> None:
        if any(connection.takes_payloads for connection in self.connections):
            self._connected.set()
        else:
            self._connected.clear()

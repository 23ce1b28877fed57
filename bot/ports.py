"""What flow needs of the world, in our words. Adapters implement these; tests have fakes that keep state.

Every method may raise errors of `core.errors` only: Transient (it may work later), Unclear (it may have happened),
Permanent (it will not work), Conflict (someone was first).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.core.actors import Standing
from bot.core.alerts import Alert
from bot.core.cards import Card
from bot.core.chaining import Entry
from bot.core.events import PageAction, Recorded
from bot.core.freezes import Freeze
from bot.core.ids import InboxId, IncidentId, UserId
from bot.core.operations import Operation, Stage
from bot.core.previews import Performed, Preview
from bot.core.runbooks import Library
from bot.core.states import State


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds; only differences mean anything."""
        ...

    def token(self) -> str:
        """A new unguessable identifier: at least 96 bits, letters, digits, `-` and `_` only."""
        ...

    async def sleep(self, seconds: float) -> None: ...


# --- the store -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delivery:
    """One alert as it came in. `key` makes a redelivery recognisable for 24 h; "" when the source gives none."""

    alert: Alert
    received_at: datetime
    key: str = ""


@dataclass(frozen=True, slots=True)
class InboxItem:
    id: InboxId
    delivery: Delivery
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of one inbox row: `incident`, `joined`, `ignored` or `quarantined`, the last two with a reason."""

    item: InboxId
    became: str
    incident: IncidentId | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """The index row of an incident: derived from the fold, stored beside the events for look-ups only.

    `fingerprints` are those of all its alerts; `due_at` is when the clock must look at it again.
    """

    incident: IncidentId
    version: int
    state: State
    due_at: datetime | None
    fingerprints: tuple[str, ...]
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Commit:
    """Events and the inbox rows that caused them, stored in one transaction or not at all.

    `expected_version` is the version before the first of `events`; 0 for a new incident.
    """

    incident: IncidentId
    expected_version: int
    events: tuple[Recorded, ...]
    head: Head
    settles: tuple[Settlement, ...] = ()


class Journal(Protocol):
    async def commit(self, commit: Commit) -> None:
        """Durable on return. Raises Conflict on another version, Transient when the store cannot be written."""
        ...

    async def history(self, incident: IncidentId) -> list[Recorded]:
        """All events in order; empty for an unknown incident."""
        ...

    async def heads(self, *, closed_since: datetime | None = None) -> list[Head]:
        """All incidents that are not closed, and those closed since then, newest last."""
        ...

    async def acted_since(self, moment: datetime) -> list[IncidentId]:
        """Incidents in which a step was started since then, and those whose step runs or is unclear; in order."""
        ...

    async def last_number(self) -> int:
        """The highest incident number ever used; 0 for a new store."""
        ...


class Inbox(Protocol):
    async def receive(self, deliveries: Sequence[Delivery]) -> list[InboxItem]:
        """Durable on return. Rows whose key was seen within 24 h are left out of the answer."""
        ...

    async def pending(self) -> list[InboxItem]:
        """Rows without a settlement, oldest first."""
        ...

    async def settle(self, settlement: Settlement) -> None:
        """For rows that touch no incident; the others are settled by their Commit."""
        ...

    async def note_try(self, item: InboxId) -> int:
        """Count one more failed try of this row; answers the new count."""
        ...


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a message of ours stands. `shown` is the digest of what was last delivered there."""

    incident: IncidentId
    key: str
    channel: str
    ts: str
    shown: str
    thread: str = ""


class Board(Protocol):
    """What is known to be visible in Slack: a cache of the view, so it may lag but never lead."""

    async def posted(self, incident: IncidentId) -> list[Posted]: ...

    async def note(self, posted: Posted) -> None:
        """Insert or replace by incident and key."""
        ...


class Freezes(Protocol):
    async def put_freeze(self, freeze: Freeze) -> None:
        """Insert or replace by id; durable on return."""
        ...

    async def freezes(self) -> list[Freeze]:
        """All that nobody has lifted, oldest first; some may be over."""
        ...


# --- people and messages ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """One message to keep shown. `key` is `root`, `step-1`, `summary`, ...: unique in the incident and stable."""

    incident: IncidentId
    key: str
    card: Card


class Record(Protocol):
    """The chain over what is stored, as whoever checks it reads it."""

    async def chain_after(self, number: int, limit: int) -> list[Entry]:
        """The next entries with what they cover, in order."""
        ...

    async def chain_value(self, number: int) -> str | None: ...

    async def chain_length(self) -> int: ...

    async def outside_the_chain(self) -> list[tuple[str, int]]:
        """Events (incident, sequence) that the chain does not know."""
        ...

    async def changed_freezes(self) -> list[str]: ...

    async def has_freeze(self, number: str) -> bool: ...


class Sink(Protocol):
    """Where checkpoints are kept, out of reach of whoever writes the database."""

    async def read(self) -> str: ...

    async def append(self, line: str) -> None:
        """Durable on return. Transient when it cannot be kept now."""
        ...


class Chat(Protocol):
    async def post(self, message: Message, *, channel: str, thread: str = "") -> Posted:
        """Unclear when the answer was lost: look with `find` before posting again."""
        ...

    async def update(self, message: Message, at: Posted) -> Posted:
        """Permanent when the message is gone."""
        ...

    async def find(self, incident: IncidentId, key: str, *, channel: str, thread: str = "") -> Posted | None:
        """Search recent messages by their metadata. Transient when it cannot be searched."""
        ...


class People(Protocol):
    async def standing(self, user: UserId) -> Standing:
        """At most 60 s old. Transient when the look-up fails: the caller must then deny."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """A call to a person outside Slack. `key` deduplicates: the same key is the same page."""

    incident: IncidentId
    key: str
    summary: str
    severity: str
    source: str
    details: tuple[tuple[str, str], ...]
    link: str = ""


class Pager(Protocol):
    @property
    def target(self) -> str:
        """How the thread names it, e.g. `PagerDuty`."""
        ...

    async def page(self, page: Page) -> str:
        """A sentence on what was reached. Transient or Permanent otherwise; retries are the caller's."""
        ...

    async def update(self, key: str, action: PageAction) -> str:
        """Acknowledge or resolve what was paged under this key; harmless where nothing is open. Raises as `page`."""
        ...


# --- operations ------------------------------------------------------------------------------------------------------


class Executor(Protocol):
    """Runs one family of operations."""

    async def preview(self, operation: Operation, *, timeout: timedelta) -> Preview:
        """Never changes anything. What blocks it is told in `problems`; Transient when nothing could be asked."""
        ...

    async def perform(self, operation: Operation, preview: Preview, *, key: str, timeout: timedelta) -> Performed:
        """Run what was previewed, once, with its targets and facts as preconditions. Never raises for an answer.

        `key` is the same for every try of one step of one run: an idempotency key where one is taken. A timeout or a
        lost answer of a write is Outcome.UNKNOWN; a precondition that does not hold is Outcome.REFUSED, nothing done.
        """
        ...


class Recalling(Protocol):
    """An executor whose world writes down how a try ended, also when nobody listens any more."""

    async def recall(self, operation: Operation, *, key: str, since: datetime, timeout: timedelta) -> Performed | None:
        """What became of the try of this step that began since then; None when nothing is known of it."""
        ...


class Runbooks(Protocol):
    def current(self) -> Library:
        """The last good set; cheap, called for every alert."""
        ...


class Filters(Protocol):
    """The stages after the operation of a pipeline, e.g. `| jq -r .redis`: text in, text out, no effect anywhere."""

    async def apply(self, stages: tuple[Stage, ...], text: str, *, timeout: timedelta) -> Performed: ...

"""What the store can be asked to write, and when it must say no.

Each write names what it must know of the file; the writer looks all of that up once per group, then every write
decides in memory and adds its rows to the batch. Nothing here touches SQLite.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from bot.adapters.sqlite import rows
from bot.core import errors
from bot.core.alerts import Alert
from bot.core.freezes import Freeze
from bot.core.ids import InboxId, IncidentId
from bot.ports import Commit, Delivery, InboxItem, Posted, Settlement

KEY_LIFE = timedelta(hours=24)  # the longest that a source redelivers the same message

Key = tuple[str, str]
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Questions:
    """What a write must know before it decides."""

    incidents: tuple[IncidentId, ...] = ()
    items: tuple[InboxId, ...] = ()
    keys: tuple[Key, ...] = ()
    adds_items: bool = False


@dataclass(slots=True)
class Known:
    """The answers, kept current while the writes of one group decide one after another."""

    versions: dict[IncidentId, int] = field(default_factory=dict)
    tries: dict[InboxId, int] = field(default_factory=dict)
    pending: set[InboxId] = field(default_factory=set)
    seen: dict[Key, int] = field(default_factory=dict)
    last_item: int = 0


@dataclass(slots=True)
class Batch:
    """Rows per statement, run in the order of ORDER so that each reference finds its target."""

    statements: defaultdict[str, list[rows.Row]] = field(default_factory=lambda: defaultdict(list))

    def add(self, statement: str, row: rows.Row) -> None:
        self.statements[statement].append(row)


ORDER = (
    "put_incident",
    "add_event",
    "add_inbox",
    "settle_inbox",
    "set_tries",
    "put_posted",
    "put_freeze",
    "add_link",
    "forget_backup",
)


class Write(Protocol[T_co]):
    @property
    def questions(self) -> Questions: ...

    def decide(self, known: Known, batch: Batch) -> T_co:
        """Add rows and answer what the caller gets once they are durable; or raise Conflict and add nothing."""
        ...


@dataclass(frozen=True, slots=True)
class AddCommit:
    commit: Commit
    events: tuple[rows.Row, ...]
    at: datetime

    @property
    def questions(self) -> Questions:
        items = tuple(settlement.item for settlement in self.commit.settles)
        return Questions(incidents=(self.commit.incident,), items=items)

    def decide(self, known: Known, batch: Batch) -> None:
        commit = self.commit
        stored = known.versions.get(commit.incident, 0)
        if stored != commit.expected_version:
            raise errors.Conflict(f"{commit.incident} is at version {stored}, not {commit.expected_version}")
        check_pending(known, commit.settles)
        known.versions[commit.incident] = stored + len(commit.events)
        if commit.events:
            batch.add("put_incident", rows.head_row(commit.head))
        for event in self.events:
            batch.add("add_event", event)
        settle(known, batch, commit.settles, self.at)


@dataclass(frozen=True, slots=True)
class AddDeliveries:
    deliveries: tuple[Delivery, ...]
    alerts: tuple[str, ...]

    @property
    def questions(self) -> Questions:
        return Questions(keys=tuple(_key(each) for each in self.deliveries if each.key), adds_items=True)

    def decide(self, known: Known, batch: Batch) -> list[InboxItem]:
        taken = []
        for delivery, alert in zip(self.deliveries, self.alerts, strict=True):
            received = rows.micros(delivery.received_at)
            if delivery.key and _is_seen(known, _key(delivery), delivery.received_at):
                continue
            if delivery.key:
                known.seen[_key(delivery)] = received
            known.last_item += 1
            batch.add("add_inbox", (known.last_item, delivery.alert.source, delivery.key, alert, received))
            taken.append(InboxItem(InboxId(known.last_item), delivery))
        return taken


@dataclass(frozen=True, slots=True)
class SettleItem:
    settlement: Settlement
    at: datetime

    @property
    def questions(self) -> Questions:
        return Questions(items=(self.settlement.item,))

    def decide(self, known: Known, batch: Batch) -> None:
        check_pending(known, (self.settlement,))
        settle(known, batch, (self.settlement,), self.at)


@dataclass(frozen=True, slots=True)
class CountTry:
    item: InboxId

    @property
    def questions(self) -> Questions:
        return Questions(items=(self.item,))

    def decide(self, known: Known, batch: Batch) -> int:
        if self.item not in known.tries:
            raise errors.Conflict(f"there is no inbox row {self.item}")
        known.tries[self.item] += 1
        batch.add("set_tries", (known.tries[self.item], self.item))
        return known.tries[self.item]


@dataclass(frozen=True, slots=True)
class PutPosted:
    posted: Posted

    @property
    def questions(self) -> Questions:
        return Questions()

    def decide(self, known: Known, batch: Batch) -> None:  # noqa: ARG002 - the view may be noted whatever is known
        batch.add("put_posted", rows.posted_row(self.posted))


@dataclass(frozen=True, slots=True)
class PutFreeze:
    freeze: Freeze

    @property
    def questions(self) -> Questions:
        return Questions()

    def decide(self, known: Known, batch: Batch) -> None:  # noqa: ARG002 - stopping asks nothing
        batch.add("put_freeze", rows.freeze_row(self.freeze))


@dataclass(frozen=True, slots=True)
class ForgetBackup:
    @property
    def questions(self) -> Questions:
        return Questions()

    def decide(self, known: Known, batch: Batch) -> None:  # noqa: ARG002 - the mark is only about the file
        batch.add("forget_backup", ())


def check_pending(known: Known, settles: Sequence[Settlement]) -> None:
    """Raise Conflict when a row is settled already: two workers must never both act on one alert."""
    for settlement in settles:
        if settlement.item not in known.pending:
            raise errors.Conflict(f"inbox row {settlement.item} is settled already or unknown")


def settle(known: Known, batch: Batch, settles: Sequence[Settlement], at: datetime) -> None:
    for settlement in settles:
        known.pending.discard(settlement.item)
        batch.add("settle_inbox", rows.settlement_row(settlement, at))


def check_shape(commit: Commit) -> None:
    """Raise Permanent for a commit that contradicts itself: a bug in the caller, never to be stored."""
    first, count = commit.expected_version + 1, len(commit.events)
    sequences = [(event.incident, event.sequence) for event in commit.events]
    if sequences != [(commit.incident, first + place) for place in range(count)]:
        raise errors.Permanent(f"the events for {commit.incident} do not follow version {commit.expected_version}")
    if commit.head.incident != commit.incident or commit.head.version != commit.expected_version + count:
        raise errors.Permanent(f"the index row for {commit.incident} does not match its events")


def written_alert(alert: Alert) -> str:
    """Raise Permanent for text that no file can hold, such as half a surrogate pair."""
    try:
        return rows.alert_json(alert)
    except ValueError as problem:
        raise errors.Permanent(f"the alert {alert.fingerprint} holds text that cannot be stored") from problem


def _key(delivery: Delivery) -> Key:
    return delivery.alert.source, delivery.key


def _is_seen(known: Known, key: Key, received_at: datetime) -> bool:
    last = known.seen.get(key)
    return last is not None and received_at - rows.moment(last) < KEY_LIFE

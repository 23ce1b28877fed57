"""Between our values and table rows: what each column holds, and nothing about when it is written.

Bodies are JSON text, so that an operator can read them in any SQLite shell and old rows load after an upgrade.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from pydantic import TypeAdapter, ValidationError

from bot.core import errors, events, ids
from bot.core.actors import Actor, ActorKind
from bot.core.alerts import Alert
from bot.core.events import Recorded
from bot.core.evidence import InboxRow, IndexRow, StoredEvent
from bot.core.freezes import Freeze, Scope, ScopeKind
from bot.core.ids import InboxId, IncidentId
from bot.core.states import State
from bot.ports import Delivery, Head, InboxItem, Posted, Settlement

Row: TypeAlias = tuple[str | int | None, ...]
Fetched: TypeAlias = Sequence[Any]  # a row from sqlite3, which types no column

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ALERT = TypeAdapter(Alert)


def micros(at: datetime) -> int:
    """Whole microseconds, exact: no float in between."""
    return (at - _EPOCH) // _MICROSECOND


def moment(stored: int) -> datetime:
    return _EPOCH + timedelta(microseconds=stored)


def event_row(recorded: Recorded) -> Row:
    kind, body = events.to_json(recorded.event)
    actor = recorded.actor
    return (
        recorded.incident,
        recorded.sequence,
        micros(recorded.at),
        actor.kind.value,
        actor.id,
        kind,
        body.decode(),
    )


def recorded_from(row: Fetched) -> Recorded:
    """Raise Permanent for a row that this version cannot read."""
    incident, sequence, at, actor_kind, actor_id, kind, body = row
    try:
        event = events.from_json(kind, body)
        actor = Actor(ActorKind(actor_kind), actor_id)
    except (KeyError, ValueError) as problem:
        raise errors.Permanent(f"event {sequence} of {incident} ({kind}) cannot be read by this version") from problem
    return Recorded(IncidentId(incident), sequence, moment(at), actor, event)


def stored_from(row: Fetched) -> StoredEvent:
    """As it stands, unread: for audits, which must not stop at what this version cannot read."""
    incident, sequence, at, actor_kind, actor_id, kind, body = row
    return StoredEvent(
        incident=incident,
        sequence=sequence,
        at=moment(at),
        actor_kind=actor_kind,
        actor_id=actor_id,
        kind=kind,
        body=body,
    )


def index_from(row: Fetched) -> IndexRow:
    incident, version, state = row
    return IndexRow(incident, version, state)


def inbox_from(row: Fetched) -> InboxRow:
    number, source, received_at, became, incident, reason = row
    return InboxRow(number, source, moment(received_at), became=became, incident=incident, reason=reason)


def head_row(head: Head) -> Row:
    due = None if head.due_at is None else micros(head.due_at)
    fingerprints = json.dumps(head.fingerprints)
    number = ids.incident_number(head.incident)
    return (head.incident, number, head.version, head.state.value, due, fingerprints, micros(head.changed_at))


def head_from(row: Fetched) -> Head:
    incident, version, state, due_at, fingerprints, changed_at, _ = row
    return Head(
        incident=IncidentId(incident),
        version=version,
        state=State(state),
        due_at=None if due_at is None else moment(due_at),
        fingerprints=tuple(json.loads(fingerprints)),
        changed_at=moment(changed_at),
    )


def alert_json(alert: Alert) -> str:
    return _ALERT.dump_json(alert).decode()


def item_from(row: Fetched) -> InboxItem:
    """Raise Permanent for an alert that this version cannot read."""
    number, alert, received_at, key, tries = row
    try:
        read = _ALERT.validate_json(alert)
    except ValidationError as problem:
        raise errors.Permanent(f"inbox row {number} cannot be read by this version") from problem
    return InboxItem(InboxId(number), Delivery(read, moment(received_at), key), tries)


def settlement_row(settlement: Settlement, at: datetime) -> Row:
    return (settlement.became, settlement.incident, settlement.reason, micros(at), settlement.item)


def freeze_row(freeze: Freeze) -> Row:
    until = None if freeze.until is None else micros(freeze.until)
    lifted_at = None if freeze.lifted_at is None else micros(freeze.lifted_at)
    scope, lifted = freeze.scope, (freeze.lifted_by, lifted_at)
    return (freeze.id, scope.kind, scope.name, freeze.reason, freeze.by, micros(freeze.at), until, *lifted)


def freeze_from(row: Fetched) -> Freeze:
    """Of one that stands: who lifted it is not read."""
    number, kind, name, reason, person, at, until = row
    scope = Scope(ScopeKind(kind), name)
    end = None if until is None else moment(until)
    return Freeze(number, scope, reason, ids.UserId(person), moment(at), end)


def posted_row(posted: Posted) -> Row:
    return (posted.incident, posted.key, posted.channel, posted.ts, posted.thread, posted.shown)


def posted_from(row: Fetched) -> Posted:
    incident, key, channel, ts, shown, thread = row
    return Posted(incident=IncidentId(incident), key=key, channel=channel, ts=ts, shown=shown, thread=thread)

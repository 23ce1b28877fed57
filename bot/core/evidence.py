"""What is stored, before anybody believes it: rows as they stand in the file, which may be damaged or edited.

The fold trusts its events; audits must not. Here a row becomes an event, or a finding that says why it cannot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core import events
from bot.core.actors import Actor, ActorKind
from bot.core.errors import Invalid
from bot.core.events import Recorded
from bot.core.ids import IncidentId


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One row of the timeline. `kind` and `actor_kind` may be words that this version does not know; `body` is JSON."""

    incident: str
    sequence: int
    at: datetime
    actor_kind: str
    actor_id: str
    kind: str
    body: str


@dataclass(frozen=True, slots=True)
class IndexRow:
    """What the look-up table says of an incident: derived once, and to be derived again."""

    incident: str
    version: int
    state: str


@dataclass(frozen=True, slots=True)
class InboxRow:
    """An alert as it came in. `became` is empty until it was routed."""

    id: int
    source: str
    received_at: datetime
    became: str = ""
    incident: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not add up. `rule` is a short word for programs, `text` a sentence for people.

    `subject` is an incident id, or `inbox N`; `sequence` the event in question, 0 when it is about no single one.
    """

    subject: str
    rule: str
    text: str
    sequence: int = 0

    def __str__(self) -> str:
        return f"{self.subject}{f' event {self.sequence}' if self.sequence else ''}: {self.text}"


def recorded(stored: StoredEvent) -> Recorded:
    """Raise Invalid, saying what cannot be read: `place` is `kind`, `body` or `actor`."""
    if stored.kind not in events.KINDS:
        raise Invalid(f"this version does not know events of the kind {stored.kind}", place="kind")
    try:
        event = events.from_json(stored.kind, stored.body)
    except ValueError as problem:
        raise Invalid(f"the body of this {stored.kind} is damaged", place="body") from problem
    try:
        actor = Actor(ActorKind(stored.actor_kind), stored.actor_id)
    except ValueError as problem:
        raise Invalid(f"no such kind of actor: {stored.actor_kind}", place="actor") from problem
    return Recorded(IncidentId(stored.incident), stored.sequence, stored.at, actor, event)


def gaps(stored: Sequence[StoredEvent]) -> list[Finding]:
    """Sequences count from 1 without a hole."""
    found, expected = [], 1
    for each in stored:
        if each.sequence > expected:
            found.append(Finding(each.incident, "gap", _missing(expected, each.sequence - 1), each.sequence))
        expected = each.sequence + 1
    return found


def _missing(first: int, last: int) -> str:
    return f"event {first} is missing" if first == last else f"events {first} to {last} are missing"

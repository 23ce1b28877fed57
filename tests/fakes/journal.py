"""A store in memory with the semantics of the real one; `tests/contracts/journal.py` holds both to the same suite.

`outage` makes every write fail with that error until it is None again; `after_commit` is told of each stored commit.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core import errors, ids
from bot.core.events import Recorded, StepStarted
from bot.core.freezes import Freeze
from bot.core.ids import InboxId, IncidentId
from bot.core.states import State
from bot.ports import Commit, Delivery, Head, InboxItem, Posted, Settlement


class MemoryStore:
    """ports.Journal, ports.Inbox and ports.Board. `events`, `inbox` and `settlements` are open for tests to look at."""

    def __init__(self) -> None:
        self.outage: errors.PageturnerError | None = None
        self.after_commit: Callable[[Commit], None] | None = None
        self.settlements: dict[InboxId, Settlement] = {}
        self.events: dict[IncidentId, list[Recorded]] = {}
        self._heads: dict[IncidentId, Head] = {}
        self.inbox: dict[InboxId, InboxItem] = {}
        self._freezes: dict[str, Freeze] = {}
        self._posted: dict[tuple[IncidentId, str], Posted] = {}

    # --- Journal -----------------------------------------------------------------------------------------------------

    async def commit(self, commit: Commit) -> None:
        _check_shape(commit)
        await asyncio.sleep(0)  # a disk takes its time: others come in between
        self._check_outage()
        stored = len(self.events.get(commit.incident, ()))
        if stored != commit.expected_version:
            raise errors.Conflict(f"{commit.incident} is at version {stored}, not {commit.expected_version}")
        self._check_pending(commit.settles)
        if commit.events:
            self.events.setdefault(commit.incident, []).extend(commit.events)
            self._heads[commit.incident] = commit.head
        self.settlements.update({settlement.item: settlement for settlement in commit.settles})
        if self.after_commit is not None:
            self.after_commit(commit)

    async def history(self, incident: IncidentId) -> list[Recorded]:
        return list(self.events.get(incident, ()))

    async def heads(self, *, closed_since: datetime | None = None) -> list[Head]:
        def is_wanted(head: Head) -> bool:
            if head.state is not State.CLOSED:
                return True
            return closed_since is not None and head.changed_at >= closed_since

        found = [head for head in self._heads.values() if is_wanted(head)]
        return sorted(found, key=lambda head: ids.incident_number(head.incident))

    async def acted_since(self, moment: datetime) -> list[IncidentId]:
        def acted(head: Head) -> bool:
            if head.state in {State.RUNNING, State.UNCLEAR}:
                return True
            history = self.events[head.incident]
            return any(isinstance(each.event, StepStarted) and each.at >= moment for each in history)

        found = [head.incident for head in self._heads.values() if acted(head)]
        return sorted(found, key=ids.incident_number)

    async def last_number(self) -> int:
        return max((ids.incident_number(incident) for incident in self._heads), default=0)

    # --- Inbox -------------------------------------------------------------------------------------------------------

    async def receive(self, deliveries: Sequence[Delivery]) -> list[InboxItem]:
        self._check_outage()
        taken = []
        for delivery in deliveries:
            if delivery.key and self._is_seen(delivery):
                continue
            item = InboxItem(InboxId(len(self.inbox) + 1), delivery)
            self.inbox[item.id] = item
            taken.append(item)
        return taken

    async def pending(self) -> list[InboxItem]:
        return [item for item in self.inbox.values() if item.id not in self.settlements]

    async def settle(self, settlement: Settlement) -> None:
        self._check_outage()
        self._check_pending((settlement,))
        self.settlements[settlement.item] = settlement

    async def note_try(self, item: InboxId) -> int:
        self._check_outage()
        if item not in self.inbox:
            raise errors.Conflict(f"there is no inbox row {item}")
        known = self.inbox[item]
        self.inbox[item] = replace(known, tries=known.tries + 1)
        return known.tries + 1

    # --- Board -------------------------------------------------------------------------------------------------------

    async def posted(self, incident: IncidentId) -> list[Posted]:
        return sorted((each for each in self._posted.values() if each.incident == incident), key=lambda each: each.key)

    async def put_freeze(self, freeze: Freeze) -> None:
        self._check_outage()
        self._freezes[freeze.id] = freeze

    async def freezes(self) -> list[Freeze]:
        standing = (each for each in self._freezes.values() if each.lifted_at is None)
        return sorted(standing, key=lambda each: (each.at, each.id))

    async def note(self, posted: Posted) -> None:
        self._check_outage()
        self._posted[posted.incident, posted.key] = posted

    def _check_outage(self) -> None:
        if self.outage is not None:
            raise self.outage

    def _check_pending(self, settles: Sequence[Settlement]) -> None:
        for settlement in settles:
            if settlement.item not in self.inbox or settlement.item in self.settlements:
                raise errors.Conflict(f"inbox row {settlement.item} is settled already or unknown")

    def _is_seen(self, delivery: Delivery) -> bool:
        return any(
            item.delivery.key == delivery.key
            and item.delivery.alert.source == delivery.alert.source
            and delivery.received_at - item.delivery.received_at < timedelta(hours=24)
            for item in self.inbox.values()
        )


def _check_shape(commit: Commit) -> None:
    expected = [(commit.incident, commit.expected_version + place) for place, _ in enumerate(commit.events, start=1)]
    if [(event.incident, event.sequence) for event in commit.events] != expected:
        raise errors.Permanent(f"the events for {commit.incident} do not follow version {commit.expected_version}")
    if (commit.head.incident, commit.head.version) != (commit.incident, commit.expected_version + len(commit.events)):
        raise errors.Permanent(f"the index row for {commit.incident} does not match its events")

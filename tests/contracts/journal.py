"""The contract of the store's ports, ports.Journal to ports.Freezes: one suite for the fake and for the real store.

Subclass it in a test module with a `store` fixture; values are built here so that both sides see the same ones.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from bot.core import actors, alerts, errors, events, ids
from bot.core.alerts import Alert, Severity
from bot.core.events import Event, Recorded
from bot.core.freezes import Freeze, Scope, ScopeKind
from bot.core.ids import Digest, InboxId, IncidentId, StepId, UserId
from bot.core.states import State
from bot.ports import Board, Commit, Delivery, Freezes, Head, Inbox, InboxItem, Journal, Posted, Settlement

NOW = datetime(2026, 3, 14, 2, 59, 26, 535897, tzinfo=UTC)


class Storing(Journal, Inbox, Board, Freezes, Protocol):
    """All four ports on one object."""


def alert(name: str = "RedisDown", *, is_firing: bool = True) -> Alert:
    labels = {"alertname": name, "service": "api-gateway", "pod": "api-0"}
    return Alert(
        source="alertmanager",
        name=name,
        fingerprint=alerts.fingerprint("alertmanager", labels),
        is_firing=is_firing,
        severity=Severity.CRITICAL,
        service="api-gateway",
        environment="production",
        text="Redis — connection timed out \U0001f525",
        starts_at=NOW - timedelta(minutes=2),
        labels=labels,
        annotations={"summary": "timeouts"},
        url="http://prometheus.example/graph",
    )


def delivery(key: str = "", *, name: str = "RedisDown", received_at: datetime = NOW) -> Delivery:
    return Delivery(alert(name), received_at, key)


def head(incident: IncidentId, version: int, *, state: State = State.NEW, changed_at: datetime = NOW) -> Head:
    due = None if state is State.CLOSED else changed_at + timedelta(minutes=5)
    return Head(incident, version, state, due, (alert().fingerprint, "0011223344556677"), changed_at)


def commit(number: int = 1, *, after: int = 0, count: int = 1, settles: tuple[Settlement, ...] = ()) -> Commit:
    """`count` events for INC-`number` that follow version `after`."""
    incident = ids.incident_id(number)
    happened: list[Event] = [
        events.IncidentOpened("Redis is down", Severity.CRITICAL, "api-gateway", "production"),
        events.AlertJoined(alert()),
        events.IncidentTaken(),
    ]
    recorded = tuple(
        Recorded(incident, sequence, NOW + timedelta(microseconds=sequence), actors.BOT, happened[(sequence - 1) % 3])
        for sequence in range(after + 1, after + count + 1)
    )
    return Commit(incident, after, recorded, head(incident, after + count), settles)


def posted(key: str = "root", *, shown: str = "d1", thread: str = "") -> Posted:
    return Posted(ids.incident_id(1), key, "C042", "1700000000.000100", shown, thread)


class JournalContract:
    async def test_what_was_committed_is_read_back_equal_and_in_order(self, store: Storing) -> None:
        first, second = commit(count=3), commit(after=3, count=2)

        await store.commit(first)
        await store.commit(second)

        assert await store.history(ids.incident_id(1)) == [*first.events, *second.events]
        assert await store.heads() == [second.head]

    async def test_an_unknown_incident_has_no_history(self, store: Storing) -> None:
        assert await store.history(ids.incident_id(404)) == []

    async def test_a_stale_version_is_a_conflict_and_stores_nothing(self, store: Storing) -> None:
        (item,) = await store.receive([delivery()])
        await store.commit(commit(count=2))

        with pytest.raises(errors.Conflict):
            await store.commit(commit(after=1, settles=(Settlement(item.id, "joined", ids.incident_id(1)),)))

        assert len(await store.history(ids.incident_id(1))) == 2
        assert await store.pending() == [item]

    async def test_a_version_ahead_of_the_store_is_a_conflict(self, store: Storing) -> None:
        with pytest.raises(errors.Conflict):
            await store.commit(commit(after=4))

        assert await store.heads() == []

    async def test_of_two_commits_at_once_exactly_one_wins(self, store: Storing) -> None:
        await store.commit(commit())

        answers = await asyncio.gather(*(store.commit(commit(after=1)) for _ in range(10)), return_exceptions=True)

        assert sum(answer is None for answer in answers) == 1
        assert sum(isinstance(answer, errors.Conflict) for answer in answers) == 9
        assert len(await store.history(ids.incident_id(1))) == 2

    async def test_a_conflict_does_not_disturb_commits_beside_it(self, store: Storing) -> None:
        await store.commit(commit(1))

        answers = await asyncio.gather(
            store.commit(commit(2)), store.commit(commit(1)), store.commit(commit(3)), return_exceptions=True
        )

        assert [type(answer) for answer in answers] == [type(None), errors.Conflict, type(None)]
        assert [each.incident for each in await store.heads()] == ["INC-1", "INC-2", "INC-3"]

    async def test_events_that_do_not_follow_the_expected_version_are_refused(self, store: Storing) -> None:
        broken = replace(commit(count=2), expected_version=1)

        with pytest.raises(errors.Permanent):
            await store.commit(broken)

    async def test_an_index_row_that_does_not_match_its_events_is_refused(self, store: Storing) -> None:
        with pytest.raises(errors.Permanent):
            await store.commit(replace(commit(), head=head(ids.incident_id(1), 7)))

    async def test_heads_leave_out_what_is_closed_unless_asked(self, store: Storing) -> None:
        for number, (state, changed) in enumerate(
            [(State.CLOSED, NOW - timedelta(days=2)), (State.WAITING, NOW), (State.CLOSED, NOW)], start=1
        ):
            incident = ids.incident_id(number)
            await store.commit(replace(commit(number), head=head(incident, 1, state=state, changed_at=changed)))

        still_open = await store.heads()
        with_recent = await store.heads(closed_since=NOW - timedelta(hours=1))

        assert [each.incident for each in still_open] == ["INC-2"]
        assert [each.incident for each in with_recent] == ["INC-2", "INC-3"]

    async def test_heads_come_newest_last_by_number_not_by_spelling(self, store: Storing) -> None:
        for number in (9, 10, 100):
            await store.commit(commit(number))

        assert [each.incident for each in await store.heads()] == ["INC-9", "INC-10", "INC-100"]

    async def test_who_acted_lately_or_still_acts_is_found_again(self, store: Storing) -> None:
        def acts(number: int, at: datetime, state: State) -> Commit:
            known = commit(number)
            started = events.StepStarted(StepId("1"), 1, Digest("d"), "because")
            row = Recorded(known.incident, 1, at, actors.BOT, started)
            return replace(known, events=(row,), head=head(known.incident, 1, state=state))

        old = NOW - timedelta(hours=25)
        await store.commit(commit(1))
        await store.commit(acts(2, old, State.CLOSED))
        await store.commit(acts(3, old, State.UNCLEAR))
        await store.commit(acts(4, NOW, State.CLOSED))

        found = await store.acted_since(NOW - timedelta(hours=24))

        assert found == [ids.incident_id(3), ids.incident_id(4)]

    async def test_the_last_number_counts_closed_incidents_too(self, store: Storing) -> None:
        assert await store.last_number() == 0

        incident = ids.incident_id(41)
        await store.commit(replace(commit(41), head=head(incident, 1, state=State.CLOSED)))

        assert await store.last_number() == 41


class InboxContract:
    async def test_received_rows_wait_oldest_first(self, store: Storing) -> None:
        first = await store.receive([delivery(name="A"), delivery(name="B")])
        second = await store.receive([delivery(name="C")])

        assert [item.delivery for item in first] == [delivery(name="A"), delivery(name="B")]
        assert await store.pending() == [*first, *second]

    async def test_nothing_received_is_nothing_stored(self, store: Storing) -> None:
        assert await store.receive([]) == []

    async def test_F02_a_key_seen_within_a_day_is_left_out(self, store: Storing) -> None:
        await store.receive([delivery("k1")])

        again = await store.receive(
            [delivery("k1", received_at=NOW + timedelta(hours=23, minutes=59)), delivery("k2"), delivery("k2")]
        )

        assert [item.delivery.key for item in again] == ["k2"]
        assert len(await store.pending()) == 2

    async def test_a_key_is_new_again_after_a_day(self, store: Storing) -> None:
        await store.receive([delivery("k1")])

        again = await store.receive([delivery("k1", received_at=NOW + timedelta(hours=24))])

        assert len(again) == 1

    async def test_a_settled_key_is_still_recognised(self, store: Storing) -> None:
        (item,) = await store.receive([delivery("k1")])
        await store.settle(Settlement(item.id, "ignored", reason="a drill"))

        assert await store.receive([delivery("k1")]) == []

    async def test_deliveries_without_a_key_are_all_kept(self, store: Storing) -> None:
        assert len(await store.receive([delivery(), delivery()])) == 2

    async def test_the_same_key_from_another_source_is_another_key(self, store: Storing) -> None:
        other = Delivery(replace(alert(), source="generic"), NOW, "k1")

        assert len(await store.receive([delivery("k1"), other])) == 2

    async def test_the_same_key_received_at_once_is_taken_once(self, store: Storing) -> None:
        answers = await asyncio.gather(*(store.receive([delivery("k1")]) for _ in range(20)))

        assert sum(len(answer) for answer in answers) == 1

    async def test_a_commit_settles_its_rows_with_its_events(self, store: Storing) -> None:
        taken, left = await store.receive([delivery(), delivery()])
        settled = Settlement(taken.id, "incident", ids.incident_id(1))

        await store.commit(commit(settles=(settled,)))

        assert await store.pending() == [left]

    async def test_a_row_is_settled_once_and_the_second_commit_stores_nothing(self, store: Storing) -> None:
        (item,) = await store.receive([delivery()])
        await store.commit(commit(1, settles=(Settlement(item.id, "incident", ids.incident_id(1)),)))

        with pytest.raises(errors.Conflict):
            await store.commit(commit(2, settles=(Settlement(item.id, "incident", ids.incident_id(2)),)))

        assert await store.history(ids.incident_id(2)) == []

    async def test_two_workers_cannot_both_settle_a_row(self, store: Storing) -> None:
        (item,) = await store.receive([delivery()])
        settlements = [Settlement(item.id, "ignored", reason=str(place)) for place in range(5)]

        answers = await asyncio.gather(*(store.settle(each) for each in settlements), return_exceptions=True)

        assert sum(answer is None for answer in answers) == 1
        assert sum(isinstance(answer, errors.Conflict) for answer in answers) == 4
        assert await store.pending() == []

    async def test_tries_are_counted_per_row_and_read_back(self, store: Storing) -> None:
        poison, healthy = await store.receive([delivery(), delivery()])

        counts = [await store.note_try(poison.id) for _ in range(3)]

        assert counts == [1, 2, 3]
        assert await store.pending() == [InboxItem(poison.id, poison.delivery, 3), healthy]

    async def test_an_unknown_row_can_neither_be_settled_nor_counted(self, store: Storing) -> None:
        with pytest.raises(errors.Conflict):
            await store.settle(Settlement(InboxId(404), "ignored", reason="no such row"))
        with pytest.raises(errors.Conflict):
            await store.note_try(InboxId(404))


class BoardContract:
    async def test_a_note_is_inserted_then_replaced_by_its_key(self, store: Storing) -> None:
        await store.note(posted())
        await store.note(posted("step-1", thread="1700000000.000100"))
        await store.note(posted(shown="d2"))

        found = await store.posted(ids.incident_id(1))

        assert sorted(found, key=lambda each: each.key) == [
            posted(shown="d2"),
            posted("step-1", thread="1700000000.000100"),
        ]

    async def test_an_incident_without_messages_has_no_notes(self, store: Storing) -> None:
        await store.note(posted())

        assert await store.posted(ids.incident_id(2)) == []

    async def test_the_latest_of_many_notes_stands(self, store: Storing) -> None:
        await asyncio.gather(*(store.note(posted(shown=f"d{place}")) for place in range(50)))

        assert await store.posted(ids.incident_id(1)) == [posted(shown="d49")]


class FreezesContract:
    async def test_a_freeze_is_read_back_until_somebody_lifts_it(self, store: Storing) -> None:
        freeze = Freeze("f1", Scope(ScopeKind.SERVICE, "shop"), "why", UserId("U0ANA"), NOW, NOW + timedelta(hours=2))
        endless = Freeze("f2", Scope(), "", UserId("U0BEN"), NOW + timedelta(seconds=1))

        await store.put_freeze(endless)
        await store.put_freeze(freeze)
        assert await store.freezes() == [freeze, endless]

        await store.put_freeze(replace(freeze, lifted_by=UserId("U0ANA"), lifted_at=NOW))
        assert await store.freezes() == [endless]


class StoreContract(JournalContract, InboxContract, BoardContract, FreezesContract):
    """Everything that the ports of the store promise."""

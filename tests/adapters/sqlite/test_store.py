"""The SQLite store keeps the ports' contract, and what only a file can do: survive, be owned, be shared by writers."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.sqlite.archive import Archive
from bot.adapters.sqlite.store import Store
from bot.adapters.system_clock import SystemClock
from bot.core import errors, ids
from bot.ports import Settlement
from tests.contracts import journal


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "pageturner.db", SystemClock())
    yield opened
    await opened.close()


class TestStore(journal.StoreContract):
    """The contract on a real file."""


async def test_everything_is_there_after_closing_and_opening(tmp_path: Path) -> None:
    path = tmp_path / "pageturner.db"
    first = await Store.open(path, SystemClock())
    (item, left) = await first.receive([journal.delivery("k1"), journal.delivery("k2")])
    await first.commit(journal.commit(count=2, settles=(Settlement(item.id, "incident", ids.incident_id(1)),)))
    await first.note(journal.posted())
    await first.close()

    second = await Store.open(path, SystemClock())
    try:
        assert await second.history(ids.incident_id(1)) == list(journal.commit(count=2).events)
        assert await second.pending() == [left]
        assert await second.posted(ids.incident_id(1)) == [journal.posted()]
        assert await second.receive([journal.delivery("k1")]) == []
        with pytest.raises(errors.Conflict):
            await second.commit(journal.commit())
    finally:
        await second.close()


async def test_every_commit_is_synced_and_foreign_keys_hold(store: Store) -> None:
    connection = store.writer._connection

    assert list(await connection.execute_fetchall("PRAGMA synchronous")) == [(2,)]
    assert list(await connection.execute_fetchall("PRAGMA journal_mode")) == [("wal",)]
    assert list(await connection.execute_fetchall("PRAGMA foreign_keys")) == [(1,)]


async def test_the_reading_connection_cannot_write(store: Store) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await store._reading.execute_fetchall("DELETE FROM events")


async def test_a_row_that_breaks_the_files_rules_fails_alone(store: Store) -> None:
    items = await store.receive([journal.delivery(), journal.delivery(), journal.delivery()])
    orphan = Settlement(items[1].id, "joined", ids.incident_id(99))  # no such incident: a foreign key says no

    answers = await asyncio.gather(
        store.settle(Settlement(items[0].id, "ignored", reason="a drill")),
        store.settle(orphan),
        store.commit(journal.commit()),
        return_exceptions=True,
    )

    assert [type(answer) for answer in answers] == [type(None), errors.Permanent, type(None)]
    assert await store.pending() == [items[1], items[2]]
    assert len(await store.history(ids.incident_id(1))) == 1


async def test_commits_of_one_incident_may_follow_each_other_in_a_group(store: Store) -> None:
    await asyncio.gather(*(store.commit(journal.commit(after=place)) for place in range(20)))

    assert len(await store.history(ids.incident_id(1))) == 20


async def test_F22_a_cancelled_caller_does_not_cancel_its_write(store: Store) -> None:
    waiting = [asyncio.create_task(store.receive([journal.delivery(str(place))])) for place in range(10)]
    await asyncio.sleep(0)  # each has submitted and waits

    for task in waiting[::2]:
        task.cancel()
    answers = await asyncio.gather(*waiting, return_exceptions=True)

    assert sum(isinstance(answer, asyncio.CancelledError) for answer in answers) == 5
    assert len(await store.pending()) == 10
    assert len(await store.receive([journal.delivery("later")])) == 1


async def test_closing_stores_what_was_submitted_and_refuses_what_comes_after(tmp_path: Path) -> None:
    path = tmp_path / "pageturner.db"
    store = await Store.open(path, SystemClock())
    waiting = [asyncio.create_task(store.receive([journal.delivery(str(place))])) for place in range(100)]
    await asyncio.sleep(0)

    await store.close()

    assert all(len(items) == 1 for items in await asyncio.gather(*waiting))
    with pytest.raises(errors.Transient, match="closed"):
        await store.receive([journal.delivery("late")])
    with pytest.raises(errors.Transient, match="closed"):
        await store.pending()
    async with await Archive.read_only(path) as archive:
        assert len(await archive.pending()) == 100


async def test_F14_a_fenced_owner_may_not_write_any_more(store: Store) -> None:
    with sqlite3.connect(store._path) as usurper:
        usurper.execute("UPDATE meta SET value = value + 1 WHERE name = 'epoch'")
    usurper.close()

    with pytest.raises(errors.Permanent, match="another process took"):
        await store.commit(journal.commit())

    assert await store.history(ids.incident_id(1)) == []


async def test_F19_a_file_replaced_under_the_store_is_noticed_before_the_next_write(store: Store) -> None:
    store._path.rename(store._path.with_suffix(".old"))

    with pytest.raises(errors.Permanent, match="removed or replaced"):
        await store.receive([journal.delivery()])


async def test_F21_a_foreign_lock_is_transient_and_heals(store: Store) -> None:
    intruder = sqlite3.connect(store._path, isolation_level=None)
    intruder.execute("BEGIN IMMEDIATE")

    with pytest.raises(errors.Transient, match="another program has locked it"):
        await store.receive([journal.delivery()])

    intruder.execute("ROLLBACK")
    intruder.close()
    assert len(await store.receive([journal.delivery()])) == 1


async def test_an_unreadable_event_is_named_not_skipped(store: Store) -> None:
    await store.commit(journal.commit(count=2))
    with sqlite3.connect(store._path) as vandal:
        vandal.execute("UPDATE events SET kind = 'FromTheFuture' WHERE sequence = 2")
    vandal.close()

    with pytest.raises(errors.Permanent, match=r"event 2 of INC-1 \(FromTheFuture\)"):
        await store.history(ids.incident_id(1))


async def test_text_that_no_file_can_hold_is_refused_before_it_is_queued(store: Store) -> None:
    import dataclasses

    broken = dataclasses.replace(journal.delivery(), alert=dataclasses.replace(journal.alert(), text="\ud800"))

    with pytest.raises(errors.Permanent, match="cannot be stored"):
        await store.receive([broken])


async def test_incidents_are_listed_by_when_they_were_opened(store: Store) -> None:
    for number in (1, 2, 3):
        await store.commit(journal.commit(number))

    at = journal.commit().events[0].at
    assert [head.incident for head in await store.incidents_between(at, at + timedelta(seconds=1))] == [
        "INC-1",
        "INC-2",
        "INC-3",
    ]
    assert await store.incidents_between(at - timedelta(seconds=1), at) == []
    assert [head.incident for head in await store.recent(2)] == ["INC-2", "INC-3"]


async def test_the_command_line_reads_while_the_bot_runs(store: Store) -> None:
    await store.commit(journal.commit())

    async with await Archive.read_only(store._path) as archive:
        assert len(await archive.history(ids.incident_id(1))) == 1
        await store.commit(journal.commit(after=1))
        assert len(await archive.history(ids.incident_id(1))) == 2

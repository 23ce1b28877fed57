"""The store: ports.Journal, ports.Inbox, ports.Board and ports.Freezes on one SQLite file, owned by one process.

Reads and writes have their own connections; what a write may do is decided in `writes`, when it is stored in `writer`.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path

import aiosqlite

from bot.adapters.sqlite import connections, links, migrations, ownership, rows, writes
from bot.adapters.sqlite.archive import Archive
from bot.adapters.sqlite.queries import sql
from bot.adapters.sqlite.writer import Writer
from bot.core import errors
from bot.core.chaining import End, Key
from bot.core.freezes import Freeze
from bot.core.ids import InboxId
from bot.ports import Clock, Commit, Delivery, InboxItem, Posted, Settlement

_QUICK_CHECK_PAGES = 16_384  # 64 MiB: checking more than this at start would take over a second


CHAINED_FROM = 3
"""The schema that brought the chain."""


class Store(Archive):
    """Open with `Store.open`, close with `close`, which first stores all that was submitted.

    `writer.task` ends only by closing or by a defect: whoever starts the process should watch it.
    """

    def __init__(self, reading: aiosqlite.Connection, path: Path, *, writer: Writer, clock: Clock) -> None:
        super().__init__(reading, path)
        self.writer = writer
        self._clock = clock
        self._closing = AsyncExitStack()
        self.is_rechained = False
        """The file had no chain although it is of a version that has one: somebody took it away, or a crash did."""
        self.backup_at: datetime | None = None
        """When this file was copied from another one; None once what stood open has been handed to people."""

    @classmethod
    async def open(cls, path: Path, clock: Clock, key: Key | None = None) -> "Store":
        """Create or migrate the file and take it over. `key` signs the chain from here on.

        Raises Permanent when another process owns it, it is damaged or from a newer program; Transient when the disk
        cannot be written now.
        """
        async with AsyncExitStack() as stack:
            owner = ownership.claim(path)
            place = owner.path
            stack.callback(owner.release)
            try:
                writing = await connections.open_writer(place)
                stack.push_async_callback(writing.close)
                await _check_health(writing, place)
                before = await migrations.version(writing)
                await migrations.migrate(writing, place)
                chain, is_made = await links.begin(writing, key)
                epoch = await _take_over(writing, owner.name)
                writer = Writer(writing, path=place, epoch=epoch, links=chain)
                stack.push_async_callback(writer.close)
                reading = await connections.open_reader(place)
            except sqlite3.Error as problem:
                raise connections.translate(problem, path=place, verb="opened") from problem
            stack.push_async_callback(reading.close)
            store = cls(reading, place, writer=writer, clock=clock)
            store.is_rechained = is_made and before >= CHAINED_FROM
            store.backup_at = await _backup_at(reading)
            store._closing = stack.pop_all()
            return store

    async def close(self) -> None:
        """Idempotent. In reverse: the reader, then the writer with all it still holds, then the lock."""
        await self._closing.aclose()

    @property
    def end(self) -> End:
        """The last entry of the chain that is durable."""
        return self.writer.end

    def warnings(self) -> list[str]:
        """What the operator should know about this installation's SQLite, as sentences."""
        return connections.warnings()

    async def commit(self, commit: Commit) -> None:
        writes.check_shape(commit)
        events = tuple(rows.event_row(event) for event in commit.events)
        await self.writer.submit(writes.AddCommit(commit, events, self._clock.now()))

    async def receive(self, deliveries: Sequence[Delivery]) -> list[InboxItem]:
        if not deliveries:
            return []
        alerts = tuple(writes.written_alert(delivery.alert) for delivery in deliveries)
        return await self.writer.submit(writes.AddDeliveries(tuple(deliveries), alerts))

    async def settle(self, settlement: Settlement) -> None:
        await self.writer.submit(writes.SettleItem(settlement, self._clock.now()))

    async def note_try(self, item: InboxId) -> int:
        return await self.writer.submit(writes.CountTry(item))

    async def forget_backup(self) -> None:
        """What the copy left open is with people now: from here on it is a database like any other."""
        await self.writer.submit(writes.ForgetBackup())
        self.backup_at = None

    async def put_freeze(self, freeze: Freeze) -> None:
        await self.writer.submit(writes.PutFreeze(freeze))

    async def note(self, posted: Posted) -> None:
        await self.writer.submit(writes.PutPosted(posted))


async def _backup_at(connection: aiosqlite.Connection) -> datetime | None:
    found = list(await connection.execute_fetchall(sql("backup_mark")))
    return rows.moment(found[0][0]) if found else None


async def _check_health(connection: aiosqlite.Connection, path: Path) -> None:
    """Raise Permanent for a damaged file. Large files are not read through: damage there shows when it is met."""
    ((pages,),) = await connection.execute_fetchall("PRAGMA page_count")
    if pages > _QUICK_CHECK_PAGES:
        return
    found = [row[0] for row in await connection.execute_fetchall("PRAGMA quick_check(1)")]
    if found != ["ok"]:
        raise errors.Permanent(f"{path} is damaged: restore a backup ({found[0]})")


async def _take_over(connection: aiosqlite.Connection, owner: str) -> int:
    """A new epoch: from here on, every transaction of an earlier owner fails its fence."""
    await connection.execute_fetchall("BEGIN IMMEDIATE")
    ((epoch,),) = await connection.execute_fetchall(sql("take_over"))
    await connection.execute_fetchall(sql("name_owner"), [owner])
    await connection.execute_fetchall("COMMIT")
    return int(epoch)

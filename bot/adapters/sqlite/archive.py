"""The reading half of the store, on a read-only connection: it can neither change nor checkpoint the file.

The command line reads through this while the bot runs; it takes no lock and never migrates.
"""

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Self

import aiosqlite

from bot.adapters.sqlite import connections, links, migrations, rows
from bot.adapters.sqlite.queries import sql
from bot.core import errors
from bot.core.chaining import Entry
from bot.core.events import Recorded
from bot.core.evidence import InboxRow, IndexRow, StoredEvent
from bot.core.freezes import Freeze
from bot.core.ids import IncidentId
from bot.ports import Head, InboxItem, Posted


class Archive:
    """Every read is one consistent snapshot of what was committed before it began."""

    def __init__(self, reading: aiosqlite.Connection, path: Path) -> None:
        self._reading = reading
        self._path = path

    @classmethod
    async def read_only(cls, path: Path) -> "Archive":
        """Raise Permanent when there is no such database, or it has another schema than this program's."""
        try:
            connection = await connections.open_reader(path)
        except sqlite3.Error as problem:
            raise errors.Permanent(f"{path} cannot be opened: {problem}") from problem
        archive = Archive(connection, path)
        try:
            migrations.refuse_other(int((await archive._rows_of("PRAGMA user_version"))[0][0]), path)
        except BaseException:
            await archive.close()
            raise
        return archive

    async def close(self) -> None:
        await self._reading.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def history(self, incident: IncidentId) -> list[Recorded]:
        return [rows.recorded_from(row) for row in await self._rows("history", incident)]

    async def heads(self, *, closed_since: datetime | None = None) -> list[Head]:
        if closed_since is None:
            found = await self._rows("open_heads")
        else:
            found = await self._rows("open_and_recently_closed_heads", rows.micros(closed_since))
        return [rows.head_from(row) for row in found]

    async def incidents_between(self, start: datetime, end: datetime) -> list[Head]:
        """Incidents opened from `start` on and before `end`, newest last."""
        found = await self._rows("heads_between", rows.micros(start), rows.micros(end))
        return [rows.head_from(row) for row in found]

    async def recent(self, limit: int) -> list[Head]:
        """The last `limit` incidents, newest last."""
        return [rows.head_from(row) for row in reversed(await self._rows("recent_heads", limit))]

    async def acted_since(self, moment: datetime) -> list[IncidentId]:
        return [IncidentId(row[0]) for row in await self._rows("acted_since", rows.micros(moment))]

    async def last_number(self) -> int:
        return int((await self._rows("last_number"))[0][0])

    async def pending(self) -> list[InboxItem]:
        return [rows.item_from(row) for row in await self._rows("pending")]

    async def posted(self, incident: IncidentId) -> list[Posted]:
        return [rows.posted_from(row) for row in await self._rows("posted", incident)]

    async def freezes(self) -> list[Freeze]:
        return [rows.freeze_from(row) for row in await self._rows("freezes")]

    # --- for audits and exports: rows as they stand -------------------------------------------------------------------

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[None]:
        """All reads within are of one moment, however much is committed meanwhile. On a read-only archive only."""
        await self._rows_of("BEGIN")
        try:
            yield
        finally:
            await self._rows_of("ROLLBACK")

    async def index_rows(self, *, opened_since: datetime | None = None) -> list[IndexRow]:
        """The look-up table, oldest incident first."""
        if opened_since is None:
            found = await self._rows("index_rows")
        else:
            found = await self._rows("index_rows_since", rows.micros(opened_since))
        return [rows.index_from(row) for row in found]

    async def index_row(self, incident: str) -> IndexRow | None:
        return next((rows.index_from(row) for row in await self._rows("index_row", incident)), None)

    async def stored(self, incident: str) -> list[StoredEvent]:
        """All events in order, unread; empty for an unknown incident."""
        return [rows.stored_from(row) for row in await self._rows("history", incident)]

    async def strays(self) -> list[str]:
        """Incidents that have events but no row in the look-up table."""
        return [row[0] for row in await self._rows("strays")]

    async def joined_counts(self) -> dict[str, int]:
        """How many alerts the inbox says each incident got."""
        return {row[0]: row[1] for row in await self._rows("joined_counts")}

    async def chain_after(self, number: int, limit: int) -> list[Entry]:
        """The next entries of the chain with what they cover."""
        return [links.entry_from(row) for row in await self._rows("chain_after", number, limit)]

    async def chain_value(self, number: int) -> str | None:
        return next((str(row[0]) for row in await self._rows("chain_value", number)), None)

    async def chain_length(self) -> int:
        return next((int(row[0]) for row in await self._rows("chain_head")), 0)

    async def outside_the_chain(self) -> list[tuple[str, int]]:
        """The first events that the chain does not know, by incident and sequence."""
        return [(str(row[0]), int(row[1])) for row in await self._rows("events_outside_the_chain")]

    async def changed_freezes(self) -> list[str]:
        """Freezes whose row is not what the chain last said of them."""
        said = {str(row[0]): row[1] for row in await self._rows("last_freeze_entries")}
        stand = {str(row[0]): json.dumps(tuple(row)) for row in await self._rows("all_freezes")}
        return sorted(name for name in {*said, *stand} if said.get(name) != stand.get(name))

    async def has_freeze(self, number: str) -> bool:
        return bool((await self._rows("has_freeze", number))[0][0])

    async def inbox_doubts(self) -> list[InboxRow]:
        """Rows that were not routed, or whose outcome says nothing."""
        return [rows.inbox_from(row) for row in await self._rows("inbox_doubts")]

    async def _rows(self, name: str, *parameters: str | int) -> list[rows.Fetched]:
        return await self._rows_of(sql(name), *parameters)

    async def _rows_of(self, statement: str, *parameters: str | int) -> list[rows.Fetched]:
        try:
            return list(await self._reading.execute_fetchall(statement, parameters))
        except sqlite3.Error as problem:
            raise connections.translate(problem, path=self._path, verb="read") from problem
        except ValueError as problem:  # aiosqlite's answer for a closed connection
            raise errors.Transient("the store is closed") from problem

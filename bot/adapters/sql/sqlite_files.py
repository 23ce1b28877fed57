"""SQLite files over aiosqlite: reads on a connection that cannot write, changes with a short wait for the lock."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, unquote, urlsplit

import aiosqlite

from bot.adapters.sql.sessions import LOCK_SECONDS, Ending, Table, Trouble, Values
from bot.core.commands import statements

T = TypeVar("T")


class SqliteSession:
    """Implements `sessions.Session`."""

    def __init__(self, connection: aiosqlite.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @classmethod
    async def open(cls, url: str, *, is_read: bool) -> "SqliteSession":
        path = Path("/" + unquote(urlsplit(url).path).lstrip("/"))  # some write four slashes for an absolute path
        address = f"file:{quote(str(path))}?mode={'ro' if is_read else 'rw'}"
        try:
            # Tried once before: the thread of an aiosqlite connection that failed outlives it and trips over a closed
            # loop.
            await asyncio.to_thread(lambda: sqlite3.connect(address, uri=True).close())
            connection = await aiosqlite.connect(address, uri=True, isolation_level=None, timeout=LOCK_SECONDS)
        except sqlite3.Error as error:
            raise Trouble(Ending.NOT_SENT, f"{path.name}: {error}") from None
        session = cls(connection, path)
        try:
            if is_read:
                await session._run("PRAGMA query_only = ON")
            await session._run("BEGIN" if is_read else "BEGIN IMMEDIATE")
        except Trouble as trouble:
            await session.close()
            raise Trouble(Ending.NOT_SENT, trouble.message) from None
        return session

    async def identity(self) -> str:
        return f"the bot's own account in {self._path.name} (SQLite {sqlite3.sqlite_version})"

    async def rows(self, statement: str, values: Values, *, most: int) -> Table:
        text, arguments = _bound_text(statement, values)

        async def fetch() -> Table:
            async with self._connection.execute(text, arguments) as cursor:
                found = list(await cursor.fetchmany(most + 1))
                columns = tuple(str(each[0]) for each in cursor.description or ())
                return Table(columns, found[:most], is_cut=len(found) > most)

        return await _asked(fetch)

    async def change(self, statement: str, values: Values) -> int:
        text, arguments = _bound_text(statement, values)

        async def run() -> int:
            async with self._connection.execute(text, arguments) as cursor:
                return max(0, cursor.rowcount)

        return await _asked(run)

    async def unsafe_to_rehearse(self, table: str) -> str:  # noqa: ARG002 every table is transactional
        return ""

    async def count(self, table: str) -> int:  # noqa: ARG002 nothing keeps an estimate, and counting reads it all
        return 0

    async def commit(self) -> None:
        await self._run("COMMIT")

    async def close(self) -> None:
        """Closing rolls back what was not committed."""
        await self._connection.interrupt()
        await self._connection.close()

    async def _run(self, text: str) -> None:
        await _asked(lambda: self._connection.execute(text))


def _bound_text(statement: str, values: Values) -> tuple[str, tuple[object, ...]]:
    text, names = statements.numbered(statement, "?{}")
    return text, tuple(values[name] for name in names)


async def _asked(ask: Callable[[], Awaitable[T]]) -> T:
    try:
        return await ask()
    except sqlite3.Error as error:
        raise Trouble(Ending.ANSWERED, str(error)) from error
    except ValueError as error:  # the connection was closed meanwhile
        raise Trouble(Ending.LOST, str(error)) from error

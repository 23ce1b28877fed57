"""MySQL and MariaDB over aiomysql: values escaped by the driver for the session's own mode, reads unbuffered."""

import ssl
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import aiomysql
import pymysql

from bot.adapters.sql.sessions import LOCK_SECONDS, Ending, Table, Trouble, Values
from bot.core.commands import statements

T = TypeVar("T")

_CONNECT_SECONDS = 5
_PORT = 3306
_TRANSACTIONAL = frozenset(["innodb", "ndbcluster", "rocksdb", "tokudb"])
_LOST = frozenset([2006, 2013, 2055, 1053, 1927, 1317])
"""Error numbers that say that the connection or the server went away, or that the statement was interrupted."""


class _Quiet:
    """The server's remarks would become Python warnings, which nobody here reads; errors are errors all the same."""

    async def _show_warnings(self, conn: Any) -> None:
        pass


class _Cursor(_Quiet, aiomysql.Cursor):  # type: ignore[misc] # aiomysql has no types
    pass


class _Streaming(_Quiet, aiomysql.SSCursor):  # type: ignore[misc] # as above
    """Rows come as they are fetched: a wide read is not held in memory."""


class MysqlSession:
    """Implements `sessions.Session`."""

    def __init__(self, connection: Any, place: str) -> None:  # Any: aiomysql has no types
        self._connection = connection
        self._place = place

    @classmethod
    async def open(cls, url: str, *, is_read: bool, seconds: float) -> "MysqlSession":
        parts = urlsplit(url)
        asked = parse_qs(parts.query)
        database = unquote(parts.path.lstrip("/"))
        try:
            connection = await aiomysql.connect(
                host=parts.hostname or "localhost",
                port=parts.port or _PORT,
                user=unquote(parts.username or ""),
                password=unquote(parts.password or ""),
                db=database,
                unix_socket=asked.get("socket", [None])[0],
                charset="utf8mb4",
                connect_timeout=min(_CONNECT_SECONDS, max(1, int(seconds))),
                ssl=_tls(asked),
                local_infile=False,
                program_name="pageturner",
                autocommit=False,
            )
        except (OSError, TimeoutError, pymysql.MySQLError, ValueError) as error:
            raise Trouble(Ending.NOT_SENT, _said(error)) from None  # the cause may hold the URL
        session = cls(connection, database)
        try:
            await session._bound(seconds)
            await session._run("START TRANSACTION READ ONLY" if is_read else "START TRANSACTION")
        except Trouble:
            connection.close()
            raise
        return session

    async def _bound(self, seconds: float) -> None:
        """Limits that the server itself keeps; the two families name the first one differently."""
        await self._run(f"SET SESSION innodb_lock_wait_timeout = {max(1, int(LOCK_SECONDS))}")
        server = str(self._connection.get_server_info())
        if "mariadb" in server.lower():
            await self._run(f"SET SESSION max_statement_time = {seconds:.3f}")
        else:
            await self._run(f"SET SESSION max_execution_time = {int(seconds * 1000)}")

    async def identity(self) -> str:
        table = await self.rows("select current_user()", {}, most=1)
        return f"{table.rows[0][0]} in {self._place} ({self._connection.get_server_info()})"

    async def rows(self, statement: str, values: Values, *, most: int) -> Table:
        text, arguments = _bound_text(statement, values)

        async def fetch() -> Table:
            cursor = await self._connection.cursor(_Streaming)
            await cursor.execute(text, arguments)
            found = list(await cursor.fetchmany(most + 1))
            columns = tuple(str(each[0]) for each in cursor.description or ())
            is_cut = len(found) > most
            if not is_cut:
                await cursor.close()  # of a cut read it would fetch all the rest first; the connection ends that
            return Table(columns, found[:most], is_cut=is_cut)

        return await _asked(fetch)

    async def change(self, statement: str, values: Values) -> int:
        text, arguments = _bound_text(statement, values)

        async def run() -> int:
            async with self._connection.cursor(_Cursor) as cursor:
                await cursor.execute(text, arguments)
                return max(0, int(cursor.rowcount))

        return await _asked(run)

    async def unsafe_to_rehearse(self, table: str) -> str:
        schema, _, name = table.replace("`", "").rpartition(".")
        asked = "select engine from information_schema.tables where table_schema = :place and table_name = :name"
        found = await self.rows(asked, {"place": schema or self._place, "name": name}, most=1)
        engine = str(found.rows[0][0] if found.rows else "innodb")
        return "" if engine.lower() in _TRANSACTIONAL else f"{table} is kept by {engine}, which rolls nothing back"

    async def count(self, table: str) -> int:
        schema, _, name = table.replace("`", "").rpartition(".")
        asked = "select table_rows from information_schema.tables where table_schema = :place and table_name = :name"
        found = await self.rows(asked, {"place": schema or self._place, "name": name}, most=1)
        return int(str(found.rows[0][0] or 0)) if found.rows else 0

    async def commit(self) -> None:
        await _asked(self._connection.commit)

    async def close(self) -> None:
        """The server rolls back what was not committed when the connection ends."""
        self._connection.close()

    async def _run(self, text: str) -> None:
        async def run() -> None:
            async with self._connection.cursor(_Cursor) as cursor:
                await cursor.execute(text)

        await _asked(run)


def _tls(asked: dict[str, list[str]]) -> ssl.SSLContext | None:
    """`?tls=true` with the system's certificates, or `?ca=/path`; names are always checked."""
    ca = asked.get("ca", [""])[0]
    return ssl.create_default_context(cafile=ca or None) if ca or asked.get("tls", [""])[0] == "true" else None


def _bound_text(statement: str, values: Values) -> tuple[str, tuple[object, ...] | None]:
    text, names = statements.numbered(statement, "%s")
    return (text, tuple(values[name] for name in names)) if names else (text.replace("%%", "%"), None)


async def _asked(ask: Callable[[], Awaitable[T]]) -> T:
    try:
        return await ask()
    except pymysql.MySQLError as error:
        number = error.args[0] if error.args else 0
        raise Trouble(Ending.LOST if number in _LOST else Ending.ANSWERED, _said(error)) from error
    except (OSError, TimeoutError, EOFError, RuntimeError) as error:
        raise Trouble(Ending.LOST, _said(error)) from error


def _said(error: BaseException) -> str:
    return str(error.args[1]) if len(error.args) > 1 else str(error) or type(error).__name__

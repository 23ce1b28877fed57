"""PostgreSQL over asyncpg: bound by number, read in a read-only transaction, bounded by the server itself."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import asyncpg

from bot.adapters.sql.sessions import LOCK_SECONDS, Ending, Table, Trouble, Values
from bot.core.commands import statements
from bot.core.operations import Json

T = TypeVar("T")

_CONNECT_SECONDS = 5.0


class PostgresSession:
    """Implements `sessions.Session`."""

    def __init__(self, connection: Any) -> None:  # Any: asyncpg has no types
        self._connection = connection
        self._transaction: Any = None

    @classmethod
    async def open(cls, url: str, *, is_read: bool, seconds: float) -> "PostgresSession":
        server = {
            "application_name": "pageturner",
            "statement_timeout": str(int(seconds * 1000)),
            "lock_timeout": str(int(LOCK_SECONDS * 1000)),
            "idle_in_transaction_session_timeout": str(int(seconds * 1000) + 5_000),
            "default_transaction_read_only": "on" if is_read else "off",
        }
        try:
            connection = await asyncpg.connect(
                url, timeout=min(_CONNECT_SECONDS, seconds), statement_cache_size=0, server_settings=server
            )
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            raise Trouble(Ending.NOT_SENT, _said(error)) from None  # the cause may hold the URL
        session = cls(connection)
        session._transaction = connection.transaction(readonly=is_read)
        try:
            await _asked(session._transaction.start)
        except Trouble:
            await session.close()
            raise
        return session

    async def identity(self) -> str:
        row = await _asked(
            lambda: self._connection.fetchrow("select current_user::text, current_database()::text, version()")
        )
        return f"{row[0]} in {row[1]} (PostgreSQL {str(row[2]).split()[1]})"

    async def rows(self, statement: str, values: Values, *, most: int) -> Table:
        prepared, arguments = await self._prepared(statement, values)

        async def fetch() -> list[Any]:
            cursor = await prepared.cursor(*arguments)
            return list(await cursor.fetch(most + 1))

        found = await _asked(fetch)
        columns = tuple(each.name for each in prepared.get_attributes())
        return Table(columns, [tuple(row) for row in found[:most]], is_cut=len(found) > most)

    async def change(self, statement: str, values: Values) -> int:
        prepared, arguments = await self._prepared(statement, values)
        await _asked(lambda: prepared.fetch(*arguments))
        last = str(prepared.get_statusmsg()).split()[-1:]  # `UPDATE 5`
        return int(last[0]) if last and last[0].isdigit() else 0

    async def _prepared(self, statement: str, values: Values) -> tuple[Any, list[object]]:
        text, names = statements.numbered(statement, "${}")
        prepared = await _asked(lambda: self._connection.prepare(text))
        kinds = [each.name for each in prepared.get_parameters()]
        return prepared, [_typed(name, values[name], kind) for name, kind in zip(names, kinds, strict=True)]

    async def unsafe_to_rehearse(self, table: str) -> str:  # noqa: ARG002 every table is transactional
        return ""

    async def count(self, table: str) -> int:
        estimate = "select greatest(reltuples, 0)::bigint from pg_class where oid = to_regclass($1)"
        return int(await _asked(lambda: self._connection.fetchval(estimate, table)) or 0)

    async def commit(self) -> None:
        await _asked(self._transaction.commit)
        self._transaction = None

    async def close(self) -> None:
        """The server rolls back what was not committed when the connection ends."""
        try:
            await self._connection.close(timeout=2.0)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self._connection.terminate()


async def _asked(ask: Callable[[], Awaitable[T]]) -> T:
    try:
        return await ask()
    except asyncpg.PostgresConnectionError as error:
        raise Trouble(Ending.LOST, _said(error)) from error
    except (asyncpg.exceptions.AdminShutdownError, asyncpg.exceptions.CrashShutdownError) as error:
        raise Trouble(Ending.LOST, _said(error)) from error
    except (asyncpg.PostgresError, asyncpg.exceptions.DataError, ValueError) as error:
        raise Trouble(Ending.ANSWERED, _said(error)) from error
    except (OSError, TimeoutError, asyncpg.InterfaceError, asyncio.IncompleteReadError) as error:
        raise Trouble(Ending.LOST, _said(error)) from error


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _whole(value: str) -> int:
    return int(value, 10)


_FROM_TEXT: Mapping[str, Callable[[str], object]] = {
    **dict.fromkeys(("int2", "int4", "int8", "oid"), _whole),
    **dict.fromkeys(("float4", "float8"), float),
    "numeric": Decimal,
    "bool": lambda value: {"true": True, "false": False}[value.lower()],
    "uuid": UUID,
    **dict.fromkeys(("timestamp", "timestamptz"), datetime.fromisoformat),
    "date": date.fromisoformat,
    "time": time.fromisoformat,
}


def _typed(name: str, value: Json, kind: str) -> object:
    """The value as the server's type for this parameter wants it. Raise Trouble when it cannot be one."""
    if value is None:
        return None
    if isinstance(value, str):
        return _from_text(name, value, kind)
    if kind in ("text", "varchar", "bpchar", "name"):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if kind in ("json", "jsonb"):
        return json.dumps(value)
    return Decimal(str(value)) if kind == "numeric" else value


def _from_text(name: str, value: str, kind: str) -> object:
    try:
        return _FROM_TEXT.get(kind, str)(value)
    except (ValueError, KeyError, ArithmeticError):
        raise Trouble(Ending.ANSWERED, f"the value of :{name} is no {kind}") from None

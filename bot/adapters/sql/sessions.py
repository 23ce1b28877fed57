"""What the executor needs of a database, in one form for all drivers, and how a call to one can end.

Drivers are imported when the first session is opened: most installations use one of them, or none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from urllib.parse import urlsplit

from bot.core.errors import Invalid
from bot.core.operations import Json

LOCK_SECONDS = 3.0
"""How long a rehearsal or a change waits for a lock: production must never queue behind a dry run."""


class Ending(StrEnum):
    NOT_SENT = "not sent"  # no connection: nothing was asked
    ANSWERED = "answered"  # the database said no
    LOST = "lost"  # the connection broke, or no answer came in time


class Trouble(Exception):
    """A call that did not go well. `message` is the database's own words, or what happened."""

    def __init__(self, ending: Ending, message: str) -> None:
        self.ending = ending
        self.message = " ".join(message.split())[:400]
        super().__init__(self.message)


@dataclass(frozen=True, slots=True)
class Table:
    """`is_cut`: there were more rows than were asked for."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[object]]
    is_cut: bool = False


Values = Mapping[str, Json]


class Session(Protocol):
    """One connection, in a transaction from the start. Every method raises Trouble and nothing else."""

    async def identity(self) -> str:
        """Who we are and where, without a password."""
        ...

    async def rows(self, statement: str, values: Values, *, most: int) -> Table: ...

    async def change(self, statement: str, values: Values) -> int:
        """How many rows were touched; not committed."""
        ...

    async def unsafe_to_rehearse(self, table: str) -> str:
        """Why a change of this table could not be rolled back; empty when it can."""
        ...

    async def count(self, table: str) -> int:
        """About how many rows it has; 0 when nobody knows."""
        ...

    async def commit(self) -> None: ...

    async def close(self) -> None:
        """Roll back what was not committed."""
        ...


async def open_session(url: str, *, is_read: bool, seconds: float) -> Session:
    """Raise Trouble when it cannot be opened, Invalid for a URL that is not understood (never showing it)."""
    scheme = urlsplit(url).scheme.partition("+")[0]
    if scheme in ("postgresql", "postgres"):
        from bot.adapters.sql.postgres import PostgresSession

        return await PostgresSession.open(url, is_read=is_read, seconds=seconds)
    if scheme in ("mysql", "mariadb"):
        from bot.adapters.sql.mysql import MysqlSession

        return await MysqlSession.open(url, is_read=is_read, seconds=seconds)
    if scheme == "sqlite":
        from bot.adapters.sql.sqlite_files import SqliteSession

        return await SqliteSession.open(url, is_read=is_read)
    remedy = "write postgresql://user:password@host/database, mysql://... or sqlite:///path"
    raise Invalid("the connection's URL is not understood", remedy=remedy)

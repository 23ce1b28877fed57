"""How the file is opened, and what its errors mean: the one place that knows SQLite's settings and codes.

The writer is the only connection that may change anything or checkpoint; readers are opened read-only.
"""

import asyncio
import sqlite3
from pathlib import Path
from urllib.parse import quote

import aiosqlite

from bot.core import errors

BUSY_SECONDS = 2.0  # only a foreign tool can hold the lock; a webhook sender's patience is about 10 s
_WAL_KEEP_BYTES = 64 * 1024 * 1024  # give space back after a burst

# Result codes (https://www.sqlite.org/rescode.html) that more space, a remount or patience can cure.
_CURABLE = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_BUSY: "another program has locked it",
    sqlite3.SQLITE_LOCKED: "another program has locked it",
    sqlite3.SQLITE_CANTOPEN: "a file beside it cannot be opened",
    sqlite3.SQLITE_NOMEM: "memory is short",
}
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


async def open_writer(path: Path) -> aiosqlite.Connection:
    """FULL: a commit is on the disk when it returns. Autocommit, because the writer says BEGIN and COMMIT itself."""
    connection = await _connect(str(path), is_uri=False)
    try:
        await connection.execute_fetchall("PRAGMA journal_mode = WAL")
        await connection.execute_fetchall("PRAGMA synchronous = FULL")
        await connection.execute_fetchall("PRAGMA foreign_keys = ON")
        await connection.execute_fetchall(f"PRAGMA journal_size_limit = {_WAL_KEEP_BYTES}")
    except BaseException:
        await connection.close()
        raise
    return connection


async def open_reader(path: Path) -> aiosqlite.Connection:
    address = f"file:{quote(str(path))}?mode=ro"
    return await _connect(address, is_uri=True)


async def _connect(address: str, *, is_uri: bool) -> aiosqlite.Connection:
    """Tried once before: the thread of an aiosqlite connection that failed outlives it and trips over a closed loop."""

    def attempt() -> None:
        sqlite3.connect(address, uri=is_uri, timeout=BUSY_SECONDS).close()

    await asyncio.to_thread(attempt)
    return await aiosqlite.connect(address, uri=is_uri, isolation_level=None, timeout=BUSY_SECONDS)


def translate(problem: sqlite3.Error, *, path: Path, verb: str = "written") -> errors.PageturnerError:
    """Transient where the same call may work later, Permanent where a person must look at the file."""
    code: int = getattr(problem, "sqlite_errorcode", 0) & 0xFF  # extended codes keep the primary one in the low byte
    if code in _CURABLE:
        return errors.Transient(f"the store cannot be {verb}: {_CURABLE[code]} ({path}; {problem})")
    if code in _DAMAGED:
        return errors.Permanent(f"{path} is damaged or no database: restore a backup ({problem})")
    return errors.Permanent(f"the store cannot be {verb}: {problem} ({path})")


def warnings(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> list[str]:
    """Sentences for the operator about the linked SQLite (https://www.sqlite.org/wal.html#walresetbug)."""
    fixed = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    if fixed:
        return []
    linked = ".".join(str(part) for part in version)
    return [
        f"SQLite {linked} has the WAL-reset bug, which can damage a file that two connections write at once. "
        "This program writes through one only, so do not let another tool write the database while it runs; "
        "upgrade to SQLite 3.51.3, 3.50.7 or 3.44.6."
    ]

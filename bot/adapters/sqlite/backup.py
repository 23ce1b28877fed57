"""A copy of the database while the bot goes on writing it, which knows that it is a copy.

SQLite's own online backup gives one consistent moment. The mark in `meta` makes the bot that opens the copy one day ask
people before it goes on with anything: what was done after that moment is not on record in it.
"""

import contextlib
import os
import sqlite3
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from bot.adapters.sqlite import connections, rows
from bot.adapters.sqlite.queries import sql
from bot.core import errors

NUMBERS_SKIPPED = 1_000
"""Incidents that are opened after the backup have numbers that Slack shows: a restored copy does not reuse them."""

_PAGES_AT_ONCE = 1_000
"""Between such portions the bot's own writes come first."""


def backup(source: Path, target: Path, *, at: datetime) -> None:
    """`target` is complete once it is there. Raise Permanent when it exists already, Transient when a disk says no."""
    if target.exists():
        raise errors.Permanent(f"{target} is there already: name a new file")
    partial = target.with_name(target.name + ".partial")
    try:
        partial.unlink(missing_ok=True)
        _copy(source, partial, at)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        os.link(partial, target)  # unlike a rename, it never replaces what somebody put there meanwhile
    except FileExistsError as problem:
        raise errors.Permanent(f"{target} is there already: name a new file") from problem
    except sqlite3.Error as problem:
        raise connections.translate(problem, path=target, verb="copied") from problem
    except OSError as problem:
        raise errors.Transient(f"{target} cannot be written: {problem.strerror}") from problem
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def _copy(source: Path, target: Path, at: datetime) -> None:
    reading = sqlite3.connect(f"file:{quote(str(source))}?mode=ro", uri=True)
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        writing = sqlite3.connect(target, isolation_level=None)
        try:
            reading.backup(writing, pages=_PAGES_AT_ONCE)
            writing.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
            writing.execute(sql("mark_backup"), [rows.micros(at)])
            writing.execute(sql("skip_numbers"), [NUMBERS_SKIPPED])
        finally:
            writing.close()
    finally:
        reading.close()

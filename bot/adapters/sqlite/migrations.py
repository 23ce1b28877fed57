"""Brings a database file to this program's schema: numbered scripts, each in one transaction with its number.

A crash at any point leaves the old schema or the new one. A file from a newer program is refused, never guessed at.
"""

import re
from functools import cache
from importlib import resources
from pathlib import Path

import aiosqlite

from bot.core import errors

_SCRIPT = re.compile(r"(\d{4})_\w+\.sql")


@cache
def scripts() -> tuple[str, ...]:
    """The text of each migration in order: the first brings an empty file to version 1."""
    files = sorted(
        (int(found[1]), entry)
        for entry in resources.files(__package__).iterdir()
        if (found := _SCRIPT.fullmatch(entry.name))
    )
    if [number for number, _ in files] != list(range(1, len(files) + 1)):
        raise errors.Permanent("the numbered migrations of this installation are incomplete: install it again")
    return tuple(entry.read_text(encoding="utf-8") for _, entry in files)


async def version(connection: aiosqlite.Connection) -> int:
    ((number,),) = await connection.execute_fetchall("PRAGMA user_version")
    return int(number)


async def migrate(connection: aiosqlite.Connection, path: Path, *, steps: tuple[str, ...] | None = None) -> None:
    """Raise Permanent for a file that a newer program wrote. `steps` are this program's own unless a test says else."""
    known = scripts() if steps is None else steps
    found = await version(connection)
    refuse_newer(found, path, known=len(known))
    for number, script in enumerate(known[found:], start=found + 1):
        # executescript runs the statements as they stand; user_version is part of the transaction.
        try:
            await connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
        except BaseException:
            if connection.in_transaction:
                await connection.execute_fetchall("ROLLBACK")
            raise


def refuse_newer(found: int, path: Path, *, known: int) -> None:
    if found > known:
        raise errors.Permanent(
            f"{path} was written by a newer version of pageturner (schema {found}, this one knows {known}): "
            "start that version, or restore the backup from before the upgrade"
        )


def refuse_other(found: int, path: Path) -> None:
    """For readers, which may not migrate."""
    refuse_newer(found, path, known=len(scripts()))
    if found < len(scripts()):
        raise errors.Permanent(f"{path} has the older schema {found}: start the bot once to bring it up to date")

"""What the commands that read a database share: finding it, opening it read-only while the bot may be running."""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot import settings
from bot.adapters.sqlite.archive import Archive
from bot.adapters.system_clock import SystemClock
from bot.cli import screen
from bot.core.evidence import IndexRow, StoredEvent

_NUMBER = re.compile(r"(?:INC-)?([1-9][0-9]{0,17})", re.IGNORECASE)
_SPAN = re.compile(r"([1-9][0-9]{0,5})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def place(given: Path | None) -> Path:
    """The database that was named, else that of the settings. No other setting needs to be right for that."""
    path = given or settings.read_local().database
    if not path.is_file():
        screen.fail(f"there is no database at {path}: name it with --database, or set PAGETURNER_DATABASE")
    return path


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Archive]:
    """One moment of the database, whatever the bot stores meanwhile."""
    async with await Archive.read_only(path) as archive, archive.snapshot():
        yield archive


def name(given: str) -> str:
    """`INC-42`, `inc-42` or `42`."""
    found = _NUMBER.fullmatch(given.strip())
    if found is None:
        screen.fail(f"{given!r} is not an incident: write it as INC-42")
    return f"INC-{found[1]}"


async def one(archive: Archive, given: str, path: Path) -> tuple[IndexRow | None, Sequence[StoredEvent]]:
    incident = name(given)
    row, stored = await archive.index_row(incident), await archive.stored(incident)
    if row is None and not stored:
        screen.fail(f"there is no {incident} in {path}")
    return row, stored


Look = Callable[[str, IndexRow | None, Sequence[StoredEvent]], None]


async def each(archive: Archive, look: Look, *, since: datetime | None = None) -> int:
    """Call `look` for every incident, oldest first, then for those without an index row. Answers how many there are."""
    rows = await archive.index_rows(opened_since=since)
    strays = await archive.strays() if since is None else []
    total = len(rows) + len(strays)
    async with screen.telling(screen.Progress("reading the index")) as progress:
        for number, row in enumerate(rows, start=1):
            look(row.incident, row, await archive.stored(row.incident))
            progress.tell(f"{number} of {total} incidents")
        for stray in strays:
            look(stray, None, await archive.stored(stray))
    return total


def now() -> datetime:
    return SystemClock().now()


def since(given: str) -> datetime:
    """`7d`, `24h`, `90m`, `2w` ago, or a date or time in ISO 8601 (UTC unless it says another zone)."""
    span = _SPAN.fullmatch(given)
    if span:
        return now() - timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        screen.fail(f"{given!r} is not a time: write 7d, 24h, 2026-03-14 or 2026-03-14T04:17:00Z")
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)

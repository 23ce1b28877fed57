"""`export`: complete events as JSON lines, or a Markdown page to begin a post-mortem with."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from bot.cli import archives, screen
from bot.core import auditing, exporting
from bot.core.evidence import IndexRow, StoredEvent

FORMATS = ("json", "markdown")


def run(incident: str | None, *, is_all: bool, since: str | None, form: str, database: Path | None) -> None:
    if form not in FORMATS:
        screen.fail(f"there is no format {form}; choose one of: {', '.join(FORMATS)}")
    if bool(incident) == is_all:
        screen.fail("name one incident, or --all of them")
    if since and not is_all:
        screen.fail("--since goes with --all")
    after = archives.since(since) if since else None
    path = archives.place(database)
    if incident:
        asyncio.run(_one(path, incident, form))
    else:
        asyncio.run(_all(path, after, form))


async def _one(path: Path, given: str, form: str) -> None:
    async with archives.opened(path) as archive:
        row, stored = await archives.one(archive, given, path)
    _write(archives.name(given), row, stored, form)


async def _all(path: Path, since: datetime | None, form: str) -> None:
    is_first = True

    def look(name: str, row: IndexRow | None, stored: Sequence[StoredEvent]) -> None:
        nonlocal is_first
        if form == "markdown" and not is_first:
            screen.say("---\n")
        is_first = False
        _write(name, row, stored, form)

    async with archives.opened(path) as archive:
        await archives.each(archive, look, since=since)


def _write(name: str, row: IndexRow | None, stored: Sequence[StoredEvent], form: str) -> None:
    if form == "json":
        for each in stored:
            print(exporting.json_line(each))
        return
    refolded = auditing.refold(row, name, stored)
    if refolded.incident is None:
        screen.fail(f"{refolded.findings[0]}: export it with --format json, and look with: pageturner verify")
    screen.say(exporting.markdown(refolded.incident, refolded.history))

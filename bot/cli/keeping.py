"""`backup`: a copy of the database, made while the bot is running."""

from pathlib import Path

from bot.adapters.sqlite import backup
from bot.cli import archives, screen
from bot.core.errors import PageturnerError


def run(target: Path, *, database: Path | None) -> None:
    source = archives.place(database)
    try:
        backup.backup(source, target, at=archives.now())
    except PageturnerError as problem:
        screen.fail(str(problem))
    screen.say(f"{source} is copied to {target} ({target.stat().st_size:,} bytes)")
    screen.say(
        "To restore: stop the bot, put the copy in the database's place (without -wal and -shm files), start it."
    )

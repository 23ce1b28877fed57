"""A process of its own that uses the store, to be refused, starved of disk or killed: `child.py DATABASE WHAT`.

Each line of output is one fact that the parent may rely on: it is flushed before the child goes on.
"""

import asyncio
import resource
import sys
from pathlib import Path

from bot.adapters.sqlite import connections, migrations
from bot.adapters.sqlite.store import Store
from bot.adapters.system_clock import SystemClock
from bot.core import errors, ids
from bot.ports import Settlement
from tests.contracts import journal

LONG_MIGRATION = """
CREATE TABLE halfway (n INTEGER);
INSERT INTO halfway WITH RECURSIVE count(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < 50000000)
    SELECT n FROM count;
"""


def tell(*words: object) -> None:
    print(*words, flush=True)


def log_bytes(path: Path) -> int:
    """How large the write-ahead log beside the database is."""
    return Path(f"{path}-wal").stat().st_size


async def open_only(path: Path) -> None:
    try:
        store = await Store.open(path, SystemClock())
    except errors.Permanent as problem:
        tell("refused", problem)
        return
    tell("opened")
    await asyncio.to_thread(sys.stdin.readline)
    await store.close()


async def write_for_ever(path: Path) -> None:
    """Tell every row and every commit after it was answered."""
    store = await Store.open(path, SystemClock())

    async def work(number: int) -> None:
        version = 0
        while True:
            (item,) = await store.receive([journal.delivery()])
            tell("row", item.id)
            settled = Settlement(item.id, "joined", ids.incident_id(number))
            await store.commit(journal.commit(number, after=version, settles=(settled,)))
            version += 1
            tell("event", number, version)

    await asyncio.gather(*(work(number) for number in range(1, 11)))


async def run_out_of_disk(path: Path) -> None:
    """No file may grow beyond what it has now, then it may again."""
    store = await Store.open(path, SystemClock())
    await store.receive([journal.delivery()])
    size = log_bytes(path)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    for _ in range(3):
        try:
            await store.receive([journal.delivery()])
        except errors.Transient as problem:
            tell("transient", problem)
        else:
            tell("stored")
    tell("readable", len(await store.pending()))
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    await store.receive([journal.delivery()])
    tell("recovered", len(await store.pending()))
    await store.close()


async def migrate_slowly(path: Path) -> None:
    connection = await connections.open_writer(path)
    await migrations.migrate(connection, path)
    tell("begun")
    await migrations.migrate(connection, path, steps=(*migrations.scripts(), LONG_MIGRATION))
    tell("done")


if __name__ == "__main__":
    asyncio.run(globals()[sys.argv[2]](Path(sys.argv[1])))

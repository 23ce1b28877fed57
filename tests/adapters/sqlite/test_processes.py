"""What happens to the file when a process is refused, starved of disk or killed: with real processes."""

import asyncio
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.adapters.sqlite import migrations
from bot.adapters.sqlite.store import Store
from bot.adapters.system_clock import SystemClock
from bot.core import errors, ids
from tests.adapters.sqlite import child

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.crash


@asynccontextmanager
async def process(path: Path, what: str) -> AsyncIterator[asyncio.subprocess.Process]:
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        child.__name__,
        str(path),
        what,
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


async def read_line(running: asyncio.subprocess.Process) -> str:
    assert running.stdout is not None
    return (await running.stdout.readline()).decode().strip()


async def read_rest(running: asyncio.subprocess.Process) -> list[str]:
    assert running.stdout is not None
    # A last line without its end was never told.
    return [line.decode() for line in (await running.stdout.read()).splitlines(keepends=True) if line.endswith(b"\n")]


async def test_F14_a_second_process_refuses_and_names_the_file_and_the_holder(tmp_path: Path) -> None:
    path = tmp_path / "pageturner.db"
    async with process(path, "open_only") as first:
        assert await read_line(first) == "opened"
        async with process(path, "open_only") as second:
            refusal = await read_line(second)

    assert refusal.startswith(f"refused {path} is in use by pid {first.pid} on ")


async def test_a_second_store_in_the_same_process_refuses_too(tmp_path: Path) -> None:
    path = tmp_path / "pageturner.db"
    store = await Store.open(path, SystemClock())
    (tmp_path / "alias.db").symlink_to(path)

    with pytest.raises(errors.Permanent, match="is in use by pid"):
        await Store.open(tmp_path / "alias.db", SystemClock())

    await store.close()
    again = await Store.open(path, SystemClock())
    await again.close()


async def test_the_owner_killed_leaves_no_lock_behind(tmp_path: Path) -> None:
    path = tmp_path / "pageturner.db"
    async with process(path, "open_only") as owner:
        assert await read_line(owner) == "opened"
        owner.send_signal(signal.SIGKILL)
        await owner.wait()

    store = await Store.open(path, SystemClock())
    await store.close()


@pytest.mark.parametrize("told", [40, 400])
async def test_F03_a_kill_in_full_flight_keeps_every_acknowledged_row_and_event(tmp_path: Path, told: int) -> None:
    path = tmp_path / "pageturner.db"
    async with process(path, "write_for_ever") as writer:
        lines = [await read_line(writer) for _ in range(told)]
        writer.send_signal(signal.SIGKILL)
        lines += await read_rest(writer)
    rows = {int(line.split()[1]) for line in lines if line.startswith("row")}
    events = {(int(line.split()[1]), int(line.split()[2])) for line in lines if line.startswith("event")}
    assert rows and events

    store = await Store.open(path, SystemClock())
    try:
        stored = {
            (number, event.sequence)
            for number in range(1, 11)
            for event in await store.history(ids.incident_id(number))
        }
        assert events <= stored
        assert rows <= _inbox_ids(path)
        # Events and the row that caused them stand together: as many settled rows as events.
        assert len(stored) == len(_inbox_ids(path)) - len(await store.pending())
        for head in await store.heads():
            assert head.version == len(await store.history(head.incident))
    finally:
        await store.close()


async def test_F18_a_full_disk_is_transient_keeps_reads_and_heals_without_restart(tmp_path: Path) -> None:
    path = tmp_path / "pageturner.db"
    async with process(path, "run_out_of_disk") as starved:
        *failures, readable, recovered = await read_rest(starved)

    assert len(failures) == 3
    assert all(line.startswith("transient the store cannot be written") for line in failures)
    assert readable.split() == ["readable", "1"]
    assert recovered.split() == ["recovered", "2"]


async def test_F12_a_kill_inside_a_migration_leaves_the_old_schema(tmp_path: Path) -> None:
    path = tmp_path / "pageturner.db"
    async with process(path, "migrate_slowly") as migrating:
        assert await read_line(migrating) == "begun"
        async with asyncio.timeout(30):
            while child.log_bytes(path) < 1_000_000:  # noqa: ASYNC110 - a file gives no event; well under way by then
                await asyncio.sleep(0.01)
        migrating.send_signal(signal.SIGKILL)
        assert await read_rest(migrating) == []

    with sqlite3.connect(path) as found:
        assert found.execute("PRAGMA user_version").fetchone() == (len(migrations.scripts()),)
        assert found.execute("SELECT count(*) FROM sqlite_master WHERE name = 'halfway'").fetchone() == (0,)
        assert found.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    found.close()


def _inbox_ids(path: Path) -> set[int]:
    with sqlite3.connect(path) as found:
        rows = {row[0] for row in found.execute("SELECT id FROM inbox")}
    found.close()
    return rows

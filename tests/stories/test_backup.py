"""A backup made while the bot runs, and a bot that starts on a restored one: it tells people, and runs nothing."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.adapters.sqlite import backup
from bot.adapters.sqlite.store import Store
from bot.adapters.system_clock import SystemClock
from bot.core.errors import Permanent
from bot.core.ids import IncidentId
from bot.core.states import State
from bot.flow import restoring
from bot.flow.recording import Recorder
from bot.ports import Commit
from bot.sim.world import LocalWorld
from tests import builders as b
from tests.cli.databases import run
from tests.fakes.world import ESCALATE_TO, World
from tests.flow.test_road import CHANGE, VERIFY, approve
from tests.stories import living
from tests.stories.living import Living

AT = datetime(2026, 3, 14, 5, 0, tzinfo=UTC)


async def stored(path: Path) -> Store:
    """A database with one incident that is cured, and one that waits for an approval; its owner is running."""
    world, commits = World(b.runbook(CHANGE, VERIFY)), list[Commit]()
    world.store.after_commit = commits.append
    async with world.alive():
        await world.fire()
        await approve(world)
        await world.fire(b.alert(labels={"instance": "2"}))
        assert [(await world.incident(number)).state for number in (1, 2)] == [State.RESOLVED, State.WAITING]
    store = await Store.open(path, SystemClock())
    for commit in commits:
        await store.commit(replace(commit, settles=()))
    return store


async def test_a_copy_of_a_running_bots_database_is_whole_and_knows_that_it_is_one(tmp_path: Path) -> None:
    source, target = tmp_path / "a.db", tmp_path / "b.db"
    running = await stored(source)
    backup.backup(source, target, at=AT)
    copy = await Store.open(target, SystemClock())
    try:
        assert (running.backup_at, copy.backup_at) == (None, AT)
        for number in (1, 2):
            name = IncidentId(f"INC-{number}")
            assert await copy.history(name) == await running.history(name) != []
        assert await copy.last_number() == 2 + backup.NUMBERS_SKIPPED
        await copy.forget_backup()
    finally:
        await copy.close()
        await running.close()
    again = await Store.open(target, SystemClock())
    assert (again.backup_at, await again.last_number()) == (None, 2 + backup.NUMBERS_SKIPPED)
    await again.close()


async def test_a_file_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    source, target = tmp_path / "a.db", tmp_path / "b.db"
    await (await stored(source)).close()
    target.write_text("precious", "utf-8")
    with pytest.raises(Permanent, match="is there already"):
        backup.backup(source, target, at=AT)
    assert target.read_text("utf-8") == "precious"
    assert not target.with_name("b.db.partial").exists()


async def test_what_would_go_on_is_handed_to_people_with_its_approval_withdrawn(tmp_path: Path) -> None:
    source, target = tmp_path / "a.db", tmp_path / "b.db"
    await (await stored(source)).close()
    backup.backup(source, target, at=AT)
    copy = await Store.open(target, SystemClock())
    recorder = Recorder(copy, SystemClock())
    await restoring.hand_over(recorder, copy, backup_at=AT, escalate_to=ESCALATE_TO)
    await restoring.hand_over(
        recorder, copy, backup_at=AT, escalate_to=ESCALATE_TO
    )  # killed in between: once is enough
    cured, waiting = [await recorder.load(IncidentId(f"INC-{number}")) for number in (1, 2)]
    assert (cured.state, waiting.state, waiting.approval) == (State.RESOLVED, State.ESCALATED, None)
    assert waiting.escalation is not None
    assert waiting.escalation.explanation.startswith("The database was restored from a backup of 14 Mar 05:00 UTC")
    assert waiting.notices == ()
    await copy.close()


async def test_the_bot_that_starts_on_a_restored_backup_runs_nothing_that_was_approved_since(tmp_path: Path) -> None:
    """The backup is older than the approval, the run and the cure; the world has seen them, the copy has not."""
    database, copy = tmp_path / "pageturner.db", tmp_path / "copy.db"
    world = LocalWorld(manifest=living.manifest())
    await world.start()
    try:
        async with living.alive(world, tmp_path) as bot:
            life = Living(world, bot)
            world.fire("redis-pool")
            await life.with_button("step-1", "step.approve")
            ran = run("backup", str(copy), "--database", str(database))
            assert ran.code == 0 and "is copied to" in ran.out
            await life.approve()
            await life.state(State.RESOLVED)
            assert len(life.executed("FLUSHDB")) == 1
        for name in ("pageturner.db", "pageturner.db-wal", "pageturner.db-shm"):
            (tmp_path / name).unlink(missing_ok=True)
        copy.rename(database)
        async with living.alive(world, tmp_path) as bot:
            restored = Living(world, bot)
            escalated = await restored.state(State.ESCALATED)
            assert escalated.approval is None and len(restored.executed("FLUSHDB")) == 1
            await world.slack.wait_for_message(lambda each: "restored from a backup" in living.all_text(each))
    finally:
        await world.stop()

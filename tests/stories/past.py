"""A past to begin with: incidents that ended well, lived through in memory days ago, and stored in a real database."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.adapters.runbook_files.library import RunbookFiles
from bot.adapters.sqlite.store import Store
from bot.adapters.system_clock import SystemClock
from bot.core.alerts import Alert
from bot.core.ids import IncidentId, RunbookName, UserId
from bot.core.previews import Outcome, Performed, Target
from bot.core.states import State
from bot.ports import Commit
from tests.fakes.world import World


async def cured(
    database: Path, runbooks: Path, name: str, *, times: int, alert: Alert, answers: Mapping[str, str]
) -> None:
    """This runbook has cured this alert so often, a day apart, each time approved by Ana, and it held.

    `answers` is what its reads said, by their texts.
    """
    runbook = RunbookFiles(runbooks).current().runbooks[RunbookName(name)]
    world, commits = World(runbook), list[Commit]()
    world.store.after_commit = commits.append
    world.clock.time = datetime.now(UTC) - timedelta(days=times + 1)
    world.executor.targets = (Target("Deployment", alert.service, alert.environment, uid="uid-1"),)
    for text, output in answers.items():
        world.executor.answer(text, Performed(Outcome.SUCCEEDED, output))
    async with world.alive():
        for number in range(1, times + 1):
            world.clock.time += timedelta(days=1)
            firing = replace(alert, fingerprint=f"past-{number}")
            await world.fire(firing)
            asked = (await world.incident(number)).approval
            assert asked is not None
            await world.desk.vote_approve(asked.id, UserId("U0ANA"))
            await world.rest()
            await world.fire(replace(firing, is_firing=False, ends_at=world.clock.time))
            await world.later(minutes=31)
            assert (await world.incident(number)).state is State.CLOSED, IncidentId(f"INC-{number}")
    store = await Store.open(database, SystemClock())
    try:
        for commit in commits:
            await store.commit(replace(commit, settles=()))
    finally:
        await store.close()

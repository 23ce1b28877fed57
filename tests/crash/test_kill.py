"""kill -9 at every moment of one incident: before and after each durable write, and around each call to the outside.

The world outlives the bot and keeps the receipts: what the cluster ran, what Slack shows. After each death the bot is
started again on the same file, and the person goes on where they were.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot import demo
from bot.adapters.sqlite.store import Store
from bot.adapters.system_clock import SystemClock
from bot.core import incidents
from bot.core.ids import IncidentId
from bot.core.incidents import Incident
from bot.core.previews import Outcome
from bot.core.states import State
from bot.settings import Settings
from bot.sim.world import LocalWorld
from tests.crash import child
from tests.stories import living
from tests.stories.living import ANA, CHANNEL

PATIENCE_SECONDS = 25.0
STORE_MOMENTS = range(40)
"""One undisturbed road passes at least this many moments; a death that does not happen fails its test."""

ALERT = {
    "version": "4",
    "groupKey": '{}:{alertname="RedisConnectionTimeout"}',
    "status": "firing",
    "receiver": "pageturner",
    "groupLabels": {},
    "commonLabels": {},
    "commonAnnotations": {},
    "externalURL": "http://alertmanager.example",
    "alerts": [
        {
            "status": "firing",
            "labels": {
                "alertname": "RedisConnectionTimeout",
                "service": "api-gateway",
                "namespace": "production",
                "severity": "critical",
            },
            "annotations": {"summary": "redis connection timeout"},
            "startsAt": "2026-03-14T04:17:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example",
        }
    ],
}


class Lives:
    """The bot, started as often as it dies. `dies_at` counts moments of the store in the first life only."""

    def __init__(self, world: LocalWorld, configured: Settings, folder: Path, dies_at: int) -> None:
        self.world = world
        self.database = configured.database
        self.deaths = 0
        self.port = 0
        self.is_delivered = False
        self._environment = _environment(world, folder)
        self._dies_at = dies_at
        self._process: asyncio.subprocess.Process | None = None

    async def ensure(self) -> None:
        """Alive and ready, or born again."""
        while self._process is None or self._process.returncode is not None:
            if self._process is not None:
                assert self._process.returncode == -signal.SIGKILL
                self.deaths += 1
                self._dies_at = child.NEVER
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.crash.child",
                str(self._dies_at),
                env=self._environment,
                cwd=living.ROOT,
                stdout=asyncio.subprocess.PIPE,
            )
            await self._ready(self._process)

    async def _ready(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode()
        if line.startswith(child.READY):
            self.port = int(line.removeprefix(child.READY))
        else:
            await process.wait()

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def end(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()


def _environment(world: LocalWorld, folder: Path) -> dict[str, str]:
    configured = demo.environment(world, folder, living.RUNBOOKS)
    return {**os.environ, **configured, "PAGETURNER_SLACK_POSTS_PER_SECOND": "0"}


@asynccontextmanager
async def lives(folder: Path, *, dies_at: int = child.NEVER) -> AsyncIterator[Lives]:
    world = LocalWorld(manifest=living.manifest())
    await world.start()
    world.cluster.faults.plant("stuck-redis-pool")
    made = Lives(world, demo.settings_for(world, folder, living.RUNBOOKS), folder, dies_at)
    try:
        yield made
    finally:
        await made.kill()
        await world.stop()


async def road(life: Lives) -> None:
    """Send the alert until it is accepted, approve whenever asked, say what the cluster shows when it is unclear."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        await _deliver(life)
        while not _is_over(life.world):
            await life.ensure()
            await _press_what_is_asked(life.world)
            await asyncio.sleep(0.02)


async def _deliver(life: Lives) -> None:
    if life.is_delivered:
        return
    headers = {"Authorization": f"Bearer {demo.WEBHOOK_TOKEN}"}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as session:
        while True:
            await life.ensure()
            url = f"http://127.0.0.1:{life.port}/webhook/alertmanager"
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with session.post(url, json=ALERT, headers=headers) as answer:
                    life.is_delivered = answer.status == 202
            if life.is_delivered:
                return
            await asyncio.sleep(0.02)


async def _press_what_is_asked(world: LocalWorld) -> None:
    """A careful person: approves what is asked, and looks at the cluster before saying what became of it."""
    found = "outcome.succeeded" if _executed(world) else "outcome.rerun"
    for message in _messages(world):
        for action in ("step.approve", found):
            if action in living.actions(message):
                await world.slack.click(ANA, channel=CHANNEL, message_ts=str(message["ts"]), action_id=action)
                return


def _messages(world: LocalWorld) -> list[Mapping[str, Any]]:
    return list(world.slack.workspace.channels.find(CHANNEL).messages.values())


def _key(message: Mapping[str, Any]) -> str:
    return str(message.get("metadata", {}).get("event_payload", {}).get("key", ""))


def _keys(world: LocalWorld) -> list[str]:
    return [key for key in map(_key, _messages(world)) if key]


def _is_over(world: LocalWorld) -> bool:
    return "summary" in _keys(world)


def _executed(world: LocalWorld) -> int:
    return sum(
        "FLUSHDB" in each.query and each.path.endswith("/exec") and each.status == 101
        for each in world.cluster.requests
    )


async def _stored(life: Lives) -> list[Incident]:
    store = await Store.open(life.database, SystemClock())
    try:
        heads = await store.heads()
        return [incidents.fold(head.incident, await store.history(head.incident)) for head in heads]
    finally:
        await store.close()


async def check(life: Lives) -> None:
    """One thread, nothing twice, nothing lost, and an intent before every effect."""
    await life.end()
    (incident,) = await _stored(life)
    assert incident.id == IncidentId("INC-1")
    assert incident.state is State.RESOLVED
    keys = _keys(life.world)
    assert len(keys) == len(set(keys)), f"shown twice: {keys}"
    flush = incident.steps[0]
    assert flush.outcome is Outcome.SUCCEEDED
    assert flush.attempts == 1
    assert _executed(life.world) == 1


@pytest.mark.crash
@pytest.mark.parametrize("moment", STORE_MOMENTS)
async def test_killed_around_a_durable_write(tmp_path: Path, moment: int) -> None:
    async with lives(tmp_path, dies_at=moment) as life:
        await road(life)
        await check(life)
        assert life.deaths == 1, f"the bot passed fewer than {moment} moments"


async def _posted(life: Lives, key: str) -> None:
    """Slack has taken a message of this key; the bot may not know it yet."""
    await life.world.slack.wait_for_message(lambda message: _key(message) == key, timeout=PATIENCE_SECONDS)


async def _updated(life: Lives, word: str) -> None:
    await life.world.slack.wait_for_message(lambda message: word in living.all_text(message), timeout=PATIENCE_SECONDS)


async def _flushed(life: Lives, _: str) -> None:
    """The command has had its effect; its answer may not have arrived."""
    faults = life.world.cluster.faults
    await life.world.cluster.wait_until(lambda: not faults.is_active("stuck-redis-pool"), timeout=PATIENCE_SECONDS)


async def _asked(life: Lives, path: str) -> None:
    """The cluster has answered a request of this kind."""
    cluster = life.world.cluster
    await cluster.wait_until(
        lambda: any(each.path.endswith(path) for each in cluster.requests), timeout=PATIENCE_SECONDS
    )


Trigger = Callable[[Lives, str], Awaitable[None]]
OUTSIDE: tuple[tuple[str, Trigger, str], ...] = (
    ("the root was posted", _posted, "root"),
    ("the step was posted", _posted, "step-1"),
    ("the second step was posted", _posted, "step-2"),
    ("the summary was posted", _posted, "summary"),
    ("the step shows its approver", _updated, "Approved by"),
    ("the root shows the resolution", _updated, "Resolved"),
    ("the command has had its effect", _flushed, ""),
    ("permissions were asked", _asked, "selfsubjectaccessreviews"),
    ("the exec was answered", _asked, "/exec"),
)


@pytest.mark.crash
@pytest.mark.parametrize(("trigger", "word"), [each[1:] for each in OUTSIDE], ids=[each[0] for each in OUTSIDE])
async def test_killed_around_a_call_to_the_outside(tmp_path: Path, trigger: Trigger, word: str) -> None:
    async with lives(tmp_path) as life:

        async def killer() -> None:
            await trigger(life, word)
            await life.kill()

        killing = asyncio.create_task(killer())
        await road(life)
        await killing
        await life.ensure()
        await check(life)
        assert life.deaths == 1


@pytest.mark.crash
async def test_F05_a_click_that_arrives_while_the_bot_is_down_is_harmless_and_the_next_one_counts(
    tmp_path: Path,
) -> None:
    async with lives(tmp_path) as life:
        await _deliver(life)
        await _posted(life, "step-1")
        await life.kill()
        await _press_what_is_asked(life.world)
        assert _executed(life.world) == 0
        await road(life)
        await check(life)


@pytest.mark.crash
async def test_an_undisturbed_road_ends_with_one_execution(tmp_path: Path) -> None:
    async with lives(tmp_path) as life:
        await road(life)
        await check(life)
        assert life.deaths == 0
        assert _executed(life.world) == 1

"""A bot that is killed and born again, and a person who goes on where they were.

The world outlives the bot and keeps the receipts: what the cluster ran, what Slack shows. After each death the bot is
started again on the same file, and the person goes on where they were.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import MappingProxyType
from typing import Any

import aiohttp

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
from tests.crash import child, points
from tests.crash.points import Doom
from tests.stories import living
from tests.stories.living import ANA, CHANNEL

PATIENCE_SECONDS = 25.0
STANDSTILL_SECONDS = 2.0
ALERT: dict[str, Any] = {
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
    """The bot, started as often as it dies. `dooms` are what ends its first lives, one after another."""

    def __init__(
        self, world: LocalWorld, configured: Settings, environment: Mapping[str, str], dooms: Sequence[Doom]
    ) -> None:
        self.world = world
        self.database = configured.database
        self.log = configured.database.with_suffix(".moments")
        self.log.touch()
        self.deaths = 0
        self.port = 0
        self.is_delivered = False
        self.environment = dict(environment)
        self.alert: dict[str, Any] = ALERT
        self.standstill_seconds = STANDSTILL_SECONDS
        self._dooms = list(dooms)
        self._process: ForkServerProcess | None = None

    async def ensure(self) -> None:
        """Alive and ready, or born again. One that stands still goes on after a while."""
        if self._process is not None and self._process.pid and await points.has_stopped(self._process.pid):
            await asyncio.sleep(self.standstill_seconds)
            os.kill(self._process.pid, signal.SIGCONT)
        while self._process is None or not self._process.is_alive():
            if self._process is not None:
                assert self._process.exitcode in {-signal.SIGKILL, 0}, self._process.exitcode
                self.deaths += 1
            doom = self._dooms.pop(0) if self._dooms else None
            self._process, told = await asyncio.to_thread(child.born, self.environment, doom, self.log)
            with told, contextlib.suppress(EOFError):  # died before it was ready
                while not await asyncio.to_thread(told.poll, 0.2):
                    await self._go_on()
                self.port = await asyncio.to_thread(told.recv)

    async def _go_on(self) -> None:
        """One that came to a standstill before it was ready."""
        if self._process is not None and self._process.pid and await points.has_stopped(self._process.pid):
            os.kill(self._process.pid, signal.SIGCONT)

    async def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.join)

    async def end(self) -> int | None:
        """SIGTERM and its exit code."""
        if self._process is None:
            return None
        self._process.terminate()
        while self._process.is_alive():
            await self._go_on()  # it may come to its standstill only now
            await asyncio.to_thread(self._process.join, 0.2)
        return self._process.exitcode


@asynccontextmanager
async def living_with(
    folder: Path,
    *dooms: Doom,
    runbooks: Path = living.RUNBOOKS,
    more: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Lives]:
    """`more` are settings beside those of the local world."""
    world = LocalWorld(manifest=living.manifest())
    await world.start()
    world.cluster.faults.plant("stuck-redis-pool")
    environment = {
        **os.environ,
        **demo.environment(world, folder, runbooks),
        "PAGETURNER_SLACK_POSTS_PER_SECOND": "0",
        **more,
    }
    made = Lives(world, demo.settings_for(world, folder, runbooks), environment, dooms)
    try:
        yield made
    finally:
        await made.kill()
        await world.stop()


async def road(life: Lives) -> None:
    """Send the alert until it is accepted, approve whenever asked, say what the cluster shows when it is unclear."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        await deliver(life)
        while not is_over(life.world):
            await life.ensure()
            await press_what_is_asked(life.world)
            await asyncio.sleep(0.02)


async def deliver(life: Lives) -> None:
    if life.is_delivered:
        return
    headers = {"Authorization": f"Bearer {demo.WEBHOOK_TOKEN}"}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as session:
        while True:
            await life.ensure()
            url = f"http://127.0.0.1:{life.port}/webhook/alertmanager"
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with session.post(url, json=life.alert, headers=headers) as answer:
                    life.is_delivered = answer.status == 202
            if life.is_delivered:
                return
            await asyncio.sleep(0.02)


async def press_what_is_asked(world: LocalWorld) -> None:
    """A careful person: approves what is asked, and looks at the cluster before saying what became of it."""
    found = "outcome.succeeded" if executed(world) else "outcome.rerun"
    for message in messages(world):
        for action in ("step.approve", found):
            if action in living.actions(message):
                await world.slack.click(ANA, channel=CHANNEL, message_ts=str(message["ts"]), action_id=action)
                return


def messages(world: LocalWorld) -> list[Mapping[str, Any]]:
    return list(world.slack.workspace.channels.find(CHANNEL).messages.values())


def key(message: Mapping[str, Any]) -> str:
    return str(message.get("metadata", {}).get("event_payload", {}).get("key", ""))


def keys(world: LocalWorld) -> list[str]:
    return [key for key in map(key, messages(world)) if key]


def is_over(world: LocalWorld) -> bool:
    return "summary" in keys(world)


def executed(world: LocalWorld) -> int:
    return sum(
        "FLUSHDB" in each.query and each.path.endswith("/exec") and each.status == 101
        for each in world.cluster.requests
    )


async def stored(life: Lives) -> list[Incident]:
    store = await Store.open(life.database, SystemClock())
    try:
        heads = await store.heads()
        return [incidents.fold(head.incident, await store.history(head.incident)) for head in heads]
    finally:
        await store.close()


async def check(life: Lives) -> None:
    """One thread, nothing twice, nothing lost, and an intent before every effect."""
    await life.end()
    (incident,) = await stored(life)
    assert incident.id == IncidentId("INC-1")
    assert incident.state is State.RESOLVED
    shown = keys(life.world)
    assert len(shown) == len(set(shown)), f"shown twice: {shown}"
    (flush,) = (step for step in incident.steps if "FLUSHDB" in step.plan.operation.text)
    assert flush.outcome is Outcome.SUCCEEDED
    assert flush.attempts == 1
    assert executed(life.world) == 1

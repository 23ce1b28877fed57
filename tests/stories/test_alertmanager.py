"""A real Prometheus Alertmanager beside the real bot and the local world, as on-call has them in production."""

import asyncio
import os
import re
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from bot import app, demo
from bot.core.ids import IncidentId
from bot.core.incidents import Incident
from bot.core.states import State
from bot.sim.world import LocalWorld
from tests.stories import living
from tests.stories.living import Living

PROGRAM = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
AMTOOL = shutil.which("amtool")
PATIENCE_SECONDS = 25.0
"""Alertmanager waits up to a second between its first tries, and notifies a group once a second."""

FAULT = "stuck-redis-pool"
LABELS = {
    "alertname": "RedisConnectionTimeout",
    "service": "api-gateway",
    "namespace": "production",
    "severity": "critical",
}

CONFIG = """
route:
  receiver: pageturner
  group_by: [alertname]
  group_wait: {wait}
  group_interval: 1s
  repeat_interval: {repeat}
receivers:
  - name: pageturner
    webhook_configs:
      - url: {url}
        send_resolved: true
        max_alerts: 1000
        http_config:
          authorization: {{credentials_file: {token}}}
"""

pytestmark = [
    pytest.mark.alertmanager,
    pytest.mark.skipif(
        PROGRAM is None or AMTOOL is None, reason="no Alertmanager here: apt-get install prometheus-alertmanager"
    ),
]


@dataclass
class Alertmanager:
    """One running program. What it logs is kept, and waking whoever waits for a line is all that moves these tests."""

    process: asyncio.subprocess.Process
    home: Path
    log: list[str] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            async with self.changed:
                self.log.append(line.decode("utf-8", "replace"))
                self.changed.notify_all()

    async def logged(self, pattern: str, *, since: int = 0) -> re.Match[str]:
        """The first line from `since` on that holds this."""

        def found() -> re.Match[str] | None:
            return next((match for line in self.log[since:] if (match := re.search(pattern, line))), None)

        async with asyncio.timeout(PATIENCE_SECONDS), self.changed:
            await self.changed.wait_for(found)
        match = found()
        assert match is not None
        return match

    async def address(self) -> str:
        """It takes a free port and says which."""
        return (await self.logged(r'msg="Listening on" address=(\S+)'))[1]

    async def add(self, started: datetime, *, ended: datetime | None = None, **labels: str) -> None:
        """What a person types to fire an alert, and with `ended` to resolve it."""
        assert AMTOOL is not None
        asked = [f"{name}={value}" for name, value in {**LABELS, **labels}.items()]
        asked += ["--annotation=summary=redis connection timeout in api-gateway", f"--start={_time(started)}"]
        asked += [f"--end={_time(ended)}"] if ended else []
        url = f"--alertmanager.url=http://{await self.address()}"
        environment = {**os.environ, "HOME": str(self.home)}
        told = await asyncio.create_subprocess_exec(AMTOOL, "alert", "add", url, *asked, env=environment)
        assert await told.wait() == 0

    async def add_together(self, pods: list[str]) -> None:
        """Several in one request, which is more than amtool can."""
        alerts = [{"labels": {**LABELS, "pod": pod}, "startsAt": _time(_now())} for pod in pods]
        url = f"http://{await self.address()}/api/v2/alerts"
        async with aiohttp.ClientSession() as session, session.post(url, json=alerts) as answer:
            assert answer.status == 200, await answer.text()


@asynccontextmanager
async def alertmanager(folder: Path, port: int, *, wait: str = "0s", repeat: str = "1h") -> AsyncIterator[Alertmanager]:
    token = folder / "token"
    token.write_text(demo.WEBHOOK_TOKEN + "\n")
    url = f"http://127.0.0.1:{port}/webhook/alertmanager"
    config = folder / "alertmanager.yml"
    config.write_text(CONFIG.format(url=url, token=token, wait=wait, repeat=repeat))
    process = await asyncio.create_subprocess_exec(
        str(PROGRAM),
        f"--config.file={config}",
        f"--storage.path={folder / 'alertmanager'}",
        "--web.listen-address=127.0.0.1:0",
        "--cluster.listen-address=",
        "--log.level=debug",
        stderr=asyncio.subprocess.PIPE,
    )
    running = Alertmanager(process, folder)
    reading = asyncio.create_task(running.read(), name="alertmanager's log")
    try:
        await running.address()
        yield running
    finally:
        process.terminate()
        await process.wait()
        await reading


@pytest.fixture
async def life(tmp_path: Path) -> AsyncIterator[Living]:
    async with living.living(tmp_path) as made:
        made.world.cluster.faults.plant(FAULT)
        yield made


async def test_from_the_alert_to_the_summary_with_a_real_alertmanager(life: Living, tmp_path: Path) -> None:
    started = _now()
    async with alertmanager(tmp_path, life.bot.port) as monitoring:
        await monitoring.add(started)
        await life.approve()
        cured = await life.state(State.RESOLVED)
        assert not life.world.cluster.faults.is_active(FAULT)
        assert len(life.executed("FLUSHDB")) == 1
        assert cured.firing, "the bot's own verification came first"
        assert "the alert had not cleared" in living.all_text(await life.message("summary", holding="resolved"))

        await monitoring.add(started, ended=_now())
        await life.message("summary", holding="alert cleared")
        done = await _incident(life.bot, lambda found: found.has_cleared)
    (seen,) = done.alerts.values()
    assert (seen.alert.source, seen.alert.starts_at) == ("alertmanager", started)
    assert seen.alert.group_key == '{}:{alertname="RedisConnectionTimeout"}'
    assert await _opened(life.bot) == ["INC-1"]


async def test_F54_an_alert_that_ends_by_itself_withdraws_the_question_and_nothing_runs(
    life: Living, tmp_path: Path
) -> None:
    started = _now()
    async with alertmanager(tmp_path, life.bot.port) as monitoring:
        await monitoring.add(started)
        await life.with_button("step-1", "step.approve")
        await monitoring.add(started, ended=_now())
        done = await life.state(State.RESOLVED)
    assert done.resolution == "the alert cleared"
    assert life.executed("FLUSHDB") == []


async def test_several_alerts_of_one_group_in_one_call_are_one_incident(life: Living, tmp_path: Path) -> None:
    pods = [f"api-gateway-{number}" for number in range(5)]
    async with alertmanager(tmp_path, life.bot.port, wait="1s") as monitoring:
        await monitoring.add_together(pods)
        found = await _incident(life.bot, lambda found: len(found.alerts) == len(pods))
    assert sorted(seen.alert.labels["pod"] for seen in found.alerts.values()) == pods
    calls = {"source": "alertmanager", "status": "202"}
    assert life.bot.registry.get_sample_value("pageturner_webhook_calls_total", calls) == 1.0
    assert await _opened(life.bot) == ["INC-1"]
    assert "5 alerts" in living.all_text(await life.message("root", holding="5 alerts"))


async def test_a_repeat_joins_the_incident_and_asks_nobody_again(life: Living, tmp_path: Path) -> None:
    async with alertmanager(tmp_path, life.bot.port, repeat="1s") as monitoring:
        await monitoring.add(_now())
        waiting = await life.state(State.WAITING)
        found = await _incident(life.bot, lambda found: any(seen.count >= 3 for seen in found.alerts.values()))
    assert len(found.alerts) == 1
    assert await _opened(life.bot) == ["INC-1"]
    assert found.approval is not None and waiting.approval is not None
    assert found.approval.id == waiting.approval.id


async def test_F18_what_the_store_could_not_take_is_sent_again_and_not_lost(life: Living, tmp_path: Path) -> None:
    async with alertmanager(tmp_path, life.bot.port) as monitoring:
        locking = sqlite3.connect(life.bot.settings.database, isolation_level=None)
        locking.execute("BEGIN EXCLUSIVE")
        await monitoring.add(_now())
        await monitoring.logged(r"unexpected status code 503")
        locking.execute("ROLLBACK")
        locking.close()
        await life.state(State.WAITING)
    assert await _opened(life.bot) == ["INC-1"]


async def test_what_fired_while_the_bot_was_down_joins_the_incident_that_was_open(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        world = LocalWorld(manifest=living.manifest())
        await world.start()
        stack.push_async_callback(world.stop)
        world.cluster.faults.plant(FAULT)
        async with AsyncExitStack() as first:
            bot = await first.enter_async_context(_bot(world, tmp_path))
            port = bot.port
            monitoring = await stack.enter_async_context(alertmanager(tmp_path, port))
            await monitoring.add(_now(), pod="one")
            await Living(world, bot).state(State.WAITING)

        await monitoring.add(_now(), pod="two")
        await monitoring.logged(r"will retry later.*connection refused")

        bot = await stack.enter_async_context(_bot(world, tmp_path, port=port))
        found = await _incident(bot, lambda found: len(found.alerts) == 2)
        assert await _opened(bot) == ["INC-1"]
        assert found.state is State.WAITING


@asynccontextmanager
async def _bot(world: LocalWorld, folder: Path, *, port: int = 0) -> AsyncIterator[app.Bot]:
    """One life at a chosen port, for a sender that was told the address once."""
    wanted = {"posts_per_second": 0.0, "listen": f"127.0.0.1:{port}"}
    configured = demo.settings_for(world, folder, living.RUNBOOKS).model_copy(update=wanted)
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as lives:
        lives.create_task(app.serve(configured, stop=stop, on_ready=ready.set_result), name="bot")
        try:
            yield await ready
        finally:
            stop.set()


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _time(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


async def _incident(bot: app.Bot, fits: Callable[[Incident], bool]) -> Incident:
    """INC-1 once it is like this."""
    reached = asyncio.get_running_loop().create_future()

    def look(found: Incident) -> None:
        if fits(found) and not reached.done():
            reached.set_result(found)

    bot.recorder.listeners.append(look)
    try:
        if await _opened(bot):
            look(await bot.recorder.load(IncidentId("INC-1")))
        async with asyncio.timeout(PATIENCE_SECONDS):
            found: Incident = await reached
            return found
    finally:
        bot.recorder.listeners.remove(look)


async def _opened(bot: app.Bot) -> list[str]:
    return [head.incident for head in await bot.store.recent(10)]

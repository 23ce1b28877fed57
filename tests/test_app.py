"""The composition root: what is known before the first alert is taken, and what is ready when."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from bot import app, demo
from bot.core.errors import Invalid, Permanent
from bot.core.ids import UserId
from bot.core.runbooks import Problem
from bot.core.states import State
from bot.settings import Settings
from bot.sim.world import LocalWorld
from tests.crash.lives import ALERT
from tests.stories import living
from tests.stories.living import Living

PATIENCE_SECONDS = 15.0


@pytest.fixture
async def world() -> AsyncIterator[LocalWorld]:
    made = LocalWorld(manifest=living.manifest())
    await made.start()
    yield made
    await made.stop()


@asynccontextmanager
async def starting(configured: Settings) -> AsyncIterator[asyncio.Future[app.Bot]]:
    """A bot that may not be ready yet."""
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as lives:
        lives.create_task(app.serve(configured, stop=stop, on_ready=ready.set_result), name="bot")
        try:
            yield ready
        finally:
            stop.set()


async def listens(port: int) -> None:
    """Returns as soon as somebody takes connections there."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.005)
            else:
                writer.close()
                await writer.wait_closed()
                return


async def get(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as answer:
        return answer.status, await answer.text()


async def post(port: int) -> int:
    url, headers = f"http://127.0.0.1:{port}/webhook/alertmanager", {"Authorization": f"Bearer {demo.WEBHOOK_TOKEN}"}
    async with aiohttp.ClientSession() as session, session.post(url, json=ALERT, headers=headers) as answer:
        return answer.status


async def test_what_comes_before_the_bot_is_ready_joins_what_was_open_in_its_last_life(
    world: LocalWorld, tmp_path: Path
) -> None:
    async with living.alive(world, tmp_path) as bot:
        life = Living(world, bot)
        assert await life.post_alert(ALERT) == 202
        await life.state(State.WAITING)
        port = bot.port

    world.slack.faults.plant("auth.test", "delay", seconds=0.5)
    changes = {"posts_per_second": 0.0, "listen": f"127.0.0.1:{port}"}
    async with starting(demo.settings_for(world, tmp_path, living.RUNBOOKS).model_copy(update=changes)) as ready:
        await listens(port)
        assert not ready.done()
        assert await post(port) == 202
        again = await ready
        found = await Living(world, again).state(State.WAITING)
        assert [seen.count for seen in found.alerts.values()] == [2]
        assert [head.incident for head in await again.store.recent(5)] == ["INC-1"]


async def test_F46_without_slack_it_is_alive_takes_alerts_and_says_what_is_wrong(
    world: LocalWorld, tmp_path: Path
) -> None:
    async with living.alive(world, tmp_path) as bot:
        world.slack.faults.plant("*", "http_error", times=100_000)
        world.slack.socket.cut()
        told = await becomes(bot.port, 503)
        assert "not connected to Slack" in told
        assert (await get(bot.port, "/healthz"))[0] == 200
        assert await post(bot.port) == 202
        await Living(world, bot).state(State.WAITING)
        world.slack.faults.clear()
        await Living(world, bot).with_button("step-1", "step.approve")


async def becomes(port: int, status: int) -> str:
    """The readiness, once it is answered with this status: it looks at the socket once a second."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            found, told = await get(port, "/readyz")
            if found == status:
                return told
            await asyncio.sleep(0.05)


async def test_a_folder_without_runbooks_is_told_by_the_readiness(world: LocalWorld, tmp_path: Path) -> None:
    async with living.alive(world, tmp_path, tmp_path / "nowhere") as bot:
        status, told = await get(bot.port, "/readyz")

        assert status == 503
        assert f"no runbook could be loaded from {tmp_path / 'nowhere'}" in told


async def test_what_is_degraded_is_told_by_readiness_metrics_and_people_s_own_questions(
    world: LocalWorld, tmp_path: Path
) -> None:
    async with living.alive(world, tmp_path) as bot:
        assert bot.desk.troubles() == []
        bot.policies.problems = (Problem("own.cedar", 3, "", "is not Cedar", "correct it"),)
        status, told = await get(bot.port, "/readyz")
        numbers = (await get(bot.port, "/metrics"))[1]
        said = bot.desk.troubles()
        home = await bot.desk.home(UserId(living.ANA))

    assert (
        status == 200 and '"degraded"' in told and "own.cedar:3" in told and "the last good ones stay in force" in told
    )
    assert 'pageturner_degraded{part="policies"} 1.0' in numbers
    assert 'pageturner_degraded{part="slack"} 0.0' in numbers
    assert [each.partition(":")[0] for each in said] == ["policies"]
    assert home.degraded == tuple(said)


async def test_F29_a_bot_that_stays_deaf_ends_so_that_it_is_started_again(world: LocalWorld, tmp_path: Path) -> None:
    configured = demo.settings_for(world, tmp_path, living.RUNBOOKS)
    with pytest.raises(Permanent, match="delivers nothing"):
        await app.serve(configured, stop=asyncio.Event(), on_ready=lambda bot: bot.gateway.deaf.set())


async def test_metrics_tell_what_waits(world: LocalWorld, tmp_path: Path) -> None:
    async with living.alive(world, tmp_path) as bot:
        told = (await get(bot.port, "/metrics"))[1]

    assert "pageturner_inbox_backlog 0.0" in told
    assert "pageturner_announcements_backlog 0.0" in told
    assert f"pageturner_runbooks {float(len(bot.runbooks.current().runbooks))}" in told


async def test_a_start_that_fails_leaves_nothing_behind(world: LocalWorld, tmp_path: Path) -> None:
    configured = demo.settings_for(world, tmp_path, living.RUNBOOKS)
    reachable = configured.model_copy(update={"listen": "0.0.0.0:0", "webhook_token": None})
    before = {task.get_name() for task in asyncio.all_tasks()}

    with pytest.raises(Invalid, match="PAGETURNER_LISTEN"):
        await app.serve(reachable, stop=asyncio.Event())
    with pytest.raises(Permanent, match=r"cannot listen on 127\.0\.0\.1"):
        busy = world.slack.host.rpartition(":")[2]
        await app.serve(configured.model_copy(update={"listen": f"127.0.0.1:{busy}"}), stop=asyncio.Event())

    assert {task.get_name() for task in asyncio.all_tasks()} == before
    async with living.alive(world, tmp_path) as bot:
        assert bot.is_connected, "the database was given back"

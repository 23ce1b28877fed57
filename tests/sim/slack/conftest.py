"""Fixtures: a started workspace, a caller of its Web API, a connected app."""

from collections.abc import AsyncIterator

import pytest

from bot.sim.slack.server import SlackSim
from bot.sim.slack.settings import Settings
from tests.sim.slack.worlds import Api, App, World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Starts workspaces and connects apps; all of it is ended with the test."""
    made = World()
    yield made
    await made.close()


@pytest.fixture
async def sim(world: World) -> SlackSim:
    """A workspace as seeded, that allows everything."""
    return await world.start(settings=Settings(event_retry_delays=(0.0, 60.0, 300.0)))


@pytest.fixture
async def api(world: World, sim: SlackSim) -> Api:
    """Calls the workspace's Web API."""
    return Api(sim, world.http)


@pytest.fixture
async def app(world: World, sim: SlackSim) -> App:
    """A connected app that acknowledges everything."""
    connected = await world.connect(sim)
    await connected.next("hello")
    return connected

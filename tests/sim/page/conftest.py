"""Fixtures: one browser for all tests of the page, a fresh workspace for each."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, Page

from tests import browser as browsers
from tests.sim.page import workspaces


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """A headless browser; tests are skipped where there is none."""
    async with browsers.chromium() as browser:
        yield browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def idle_page(chromium: Browser) -> AsyncIterator[Page]:
    """A page on an empty workspace, whose modules tests may call; shared, so nobody may change what it shows."""
    async with (
        workspaces.running() as running,
        browsers.desktop_page(chromium, running.address(user="U0ANA")) as page,
    ):
        yield page


@pytest_asyncio.fixture(loop_scope="session")
async def impatient_workspace() -> AsyncIterator[workspaces.Workspace]:
    """A workspace that waits for acks only half a second."""
    async with workspaces.running(ack_seconds=0.5) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def workspace() -> AsyncIterator[workspaces.Workspace]:
    """A workspace with a connected app, without the embedding program's panels."""
    async with workspaces.running() as running:
        yield running

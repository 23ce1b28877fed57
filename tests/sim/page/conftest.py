"""Fixtures: one browser for all tests of the page, a fresh workspace for each."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser

from tests import browser as browsers
from tests.sim.page import workspaces


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """A headless browser; tests are skipped where there is none."""
    async with browsers.chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def workspace() -> AsyncIterator[workspaces.Workspace]:
    """A workspace with a connected app, without the embedding program's panels."""
    async with workspaces.running() as running:
        yield running

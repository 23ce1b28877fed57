"""A headless Chromium for tests: where it is found, how a phone and a desktop look, where screenshots go.

Plain functions, so that whole-story tests may use them with fixtures of their own. A page that logs an error, throws,
or asks anything of the outside world fails its test.
"""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

ARTIFACTS = Path(__file__).parents[1] / "artifacts"
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PATIENCE_MS = 5_000  # for an element to appear; two busy cores are slow

Scheme = Literal["light", "dark"]


def chromium_path() -> str:
    """The browser to drive; the test is skipped where there is none."""
    path = os.environ.get("TEST_CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.skip("no Chromium here: install one or name it in TEST_CHROMIUM")
    return path


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A running browser without any profile."""
    path = chromium_path()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()


@dataclass(slots=True)
class Complaints:
    """What went wrong in a page without any test looking at it."""

    found: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Listens to the page's errors and requests."""
        page.on("pageerror", lambda error: self.found.append(f"threw {error}"))
        page.on("request", lambda request: self._requested(request.url))
        page.on("console", lambda message: self._logged(message.type, message.text))

    def _logged(self, kind: str, text: str) -> None:
        # A refusal by the server (4xx) is shown to the person by the page; that the browser logs it, too, is no defect.
        if kind == "error" and "Failed to load resource" not in text and "ERR_" not in text:
            self.found.append(f"logged {text}")

    def _requested(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.hostname not in _LOOPBACK:
            self.found.append(f"asked for {url}")


@asynccontextmanager
async def phone_page(browser: Browser, url: str, *, scheme: Scheme = "light") -> AsyncIterator[Page]:
    """A page on a phone of 390 x 844 points with a touch screen."""
    context = await browser.new_context(
        viewport={"width": 390, "height": 844},
        device_scale_factor=2,
        has_touch=True,
        is_mobile=True,
        color_scheme=scheme,
        locale="en-GB",
    )
    async with _opened(context, url) as page:
        yield page


@asynccontextmanager
async def desktop_page(browser: Browser, url: str, *, scheme: Scheme = "light") -> AsyncIterator[Page]:
    """A page on a screen of 1280 x 800 points."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme=scheme, locale="en-GB")
    async with _opened(context, url) as page:
        yield page


@asynccontextmanager
async def _opened(context: BrowserContext, url: str) -> AsyncIterator[Page]:
    complaints = Complaints()
    try:
        context.set_default_timeout(_PATIENCE_MS)
        page = await context.new_page()
        complaints.watch(page)
        await page.goto(url)
        await page.wait_for_selector("body[data-ready=true][data-connection=up]")
        yield page
        assert complaints.found == []
    finally:
        await context.close()


async def screenshot(page: Page, name: str) -> Path:
    """A picture of what the page shows now, in `artifacts/`, for people to look at."""
    ARTIFACTS.mkdir(exist_ok=True)
    path = ARTIFACTS / f"{name}.png"
    await page.screenshot(path=path)
    return path

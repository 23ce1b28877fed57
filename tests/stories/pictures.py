"""The README's two pictures, made on demand by `python -m tests.stories.pictures`: the real bot on a phone's screen."""

import asyncio
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Locator, Page, expect

from tests import browser as browsers
from tests.stories import living
from tests.stories.living import ANA, BEN
from tests.stories.phone import PATIENCE_MS, Phone, phone

FOLDER = Path(__file__).parent / "pictures"
HIGHEST_BYTES = 200_000
"""Each; GitHub shows them at half their size, side by side."""


async def main() -> None:
    await asyncio.to_thread(FOLDER.mkdir, exist_ok=True)
    async with browsers.chromium() as browser:
        await _approve(browser)
        await _confirm(browser)


async def _approve(browser: Browser) -> None:
    """A medium step that waits for one press."""
    with tempfile.TemporaryDirectory() as folder:
        async with living.living(Path(folder)) as life, phone(browser, life, ANA) as ana:
            await ana.break_something("redis-pool")
            await ana.open_thread()
            await expect(ana.step(1).get_by_role("button", name="Approve")).to_be_visible()
            await _settled(ana)
            await _save(ana.page, "approve", top=ana.step(1))


async def _confirm(browser: Browser) -> None:
    """The window that asks for a name and a reason."""
    with tempfile.TemporaryDirectory() as folder:
        async with living.living(Path(folder)) as life, phone(browser, life, BEN) as ben:
            await ben.break_something("bad-release")
            await ben.open_thread()
            # A mouse's click: a tap would leave its highlight in the picture.
            await ben.step(3).get_by_role("button", name="Review and confirm").click(timeout=PATIENCE_MS)
            await expect(ben.window("Confirm step 3/4")).to_be_visible()
            await _save(ben.page, "confirm")


async def _settled(person: Phone) -> None:
    """Without the push that has just come: it lies over the header."""
    await person.push("needs your approval").get_by_role("button", name="Dismiss").tap()
    await expect(person.page.get_by_test_id("notification")).to_have_count(0)


async def _save(page: Page, name: str, *, top: Locator | None = None) -> None:
    if top is not None:
        await top.evaluate("(node) => node.scrollIntoView({ block: 'start' })")
    path = FOLDER / f"{name}.png"
    await page.evaluate("() => Promise.allSettled(document.getAnimations().map((each) => each.finished))")
    await page.screenshot(path=path)
    size = await asyncio.to_thread(lambda: path.stat().st_size)
    if size > HIGHEST_BYTES:
        raise SystemExit(f"{path} has {size} bytes: more than {HIGHEST_BYTES}")
    print(f"{path} {size} bytes")


if __name__ == "__main__":
    asyncio.run(main())

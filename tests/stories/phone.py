"""A person's phone in front of the whole thing: the local workspace's page, touched the way a hand does it.

It reads what is on the screen and taps what can be tapped; it must not reach past the page into bot or world.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from playwright.async_api import Browser, Locator, Page, expect

from tests import browser as browsers
from tests.stories.living import CHANNEL, Living

PATIENCE_MS = 15_000
"""For what the bot, the cluster or the monitoring does; what the page does by itself takes far less."""

NAMES = {"U0ANA": "Ana Ruiz", "U0BEN": "Ben Okafor", "U0CHI": "Chi Tran", "U0DEE": "Dee Guest"}


@dataclass(slots=True)
class Phone:
    """One page, held by whoever is chosen in it."""

    page: Page

    # --- who and where ---------------------------------------------------------------------------------------------

    async def become(self, user: str) -> None:
        await self.page.get_by_test_id("viewer").select_option(user)
        await expect(self.page.locator(".who-text strong")).to_have_text(NAMES[user])

    async def break_something(self, scenario: str) -> None:
        await self.page.get_by_test_id("open-scenarios").tap()
        await self.page.locator(f'[data-scenario="{scenario}"]').tap()
        await expect(self.page.get_by_role("dialog", name="Break something")).to_be_hidden()

    async def open_thread(self, incident: str = "INC-1") -> None:
        await self.root(incident).locator("[data-open-thread]").tap(timeout=PATIENCE_MS)
        await expect(self.page.locator(".thread-pane")).to_be_visible()

    async def open_home(self) -> None:
        """By the address that the page gives it: the way there differs between phone and desk."""
        await self.page.goto(f"{self.page.url}&pane=home")
        await expect(self.page.locator(".home-pane")).to_be_visible()

    async def back(self) -> None:
        """The phone's back gesture: from the thread to the channel."""
        await self.page.go_back()
        await expect(self.page.locator(".channel-pane")).to_be_visible()

    # --- what is there to read -------------------------------------------------------------------------------------

    def root(self, incident: str = "INC-1") -> Locator:
        heading = self.page.locator("strong", has_text=re.compile(rf"^\W {incident}\b"))
        return self.page.locator(".channel-pane article").filter(has=heading).first

    def card(self, heading: str) -> Locator:
        """The message of the thread whose heading begins so, letter for letter."""
        beginning = self.page.locator("strong", has_text=re.compile(f"^{re.escape(heading)}"))
        return self.page.locator(".thread-pane article").filter(has=beginning).first

    def step(self, number: int) -> Locator:
        return self.card(f"Step {number}/")

    def whisper(self) -> Locator:
        """The newest message that only this person sees, in the pane that is open."""
        return self.page.locator("[data-ephemeral=true]:visible").last

    async def read_whisper(self, *texts: str) -> None:
        """Scrolls down to it: where a button can be pressed, the page moves nothing by itself."""
        await self.shows(self.whisper(), *texts)
        await self.whisper().scroll_into_view_if_needed()
        await expect(self.whisper()).to_be_in_viewport()

    def push(self, text: str) -> Locator:
        return self.page.get_by_test_id("notification").filter(has_text=text)

    def window(self, title: str) -> Locator:
        return self.page.get_by_role("dialog", name=title)

    # --- what can be done ------------------------------------------------------------------------------------------

    async def press(self, message: Locator, button: str) -> None:
        await message.get_by_role("button", name=button, exact=True).tap(timeout=PATIENCE_MS)

    async def send(self, text: str) -> None:
        composer = self.page.get_by_test_id("composer")
        await composer.fill(text)
        await composer.press("Enter")
        await expect(composer).to_have_value("")

    async def shows(self, message: Locator, *texts: str) -> None:
        for text in texts:
            await expect(message).to_contain_text(text, timeout=PATIENCE_MS)

    async def picture(self, name: str) -> None:
        await browsers.screenshot(self.page, f"story-{name}")


@asynccontextmanager
async def phone(browser: Browser, life: Living, user: str) -> AsyncIterator[Phone]:
    """This person's phone, in the incidents' channel."""
    channel = life.world.slack.workspace.channels.find(CHANNEL).id
    address = f"{life.world.slack.page_url}?user={user}&channel={channel}"
    async with browsers.phone_page(browser, address) as page:
        yield Phone(page)


@asynccontextmanager
async def desk(browser: Browser, life: Living, user: str, thread: str) -> AsyncIterator[Page]:
    """The same on a screen of 1280 x 800, with the incident's thread open."""
    channel = life.world.slack.workspace.channels.find(CHANNEL).id
    address = f"{life.world.slack.page_url}?user={user}&channel={channel}&thread={thread}"
    async with browsers.desktop_page(browser, address) as page:
        yield page

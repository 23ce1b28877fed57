"""The page in a tired hand: one screen, one decision; big targets; nothing that moves under the finger."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests import browser as browsers
from tests.sim.page import samples
from tests.sim.page.workspaces import CHANNEL, Scenarios, Workspace, running

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_SMALLEST = 43.5  # CSS pixels; 44 less rounding
_TARGETS = """() => [...document.querySelectorAll("button, a[href], select, input, textarea, summary")]
  .filter((node) => !node.closest(".notifies, .skip, .text, [popover]") && !node.matches(".reaction, .skip"))
  .map((node) => [node.getBoundingClientRect(), node.ariaLabel || node.textContent || node.tagName])
  .filter(([box]) => box.width > 0 && box.height > 0)
  .map(([box, name]) => [name, Math.min(box.width, box.height)])"""
_SIDEWAYS = """() => [document.documentElement, ...document.querySelectorAll(".scroller, .modal-body, .home-body")]
  .filter((node) => node.scrollWidth > node.clientWidth + 1).map((node) => node.className || node.tagName)"""


async def incident(workspace: Workspace) -> tuple[str, str]:
    """An incident with a step that waits; gives the root's and the card's ts."""
    for number, title in ((39, "Disk almost full on checkout-db-0"), (41, "Checkout error rate above 5 %")):
        await workspace.post(
            title, samples.root(number, title, severity="high", state="Waiting for <!subteam^S0LEADS>")
        )
    blocks = samples.root(42, "Redis connection timeout", severity="critical", state="Waiting for step 1/2")
    root = await workspace.post("INC-42 Redis connection timeout", blocks)
    return root, await workspace.post("INC-42 needs your approval", samples.approval(), thread_ts=root)


async def tops(page: Page, card: str) -> list[float]:
    """Where the live buttons of a card are."""
    found: list[float] = await page.evaluate(
        """(ts) => [...document.querySelectorAll(`.thread-pane [data-ts="${ts}"] .btn`)]
            .map((node) => node.getBoundingClientRect().top)""",
        card,
    )
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_an_approval_fits_one_phone_screen_from_the_command_to_the_buttons(
    chromium: Browser, workspace: Workspace, scheme: browsers.Scheme
) -> None:
    root, card = await incident(workspace)
    address = workspace.address(user="U0BEN", channel=CHANNEL, thread=root)
    async with browsers.phone_page(chromium, address, scheme=scheme) as page:
        shown = page.locator(f'.thread-pane [data-ts="{card}"]')
        await expect(shown.locator("pre")).to_be_in_viewport(ratio=1)
        for name in ("Approve", "Reject", "Details"):
            await expect(shown.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
        assert await page.evaluate(_SIDEWAYS) == []
        await browsers.screenshot(page, f"page-approval-phone-{scheme}")


async def test_every_target_on_the_phone_is_big_enough_for_a_thumb(chromium: Browser) -> None:
    async with running(Scenarios()) as workspace:
        root, _ = await incident(workspace)
        await workspace.publish_home(samples.home())
        async with browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL, thread=root)) as page:
            await expect(page.get_by_test_id("open-scenarios")).to_be_visible()
            small = await too_small(page)
            await page.get_by_role("button", name="Back to channel").click()
            small += await too_small(page)
            await page.get_by_role("button", name="Back to conversations").click()
            small += await too_small(page)
            await page.get_by_test_id("app-home").click()
            await expect(page.get_by_role("heading", name="Waiting for you")).to_be_visible()
            small += await too_small(page)
            await workspace.open_view(samples.high_step())
            await expect(page.get_by_role("dialog", name="Roll back api")).to_be_visible()
            small += await too_small(page)

    assert small == []


async def too_small(page: Page) -> list[str]:
    """The names of visible targets below 44 points; some must have been looked at."""
    targets: list[tuple[str, float]] = await page.evaluate(_TARGETS)
    assert len(targets) > 3
    return [name for name, size in targets if size < _SMALLEST]


async def test_new_messages_do_not_move_live_buttons_and_are_offered_instead(
    chromium: Browser, workspace: Workspace
) -> None:
    root, card = await incident(workspace)
    async with browsers.phone_page(chromium, workspace.address(user="U0BEN", channel=CHANNEL, thread=root)) as page:
        before = await tops(page, card)
        for number in range(4):
            await workspace.post(f"a new message {number}", thread_ts=root)
        await expect(page.get_by_role("button", name="New below")).to_be_visible()
        assert await tops(page, card) == before

        await page.get_by_role("button", name="New below").click()
        await expect(page.locator(".thread-pane article").last).to_be_in_viewport()
        await expect(page.get_by_role("button", name="New below")).to_be_hidden()


async def test_a_message_that_grows_above_a_live_button_does_not_move_it(
    chromium: Browser, workspace: Workspace
) -> None:
    root, card = await incident(workspace)
    async with browsers.phone_page(chromium, workspace.address(user="U0BEN", channel=CHANNEL, thread=root)) as page:
        before = await tops(page, card)
        taller = "Waiting for step 1/2\n" + "and for something else\n" * 8
        await workspace.update(root, "INC-42", samples.root(42, "Redis", severity="critical", state=taller))
        await expect(page.locator(f'.thread-pane [data-ts="{root}"]')).to_contain_text("and for something else")
        after = await tops(page, card)

    assert after == pytest.approx(before, abs=1)


async def test_long_commands_wrap_at_arguments_and_never_scroll_sideways(
    chromium: Browser, workspace: Workspace
) -> None:
    command = "kubectl exec -n production deploy/redis-primary -- redis-cli --scan --pattern " + "session" * 30
    ts = await workspace.post("x", [samples.command(command)])
    async with browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        pre = page.locator(f'[data-ts="{ts}"] pre')
        await expect(pre).to_have_text(command)
        assert await pre.evaluate("(node) => node.scrollWidth <= node.clientWidth")
        whole = "[...document.querySelectorAll('pre .word')].every((node) => node.getClientRects().length === 1)"
        assert await page.evaluate(whole)
        assert await page.evaluate(_SIDEWAYS) == []


async def test_the_back_gesture_leads_from_the_thread_to_the_channel(chromium: Browser, workspace: Workspace) -> None:
    root, _ = await incident(workspace)
    async with browsers.phone_page(chromium, workspace.address(user="U0BEN", channel=CHANNEL)) as page:
        await page.locator(f'[data-open-thread="{root}"]').click()
        await expect(page.locator(".thread-pane")).to_be_visible()
        await expect(page.locator(".channel-pane")).to_be_hidden()
        assert f"thread={root}" in page.url
        await page.go_back()
        await expect(page.locator(".channel-pane")).to_be_visible()
        await expect(page.locator(".thread-pane")).to_be_hidden()


async def test_the_channel_with_several_incidents_opens_at_its_newest(chromium: Browser, workspace: Workspace) -> None:
    root, _ = await incident(workspace)
    async with browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        await expect(page.locator(f'.channel-pane [data-ts="{root}"]')).to_be_in_viewport()
        await browsers.screenshot(page, "page-channel-phone")
        await page.get_by_test_id("composer").fill("/ru")
        await expect(page.get_by_role("listbox", name="Suggestions")).to_be_visible()
        await browsers.screenshot(page, "page-slash-phone")


async def test_a_desktop_shows_channels_messages_and_thread_beside_each_other(
    chromium: Browser, workspace: Workspace
) -> None:
    root, _ = await incident(workspace)
    async with browsers.desktop_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL, thread=root)) as page:
        for pane in (".sidebar", ".channel-pane", ".thread-pane"):
            await expect(page.locator(pane)).to_be_in_viewport(ratio=1)
        await browsers.screenshot(page, "page-desktop")
        await page.get_by_role("button", name="Close thread").click()
        await expect(page.locator(".thread-pane")).to_be_hidden()

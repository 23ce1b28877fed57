"""Channels and threads on the page: writing, pressing, live updates, and who sees what."""

import asyncio

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from bot.sim.slack.wire import Json
from tests import browser as browsers
from tests.sim.page import samples
from tests.sim.page.workspaces import CHANNEL, Workspace

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def message(page: Page, ts: str, pane: str = ".channel-pane") -> Locator:
    """One message in one pane."""
    return page.locator(f'{pane} [data-ts="{ts}"]')


async def test_what_a_person_writes_appears_and_reaches_the_app(chromium: Browser, workspace: Workspace) -> None:
    async with browsers.phone_page(chromium, workspace.address(user="U0BEN", channel=CHANNEL)) as page:
        await page.get_by_test_id("composer").fill("@ana <!channel> *look* please")
        await page.get_by_test_id("composer").press("Enter")

        shown = page.locator("article").last
        await expect(shown.locator(".content")).to_have_text("@ana <!channel> *look* please")
        await expect(shown.locator(".notifies summary")).to_have_text("would notify: 1 person")
        await expect(page.get_by_test_id("composer")).to_have_value("")
        event = await workspace.sent("message")
        assert event["event"]["text"] == "<@U0ANA> &lt;!channel&gt; *look* please"


async def test_a_button_sends_its_action_and_the_card_changes_in_place(chromium: Browser, workspace: Workspace) -> None:
    root = await workspace.post("INC-42", samples.root(42, "Redis", severity="critical", state="Waiting"))
    card = await workspace.post("approve?", samples.approval(), thread_ts=root)

    async with browsers.phone_page(chromium, workspace.address(user="U0BEN", channel=CHANNEL, thread=root)) as page:
        shown = message(page, card, ".thread-pane")
        await shown.locator('[data-action-id="step.approve"][data-block-id="step-1"]').click()
        payload = await workspace.sent("block_actions")
        assert payload["user"]["id"] == "U0BEN"
        assert payload["actions"][0]["action_id"] == "step.approve"
        assert payload["actions"][0]["value"] == "a-1"
        assert payload["container"]["thread_ts"] == root

        await workspace.update(card, "done", samples.done())
        await expect(shown.get_by_role("button", name="Approve")).to_have_count(0)
        await expect(shown).to_contain_text("Approved by @ben")


async def test_a_button_without_an_ack_gets_a_warning_mark_that_a_new_press_removes(
    chromium: Browser, impatient_workspace: Workspace
) -> None:
    workspace = impatient_workspace
    card = await workspace.post("approve?", samples.approval())
    workspace.app.answer = lambda _: None

    async with browsers.phone_page(chromium, workspace.address(user="U0BEN", channel=CHANNEL)) as page:
        button = message(page, card).locator('[data-action-id="step.approve"]')
        await button.click()
        await expect(button).to_have_attribute("aria-busy", "true")
        await expect(button).to_have_attribute("data-failed", "true")
        await expect(message(page, card).get_by_role("alert")).to_contain_text("did not respond in time")

        workspace.app.answer = lambda _: {}
        await button.click()
        await expect(button).not_to_have_attribute("data-failed", "true")


async def test_a_confirm_dialog_asks_first_and_no_means_nothing_is_sent(
    chromium: Browser, workspace: Workspace
) -> None:
    confirm: Json = {
        "title": samples.plain("Reject?"),
        "text": samples.plain("The step will not run."),
        "confirm": samples.plain("Reject it"),
        "deny": samples.plain("Keep waiting"),
        "style": "danger",
    }
    card = await workspace.post("x", [samples.actions("b", samples.button("Reject", "step.reject", confirm=confirm))])

    async with browsers.phone_page(chromium, workspace.address(user="U0BEN", channel=CHANNEL)) as page:
        await message(page, card).get_by_role("button", name="Reject").click()
        dialog = page.get_by_role("alertdialog", name="Reject?")
        await expect(dialog.get_by_role("button", name="Keep waiting")).to_be_focused()
        await dialog.get_by_role("button", name="Keep waiting").click()
        await expect(dialog).to_have_count(0)
        assert workspace.sim.journal.of("block_actions") == []

        await message(page, card).get_by_role("button", name="Reject").click()
        await dialog.get_by_role("button", name="Reject it").click()
        assert (await workspace.sent("block_actions"))["actions"][0]["action_id"] == "step.reject"


async def test_a_url_button_is_a_safe_link_and_still_tells_the_app(chromium: Browser, workspace: Workspace) -> None:
    good = samples.button("Dashboard", "open.good", url=f"http://{workspace.sim.host}/sim/clock")
    drawn = """async () => {
      const { renderElement } = await import("/ui/static/elements.js");
      const surface = { failure: () => null };
      const text = { type: "plain_text", text: "x" };
      const element = { type: "button", action_id: "a", text, url: "javascript:alert(1)" };
      return renderElement(element, { blockId: "b" }, surface).outerHTML;
    }"""
    card = await workspace.post("x", [samples.actions("b", good)])

    async with browsers.phone_page(chromium, workspace.address(user="U0BEN", channel=CHANNEL)) as page:
        link = message(page, card).get_by_role("link", name="Dashboard")
        assert await link.get_attribute("rel") == "noopener noreferrer"
        async with page.context.expect_page() as opened:
            await link.click()
        await (await opened.value).close()
        assert (await workspace.sent("block_actions"))["actions"][0]["action_id"] == "open.good"
        assert "javascript" not in await page.evaluate(drawn)


async def test_an_ephemeral_message_is_marked_and_seen_by_one_person_only(
    chromium: Browser, workspace: Workspace
) -> None:
    async with (
        browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as anas,
        browsers.phone_page(chromium, workspace.address(user="U0BEN", channel=CHANNEL)) as bens,
    ):
        ts = await workspace.whisper("U0ANA", "You may not approve this.")
        await workspace.post("for all")

        await expect(message(anas, ts)).to_contain_text("Only visible to you")
        await expect(bens.locator("article")).to_contain_text(["for all"])
        await expect(message(bens, ts)).to_have_count(0)


async def test_a_mention_shows_its_text_alone_as_a_push_notification(chromium: Browser, workspace: Workspace) -> None:
    async with browsers.phone_page(chromium, workspace.address(user="U0BEN", channel="C0GEN")) as page:
        root = await workspace.post("INC-42")
        await workspace.post("INC-42 needs <@U0BEN>: restart api &amp; wait", samples.approval(), thread_ts=root)

        notice = page.get_by_test_id("notification")
        await expect(notice).to_contain_text("INC-42 needs @ben: restart api & wait")
        await notice.get_by_role("button").first.click()
        await expect(page.locator(".thread-pane")).to_be_visible()
        await expect(page.get_by_role("button", name="Approve")).to_be_visible()


async def test_a_person_who_would_not_be_notified_sees_no_notification(chromium: Browser, workspace: Workspace) -> None:
    async with browsers.phone_page(chromium, workspace.address(user="U0CHI", channel=CHANNEL)) as page:
        ts = await workspace.post("for <!subteam^S0SRE>")

        await expect(message(page, ts).locator(".notifies summary")).to_have_text("would notify: 2 people")
        await expect(message(page, ts).locator(".notifies")).to_have_attribute("data-notifies", "2")
        assert await page.get_by_test_id("notification").count() == 0


async def test_changing_who_you_are_keeps_the_thread(chromium: Browser, workspace: Workspace) -> None:
    root = await workspace.post("root")
    await workspace.post("reply", thread_ts=root)
    async with browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL, thread=root)) as page:
        assert await page.get_by_test_id("viewer").locator("option:checked").inner_text() == "Ana Ruiz – On-call SRE"
        await page.get_by_test_id("viewer").select_option("U0BEN")
        await expect(page.locator(".who-text")).to_contain_text("SRE lead")
        await expect(page.locator(".thread-pane article")).to_have_count(2)
        assert "user=U0BEN" in page.url


async def test_an_address_that_names_nobody_leads_to_the_first_person(chromium: Browser, workspace: Workspace) -> None:
    async with browsers.phone_page(chromium, workspace.address(user="U0NOBODY")) as page:
        await expect(page.get_by_test_id("viewer")).to_have_value("U0ANA")
        await expect(page.get_by_test_id("composer")).to_have_attribute("placeholder", "Message #incidents")


async def test_a_guest_sees_the_channels_of_guests_only(chromium: Browser, workspace: Workspace) -> None:
    await workspace.sim.post("U0ANA", "C0GEN", "not for guests")
    async with browsers.desktop_page(chromium, workspace.address(user="U0ANA", channel="C0GEN")) as page:
        await expect(page.locator("article")).to_contain_text(["not for guests"])
        await page.get_by_test_id("viewer").select_option("U0DEE")
        await expect(page.locator(".who-text")).to_contain_text("guest")
        await expect(page.locator('[data-channel-entry="C0GEN"]')).to_have_count(0)
        await expect(page.locator("article")).to_have_count(0)


async def test_after_a_break_of_the_connection_the_page_catches_up(chromium: Browser, workspace: Workspace) -> None:
    async with browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        first = await workspace.post("before")
        await expect(message(page, first)).to_be_visible()
        host, _, port = workspace.sim.host.rpartition(":")

        await workspace.sim.stop()
        await expect(page.get_by_text("Connection lost. Reconnecting…")).to_be_visible()
        workspace.sim.feed.closed = False
        await workspace.sim.start(host, int(port))
        missed = await workspace.post("while you were away")

        await expect(message(page, missed)).to_be_visible(timeout=10_000)
        await expect(page.get_by_text("Connection lost. Reconnecting…")).to_be_hidden()


async def test_slash_commands_complete_and_answer_only_to_the_sender(chromium: Browser, workspace: Workspace) -> None:
    workspace.app.answer = lambda frame: {"text": "2 runbooks"} if frame["type"] == "slash_commands" else {}
    async with browsers.desktop_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        composer = page.get_by_test_id("composer")
        await composer.press_sequentially("/")
        offered = page.get_by_role("listbox", name="Suggestions").get_by_role("option")
        await expect(offered).to_have_count(2)
        await composer.press_sequentially("ru")
        await expect(offered).to_contain_text(["run|list|show|status|freeze|help"])
        await composer.press("Tab")
        await expect(composer).to_have_value("/runbook ")
        await composer.press_sequentially("list")
        await composer.press("Enter")

        sent = await workspace.sent("slash_commands")
        assert (sent["command"], sent["text"], sent["channel_id"]) == ("/runbook", "list", CHANNEL)
        await expect(page.locator("article.whisper")).to_contain_text("2 runbooks")


async def test_an_unknown_command_is_answered_by_slackbot(chromium: Browser, workspace: Workspace) -> None:
    async with browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        await page.get_by_test_id("composer").fill("/nonsense")
        await page.get_by_role("button", name="Send").click()
        await expect(page.locator("article.whisper")).to_contain_text("/nonsense is not a valid command.")


async def test_a_slash_command_in_a_thread_is_refused_and_stays_typed(chromium: Browser, workspace: Workspace) -> None:
    root = await workspace.post("root")
    async with browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL, thread=root)) as page:
        composer = page.get_by_test_id("thread-composer")
        await composer.fill("/runbook list")
        await composer.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("Slash commands cannot be used in threads")
        await expect(composer).to_have_value("/runbook list")
        assert workspace.sim.journal.of("/runbook") == []


async def test_a_reply_goes_into_the_thread_and_is_counted_at_the_root(chromium: Browser, workspace: Workspace) -> None:
    root = await workspace.post("root")
    async with browsers.desktop_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        await message(page, root).get_by_role("button", name="Message actions").click()
        await page.get_by_role("menuitem", name="Reply in thread").click()
        await page.get_by_test_id("thread-composer").fill("on it")
        await page.get_by_test_id("thread-composer").press("Enter")

        await expect(page.locator(".thread-pane article")).to_have_count(2)
        await expect(message(page, root).get_by_role("button", name="1 reply")).to_be_visible()
        await expect(page.locator(".channel-pane article")).to_have_count(1)


async def test_message_and_global_shortcuts_reach_the_app(chromium: Browser, workspace: Workspace) -> None:
    ts = await workspace.post("an alert")
    async with browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        await message(page, ts).get_by_role("button", name="Message actions").click()
        await page.get_by_role("menuitem", name="Open an incident").click()
        sent = await workspace.sent("message_action")
        assert (sent["callback_id"], sent["message_ts"]) == ("open", ts)

        await page.get_by_role("button", name="Shortcuts and commands").click()
        await page.get_by_role("menuitem", name="Start a drill").click()
        assert (await workspace.sent("shortcut"))["callback_id"] == "drill"


async def test_reactions_are_added_and_taken_back(chromium: Browser, workspace: Workspace) -> None:
    ts = await workspace.post("look")
    async with browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        await message(page, ts).get_by_role("button", name="Message actions").click()
        await page.get_by_role("menuitem", name="eyes").click()
        pill = message(page, ts).locator(".reaction")
        await expect(pill).to_have_attribute("aria-pressed", "true")
        await pill.click()
        await expect(pill).to_have_count(0)


async def test_unread_channels_are_counted_until_they_are_opened(chromium: Browser, workspace: Workspace) -> None:
    async with browsers.desktop_page(chromium, workspace.address(user="U0ANA", channel="C0GEN")) as page:
        await workspace.post("one")
        await workspace.post("two")
        entry = page.locator(f'[data-channel-entry="{CHANNEL}"]')
        await expect(entry.locator(".count")).to_have_text("2")
        await entry.click()
        await expect(entry.locator(".count")).to_have_count(0)
        await expect(page.locator(".channel-pane article")).to_have_count(2)


async def test_a_storm_of_messages_is_drawn_and_older_ones_are_a_press_away(
    chromium: Browser, workspace: Workspace
) -> None:
    async with browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        await asyncio.gather(*(workspace.post(f"alert {number}") for number in range(200)))
        await expect(page.locator("article")).to_have_count(150, timeout=10_000)
        await page.get_by_role("button", name="Show 50 earlier messages").click()
        await expect(page.locator("article")).to_have_count(200)

"""Modals and the App Home on the page: stacking, submitting, errors, what was typed, and the exact state."""

import pytest
from playwright.async_api import Browser, Page, expect

from bot.sim.slack.wire import Json
from tests import browser as browsers
from tests.sim.page import samples
from tests.sim.page.workspaces import CHANNEL, Workspace

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

_STATE = """async () => (await import("/ui/static/state.js")).collectState(document.querySelector("dialog.modal"))"""


def option(label: str) -> Json:
    """An option whose value is its label in lower case."""
    return {"text": {"type": "plain_text", "text": label, "emoji": True}, "value": label.lower()}


async def type_into(page: Page, action_id: str, text: str) -> None:
    """Fills a field of the open modal."""
    await page.locator(f'dialog [data-action-id="{action_id}"]').fill(text)


async def test_errors_of_the_app_appear_at_the_field_and_what_was_typed_stays(
    chromium: Browser, workspace: Workspace
) -> None:
    errors = {"response_action": "errors", "errors": {"typed": "That is not the target's name."}}
    workspace.app.answer = lambda frame: errors if frame["payload"].get("type") == "view_submission" else {}
    async with browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        await workspace.open_view(samples.high_step())
        dialog = page.locator('[role=dialog][data-callback-id="step.confirm"]')
        await type_into(page, "typed", "deployment/apo")
        await type_into(page, "reason", "bad image since 04:05")
        await dialog.get_by_role("button", name="Roll back api").click()

        await expect(dialog.locator('[data-error-for="typed"]')).to_have_text("That is not the target's name.")
        await expect(dialog.locator('[data-error-for="reason"]')).to_be_hidden()
        await expect(dialog.locator('[data-action-id="typed"]')).to_have_value("deployment/apo")
        await expect(dialog.locator('[data-action-id="typed"]')).to_be_focused()
        await expect(dialog.locator('[data-action-id="typed"]')).to_have_attribute("aria-invalid", "true")
        await browsers.screenshot(page, "page-modal-errors-phone")


async def test_an_accepted_submission_carries_the_fields_and_closes_the_modal(
    chromium: Browser, workspace: Workspace
) -> None:
    async with browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        await workspace.open_view(samples.high_step())
        await type_into(page, "typed", "deployment/api")
        await type_into(page, "reason", "bad image since 04:05")
        await page.get_by_role("button", name="Roll back api").click()

        view = (await workspace.sent("view_submission"))["view"]
        assert view["private_metadata"] == "inc-42/step-2"
        assert view["state"]["values"] == {
            "typed": {"typed": {"type": "plain_text_input", "value": "deployment/api"}},
            "reason": {"reason": {"type": "plain_text_input", "value": "bad image since 04:05"}},
        }
        await expect(page.locator("dialog.modal")).to_have_count(0)


async def test_what_slacks_own_client_objects_to_is_never_sent(chromium: Browser, workspace: Workspace) -> None:
    async with browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        await workspace.open_view(samples.high_step())
        await type_into(page, "reason", "too short")
        await page.get_by_role("button", name="Roll back api").click()

        await expect(page.locator('[data-error-for="typed"]')).to_have_text("Please complete this required field.")
        await expect(page.locator('[data-error-for="reason"]')).to_have_text("Please use at least 10 characters.")
        assert workspace.sim.journal.of("view_submission") == []


async def test_enter_in_a_field_never_submits(chromium: Browser, workspace: Workspace) -> None:
    async with browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        await workspace.open_view(samples.high_step())
        await type_into(page, "reason", "long enough a reason")
        await type_into(page, "typed", "deployment/api")
        await page.locator('[data-action-id="typed"]').press("Enter")
        await page.get_by_role("button", name="Not now").click()

        closed = await workspace.sent("view_closed")
        assert closed["is_cleared"] is False
        assert workspace.sim.journal.of("view_submission") == []


async def test_without_an_ack_the_modal_says_so_in_time_and_keeps_the_text(
    chromium: Browser, impatient_workspace: Workspace
) -> None:
    workspace = impatient_workspace
    async with browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        await workspace.open_view(samples.high_step())
        workspace.app.answer = lambda _: None
        await type_into(page, "typed", "deployment/api")
        await type_into(page, "reason", "bad image since 04:05")
        await page.get_by_role("button", name="Roll back api").click()

        await expect(page.locator(".modal-failure")).to_contain_text("Try again?")
        await expect(page.locator('[data-action-id="reason"]')).to_have_value("bad image since 04:05")


async def test_a_pushed_view_covers_the_first_and_cancel_brings_it_back_as_it_was(
    chromium: Browser, workspace: Workspace
) -> None:
    async with browsers.desktop_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        first = samples.high_step()
        first["blocks"].append(samples.actions("more", samples.button("More", "more")))
        await workspace.open_view(first)
        await type_into(page, "reason", "half a reason")
        await page.get_by_role("button", name="More").click()
        trigger = (await workspace.sent("block_actions"))["trigger_id"]
        second = {
            "type": "modal",
            "callback_id": "second",
            "title": samples.plain("Details"),
            "blocks": [samples.section("more")],
        }
        assert (await workspace.api("views.push", trigger_id=trigger, view=second))["ok"]

        await expect(page.locator('[data-callback-id="second"]')).to_be_visible()
        await expect(page.locator('[data-callback-id="step.confirm"]')).to_be_hidden()
        await page.keyboard.press("Escape")
        await expect(page.locator('[data-callback-id="second"]')).to_have_count(0)
        await expect(page.locator('[data-action-id="reason"]')).to_have_value("half a reason")

        await page.get_by_role("button", name="Close all").click()
        await expect(page.locator("dialog.modal")).to_have_count(0)
        assert (await workspace.sent("view_closed"))["is_cleared"] is True


async def test_an_updated_view_keeps_what_was_typed_into_inputs_that_stay(
    chromium: Browser, workspace: Workspace
) -> None:
    async with browsers.desktop_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        await workspace.open_view(samples.high_step())
        await type_into(page, "reason", "half a reason")
        changed = samples.high_step()
        changed["blocks"].insert(0, samples.section("Now 4 pods"))
        view_id = workspace.sim.workspace.views.stack("U0ANA")[0]["id"]
        assert (await workspace.api("views.update", view_id=view_id, view=changed))["ok"]

        await expect(page.locator("dialog")).to_contain_text(["Now 4 pods"])
        await expect(page.locator('[data-action-id="reason"]')).to_have_value("half a reason")


async def test_tab_stays_inside_an_open_modal(chromium: Browser, workspace: Workspace) -> None:
    async with browsers.desktop_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        await workspace.open_view(samples.high_step())
        await expect(page.locator('[data-action-id="typed"]')).to_be_focused()
        for _ in range(12):
            await page.keyboard.press("Tab")
            place = "document.activeElement === document.body || document.activeElement.closest('dialog') !== null"
            assert await page.evaluate(place)


def every_element() -> list[tuple[str, Json]]:
    """(block id, element) for every stateful element."""
    options = {"options": [option("One"), option("Two")]}
    return [
        ("text", {"type": "plain_text_input"}),
        ("number", {"type": "number_input", "is_decimal_allowed": False}),
        ("mail", {"type": "email_text_input"}),
        ("web", {"type": "url_text_input"}),
        ("static", {"type": "static_select", **options}),
        ("multi", {"type": "multi_static_select", **options, "initial_options": [option("Two")]}),
        ("person", {"type": "users_select", "initial_user": "U0BEN"}),
        ("people", {"type": "multi_users_select"}),
        ("channel", {"type": "channels_select"}),
        ("talk", {"type": "conversations_select", "initial_conversation": CHANNEL}),
        ("boxes", {"type": "checkboxes", **options}),
        ("radio", {"type": "radio_buttons", **options, "initial_option": option("One")}),
        ("date", {"type": "datepicker", "initial_date": "2026-03-01"}),
        ("time", {"type": "timepicker"}),
        ("moment", {"type": "datetimepicker", "initial_date_time": 1_800_000_000}),
        ("lookup", {"type": "external_select", "min_query_length": 1}),
    ]


def form() -> Json:
    """A modal with every stateful element, all optional."""
    blocks = [
        samples.input_block(block_id, block_id, {"action_id": "a", **element}, optional=True)
        for block_id, element in every_element()
    ]
    return {
        "type": "modal",
        "callback_id": "form",
        "title": samples.plain("Form"),
        "submit": samples.plain("Send"),
        "blocks": blocks,
    }


async def test_an_untouched_form_has_exactly_the_state_that_the_server_computes(
    chromium: Browser, workspace: Workspace
) -> None:
    async with browsers.desktop_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        await workspace.open_view(form())
        await expect(page.get_by_role("dialog", name="Form")).to_be_visible()
        state = await page.evaluate(_STATE)

    held = workspace.sim.workspace.views.stack("U0ANA")[0]["state"]["values"]
    assert state == held
    assert state["text"] == {"a": {"type": "plain_text_input", "value": None}}
    assert state["boxes"] == {"a": {"type": "checkboxes", "selected_options": []}}


async def test_a_filled_form_has_slacks_state_for_every_element(chromium: Browser, workspace: Workspace) -> None:
    workspace.app.answer = lambda frame: (
        {"options": [option("Alpha"), option("Beta")]} if frame["payload"].get("type") == "block_suggestion" else {}
    )
    async with browsers.desktop_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        await workspace.open_view(form())
        place = {block_id: page.locator(f'[data-input-block="{block_id}"]') for block_id, _ in every_element()}
        for block_id, text in (
            ("text", "hello"),
            ("number", "42"),
            ("mail", "a@b.example"),
            ("web", "https://x.example"),
        ):
            await place[block_id].get_by_role("textbox").fill(text)
        await place["static"].get_by_role("combobox").select_option("two")
        await place["multi"].locator("summary").click()
        await place["multi"].get_by_label("One").check()
        await place["people"].locator("summary").click()
        await place["people"].get_by_label("Ana Ruiz").check()
        await place["channel"].get_by_role("combobox").select_option("C0GEN")
        await place["boxes"].get_by_label("Two").check()
        await place["radio"].get_by_label("Two").check()
        await place["time"].locator("input").fill("04:17")
        await place["lookup"].get_by_role("combobox").fill("b")
        await place["lookup"].get_by_role("option", name="Beta").click()
        await page.get_by_role("dialog", name="Form").get_by_role("button", name="Send").click()
        values = (await workspace.sent("view_submission"))["view"]["state"]["values"]

    content = {
        block_id: next(value for key, value in held["a"].items() if key != "type") for block_id, held in values.items()
    }
    assert content == {
        "text": "hello",
        "number": "42",
        "mail": "a@b.example",
        "web": "https://x.example",
        "static": option("Two"),
        "multi": [option("One"), option("Two")],
        "person": "U0BEN",
        "people": ["U0ANA"],
        "channel": "C0GEN",
        "talk": CHANNEL,
        "boxes": [option("Two")],
        "radio": option("Two"),
        "date": "2026-03-01",
        "time": "04:17",
        "moment": 1_800_000_000,
        "lookup": option("Beta"),
    }


async def test_elements_in_a_message_dispatch_with_their_value_and_the_messages_state(
    chromium: Browser, workspace: Workspace
) -> None:
    menu = {
        "type": "static_select",
        "action_id": "pick",
        "options": [option("One"), option("Two")],
        "placeholder": samples.plain("Pick"),
    }
    boxes = {"type": "checkboxes", "action_id": "boxes", "options": [option("One")]}
    more = {"type": "overflow", "action_id": "more", "options": [option("One"), option("Two")]}
    ts = await workspace.post("choose", [samples.actions("row", menu, boxes, more)])

    async with browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        card = page.locator(f'[data-ts="{ts}"]')
        await card.locator('select[data-action-id="pick"]').select_option("two")
        picked = await workspace.sent("block_actions")
        assert picked["actions"][0]["selected_option"] == option("Two")
        await card.get_by_label("One").check()
        checked = await workspace.sent("block_actions")
        assert checked["state"]["values"]["row"] == {
            "pick": {"type": "static_select", "selected_option": option("Two")},
            "boxes": {"type": "checkboxes", "selected_options": [option("One")]},
        }
        await card.get_by_role("button", name="More actions").click()
        await page.get_by_role("menuitem", name="Two").click()
        assert (await workspace.sent("block_actions"))["actions"][0]["selected_option"] == option("Two")


async def test_opening_the_app_home_tells_the_app_and_shows_what_it_publishes(
    chromium: Browser, workspace: Workspace
) -> None:
    async with browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        await page.get_by_role("button", name="Back to conversations").click()
        await page.get_by_test_id("app-home").click()
        assert (await workspace.sent("app_home_opened"))["event"]["user"] == "U0ANA"
        await workspace.publish_home(samples.home())

        await expect(page.get_by_role("heading", name="Waiting for you")).to_be_visible()
        await page.locator('.home-pane [data-action-id="step.reject"]').click()
        pressed = await workspace.sent("block_actions")
        assert pressed["container"]["type"] == "view"
        await browsers.screenshot(page, "page-home-phone")


async def test_the_home_of_one_person_is_not_shown_to_another(chromium: Browser, workspace: Workspace) -> None:
    await workspace.publish_home(samples.home(), user="U0ANA")
    async with browsers.phone_page(chromium, workspace.address(user="U0BEN", pane="home")) as page:
        await expect(page.locator(".home-pane .empty")).to_be_visible()
        await page.get_by_test_id("viewer").select_option("U0ANA")
        await expect(page.get_by_role("heading", name="Waiting for you")).to_be_visible()

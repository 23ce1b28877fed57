"""The page's panels: planting a fault, looking at the world, inspecting deliveries."""

import pytest
from playwright.async_api import Browser, expect

from tests import browser as browsers
from tests.sim.page import samples
from tests.sim.page.workspaces import CHANNEL, Scenarios, Workspace, running

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_scenario_is_fired_from_the_phone_and_the_sheet_makes_room(chromium: Browser) -> None:
    scenarios = Scenarios()
    async with (
        running(scenarios) as workspace,
        browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page,
    ):
        await page.get_by_test_id("open-scenarios").click()
        sheet = page.get_by_role("dialog", name="Break something")
        await expect(sheet.get_by_role("heading", name="Redis stops answering")).to_be_visible()
        await sheet.locator('[data-scenario="redis"]').click()
        await expect(sheet).to_be_hidden()
        assert scenarios.fired == ["redis"]

        await page.get_by_test_id("open-scenarios").click()
        await expect(sheet.locator('[data-scenario-state="running"]')).to_contain_text("Redis stops answering")


async def test_the_world_shows_services_faults_and_alerts(chromium: Browser) -> None:
    async with (
        running(Scenarios()) as workspace,
        browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page,
    ):
        await page.get_by_test_id("open-world").click()
        world = page.get_by_role("dialog", name="The world")
        await expect(world).to_contain_text("0/1 ready")
        await expect(world).to_contain_text("pool full")
        await expect(world).to_contain_text("RedisConnectionTimeout")


async def test_panels_are_absent_where_the_program_offers_none(chromium: Browser, workspace: Workspace) -> None:
    async with browsers.phone_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        await expect(page.get_by_test_id("open-inspector")).to_be_visible()
        assert await page.get_by_test_id("open-scenarios").count() == 0
        assert await page.get_by_test_id("open-world").count() == 0


async def test_the_inspector_lists_deliveries_with_latency_and_ack(chromium: Browser, workspace: Workspace) -> None:
    workspace.app.answer = lambda frame: {"text": "hello"} if frame["type"] == "slash_commands" else {}
    ts = await workspace.post("x", [samples.actions("row", samples.button("Go", "go"))])
    async with browsers.desktop_page(chromium, workspace.address(user="U0ANA", channel=CHANNEL)) as page:
        await page.get_by_test_id("open-inspector").click()
        await page.locator(f'[data-ts="{ts}"] [data-action-id="go"]').click()
        await workspace.sim.command("U0ANA", "/runbook list")

        inspector = page.get_by_test_id("inspector")
        await expect(inspector.locator('[data-delivery="block_actions"][data-status="acked"]')).to_contain_text(" ms")
        command = inspector.locator('[data-delivery="/runbook"]')
        await command.locator("summary").click()
        await expect(command.locator("pre")).to_contain_text('"text": "hello"')

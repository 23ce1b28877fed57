"""A hundred alerts at once within Slack's limits: all are seen, nothing refused, each thread when it is asked for."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from bot.sim.world import LocalWorld
from tests import browser as browsers
from tests.adapters.alerts import payloads
from tests.stories import living
from tests.stories.living import ANA, CHANNEL, Living, all_text
from tests.stories.phone import phone

MANY = 100


@pytest.fixture
async def life(tmp_path: Path) -> AsyncIterator[Living]:
    world = LocalWorld(manifest=living.manifest())
    await world.start()
    try:
        async with living.alive(world, tmp_path, per_second=1.0) as bot:
            yield Living(world, bot)
    finally:
        await world.stop()


def key(message: Mapping[str, Any]) -> tuple[str, str]:
    payload = message.get("metadata", {}).get("event_payload", {})
    return payload.get("incident", ""), payload.get("key", "")


def is_digest(message: Mapping[str, Any]) -> bool:
    return key(message) == ("storm", "digest")


@pytest.mark.browser
async def test_F51_a_hundred_alerts_at_once_are_all_seen_at_once_and_slack_refuses_nothing(life: Living) -> None:
    alerts = [payloads.alert(f"Odd{number}", instance=str(number), service="billing") for number in range(MANY)]
    began = time.monotonic()
    answers = await asyncio.gather(*(life.post_alert(payloads.group(each, groupKey="{}")) for each in alerts))
    assert set(answers) == {202}
    await life.world.slack.wait_for_message(
        lambda message: is_digest(message) and f"{MANY} incidents at once" in all_text(message), timeout=15
    )
    took = time.monotonic() - began
    print(f"all {MANY} visible after {took:.2f} s")
    last = f"INC-{MANY}"
    roots = [key(each)[0] for each in _messages(life) if key(each)[1] == "root"]
    assert len(roots) < MANY and len(roots) == len(set(roots)) and last not in roots
    async with browsers.chromium() as browser:
        await _on_the_phone(browser, life)
    await life.world.slack.command(ANA, f"/runbook status {last}")
    await life.message("root", incident=last)
    assert "over_budget" not in life.world.slack.warnings.codes(), life.world.slack.warnings.to_json()


async def _on_the_phone(browser: Browser, life: Living) -> None:
    async with phone(browser, life, ANA) as ana:
        digest = ana.page.locator(".channel-pane article").filter(has_text=f"{MANY} incidents at once").first
        await ana.shows(digest, "wait for a person", "For one of them now")
        await digest.scroll_into_view_if_needed()
        await ana.picture("storm-1-digest")
        button = digest.get_by_role("button", name="Open INC-").first
        wanted = (await button.inner_text()).removeprefix("Open ")
        await button.tap()
        await life.message("root", incident=wanted)
        await ana.picture("storm-2-opened")


def _messages(life: Living) -> list[Mapping[str, Any]]:
    return list(life.world.slack.workspace.channels.find(CHANNEL).messages.values())

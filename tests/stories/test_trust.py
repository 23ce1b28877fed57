"""Trust as on-call meets it on the phone: a level granted, used and lost; two people; a stop between two steps."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from bot.core.runbooks import Level
from bot.core.states import State
from tests import browser as browsers
from tests import builders as b
from tests.stories import living, past
from tests.stories.living import ANA, BEN, Living
from tests.stories.phone import PATIENCE_MS, phone

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NAME = "slow-checkout"
RUNBOOK = """\
name: slow-checkout
title: Slow checkout
owner: S0SRE
match: {all_words: [slow, checkout], service: [checkout]}
max_level: 2
limits: {replicas_added: 5}
steps:
  - name: Scale out
    run: kubectl scale deploy/checkout -n staging --replicas={replicas}
  - name: Verify
    run: kubectl get deploy checkout -n staging -o jsonpath={.spec.replicas}
    expect: {regex: '[2-9]'}
parameters:
  replicas: {from: labels.replicas, pattern: '[2-9]'}
"""
TWO = """\
name: two-people
title: Two people
match: {alert_names: [Never]}
approvers:
  medium: {groups: [S0SRE], quorum: 2}
steps:
  - name: Scale out
    run: kubectl scale deploy/checkout -n staging --replicas=2
  - name: Scale back
    run: kubectl scale deploy/checkout -n staging --replicas=3
    verify:
      run: kubectl get deploy checkout -n staging -o jsonpath={.spec.replicas}
      expect: {equals: '3'}
      within: 10s
"""
VERIFY = "kubectl get deploy checkout -n staging -o 'jsonpath={.spec.replicas}'"
WHY = "five clean runs, I looked at each of them"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with browsers.chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def life(tmp_path: Path) -> AsyncIterator[Living]:
    runbooks = tmp_path / "runbooks"
    runbooks.mkdir()
    (runbooks / "slow-checkout.yaml").write_text(RUNBOOK, "utf-8")
    (runbooks / "two-people.yaml").write_text(TWO, "utf-8")
    database, alert = tmp_path / "pageturner.db", b.alert(service="checkout", text="checkout is slow")
    alert = replace(alert, environment="staging", labels={"replicas": "2"})
    await past.cured(database, runbooks, NAME, times=4, alert=alert, answers={VERIFY: "2"})
    async with living.living(tmp_path, runbooks=runbooks) as alive:
        yield alive


async def alert(life: Living, number: int, *, firing: bool = True) -> None:
    body = {
        "name": "SlowCheckout", "text": "checkout is slow", "severity": "high", "service": "checkout",
        "environment": "staging", "status": "firing" if firing else "resolved",
        "labels": {"replicas": str(number), "run": str(number)},
    }  # fmt: skip
    assert await life.post_alert(body, source="generic") == 202


async def test_a_level_is_proposed_granted_used_alone_and_lost_when_the_alert_comes_back(
    chromium: Browser, life: Living
) -> None:
    async with phone(chromium, life, ANA) as ana:
        await alert(life, 5)
        await ana.open_thread("INC-5")
        await ana.press(ana.step(1), "Approve")
        await ana.shows(ana.step(1), "Approved by @ana")
        await life.state(State.RESOLVED, "INC-5")
        await alert(life, 5, firing=False)
        asked = ana.card("Level 2 for slow-checkout")
        await ana.shows(asked, "For @sre", "5 verified successes in a row", "not in production", "Lost", "at once")
        await asked.scroll_into_view_if_needed()
        await ana.picture("level-1-proposed")
        await ana.press(asked, "Grant level 2")
        window = ana.window("Grant level 2")
        await ana.picture("level-2-window")
        await window.locator('[data-action-id="reason"]').fill("fine")
        await window.get_by_role("button", name="Grant level 2").tap()
        await expect(window.locator('[data-error-for="reason"]')).to_contain_text("at least 10 characters")
        await window.locator('[data-action-id="reason"]').fill(WHY)
        await window.get_by_role("button", name="Grant level 2").tap()
        await ana.shows(asked, "granted", "Granted by @ana", WHY)

        await ana.back()
        await alert(life, 6)
        alone = await life.state(State.RESOLVED, "INC-6")
        assert alone.plan is not None and alone.plan.level is Level.CONDITIONAL
        await ana.open_thread("INC-6")
        await ana.shows(ana.step(1), "level 2 runs medium steps alone where every guard holds")
        await expect(ana.step(1).get_by_role("button", name="Approve")).to_have_count(0)
        await ana.picture("level-3-alone")
        await alert(life, 6, firing=False)
        await ana.shows(ana.card("INC-6 resolved"), "alert cleared")

        await alert(life, 6)
        lost = ana.card("slow-checkout lost level 2")
        await ana.shows(lost, "The alert came back after the cure.", "From now on every change asks first")
        await lost.scroll_into_view_if_needed()
        await ana.picture("level-4-lost")
        await ana.back()
        await ana.send("/runbook levels")
        await ana.shows(
            ana.whisper(),
            "slow-checkout for checkout in staging",
            "level 1",
            "1 came back",
            "lost: the alert came back",
        )
        await ana.whisper().scroll_into_view_if_needed()
        await ana.picture("level-5-listed")
        await alert(life, 7)
        await life.state(State.WAITING, "INC-7")


async def test_two_people_approve_and_a_freeze_between_two_steps_stops_the_second(
    chromium: Browser, life: Living
) -> None:
    async with phone(chromium, life, ANA) as ana, phone(chromium, life, BEN) as ben:
        await ana.send("/runbook run two-people")
        await ana.open_thread("INC-5")
        await ana.shows(ana.step(1), "2 of @sre")
        await ana.press(ana.step(1), "Approve")
        await ana.shows(ana.step(1), "takes 2 approvals", "Approved by @ana", "1 more needed")
        await ana.picture("two-1-first")
        await ben.open_thread("INC-5")
        await ben.press(ben.step(1), "Approve")
        await ben.shows(ben.step(1), "Approved by @ana", "@ben")
        await ben.picture("two-2-both")
        await expect(ana.step(2).get_by_role("button", name="Approve")).to_be_visible(timeout=PATIENCE_MS)
        await ana.press(ana.step(2), "Approve")
        await ben.back()
        await ben.send("/runbook freeze payments are being moved")
        said = ben.page.locator(".channel-pane article", has_text="froze everything").first
        await ben.shows(said, "payments are being moved")
        await ben.open_thread("INC-5")
        await ben.press(ben.step(2), "Approve")
        await ben.shows(ben.card("Escalated"), "froze everything", "Nothing was run.")
        await ben.picture("two-3-frozen")
    scaled = [each for each in life.world.cluster.writes if each.path.endswith("/scale") and each.status < 300]
    assert len(scaled) == 1
    stopped = await life.state(State.ESCALATED, "INC-5")
    assert [step.attempts for step in stopped.steps] == [1, 0]


async def test_two_people_break_the_glass_for_one_incident(chromium: Browser, life: Living) -> None:
    async with phone(chromium, life, ANA) as ana, phone(chromium, life, BEN) as ben:
        await alert(life, 5)
        await ana.send("/runbook freeze the year is being closed")
        await ana.open_thread("INC-5")
        await ana.press(ana.step(1), "Approve")
        await ana.shows(ana.card("Escalated"), "froze everything")
        await ana.back()
        await ana.send("/runbook break-glass INC-5 customers cannot pay at all")
        said = ana.page.locator(".channel-pane article", has_text="in spite of the freeze").first
        await ana.shows(said, "@ana asks to act on INC-5")
        await ben.open_thread("INC-5")
        asked = ben.card("Act in spite of the freeze?")
        await ben.shows(asked, "customers cannot pay at all", "A second approver must agree")
        await asked.scroll_into_view_if_needed()
        await ben.picture("glass-1-asked")
        await ben.press(asked, "Agree and break")
        window = ben.window("Break the glass")
        await window.locator('[data-action-id="reason"]').fill("seen it with my own eyes")
        await window.get_by_role("button", name="Agree and break").tap()
        broken = ben.card("Glass broken")
        await ben.shows(broken, "Agreed by @ben", "every step asks as always")
        await broken.scroll_into_view_if_needed()
        await ben.picture("glass-2-broken")


async def test_app_home_shows_what_waits_and_takes_the_answer(chromium: Browser, life: Living) -> None:
    async with phone(chromium, life, ANA) as ana:
        await alert(life, 5)
        await life.state(State.WAITING, "INC-5")
        await ana.open_home()
        home = ana.page.locator(".home-pane")
        await ana.shows(home, "Waits for you", "kubectl scale deploy/checkout -n staging --replicas=5")
        await ana.shows(home, "Open incidents", "Done alone in the last 24 h", "4 in a row")
        await ana.picture("home-1-waits")
        await home.get_by_role("button", name="Approve", exact=True).tap()
        await ana.shows(home, "Approved. It is checked once more", "Nothing waits for you.")
        await ana.picture("home-2-answered")
        await life.state(State.RESOLVED, "INC-5")
    async with phone(chromium, life, living.CHI) as chi:
        await alert(life, 6)
        await life.state(State.WAITING, "INC-6")
        await chi.open_home()
        await chi.shows(chi.page.locator(".home-pane"), "Nothing waits for you.", "INC-6")

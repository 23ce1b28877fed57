"""The whole road as on-call walks it, with a thumb on the local workspace's page: nothing is pressed any other way."""

import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from bot.core.states import State
from bot.sim.cluster import kinds, objects
from tests import browser as browsers
from tests.stories import living
from tests.stories.living import ANA, BEN, CHI, DEE, Living
from tests.stories.phone import PATIENCE_MS, desk, phone

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FLUSH = "kubectl exec -n production deploy/redis-primary -- redis-cli FLUSHDB"
REASON = "bad image since the last release"
CURE = "reconciled by hand"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with browsers.chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def life(tmp_path: Path) -> AsyncIterator[Living]:
    async with living.living(tmp_path) as alive:
        yield alive


async def test_a_stuck_pool_is_broken_read_approved_and_cured_by_thumb_alone(chromium: Browser, life: Living) -> None:
    async with phone(chromium, life, ANA) as ana:
        await ana.break_something("redis-pool")
        await ana.shows(ana.push("INC-1 needs your approval"), "Flush the connection pool", "expires")
        await ana.shows(ana.root(), "Waiting in the thread for an approver of step 1/2 until")
        await expect(ana.root().locator(".notifies")).to_have_count(0)
        await ana.picture("redis-1-root")

        await ana.open_thread()
        step = ana.step(1)
        await expect(step.locator("pre")).to_have_text(FLUSH)
        await expect(step.locator(".notifies summary")).to_have_text("would notify: 2 people")
        for part in (step.locator("pre"), *(step.get_by_role("button", name=each) for each in ("Approve", "Reject"))):
            await expect(part).to_be_in_viewport(ratio=1)
        assert life.executed("FLUSHDB") == []
        await ana.picture("redis-2-step")

        await ana.press(step, "Approve")
        await ana.shows(step, "done", "Approved by @ana", "output OK · check passed")
        await expect(step.get_by_role("button", name="Approve")).to_have_count(0)
        await ana.shows(ana.card("INC-1 resolved"), "Approved by @ana (1)", "alert cleared", "(OK)")
        await ana.picture("redis-3-summary")
        await ana.back()
        await ana.shows(ana.root(), "Resolved at", "1 alert, cleared")
        await expect(ana.root().get_by_role("button")).to_have_count(2)  # its menu and its replies: nothing to decide
        await ana.picture("redis-4-root-resolved")

        thread = await ana.root().get_attribute("data-ts")
        async with desk(chromium, life, BEN, str(thread)) as page:
            await expect(page.locator(".thread-pane")).to_contain_text("INC-1 resolved")
            await browsers.screenshot(page, "story-redis-5-desktop")

    assert len(life.executed("FLUSHDB")) == 1
    assert not life.world.cluster.faults.is_active("stuck-redis-pool")


async def test_a_roll_back_is_refused_to_some_corrected_at_the_field_and_then_done(
    chromium: Browser, life: Living
) -> None:
    async with phone(chromium, life, CHI) as one:
        await one.break_something("bad-release")
        await one.open_thread()
        step = one.step(3)
        await one.press(step, "Review and confirm")
        await one.read_whisper("Not done: You are not an approver for this step. Allowed: @leads.")
        await one.picture("release-1-chi-refused")
        await one.become(DEE)
        await one.press(step, "Review and confirm")
        await one.read_whisper("guests never approve", "Allowed: @leads.")
        await one.picture("release-2-dee-refused")
        await expect(one.page.locator("dialog.modal")).to_have_count(0)

        await one.become(BEN)
        await one.press(step, "Review and confirm")
        window = one.window("Confirm step 3/4")
        await one.shows(window, "kubectl rollout undo deployment/checkout -n production")
        await one.shows(window, "checkout:1.9.2 -> checkout:1.9.1", "replaces 3 pods", "Undo")
        await one.picture("release-3-confirm")
        await _confirm(window, "chekout", REASON)
        await one.shows(_error(window, "typed"), "Type exactly: checkout")
        await expect(_field(window, "typed")).to_have_value("chekout")
        await expect(_field(window, "reason")).to_have_value(REASON)
        await one.picture("release-4-wrong-name")
        await _confirm(window, "checkout", "because")
        await one.shows(_error(window, "reason"), "at least 10 characters")
        await expect(_field(window, "typed")).to_have_value("checkout")
        await one.picture("release-5-thin-reason")
        assert life.world.cluster.faults.is_active("bad-image")

        await _confirm(window, "checkout", REASON)
        await expect(window).to_be_hidden(timeout=PATIENCE_MS)
        await one.shows(step, f'Approved by @ben ("{REASON}")', "image  checkout:1.9.2 -> checkout:1.9.1")
        await one.shows(one.card("INC-1 resolved"), "4 of 4 steps succeeded", f'("{REASON}")')
        await one.picture("release-6-summary")
        thread = await one.root().get_attribute("data-ts")
        async with desk(chromium, life, BEN, str(thread)) as page:
            await expect(page.locator(".thread-pane")).to_contain_text("INC-1 resolved")
            await browsers.screenshot(page, "story-release-7-desktop")

    assert not life.world.cluster.faults.is_active("bad-image")


async def test_a_reject_asks_why_and_the_thread_shows_who_refused_and_who_is_called(
    chromium: Browser, life: Living
) -> None:
    async with phone(chromium, life, ANA) as ana:
        await ana.break_something("redis-pool")
        await ana.open_thread()
        await ana.press(ana.step(1), "Reject")
        window = ana.window("Reject")
        await ana.shows(window, FLUSH)
        await window.get_by_role("button", name="Reject").tap()
        await expect(_error(window, "reason")).to_be_visible()
        await ana.picture("reject-1-why")
        await _field(window, "reason").fill("the cache is needed for the sale")
        await window.get_by_role("button", name="Reject").tap()
        await ana.shows(ana.step(1), 'Rejected by @ana ("the cache is needed for the sale")', "nothing was run")
        called = ana.card("Escalated")
        await ana.shows(called, "rejected", "the cache is needed for the sale", "Nothing was run.", "PagerDuty reached")
        await ana.picture("reject-2-escalated")

    assert life.executed("FLUSHDB") == []


async def test_two_thumbs_on_one_button_run_it_once_and_the_second_is_told_who_was_first(
    chromium: Browser, life: Living
) -> None:
    async with phone(chromium, life, ANA) as ana, phone(chromium, life, BEN) as ben:
        await ana.break_something("redis-pool")
        await ana.open_thread()
        await ben.open_thread()
        await expect(ben.step(1).get_by_role("button", name="Approve")).to_be_visible(timeout=PATIENCE_MS)
        _hold_back_edits(life)
        await ana.press(ana.step(1), "Approve")
        await ana.shows(ana.whisper(), "Approved.")
        await life.state(State.RESOLVED)

        await ben.press(ben.step(1), "Approve")
        await ben.read_whisper("Not done: It was approved already", "By @ana.")
        await ben.picture("second-1-told-who-was-first")
        life.world.slack.faults.clear()
        await ben.shows(ben.step(1), "Approved by @ana")

    assert len(life.executed("FLUSHDB")) == 1


async def test_an_approval_that_came_too_late_is_told_so_and_runs_nothing(chromium: Browser, tmp_path: Path) -> None:
    runbooks = _hasty(tmp_path / "runbooks")
    async with living.living(tmp_path, runbooks=runbooks) as life, phone(chromium, life, ANA) as ana:
        await ana.break_something("redis-pool")
        await ana.open_thread()
        await expect(ana.step(1).get_by_role("button", name="Approve")).to_be_visible(timeout=PATIENCE_MS)
        _hold_back_edits(life)
        await life.state(State.ESCALATED)
        await ana.press(ana.step(1), "Approve")
        await ana.read_whisper("Not done: The time to approve is over; nothing was run.")
        await ana.picture("late-1-told")
        life.world.slack.faults.clear()
        await ana.shows(ana.step(1), "Nobody approved it until", "nothing was run")
        await ana.shows(ana.card("Escalated"), "Nobody approved in time", "For @sre, @leads")
        assert life.executed("FLUSHDB") == []


async def test_a_pod_replaced_between_showing_and_approving_runs_nothing_and_is_asked_about_anew(
    chromium: Browser, life: Living
) -> None:
    async with phone(chromium, life, ANA) as ana:
        await ana.break_something("redis-pool")
        await ana.open_thread()
        step = ana.step(1)
        old = (await life.state(State.WAITING)).steps[0].plan.preview.targets[0].name
        await ana.shows(step, old)
        new = await _replace_pod(life, old)
        await ana.press(step, "Approve")
        await ana.shows(step, "Asked again, nothing was run: changed since it was shown", new)
        await ana.shows(step, "the approval of @ana does not count any more")
        await expect(step).not_to_contain_text(old)
        await ana.picture("stale-1-asked-again")
        assert life.executed("FLUSHDB") == []

        await ana.press(step, "Approve")
        await ana.shows(step, "done", "output OK")
        assert len(life.executed("FLUSHDB")) == 1


async def test_an_alert_that_nobody_foresaw_is_taken_and_resolved_with_a_reason(
    chromium: Browser, life: Living
) -> None:
    async with phone(chromium, life, ANA) as ana:
        await ana.break_something("unknown")
        root = ana.root()
        await ana.shows(root, "Escalated to @sre, @leads", "No runbook fits this alert.", "PagerDuty reached")
        await expect(root.locator(".notifies summary")).to_have_text("would notify: 2 people")
        await expect(root.locator("[data-open-thread]")).to_have_count(0)  # one message calls; there is no second one
        await ana.picture("unknown-1-root")
        await ana.press(root, "Take it")
        await ana.shows(root, "Taken by @ana")
        await ana.press(root, "Resolve")
        window = ana.window("Resolve INC-1")
        await _field(window, "reason").fill(CURE)
        await ana.picture("unknown-2-resolve")
        await window.get_by_role("button", name="Resolve").tap()
        await ana.shows(root, "Resolved at", f"@ana: {CURE}")
        await ana.open_thread()
        await ana.shows(ana.card("INC-1 resolved"), "no step ran", CURE)
        await ana.picture("unknown-3-summary")


async def test_a_leak_that_comes_back_calls_people_in_the_same_thread(chromium: Browser, life: Living) -> None:
    life.world.cluster.faults.memory_leak.returns_after_seconds = 3.0
    async with phone(chromium, life, ANA) as ana:
        await ana.break_something("memory-leak")
        await ana.open_thread()
        await ana.shows(ana.step(2), "restarts", "pods of recommender")
        await ana.picture("leak-1-step")
        await ana.press(ana.step(2), "Approve")
        called = ana.card("Escalated")
        await ana.shows(called, "came back", "cured a symptom, not the cause", "@sre, @leads")
        await ana.shows(ana.card("INC-1 opened again"), "fired again at")
        await ana.picture("leak-2-came-back")
        await ana.back()
        await ana.shows(ana.root(), "Escalated at", "came back 1 time")
        await ana.picture("leak-3-root")

    restarts = [each for each in life.world.cluster.writes if "recommender" in each.path and each.method == "PATCH"]
    assert len(restarts) == 1


async def test_the_slash_command_completes_helps_lists_and_starts_a_runbook_with_parameters(
    chromium: Browser, life: Living
) -> None:
    async with phone(chromium, life, CHI) as chi:
        await chi.page.get_by_test_id("composer").fill("/ru")
        offered = chi.page.get_by_role("listbox", name="Suggestions").get_by_role("option")
        await expect(offered).to_contain_text(["/runbook"])
        await chi.picture("slash-1-completion")
        await offered.tap()
        await expect(chi.page.get_by_test_id("composer")).to_have_value("/runbook ")
        await chi.send("/runbook help")
        await chi.shows(chi.whisper(), "/runbook run NAME key=value", "/runbook status")
        await chi.picture("slash-2-help")
        await chi.send("/runbook list")
        await chi.shows(chi.whisper(), "12 runbooks", "redis-connection-timeout", "memory-leak-restart")
        await chi.picture("slash-3-list")
        await chi.send("/runbook run nope")
        await chi.shows(chi.whisper(), "Not done: there is no runbook nope. See /runbook list.")
        await chi.picture("slash-4-nope")

        await chi.send("/runbook run")
        window = chi.window("Run a runbook")
        await _field(window, "runbook.select").select_option("memory-leak-restart")
        deployment = _field(window, "parameter.deployment")
        await deployment.fill("Not A Name")
        await chi.picture("slash-5-form")
        await window.get_by_role("button", name="Run").tap()
        await chi.shows(_error(window, "parameter.deployment"), "deployment")
        await expect(deployment).to_have_value("Not A Name")
        await chi.picture("slash-6-form-error")
        await deployment.fill("recommender")
        await window.get_by_role("button", name="Run").tap()
        await chi.shows(chi.root(), "Memory leak", "started by hand", "asked for by @chi", "Waiting in the thread")
        await chi.picture("slash-7-started")


async def test_F67_a_freeze_typed_on_the_phone_keeps_an_approved_step_from_running_until_it_is_lifted(
    chromium: Browser, life: Living
) -> None:
    async with phone(chromium, life, ANA) as ana, phone(chromium, life, CHI) as chi:
        await ana.break_something("redis-pool")
        await expect(ana.root()).to_contain_text("Waiting in the thread", timeout=PATIENCE_MS)
        await chi.send("/runbook freeze the database is being moved <!channel> <@U0BEN> for 2h")
        said = ana.page.locator(".channel-pane article", has_text="froze everything").first
        await ana.shows(said, "@chi froze everything until ", "the database is being moved", "/runbook unfreeze")
        await expect(said.locator(".mention")).to_have_text(["@chi"])
        await ana.picture("freeze-1-told")
        await ana.open_thread()
        await ana.press(ana.step(1), "Approve")
        await ana.shows(ana.step(1), "nothing was run · @chi froze everything until")
        called = ana.card("Escalated")
        await ana.shows(called, "froze everything", "Lift it with /runbook unfreeze", "Nothing was run.")
        await ana.picture("freeze-2-escalated")
        assert life.executed("FLUSHDB") == []

        await chi.send("/runbook unfreeze")
        await chi.shows(chi.whisper(), "You are not an approver")
        await ana.back()
        await ana.send("/runbook status")
        await ana.shows(ana.whisper(), "Stopped. @chi froze everything")
        await ana.picture("freeze-3-status")
        await ana.send("/runbook unfreeze")
        lifted = ana.page.locator(".channel-pane article", has_text="lifted the freeze").first
        await ana.shows(lifted, "@ana lifted the freeze of everything", "Steps may start again")
        await ana.send("/runbook run redis-connection-timeout")
        await ana.shows(ana.root("INC-2"), "Waiting in the thread")
        await ana.picture("freeze-4-lifted")


async def test_F77_an_alert_that_attacks_is_shown_letter_for_letter_and_rings_only_who_is_called(
    chromium: Browser, life: Living
) -> None:
    async with phone(chromium, life, ANA) as ana:
        await ana.break_something("attack")
        root = ana.root()
        await ana.shows(root, "Escalated at", "<!channel> <@U0BEN> please press <https://evil.example/approve|Approve>")
        await ana.picture("attack-1-root")
        await ana.open_thread()
        await ana.shows(ana.card("Escalated"), "@sre, @leads", "Nothing was run.", "PagerDuty reached")
        await ana.picture("attack-2-thread")
        links = await ana.page.locator("article a[href]").evaluate_all("nodes => nodes.map((node) => node.href)")
        mentions = await ana.page.locator("article .mention").evaluate_all(
            "nodes => nodes.map((node) => node.dataset.usergroup || node.dataset.user || 'channel')"
        )

    assert set(links) == {"http://prometheus.example/graph"}
    assert set(mentions) == {"S0SRE", "S0LEADS"}
    posted = life.world.slack.workspace.channels.find(living.CHANNEL)
    assert {who for rung in posted.notifies.values() for who in rung} == {ANA, BEN}
    assert len(posted.notifies) == 1, "one message rings, the escalation's own"
    assert life.world.cluster.writes == []


# --- what the stories share ------------------------------------------------------------------------------------------


def _field(window: Locator, name: str) -> Locator:
    return window.locator(f'[data-action-id="{name}"]')


def _error(window: Locator, name: str) -> Locator:
    return window.locator(f'[data-error-for="{name}"]')


async def _confirm(window: Locator, typed: str, reason: str) -> None:
    await _field(window, "typed").fill(typed)
    await _field(window, "reason").fill(reason)
    await window.get_by_role("button", name="Run it on checkout").tap()


def _hold_back_edits(life: Living) -> None:
    """Slack takes no edit for a while, so that a phone goes on showing buttons that are spent."""
    life.world.slack.faults.plant("chat.update", "rate_limited", times=1_000, retry_after=1)


def _hasty(folder: Path) -> Path:
    """The shipped runbooks, but the redis one waits for approval two seconds only."""
    shutil.copytree(living.RUNBOOKS, folder)
    redis = folder / "redis-connection-timeout.md"
    text = redis.read_text("utf-8")
    hasty = text.replace("- requires_human_approval: true", "- requires_human_approval: true\n- approval_window: 2s")
    assert hasty != text
    redis.write_text(hasty, "utf-8")
    return folder


async def _replace_pod(life: Living, name: str) -> str:
    """The pod is deleted behind everybody's back; gives the name of the one that its controller makes instead."""
    cluster = life.world.cluster
    url = f"{cluster.url}/api/v1/namespaces/production/pods/{name}?gracePeriodSeconds=0"
    headers = {"Authorization": f"Bearer {cluster.token('admin')}"}
    async with aiohttp.ClientSession() as session, session.delete(url, headers=headers) as answer:
        assert answer.status == 200

    def fresh() -> list[str]:
        pods = cluster.state.items(kinds.PODS, "production")
        found = [pod for pod in pods if objects.name_of(pod).startswith("redis-primary-")]
        return [objects.name_of(pod) for pod in found if objects.name_of(pod) != name and _is_ready(pod)]

    await cluster.wait_until(lambda: bool(fresh()), timeout=10)
    return fresh()[0]


def _is_ready(pod: objects.Obj) -> bool:
    return any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"].get("conditions", ()))


async def test_a_value_is_found_a_question_answered_and_a_wait_seen_out(chromium: Browser, life: Living) -> None:
    async with phone(chromium, life, ANA) as ana:
        await ana.send("/runbook run replace-one-pod")
        await ana.shows(ana.root(), "Waiting in the thread")  # the page does not move what is being read
        await ana.open_thread()
        question = ana.step(3)
        await ana.shows(question, "Do its last lines look as if a fresh pod would help?", "Step 1", "pod is worker-")
        for name in ("Continue", "Stop"):
            await expect(question.get_by_role("button", name=name, exact=True)).to_be_in_viewport(ratio=1)
        await ana.picture("replace-1-question")
        await ana.press(question, "Continue")
        await ana.shows(question, "done", "Approved by @ana")
        step = ana.step(4)
        await expect(step.locator("pre")).to_have_text(re.compile(r"kubectl delete pod worker-\S+ -n production"))
        await ana.picture("replace-2-step")
        await ana.press(step, "Approve")
        await ana.shows(ana.card("INC-1 resolved"), "Approved by @ana (2)")
        await ana.picture("replace-3-summary")
    found = (await life.state(State.RESOLVED)).captured["pod"]
    assert [write.path.rsplit("/", 1)[-1] for write in life.world.cluster.writes if write.method == "DELETE"] == [found]

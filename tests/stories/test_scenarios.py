"""The scenarios of the local world, each from the alert to its end, as on-call lives them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.core.events import EscalationReason
from bot.core.previews import Outcome
from bot.core.states import State
from bot.sim.slack.faults import FaultKind
from bot.sim.slack.outcomes import Result
from tests.stories import living
from tests.stories.living import ANA, BEN, CHI, Living

REASON = "bad image since the last release"


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[Living]:
    async with living.living(tmp_path, "redis-pool") as life:
        yield life


async def test_a_stuck_connection_pool_is_flushed_after_one_approval_and_the_alert_clears_by_itself(
    redis: Living,
) -> None:
    asked = await redis.with_button("step-1", "step.approve")
    shown = living.all_text(asked)
    assert "kubectl exec -n production deploy/redis-primary -- redis-cli FLUSHDB" in shown
    assert "redis-primary-" in shown, "the resolved pod is named"
    assert redis.executed("FLUSHDB") == []
    await redis.press(ANA, asked, "step.approve")
    done = await redis.state(State.RESOLVED)
    assert len(redis.executed("FLUSHDB")) == 1
    assert not redis.world.cluster.faults.is_active("stuck-redis-pool")
    assert [vote.voter for vote in done.steps[0].approved_by] == [ANA]
    summary = await redis.message("summary", holding="resolved")
    assert "redis-connection-timeout" in living.all_text(summary)


async def test_somebody_who_may_not_approve_is_told_who_can_and_nothing_runs(redis: Living) -> None:
    asked = await redis.with_button("step-1", "step.approve")
    await redis.press(CHI, asked, "step.approve")
    assert "not an approver" in await redis.told(CHI, "approver")
    await redis.press(living.DEE, asked, "step.approve")
    assert "guests never approve" in await redis.told(living.DEE, "guests")
    assert redis.executed("FLUSHDB") == []


async def test_a_reject_asks_why_stops_the_run_and_calls_people(redis: Living) -> None:
    asked = await redis.with_button("step-1", "step.reject")
    await redis.press(ANA, asked, "step.reject")
    view = await redis.world.slack.wait_for_view(ANA)
    assert (await redis.world.slack.submit(ANA, view["id"], {"reason": ""})).result is Result.ERRORS
    await redis.world.slack.submit(ANA, view["id"], {"reason": "cache is needed for the sale"})
    escalated = await redis.state(State.ESCALATED)
    assert escalated.escalation is not None
    assert escalated.escalation.reason is EscalationReason.REJECTED
    assert "cache is needed for the sale" in living.all_text(await redis.message("escalation-1"))
    assert redis.executed("FLUSHDB") == []


async def test_a_bad_release_is_rolled_back_only_with_the_typed_name_and_a_reason(tmp_path: Path) -> None:
    async with living.living(tmp_path, "bad-release") as life:
        number = await _high_step(life)
        wrong = await life.confirm(number, "chekout", REASON)
        assert "typed" in wrong.errors
        view = await life.world.slack.wait_for_view(BEN)
        thin = await life.world.slack.submit(BEN, view["id"], {"typed": "checkout", "reason": "because"})
        assert "reason" in thin.errors
        assert life.world.cluster.faults.is_active("bad-image")
        await life.world.slack.submit(BEN, view["id"], {"typed": "checkout", "reason": REASON})
        await life.state(State.RESOLVED)
        assert not life.world.cluster.faults.is_active("bad-image")
        assert REASON in living.all_text(await life.message(f"step-{number}", holding="Approved"))


async def test_a_leak_that_comes_back_after_a_restart_goes_to_people_and_is_not_restarted_again(tmp_path: Path) -> None:
    async with living.living(tmp_path, "memory-leak") as life:
        life.world.cluster.faults.memory_leak.returns_after_seconds = 4.0
        await _approve_first_change(life)
        await life.state(State.RESOLVED)
        await life.state(State.ESCALATED)
        patches = [each for each in life.world.cluster.writes if "recommender" in each.path and each.method == "PATCH"]
        assert len(patches) == 1
        assert "symptom" in living.all_text(await life.message("escalation-1"))


@pytest.mark.parametrize(
    ("scenario", "fault"), [("disk-full", "disk-full"), ("stuck-pod", "stuck-pod"), ("overload", "overload")]
)
async def test_one_approved_change_cures(tmp_path: Path, scenario: str, fault: str) -> None:
    async with living.living(tmp_path, scenario) as life:
        assert life.world.cluster.faults.is_active(fault)
        await _approve_first_change(life)
        await life.state(State.RESOLVED)
        assert not life.world.cluster.faults.is_active(fault)


async def test_an_alert_that_nobody_foresaw_calls_people_at_once_and_is_taken_and_resolved(tmp_path: Path) -> None:
    async with living.living(tmp_path, "unknown") as life:
        await life.state(State.ESCALATED)
        await life.world.pager.wait_for_page()
        root = await life.with_button("root", "incident.take")
        await life.press(ANA, root, "incident.take")
        resolving = await life.with_button("root", "incident.resolve")
        await life.press(ANA, resolving, "incident.resolve")
        view = await life.world.slack.wait_for_view(ANA)
        await life.world.slack.submit(ANA, view["id"], {"reason": "reconciled by hand"})
        done = await life.state(State.RESOLVED)
        assert "reconciled by hand" in done.resolution


async def test_F77_an_alert_that_attacks_notifies_nobody_and_runs_nothing(tmp_path: Path) -> None:
    async with living.living(tmp_path, "attack") as life:
        escalated = await life.state(State.ESCALATED)
        assert escalated.escalation is not None
        assert "dash" in escalated.escalation.explanation
        await life.message("root")
        everything = life.world.slack.workspace.channels.find("incidents").messages.values()
        notified = {who for message in everything for who in message.get("notifies", ())}
        assert notified <= {ANA, BEN}, "only the escalation's own group may ring"
        assert not any("evil.example" in url for message in everything for url in _links(message))
        assert life.world.cluster.writes == []


def _links(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [str(value["url"])] if "url" in value else []
        return own + [link for each in value.values() for link in _links(each)]
    return [link for each in value for link in _links(each)] if isinstance(value, list) else []


async def _high_step(life: Living) -> int:
    waiting = await life.state(State.WAITING)
    assert waiting.approval is not None
    assert waiting.approval.typed_name == "checkout"
    return int(waiting.approval.step)


async def _approve_first_change(life: Living) -> None:
    waiting = await life.state(State.WAITING)
    assert waiting.approval is not None
    number = int(waiting.approval.step)
    if waiting.approval.typed_name:
        await life.confirm(number, waiting.approval.typed_name, REASON)
    else:
        await life.approve(number)


async def test_F45_while_slack_is_away_what_was_approved_ends_and_is_told_when_it_is_back(tmp_path: Path) -> None:
    async with living.living(tmp_path, "redis-pool") as life:
        asked = await life.with_button("step-1", "step.approve")
        for method in ("chat.postMessage", "chat.update"):
            life.world.slack.faults.plant(method, FaultKind.HTTP_ERROR, times=100_000, status=503)
        await life.press(ANA, asked, "step.approve")
        done = await life.state(State.RESOLVED)
        assert all(step.outcome is Outcome.SUCCEEDED for step in done.steps)
        assert len(life.executed("FLUSHDB")) == 1
        life.world.slack.faults.clear()
        await life.message("step-1", holding="Approved by")
        await life.message("summary")
        assert len(life.executed("FLUSHDB")) == 1

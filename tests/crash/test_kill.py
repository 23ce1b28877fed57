"""kill -9 at every moment of one incident: before and after each durable write, and around each call to the outside."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.core.previews import Outcome
from tests.crash import lives, points
from tests.crash.lives import Lives
from tests.crash.points import Doom
from tests.stories import living

EVERY_MOMENT = os.environ.get("TEST_EVERY_MOMENT") == "1"
STORE_MOMENTS = range(0, 40, 1 if EVERY_MOMENT else 5)
"""One undisturbed road passes forty moments, before and after each of twenty writes; a death that does not happen fails
its test. Every fifth is taken, by turns one before and one after a write, unless all are asked for."""

CAREFUL_MOMENTS = range(7, 64, 1 if EVERY_MOMENT else 15)
"""Some moments of a road that finds a value, asks, waits and only then changes something."""

CAREFUL = """\
name: careful-flush
title: Careful flush
match: {all_words: [redis, connection, timeout]}
limits: {cache_operations: 1}
steps:
  - name: Find the primary
    run: kubectl get pods -n production -l app=redis-primary -o jsonpath={.items[0].metadata.name}
    capture: {name: pod, pattern: 'redis-primary[a-z0-9-]*'}
  - name: Agree
    checkpoint: Is {pod} the primary?
  - name: Let it settle
    wait: {for: 1s}
  - name: Flush
    run: kubectl exec -n production {pod} -- redis-cli FLUSHDB
    expect: {equals: OK}
  - name: Verify
    run: kubectl exec -n production deploy/api-gateway -- curl -s localhost:8080/health | jq -r .redis
    expect: {contains: connected}
"""


@pytest.mark.crash
@pytest.mark.parametrize("moment", STORE_MOMENTS)
async def test_killed_around_a_durable_write(tmp_path: Path, moment: int) -> None:
    async with lives.living_with(tmp_path, Doom(points.WRITE, moment + 1)) as life:
        await lives.road(life)
        await lives.check(life)
        assert life.deaths == 1, f"the bot passed fewer than {moment} moments"


async def _posted(life: Lives, key: str) -> None:
    """Slack has taken a message of this key; the bot may not know it yet."""
    await life.world.slack.wait_for_message(lambda message: lives.key(message) == key, timeout=lives.PATIENCE_SECONDS)


async def _updated(life: Lives, word: str) -> None:
    await life.world.slack.wait_for_message(
        lambda message: word in living.all_text(message), timeout=lives.PATIENCE_SECONDS
    )


async def _flushed(life: Lives, _: str) -> None:
    """The command has had its effect; its answer may not have arrived."""
    faults = life.world.cluster.faults
    await life.world.cluster.wait_until(
        lambda: not faults.is_active("stuck-redis-pool"), timeout=lives.PATIENCE_SECONDS
    )


async def _asked(life: Lives, path: str) -> None:
    """The cluster has answered a request of this kind."""
    cluster = life.world.cluster
    await cluster.wait_until(
        lambda: any(each.path.endswith(path) for each in cluster.requests), timeout=lives.PATIENCE_SECONDS
    )


Trigger = Callable[[Lives, str], Awaitable[None]]
OUTSIDE: tuple[tuple[str, Trigger, str], ...] = (
    ("the root was posted", _posted, "root"),
    ("the step was posted", _posted, "step-1"),
    ("the second step was posted", _posted, "step-2"),
    ("the summary was posted", _posted, "summary"),
    ("the step shows its approver", _updated, "Approved by"),
    ("the root shows the resolution", _updated, "Resolved"),
    ("the command has had its effect", _flushed, ""),
    ("permissions were asked", _asked, "selfsubjectaccessreviews"),
    ("the exec was answered", _asked, "/exec"),
)


@pytest.mark.crash
@pytest.mark.parametrize(("trigger", "word"), [each[1:] for each in OUTSIDE], ids=[each[0] for each in OUTSIDE])
async def test_killed_around_a_call_to_the_outside(tmp_path: Path, trigger: Trigger, word: str) -> None:
    async with lives.living_with(tmp_path) as life:

        async def killer() -> None:
            await trigger(life, word)
            await life.kill()

        killing = asyncio.create_task(killer())
        await lives.road(life)
        await killing
        await life.ensure()
        await lives.check(life)
        assert life.deaths == 1


@pytest.mark.crash
async def test_F05_a_click_that_arrives_while_the_bot_is_down_is_harmless_and_the_next_one_counts(
    tmp_path: Path,
) -> None:
    async with lives.living_with(tmp_path) as life:
        await lives.deliver(life)
        await _posted(life, "step-1")
        await life.kill()
        await lives.press_what_is_asked(life.world)
        assert lives.executed(life.world) == 0
        await lives.road(life)
        await lives.check(life)


@pytest.mark.crash
async def test_an_undisturbed_road_ends_with_one_execution(tmp_path: Path) -> None:
    async with lives.living_with(tmp_path) as life:
        await lives.road(life)
        await lives.check(life)
        assert life.deaths == 0
        assert lives.executed(life.world) == 1


@pytest.mark.crash
@pytest.mark.parametrize("moment", CAREFUL_MOMENTS)
async def test_killed_while_finding_asking_waiting_or_acting(tmp_path: Path, moment: int) -> None:
    """What was found stays found, what was agreed stays agreed, and the change is made once."""
    runbooks = tmp_path / "runbooks"
    runbooks.mkdir()
    (runbooks / "careful-flush.yaml").write_text(CAREFUL, "utf-8")
    async with lives.living_with(tmp_path, Doom(points.WRITE, moment + 1), runbooks=runbooks) as life:
        await lives.road(life)
        await lives.check(life)
        (incident,) = await lives.stored(life)
        assert [step.outcome for step in incident.steps] == [Outcome.SUCCEEDED] * 5
        assert incident.steps[0].captured["pod"].startswith("redis-primary")
        assert len([vote for step in incident.steps for vote in step.approved_by]) == 2
        assert life.deaths == 1, f"the bot passed fewer than {moment} moments"

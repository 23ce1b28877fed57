"""Some rounds of the fault harness in every run of the tests; `python -m tests.faults` plays as many as time allows."""

import random
from dataclasses import replace

import pytest

from tests.crash.points import Doom
from tests.faults import rounds, scenes
from tests.faults.rounds import Known, Round

EVERY_FAMILY, TAKEN_BACK, CAREFUL = scenes.SCENES


def unharmed(seen: Round, *, deaths: int) -> Round:
    assert seen.violations == []
    assert seen.hit.total() == deaths, f"what was to end the bot did not come by: {seen.dooms}"
    return seen


@pytest.mark.crash
@pytest.mark.parametrize("scene", scenes.SCENES, ids=[each.alert for each in scenes.SCENES])
async def test_wherever_a_life_ends_what_is_on_record_has_happened_once(scene: scenes.Scene) -> None:
    known = Known()
    known.learn(unharmed(await rounds.play(scene), deaths=0))
    seen = await rounds.play(scene, *known.dooms(scene, random.Random(5)), *known.dooms(scene, random.Random(6)))
    assert seen.violations == []
    assert seen.hit


@pytest.mark.crash
@pytest.mark.parametrize("side", ["before", "after"])
async def test_F11_a_bot_that_is_killed_during_an_undo_undoes_once(side: str) -> None:
    """Before the program began nobody knows whether it did; how it ended was written down by its keeper."""
    seen = unharmed(await rounds.play(TAKEN_BACK, Doom(f"{side} perform program.run")), deaths=1)
    assert ("unknown" in seen.outcomes) == (side == "before")
    assert bool(seen.reruns) == (side == "before")  # pressed twice before the card changes, it still is one


@pytest.mark.crash
async def test_F13_a_bot_that_stood_still_beyond_every_limit_does_not_send_again() -> None:
    flush = CAREFUL.runbook.replace("redis-cli FLUSHDB\n", "redis-cli FLUSHDB\n    timeout: 1s\n")
    doom = Doom("after perform kubernetes.exec", how="stop")
    seen = await rounds.play(replace(CAREFUL, runbook=flush), doom, standstill_seconds=7.0)
    unharmed(seen, deaths=1)


@pytest.mark.crash
async def test_F16_a_step_that_the_grace_is_too_short_for_is_unknown_and_not_sent_again() -> None:
    once = EVERY_FAMILY.runbook.replace("replay: idempotent", "replay: once")
    doom = Doom("before perform http.request", how="term")
    seen = await rounds.play(replace(EVERY_FAMILY, runbook=once), doom, answer_seconds=3.0)
    unharmed(seen, deaths=1)
    assert "unknown" in seen.outcomes
    assert seen.reruns == 0

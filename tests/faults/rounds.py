"""One round: an alert, a careful person, and a bot that is ended at named moments until its incident comes to rest.

What the receipts show is then held against what is stored and what stands in Slack. A seed decides the scene, the
moments and what else fails.
"""

import asyncio
import copy
import random
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from bot.adapters.sqlite.store import Store
from bot.adapters.system_clock import SystemClock
from bot.core import auditing_steps, events, incidents
from bot.core.incidents import Incident, Step
from bot.core.operations import Effect
from bot.core.previews import Outcome
from tests.crash import lives, points
from tests.crash.lives import Lives
from tests.crash.points import Doom
from tests.faults import scenes
from tests.faults.receipts import Receipts
from tests.faults.scenes import Scene
from tests.stories import living

PATIENCE_SECONDS = 60.0
MOST_DEATHS = 5
ACTS = ("after store.commit", "after slack.", "after perform", "after preview")
"""Moments at which a new life has shown that it goes on."""

HOWS = ("kill", "kill", "kill", "kill", "stop", "term")


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault of the simulated Slack, as its `Faults.plant` takes it."""

    method: str
    kind: str
    details: Mapping[str, object]
    times: int = 1


TROUBLES = (
    Trouble("chat.postMessage", "drop", {"moment": "after"}),
    Trouble("chat.postMessage", "http_error", {"moment": "after", "status": 500}),
    Trouble("chat.postMessage", "rate_limited", {"retry_after": 1}),
    Trouble("chat.update", "http_error", {"status": 503}),
    Trouble("chat.update", "drop", {}),
    Trouble("conversations.history", "http_error", {"status": 500}),
    Trouble("users.info", "http_error", {"status": 500}),
)


@dataclass(slots=True)
class Round:
    """What was seen. `hit` are the moments that really ended a life, `recovered` the seconds until a next one acted."""

    seed: int
    scene: str
    dooms: tuple[Doom, ...]
    troubles: tuple[Trouble, ...] = ()
    violations: list[str] = field(default_factory=list)
    hit: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    recovered: list[float] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    reruns: int = 0


@dataclass(slots=True)
class Known:
    """How often each moment of a scene is passed in an undisturbed round, and how often it has ended a life so far."""

    moments: dict[str, Counter[str]] = field(default_factory=dict)
    hits: Counter[str] = field(default_factory=Counter)

    def dooms(self, scene: Scene, chance: random.Random) -> tuple[Doom, ...]:
        """Those that have ended the fewest lives, in the order of a round; none as long as that is not known."""
        moments = self.moments.get(scene.alert)
        if moments is None:
            return ()
        order = list(moments)
        rarest = sorted(order, key=lambda name: (self.hits[name], chance.random()))[: chance.randint(1, MOST_DEATHS)]
        return tuple(
            Doom(name, chance.randint(1, min(moments[name], 3)), chance.choice(HOWS))
            for name in sorted(rarest, key=order.index)
        )

    def learn(self, seen: Round) -> None:
        if not seen.dooms:
            self.moments[seen.scene] = seen.passed
        self.hits += seen.hit


async def round_of(seed: int, known: Known) -> Round:
    """A scene that is not known yet is played undisturbed first."""
    chance = random.Random(seed)
    unknown = [each for each in scenes.SCENES if each.alert not in known.moments]
    scene = unknown[0] if unknown else chance.choice(scenes.SCENES)
    dooms = known.dooms(scene, chance)
    return await play(scene, *dooms, troubles=_troubles(chance) if dooms else (), seed=seed)


async def play(
    scene: Scene,
    *dooms: Doom,
    troubles: Sequence[Trouble] = (),
    seed: int = 0,
    standstill_seconds: float = lives.STANDSTILL_SECONDS,
    answer_seconds: float = 0.0,
) -> Round:
    """`answer_seconds` is how long the HTTP service keeps its answer back."""
    seen = Round(seed, scene.alert, dooms, tuple(troubles))
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="round-")))
        life, receipts = await _prepared(folder, scene, dooms, stack)
        life.standstill_seconds, receipts.answer_seconds = standstill_seconds, answer_seconds
        for trouble in troubles:
            life.world.slack.faults.plant(trouble.method, trouble.kind, times=trouble.times, **trouble.details)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await _road(life, scene, receipts, seen)
                code = await life.end()
        except TimeoutError:
            seen.violations.append(f"not over after {PATIENCE_SECONDS:.0f} s: {lives.keys(life.world)}")
            await life.kill()
        else:
            is_killed = points.read(life.log)[-1].is_doom  # the last moment came while it was about to end
            seen.violations += [f"ended with {code} on SIGTERM"] if code and not is_killed else []
        await _look(seen, life, scene, receipts)
    return seen


async def _prepared(folder: Path, scene: Scene, dooms: Sequence[Doom], stack: AsyncExitStack) -> tuple[Lives, Receipts]:
    world_folder = folder / "world"
    world_folder.mkdir()
    life = await stack.enter_async_context(lives.living_with(world_folder, *dooms, runbooks=folder / "runbooks"))
    receipts = Receipts(life.world, folder)
    await receipts.start()
    stack.push_async_callback(receipts.stop)
    scenes.write(folder / "runbooks", scene, receipts)
    life.environment.update(scenes.settings(receipts, folder))
    life.alert = copy.deepcopy(lives.ALERT)
    life.alert["alerts"][0]["labels"]["alertname"] = scene.alert
    return life, receipts


def _troubles(chance: random.Random) -> list[Trouble]:
    """What else goes wrong with Slack, once or twice each."""
    chosen = chance.sample(TROUBLES, chance.choice((0, 0, 1, 2)))
    return [replace(each, times=chance.randint(1, 2)) for each in chosen]


# --- the person ------------------------------------------------------------------------------------------------------


async def _road(life: Lives, scene: Scene, receipts: Receipts, seen: Round) -> None:
    await lives.deliver(life)
    while not _is_over(life, scene):
        await life.ensure()
        await _press(life, scene, receipts, seen)
        await asyncio.sleep(0.03)


def _is_over(life: Lives, scene: Scene) -> bool:
    if scene.ends == "resolved":
        return lives.is_over(life.world)
    return any(
        lives.key(each) == "root" and " escalated" in living.all_text(each) for each in lives.messages(life.world)
    )


async def _press(life: Lives, scene: Scene, receipts: Receipts, seen: Round) -> None:
    """Approves what is asked, and counts the receipts before saying what became of a step that is unclear."""
    for message in lives.messages(life.world):
        offered = living.actions(message)
        if "step.approve" in offered:
            await _click(life, message, "step.approve")
            return
        if "outcome.rerun" in offered:
            has_happened = _has_happened(living.all_text(message), scene, receipts)
            seen.reruns += not has_happened
            await _click(life, message, "outcome.succeeded" if has_happened else "outcome.rerun")
            return


def _has_happened(text: str, scene: Scene, receipts: Receipts) -> bool:
    counted = receipts.counted()
    about = [word for word in scene.changes if word in text]
    return any(counted[word] for word in about)


async def _click(life: Lives, message: Mapping[str, Any], action: str) -> None:
    await life.world.slack.click(living.ANA, channel=living.CHANNEL, message_ts=str(message["ts"]), action_id=action)


# --- what is looked at afterwards ------------------------------------------------------------------------------------


async def _look(seen: Round, life: Lives, scene: Scene, receipts: Receipts) -> None:
    store = await Store.open(life.database, SystemClock())
    try:
        (head,) = await store.heads()
        history = await store.history(head.incident)
        pending = await store.pending()
    finally:
        await store.close()
    incident = incidents.fold(head.incident, history)
    found = [str(each) for each in auditing_steps.steps(incident.id, history, is_whole=True)]
    why = incident.calls[-1].explanation if incident.calls else ""
    found += [f"ended as {incident.state}: {why}"] if incident.state != scene.ends else []
    found += ["an alert was accepted and never routed"] if pending else []
    shown = Counter(lives.keys(life.world))
    found += [f"{key} stands in Slack {times} times" for key, times in shown.items() if times > 1]
    seen.violations += [*found, *_against_receipts(incident, scene, receipts)]
    seen.outcomes = [each.event.outcome.value for each in history if isinstance(each.event, events.StepFinished)]
    _count(seen, life)


def _against_receipts(incident: Incident, scene: Scene, receipts: Receipts) -> list[str]:
    counted, found = receipts.counted(), []
    for word in scene.changes:
        steps = [each for each in incident.steps if word in each.plan.operation.text and _changes(each)]
        meant = sum(each.outcome is Outcome.SUCCEEDED for each in steps)
        if counted[word] > 1:
            found.append(f"{word} happened {counted[word]} times")
        if meant and not counted[word]:
            found.append(f"{word} is on record as done and has not happened")
    extra = [word for word, times in counted.items() if times and word not in scene.changes]
    return found + [f"{word} happened and is not in the runbook" for word in extra]


def _changes(step: Step) -> bool:
    return step.plan.judgement.effect is not Effect.READ


def _count(seen: Round, life: Lives) -> None:
    """From the end of one life until the next one stores, says or asks something."""
    passed = points.read(life.log)
    seen.passed = Counter(each.name for each in passed if each.name != points.WRITE)
    seen.hit = Counter(each.name for each in passed if each.is_doom)
    ends = [place for place, each in enumerate(passed) if each.is_doom]
    for begun, until in pairwise([*ends, len(passed)]):
        acts = (each.at for each in passed[begun + 1 : until] if each.name.startswith(ACTS))
        first = next(acts, None)
        if first is not None:
            seen.recovered.append(first - passed[begun].at)

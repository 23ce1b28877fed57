"""One night from one number: the lives of the bot among what happens, and what is seen in the morning."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.core.errors import Conflict, PageturnerError, Transient
from bot.core.operations import Family
from bot.flow.own_steps import OwnSteps
from bot.ports import Delivery
from tests.fakes.world import World
from tests.simulation import happenings, watching
from tests.simulation.happenings import Happenings
from tests.simulation.lives import Edge, Life
from tests.simulation.scene import Scene
from tests.simulation.virtual_time import VirtualLoop

TROUBLE_SECONDS = (40.0, 240.0)
MOST_HAPPENINGS = 25
POLL_SECONDS = 0.2
QUIET = 4
"""Steps of twenty minutes in which nothing happens any more: every deadline of the product is over by then."""

CALLS = (
    "store.commit", "store.receive", "store.note", "store.settle", "store.put_freeze", "store.history", "store.heads",
    "store.posted", "store.acted_since", "store.last_number", "store.freezes", "store.pending", "people.standing",
    "slack.post", "slack.update", "slack.find", "pager.page", "pager.update", "cluster.preview", "cluster.perform",
)  # fmt: skip
OFTEN = {"store.commit": 40, "store.note": 20, "slack.update": 20, "cluster.preview": 10, "cluster.perform": 5}
"""How many calls of a kind a bot lives through at most that is to die at one; three where nothing is said."""

SLOWNESS = {"store": 0.01, "people": 0.5, "slack": 0.3, "pager": 1.0, "cluster": 0.2}
"""The longest that one call takes, in seconds, where nothing is wrong."""


@dataclass(slots=True)
class Seen:
    """One night in figures. The same seed gives the same value."""

    seed: int
    violations: list[str] = field(default_factory=list)
    deaths: Counter[str] = field(default_factory=Counter)
    moments: Counter[str] = field(default_factory=Counter)
    fates: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    happened: Counter[str] = field(default_factory=Counter)
    effects: int = 0
    told_after: list[float] = field(default_factory=list)
    virtual_seconds: float = 0.0


def night(seed: int) -> Seen:
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(_Night(Scene(seed, loop), Seen(seed)).pass_by())
    finally:
        loop.close()


class _Night:
    """The bot of all its lives, as what is outside reaches it (`happenings.Bot`)."""

    def __init__(self, scene: Scene, seen: Seen) -> None:
        self._scene = scene
        self._seen = seen
        self._chance = scene.chance
        self._world = World()
        self._world.clock = scene.clock  # type: ignore[assignment]  # nobody here needs the fake's own abilities
        self._world.runbooks = scene.runbooks
        self._life = Life(None)
        self._is_up = False
        self._happenings = Happenings(scene, self)

    async def pass_by(self) -> Seen:
        living = asyncio.create_task(self._live())
        length = self._chance.uniform(*TROUBLE_SECONDS)
        outside = [self._happenings.on_call(length), self._happenings.alert_fires()]
        outside += [self._draw(length) for _ in range(self._chance.randrange(4, MOST_HAPPENINGS))]
        happening = [asyncio.create_task(each) for each in outside]
        await asyncio.sleep(length)
        self._calm_down()
        await asyncio.gather(*happening)
        await self._until_rest()
        for _ in range(QUIET):
            self._scene.clock.jump(self._scene.clock.is_behind_by + timedelta(minutes=20))
            await asyncio.sleep(3)
            await self._until_rest()
        self._look()
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)
        await self._life.end()
        return self._seen

    async def _draw(self, length: float) -> None:
        what, at = self._chance.choice(happenings.ALL), self._chance.uniform(0, length)
        await asyncio.sleep(at)
        self._seen.happened[what.__name__] += 1
        await what(self._happenings)

    def _calm_down(self) -> None:
        """Nothing is wrong any more and nobody kills anything: the bot must find its way by itself."""
        self._happenings.is_calm = True
        self._scene.mend()
        self._life.spare()

    async def _until_rest(self) -> None:
        for _ in range(2_000):
            await asyncio.sleep(1)
            if self._is_up and self._world.is_idle:
                return
        self._seen.violations.append(f"it does not come to rest (up: {self._is_up})")

    def _look(self) -> None:
        scene, seen = self._scene, self._seen
        seen.violations += watching.in_the_morning(
            scene.watch, scene.promises, cluster=scene.cluster, slack=scene.slack, now=scene.clock.now()
        )
        seen.moments += self._life.passed
        seen.fates = Counter(each.name for each in scene.cluster.fates)
        seen.states = Counter(scene.watch.fold(name).state.value for name in scene.store.events)
        seen.effects = len(scene.cluster.effects)
        seen.told_after = watching.told_after(scene.watch, scene.slack.told)
        seen.virtual_seconds = scene.loop.time()

    # --- the lives of the bot ----------------------------------------------------------------------------------------

    async def _live(self) -> None:
        while True:
            is_doomed = not self._happenings.is_calm and self._chance.random() < 0.6
            self._life = Life(self._doom() if is_doomed else None)
            self._wire()
            running = self._life.spawn(self._run())
            died = asyncio.create_task(self._life.death.wait())
            await asyncio.wait({running, died}, return_when=asyncio.FIRST_COMPLETED)
            died.cancel()
            if running.done() and not running.cancelled():
                self._seen.violations.append(f"the bot ended by itself: {running.exception()!r}")
            self._is_up = False
            await self._life.end()
            self._seen.deaths[self._life.died_at] += 1
            self._seen.moments += self._life.passed
            await asyncio.sleep(self._chance.random() * 5)

    def _doom(self) -> tuple[str, int]:
        call = self._chance.choice(CALLS)
        return f"{self._chance.choice(('before', 'after'))} {call}", self._chance.randint(1, OFTEN.get(call, 3))

    def _wire(self) -> None:
        def reached(outside: object, name: str) -> Any:
            return Edge(outside, self._life, self._chance, name=name, slowness=SLOWNESS[name])

        world, scene = self._world, self._scene
        world.store = reached(scene.store, "store")
        world.people = reached(scene.people, "people")
        world.chat = reached(scene.slack, "slack")
        world.pager = reached(scene.pager, "pager")
        world.executor = reached(scene.cluster, "cluster")
        world.executors = {Family.KUBERNETES: world.executor, Family.BOT: OwnSteps()}
        world.again()

    async def _run(self) -> None:
        async with self._world.alive():
            self._is_up = True
            while True:
                await self._scene.clock.sleep(1)
                try:
                    await self._world.advancer.tick()
                    await self._world.storm.tick()
                except (Transient, Conflict):
                    continue

    # --- how it is reached -------------------------------------------------------------------------------------------

    async def press(self, what: str, *args: Any, **words: Any) -> bool | None:
        return await self._ask(lambda: getattr(self._world.desk, what)(*args, **words))

    async def receive(self, delivery: Delivery) -> bool | None:
        return await self._ask(lambda: self._world.intake.receive([delivery]))

    async def _ask(self, begin: Any) -> bool | None:
        if not self._is_up:
            return None
        task = self._life.spawn(_awaited(begin()))
        await asyncio.wait({task})
        if task.cancelled():
            return None
        problem = task.exception()
        if problem is not None and not isinstance(problem, PageturnerError):
            self._seen.violations.append(f"a press met {problem!r}")
        return problem is None

    def kill(self) -> None:
        if not self._happenings.is_calm:
            self._life.die("killed")

    async def stop(self, grace_seconds: float) -> None:
        """SIGTERM: it starts nothing more, and what runs gets a while."""
        life = self._life
        self._world.advancer.drain()
        for _ in range(int(grace_seconds / POLL_SECONDS)):
            if self._world.advancer.is_idle:
                break
            await asyncio.sleep(POLL_SECONDS)
        life.die("stopped")


async def _awaited(work: Awaitable[Any]) -> Any:
    return await work

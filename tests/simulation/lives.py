"""One life of the bot, and the thread on which it hangs: every call that it makes to the outside.

The bot dies before or after such a call. A dead bot is not told anything any more and cannot do anything: what its
tasks still try, while they are taken down, reaches nobody.
"""

import asyncio
import inspect
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any


class Life:
    """Dies at a moment of this name when it is passed for the nth time, or when it is killed. `passed` counts them."""

    def __init__(self, doom: tuple[str, int] | None) -> None:
        self._doom = doom
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_over = False
        self.died_at = ""
        self.passed: Counter[str] = Counter()
        self.death = asyncio.Event()

    async def moment(self, name: str) -> None:
        if self.death.is_set():
            await self._nothing()
        self.passed[name] += 1
        if self._doom == (name, self.passed[name]):
            self.die(name)
            await self._nothing()

    def die(self, name: str) -> None:
        self.died_at = self.died_at or name
        self.death.set()

    async def _nothing(self) -> None:
        """Until the tasks are taken down; and once they are, nothing can hold that up."""
        if self._is_over:
            raise asyncio.CancelledError
        await asyncio.get_running_loop().create_future()

    def spare(self) -> None:
        """It does not die any more."""
        self._doom = None

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Work inside of the process: it ends with it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def end(self) -> None:
        self._is_over = True
        self.death.set()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Edge:
    """What stands outside, as one life reaches it: each call takes time, and the bot may die on either side of it.

    `slowness` is the longest that a call of this edge takes, in seconds.
    """

    def __init__(self, outside: object, life: Life, chance: random.Random, *, name: str, slowness: float) -> None:
        self._outside = outside
        self._life = life
        self._chance = chance
        self._name = name
        self._slowness = slowness

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._outside, name)
        if not inspect.iscoroutinefunction(found):
            return found
        made = self._call(name, found)
        setattr(self, name, made)  # found without this method from now on
        return made

    def _call(self, name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def reached(*args: Any, **kwargs: Any) -> Any:
            await self._life.moment(f"before {self._name}.{name}")
            await asyncio.sleep(self._chance.random() * self._slowness)
            if self._life.death.is_set():
                await self._life.moment("dead")
            answer = await call(*args, **kwargs)
            await self._life.moment(f"after {self._name}.{name}")
            return answer

        return reached

"""The real bot as a process of its own, with a store that dies on either side of the commit that it is told.

Forked from a server that has imported everything once: starting Python and reading the libraries costs far more than
what is tested, and each test has two lives or more.
"""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from bot import app, settings
from bot.adapters import logs
from bot.adapters.sqlite.store import Store
from bot.core.chaining import Key
from bot.core.redaction import Redactor
from bot.ports import Clock, Commit, Delivery, InboxItem, Posted

NEVER = -1
_NURSERY = get_context("forkserver")
_NURSERY.set_forkserver_preload([__name__, "kubernetes.aio.client", "kubernetes.aio.config"])


class MortalStore(Store):
    """Counts the moments before and after each durable write; at the chosen one the process is gone, as by kill -9."""

    dies_at = NEVER
    moments = 0

    async def commit(self, commit: Commit) -> None:
        self._moment()
        await super().commit(commit)
        self._moment()

    async def receive(self, deliveries: Sequence[Delivery]) -> list[InboxItem]:
        self._moment()
        taken = await super().receive(deliveries)
        self._moment()
        return taken

    async def note(self, posted: Posted) -> None:
        self._moment()
        await super().note(posted)
        self._moment()

    def _moment(self) -> None:
        if MortalStore.moments == MortalStore.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        MortalStore.moments += 1


async def _open(path: Path, clock: Clock, key: Key | None) -> Store:
    return await MortalStore.open(path, clock, key)


def born(environment: Mapping[str, str], dies_at: int) -> tuple[ForkServerProcess, Connection]:
    """A bot with these settings that has begun to start. Its connection says the port once it is ready."""
    parent, child = _NURSERY.Pipe(duplex=False)
    process = _NURSERY.Process(target=_live, args=(dict(environment), dies_at, child), daemon=True)
    process.start()
    child.close()
    return process, parent


def _live(environment: dict[str, str], dies_at: int, ready: Connection) -> None:
    os.environ.clear()
    os.environ.update(environment)
    MortalStore.dies_at = dies_at
    asyncio.run(_serve(ready))


async def _serve(told: Connection) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    def ready(bot: app.Bot) -> None:
        told.send(bot.port)

    configured = settings.read()
    logs.set_up("warning", Redactor(configured.secrets))
    await app.serve(configured, stop=stop, on_ready=ready, open_store=_open)

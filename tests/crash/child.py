"""The real bot as a process of its own, with a store that dies on either side of the commit that it is told.

Run by the crash tests only: the settings come from the environment, the point of death from the first argument.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from bot import app, settings
from bot.adapters import logs
from bot.adapters.sqlite.store import Store
from bot.core.redaction import Redactor
from bot.ports import Clock, Commit, Delivery, InboxItem, Posted

READY = "ready "
NEVER = -1


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


async def _open(path: Path, clock: Clock) -> Store:
    return await MortalStore.open(path, clock)


async def _serve() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    def ready(bot: app.Bot) -> None:
        print(f"{READY}{bot.port}", flush=True)

    configured = settings.read()
    logs.set_up("warning", Redactor(configured.secrets))
    await app.serve(configured, stop=stop, on_ready=ready, open_store=_open)


if __name__ == "__main__":
    MortalStore.dies_at = int(sys.argv[1])
    asyncio.run(_serve())

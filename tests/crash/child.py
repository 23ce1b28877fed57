"""The real bot as a process of its own, which ends itself at the moment that it is told.

Forked from a server that has imported everything once: starting Python and reading the libraries costs far more than
what is tested, and each test has two lives or more.
"""

import asyncio
import os
import signal
from collections.abc import Mapping
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from bot import app, settings
from bot.adapters import logs
from bot.core.redaction import Redactor
from tests.crash import points
from tests.crash.points import Doom

_NURSERY = get_context("forkserver")
_NURSERY.set_forkserver_preload([__name__, "kubernetes.aio.client", "kubernetes.aio.config"])


def born(environment: Mapping[str, str], doom: Doom | None, log: Path) -> tuple[ForkServerProcess, Connection]:
    """A bot with these settings that has begun to start. Its connection says the port once it is ready."""
    parent, child = _NURSERY.Pipe(duplex=False)
    process = _NURSERY.Process(target=_live, args=(dict(environment), doom, log, child), daemon=True)
    process.start()
    child.close()
    return process, parent


def _live(environment: dict[str, str], doom: Doom | None, log: Path, ready: Connection) -> None:
    os.environ.clear()
    os.environ.update(environment)
    points.install(doom, log)
    asyncio.run(_serve(ready))


async def _serve(told: Connection) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    def ready(bot: app.Bot) -> None:
        told.send(bot.port)

    configured = settings.read()
    logs.set_up("warning", Redactor(configured.secrets))
    await app.serve(configured, stop=stop, on_ready=ready)

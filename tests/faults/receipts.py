"""What was really done in a round: seen by a cluster, an HTTP service, a database and a folder that outlive the bot.

Each receipt is on disk before its maker answers, so what is counted here has happened and nothing else has.
"""

import asyncio
import os
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from aiohttp import web

from bot.sim.world import LocalWorld
from tests.crash import lives

NO_KEY = "-"


class Receipts:
    """`url` is where the HTTP service listens once it was started."""

    def __init__(self, world: LocalWorld, folder: Path) -> None:
        self._world = world
        self._calls = folder / "calls"
        self.database = folder / "jobs.db"
        self.folder = folder / "jobs"
        self.folder.mkdir()
        self._calls.touch()
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute("create table done (what text)")
        self._runner = web.AppRunner(self._app(), access_log=None)
        self.port = 0
        self.answer_seconds = 0.0

    def _app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/notify", self._notify)
        return app

    async def start(self) -> None:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _notify(self, request: web.Request) -> web.Response:
        await asyncio.to_thread(_append, self._calls, request.headers.get("Idempotency-Key", NO_KEY))
        await asyncio.sleep(self.answer_seconds)
        return web.json_response({"ok": True})

    def counted(self) -> dict[str, int]:
        """How often each kind of change has happened; an HTTP call that came again under its key counts once."""
        calls = self._calls.read_text("utf-8").split()
        files = Counter(each.name.partition("-")[0] for each in self.folder.iterdir())
        with closing(sqlite3.connect(self.database)) as connection:
            (rows,) = connection.execute("select count(*) from done").fetchone()
        return {
            "FLUSHDB": lives.executed(self._world),
            "/notify": len(set(calls) - {NO_KEY}) + calls.count(NO_KEY),
            "mktemp -p": files["job"],
            "insert into": int(rows),
            "mktemp --tmpdir": files["undo"],
        }


def _append(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
        file.flush()
        os.fsync(file.fileno())

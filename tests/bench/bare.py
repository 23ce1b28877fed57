"""The least that can take an alert, keep it and post it: aiohttp, one SQLite commit (WAL, FULL) a call, one post each.

No parsing into types, no matching, no incident, no second write, no retries, no queue: a lower bound for the bot.
"""

import asyncio
import json
import sqlite3
import sys
import tempfile
from pathlib import Path

import aiohttp
from aiohttp import web

SENDERS = 16


async def main(port: int, slack: str, folder: Path) -> None:
    database = sqlite3.connect(folder / "bare.db", isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE alerts (number INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT")
    waiting: asyncio.Queue[dict[str, object]] = asyncio.Queue()
    writing = asyncio.Lock()

    def store(alerts: list[dict[str, object]]) -> None:
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT INTO alerts (body) VALUES (?)", [(json.dumps(alert),) for alert in alerts])
        database.execute("COMMIT")

    async def receive(request: web.Request) -> web.Response:
        alerts = json.loads(await request.read())["alerts"]
        async with writing:
            await asyncio.to_thread(store, alerts)
        for alert in alerts:
            waiting.put_nowait(alert)
        return web.json_response({}, status=202)

    async def post(session: aiohttp.ClientSession) -> None:
        while True:
            alert = await waiting.get()
            body = {"channel": "C0INCIDENTS", "text": str(alert["annotations"])}
            async with session.post(f"{slack}chat.postMessage", json=body) as answer:
                await answer.json()

    application = web.Application()
    application.router.add_post("/webhook/alertmanager", receive)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as senders:
        for _ in range(SENDERS):
            senders.create_task(post(session))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        asyncio.run(main(int(sys.argv[1]), sys.argv[2], Path(made)))

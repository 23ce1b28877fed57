"""A still clock, a caller of the Web API, a hand-driven app on the socket, and what starts and ends them."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp

from bot.sim.slack.server import SlackSim

Json = dict[str, Any]  # Any: Slack's answers are open JSON
Answer = Callable[[Json], Json | None]


class Time:
    """A clock that stands still until it is told; it starts at a round second."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


class Api:
    """Calls Web API methods as the installed app does."""

    def __init__(self, sim: SlackSim, http: aiohttp.ClientSession) -> None:
        self.sim, self.http = sim, http

    async def __call__(self, method: str, **arguments: object) -> Json:
        """The answer of one JSON call."""
        async with await self.raw(method, json=arguments) as response:
            answer: Json = await response.json()
        return answer

    async def raw(
        self, method: str, *, token: str | None = None, verb: str = "POST", **request: Any
    ) -> aiohttp.ClientResponse:
        """The HTTP response of one call; Any: aiohttp's own request arguments."""
        is_app = method == "apps.connections.open"
        bearer = token or (self.sim.app_token if is_app else self.sim.bot_token)
        headers = {"Authorization": f"Bearer {bearer}"} if token != "" else {}
        return await self.http.request(verb, self.sim.api_url + method, headers=headers, **request)


class App:
    """An app on one socket: keeps every frame and answers envelopes as `answer` says; None stays silent."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.frames: asyncio.Queue[Json] = asyncio.Queue()
        self.answer: Answer = lambda _: {}
        self.reader: asyncio.Task[None] | None = None

    async def read(self) -> None:
        """Reads until the socket closes."""
        async for message in self.socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            frame: Json = json.loads(message.data)
            if "envelope_id" in frame:
                payload = self.answer(frame)
                if payload is not None:
                    await self.ack(frame, payload)
            self.frames.put_nowait(frame)

    async def ack(self, envelope: Json, payload: Json | None = None) -> None:
        """Acknowledges one envelope."""
        body = {"envelope_id": envelope["envelope_id"]} | ({"payload": payload} if payload else {})
        await self.socket.send_json(body)

    async def next(self, kind: str = "") -> Json:
        """The next frame of this type."""
        async with asyncio.timeout(5):
            while True:
                frame = await self.frames.get()
                if kind in ("", frame["type"]):
                    return frame


class World:
    """Everything that one test started."""

    def __init__(self) -> None:
        self.time = Time()
        self.http = aiohttp.ClientSession()
        self.sims: list[SlackSim] = []
        self.apps: list[App] = []

    async def start(self, **arguments: Any) -> SlackSim:
        """A started workspace on the still clock; Any: SlackSim's own arguments."""
        sim = SlackSim(clock=self.time, **arguments)
        await sim.start()
        self.sims.append(sim)
        return sim

    async def connect(self, sim: SlackSim) -> App:
        """One more connection of the app, greeted."""
        async with await Api(sim, self.http).raw("apps.connections.open") as response:
            url = (await response.json())["url"]
        app = App(await self.http.ws_connect(url))
        app.reader = asyncio.create_task(app.read())
        self.apps.append(app)
        return app

    async def close(self) -> None:
        """Ends everything."""
        for app in self.apps:
            await app.socket.close()
            if app.reader is not None:
                await app.reader
        for sim in self.sims:
            await sim.stop()
        await self.http.close()

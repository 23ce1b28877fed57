"""One WebSocket connection of the app: greeting, frames out in order, pings answered, dismissal and its reasons."""

import asyncio
import json
from collections.abc import AsyncIterator

from aiohttp import WSMsgType, web

from bot.sim.slack.wire import Json

_HOST = "applink-simulated"
_CLOSE_GRACE_SECONDS = 5.0  # real Slack leaves the closing to the client; a deaf client is cut after this


class Connection:
    """A greeted or about to be greeted connection; `number` counts from 1."""

    def __init__(self, number: int, app_id: str, *, request: web.BaseRequest, socket: web.WebSocketResponse) -> None:
        self.number = number
        self._request = request
        self.silent = False
        self._app_id = app_id
        self._socket = socket
        self._greeted = False
        self._leaving = False
        self._frames: asyncio.Queue[str | None] = asyncio.Queue()

    @property
    def takes_payloads(self) -> bool:
        """Whether new envelopes may go here."""
        return self._greeted and not self._leaving

    def greet(self, connections: int, seconds: float) -> None:
        """The hello frame, with the number of connections and how long this one will last."""
        self._frames.put_nowait(
            json.dumps(
                {
                    "type": "hello",
                    "num_connections": connections,
                    "connection_info": {"app_id": self._app_id},
                    "debug_info": {"host": _HOST, "build_number": 10, "approximate_connection_time": int(seconds)},
                }
            )
        )
        self._greeted = True

    def send(self, frame: Json) -> None:
        """Queues a frame; a silent connection swallows it."""
        if not self.silent:
            self._frames.put_nowait(json.dumps(frame))

    def warn(self) -> None:
        """Tells the client that the end is near; payloads still arrive."""
        self.send({"type": "disconnect", "reason": "warning", "debug_info": {"host": _HOST}})

    def dismiss(self, reason: str) -> None:
        """Tells the client to go; nothing follows."""
        self._leaving = True
        self.send({"type": "disconnect", "reason": reason, "debug_info": {"host": _HOST}})
        self._frames.put_nowait(None)

    def abort(self) -> None:
        """Cuts the line."""
        self._leaving = True
        if self._request.transport is not None:
            self._request.transport.abort()

    async def write(self) -> None:
        """Sends queued frames until the connection is dismissed, then gives the client a moment to leave."""
        while (frame := await self._frames.get()) is not None:
            await self._socket.send_str(frame)
        await asyncio.sleep(_CLOSE_GRACE_SECONDS)
        await self._socket.close()

    async def read(self) -> AsyncIterator[str]:
        """Text frames from the app. Pings are answered with their own payload, which clients measure time by."""
        async for message in self._socket:
            if self.silent:
                continue
            if message.type is WSMsgType.PING:
                await self._socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                yield message.data

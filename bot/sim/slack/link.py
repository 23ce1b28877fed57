"""The WebSocket address: one-time tickets, the upgrade, and the life of a connection from hello to disconnect."""

import asyncio
import itertools
from contextlib import suppress

from aiohttp import web

from bot.sim.slack.clocks import SimClock
from bot.sim.slack.connections import Connection
from bot.sim.slack.faults import Faults
from bot.sim.slack.ids import Ids
from bot.sim.slack.settings import Settings
from bot.sim.slack.socket_mode import SocketMode


class Link:
    """Serves GET /link/."""

    def __init__(
        self, app_id: str, socket: SocketMode, settings: Settings, *, clock: SimClock, ids: Ids, faults: Faults
    ) -> None:
        self._app_id, self._socket, self._settings = app_id, socket, settings
        self._clock, self._ids, self._faults = clock, ids, faults
        self._tickets: dict[str, float] = {}  # ticket -> when it was issued
        self._numbers = itertools.count(1)

    def url(self, host: str) -> str:
        """A WebSocket URL that works once and only for a short while."""
        ticket = self._ids.uuid()
        self._tickets[ticket] = self._clock.now()
        return f"ws://{host}/link/?ticket={ticket}&app_id={self._app_id}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Upgrades and serves one connection until either side ends it."""
        if self._faults.refused_upgrades > 0:
            self._faults.refused_upgrades -= 1
            return web.Response(status=500, text="upgrade refused")
        issued = self._tickets.pop(request.query.get("ticket", ""), None)
        if issued is None or self._clock.now() - issued > self._settings.ticket_seconds:
            return web.Response(status=403, text="the ticket is unknown, used or too old")
        websocket = web.WebSocketResponse(autoping=False, max_msg_size=0)
        await websocket.prepare(request)
        connection = Connection(next(self._numbers), self._app_id, request=request, socket=websocket)
        writer = asyncio.create_task(connection.write(), name=f"slack-sim connection {connection.number}")
        try:
            await self._serve(connection, is_debug=request.query.get("debug_reconnects") == "true")
        finally:
            self._socket.dismissed(connection)
            writer.cancel()
            # The line may be gone already; there is nobody left to tell.
            with suppress(asyncio.CancelledError, ConnectionError):
                await writer
        return websocket

    async def _serve(self, connection: Connection, *, is_debug: bool) -> None:
        if not self._socket.admit(connection):
            connection.dismiss("too_many_websockets")
            await self._listen(connection)
            return
        seconds = self._settings.debug_connection_seconds if is_debug else self._settings.connection_seconds
        connection.greet(len(self._socket.connections), seconds)
        life = max(seconds - self._settings.warning_seconds, 0.0)
        end = self._clock.call_in(life, lambda: self._socket.dismiss(connection, "warning"))
        try:
            self._socket.ready()
            await self._listen(connection)
        finally:
            end.cancel()

    async def _listen(self, connection: Connection) -> None:
        async for text in connection.read():
            self._socket.received(text)

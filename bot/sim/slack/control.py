"""/sim: the hand of a test or of the page on the simulation: faults, disconnects, the clock, the delivery log.

It needs no token and therefore the same guards as the page.
"""

from aiohttp import web

from bot.sim.slack import loopback
from bot.sim.slack.clocks import SimClock
from bot.sim.slack.errors import SlackError, missing
from bot.sim.slack.faults import Faults
from bot.sim.slack.journal import Journal
from bot.sim.slack.socket_mode import SocketMode
from bot.sim.slack.warnings import Warnings

_SOCKET_ACTS = ("silence", "cut")


class Control:
    """Serves /sim/faults, /sim/disconnect, /sim/journal and /sim/clock."""

    def __init__(
        self, *, clock: SimClock, faults: Faults, journal: Journal, socket: SocketMode, warnings: Warnings
    ) -> None:
        self._clock, self._faults, self._journal = clock, faults, journal
        self._socket, self._warnings = socket, warnings

    def routes(self) -> list[web.AbstractRouteDef]:
        """Every route, guarded."""
        return [
            web.get("/sim/faults", loopback.guarded(self._list_faults), allow_head=False),
            web.post("/sim/faults", loopback.guarded(self._plant)),
            web.post("/sim/disconnect", loopback.guarded(self._disconnect)),
            web.get("/sim/journal", loopback.guarded(self._read_journal), allow_head=False),
            web.get("/sim/clock", loopback.guarded(self._read_clock), allow_head=False),
            web.post("/sim/clock", loopback.guarded(self._advance)),
        ]

    async def _list_faults(self, _: web.Request) -> web.Response:
        return web.json_response({"faults": self._faults.to_json()})

    async def _plant(self, request: web.Request) -> web.Response:
        """{"method", "kind", ...} plants a fault, {"clear": true} takes all back, "ack_delay_seconds" slows acks."""
        body = await loopback.body_of(request)
        if body.get("clear"):
            self._faults.clear()
        if "ack_delay_seconds" in body:
            self._faults.ack_delay_seconds = float(body.pop("ack_delay_seconds"))
        if "method" in body:
            method, kind = str(body.pop("method")), body.pop("kind", "error")
            try:
                self._faults.plant(method, kind, **body)
            except (TypeError, ValueError) as error:
                raise SlackError("invalid_arguments", messages=[str(error)]) from error
        return web.json_response({"faults": self._faults.to_json()})

    async def _disconnect(self, request: web.Request) -> web.Response:
        """{"reason": ...} for a disconnect frame, or {"act": "silence" | "cut"}."""
        body = await loopback.body_of(request)
        act = body.get("act")
        if act is not None and act not in _SOCKET_ACTS:
            raise SlackError("invalid_arguments", messages=[f"act is one of {', '.join(_SOCKET_ACTS)}"])
        if act == "silence":
            self._socket.silence()
        elif act == "cut":
            self._socket.cut()
        else:
            self._socket.disconnect(str(body.get("reason") or "refresh_requested"))
        return web.json_response({})

    async def _read_journal(self, _: web.Request) -> web.Response:
        deliveries = [delivery.to_json() for delivery in self._journal.deliveries]
        waiting = self._socket.queued_events
        return web.json_response({"deliveries": deliveries, "waiting": waiting, "warnings": self._warnings.to_json()})

    async def _read_clock(self, _: web.Request) -> web.Response:
        return web.json_response({"now": self._clock.now()})

    async def _advance(self, request: web.Request) -> web.Response:
        """{"advance": seconds}"""
        seconds = (await loopback.body_of(request)).get("advance")
        if not isinstance(seconds, int | float) or seconds < 0:
            raise missing("advance")
        self._clock.advance(float(seconds))
        return web.json_response({"now": self._clock.now()})

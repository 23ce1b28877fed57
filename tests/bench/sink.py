"""A Slack that only takes the time: Web API and Socket Mode on loopback, as cheap as they can honestly be.

The simulated Slack judges every call, which costs more than the bot's own work. This one checks nothing: it answers
with the shape and size of Slack's answers, sends each message back as an event, and notes when it came. What stands
under `/services/` is an incoming webhook, for Alertmanager's own notifier.
"""

import asyncio
import itertools
import json
import re
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

TEAM, BOT, BOT_USER, CHANNEL, GROUP = "T0BENCH", "B0BENCH", "U0BOT", "C0INCIDENTS", "S0SRE"
PEOPLE = ("U0ANA", "U0BEN")

_MARK = re.compile(rb"Bench\d{7}")
_INCIDENT = re.compile(rb'"incident":\s*"(INC-\d+)"')
_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n"


class Sink:
    """`posted` has the moment (perf_counter) at which each alert's first message had arrived in full."""

    def __init__(self) -> None:
        self.posted: dict[bytes, float] = {}
        self.incidents: dict[bytes, str] = {}
        self.calls: Counter[str] = Counter()
        self._marks: dict[bytes, asyncio.Future[float]] = {}
        self._awaited: tuple[int, asyncio.Event] | None = None
        self._stamps = itertools.count(1)
        self._envelopes = itertools.count(1)
        self._socket: web.WebSocketResponse | None = None
        self._acks: dict[str, asyncio.Future[float]] = {}
        self.connected = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._runner: web.AppRunner | None = None
        self.port = self._socket_port = 0

    async def start(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(lambda: _Calls(self.answer), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        application = web.Application()
        application.router.add_get("/link", self._serve_socket)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._socket_port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def forget(self) -> None:
        self.posted.clear()
        self.incidents.clear()
        self.calls.clear()

    async def wait_for(self, alerts: int, *, seconds: float) -> bool:
        """Until so many alerts have been posted; False when that takes too long."""
        if len(self.posted) >= alerts:
            return True
        event = asyncio.Event()
        self._awaited = (alerts, event)
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        return True

    async def first_post(self, mark: bytes, *, seconds: float) -> float:
        """When the first message about this alert came."""
        posted = self._marks[mark] = asyncio.get_running_loop().create_future()
        if mark in self.posted:
            posted.set_result(self.posted[mark])
        return await asyncio.wait_for(posted, seconds)

    # --- the Web API ---------------------------------------------------------------------------------------------

    def answer(self, path: bytes, body: bytes) -> bytes:
        name = path.partition(b"?")[0].rpartition(b"/")[2].decode()
        if path.startswith(b"/services/"):
            self._note("webhook", body)
            return b"ok"
        if name == "chat.postMessage":
            return self._post(name, body)
        self.calls[name] += 1
        if name == "chat.update":
            return b'{"ok":true,"channel":"%s","ts":"1.1","message":%s}' % (CHANNEL.encode(), body)
        return json.dumps({"ok": True} | self._facts(name, path.decode())).encode()

    def _facts(self, name: str, path: str) -> dict[str, Any]:
        person = next((each for each in PEOPLE if each in path), PEOPLE[0])
        answers: dict[str, dict[str, Any]] = {
            "auth.test": {"team_id": TEAM, "user_id": BOT_USER, "bot_id": BOT, "user": "pageturner"},
            "apps.connections.open": {"url": f"ws://127.0.0.1:{self._socket_port}/link"},
            "conversations.list": {"channels": [{"id": CHANNEL, "name": "incidents"}]},
            "users.info": {"user": {"id": person, "name": person.lower(), "team_id": TEAM, "profile": {}}},
            "usergroups.users.list": {"users": list(PEOPLE)},
            "conversations.history": {"messages": []},
            "conversations.replies": {"messages": []},
        }
        return answers.get(name, {})

    def _post(self, name: str, body: bytes) -> bytes:
        number = next(self._stamps)
        stamp = b"%d.%06d" % (1_700_000_000 + number // 1_000_000, number % 1_000_000)
        self._note(name, body)
        self._echo(body, stamp.decode())
        return b'{"ok":true,"channel":"%s","ts":"%s","message":%s}' % (CHANNEL.encode(), stamp, body)

    def _note(self, name: str, body: bytes) -> None:
        now = time.perf_counter()
        self.calls[name] += 1
        found = _MARK.search(body)
        if found is None or found[0] in self.posted:
            return
        self.posted[found[0]] = now
        waiting = self._marks.pop(found[0], None)
        if waiting is not None and not waiting.done():
            waiting.set_result(now)
        if incident := _INCIDENT.search(body):
            self.incidents[found[0]] = incident[1].decode()
        if self._awaited is not None and len(self.posted) >= self._awaited[0]:
            self._awaited[1].set()

    # --- Socket Mode ---------------------------------------------------------------------------------------------

    async def _serve_socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = self._socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str('{"type":"hello","num_connections":1}')
        self.connected.set()
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            now = time.perf_counter()
            waiting = self._acks.pop(json.loads(message.data).get("envelope_id", ""), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(now)
        self.connected.clear()
        return socket

    def _echo(self, body: bytes, stamp: str) -> None:
        """The message event that Slack sends for the bot's own message, with its blocks, as it really does."""
        if self._socket is None or self._socket.closed:
            return
        envelope = (
            f'{{"envelope_id":"event-{next(self._envelopes)}","type":"events_api","accepts_response_payload":false,'
            f'"payload":{{"type":"event_callback","team_id":"{TEAM}","event_id":"Ev{stamp}","event":{{"type":"message",'
            f'"user":"{BOT_USER}","bot_id":"{BOT}","channel":"{CHANNEL}","ts":"{stamp}","message":{body.decode()}}}}}}}'
        )
        task = asyncio.ensure_future(self._socket.send_str(envelope))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def click(self, action: str, value: str, user: str) -> float:
        """Press a button; the seconds until its ack."""
        assert self._socket is not None
        envelope = f"click-{next(self._envelopes)}"
        payload = {
            "type": "block_actions", "team": {"id": TEAM}, "user": {"id": user, "team_id": TEAM}, "trigger_id": "1.2.3",
            "api_app_id": "A0BENCH", "container": {"channel_id": CHANNEL, "message_ts": "1700000000.000001"},
            "channel": {"id": CHANNEL}, "message": {"bot_id": BOT, "ts": "1700000000.000001"}, "response_url": "",
            "actions": [{"type": "button", "action_id": action, "block_id": "b", "value": value}],
        }  # fmt: skip
        acked = self._acks[envelope] = asyncio.get_running_loop().create_future()
        text = json.dumps({"envelope_id": envelope, "type": "interactive", "payload": payload})
        started = time.perf_counter()
        await self._socket.send_str(text)
        at: float = await asyncio.wait_for(acked, 5)
        return at - started


class _Calls(asyncio.Protocol):
    """HTTP/1.1 with Content-Length and keep-alive, which is all that the callers use."""

    def __init__(self, answer: Callable[[bytes, bytes], bytes]) -> None:
        self._answer = answer
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            length = _LENGTH.search(head)
            total = end + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < total:
                return
            body, self._buffer = self._buffer[end + 4 : total], self._buffer[total:]
            text = self._answer(head.split(b" ", 2)[1], body)
            if self._transport is not None:
                self._transport.write(_HEAD % len(text) + text)

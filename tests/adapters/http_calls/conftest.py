"""A loopback server that answers, or breaks off, as its paths say, and remembers every request it saw."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web


@dataclass(frozen=True, slots=True)
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Receiver:
    """`port` is where it listens; `seen` are the requests in order."""

    port: int = 0
    seen: list[Seen] = field(default_factory=list)
    leave: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.seen.append(Seen(request.method, request.path_qs, dict(request.headers), body))
        what, _, rest = request.path.strip("/").partition("/")
        match what:
            case "status":
                return web.Response(status=int(rest), text=f"status {rest}")
            case "reset":
                assert request.transport is not None
                request.transport.abort()
            case "hang":
                await self.leave.wait()
            case "half":
                return await self._half(request)
            case "big":
                return web.Response(body=b"x" * int(rest))
            case "to":
                return web.Response(status=302, headers={"Location": request.query["where"]})
            case "loop":
                return web.Response(status=302, headers={"Location": "/loop"})
            case "dirty":
                return web.Response(body=b"a\x1b[31mred\xffb")
        return web.Response(text="ok")

    @staticmethod
    async def _half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"the beginning")
        assert request.transport is not None
        request.transport.close()
        return response


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    here = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", here.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    here.port = runner.addresses[0][1]
    yield here
    here.leave.set()
    await runner.cleanup()

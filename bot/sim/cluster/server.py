"""The simulated cluster as one thing: start it, point a client at it, break it, look at what it saw.

Plain HTTP on loopback with bearer tokens. Knows nothing of the product or of any test.
"""

import asyncio
import json
import re
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import yaml
from aiohttp import web

from bot.sim.cluster import access, answering, discovery, metrics, requests, seed, statuses, world
from bot.sim.cluster.access import Access, Identity
from bot.sim.cluster.faults import Faults
from bot.sim.cluster.life import Life
from bot.sim.cluster.requests import Ask
from bot.sim.cluster.state import Store

# How many requests are remembered; a long demo must not grow without end.
MAX_REQUESTS = 5000
_ANONYMOUS = "system:anonymous"
# kubectl sends no credentials over plain HTTP (clientcmd reads them for TLS only), so a kubeconfig's server URL ends in
# /as/ACCOUNT, which stands for the token, for kubectl alone. Any other client must send its token.
_STAND_IN = re.compile(r"^/as/([a-z0-9-]+)(/.*)$")
_REVIEW_GROUPS = ("authorization.k8s.io", "authentication.k8s.io")


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request as the server saw it. `user` is the impersonated one where there is one.

    `is_write` is true for every request that may change the cluster: POST, PUT, PATCH and DELETE that are neither a
    dry run nor a review, and any exec. It does not say that the request succeeded; `status` does (101 for an exec).
    """

    method: str
    path: str
    query: str
    user: str
    authenticated_as: str
    status: int
    is_write: bool


@dataclass(slots=True)
class Seen:
    """What is known of a request before it is answered."""

    path: str
    is_write: bool
    identity: Identity | None = None


_SEEN = web.RequestKey("seen", Seen)


class ClusterSim:
    """`clock` gives seconds since the epoch. `life_interval_seconds` is how often the controllers look; 0 means that
    only `tick()` moves the world. `ready_after_seconds` is how long a container needs to become ready.
    `exec_verbs` are the verbs on pods/exec that an exec demands (1.32 demands `get`, 1.35 also `create`).
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        life_interval_seconds: float = 0.2,
        ready_after_seconds: float = 1.0,
        exec_verbs: tuple[str, ...] = access.EXEC_VERBS,
    ) -> None:
        self.world = world.build(clock, ready_after_seconds=ready_after_seconds)
        self.access = Access(exec_verbs=exec_verbs)
        self.faults = Faults(self.world)
        self.life = Life(self.world, self.faults)
        self.requests: deque[RecordedRequest] = deque(maxlen=MAX_REQUESTS)
        self.url = ""
        self._answering = answering.Answering(self.world, self.access)
        self._interval_seconds = life_interval_seconds
        self._runner: web.AppRunner | None = None
        self._life_task: asyncio.Task[None] | None = None
        seed.plant(self.world, self.life, self.access)

    @property
    def state(self) -> Store:
        return self.world.store

    # -- running

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen, and begin to live. Port 0 takes a free one; `url` says which."""
        app = web.Application(client_max_size=requests.MAX_BODY_BYTES)
        app.on_response_prepare.append(self._record)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound = runner.addresses[0][1]
        self._runner = runner
        self.url = f"http://{host}:{bound}"
        if self._interval_seconds > 0:
            self._life_task = asyncio.create_task(self.life.run(self._interval_seconds), name="cluster-life")

    async def stop(self) -> None:
        if self._life_task is not None:
            self._life_task.cancel()
            with suppress(asyncio.CancelledError):
                await self._life_task
            self._life_task = None
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def tick(self) -> None:
        """Let everything happen that is due by the clock."""
        self.life.tick()

    async def wait_until(self, predicate: Callable[[], bool], timeout: float = 5.0) -> None:
        """Return when the predicate holds; it is asked again after every change. Raises TimeoutError."""
        with self.state.listening() as changed:
            async with asyncio.timeout(timeout):
                while not predicate():
                    await changed.wait()
                    changed.clear()

    # -- how clients get in

    def token(self, account: str = "oncall") -> str:
        """The bearer token of a ServiceAccount: admin, oncall, reader or bot."""
        return self.access.token(account)

    def kubeconfig(self, account: str = "oncall", namespace: str = world.PRODUCTION) -> str:
        """YAML for kubectl and the official clients. The server must have been started."""
        context = {"cluster": "sim", "user": account, "namespace": namespace}
        return yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "sim", "cluster": {"server": f"{self.url}/as/{account}"}}],
                "users": [{"name": account, "user": {"token": self.token(account)}}],
                "contexts": [{"name": "sim", "context": context}],
                "current-context": "sim",
            },
            sort_keys=False,
        )

    @property
    def writes(self) -> list[RecordedRequest]:
        """The recorded requests that may have changed the cluster."""
        return [one for one in self.requests if one.is_write]

    def metrics(self) -> list[metrics.Sample]:
        """What a monitoring system would see now."""
        return metrics.collect(self.world, self.faults)

    # -- one request

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/metrics":
            # Scrapers have no account here; the numbers are no secret of the cluster.
            return web.Response(text=metrics.exposition(self.metrics()), content_type="text/plain")
        path, headers = self._unwrapped(request)
        ask = requests.parse(request.method, path, request.query)
        seen = Seen(ask.path, is_write=await _may_write(request, ask))
        request[_SEEN] = seen
        try:
            groups = request.headers.getall("Impersonate-Group", [])
            seen.identity = self.access.identify(headers, groups)
            self.access.demand(seen.identity, ask.attributes)
            return await self._answer(request, ask, seen.identity)
        except statuses.StatusError as refusal:
            response = answering.respond(refusal.body(), status=refusal.code)
            response.headers.update(refusal.headers)
            return response

    def _unwrapped(self, request: web.Request) -> tuple[str, dict[str, str]]:
        """The path without the account's prefix, and headers with the token that kubectl leaves out."""
        names = ("Authorization", "Impersonate-User")
        headers = {name: request.headers[name] for name in names if name in request.headers}
        found = _STAND_IN.match(request.path)
        if found is None:
            return request.path, headers
        is_kubectl = request.headers.get("User-Agent", "").startswith("kubectl")
        if is_kubectl and "Authorization" not in headers and self.access.has_account(found.group(1)):
            headers["Authorization"] = f"Bearer {self.access.token(found.group(1))}"
        return found.group(2), headers

    async def _answer(self, request: web.Request, ask: Ask, identity: Identity) -> web.StreamResponse:
        accept = request.headers.get("Accept", "")
        if request.method == "GET":
            found = discovery.document(ask.path, accept)
            if found is not None:
                response = answering.respond(found)
                response.headers["Content-Type"] = discovery.content_type(accept, ask.path)
                return response
            if ask.path in ("/healthz", "/livez", "/readyz"):
                return web.Response(text="ok")
        return await self._answering.answer(request, ask, identity)

    async def _record(self, request: web.Request, response: web.StreamResponse) -> None:
        """Called as an answer begins, so that a stream is on record while it lasts."""
        seen = request.get(_SEEN)
        if seen is None:
            return
        self.requests.append(
            RecordedRequest(
                method=request.method,
                path=seen.path,
                query=request.query_string,
                user=seen.identity.user if seen.identity else _ANONYMOUS,
                authenticated_as=seen.identity.authenticated_as if seen.identity else _ANONYMOUS,
                status=response.status,
                is_write=seen.is_write,
            )
        )


async def _may_write(request: web.Request, ask: Ask) -> bool:
    if ask.subresource == "exec":
        return True
    if request.method not in ("POST", "PUT", "PATCH", "DELETE") or ask.attributes.group in _REVIEW_GROUPS:
        return False
    if "dryRun" in request.query:
        return False
    is_removal = request.method == "DELETE" or ask.subresource == "eviction"
    return not (is_removal and await _is_dry_removal(request))


async def _is_dry_removal(request: web.Request) -> bool:
    """DeleteOptions may ask for a dry run in the body, an Eviction one level deeper."""
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError:
        return False
    inner = body.get("deleteOptions") or body if isinstance(body, dict) else {}
    return bool(inner.get("dryRun"))

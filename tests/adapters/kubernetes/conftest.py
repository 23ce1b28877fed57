"""The executor against a simulated cluster, and against a server that breaks off as it is told."""

import asyncio
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web

from bot.adapters.kubernetes.client import Credentials
from bot.adapters.kubernetes.executor import Kubernetes
from bot.adapters.system_clock import SystemClock
from bot.core.commands import kubectl
from bot.core.operations import Operation
from bot.core.previews import Performed, Preview
from bot.sim.cluster.server import ClusterSim

SOON = timedelta(seconds=10)
SHORT = timedelta(milliseconds=600)

Obj = dict[str, Any]  # JSON from the wire


def operation(text: str) -> Operation:
    return kubectl.parse(shlex.split(text), text=text)


@dataclass(slots=True)
class Cluster:
    """The simulated cluster, seen through the executor as one of its accounts, and through an administrator's eyes."""

    sim: ClusterSim
    folder: Path
    session: aiohttp.ClientSession
    opened: list[Kubernetes] = field(default_factory=list)

    def as_account(self, account: str, *, impersonate: str = "", impersonate_group: str = "") -> Kubernetes:
        file = self.folder / f"{account}.yaml"
        file.write_text(self.sim.kubeconfig(account))
        who = Credentials(str(file), impersonate=impersonate, impersonate_group=impersonate_group)
        self.opened.append(Kubernetes(who, clock=SystemClock()))
        return self.opened[-1]

    async def preview(self, text: str, account: str = "oncall") -> Preview:
        return await self.as_account(account).preview(operation(text), timeout=SOON)

    async def perform(self, text: str, shown: Preview, account: str = "oncall") -> Performed:
        return await self.as_account(account).perform(operation(text), shown, key="k", timeout=SOON)

    async def run(self, text: str, account: str = "oncall") -> Performed:
        shown = await self.preview(text, account)
        assert shown.problems == ()
        return await self.perform(text, shown, account)

    async def admin(self, method: str, path: str, body: Obj | None = None) -> Obj:
        headers = {"Authorization": f"Bearer {self.sim.token('admin')}"}
        if method == "PATCH":
            headers["Content-Type"] = "application/merge-patch+json"
        async with self.session.request(method, self.sim.url + path, json=body, headers=headers) as answer:
            assert answer.status < 300, await answer.text()
            found: Obj = await answer.json()
            return found

    async def pods(self, app: str) -> list[Obj]:
        found = await self.admin("GET", f"/api/v1/namespaces/production/pods?labelSelector=app%3D{app}")
        return [pod for pod in found["items"] if not pod["metadata"].get("deletionTimestamp")]

    def forget(self) -> None:
        self.sim.requests.clear()


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    sim = ClusterSim(life_interval_seconds=0.05, ready_after_seconds=0.1)
    await sim.start()
    async with aiohttp.ClientSession() as session:
        here = Cluster(sim, tmp_path, session)
        yield here
        for one in here.opened:
            await one.close()
    await sim.stop()


# --- a server that breaks off -----------------------------------------------------------------------------------------

DEPLOYMENT: Obj = {
    "kind": "Deployment",
    "apiVersion": "apps/v1",
    "metadata": {"name": "api", "namespace": "prod", "uid": "u1", "resourceVersion": "7", "generation": 1},
    "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "api", "image": "api:1"}]}}},
}
POD: Obj = {
    "kind": "Pod",
    "apiVersion": "v1",
    "metadata": {"name": "p", "namespace": "prod", "uid": "u1", "resourceVersion": "7"},
    "spec": {"containers": [{"name": "main"}]},
    "status": {"conditions": [{"type": "Ready", "status": "True"}]},
}

Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Broken:
    """Reads and reviews are answered; what changes something meets `serve`. `changes` counts those requests.

    As many of the first dry runs as `lost_dry_runs` meet a conflict: a status update came between.
    """

    kubernetes: Kubernetes
    serve: Serve
    stop: Callable[[], Awaitable[None]]
    changes: int = 0
    lost_dry_runs: int = 0
    leave: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/exec"):
            self.changes += 1
            return await self.serve(request)
        if "authorization" in request.path or "authentication" in request.path:
            return web.json_response({"kind": "Review", "status": {"allowed": True, "userInfo": {"username": "me"}}})
        is_dry = "dryRun" in request.query
        if is_dry and self.lost_dry_runs:
            self.lost_dry_runs -= 1
            said = "the object has been modified"
            status = {"kind": "Status", "status": "Failure", "reason": "Conflict", "code": 409, "message": said}
            return web.json_response(status, status=409)
        if request.method == "GET" or is_dry:
            return web.json_response(POD if "/pods" in request.path else DEPLOYMENT)
        self.changes += 1
        return await self.serve(request)


@pytest.fixture
async def broken(tmp_path: Path) -> AsyncIterator[Broken]:
    file = tmp_path / "kubeconfig"
    executor = Kubernetes(Credentials(str(file)), clock=SystemClock())

    async def unset(request: web.Request) -> web.StreamResponse:
        return web.json_response({})

    app = web.Application()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    here = Broken(executor, unset, stop=runner.cleanup)
    app.router.add_route("*", "/{path:.*}", here.answer)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    config = {
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{runner.addresses[0][1]}"}}],
        "users": [{"name": "me", "user": {"token": "t"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "me", "namespace": "prod"}}],
        "current-context": "x",
    }
    file.write_text(yaml.safe_dump(config))
    yield here
    here.leave.set()
    await executor.close()
    await runner.cleanup()

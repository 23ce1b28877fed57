"""A cluster with a clock of its own, and a plain HTTP client for it.

Nothing in these tests waits for real time but the ones that drive kubectl.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from bot.sim.cluster.server import ClusterSim

Obj = dict[str, Any]  # JSON from the wire


class Clock:
    """Seconds since the epoch, moved by hand."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Obj
    text: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        return str(self.body.get("reason", ""))


@dataclass(slots=True)
class Cluster:
    """The simulated cluster, its clock and a session."""

    sim: ClusterSim
    clock: Clock
    session: aiohttp.ClientSession

    def pass_seconds(self, seconds: float) -> None:
        """Let the world live for this long, in half-second steps."""
        for _ in range(max(1, int(seconds * 2))):
            self.clock.now += 0.5
            self.sim.tick()

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        account: str = "admin",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        sent = {"Accept": "application/json"} | (headers or {})
        if account:
            sent["Authorization"] = f"Bearer {self.sim.token(account)}"
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        raw = None if body is None else json.dumps(body)
        async with self.session.request(method, self.sim.url + path, data=raw, headers=sent) as response:
            text = await response.text()
            is_one_document = response.content_type == "application/json" and text and "\n{" not in text
            read = json.loads(text) if is_one_document else {}
            return Answer(response.status, read, text, dict(response.headers))

    async def get(self, path: str, *, account: str = "admin") -> Answer:
        return await self.ask("GET", path, account=account)

    async def patch(self, path: str, body: Any, kind: str = "merge", *, account: str = "admin") -> Answer:
        types = {"merge": "merge-patch", "json": "json-patch", "strategic": "strategic-merge-patch"}
        headers = {"Content-Type": f"application/{types[kind]}+json"}
        return await self.ask("PATCH", path, body, account=account, headers=headers)

    async def names(self, app: str) -> list[str]:
        found = await self.get(f"/api/v1/namespaces/production/pods?labelSelector=app%3D{app}")
        return [item["metadata"]["name"] for item in found.body["items"]]


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    clock = Clock()
    sim = ClusterSim(clock=clock, life_interval_seconds=0)
    await sim.start()
    async with aiohttp.ClientSession() as session:
        yield Cluster(sim, clock, session)
    await sim.stop()

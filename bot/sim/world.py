"""The local world as one thing: a Slack workspace, a cluster, a pager and what watches the cluster, all on loopback.

It knows nothing of the bot: whoever starts it points a bot at the addresses it gives.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from aiohttp import web

from bot.sim import scenarios
from bot.sim.cluster import kinds, objects
from bot.sim.cluster.server import ClusterSim
from bot.sim.monitoring import Monitoring
from bot.sim.pager import PagerSim
from bot.sim.slack.server import SlackSim

SHOWN_NAMESPACE = "production"


class LocalWorld:
    """`manifest` is the Slack app's manifest; `clock` gives seconds since the epoch."""

    def __init__(self, *, manifest: Mapping[str, object], clock: Callable[[], float] = time.time) -> None:
        self.cluster = ClusterSim(clock=clock)
        self.pager = PagerSim()
        self.monitoring = Monitoring(clock)
        self.slack = SlackSim(manifest=manifest, clock=clock, extra_routes=self._routes())
        self._watching: asyncio.Task[None] | None = None

    async def start(self, *, port: int = 0) -> None:
        """`port` is where the page is; the others take free ones."""
        await self.cluster.start()
        await self.pager.start()
        await self.slack.start(port=port)
        self._watching = asyncio.create_task(self.monitoring.run(), name="monitoring")

    async def stop(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
        await self.slack.stop()
        await self.pager.stop()
        await self.cluster.stop()

    def fire(self, name: str) -> None:
        """Plant the scenario's fault and let its alert fire. Raises KeyError for a scenario that does not exist."""
        scenario = scenarios.BY_NAME[name]
        labels, annotations = dict(scenario.labels), dict(scenario.annotations)
        if scenario.fault:
            planted = self.cluster.faults.plant(scenario.fault)
            labels = {**planted.labels, **labels}
            if scenario.detail_as:
                labels[scenario.detail_as] = planted.detail
            annotations = {"summary": planted.summary, "description": planted.detail, **annotations}
        self.monitoring.watch(name, labels, annotations, lambda: self._is_wrong(scenario))

    def _is_wrong(self, scenario: scenarios.Scenario) -> bool:
        return not scenario.fault or self.cluster.faults.is_active(scenario.fault)

    # --- what the page asks ------------------------------------------------------------------------------------------

    def _routes(self) -> list[web.RouteDef]:
        return [
            web.get("/sim/scenarios", self._scenarios),
            web.post("/sim/scenarios/{name}/fire", self._fire),
            web.get("/sim/world", self._world),
        ]

    async def _scenarios(self, _: web.Request) -> web.Response:
        rows = [
            {
                "name": each.name,
                "title": each.title,
                "summary": each.summary,
                "hint": each.hint,
                "state": self.monitoring.state(each.name),
            }
            for each in scenarios.SCENARIOS
        ]
        return web.json_response(rows)

    async def _fire(self, request: web.Request) -> web.Response:
        if request.headers.get("X-Sim") != "1":
            return web.json_response({"error": "forbidden", "message": "the header X-Sim is missing"}, status=403)
        name = request.match_info["name"]
        if name not in scenarios.BY_NAME:
            return web.json_response({"error": "unknown", "message": f"there is no scenario {name}"}, status=404)
        self.fire(name)
        return web.json_response({})

    async def _world(self, _: web.Request) -> web.Response:
        faults = [
            {"name": fault.name, "summary": fault.summary, "detail": fault.detail}
            for fault in self.cluster.faults.active()
        ]
        alerts = [{**each, "since": _clock_time(each["since"])} for each in self.monitoring.alerts()]
        pages = [
            {"at": _clock_time(page.at), "summary": page.summary, "status": page.status} for page in self.pager.pages
        ]
        return web.json_response({"services": self._services(), "faults": faults, "alerts": alerts, "pages": pages})

    def _services(self) -> list[dict[str, object]]:
        suffering = {str(fault.labels.get("service")): fault.summary for fault in self.cluster.faults.active()}
        rows = []
        for kind in (kinds.DEPLOYMENTS, kinds.STATEFUL_SETS):
            for each in self.cluster.state.items(kind, SHOWN_NAMESPACE):
                name = objects.name_of(each)
                wanted, ready = (
                    int(each["spec"].get("replicas", 1)),
                    int(each.get("status", {}).get("readyReplicas", 0)),
                )
                state = "down" if ready == 0 < wanted else "degraded" if ready < wanted or name in suffering else "ok"
                rows.append(
                    {
                        "name": name,
                        "namespace": SHOWN_NAMESPACE,
                        "ready": ready,
                        "wanted": wanted,
                        "state": state,
                        "note": suffering.get(name, ""),
                    }
                )
        return rows


def _clock_time(seconds: object) -> str:
    return datetime.fromtimestamp(float(str(seconds)), UTC).strftime("%H:%M:%S")

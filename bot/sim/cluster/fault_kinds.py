"""The faults themselves: what each does to the world, and what of the world shows that it is still there.

Each fits the protocol `faults.Fault` without knowing it. A cure is whatever makes `is_active` false.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.sim.cluster import kinds, objects
from bot.sim.cluster.conditions import HEALTHY_KEYS, MAX_CLIENTS
from bot.sim.cluster.images import CRASHING
from bot.sim.cluster.kubelet import tolerates_everything
from bot.sim.cluster.objects import Obj
from bot.sim.cluster.volumes import ARCHIVE, DAY_SECONDS, File, Volume
from bot.sim.cluster.world import PRODUCTION, World
from bot.sim.cluster.writing import change

GOOD_CHECKOUT = "checkout:1.9.1"
# Planted disk-full brings the archive to this share; above FULL_PERCENT it is a fault.
PLANTED_PERCENT = 97
FULL_PERCENT = 90
ENOUGH_FRONTENDS = 4
CALM_REQUESTS, BUSY_REQUESTS = 120.0, 380.0


def _labels(alert: str, service: str, severity: str, **more: str) -> dict[str, str]:
    base = {"alertname": alert, "service": service, "namespace": PRODUCTION, "severity": severity}
    return base | more


@dataclass(slots=True)
class StuckRedisPool:
    """Clients cannot get a redis connection until the leases are flushed."""

    world: World
    name: str = "stuck-redis-pool"
    summary: str = "redis connection timeout in api-gateway"
    labels: Mapping[str, str] = field(
        default_factory=lambda: _labels("RedisConnectionTimeout", "api-gateway", "critical")
    )

    def plant(self) -> None:
        self.world.conditions.redis_leases = MAX_CLIENTS
        self.world.conditions.redis_keys = HEALTHY_KEYS

    def clear(self) -> None:
        self.world.conditions.redis_leases = 0

    def is_active(self) -> bool:
        return self.world.conditions.is_pool_exhausted

    def tick(self, now: float) -> None:
        del now
        if self.is_active():
            _log(self.world, "api-gateway", 'level=error msg="redis: connection pool timeout" addr=redis-primary:6379')

    def detail(self) -> str:
        return f"{self.world.conditions.redis_leases} of {MAX_CLIENTS} connection leases taken"


@dataclass(slots=True)
class BadImage:
    """The checkout deployment is rolled to an image that crash-loops."""

    world: World
    name: str = "bad-image"
    summary: str = "checkout pods are crash looping after a release"
    labels: Mapping[str, str] = field(
        default_factory=lambda: _labels("KubePodCrashLooping", "checkout", "critical", deployment="checkout")
    )

    def plant(self) -> None:
        self._set_image(CRASHING)

    def clear(self) -> None:
        if self._image() == CRASHING:
            self._set_image(GOOD_CHECKOUT)

    def is_active(self) -> bool:
        images = [self._image(), *(_image_of(pod) for pod in self.world.pods_of("checkout"))]
        return any(self.world.images.behaviour(image) == "crashes" for image in images)

    def tick(self, now: float) -> None:
        """The kubelet logs and restarts; there is nothing to add."""

    def detail(self) -> str:
        return f"deployment checkout runs {self._image()}"

    def _image(self) -> str:
        found = self.world.store.find(kinds.DEPLOYMENTS, PRODUCTION, "checkout")
        return str(found["spec"]["template"]["spec"]["containers"][0]["image"]) if found else ""

    def _set_image(self, image: str) -> None:
        deployment = self.world.store.get(kinds.DEPLOYMENTS, PRODUCTION, "checkout")

        def alter(new: Obj) -> None:
            new["spec"]["template"]["spec"]["containers"][0]["image"] = image

        change(self.world.store, kinds.DEPLOYMENTS, deployment, alter)


@dataclass(slots=True)
class MemoryLeak:
    """The recommender's pods leak; new pods are fine until `returns_after_seconds` have passed."""

    world: World
    returns_after_seconds: float = 60.0
    name: str = "memory-leak"
    summary: str = "recommender memory usage is close to its limit"
    labels: Mapping[str, str] = field(
        default_factory=lambda: _labels("ContainerMemoryHigh", "recommender", "high", deployment="recommender")
    )
    _is_planted: bool = False
    _cured_at: float | None = None

    def plant(self) -> None:
        self._is_planted, self._cured_at = True, None
        now = self.world.clock()
        for pod in self.world.pods_of("recommender"):
            self.world.conditions.leaking[objects.uid_of(pod)] = now

    def clear(self) -> None:
        self._is_planted, self._cured_at = False, None
        self.world.conditions.leaking.clear()

    def is_active(self) -> bool:
        leaking = self.world.conditions.leaking
        return any(objects.uid_of(pod) in leaking for pod in self.world.pods_of("recommender"))

    def tick(self, now: float) -> None:
        if self.is_active():
            text = 'level=warn msg="heap above 90% of the limit" component=model-cache'
            _log(self.world, "recommender", text)
            self._cured_at = None
        elif self._is_planted and self._cured_at is None:
            self._cured_at = now
        elif self._cured_at is not None and now - self._cured_at >= self.returns_after_seconds:
            self.plant()

    def detail(self) -> str:
        return f"{len(self.world.conditions.leaking)} pods leak"


@dataclass(slots=True)
class DiskFull:
    """Old archives fill the log archiver's volume."""

    world: World
    name: str = "disk-full"
    summary: str = "disk almost full: /var/log/archive on log-archiver-0"
    labels: Mapping[str, str] = field(
        default_factory=lambda: _labels("DiskAlmostFull", "log-archiver", "high", pod="log-archiver-0")
    )

    @property
    def volume(self) -> Volume:
        return self.world.volumes.claim(PRODUCTION, "archive-log-archiver-0", ARCHIVE)

    def plant(self) -> None:
        volume, now = self.volume, self.world.clock()
        missing = int(volume.capacity * (PLANTED_PERCENT - 0.5) / 100) - volume.used
        count = 40
        for number in range(count if missing > 0 else 0):
            modified = now - (8 + number) * DAY_SECONDS
            day = objects.timestamp(modified)[:10]
            volume.files[f"{ARCHIVE}/app-{day}.log.gz"] = File(missing // count, modified)

    def clear(self) -> None:
        old = self.world.clock() - 8 * DAY_SECONDS
        for path in [path for path, file in self.volume.files.items() if file.modified <= old]:
            del self.volume.files[path]

    def is_active(self) -> bool:
        return self.volume.percent >= FULL_PERCENT

    def tick(self, now: float) -> None:
        del now
        if self.is_active():
            _log(self.world, "log-archiver", 'level=error msg="archive volume almost full, rotation paused"')

    def detail(self) -> str:
        return f"{ARCHIVE} {self.volume.percent}% used"


@dataclass(slots=True)
class StuckPod:
    """One worker hangs and is not ready until it is deleted."""

    world: World
    name: str = "stuck-pod"
    summary: str = "a worker pod is stuck and takes no jobs"
    labels: Mapping[str, str] = field(default_factory=lambda: _labels("KubePodNotReady", "worker", "high"))

    @property
    def pods(self) -> list[Obj]:
        return [pod for pod in self.world.pods_of("worker") if objects.uid_of(pod) in self.world.kubelet.hung]

    def plant(self) -> None:
        if not self.pods and (candidates := self.world.pods_of("worker")):
            self.world.kubelet.hung.add(objects.uid_of(candidates[0]))

    def clear(self) -> None:
        self.world.kubelet.hung.clear()

    def is_active(self) -> bool:
        return bool(self.pods)

    def tick(self, now: float) -> None:
        del now
        for pod in self.pods:
            text = 'level=warn msg="heartbeat missed" waiting_for="job lock"'
            self.world.logs.write(objects.uid_of(pod), pod["spec"]["containers"][0]["name"], text)

    def detail(self) -> str:
        return ", ".join(objects.name_of(pod) for pod in self.pods)


@dataclass(slots=True)
class Overload:
    """More requests arrive than two frontends can serve; four can."""

    world: World
    name: str = "overload"
    summary: str = "frontend is saturated, latency is high"
    labels: Mapping[str, str] = field(
        default_factory=lambda: _labels("FrontendSaturated", "frontend", "high", deployment="frontend")
    )

    def plant(self) -> None:
        self.world.conditions.requests_per_second = BUSY_REQUESTS

    def clear(self) -> None:
        self.world.conditions.requests_per_second = CALM_REQUESTS

    def is_active(self) -> bool:
        return self.world.conditions.requests_per_second >= BUSY_REQUESTS and self._ready() < ENOUGH_FRONTENDS

    def tick(self, now: float) -> None:
        del now
        if self.is_active():
            _log(self.world, "frontend", 'level=warn msg="worker pool saturated" queue=512 p99=4.8s')

    def detail(self) -> str:
        return f"{self._ready()} frontends ready, {ENOUGH_FRONTENDS} needed"

    def _ready(self) -> int:
        return sum(map(objects.is_ready, self.world.pods_of("frontend")))


@dataclass(slots=True)
class NodePressure:
    """A node runs out of disk. A cordon contains it; when its pods are drained too the pressure goes."""

    world: World
    node: str = "node-2"
    name: str = "node-pressure"
    summary: str = "node node-2 reports disk pressure"
    labels: Mapping[str, str] = field(
        default_factory=lambda: {
            "alertname": "NodeDiskPressure",
            "service": "nodes",
            "node": "node-2",
            "severity": "high",
        }
    )

    def plant(self) -> None:
        self._set_pressure("True")

    def clear(self) -> None:
        self._set_pressure("False")

    def is_active(self) -> bool:
        node = self._node()
        return objects.is_condition_true(node, "DiskPressure") and not node["spec"].get("unschedulable")

    def tick(self, now: float) -> None:
        del now
        node = self._node()
        is_contained = objects.is_condition_true(node, "DiskPressure") and node["spec"].get("unschedulable")
        if is_contained and not self._movable_pods():
            self._set_pressure("False")

    def detail(self) -> str:
        node = self._node()
        cordoned = "cordoned" if node["spec"].get("unschedulable") else "schedulable"
        pressure = "pressure" if objects.is_condition_true(node, "DiskPressure") else "no pressure"
        return f"{self.node} {cordoned}, {pressure}, {len(self._movable_pods())} pods to drain"

    def _node(self) -> Obj:
        return self.world.store.get(kinds.NODES, "", self.node)

    def _movable_pods(self) -> list[Obj]:
        found = self.world.store.items(kinds.PODS)
        return [pod for pod in found if pod["spec"].get("nodeName") == self.node and not tolerates_everything(pod)]

    def _set_pressure(self, status: str) -> None:
        has = status == "True"
        stamp = objects.timestamp(self.world.clock())
        fresh = {
            "type": "DiskPressure",
            "status": status,
            "lastHeartbeatTime": stamp,
            "lastTransitionTime": stamp,
            "reason": "KubeletHasDiskPressure" if has else "KubeletHasNoDiskPressure",
            "message": f"kubelet has {'' if has else 'no '}disk pressure",
        }

        def alter(node: Obj) -> None:
            others = [one for one in node["status"]["conditions"] if one["type"] != "DiskPressure"]
            node["status"]["conditions"] = [*others, fresh]

        node = self._node()
        found = objects.condition(node, "DiskPressure")
        if found is None or found["status"] != status:
            change(self.world.store, kinds.NODES, node, alter)
            if has:
                reason, text = "NodeHasDiskPressure", f"Node {self.node} status is now: NodeHasDiskPressure"
                self.world.events.record(node, reason, text, source="kubelet", warning=True)


def _image_of(pod: Obj) -> str:
    return str(pod["spec"]["containers"][0]["image"])


def _log(world: World, app: str, text: str) -> None:
    for pod in world.pods_of(app):
        world.logs.write(objects.uid_of(pod), pod["spec"]["containers"][0]["name"], text)

"""What a monitoring system would scrape: Prometheus text computed from the world of this moment.

Names follow kube-state-metrics, cAdvisor and node_exporter where one exists. Reads only.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.sim.cluster import kinds, objects
from bot.sim.cluster.conditions import MAX_CLIENTS
from bot.sim.cluster.faults import Faults
from bot.sim.cluster.objects import Obj
from bot.sim.cluster.world import World

MIB = 1024**2
LIMIT_BYTES = 512 * MIB
_CALM_SHARE = 0.42
# A leaking pod starts here, grows by this share a second and stays below its limit.
_LEAK_START, _LEAK_PER_SECOND, _LEAK_END = 0.91, 0.002, 0.99
# What one frontend serves before it saturates.
REQUESTS_PER_POD = 100.0
_NODE_CAPACITY = 100 * 1024 * MIB


@dataclass(frozen=True, slots=True)
class Sample:
    name: str
    labels: dict[str, str]
    value: float


def memory_bytes(world: World, pod: Obj) -> float:
    """The working set of a pod's only interesting container."""
    since = world.conditions.leaking.get(objects.uid_of(pod))
    if since is None:
        return _CALM_SHARE * LIMIT_BYTES
    age = max(0.0, world.clock() - since)
    return min(_LEAK_START + age * _LEAK_PER_SECOND, _LEAK_END) * LIMIT_BYTES


def collect(world: World, faults: Faults) -> list[Sample]:
    return [*_pods(world), *_workloads(world), *_nodes(world), *_software(world), *_faults(faults)]


def _pods(world: World) -> Iterator[Sample]:
    for pod in world.store.items(kinds.PODS):
        labels = {"namespace": objects.namespace_of(pod), "pod": objects.name_of(pod)}
        yield Sample("kube_pod_status_ready", labels | {"condition": "true"}, float(objects.is_ready(pod)))
        for status in pod["status"].get("containerStatuses") or []:
            inner = labels | {"container": status["name"]}
            yield Sample("kube_pod_container_status_restarts_total", inner, float(status["restartCount"]))
            if reason := status["state"].get("waiting", {}).get("reason"):
                yield Sample("kube_pod_container_status_waiting_reason", inner | {"reason": reason}, 1.0)
            yield Sample("container_memory_working_set_bytes", inner, memory_bytes(world, pod))
            yield Sample("container_spec_memory_limit_bytes", inner, float(LIMIT_BYTES))


def _workloads(world: World) -> Iterator[Sample]:
    for deployment in world.store.items(kinds.DEPLOYMENTS):
        labels = {"namespace": objects.namespace_of(deployment), "deployment": objects.name_of(deployment)}
        yield Sample("kube_deployment_spec_replicas", labels, float(deployment["spec"]["replicas"]))
        available = float(deployment["status"].get("availableReplicas", 0))
        yield Sample("kube_deployment_status_replicas_available", labels, available)


def _nodes(world: World) -> Iterator[Sample]:
    for node in world.store.items(kinds.NODES):
        name = objects.name_of(node)
        is_pressed = objects.is_condition_true(node, "DiskPressure")
        labels = {"node": name, "condition": "DiskPressure", "status": "true"}
        yield Sample("kube_node_status_condition", labels, float(is_pressed))
        cordoned = float(bool(node["spec"].get("unschedulable")))
        yield Sample("kube_node_spec_unschedulable", {"node": name}, cordoned)
        free = _NODE_CAPACITY * (0.06 if is_pressed else 0.61)
        yield Sample("node_filesystem_avail_bytes", {"node": name, "mountpoint": "/"}, free)


def _software(world: World) -> Iterator[Sample]:
    conditions = world.conditions
    yield Sample("redis_connected_clients", {"service": "redis-primary"}, float(conditions.redis_clients))
    yield Sample("redis_config_maxclients", {"service": "redis-primary"}, float(MAX_CLIENTS))
    failing = 0.38 if conditions.is_pool_exhausted else 0.0
    yield Sample("http_request_error_ratio", {"service": "api-gateway"}, failing)
    ready = sum(map(objects.is_ready, world.pods_of("frontend")))
    saturation = conditions.requests_per_second / (REQUESTS_PER_POD * ready) if ready else 1.0
    yield Sample("http_worker_saturation_ratio", {"service": "frontend"}, round(min(saturation, 2.0), 3))
    for pod in world.pods_of("log-archiver"):
        for volume in world.volumes.of(pod):
            labels = {"pod": objects.name_of(pod), "mountpoint": volume.mount}
            yield Sample("kubelet_volume_stats_used_bytes", labels, float(volume.used))
            yield Sample("kubelet_volume_stats_capacity_bytes", labels, float(volume.capacity))


def _faults(faults: Faults) -> Iterator[Sample]:
    for state in faults.states():
        yield Sample("sim_fault_active", {"fault": state.name}, float(state.active))


def exposition(samples: list[Sample]) -> str:
    """Prometheus text format 0.0.4, grouped by name."""
    lines: list[str] = []
    for name in dict.fromkeys(sample.name for sample in samples):
        lines.append(f"# TYPE {name} gauge")
        for sample in samples:
            if sample.name == name:
                shown = ",".join(f'{key}="{value}"' for key, value in sorted(sample.labels.items()))
                lines.append(f"{name}{{{shown}}} {sample.value:g}")
    return "\n".join(lines) + "\n"

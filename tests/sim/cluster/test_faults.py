"""Each fault hurts, is cured by the right action, and by nothing less."""

import pytest

from bot.sim.cluster import objects, programs
from bot.sim.cluster.programs import Call, Result
from tests.sim.cluster.conftest import Cluster

APPS = "/apis/apps/v1/namespaces/production"
PODS = "/api/v1/namespaces/production/pods"


def run(cluster: Cluster, app: str, *argv: str) -> Result:
    """Run a program in the first pod of this app."""
    pod = cluster.sim.world.pods_of(app)[0]
    return programs.run(Call(cluster.sim.world, pod, pod["spec"]["containers"][0], argv))


def is_active(cluster: Cluster, name: str) -> bool:
    return cluster.sim.faults.is_active(name)


@pytest.mark.parametrize(
    "name",
    ["stuck-redis-pool", "bad-image", "memory-leak", "disk-full", "stuck-pod", "overload", "node-pressure"],
)
def test_a_fault_can_be_planted_and_cleared(cluster: Cluster, name: str) -> None:
    faults = cluster.sim.faults
    assert not faults.is_active(name)
    planted = faults.plant(name)
    assert (planted.name, planted.active, planted.since) == (name, True, cluster.clock.now)
    assert {"alertname", "service", "severity"} <= planted.labels.keys()
    assert [state.name for state in faults.active()] == [name]
    faults.clear_all()
    cluster.pass_seconds(15)
    assert faults.active() == []


def test_a_fault_that_does_not_exist_is_an_error(cluster: Cluster) -> None:
    with pytest.raises(KeyError):
        cluster.sim.faults.plant("gremlins")


def test_a_stuck_redis_pool_is_cured_by_a_flush_and_by_nothing_less(cluster: Cluster) -> None:
    cluster.sim.faults.plant("stuck-redis-pool")
    health = ("curl", "-s", "localhost:8080/health")
    code = ("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "localhost:8080/health")
    assert run(cluster, "api-gateway", *health).out == '{"status":"degraded","redis":"timeout"}'
    assert run(cluster, "api-gateway", *code).out == "503"
    for command in (["PING"], ["INFO"], ["CLIENT", "KILL", "TYPE", "normal"], ["DBSIZE"]):
        run(cluster, "redis-primary", "redis-cli", *command)
        assert is_active(cluster, "stuck-redis-pool")
    assert run(cluster, "redis-primary", "redis-cli", "FLUSHDB").out == "OK\n"
    assert not is_active(cluster, "stuck-redis-pool")
    assert run(cluster, "api-gateway", *health).out == '{"status":"ok","redis":"connected"}'
    assert run(cluster, "api-gateway", *code).out == "200"
    assert run(cluster, "redis-primary", "redis-cli", "DBSIZE").out == "0\n"


async def test_a_bad_image_is_cured_by_the_older_template_and_not_by_a_restart(cluster: Cluster) -> None:
    cluster.sim.faults.plant("bad-image")
    cluster.pass_seconds(5)
    path = f"{APPS}/deployments/checkout"
    stamp = {"kubectl.kubernetes.io/restartedAt": "now"}
    await cluster.patch(path, {"spec": {"template": {"metadata": {"annotations": stamp}}}})
    cluster.pass_seconds(10)
    assert is_active(cluster, "bad-image")
    patch = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "checkout:1.9.1"}]
    await cluster.patch(path, patch, "json")
    cluster.pass_seconds(15)
    assert not is_active(cluster, "bad-image")


async def test_a_memory_leak_is_cured_by_new_pods_and_comes_back(cluster: Cluster) -> None:
    faults = cluster.sim.faults
    faults.memory_leak.returns_after_seconds = 30
    faults.plant("memory-leak")
    first, second = await cluster.names("recommender")
    await cluster.ask("DELETE", f"{PODS}/{first}")
    cluster.pass_seconds(3)
    assert faults.is_active("memory-leak")  # the other pod still leaks
    await cluster.ask("DELETE", f"{PODS}/{second}")
    cluster.pass_seconds(3)
    assert not faults.is_active("memory-leak")
    cluster.pass_seconds(20)
    assert not faults.is_active("memory-leak")
    cluster.pass_seconds(15)
    assert faults.is_active("memory-leak")


def test_leaking_memory_climbs_towards_its_limit(cluster: Cluster) -> None:
    def used() -> float:
        samples = cluster.sim.metrics()
        wanted = [one for one in samples if one.name == "container_memory_working_set_bytes"]
        return max(one.value for one in wanted if one.labels["pod"].startswith("recommender"))

    calm = used()
    cluster.sim.faults.plant("memory-leak")
    at_first = used()
    cluster.pass_seconds(20)
    assert calm < at_first < used() < 512 * 1024**2


def test_a_full_disk_is_cured_by_deleting_old_archives_only(cluster: Cluster) -> None:
    cluster.sim.faults.plant("disk-full")
    assert " 97% /var/log/archive" in run(cluster, "log-archiver", "df", "-h").out
    find = ("find", "/var/log/archive", "-name", "*.gz", "-mtime", "+7")
    assert len(run(cluster, "log-archiver", *find).out.splitlines()) == 40
    assert is_active(cluster, "disk-full")
    assert run(cluster, "log-archiver", "rm", "/var/log/archive/*.gz").code == 1
    assert is_active(cluster, "disk-full")
    assert run(cluster, "log-archiver", *find, "-delete") == Result()
    assert not is_active(cluster, "disk-full")
    left = run(cluster, "log-archiver", "ls", "/var/log/archive").out.splitlines()
    assert "current.log" in left
    assert len(left) == 7


async def test_a_stuck_pod_is_cured_by_deleting_this_pod_and_no_other(cluster: Cluster) -> None:
    stuck = cluster.sim.faults.plant("stuck-pod").detail
    cluster.pass_seconds(2)
    pod = (await cluster.get(f"{PODS}/{stuck}")).body
    assert not objects.is_ready(pod)
    other = next(name for name in await cluster.names("worker") if name != stuck)
    await cluster.ask("DELETE", f"{PODS}/{other}")
    cluster.pass_seconds(4)
    assert is_active(cluster, "stuck-pod")
    await cluster.ask("DELETE", f"{PODS}/{stuck}")
    cluster.pass_seconds(4)
    assert not is_active(cluster, "stuck-pod")
    assert all(map(objects.is_ready, cluster.sim.world.pods_of("worker")))


@pytest.mark.parametrize(("replicas", "cured"), [(3, False), (4, True), (6, True)])
async def test_an_overload_is_cured_by_four_ready_frontends(cluster: Cluster, replicas: int, cured: bool) -> None:
    cluster.sim.faults.plant("overload")
    path = f"{APPS}/deployments/frontend/scale"
    await cluster.patch(path, {"spec": {"replicas": replicas}})
    assert is_active(cluster, "overload")  # until they are ready
    cluster.pass_seconds(4)
    assert is_active(cluster, "overload") is not cured
    await cluster.patch(path, {"spec": {"replicas": 2}})
    cluster.pass_seconds(4)
    assert is_active(cluster, "overload")


async def test_node_pressure_is_contained_by_a_cordon_and_ends_with_a_drain(cluster: Cluster) -> None:
    cluster.sim.faults.plant("node-pressure")
    node = "/api/v1/nodes/node-2"
    await cluster.patch(node, {"spec": {"unschedulable": True}})
    cluster.pass_seconds(2)
    state = cluster.sim.faults.state("node-pressure")
    assert not state.active
    assert state.detail.startswith("node-2 cordoned, pressure, ")
    for pod in (await cluster.get("/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-2")).body["items"]:
        metadata = pod["metadata"]
        if metadata["ownerReferences"][0]["kind"] != "DaemonSet":
            path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/eviction"
            evicted = await cluster.ask("POST", path, {"metadata": {"name": metadata["name"]}})
            assert evicted.status == 201
    cluster.pass_seconds(6)
    assert cluster.sim.faults.state("node-pressure").detail == "node-2 cordoned, no pressure, 0 pods to drain"
    await cluster.patch(node, {"spec": {"unschedulable": None}})
    assert not is_active(cluster, "node-pressure")


@pytest.mark.parametrize(
    ("argv", "out", "code"),
    [
        (("echo", "-n", "a", "b"), "a b", 0),
        (("true",), "", 0),
        (("date",), "Fri Jan 15 08:00:00 UTC 2027\n", 0),
        (("false",), "", 1),
        (("cat", "/etc/hostname"), "log-archiver-0\n", 0),
        (("cat", "/etc/nope"), "", 1),
        (("du", "-sh", "/var/log/archive"), "6.6G\t/var/log/archive\n", 0),
        (("rm", "-rf", "/etc"), "", 1),
        (("find", "/var/log/archive", "-exec", "rm"), "", 1),
        (("curl", "-s", "http://example.com/"), "", 6),
        (("curl", "-sf", "localhost:8080/nope"), "", 22),
    ],
)
def test_a_small_program_does_what_the_real_one_would(
    cluster: Cluster, argv: tuple[str, ...], out: str, code: int
) -> None:
    result = run(cluster, "log-archiver", *argv)
    assert (result.out, result.code) == (out, code)

"""The life of the cluster: rollouts, replacements, crash loops, statefulsets, nodes. Time is moved by hand."""

from tests.sim.cluster.conftest import Cluster, Obj

APPS = "/apis/apps/v1/namespaces/production"
PODS = "/api/v1/namespaces/production/pods"
CHECKOUT = f"{APPS}/deployments/checkout"
RESTART = {"kubectl.kubernetes.io/restartedAt": "2027-01-15T08:00:00Z"}


def image(value: str) -> Obj:
    containers = [{"name": "checkout", "image": value}]
    return {"spec": {"template": {"spec": {"containers": containers}}}}


def is_rolled_out(deployment: Obj) -> bool:
    """What `kubectl rollout status` waits for."""
    status, wanted = deployment["status"], deployment["spec"]["replicas"]
    if status["observedGeneration"] < deployment["metadata"]["generation"]:
        return False
    counts = {status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")}
    return counts == {wanted}


async def conditions(cluster: Cluster, path: str) -> dict[str, str]:
    found = (await cluster.get(path)).body["status"]["conditions"]
    return {one["type"]: one["status"] for one in found}


async def test_the_seed_world_is_healthy_and_has_a_past(cluster: Cluster) -> None:
    found = (await cluster.get(f"{APPS}/deployments")).body["items"]
    replicas = {one["metadata"]["name"]: one["status"]["availableReplicas"] for one in found}
    assert replicas == {
        "api-gateway": 3,
        "checkout": 3,
        "frontend": 2,
        "recommender": 2,
        "redis-primary": 1,
        "user-service": 2,
        "worker": 3,
    }
    sets = (await cluster.get(f"{APPS}/replicasets?labelSelector=app%3Dcheckout")).body["items"]
    images = {one["spec"]["template"]["spec"]["containers"][0]["image"] for one in sets}
    assert images == {"checkout:1.8.4", "checkout:1.9.0", "checkout:1.9.1"}
    assert cluster.sim.faults.active() == []


async def test_an_idle_world_writes_nothing(cluster: Cluster) -> None:
    before = cluster.sim.state.version
    cluster.pass_seconds(20)
    assert cluster.sim.state.version == before


async def test_a_deleted_pod_returns_with_a_new_name_and_uid(cluster: Cluster) -> None:
    before = (await cluster.get(f"{PODS}?labelSelector=app%3Dredis-primary")).body["items"][0]["metadata"]
    await cluster.ask("DELETE", f"{PODS}/{before['name']}")
    cluster.pass_seconds(0.5)
    assert (await cluster.get(f"{PODS}/{before['name']}")).body["metadata"]["deletionTimestamp"]
    cluster.pass_seconds(3)
    (after,) = (await cluster.get(f"{PODS}?labelSelector=app%3Dredis-primary")).body["items"]
    assert after["metadata"]["name"] != before["name"]
    assert after["metadata"]["uid"] != before["uid"]
    assert {one["type"]: one["status"] for one in after["status"]["conditions"]}["Ready"] == "True"


async def test_a_restart_replaces_every_pod_but_never_too_many_at_once(cluster: Cluster) -> None:
    before = set(await cluster.names("checkout"))
    await cluster.patch(CHECKOUT, {"spec": {"template": {"metadata": {"annotations": RESTART}}}}, "strategic")
    seconds = 0.0
    while not is_rolled_out((await cluster.get(CHECKOUT)).body):
        assert seconds < 30
        cluster.pass_seconds(0.5)
        seconds += 0.5
        status = (await cluster.get(CHECKOUT)).body["status"]
        assert status["availableReplicas"] >= 3  # 25 % of 3, rounded down, may be missing: none
        assert status["replicas"] <= 4
    assert seconds >= 2  # it takes a while, and can be seen
    cluster.pass_seconds(3)
    assert before.isdisjoint(await cluster.names("checkout"))


async def test_an_undo_is_a_new_revision_of_the_old_replicaset(cluster: Cluster) -> None:
    await cluster.patch(CHECKOUT, image("checkout:2.0.0"), "strategic")
    cluster.pass_seconds(15)
    await cluster.patch(CHECKOUT, image("checkout:1.9.1"), "strategic")
    cluster.pass_seconds(15)
    found = (await cluster.get(CHECKOUT)).body
    assert is_rolled_out(found)
    assert found["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "5"
    sets = (await cluster.get(f"{APPS}/replicasets?labelSelector=app%3Dcheckout")).body["items"]
    revisions = {
        one["spec"]["template"]["spec"]["containers"][0]["image"]: (
            one["metadata"]["annotations"]["deployment.kubernetes.io/revision"],
            one["spec"]["replicas"],
        )
        for one in sets
    }
    assert revisions["checkout:1.9.1"] == ("5", 3)
    assert revisions["checkout:2.0.0"] == ("4", 0)


async def test_a_crashing_release_stops_at_one_pod_and_restarts_it_again_and_again(cluster: Cluster) -> None:
    await cluster.patch(CHECKOUT, image("checkout:1.9.2"), "strategic")
    cluster.pass_seconds(10)
    found = (await cluster.get(f"{PODS}?labelSelector=app%3Dcheckout")).body["items"]
    (bad,) = [one for one in found if one["spec"]["containers"][0]["image"] == "checkout:1.9.2"]
    (status,) = bad["status"]["containerStatuses"]
    assert status["restartCount"] >= 2
    assert status["lastState"]["terminated"]["exitCode"] == 1
    assert status["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert sum(one["status"]["containerStatuses"][0]["ready"] for one in found) == 3
    name = bad["metadata"]["name"]
    previous = await cluster.get(f"{PODS}/{name}/log?previous=true")
    assert "panic: required configuration" in previous.text
    events = await cluster.get(
        f"/api/v1/namespaces/production/events?fieldSelector=involvedObject.name%3D{name},reason%3DBackOff"
    )
    assert [one["type"] for one in events.body["items"]] == ["Warning"]


async def test_a_rollout_that_gets_nowhere_exceeds_its_deadline(cluster: Cluster) -> None:
    await cluster.patch(CHECKOUT, {"spec": {"progressDeadlineSeconds": 5}})
    await cluster.patch(CHECKOUT, image("checkout:missing"), "strategic")
    cluster.pass_seconds(20)
    assert (await conditions(cluster, CHECKOUT))["Progressing"] == "False"
    assert (await conditions(cluster, CHECKOUT))["Available"] == "True"


async def test_an_image_that_is_missing_is_never_pulled(cluster: Cluster) -> None:
    await cluster.patch(CHECKOUT, image("checkout:missing"), "strategic")
    cluster.pass_seconds(5)
    found = (await cluster.get(f"{PODS}?labelSelector=app%3Dcheckout")).body["items"]
    reasons = [one["status"]["containerStatuses"][0]["state"].get("waiting", {}).get("reason") for one in found]
    assert sorted(filter(None, reasons)) == ["ImagePullBackOff"]
    (bad,) = [one for one in found if one["status"]["phase"] == "Pending"]
    log = await cluster.get(f"{PODS}/{bad['metadata']['name']}/log")
    assert log.body["message"].endswith("is waiting to start: trying and failing to pull image")


async def test_a_statefulset_keeps_its_names_and_its_disk(cluster: Cluster) -> None:
    path = f"{PODS}/log-archiver-0"
    before = (await cluster.get(path)).body["metadata"]["uid"]
    cluster.sim.faults.plant("disk-full")
    await cluster.ask("DELETE", path)
    cluster.pass_seconds(4)
    after = (await cluster.get(path)).body
    assert after["metadata"]["uid"] != before
    assert cluster.sim.faults.is_active("disk-full")


async def test_a_cordoned_node_gets_no_pods_until_it_is_uncordoned(cluster: Cluster) -> None:
    for name in ("node-1", "node-3"):
        await cluster.patch(f"/api/v1/nodes/{name}", {"spec": {"unschedulable": True}})
    await cluster.patch(f"{APPS}/deployments/worker/scale", {"spec": {"replicas": 6}})
    cluster.pass_seconds(4)
    found = (await cluster.get(f"{PODS}?labelSelector=app%3Dworker")).body["items"]
    nodes = [one["spec"]["nodeName"] for one in found]
    assert nodes.count("node-2") == 4
    node = (await cluster.get("/api/v1/nodes/node-1")).body
    assert node["spec"]["taints"] == [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]
    await cluster.patch("/api/v1/nodes/node-2", {"spec": {"unschedulable": True}})
    await cluster.patch(f"{APPS}/deployments/worker/scale", {"spec": {"replicas": 7}})
    cluster.pass_seconds(2)
    pending = (await cluster.get(f"{PODS}?fieldSelector=status.phase%3DPending")).body["items"]
    assert pending[0]["status"]["conditions"][0]["reason"] == "Unschedulable"


async def test_a_deployment_that_is_deleted_takes_everything_with_it(cluster: Cluster) -> None:
    await cluster.ask("DELETE", f"{APPS}/deployments/worker")
    cluster.pass_seconds(5)
    assert await cluster.names("worker") == []
    sets = (await cluster.get(f"{APPS}/replicasets?labelSelector=app%3Dworker")).body["items"]
    assert sets == []


async def test_a_job_runs_to_its_end(cluster: Cluster) -> None:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "j", "image": "migrate:1"}]}}
    job = {"metadata": {"name": "migrate"}, "spec": {"template": template}}
    assert (await cluster.ask("POST", "/apis/batch/v1/namespaces/production/jobs", job)).status == 201
    cluster.pass_seconds(5)
    done = (await cluster.get("/apis/batch/v1/namespaces/production/jobs/migrate")).body
    assert done["status"]["succeeded"] == 1
    assert await conditions(cluster, "/apis/batch/v1/namespaces/production/jobs/migrate") == {"Complete": "True"}


async def test_waiting_for_the_world_ends_when_it_is_so(cluster: Cluster) -> None:
    await cluster.sim.wait_until(lambda: cluster.sim.faults.active() == [])
    cluster.sim.faults.plant("overload")
    await cluster.sim.wait_until(lambda: cluster.sim.faults.is_active("overload"))


async def test_a_deployment_that_is_deleted_and_created_again_at_once_comes_up(cluster: Cluster) -> None:
    path = f"{APPS}/deployments/worker"
    old = (await cluster.get(path)).body
    await cluster.ask("DELETE", path)
    again = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "worker", "labels": old["metadata"]["labels"]},
        "spec": old["spec"],
    }
    await cluster.ask("POST", f"{APPS}/deployments", body=again)
    cluster.pass_seconds(10)
    assert is_rolled_out((await cluster.get(path)).body)

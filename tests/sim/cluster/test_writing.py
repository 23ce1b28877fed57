"""Writes: dry runs store nothing, versions and generations move as they should, patches do what they say."""

import pytest

from tests.sim.cluster.conftest import Cluster, Obj

APPS = "/apis/apps/v1/namespaces/production"
PODS = "/api/v1/namespaces/production/pods"
FRONTEND = f"{APPS}/deployments/frontend"


def config_map(name: str, **data: str) -> Obj:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


MAPS = "/api/v1/namespaces/production/configmaps"
DRY_RUNS = [
    ("POST", MAPS, config_map("fresh"), {}),
    ("PUT", f"{MAPS}/api-gateway", config_map("api-gateway", k="v"), {}),
    ("PATCH", FRONTEND, {"spec": {"replicas": 9}}, {"Content-Type": "application/merge-patch+json"}),
    ("PATCH", f"{FRONTEND}/scale", {"spec": {"replicas": 9}}, {"Content-Type": "application/merge-patch+json"}),
    ("DELETE", f"{PODS}/log-archiver-0", None, {}),
    ("DELETE", FRONTEND, None, {}),
    ("DELETE", f"{PODS}", None, {}),
    ("DELETE", "/api/v1/namespaces/staging", None, {}),
    ("POST", f"{PODS}/log-archiver-0/eviction", {"metadata": {"name": "log-archiver-0"}}, {}),
]


@pytest.mark.parametrize(("method", "path", "body", "headers"), DRY_RUNS)
async def test_a_dry_run_answers_as_the_real_request_and_stores_nothing(
    cluster: Cluster, *, method: str, path: str, body: Obj | None, headers: dict[str, str]
) -> None:
    before = cluster.sim.state.version
    dry = await cluster.ask(method, f"{path}?dryRun=All", body, headers=headers)
    assert dry.status in (200, 201)
    assert cluster.sim.state.version == before
    assert cluster.sim.writes == []
    real = await cluster.ask(method, path, body, headers=headers)
    assert real.status == dry.status
    assert real.body.get("kind") == dry.body.get("kind")
    assert cluster.sim.state.version > before
    assert len(cluster.sim.writes) == 1


async def test_a_dry_run_in_the_body_of_a_delete_counts(cluster: Cluster) -> None:
    before = cluster.sim.state.version
    answer = await cluster.ask("DELETE", f"{PODS}/log-archiver-0", {"dryRun": ["All"]})
    assert answer.status == 200
    assert "deletionTimestamp" in answer.body["metadata"]
    assert cluster.sim.state.version == before
    assert cluster.sim.writes == []


async def test_a_dry_run_scale_answers_the_wanted_replicas(cluster: Cluster) -> None:
    answer = await cluster.patch(f"{FRONTEND}/scale?dryRun=All", {"spec": {"replicas": 9}})
    assert answer.body["kind"] == "Scale"
    assert (answer.body["spec"]["replicas"], answer.body["status"]["replicas"]) == (9, 2)
    assert (await cluster.get(f"{FRONTEND}/scale")).body["spec"]["replicas"] == 2


async def test_a_changed_spec_is_a_new_generation_and_a_same_one_is_not(cluster: Cluster) -> None:
    first = (await cluster.get(FRONTEND)).body["metadata"]
    same = (await cluster.patch(FRONTEND, {"spec": {"replicas": 2}})).body["metadata"]
    assert (same["generation"], same["resourceVersion"]) == (first["generation"], first["resourceVersion"])
    changed = (await cluster.patch(FRONTEND, {"spec": {"replicas": 3}})).body["metadata"]
    assert changed["generation"] == first["generation"] + 1
    assert int(changed["resourceVersion"]) > int(first["resourceVersion"])


async def test_a_put_with_an_old_version_conflicts_and_with_the_present_one_succeeds(cluster: Cluster) -> None:
    path = f"{MAPS}/api-gateway"
    found = (await cluster.get(path)).body
    await cluster.patch(path, {"data": {"A": "1"}})
    stale = await cluster.ask("PUT", path, found | {"data": {"B": "2"}})
    assert (stale.status, stale.reason) == (409, "Conflict")
    fresh = (await cluster.get(path)).body
    assert (await cluster.ask("PUT", path, fresh | {"data": {"B": "2"}})).body["data"] == {"B": "2"}


async def test_a_put_does_not_touch_the_status(cluster: Cluster) -> None:
    found = (await cluster.get(FRONTEND)).body
    answer = await cluster.ask("PUT", FRONTEND, found | {"status": {"replicas": 77}})
    assert answer.body["status"] == found["status"]


async def test_the_status_subresource_changes_only_the_status(cluster: Cluster) -> None:
    body = {"spec": {"unschedulable": True}, "status": {"phase": "Odd"}}
    answer = await cluster.patch("/api/v1/nodes/node-1/status", body)
    assert answer.body["status"]["phase"] == "Odd"
    assert "unschedulable" not in answer.body["spec"]


async def test_a_strategic_patch_merges_containers_by_name(cluster: Cluster) -> None:
    containers = [{"name": "frontend", "env": [{"name": "A", "value": "1"}]}]
    patch = {"spec": {"template": {"spec": {"containers": containers}}}}
    answer = await cluster.patch(f"{FRONTEND}?dryRun=All", patch, "strategic")
    (container,) = answer.body["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "frontend:5.1.0"
    assert container["env"] == [{"name": "A", "value": "1"}]
    merged = await cluster.patch(f"{FRONTEND}?dryRun=All", patch, "merge")
    assert merged.status == 422  # a merge patch replaces the list, and the image is gone


async def test_the_deletion_of_a_collection_takes_what_is_selected(cluster: Cluster) -> None:
    answer = await cluster.ask("DELETE", f"{PODS}?labelSelector=app%3Dworker")
    assert len(answer.body["items"]) == 3
    found = await cluster.get(PODS)
    going = {i["metadata"]["labels"]["app"] for i in found.body["items"] if "deletionTimestamp" in i["metadata"]}
    assert going == {"worker"}


async def test_a_foreground_deletion_waits_for_the_dependents(cluster: Cluster) -> None:
    answer = await cluster.ask("DELETE", FRONTEND, {"propagationPolicy": "Foreground"})
    assert answer.body["metadata"]["finalizers"] == ["foregroundDeletion"]
    assert (await cluster.get(FRONTEND)).status == 200
    cluster.pass_seconds(4)
    assert (await cluster.get(FRONTEND)).status == 404
    assert await cluster.names("frontend") == []


async def test_an_orphaning_deletion_leaves_the_pods(cluster: Cluster) -> None:
    before = await cluster.names("frontend")
    answer = await cluster.ask("DELETE", FRONTEND, {"propagationPolicy": "Orphan"})
    assert (answer.body["kind"], answer.body["status"]) == ("Status", "Success")
    cluster.pass_seconds(4)
    assert await cluster.names("frontend") == before


async def test_a_forced_deletion_is_at_once(cluster: Cluster) -> None:
    await cluster.ask("DELETE", f"{PODS}/postgres-0?gracePeriodSeconds=0")
    assert (await cluster.get(f"{PODS}/postgres-0")).status == 404


async def test_pages_cover_everything_once(cluster: Cluster) -> None:
    whole = (await cluster.get(PODS)).body["items"]
    seen: list[str] = []
    token = ""
    while True:
        page = (await cluster.get(f"{PODS}?limit=5&continue={token}")).body
        seen += [item["metadata"]["name"] for item in page["items"]]
        token = page["metadata"].get("continue", "")
        if not token:
            break
        assert page["metadata"]["remainingItemCount"] == len(whole) - len(seen)
    assert seen == [item["metadata"]["name"] for item in whole]


async def test_the_record_of_requests_says_who_did_what(cluster: Cluster) -> None:
    await cluster.ask("GET", PODS, account="reader")
    headers = {"Impersonate-User": "alice", "Impersonate-Group": "oncall"}
    await cluster.ask("DELETE", f"{PODS}/postgres-0", account="bot", headers=headers)
    read, write = cluster.sim.requests
    assert (read.user, read.is_write) == ("system:serviceaccount:production:reader", False)
    assert (write.user, write.authenticated_as, write.status, write.is_write) == (
        "alice",
        "system:serviceaccount:chatops:bot",
        200,
        True,
    )

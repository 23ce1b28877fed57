"""Server-side apply as a real server does it: an upsert, field managers, conflicts, and fields that are given up."""

import json
from typing import Any

import pytest

from tests.sim.cluster.conftest import Answer, Cluster, Obj

CONFIGS = "/api/v1/namespaces/production/configmaps"
WORKER = "/apis/apps/v1/namespaces/production/deployments/worker"


def config(name: str, **data: str) -> Obj:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


async def apply(
    cluster: Cluster, path: str, body: Any, *, manager: str = "bot", extra: str = "", account: str = "admin"
) -> Answer:
    query = f"?fieldManager={manager}{extra}" if manager else ""
    headers = {"Content-Type": "application/apply-patch+yaml"}
    return await cluster.ask("PATCH", path + query, body, headers=headers, account=account)


async def test_an_apply_creates_what_is_not_there_and_changes_what_is(cluster: Cluster) -> None:
    created = await apply(cluster, f"{CONFIGS}/x", config("x", A="1"))
    changed = await apply(cluster, f"{CONFIGS}/x", config("x", A="2", B="3"))
    same = await apply(cluster, f"{CONFIGS}/x", config("x", A="2", B="3"))
    assert (created.status, changed.status, same.status) == (201, 200, 200)
    assert changed.body["data"] == {"A": "2", "B": "3"}
    assert changed.body["metadata"]["uid"] == created.body["metadata"]["uid"]
    assert same.body["metadata"]["resourceVersion"] == changed.body["metadata"]["resourceVersion"]


async def test_a_dry_run_of_an_apply_stores_nothing_and_owns_nothing(cluster: Cluster) -> None:
    dry = await apply(cluster, f"{CONFIGS}/x", config("x", A="1"), extra="&dryRun=All")
    assert (dry.status, (await cluster.get(f"{CONFIGS}/x")).status) == (201, 404)
    assert cluster.sim.writes == []
    await cluster.ask("POST", CONFIGS, config("x", A="1"))
    await apply(cluster, f"{CONFIGS}/x", config("x", A="1"), extra="&dryRun=All")
    without = await apply(cluster, f"{CONFIGS}/x", config("x"))
    assert without.body["data"] == {"A": "1"}


async def test_a_field_of_another_manager_is_a_conflict_that_names_it(cluster: Cluster) -> None:
    refused = await apply(cluster, f"{CONFIGS}/api-gateway", config("api-gateway", REDIS_ADDRESS="x"))
    assert (refused.status, refused.reason) == (409, "Conflict")
    assert refused.body["message"] == (
        'Apply failed with 1 conflict: conflict with "kubectl-create" using v1: .data.REDIS_ADDRESS'
    )
    (cause,) = refused.body["details"]["causes"]
    assert (cause["reason"], cause["field"]) == ("FieldManagerConflict", ".data.REDIS_ADDRESS")
    shared = await apply(cluster, f"{CONFIGS}/api-gateway", config("api-gateway", REDIS_ADDRESS="redis-primary:6379"))
    assert shared.status == 200
    forced = await apply(
        cluster, f"{CONFIGS}/api-gateway", config("api-gateway", REDIS_ADDRESS="x"), extra="&force=true"
    )
    assert forced.body["data"]["REDIS_ADDRESS"] == "x"


async def test_who_patches_a_field_owns_it_from_then_on(cluster: Cluster) -> None:
    await apply(cluster, f"{CONFIGS}/x", config("x", A="1"))
    await cluster.patch(f"{CONFIGS}/x?fieldManager=somebody", {"data": {"A": "2"}})
    refused = await apply(cluster, f"{CONFIGS}/x", config("x", A="1"))
    assert 'conflict with "somebody"' in refused.body["message"]


async def test_a_field_that_is_no_longer_applied_goes_unless_another_manager_has_it(cluster: Cluster) -> None:
    await apply(cluster, f"{CONFIGS}/x", config("x", A="1", B="2", C="3"))
    await apply(cluster, f"{CONFIGS}/x", config("x", B="2"), manager="other")
    kept = await apply(cluster, f"{CONFIGS}/x", config("x", A="1"))
    assert kept.body["data"] == {"A": "1", "B": "2"}


async def test_lists_that_have_a_key_are_merged_by_it(cluster: Cluster) -> None:
    container = {"name": "worker", "env": [{"name": "MODE", "value": "slow"}]}
    template = {"spec": {"containers": [container]}}
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "worker"},
        "spec": {"template": template},
    }
    first = await apply(cluster, WORKER, body)
    (only,) = first.body["spec"]["template"]["spec"]["containers"]
    assert (only["image"], only["env"]) == ("worker:2.3.0", [{"name": "MODE", "value": "slow"}])
    container["env"] = [{"name": "LEVEL", "value": "debug"}]
    second = await apply(cluster, WORKER, body)
    (only,) = second.body["spec"]["template"]["spec"]["containers"]
    assert only["env"] == [{"name": "LEVEL", "value": "debug"}]
    container["image"] = "worker:9"
    refused = await apply(cluster, WORKER, body)
    assert '.spec.template.spec.containers[name="worker"].image' in refused.body["message"]


async def test_an_apply_holds_to_uid_and_version(cluster: Cluster) -> None:
    made = (await apply(cluster, f"{CONFIGS}/x", config("x", A="1"))).body["metadata"]

    def held(name: str = "x", **metadata: str) -> Obj:
        return {**config(name, A="2"), "metadata": {"name": name, **metadata}}

    stale = await apply(cluster, f"{CONFIGS}/x", held(uid=made["uid"], resourceVersion="1"))
    other = await apply(cluster, f"{CONFIGS}/x", held(uid="other"))
    gone = await apply(cluster, f"{CONFIGS}/y", held("y", uid=made["uid"]))
    right = await apply(cluster, f"{CONFIGS}/x", held(uid=made["uid"], resourceVersion=made["resourceVersion"]))
    assert [stale.status, other.status, gone.status, right.status] == [409, 422, 409, 200]
    assert "no existing object was found" in gone.body["message"]


@pytest.mark.parametrize(
    ("body", "manager", "status"),
    [
        (config("x"), "", 422),
        ({"metadata": {"name": "x"}}, "bot", 400),
        ([], "bot", 400),
        ({**config("x"), "metadata": {"name": "x", "managedFields": [{}]}}, "bot", 400),
        ({**config("x"), "metadata": {"name": "y"}}, "bot", 400),
        ({**config("x"), "kind": "Secret"}, "bot", 400),
    ],
)
async def test_what_is_no_apply_is_refused(cluster: Cluster, body: Any, manager: str, status: int) -> None:
    assert (await apply(cluster, f"{CONFIGS}/x", body, manager=manager)).status == status


async def test_the_body_may_be_yaml(cluster: Cluster) -> None:
    headers = {"Content-Type": "application/apply-patch+yaml", "Authorization": f"Bearer {cluster.sim.token('admin')}"}
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  A: '1'\n"
    url = f"{cluster.sim.url}{CONFIGS}/x?fieldManager=bot"
    async with cluster.session.patch(url, data=text, headers=headers) as answer:
        assert (answer.status, json.loads(await answer.text())["data"]) == (201, {"A": "1"})
    async with cluster.session.patch(url, data="a: [", headers=headers) as answer:
        assert answer.status == 400


async def test_an_apply_that_creates_must_be_allowed_to_create(cluster: Cluster) -> None:
    refused = await apply(
        cluster,
        "/api/v1/nodes/node-9",
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-9"}},
        account="oncall",
    )
    assert refused.status == 403 and "cannot create resource" in refused.body["message"]


async def test_an_autoscaler_gets_its_defaults_and_its_checks(cluster: Cluster) -> None:
    path = "/apis/autoscaling/v2/namespaces/production/horizontalpodautoscalers"
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "worker"}
    made = await cluster.ask(
        "POST", path, {"metadata": {"name": "w"}, "spec": {"scaleTargetRef": target, "maxReplicas": 5}}
    )
    assert made.body["spec"]["minReplicas"] == 1
    assert made.body["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 80
    for spec in (
        {"scaleTargetRef": target},
        {"scaleTargetRef": target, "maxReplicas": 1, "minReplicas": 2},
        {"maxReplicas": 2},
    ):
        assert (await cluster.ask("POST", path, {"metadata": {"name": "v"}, "spec": spec})).status == 422


async def test_a_job_template_may_not_restart_for_ever(cluster: Cluster) -> None:
    job = {
        "metadata": {"name": "j"},
        "spec": {"template": {"spec": {"containers": [{"name": "c", "image": "worker:2.3.0"}]}}},
    }
    refused = await cluster.ask("POST", "/apis/batch/v1/namespaces/production/jobs", job)
    assert refused.status == 422 and "restartPolicy" in refused.body["message"]

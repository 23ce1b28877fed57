"""Streams and renderings: watch, logs, tables, discovery, metrics."""

import asyncio
import json

import pytest

from bot.sim.cluster import tables
from tests.sim.cluster.conftest import Cluster, Obj

PODS = "/api/v1/namespaces/production/pods"
TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}


async def watched(cluster: Cluster, query: str) -> list[Obj]:
    answer = await cluster.ask("GET", f"{PODS}?watch=1&timeoutSeconds=0&{query}")
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_a_watch_tells_what_happened_since_a_version(cluster: Cluster) -> None:
    version = cluster.sim.state.version
    await cluster.ask("DELETE", f"{PODS}/postgres-0")
    cluster.pass_seconds(4)
    events = await watched(cluster, f"resourceVersion={version}&labelSelector=app%3Dpostgres")
    kinds = [event["type"] for event in events]
    assert kinds[:2] == ["MODIFIED", "DELETED"]
    assert "ADDED" in kinds[2:]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == sorted(versions)


async def test_a_watch_from_a_forgotten_version_is_gone(cluster: Cluster) -> None:
    (event,) = await watched(cluster, "resourceVersion=1")
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")


async def test_a_watch_without_a_version_begins_with_what_there_is(cluster: Cluster) -> None:
    events = await watched(cluster, "fieldSelector=metadata.name%3Dpostgres-0")
    assert [(event["type"], event["object"]["metadata"]["name"]) for event in events] == [("ADDED", "postgres-0")]


async def test_a_watch_ends_with_a_bookmark_for_those_who_asked(cluster: Cluster) -> None:
    version = cluster.sim.state.version
    (event,) = await watched(cluster, f"resourceVersion={version}&allowWatchBookmarks=true")
    assert event["type"] == "BOOKMARK"
    assert event["object"]["metadata"]["resourceVersion"] == str(version)
    assert await watched(cluster, f"resourceVersion={version}") == []


async def test_an_object_that_stops_matching_is_deleted_for_the_watch(cluster: Cluster) -> None:
    version = cluster.sim.state.version
    await cluster.patch(f"{PODS}/postgres-0", {"metadata": {"labels": {"app": "other"}}})
    (event,) = await watched(cluster, f"resourceVersion={version}&labelSelector=app%3Dpostgres")
    assert event["type"] == "DELETED"


async def test_a_watch_tells_live_and_as_a_table(cluster: Cluster) -> None:
    url = f"{cluster.sim.url}{PODS}?watch=1&resourceVersion={cluster.sim.state.version}"
    headers = TABLE | {"Authorization": f"Bearer {cluster.sim.token('reader')}"}
    async with cluster.session.get(url, headers=headers) as response:
        await cluster.ask("DELETE", f"{PODS}/postgres-0")
        async with asyncio.timeout(5):
            event = json.loads(await response.content.readline())
    assert event["object"]["kind"] == "Table"
    assert event["object"]["rows"][0]["cells"][:3] == ["postgres-0", "1/1", "Terminating"]


# -- logs


async def lines(cluster: Cluster, query: str = "") -> list[str]:
    return (await cluster.get(f"{PODS}/postgres-0/log?{query}")).text.splitlines()


async def test_a_log_can_be_cut_by_lines_bytes_and_time(cluster: Cluster) -> None:
    uid = (await cluster.get(f"{PODS}/postgres-0")).body["metadata"]["uid"]
    cluster.clock.now += 100
    for number in range(5):
        cluster.clock.now += 10
        cluster.sim.world.logs.write(uid, "postgres", f"line {number}")
    assert await lines(cluster, "tailLines=2") == ["line 3", "line 4"]
    assert await lines(cluster, "tailLines=0") == []
    assert await lines(cluster, "sinceSeconds=25") == ["line 2", "line 3", "line 4"]
    assert await lines(cluster, "tailLines=2&limitBytes=4") == ["line"]
    (stamped,) = await lines(cluster, "tailLines=1&timestamps=true")
    assert stamped == "2027-01-15T08:02:30.000000000Z line 4"


@pytest.mark.parametrize("query", ["tailLines=-1", "sinceSeconds=0", "limitBytes=0"])
async def test_a_log_query_out_of_range_is_invalid(cluster: Cluster, query: str) -> None:
    answer = await cluster.get(f"{PODS}/postgres-0/log?{query}")
    assert (answer.status, answer.reason) == (422, "Invalid")


async def test_there_is_no_previous_log_without_a_restart(cluster: Cluster) -> None:
    answer = await cluster.get(f"{PODS}/postgres-0/log?previous=true")
    assert (answer.status, answer.body["message"]) == (
        400,
        'previous terminated container "postgres" in pod "postgres-0" not found',
    )


async def test_a_followed_log_comes_line_by_line_and_ends_with_the_pod(cluster: Cluster) -> None:
    uid = (await cluster.get(f"{PODS}/postgres-0")).body["metadata"]["uid"]
    url = f"{cluster.sim.url}{PODS}/postgres-0/log?follow=true&tailLines=0"
    headers = {"Authorization": f"Bearer {cluster.sim.token('reader')}"}
    async with asyncio.timeout(5), cluster.session.get(url, headers=headers) as response:
        cluster.sim.world.logs.write(uid, "postgres", "a fresh line")
        assert await response.content.readline() == b"a fresh line\n"
        await cluster.ask("DELETE", f"{PODS}/postgres-0?gracePeriodSeconds=0")
        assert await response.content.read() == b""


# -- tables, discovery, metrics


@pytest.mark.parametrize(
    ("path", "columns"),
    [
        (PODS, ["Name", "Ready", "Status", "Restarts", "Age"]),
        ("/api/v1/nodes", ["Name", "Status", "Roles", "Age", "Version"]),
        (
            "/apis/apps/v1/namespaces/production/deployments",
            ["Name", "Ready", "Up-to-date", "Available", "Age"],
        ),
        ("/apis/apps/v1/namespaces/production/statefulsets", ["Name", "Ready", "Age"]),
        (
            "/apis/policy/v1/namespaces/production/poddisruptionbudgets",
            ["Name", "Min Available", "Max Unavailable", "Allowed Disruptions", "Age"],
        ),
    ],
)
async def test_a_table_has_the_columns_of_kubectl_get(cluster: Cluster, path: str, columns: list[str]) -> None:
    table = (await cluster.ask("GET", path, headers=TABLE)).body
    shown = [column["name"] for column in table["columnDefinitions"] if column["priority"] == 0]
    assert (table["kind"], shown) == ("Table", columns)
    assert all(len(row["cells"]) == len(table["columnDefinitions"]) for row in table["rows"])
    assert {row["object"]["kind"] for row in table["rows"]} == {"PartialObjectMetadata"}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (185, "3m5s"),
        (900, "15m"),
        (3 * 3600, "3h"),
        (47 * 3600, "47h"),
        (52 * 3600, "2d4h"),
        (9 * 86400, "9d"),
    ],
)
def test_an_age_is_written_as_kubectl_writes_it(seconds: float, text: str) -> None:
    assert tables.duration(seconds) == text


async def test_discovery_names_each_resource_with_its_verbs(cluster: Cluster) -> None:
    found = (await cluster.get("/api/v1")).body
    rows = {row["name"]: row for row in found["resources"]}
    assert rows["pods"]["shortNames"] == ["po"]
    assert (rows["pods/eviction"]["group"], rows["pods/eviction"]["kind"]) == ("policy", "Eviction")
    assert rows["pods/exec"]["verbs"] == ["create", "get"]
    groups = [group["name"] for group in (await cluster.get("/apis")).body["groups"]]
    assert {"apps", "policy", "batch", "autoscaling", "authorization.k8s.io"} <= set(groups)


async def test_the_metrics_page_shows_what_monitoring_would_see(cluster: Cluster) -> None:
    cluster.sim.faults.plant("disk-full")
    text = (await cluster.ask("GET", "/metrics", account="")).text
    assert 'sim_fault_active{fault="disk-full"} 1' in text
    assert 'sim_fault_active{fault="overload"} 0' in text
    assert 'kube_deployment_status_replicas_available{deployment="checkout",namespace="production"} 3' in text

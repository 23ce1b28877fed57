"""Reads print what kubectl prints, bounded, and never the data of a Secret."""

import json
import subprocess
import sys

import pytest

from bot.core.errors import Transient
from bot.core.operations import Family, Json, Operation
from bot.core.previews import Outcome, Preview
from bot.sim.cluster import kinds
from tests.adapters.kubernetes.conftest import SOON, Cluster, operation


async def test_get_prints_the_servers_table(cluster: Cluster) -> None:
    done = await cluster.run("kubectl get deploy -n production")
    lines = done.output.splitlines()
    assert lines[0].split() == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert any(line.split()[:2] == ["checkout", "3/3"] for line in lines)
    wide = await cluster.run("kubectl get pods -n production -o wide")
    assert "NODE" in wide.output.splitlines()[0] and "node-1" in wide.output


async def test_get_takes_selectors_namespaces_names_and_orders(cluster: Cluster) -> None:
    some = await cluster.run("kubectl get pods -n production -l app=worker --no-headers")
    everywhere = await cluster.run("kubectl get pods -A")
    two = await cluster.run("kubectl get deploy worker checkout -n production")
    ordered = await cluster.run("kubectl get deploy -n production --sort-by=.spec.replicas --show-labels")
    assert len(some.output.splitlines()) == 3
    assert everywhere.output.startswith("NAMESPACE") and "kube-system" in everywhere.output
    assert [line.split()[0] for line in two.output.splitlines()] == ["NAME", "worker", "checkout"]
    ready = [int(line.split()[1].split("/")[1]) for line in ordered.output.splitlines()[1:]]
    assert ready == sorted(ready) and "app=worker" in ordered.output


async def test_get_prints_names_json_yaml_and_paths(cluster: Cluster) -> None:
    names = await cluster.run("kubectl get deploy -n production -o name")
    document = await cluster.run("kubectl get deploy worker -n production -o json")
    text = await cluster.run("kubectl get deploy worker -n production -o yaml")
    path = await cluster.run("kubectl get pods -n production -l app=worker -o jsonpath={.items[*].status.phase}")
    columns = await cluster.run(
        "kubectl get deploy worker -n production -o custom-columns=NAME:.metadata.name,WANTED:.spec.replicas"
    )
    assert "deployment.apps/worker" in names.output.splitlines()
    assert json.loads(document.output)["spec"]["replicas"] == 3 and "managedFields" not in document.output
    assert "kind: Deployment" in text.output.splitlines()
    assert path.output == "Running Running Running"
    assert [line.split() for line in columns.output.splitlines()] == [["NAME", "WANTED"], ["worker", "3"]]


async def test_nothing_found_is_said(cluster: Cluster) -> None:
    none = await cluster.run("kubectl get pods -n production -l app=nope")
    gone = await cluster.run("kubectl get pod nope -n production")
    assert none.output == "No resources found in production namespace."
    assert (gone.outcome, gone.status) == (Outcome.FAILED, 404)


FORMS = (
    "get secret postgres -o yaml",
    "get secret postgres -o json",
    "get secrets -o json",
    "get secret postgres -o jsonpath={.data.password}",
    "get secret postgres -o jsonpath={.metadata.annotations}",
    "get secrets -o custom-columns=X:.data.password",
    "get secret postgres",
    "describe secret postgres",
)


async def test_F80_the_data_of_a_secret_is_never_shown(cluster: Cluster) -> None:
    copy = {"kubectl.kubernetes.io/last-applied-configuration": '{"data":{"password":"bm90LWEtcmVhbC1wYXNzd29yZA=="}}'}
    await cluster.admin("PATCH", "/api/v1/namespaces/production/secrets/postgres", {"metadata": {"annotations": copy}})
    for form in FORMS:
        done = await cluster.run(f"kubectl {form} -n production", "admin")
        assert done.outcome is Outcome.SUCCEEDED, form
        assert "bm90" not in done.output and "not-a-real" not in done.output, form
        assert ("(19 bytes)" in done.output) or ("yaml" not in form and "describe" not in form), form


async def test_describe_tells_state_conditions_and_events(cluster: Cluster) -> None:
    cluster.sim.faults.plant("bad-image")
    await cluster.sim.wait_until(lambda: any(event["reason"] == "BackOff" for event in _events(cluster)), timeout=10)
    pods = [pod["metadata"]["name"] for pod in await cluster.pods("checkout")]
    described = [(await cluster.run(f"kubectl describe pod {name} -n production")).output for name in pods]
    assert any("CrashLoopBackOff" in text and "BackOff" in text and "Events:" in text for text in described)
    whole = (await cluster.run("kubectl describe deploy/checkout -n production")).output
    assert "Conditions:" in whole and "Replicas:" in whole and "Image:" in whole


def _events(cluster: Cluster) -> list[dict[str, str]]:
    return [dict(event) for event in cluster.sim.state.items(kinds.EVENTS)]


async def test_logs_come_from_the_pods_of_a_workload_or_selector(cluster: Cluster) -> None:
    one = await cluster.run("kubectl logs deploy/api-gateway -n production --tail=1")
    many = await cluster.run("kubectl logs -n production -l app=api-gateway --tail=1")
    bad = await cluster.run("kubectl logs deploy/api-gateway -n production -c nope")
    assert len(one.output.splitlines()) == 1 and len(many.output.splitlines()) == 3
    assert bad.outcome is Outcome.FAILED and bad.status == 400


async def test_rollout_status_waits_and_says_how_far_it_is(cluster: Cluster) -> None:
    cluster.sim.faults.plant("bad-image")
    stuck = await cluster.run("kubectl rollout status deploy/checkout -n production --timeout=1s")
    assert stuck.outcome is Outcome.FAILED and "not complete" in stuck.detail and "checkout" in stuck.output
    for name in ("sts/postgres -n production", "ds/kube-proxy -n kube-system", "deploy/worker -n production"):
        done = await cluster.run(f"kubectl rollout status {name}")
        assert done.outcome is Outcome.SUCCEEDED, name


async def test_rollout_history_marks_the_present_revision(cluster: Cluster) -> None:
    done = await cluster.run("kubectl rollout history deploy/checkout -n production")
    assert "3 (now)    checkout:1.9.1" in done.output and "1          checkout:1.8.4" in done.output


async def test_version_and_missing_metrics(cluster: Cluster) -> None:
    assert (await cluster.run("kubectl version")).output == "Server Version: v1.32.13"
    top = await cluster.run("kubectl top pods -n production", "admin")
    assert top.outcome is Outcome.FAILED and "metrics-server" in top.detail


OTHER_PATHS: tuple[tuple[str, dict[str, Json]], ...] = (
    ("get", {"resource": "pods", "names": ["../secrets/postgres"]}),
    ("get", {"resource": "pods", "names": ["-x"]}),
    ("get", {"resource": "pods", "names": ["a/b"]}),
    ("get", {"resource": "pods", "namespace": "../x"}),
    ("get", {"resource": "pods/exec"}),
    ("get", {"resource": "nonsense"}),
    ("exec", {"resource": "pods", "name": "../../secrets", "command": ["id"]}),
    ("scale", {"resource": "deployments", "name": "x?dryRun=All", "replicas": 1}),
    ("delete_pod", {"names": ["a%2fb"]}),
    ("cordon", {"name": "node-1/status"}),
)


async def test_F74_no_name_becomes_another_path(cluster: Cluster) -> None:
    executor = cluster.as_account("admin")
    for kind, arguments in OTHER_PATHS:
        asked = Operation(Family.KUBERNETES, f"kubernetes.{kind}", "x", {"namespace": "production", **arguments})
        shown = await executor.preview(asked, timeout=SOON)
        done = await executor.perform(asked, Preview(), key="k", timeout=SOON)
        assert shown.problems and done.outcome is not Outcome.SUCCEEDED, arguments
    assert cluster.sim.writes == [] and not any("secrets" in one.path for one in cluster.sim.requests)


async def test_without_usable_credentials_nothing_can_be_asked(cluster: Cluster) -> None:
    executor = cluster.as_account("oncall")
    (cluster.folder / "oncall.yaml").write_text("nonsense: [")
    with pytest.raises(Transient):
        await executor.preview(operation("kubectl get pods"), timeout=SOON)


def test_the_client_library_is_not_imported_before_it_is_needed() -> None:
    look = "import sys, bot.adapters.kubernetes.executor; print('kubernetes' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True, timeout=30)
    assert shown.stdout.strip() == "False"


async def test_the_default_namespace_is_that_of_the_context(cluster: Cluster) -> None:
    assert "checkout" in (await cluster.run("kubectl get deploy")).output

"""Dry runs: they say what would happen, who we are and what is missing, and they change nothing."""

from collections.abc import Mapping

import pytest

from bot.core.previews import Preview
from bot.sim.cluster.access import Binding, Rule
from tests.adapters.kubernetes.conftest import SOON, Cluster, operation

EVERY_KIND = """
kubectl get pods -n production
kubectl get deploy checkout -n production -o yaml
kubectl describe deploy/checkout -n production
kubectl logs deploy/checkout -n production
kubectl top pods -n production
kubectl version
kubectl rollout status deploy/checkout -n production
kubectl rollout history deploy/checkout -n production
kubectl exec -n production deploy/redis-primary -- redis-cli FLUSHDB
kubectl delete pod -n production -l app=worker
kubectl delete pod -n production --all
kubectl delete pod -n production postgres-0 --force
kubectl rollout restart deploy/checkout -n production
kubectl rollout restart sts/postgres -n production
kubectl rollout undo deploy/checkout -n production
kubectl scale deploy/checkout -n production --replicas=0
kubectl scale sts/postgres -n production --replicas=2
kubectl cordon node-1
kubectl uncordon node-1
kubectl drain node-1
kubectl delete deploy checkout -n production
""".strip().splitlines()


@pytest.mark.parametrize("account", ["admin", "oncall", "reader"])
async def test_no_preview_of_any_kind_changes_anything(cluster: Cluster, account: str) -> None:
    before = cluster.sim.state.version
    executor = cluster.as_account(account)
    shown = [await executor.preview(operation(text), timeout=SOON) for text in EVERY_KIND]
    assert cluster.sim.writes == []
    sent = [one for one in cluster.sim.requests if one.method not in ("GET",) and "reviews" not in one.path]
    assert all("dryRun=All" in one.query for one in sent)
    assert (len(sent) > 10) is (account != "reader")  # the others really asked for dry runs
    assert cluster.sim.state.version == before
    assert all(one.problems or one.promise for one in shown)


async def test_rollout_undo_shows_what_comes_back(cluster: Cluster) -> None:
    shown = await cluster.preview("kubectl rollout undo deploy/checkout -n production")
    deployment, replica_set = shown.targets
    assert (deployment.kind, deployment.name, deployment.namespace) == ("deployment", "checkout", "production")
    assert deployment.uid and replica_set.uid and replica_set.note == "revision 2"
    assert shown.change == (
        "image  checkout:1.9.1 -> checkout:1.9.0",
        "replaces 3 pods of checkout, one after another",
    )
    assert shown.counters == {"pod_restarts": 3} and shown.totals == {"pod_restarts": 3}
    assert shown.undo == "kubectl rollout undo deployment/checkout -n production --to-revision=3"
    assert shown.facts["image"] == "checkout:1.9.1" and shown.facts["back to image"] == "checkout:1.9.0"
    assert shown.identity == "ServiceAccount production/oncall"


async def test_restart_and_scale_are_told_in_plain_words(cluster: Cluster) -> None:
    restart = await cluster.preview("kubectl rollout restart deploy/api-gateway -n production")
    less = await cluster.preview("kubectl scale deploy/worker -n production --replicas=1")
    more = await cluster.preview("kubectl scale deploy/worker -n production --replicas=5")
    none = await cluster.preview("kubectl scale deploy/worker -n production --replicas=0")
    same = await cluster.preview("kubectl scale deploy/worker -n production --replicas=3")
    assert restart.change == ("restarts 3 pods of api-gateway, one after another",)
    assert less.change == ("replicas  3 -> 1", "stops 2 pods of worker")
    assert less.counters == {"replicas_removed": 2, "replicas_added": 0} and less.totals["replicas_removed"] == 3
    assert less.undo == "kubectl scale deployment/worker -n production --replicas=3"
    assert more.counters == {"replicas_removed": 0, "replicas_added": 2}
    assert none.change[1] == "stops 3 pods of worker; worker then runs nowhere"
    assert same.change == ("worker already has 3 replicas: nothing changes",) and same.undo == ""


async def test_deleting_pods_names_and_counts_them(cluster: Cluster) -> None:
    shown = await cluster.preview("kubectl delete pod -n production -l app=worker")
    assert [target.name for target in shown.targets] == sorted(target.name for target in shown.targets)
    assert {target.uid for target in shown.targets} == {pod["metadata"]["uid"] for pod in await cluster.pods("worker")}
    assert shown.counters == {"pod_restarts": 3, "replicas_removed": 0} and shown.totals == {"pod_restarts": 3}
    assert all("starts a new one" in line for line in shown.change)


async def test_a_pod_that_nothing_brings_back_counts_as_removed(cluster: Cluster) -> None:
    pod = {"metadata": {"name": "bare"}, "spec": {"containers": [{"name": "c", "image": "worker:2.3.0"}]}}
    await cluster.admin("POST", "/api/v1/namespaces/production/pods", pod)
    shown = await cluster.preview("kubectl delete pod bare -n production --force")
    assert shown.counters == {"pod_restarts": 0, "replicas_removed": 1}
    assert shown.change[0] == "deletes pod bare; nothing brings it back" and "does not wait" in shown.change[1]


async def test_cordon_shows_before_and_after(cluster: Cluster) -> None:
    shown = await cluster.preview("kubectl cordon node-1")
    assert shown.change[0] == "new pods  node-1: yes -> no"
    assert (shown.counters, shown.totals) == ({"nodes_cordoned": 1}, {"nodes_cordoned": 3})
    assert shown.undo == "kubectl uncordon node-1"


async def test_exec_pins_the_first_ready_pod_by_name(cluster: Cluster) -> None:
    shown = await cluster.preview("kubectl exec -n production deploy/api-gateway -- curl -s localhost:8080/health")
    first = min(await cluster.pods("api-gateway"), key=lambda pod: str(pod["metadata"]["name"]))
    assert [target.uid for target in shown.targets] == [first["metadata"]["uid"]]
    assert shown.targets[0].note == "container api-gateway"
    assert shown.promise == "exec cannot be simulated; target is ready, permission present"
    again = await cluster.preview("kubectl exec -n production deploy/api-gateway -- curl -s localhost:8080/health")
    assert again == shown


WORKER_PODS = Rule(("get", "list"), ("", "apps"), ("pods", "deployments"))


PARTLY = (
    (Rule(("create",), ("",), ("pods/exec",)), "get pods/exec"),
    (Rule(("get",), ("",), ("pods/exec",)), "create pods/exec"),
    (Rule(("get", "create"), ("",), ("pods",)), "get pods/exec"),
)


async def test_F89_exec_needs_get_and_create_on_the_subresource(cluster: Cluster) -> None:
    for number, (rule, lacking) in enumerate(PARTLY):
        cluster.sim.access.add_account("production", f"partial-{number}", (WORKER_PODS, rule))
        shown = await cluster.preview("kubectl exec -n production deploy/worker -- date", f"partial-{number}")
        assert any(f"may not {lacking} in namespace production" in problem for problem in shown.problems)
        assert shown.targets == ()


MISSING: Mapping[str, str] = {
    "kubectl delete pod -n production -l app=worker": "delete pods in namespace production",
    "kubectl rollout restart deploy/worker -n production": "patch deployments.apps in namespace production",
    "kubectl rollout undo deploy/checkout -n production": "patch deployments.apps in namespace production",
    "kubectl scale deploy/worker -n production --replicas=1": "patch deployments/scale.apps in namespace production",
    "kubectl cordon node-1": "patch nodes in the cluster",
    "kubectl get secret postgres -n production": "get secrets in namespace production",
    "kubectl get secrets -A": "list secrets in all namespaces",
}


@pytest.mark.parametrize("text", MISSING)
async def test_F89_a_missing_permission_is_named_and_nothing_is_tried(cluster: Cluster, text: str) -> None:
    shown = await cluster.preview(text, "reader")
    assert shown.problems[0].startswith(
        f"Missing permission: ServiceAccount production/reader may not {MISSING[text]}."
    )
    assert all(one.method == "GET" or "reviews" in one.path for one in cluster.sim.requests)


CANNOT: Mapping[str, str] = {
    "kubectl rollout restart deploy/nope -n production": '"nope" not found. Check the name',
    "kubectl delete pod nope -n production": "There is no pod nope in production",
    "kubectl delete pod -l app=nope -n production": "No pod in production matches",
    "kubectl exec -n production deploy/worker -c nope -- date": "has no container nope. It has worker.",
    "kubectl rollout undo deploy/worker -n production": "no earlier revision",
    "kubectl rollout undo deploy/checkout -n production --to-revision=9": "it keeps 1, 2, 3",
    "kubectl rollout undo sts/postgres -n production": "not offered here",
    "kubectl scale deploy/worker -n production --replicas=1 --current-replicas=2": "has 3 replicas",
    "kubectl drain node-1": "Add --ignore-daemonsets.",
    "kubectl cordon node-9": '"node-9" not found',
}


async def test_what_cannot_be_done_is_said_with_the_remedy(cluster: Cluster) -> None:
    for text, said in CANNOT.items():
        shown = await cluster.preview(text, "admin")
        assert said in shown.problems[0] and shown.problems[0].endswith("."), text


async def test_exec_into_a_pod_that_is_not_ready_is_a_problem(cluster: Cluster) -> None:
    pod = {"metadata": {"name": "stuck"}, "spec": {"containers": [{"name": "c", "image": "checkout:1.9.2"}]}}
    await cluster.admin("POST", "/api/v1/namespaces/production/pods", pod)
    shown = await cluster.preview("kubectl exec -n production stuck -- date", "admin")
    assert "stuck is not ready" in shown.problems[0]


async def test_a_paused_rollout_is_a_problem(cluster: Cluster) -> None:
    await cluster.admin("PATCH", "/apis/apps/v1/namespaces/production/deployments/worker", {"spec": {"paused": True}})
    shown = await cluster.preview("kubectl rollout restart deploy/worker -n production")
    assert "is paused. Resume it" in shown.problems[0]


async def test_an_impersonated_identity_is_shown_and_carried_by_exec_too(cluster: Cluster) -> None:
    executor = cluster.as_account("bot", impersonate="alice", impersonate_group="oncall")
    asked = operation("kubectl exec -n production deploy/redis-primary -- redis-cli PING")
    shown = await executor.preview(asked, timeout=SOON)
    assert shown.problems == () and shown.identity == "alice"
    done = await executor.perform(asked, shown, key="k", timeout=SOON)
    assert done.output == "PONG"
    assert {(one.user, one.authenticated_as) for one in cluster.sim.requests} == {
        ("alice", "system:serviceaccount:chatops:bot")
    }
    assert [one.user for one in cluster.sim.writes] == ["alice"]


async def test_a_revoked_permission_is_seen_at_the_next_preview(cluster: Cluster) -> None:
    rules = (WORKER_PODS, Rule(("patch",), ("apps",), ("deployments",)))
    cluster.sim.access.add_account("production", "helper")
    cluster.sim.access.grant(Binding("more", "more", "ServiceAccount", "production:helper", rules, "production"))
    text = "kubectl rollout restart deploy/worker -n production"
    first: Preview = await cluster.preview(text, "helper")
    cluster.sim.access.revoke("more")
    second = await cluster.preview(text, "helper")
    assert first.problems == () and "may not get deployments.apps" in second.problems[0]

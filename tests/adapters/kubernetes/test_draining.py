"""Drain: what the dry run names and refuses, who leaves, and what a budget or a newcomer stops."""

from datetime import timedelta

from bot.core.previews import Outcome
from tests.adapters.kubernetes.conftest import SOON, Cluster, Obj, operation

DRAIN = "kubectl drain node-2 --ignore-daemonsets"


async def budget(cluster: Cluster, app: str, minimum: int) -> None:
    await cluster.admin(
        "POST",
        "/apis/policy/v1/namespaces/production/poddisruptionbudgets",
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": f"{app}-budget", "namespace": "production"},
            "spec": {"minAvailable": minimum, "selector": {"matchLabels": {"app": app}}},
        },
    )


async def on_node(cluster: Cluster, node: str = "node-2") -> list[Obj]:
    found = await cluster.admin("GET", f"/api/v1/pods?fieldSelector=spec.nodeName%3D{node}")
    return [pod for pod in found["items"] if not pod["metadata"].get("deletionTimestamp")]


def changing(cluster: Cluster) -> list[str]:
    """What was asked of the cluster that would change it."""
    return [
        f"{each.method} {each.path}"
        for each in cluster.sim.requests
        if each.method not in ("GET", "HEAD") and "review" not in each.path and "dryRun=All" not in each.query
    ]


async def test_the_dry_run_names_every_pod_and_changes_nothing(cluster: Cluster) -> None:
    before = await on_node(cluster)
    cluster.forget()

    shown = await cluster.preview(DRAIN)

    leaving = [pod for pod in before if not pod["metadata"]["name"].startswith("kube-proxy")]
    assert shown.problems == ()
    assert {target.uid for target in shown.targets[1:]} == {pod["metadata"]["uid"] for pod in leaving}
    assert shown.counters["nodes_drained"] == 1
    assert shown.counters["pod_restarts"] == len(leaving)
    assert shown.undo == "kubectl uncordon node-2"
    assert "1 of the node itself or of DaemonSets stay" in shown.change
    assert changing(cluster) == []


async def test_a_drained_node_is_cordoned_and_empty_but_for_daemons(cluster: Cluster) -> None:
    done = await cluster.run(DRAIN)

    assert done.outcome is Outcome.SUCCEEDED, done
    assert [pod["metadata"]["name"].rpartition("-")[0] for pod in await on_node(cluster)] == ["kube-proxy"]
    node = await cluster.admin("GET", "/api/v1/nodes/node-2")
    assert node["spec"]["unschedulable"] is True
    assert "DELETE" not in {each.method for each in cluster.sim.requests}  # budgets are asked each time


async def test_pods_of_daemon_sets_need_a_word_for_it(cluster: Cluster) -> None:
    (problem,) = (await cluster.preview("kubectl drain node-2")).problems

    assert "DaemonSet" in problem and "--ignore-daemonsets" in problem


async def test_what_would_be_lost_needs_a_word_for_it(cluster: Cluster) -> None:
    await cluster.admin(
        "POST",
        "/api/v1/namespaces/production/pods",
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "lonely", "namespace": "production"},
            "spec": {
                "nodeName": "node-2",
                "containers": [{"name": "main", "image": "tool:1"}],
                "volumes": [{"name": "scratch", "emptyDir": {}}],
            },
        },
    )

    problems = (await cluster.preview(DRAIN)).problems
    allowed = await cluster.preview(f"{DRAIN} --force --delete-emptydir-data")

    assert [flag in " ".join(problems) for flag in ("--force", "--delete-emptydir-data")] == [True, True]
    assert allowed.problems == ()
    assert allowed.counters["replicas_removed"] == 1


async def test_a_budget_that_says_no_is_told_in_the_dry_run(cluster: Cluster) -> None:
    await budget(cluster, "user-service", 99)

    problems = (await cluster.preview(DRAIN)).problems

    assert any("may not go now" in problem and "disruption budget" in problem for problem in problems)


async def test_a_pod_with_two_budgets_is_told_in_the_dry_run(cluster: Cluster) -> None:
    pod = next(pod for pod in await on_node(cluster) if pod["metadata"]["labels"].get("app") == "api-gateway")
    await budget(cluster, "api-gateway", 1)  # the seeded world has one already

    problems = (await cluster.preview(DRAIN)).problems

    assert any(pod["metadata"]["name"] in each and "more than one PodDisruptionBudget" in each for each in problems)


async def test_a_budget_that_comes_after_the_dry_run_ends_the_step_and_says_what_was_done(cluster: Cluster) -> None:
    shown = await cluster.preview(DRAIN)
    kept = next(target for target in shown.targets if target.name.startswith("user-service"))
    await budget(cluster, "user-service", 99)

    done = await cluster.as_account("oncall").perform(operation(DRAIN), shown, key="k", timeout=timedelta(seconds=4))

    assert done.outcome is Outcome.FAILED
    assert done.detail.startswith("Cordoned the node and moved ")
    assert "disruption budget" in done.detail
    assert not done.is_repeatable
    assert kept.uid in {pod["metadata"]["uid"] for pod in await on_node(cluster)}


async def test_a_pod_that_nobody_was_shown_stops_it_before_anything_is_done(cluster: Cluster) -> None:
    text = f"{DRAIN} --force"
    shown = await cluster.preview(text)
    await cluster.admin(
        "POST",
        "/api/v1/namespaces/kube-system/pods",
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "newcomer", "namespace": "kube-system"},
            "spec": {"nodeName": "node-2", "containers": [{"name": "main", "image": "tool:1"}]},
        },
    )
    cluster.forget()
    done = await cluster.as_account("oncall").perform(operation(text), shown, key="k", timeout=SOON)

    assert done.outcome is Outcome.REFUSED
    assert "newcomer has come to node-2" in done.detail
    assert changing(cluster) == []


async def test_going_round_budgets_and_choosing_nodes_by_label_are_refused(cluster: Cluster) -> None:
    for text in (f"{DRAIN} --disable-eviction", "kubectl drain -l zone=a", "kubectl drain node-1 node-2"):
        assert (await cluster.preview(text)).problems, text

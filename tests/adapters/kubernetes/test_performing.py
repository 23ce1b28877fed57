"""Runs: exactly what was previewed, held against UIDs and facts, once."""

from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from bot.adapters.kubernetes.client import Credentials
from bot.adapters.kubernetes.executor import Kubernetes
from bot.adapters.system_clock import SystemClock
from bot.core.previews import Outcome, Performed, Preview
from bot.sim.cluster.server import ClusterSim
from tests.adapters.kubernetes.conftest import SOON, Cluster, Obj, operation

APPS = "/apis/apps/v1/namespaces/production"
PODS = "/api/v1/namespaces/production/pods"
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


async def deployment(cluster: Cluster, name: str) -> Obj:
    return await cluster.admin("GET", f"{APPS}/deployments/{name}")


async def refused(cluster: Cluster, text: str, shown: Preview) -> Performed:
    cluster.forget()
    done = await cluster.perform(text, shown)
    assert done.outcome is Outcome.REFUSED and done.output == "", done
    assert all(one.status in (409, 422) for one in cluster.sim.writes)
    return done


# --- what happens -----------------------------------------------------------------------------------------------------


async def test_scale_changes_the_replicas(cluster: Cluster) -> None:
    done = await cluster.run("kubectl scale deploy/worker -n production --replicas=1")
    assert (done.outcome, done.output) == (Outcome.SUCCEEDED, "deployment.apps/worker scaled")
    assert done.change == ("replicas  3 -> 1", "stops 2 pods of worker")
    assert (await deployment(cluster, "worker"))["spec"]["replicas"] == 1
    assert [(one.method, one.path) for one in cluster.sim.writes] == [("PATCH", f"{APPS}/deployments/worker/scale")]


async def test_restart_touches_only_the_annotation(cluster: Cluster) -> None:
    before = (await deployment(cluster, "worker"))["spec"]
    done = await cluster.run("kubectl rollout restart deploy/worker -n production")
    after = (await deployment(cluster, "worker"))["spec"]
    notes = after["template"]["metadata"].pop("annotations")
    assert done.output == "deployment.apps/worker restarted" and list(notes) == [RESTARTED_AT] and after == before


async def test_undo_brings_the_older_template_back_as_it_was(cluster: Cluster) -> None:
    done = await cluster.run("kubectl rollout undo deploy/checkout -n production --to-revision=1")
    assert done.output == "deployment.apps/checkout rolled back to revision 1 (checkout:1.8.4)"
    template = (await deployment(cluster, "checkout"))["spec"]["template"]
    assert template["spec"]["containers"][0]["image"] == "checkout:1.8.4"
    assert template["metadata"]["labels"] == {"app": "checkout"}


async def test_undo_cures_a_bad_release_and_its_undo_is_right(cluster: Cluster) -> None:
    cluster.sim.faults.plant("bad-image")
    await cluster.sim.wait_until(lambda: "bad-image" in {one.name for one in cluster.sim.faults.active()})
    shown = await cluster.preview("kubectl rollout undo deploy/checkout -n production")
    bad = (await deployment(cluster, "checkout"))["spec"]["template"]["spec"]["containers"][0]["image"]
    assert shown.change[0] == f"image  {bad} -> checkout:1.9.1"
    await cluster.perform("kubectl rollout undo deploy/checkout -n production", shown)
    status = await cluster.run("kubectl rollout status deploy/checkout -n production --timeout=8s")
    assert status.outcome is Outcome.SUCCEEDED and "successfully rolled out" in status.output
    await cluster.sim.wait_until(lambda: not cluster.sim.faults.active())
    back = await cluster.preview(shown.undo)
    assert back.change[0] == f"image  checkout:1.9.1 -> {bad}"


class TickingClock(SystemClock):
    """Who waits lets the cluster live; otherwise it stands still."""

    def __init__(self, sim: ClusterSim) -> None:
        self.sim = sim

    async def sleep(self, seconds: float) -> None:
        self.sim.tick()


async def test_undo_right_after_a_release_goes_back_to_what_ran_before_it(tmp_path: Path) -> None:
    sim = ClusterSim(life_interval_seconds=0)
    await sim.start()
    file = tmp_path / "kubeconfig"
    file.write_text(sim.kubeconfig("oncall"))
    executor = Kubernetes(Credentials(str(file)), clock=TickingClock(sim))
    async with aiohttp.ClientSession() as session:
        release = {"spec": {"template": {"spec": {"containers": [{"name": "checkout", "image": "checkout:2.0.0"}]}}}}
        await Cluster(sim, tmp_path, session).admin("PATCH", f"{APPS}/deployments/checkout", release)
    shown = await executor.preview(operation("kubectl rollout undo deploy/checkout -n production"), timeout=SOON)
    assert shown.change[0] == "image  checkout:2.0.0 -> checkout:1.9.1"
    await executor.close()
    await sim.stop()


async def test_deleted_pods_are_those_of_the_preview(cluster: Cluster) -> None:
    shown = await cluster.preview("kubectl delete pod -n production -l app=worker")
    pinned = {target.uid for target in shown.targets}
    await cluster.admin("PATCH", f"{APPS}/deployments/worker", {"spec": {"replicas": 6}})
    await cluster.sim.wait_until(lambda: len(cluster.sim.world.pods_of("worker")) == 6)
    done = await cluster.perform("kubectl delete pod -n production -l app=worker", shown)
    left = {pod["metadata"]["uid"] for pod in await cluster.pods("worker")}
    assert done.outcome is Outcome.SUCCEEDED and done.output.count("deleted") == 3
    assert not pinned & left and len(left) >= 3


async def test_cordon_and_uncordon(cluster: Cluster) -> None:
    off = await cluster.run("kubectl cordon node-1")
    assert off.output == "node/node-1 cordoned"
    assert (await cluster.admin("GET", "/api/v1/nodes/node-1"))["spec"]["unschedulable"] is True
    await cluster.run("kubectl uncordon node-1")
    assert "unschedulable" not in (await cluster.admin("GET", "/api/v1/nodes/node-1"))["spec"]


async def test_exec_answers_with_output_and_exit_code(cluster: Cluster) -> None:
    done = await cluster.run("kubectl exec -n production deploy/redis-primary -- redis-cli FLUSHDB")
    assert (done.outcome, done.output, done.exit_code) == (Outcome.SUCCEEDED, "OK", 0)
    missing = await cluster.run("kubectl exec -n production deploy/redis-primary -- nosuch")
    assert missing.outcome is Outcome.FAILED and "not found" in missing.output


WORDS = ["; id", "$(id)", "`id`", "a&b=c", "50%", "a+b", "%2e%2e", "a\nb", "'\"", "-f=http://x", "é漢", " ", "&&", "#x"]


async def test_F73_every_word_of_exec_arrives_as_one_inert_argument(cluster: Cluster) -> None:
    text = "kubectl exec -n production deploy/worker -- echo x"
    shown = await cluster.preview(text)
    executor = cluster.as_account("oncall")
    plain = operation(text)
    for word in WORDS:
        asked = replace(plain, arguments={**plain.arguments, "command": ["echo", word, "end"]})
        done = await executor.perform(asked, shown, key="k", timeout=SOON)
        assert done.output == f"{word} end", word


# --- preconditions --------------------------------------------------------------------------------------------------


async def test_F63_a_pod_made_anew_under_its_old_name_is_not_touched(cluster: Cluster) -> None:
    text = "kubectl delete pod postgres-0 -n production"
    shown = await cluster.preview(text)
    await cluster.admin("DELETE", f"{PODS}/postgres-0?gracePeriodSeconds=0")
    old = shown.targets[0].uid

    def is_back() -> bool:
        found = cluster.sim.world.pods_of("postgres")
        return bool(found) and found[0]["metadata"]["uid"] != old

    await cluster.sim.wait_until(is_back)
    done = await refused(cluster, text, shown)
    assert "UID" in done.detail and "Nothing was done" in done.detail


async def test_F63_exec_into_a_pod_made_anew_is_refused(cluster: Cluster) -> None:
    text = "kubectl exec -n production postgres-0 -- pg_isready"
    shown = await cluster.preview(text)
    changed = replace(shown, targets=(replace(shown.targets[0], uid="another"),))
    done = await refused(cluster, text, changed)
    assert "created anew" in done.detail and cluster.sim.writes == []


@pytest.mark.parametrize(
    "text",
    [
        "kubectl scale deploy/worker -n production --replicas=1",
        "kubectl rollout restart deploy/worker -n production",
    ],
)
async def test_F63_replicas_that_changed_since_the_preview_refuse_the_run(cluster: Cluster, text: str) -> None:
    shown = await cluster.preview(text)
    await cluster.admin("PATCH", f"{APPS}/deployments/worker", {"spec": {"replicas": 4}})
    done = await refused(cluster, text, shown)
    assert "has changed since the dry run" in done.detail and cluster.sim.writes == []
    assert (await deployment(cluster, "worker"))["spec"]["replicas"] == 4


async def test_F63_a_deployment_made_anew_is_not_touched(cluster: Cluster) -> None:
    text = "kubectl scale deploy/worker -n production --replicas=1"
    shown = await cluster.preview(text)
    old = await deployment(cluster, "worker")
    await cluster.admin("DELETE", f"{APPS}/deployments/worker")
    fresh: Obj = {
        "metadata": {"name": "worker"},
        "spec": {k: old["spec"][k] for k in ("replicas", "selector", "template")},
    }
    fresh["spec"]["template"]["spec"]["containers"][0]["image"] = "worker:2.2.0"
    await cluster.admin("POST", f"{APPS}/deployments", fresh)
    done = await refused(cluster, text, shown)
    assert "created anew" in done.detail and cluster.sim.writes == []


async def test_a_revision_edited_since_the_preview_is_not_brought_back(cluster: Cluster) -> None:
    text = "kubectl rollout undo deploy/checkout -n production"
    shown = await cluster.preview(text)
    pinned = shown.targets[1].name
    container = {"name": "checkout", "image": "checkout:1.8.4"}
    edit = {"spec": {"template": {"spec": {"containers": [container]}}}}
    await cluster.admin("PATCH", f"{APPS}/replicasets/{pinned}", edit)
    done = await refused(cluster, text, shown)
    assert "has changed since the dry run" in done.detail and cluster.sim.writes == []


async def test_a_node_cordoned_by_somebody_else_refuses_the_run(cluster: Cluster) -> None:
    shown = await cluster.preview("kubectl cordon node-1")
    await cluster.admin("PATCH", "/api/v1/nodes/node-1", {"spec": {"unschedulable": True}})
    done = await refused(cluster, "kubectl cordon node-1", shown)
    assert "unschedulable was false, now true" in done.detail


async def test_status_updates_alone_do_not_refuse_a_run(cluster: Cluster) -> None:
    text = "kubectl scale deploy/worker -n production --replicas=2"
    shown = await cluster.preview(text)
    await cluster.admin("PATCH", f"{APPS}/deployments/worker", {"metadata": {"labels": {"touched": "yes"}}})
    assert (await cluster.perform(text, shown)).outcome is Outcome.SUCCEEDED


async def test_F89_one_pod_that_cannot_be_deleted_keeps_the_others(cluster: Cluster) -> None:
    text = "kubectl delete pod -n production -l app=worker"
    shown = await cluster.preview(text)
    last = replace(shown.targets[-1], uid="another")
    done = await refused(cluster, text, replace(shown, targets=(*shown.targets[:-1], last)))
    assert last.name in done.detail and len(await cluster.pods("worker")) == 3 and cluster.sim.writes == []


CHANGES = (
    "kubectl scale deploy/worker -n production --replicas=1",
    "kubectl delete pod -n production -l app=worker",
    "kubectl exec -n production deploy/worker -- date",
    "kubectl cordon node-1",
    "kubectl drain node-1 --ignore-daemonsets",
)


async def test_a_change_without_its_preview_or_with_a_problem_is_refused(cluster: Cluster) -> None:
    for text in CHANGES:
        shown = await cluster.preview(text, "admin")
        for broken in (Preview(), replace(shown, problems=("something blocks it",))):
            assert (await cluster.perform(text, broken, "admin")).outcome is Outcome.REFUSED, text
    assert cluster.sim.writes == []


async def test_a_permission_lost_after_the_preview_fails_and_changes_nothing(cluster: Cluster) -> None:
    text = "kubectl scale deploy/worker -n production --replicas=1"
    shown = await cluster.preview(text)
    done = await cluster.perform(text, shown, "reader")
    assert (done.outcome, done.status) == (Outcome.FAILED, 403) and "Forbidden" in done.detail
    assert (await deployment(cluster, "worker"))["spec"]["replicas"] == 3

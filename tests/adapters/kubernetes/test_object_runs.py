"""Runs of object changes: exactly what was shown, held against UID and content, and the way back really leads back."""

import asyncio

import pytest
from aiohttp import web

from bot.adapters.kubernetes.object_differences import content
from bot.core.previews import Outcome
from bot.sim.cluster import kinds
from tests.adapters.kubernetes.conftest import SOON, Broken, Cluster
from tests.adapters.kubernetes.test_objects import APPS, NS, operation, perform, plant_cron_job, preview, run

THERE_AND_BACK = (
    ("kubectl label deploy/worker seen=yes app=other --overwrite", f"{APPS}/deployments/worker"),
    ("kubectl annotate deploy/worker note='it is late'", f"{APPS}/deployments/worker"),
    ("kubectl taint nodes node-1 broken=yes:NoSchedule", "/api/v1/nodes/node-1"),
    ("kubectl set image deploy/checkout checkout=checkout:1.9.2", f"{APPS}/deployments/checkout"),
    ("kubectl set env deploy/checkout MODE=slow", f"{APPS}/deployments/checkout"),
    ("kubectl set resources sts/postgres --limits=memory=2Gi", f"{APPS}/statefulsets/postgres"),
    ("kubectl rollout pause deploy/checkout", f"{APPS}/deployments/checkout"),
    ("""kubectl patch deploy/worker -p '{"spec":{"minReadySeconds":3,"replicas":2}}'""", f"{APPS}/deployments/worker"),
    ("kubectl apply -f manifests/limit.yaml", f"{NS}/configmaps/api-gateway"),
    ("kubectl replace -f manifests/taken.yaml", f"{NS}/configmaps/api-gateway"),
)


@pytest.mark.parametrize(("text", "path"), THERE_AND_BACK)
async def test_a_change_is_made_as_shown_and_its_undo_leads_back(cluster: Cluster, text: str, path: str) -> None:
    before = content(await cluster.admin("GET", path))
    shown = await preview(cluster, text)
    assert shown.problems == () and shown.undo
    done = await perform(cluster, text, shown)
    assert done.outcome is Outcome.SUCCEEDED and done.change == shown.change
    assert content(await cluster.admin("GET", path)) != before
    await run(cluster, shown.undo)
    assert content(await cluster.admin("GET", path)) == before


AUTOSCALERS = "/apis/autoscaling/v2/namespaces/production/horizontalpodautoscalers"
CREATED = (
    ("kubectl apply -f manifests/two.yaml", f"{NS}/configmaps/second"),
    ("kubectl create -f manifests/two.yaml", f"{NS}/configmaps/first"),
    ("kubectl create configmap x --from-literal=a=b", f"{NS}/configmaps/x"),
    ("kubectl create job now --from=cronjob/nightly", "/apis/batch/v1/namespaces/production/jobs/now"),
    ("kubectl autoscale deploy/worker --max=5", f"{AUTOSCALERS}/worker"),
    ("kubectl expose deploy/worker --port=80 --name=web", f"{NS}/services/web"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "path"), CREATED)
async def test_what_is_created_is_there_and_its_undo_takes_it_away(cluster: Cluster, text: str, path: str) -> None:
    plant_cron_job(cluster)
    shown = await preview(cluster, text)
    assert shown.problems == () and (await perform(cluster, text, shown)).outcome is Outcome.SUCCEEDED
    assert (await cluster.admin("GET", path))["metadata"]["name"]
    again = await perform(cluster, text, shown)
    assert again.outcome is Outcome.REFUSED, again
    await run(cluster, shown.undo)
    with pytest.raises(AssertionError, match="not found"):
        await cluster.admin("GET", path)


async def test_a_job_of_a_cron_job_belongs_to_it_and_says_that_it_was_started_by_hand(cluster: Cluster) -> None:
    plant_cron_job(cluster)
    await run(cluster, "kubectl create job now --from=cronjob/nightly")
    job = await cluster.admin("GET", "/apis/batch/v1/namespaces/production/jobs/now")
    assert job["metadata"]["annotations"] == {"cronjob.kubernetes.io/instantiate": "manual"}
    assert job["metadata"]["ownerReferences"][0]["name"] == "nightly"


async def test_deletions_of_any_type_end_what_they_name(cluster: Cluster) -> None:
    done = await run(cluster, "kubectl delete deploy worker frontend")
    assert done.output == 'deployment.apps "worker" deleted\ndeployment.apps "frontend" deleted'
    await cluster.sim.wait_until(lambda: not cluster.sim.world.pods_of("worker"))
    await run(cluster, "kubectl delete -f manifests/limit.yaml")
    assert cluster.sim.state.find(kinds.CONFIG_MAPS, "production", "api-gateway") is None


# --- preconditions ----------------------------------------------------------------------------------------------------


async def _recreate(cluster: Cluster, path: str) -> None:
    found = await cluster.admin("GET", path)
    await cluster.admin("DELETE", path)
    await cluster.sim.wait_until(lambda: not _is_there(cluster, path))
    fresh = {key: value for key, value in found.items() if key != "status"}
    fresh["metadata"] = {key: found["metadata"][key] for key in ("name", "labels") if key in found["metadata"]}
    await cluster.admin("POST", path.rpartition("/")[0], fresh)


def _is_there(cluster: Cluster, path: str) -> bool:
    _, plural, name = path.rsplit("/", 2)
    resource = kinds.by_word(plural)
    assert resource is not None
    return cluster.sim.state.find(resource, "production", name) is not None


GUARDED = (
    ("kubectl label deploy/worker seen=yes", f"{APPS}/deployments/worker"),
    ("kubectl set image deploy/worker worker=worker:9", f"{APPS}/deployments/worker"),
    ("""kubectl patch deploy/worker -p '{"spec":{"replicas":2}}'""", f"{APPS}/deployments/worker"),
    ("kubectl apply -f manifests/limit.yaml", f"{NS}/configmaps/api-gateway"),
    ("kubectl replace -f manifests/taken.yaml", f"{NS}/configmaps/api-gateway"),
    ("kubectl delete cm api-gateway", f"{NS}/configmaps/api-gateway"),
)


@pytest.mark.parametrize(("text", "path"), GUARDED)
async def test_F63_what_was_created_anew_since_the_dry_run_is_not_touched(
    cluster: Cluster, text: str, path: str
) -> None:
    shown = await preview(cluster, text)
    await _recreate(cluster, path)
    cluster.forget()
    done = await perform(cluster, text, shown)
    assert done.outcome is Outcome.REFUSED, done
    assert all(one.status == 409 for one in cluster.sim.writes)
    assert (await preview(cluster, text)).targets != shown.targets


@pytest.mark.parametrize(("text", "path"), GUARDED[:-1])
async def test_F63_what_was_changed_since_the_dry_run_is_not_touched(cluster: Cluster, text: str, path: str) -> None:
    shown = await preview(cluster, text)
    await cluster.admin("PATCH", path, {"metadata": {"annotations": {"by": "somebody"}}})
    cluster.forget()
    done = await perform(cluster, text, shown)
    assert done.outcome is Outcome.REFUSED and "has changed since the dry run" in done.detail
    assert cluster.sim.writes == []
    assert (await preview(cluster, text)).facts != shown.facts


async def test_F64_a_selection_runs_on_what_was_shown_and_on_nothing_that_matches_since(cluster: Cluster) -> None:
    text = "kubectl label pods -l app=worker seen=yes"
    shown = await preview(cluster, text)
    pod = {
        "metadata": {"name": "late", "labels": {"app": "worker"}},
        "spec": {"containers": [{"name": "c", "image": "x:1"}]},
    }
    await cluster.admin("POST", f"{NS}/pods", pod)
    assert (await perform(cluster, text, shown)).outcome is Outcome.SUCCEEDED
    late = cluster.sim.state.get(kinds.PODS, "production", "late")
    assert "seen" not in late["metadata"]["labels"]
    assert all("seen" in one["metadata"]["labels"] for one in cluster.sim.world.pods_of("worker") if one is not late)


async def test_a_status_update_in_between_is_no_reason_to_refuse(cluster: Cluster) -> None:
    text = "kubectl annotate deploy/worker note=seen"
    shown = await preview(cluster, text)
    await cluster.admin("PATCH", f"{APPS}/deployments/worker/status", {"status": {"observedGeneration": 99}})
    assert (await perform(cluster, text, shown)).outcome is Outcome.SUCCEEDED


async def test_a_repeat_of_what_went_through_has_no_second_effect(cluster: Cluster) -> None:
    for text in ("kubectl set image deploy/checkout checkout=checkout:1.9.2", "kubectl label pod postgres-0 a=b"):
        shown = await preview(cluster, text)
        assert (await perform(cluster, text, shown)).outcome is Outcome.SUCCEEDED
        cluster.forget()
        assert (await perform(cluster, text, shown)).outcome is Outcome.SUCCEEDED
        assert cluster.sim.writes == []


async def test_one_of_several_that_cannot_be_written_keeps_the_others(cluster: Cluster) -> None:
    text = "kubectl label cm api-gateway other a=b"
    await cluster.admin("POST", f"{NS}/configmaps", {"metadata": {"name": "other"}})
    shown = await preview(cluster, text)
    await cluster.admin("DELETE", f"{NS}/configmaps/other")
    cluster.forget()
    done = await perform(cluster, text, shown)
    assert done.outcome is Outcome.REFUSED and "other" in done.detail
    assert cluster.sim.writes == []


# --- answers that break off -------------------------------------------------------------------------------------------


async def test_a_conflict_is_tried_again_while_everything_holds(broken: Broken) -> None:
    text = operation("kubectl annotate deploy/api note=x -n prod")

    async def conflict_once(_: web.Request) -> web.StreamResponse:
        status = {"kind": "Status", "status": "Failure", "reason": "Conflict", "code": 409, "message": "modified"}
        return (
            web.json_response(status, status=409) if broken.changes < 2 else web.json_response({"kind": "Deployment"})
        )

    broken.serve = conflict_once
    shown = await broken.kubernetes.preview(text, timeout=SOON)
    done = await broken.kubernetes.perform(text, shown, key="k", timeout=SOON)
    assert (done.outcome, broken.changes) == (Outcome.SUCCEEDED, 2)


@pytest.mark.parametrize("words", ["annotate deploy/api note=x", "set image deploy/api api=api:2", "delete deploy api"])
async def test_F68_a_lost_answer_is_unknown_and_nothing_is_sent_twice(broken: Broken, words: str) -> None:
    text = operation(f"kubectl {words} -n prod")

    async def hang_up(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        await asyncio.sleep(0)
        return web.Response()

    broken.serve = hang_up
    shown = await broken.kubernetes.preview(text, timeout=SOON)
    assert shown.problems == ()
    done = await broken.kubernetes.perform(text, shown, key="k", timeout=SOON)
    assert (done.outcome, broken.changes) == (Outcome.UNKNOWN, 1)

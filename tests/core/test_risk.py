"""Tiers: every rule, and the laws that hold for all of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import registry, risk
from bot.core.commands import parsing
from bot.core.operations import TIER_ORDER, Effect, Judgement, Replay, Tier
from bot.core.runbooks import AllowedProgram, HttpCall, Parameter


def judge(text: str, *, environment: str = "", raised: Tier = Tier.LOW) -> Judgement:
    return risk.judge(parsing.parse(text, values={}), environment=environment, raised=raised)


@pytest.mark.parametrize(
    ("text", "tier"),
    [
        ("kubectl get pods", Tier.LOW),
        ("kubectl get secrets", Tier.LOW),
        ("kubectl get secret x -o name", Tier.LOW),
        ("kubectl get secret x -o yaml", Tier.HIGH),
        ("kubectl get secrets -o jsonpath={.items}", Tier.HIGH),
        ("kubectl describe secret x", Tier.HIGH),
        ("kubectl logs x --tail=5", Tier.LOW),
        ("kubectl delete pod x", Tier.MEDIUM),
        ("kubectl delete pod a b c", Tier.MEDIUM),
        ("kubectl delete pod a b c d", Tier.HIGH),
        ("kubectl delete pods --all", Tier.HIGH),
        ("kubectl delete pods -l app=x", Tier.HIGH),
        ("kubectl delete pod x --force", Tier.HIGH),
        ("kubectl delete pod x --grace-period=0", Tier.HIGH),
        ("kubectl delete pod x --now", Tier.HIGH),
        ("kubectl delete pod x -n kube-system", Tier.HIGH),
        ("kubectl get pods -n kube-system", Tier.LOW),
        ("kubectl rollout restart deploy/x", Tier.MEDIUM),
        ("kubectl rollout restart sts/x", Tier.HIGH),
        ("kubectl rollout restart ds/x", Tier.HIGH),
        ("kubectl rollout undo deploy/x", Tier.HIGH),
        ("kubectl rollout status deploy/x", Tier.LOW),
        ("kubectl rollout history deploy/x", Tier.LOW),
        ("kubectl scale deploy/x --replicas=3", Tier.MEDIUM),
        ("kubectl scale deploy/x --replicas=0", Tier.HIGH),
        ("kubectl scale sts/x --replicas=3", Tier.HIGH),
        ("kubectl cordon n1", Tier.MEDIUM),
        ("kubectl uncordon n1", Tier.MEDIUM),
        ("kubectl drain n1", Tier.HIGH),
        ("kubectl apply -f x", Tier.HIGH),
        ("kubectl create -f x", Tier.HIGH),
        ("kubectl label pod x a=b", Tier.MEDIUM),
        ("kubectl config view", Tier.LOW),
        ("kubectl config view --raw", Tier.HIGH),
        ("kubectl frobnicate", Tier.HIGH),
        ("kubectl get pods | xargs kubectl delete pod", Tier.HIGH),
        ("kubectl get pods | sh", Tier.HIGH),
        ("curl http://x/", Tier.LOW),
        ("curl -I http://x/", Tier.LOW),
        ("curl -X POST http://x/", Tier.MEDIUM),
        ("curl -d a=b http://x/", Tier.MEDIUM),
        ("curl -X DELETE http://x/", Tier.HIGH),
        ("curl -X FROB http://x/", Tier.HIGH),
        ("echo hello", Tier.LOW),
        ("frobnicate", Tier.HIGH),
    ],
)
def test_the_tier_of_each_operation(text: str, tier: Tier) -> None:
    judgement = judge(text)
    assert judgement.tier is tier
    assert judgement.reasons
    assert judgement.summary


@pytest.mark.parametrize(
    ("text", "replay"),
    [
        ("kubectl get pods", Replay.READ),
        ("kubectl exec x -- df -h", Replay.READ),
        ("kubectl exec x -- redis-cli FLUSHDB", Replay.ONCE),
        ("kubectl scale deploy/x --replicas=3", Replay.IDEMPOTENT),
        ("kubectl cordon n1", Replay.IDEMPOTENT),
        ("kubectl delete pod x", Replay.IDEMPOTENT),
        ("kubectl delete pods -l a=b", Replay.ONCE),
        ("kubectl rollout restart deploy/x", Replay.ONCE),
        ("kubectl rollout undo deploy/x", Replay.ONCE),
        ("curl http://x/", Replay.READ),
        ("curl -X POST http://x/", Replay.ONCE),
        ("frobnicate", Replay.ONCE),
    ],
)
def test_how_each_operation_may_be_repeated(text: str, replay: Replay) -> None:
    assert judge(text).replay is replay


def test_counters_are_the_least_that_is_known() -> None:
    assert judge("kubectl delete pod a b").counters == {"pod_restarts": 2}
    assert judge("kubectl delete pods --all").counters == {"pod_restarts": 1}
    assert judge("kubectl get pods").counters == {}
    assert judge("kubectl drain n1").counters == {"nodes_drained": 1}
    assert judge("curl -X POST http://x/").counters == {"http_writes": 1}


def test_an_author_can_raise_a_tier_and_never_lower_it() -> None:
    assert judge("kubectl get pods", raised=Tier.HIGH).tier is Tier.HIGH
    assert judge("kubectl get pods", raised=Tier.HIGH).reasons[-1] == "the runbook declares it high"
    assert judge("kubectl rollout undo deploy/x", raised=Tier.LOW).tier is Tier.HIGH


def test_production_raises_wide_changes_only() -> None:
    assert judge("kubectl delete pod x", environment="production").tier is Tier.MEDIUM
    assert judge("kubectl get pods -A", environment="production").tier is Tier.LOW
    wide = judge("kubectl delete pods -l a=b", environment="production")
    assert "a wide change in production" in wide.reasons


def test_an_http_steps_replay_is_what_its_author_declares() -> None:
    declared = parsing.http_operation(HttpCall("PUT", "http://x/", replay=Replay.IDEMPOTENT), {}, {})
    assert risk.judge(declared).replay is Replay.IDEMPOTENT
    assert risk.judge(parsing.http_operation(HttpCall("GET", "http://x/"), {}, {})).replay is Replay.READ


def test_a_declared_program_runs_only_as_declared_and_a_write_is_at_least_medium() -> None:
    allowed = AllowedProgram(
        "restart-cache",
        ("restart-cache", "--region={region}"),
        risk=Tier.LOW,
        parameters={"region": Parameter("region", "eu|us")},
    )
    fits = parsing.parse("restart-cache --region=eu", values={}, programs=[allowed])
    assert (fits.kind, risk.judge(fits).tier, risk.judge(fits).is_runnable) == ("program.run", Tier.MEDIUM, True)
    for text in ("restart-cache --region=asia", "restart-cache --region=eu --force", "restart-cache", "other"):
        assert not risk.judge(parsing.parse(text, values={}, programs=[allowed])).is_runnable


def test_every_kind_that_writes_has_a_tier_above_low_unless_something_else_decides() -> None:
    decided_elsewhere = {
        "kubernetes.exec",
        "kubernetes.kubectl_plugin",
        "http.request",
        "program.run",
        "program.unlisted",
    }
    for name, kind in registry.KINDS.items():
        assert kind.effect is Effect.READ or kind.tier is not Tier.LOW or name in decided_elsewhere, name
        assert kind.effect is not Effect.READ or kind.replay is Replay.READ or kind.remedy, name


COMMANDS = st.sampled_from(
    [
        "kubectl get pods x",
        "kubectl get secrets x -o yaml",
        "kubectl describe pod x",
        "kubectl logs x",
        "kubectl delete pod x",
        "kubectl delete pods -l a=b",
        "kubectl rollout restart deploy/x",
        "kubectl rollout undo deploy/x",
        "kubectl scale deploy/x --replicas=2",
        "kubectl cordon x",
        "kubectl apply",
        "kubectl frobnicate",
    ]
)
ADDITIONS = st.lists(
    st.sampled_from(
        ["-A", "-n prod", "-n kube-system", "--namespace=x", "--force", "--grace-period=0", "--all", "-l a=b",
         "y", "z w v",
         "--now", "--as=admin", "-s http://evil", "--token x", "-o yaml", "-f x", "--frobnicate", "-it", "--recursive"]
    ),
    max_size=4,
)  # fmt: skip


@given(command=COMMANDS, additions=ADDITIONS)
def test_adding_a_namespace_a_force_flag_or_targets_never_lowers_a_tier(command: str, additions: list[str]) -> None:
    before = judge(command)
    after = judge(" ".join([command, *additions]))
    assert TIER_ORDER.index(after.tier) >= TIER_ORDER.index(before.tier)


@given(command=COMMANDS, environment=st.sampled_from(["", "production", "staging"]), raised=st.sampled_from(list(Tier)))
def test_environment_and_declared_risk_never_lower_a_tier(command: str, environment: str, raised: Tier) -> None:
    after = judge(command, environment=environment, raised=raised)
    assert TIER_ORDER.index(after.tier) >= max(TIER_ORDER.index(judge(command).tier), TIER_ORDER.index(raised))


@pytest.mark.parametrize(
    "text", ["kubectl get pods -o name | xargs kubectl delete", "kubectl exec web-1 -- redis-cli FLUSHDB", "rm -rf /"]
)
def test_what_writes_is_never_of_the_class_that_is_re_run_freely(text: str) -> None:
    judgement = risk.judge(parsing.parse(text))
    assert judgement.effect is not Effect.READ
    assert judgement.replay is not Replay.READ

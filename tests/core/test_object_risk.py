"""Tiers, replay classes and counters of changes to objects, and the laws that hold for all of them."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import risk
from bot.core.commands import kubectl, parsing
from bot.core.operations import TIER_ORDER, Effect, Replay, Tier
from tests.core.test_kubectl_objects import CONFIG, DEPLOYMENT, manifest, parse


@pytest.mark.parametrize(
    ("text", "tier", "replay"),
    [
        ("kubectl label pod x seen=yes", Tier.MEDIUM, Replay.IDEMPOTENT),
        ("kubectl label pod x app-", Tier.HIGH, Replay.IDEMPOTENT),
        ("kubectl label pod x topology.kubernetes.io/zone=a", Tier.HIGH, Replay.IDEMPOTENT),
        ("kubectl label pods -l a=b seen=yes", Tier.HIGH, Replay.ONCE),
        ("kubectl label pods --all seen=yes", Tier.HIGH, Replay.ONCE),
        ("kubectl label pods a b c d seen=yes", Tier.HIGH, Replay.IDEMPOTENT),
        ("kubectl label pods a b seen=yes", Tier.MEDIUM, Replay.IDEMPOTENT),
        ("kubectl label pods a b seen=yes --overwrite", Tier.HIGH, Replay.IDEMPOTENT),
        ("kubectl label node x seen=yes", Tier.HIGH, Replay.IDEMPOTENT),
        ("kubectl label ns x seen=yes", Tier.HIGH, Replay.IDEMPOTENT),
        ("kubectl label pod postgres-0 seen=yes", Tier.HIGH, Replay.IDEMPOTENT),
        ("kubectl label pod x seen=yes -n kube-system", Tier.HIGH, Replay.IDEMPOTENT),
        ("kubectl label widget x seen=yes", Tier.HIGH, Replay.IDEMPOTENT),
        ("kubectl annotate deploy x note=a", Tier.MEDIUM, Replay.IDEMPOTENT),
        ("kubectl annotate ingress x nginx.ingress.kubernetes.io/rewrite-target=/", Tier.HIGH, Replay.IDEMPOTENT),
        ("kubectl annotate app x argocd.argoproj.io/refresh=hard", Tier.HIGH, Replay.IDEMPOTENT),
        ("kubectl taint nodes n a=b:NoSchedule", Tier.HIGH, Replay.IDEMPOTENT),
        ("kubectl set image deploy/x c=d", Tier.HIGH, Replay.IDEMPOTENT),
        ("kubectl set env deploy/x A=b", Tier.HIGH, Replay.IDEMPOTENT),
        ("kubectl set resources deploy/x --limits=cpu=1", Tier.HIGH, Replay.IDEMPOTENT),
        ("kubectl rollout pause deploy/x", Tier.MEDIUM, Replay.IDEMPOTENT),
        ("kubectl rollout resume deploy/x", Tier.MEDIUM, Replay.IDEMPOTENT),
        ("kubectl rollout pause deploy", Tier.HIGH, Replay.ONCE),
        ("kubectl patch deploy/x -p '{\"a\":1}'", Tier.HIGH, Replay.ONCE),
        ("kubectl delete deploy x", Tier.HIGH, Replay.IDEMPOTENT),
        ("kubectl delete deploy -l a=b", Tier.HIGH, Replay.ONCE),
        ("kubectl delete pods --field-selector=status.phase=Failed", Tier.HIGH, Replay.ONCE),
        ("kubectl delete -f manifests/x.yaml", Tier.HIGH, Replay.IDEMPOTENT),
        ("kubectl apply -f manifests/x.yaml", Tier.HIGH, Replay.ONCE),
        ("kubectl create -f manifests/x.yaml", Tier.HIGH, Replay.ONCE),
        ("kubectl replace -f manifests/x.yaml", Tier.HIGH, Replay.ONCE),
        ("kubectl create configmap x", Tier.MEDIUM, Replay.ONCE),
        ("kubectl create ns x", Tier.HIGH, Replay.ONCE),
        ("kubectl create job x --from=cronjob/y", Tier.MEDIUM, Replay.ONCE),
        ("kubectl create job x --image=y", Tier.HIGH, Replay.ONCE),
        ("kubectl autoscale deploy/x --max=3", Tier.MEDIUM, Replay.ONCE),
        ("kubectl autoscale sts/x --max=3", Tier.HIGH, Replay.ONCE),
        ("kubectl expose deploy/x --port=80", Tier.MEDIUM, Replay.ONCE),
        ("kubectl expose deploy/x --port=80 --type=LoadBalancer", Tier.HIGH, Replay.ONCE),
    ],
)
def test_the_tier_and_the_replay_class_of_each(text: str, tier: Tier, replay: Replay) -> None:
    judgement = risk.judge(parse(text, CONFIG))
    assert (judgement.tier, judgement.replay) == (tier, replay), judgement.reasons
    assert judgement.effect is Effect.WRITE and judgement.reasons and judgement.summary


def test_every_rule_names_its_reason() -> None:
    assert "kills without a grace period" in risk.judge(parse("kubectl delete deploy x --force")).reasons
    orphan = risk.judge(parse("kubectl delete deploy x --cascade=orphan"))
    assert any("without an owner" in reason for reason in orphan.reasons)
    finalizers = risk.judge(parse("""kubectl patch cm x --type=merge -p '{"metadata":{"finalizers":null}}'"""))
    assert any("finalizers" in reason for reason in finalizers.reasons)
    system = risk.judge(
        parse("kubectl apply -f manifests/x.yaml", manifest(metadata={"name": "x", "namespace": "kube-system"}))
    )
    assert any("whole cluster" in reason for reason in system.reasons)


def test_counters_are_the_least_that_is_known() -> None:
    assert risk.judge(parse("kubectl delete cm a b")).counters == {"objects_deleted": 2}
    assert risk.judge(parse("kubectl label pods a b c=d")).counters == {"objects_changed": 2}
    assert risk.judge(parse("kubectl create -f manifests/x.yaml", CONFIG, DEPLOYMENT)).counters == {
        "objects_created": 2
    }
    assert risk.judge(parse("kubectl apply -f manifests/x.yaml", CONFIG)).counters == {}
    assert risk.judge(parse("kubectl set image deploy/x a=b")).counters == {"pod_restarts": 1}


# --- laws -------------------------------------------------------------------------------------------------------------

NAME = st.from_regex(r"[a-z][a-z0-9-]{0,10}[a-z0-9]", fullmatch=True)
VALUE = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 ._=:'\"$-]{0,20}", fullmatch=True)
PLAIN = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)
COMMAND = st.one_of(
    st.tuples(NAME, st.dictionaries(NAME, VALUE, min_size=1, max_size=3)).map(
        lambda found: ["annotate", "deploy", found[0], *(f"{key}={value}" for key, value in found[1].items())]
    ),
    st.tuples(NAME, st.dictionaries(NAME, st.one_of(st.none(), PLAIN), min_size=1, max_size=3)).map(
        lambda found: ["label", "pod", found[0], *(f"{k}-" if v is None else f"{k}={v}" for k, v in found[1].items())]
    ),
    st.tuples(NAME, NAME, PLAIN).map(
        lambda found: ["set", "image", f"deploy/{found[0]}", f"{found[1]}=r/{found[2]}:1"]
    ),
    st.tuples(NAME, VALUE).map(lambda found: ["set", "env", f"deploy/{found[0]}", f"A={found[1]}"]),
    st.lists(NAME, min_size=1, max_size=5).map(lambda names: ["delete", "cm", *names]),
    st.tuples(NAME, st.integers(1, 99)).map(lambda found: ["autoscale", f"deploy/{found[0]}", f"--max={found[1]}"]),
    st.tuples(NAME, VALUE).map(lambda found: ["create", "cm", found[0], f"--from-literal=k={found[1]}"]),
)
ADDED = st.sampled_from(
    [["-n", "prod"], ["-nkube-system"], ["--force"], ["--grace-period=0"], ["--overwrite"], ["--all"], ["-l", "a=b"],
     ["--cascade=orphan"], ["-A"]]
)  # fmt: skip


@given(COMMAND)
def test_what_is_rendered_is_parsed_to_the_same_operation(words: list[str]) -> None:
    first = kubectl.parse(["kubectl", *words], text=shlex.join(["kubectl", *words]))
    again = parsing.parse(first.text, values={})
    assert (again.kind, again.arguments, again.text) == (first.kind, first.arguments, first.text)
    assert "refused" not in first.arguments


@given(COMMAND, ADDED)
def test_a_namespace_more_targets_or_a_force_flag_never_lower_a_tier(words: list[str], added: list[str]) -> None:
    argv = ["kubectl", *words]
    alone = risk.judge(kubectl.parse(argv, text=""))
    more = risk.judge(kubectl.parse([*argv, *added], text=""))
    assert TIER_ORDER.index(more.tier) >= TIER_ORDER.index(alone.tier)
    assert more.effect is Effect.WRITE

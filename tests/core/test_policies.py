"""The ladder as a table: level x tier -> verdict, and everything that blocks a step comes before it."""

from dataclasses import replace

import pytest

from bot.core import limits, plans, policies
from bot.core.operations import Effect, Tier
from bot.core.plans import Decision, Verdict
from bot.core.previews import Preview
from bot.core.runbooks import ApproverRule, Level
from tests import builders as b

A, K, S = Verdict.ALLOW, Verdict.ASK, Verdict.SHOW


def decide(level: Level, tier: Tier, **changes: object) -> Decision:
    arguments: dict[str, object] = {
        "judgement": b.judgement(tier),
        "preview": Preview(),
        "violations": (),
        "rule": b.RULE,
        "runbook": b.runbook(),
        **changes,
    }
    return policies.decide(level=level, tier=tier, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("level", "tier", "verdict"),
    [
        (Level.ADVISORY, Tier.LOW, A),
        (Level.ADVISORY, Tier.MEDIUM, S),
        (Level.ADVISORY, Tier.HIGH, S),
        (Level.ASSISTED, Tier.LOW, A),
        (Level.ASSISTED, Tier.MEDIUM, K),
        (Level.ASSISTED, Tier.HIGH, K),
    ],
)
def test_the_ladder_says_who_acts(level: Level, tier: Tier, verdict: Verdict) -> None:
    decision = decide(level, tier)
    assert decision.verdict is verdict
    assert decision.reasons[0]
    assert decision.policy == policies.POLICY


def test_a_level_that_was_not_earned_runs_as_assisted_and_says_so() -> None:
    level, reasons = policies.level_of(replace(b.runbook(), max_level=Level.SCOPED))
    assert level is Level.ASSISTED
    assert "not been earned" in reasons[0]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"violations": ("pod restarts: would be 4, the runbook allows 3",)}, "would be 4"),
        ({"preview": Preview(problems=("delete pods is not permitted",))}, "not permitted"),
        ({"judgement": replace(b.judgement(Tier.MEDIUM), refused_because="interactive")}, "interactive"),
        ({"rule": None}, "nobody may approve"),
    ],
)
def test_whatever_blocks_a_step_denies_it_and_is_named_first(changes: dict[str, object], reason: str) -> None:
    decision = decide(Level.ASSISTED, Tier.MEDIUM, **changes)
    assert decision.verdict is Verdict.DENY
    assert reason in decision.reasons[0]


def test_a_low_step_that_does_not_only_read_is_denied() -> None:
    odd = replace(b.judgement(Tier.LOW), effect=Effect.UNKNOWN)
    assert decide(Level.ASSISTED, Tier.LOW, judgement=odd).verdict is Verdict.DENY


def test_the_runbooks_rule_wins_over_the_defaults_and_an_empty_rule_is_nobody() -> None:
    own = b.runbook()
    bare = replace(own, approvers={})
    assert policies.rule_for(own, Tier.MEDIUM, frozenset({"U0CHI"})) == b.RULE
    assert policies.rule_for(bare, Tier.MEDIUM, frozenset({"U0CHI", "S0SRE"})) == ApproverRule(
        frozenset({b.CHI}), frozenset({b.SRE})
    )
    assert policies.rule_for(bare, Tier.MEDIUM, frozenset()) is None


def test_a_changed_ladder_is_another_policy() -> None:
    other = plans.digest({"1/medium": ["allow", "because"]})
    assert other != policies.POLICY


@pytest.mark.parametrize(
    ("spent", "more", "allowed"), [(0, 3, True), (1, 2, True), (1, 3, False), (0, 4, False), (3, 0, True)]
)
def test_I14_a_limit_holds_over_the_whole_incident_up_to_its_edge(spent: int, more: int, allowed: bool) -> None:
    found = limits.violations({"pod_restarts": spent}, {"pod_restarts": more}, {"pod_restarts": 3})
    assert (not found) == allowed


def test_a_limit_of_zero_refuses_the_first() -> None:
    assert limits.violations({}, {"pod_restarts": 1}, {"pod_restarts": 0}) == (
        "pod restarts: would be 1, the runbook allows 0",
    )


def test_what_the_registry_knows_is_the_least_that_counts() -> None:
    planned = b.step(1, Tier.MEDIUM, cache_operations=1)
    resolved = replace(planned, preview=replace(planned.preview, counters={"cache_operations": 0, "pod_restarts": 3}))
    assert limits.counted(resolved) == {"cache_operations": 1, "pod_restarts": 3}


def test_an_attempt_is_not_counted_against_itself() -> None:
    assert limits.without({"pod_restarts": 3}, {"pod_restarts": 2}) == {"pod_restarts": 1}

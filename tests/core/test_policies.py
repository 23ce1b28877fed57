"""The ladder as a table: level x tier x environment x guard -> decision, every cell, under the shipped policies."""

from dataclasses import replace
from datetime import datetime
from itertools import product
from typing import Any

import pytest

from bot.core import guards, levels, limits, policies
from bot.core.alerts import Severity
from bot.core.authorization import Answer, Request, Rules
from bot.core.guards import Situation
from bot.core.ids import Digest
from bot.core.operations import Effect, Tier
from bot.core.plans import Decision, PlannedStep, Verdict
from bot.core.policies import Case
from bot.core.previews import Preview, Target
from bot.core.runbooks import ApproverRule, Level, Scope
from bot.core.windows import Window
from tests import builders as b

ALLOW, ASK, SHOW, DENY = Verdict.ALLOW, Verdict.ASK, Verdict.SHOW, Verdict.DENY
CLEAR = Situation("api-gateway", "staging", Severity.HIGH, confidence=0.95, is_chosen_by_person=False)
RUNBOOK = replace(b.runbook(), scope=Scope(("api-gateway",), ("staging", "production")))


def planned(tier: Tier) -> PlannedStep:
    """One bounded change that can be undone."""
    made = b.step(1, tier)
    preview = replace(made.preview, targets=(Target("Pod", "web-1", "shop", uid="uid-1"),))
    return replace(made, judgement=replace(made.judgement, is_reversible=True), preview=preview)


def decide(
    level: Level,
    step: PlannedStep,
    situation: Situation = CLEAR,
    *,
    is_verified: bool = True,
    rules: Rules = b.RULES,
    rule: ApproverRule | None = b.RULE,
    violations: tuple[str, ...] = (),
    local: datetime = b.T0,
) -> Decision:
    unmet = guards.unmet(step, situation, runbook=RUNBOOK, is_verified=is_verified, level=level, local=local)
    case = Case(RUNBOOK, step, level, situation, local, rule=rule, violations=violations, unmet=unmet)
    return policies.decide(case, rules)


LADDER = {
    (Level.ADVISORY, Tier.LOW): (ALLOW, ALLOW),
    (Level.ADVISORY, Tier.MEDIUM): (SHOW, SHOW),
    (Level.ADVISORY, Tier.HIGH): (SHOW, SHOW),
    (Level.ASSISTED, Tier.LOW): (ALLOW, ALLOW),
    (Level.ASSISTED, Tier.MEDIUM): (ASK, ASK),
    (Level.ASSISTED, Tier.HIGH): (ASK, ASK),
    (Level.CONDITIONAL, Tier.LOW): (ALLOW, ALLOW),
    (Level.CONDITIONAL, Tier.MEDIUM): (ALLOW, ASK),
    (Level.CONDITIONAL, Tier.HIGH): (ASK, ASK),
    (Level.SCOPED, Tier.LOW): (ALLOW, ALLOW),
    (Level.SCOPED, Tier.MEDIUM): (ALLOW, ALLOW),
    (Level.SCOPED, Tier.HIGH): (ASK, ASK),
}
"""With every guard met: outside production, and in it."""

BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "a person chose it": ({"is_chosen_by_person": True}, "a person chose the runbook"),
    "weak match": ({"confidence": 0.79}, "not clear enough (0.79 of 0.80)"),
    "flapping": ({"is_flapping": True}, "the alert flaps"),
    "came back": ({"has_come_back": True}, "came back after it was cured"),
    "cured for nothing": ({"cures": 3}, "without lasting effect"),
    "no evidence": ({"doubts": ("step 1 gave no clear evidence",)}, "no clear evidence"),
}


@pytest.mark.parametrize(("level", "tier", "environment"), [*product(Level, Tier, ("staging", "production"))])
def test_the_ladder_with_every_guard_met(level: Level, tier: Tier, environment: str) -> None:
    wanted = LADDER[(level, tier)][environment == "production"]
    decision = decide(level, planned(tier), replace(CLEAR, environment=environment))
    assert decision.verdict is wanted
    assert decision.reasons[0] and decision.policy == policies.policy_digest(b.RULES.digest)
    assert decision.deciding or wanted is SHOW
    assert all(each.id and each.reason and not each.forbids for each in decision.deciding)


@pytest.mark.parametrize(
    ("guard", "level", "tier", "environment"), [*product(BROKEN, Level, Tier, ("staging", "production"))]
)
def test_the_ladder_with_one_guard_broken(guard: str, level: Level, tier: Tier, environment: str) -> None:
    """What would have run alone asks, and says which guard; nothing else changes."""
    changes, said = BROKEN[guard]
    whole, broken = (
        decide(level, planned(tier), replace(CLEAR, environment=environment, **more)) for more in ({}, changes)
    )
    is_alone = tier is Tier.MEDIUM and level >= Level.CONDITIONAL
    assert broken.verdict is (ASK if is_alone else whole.verdict)
    assert any(said in reason for reason in broken.reasons) is is_alone


@pytest.mark.parametrize("level", [Level.CONDITIONAL, Level.SCOPED])
def test_a_change_without_a_way_back_or_without_a_verification_never_runs_alone(level: Level) -> None:
    final = replace(planned(Tier.MEDIUM), judgement=b.judgement(Tier.MEDIUM))
    for decision, said in (
        (decide(level, final), "nothing is known that would undo it"),
        (decide(level, planned(Tier.MEDIUM), is_verified=False), "nothing verifies it afterwards"),
    ):
        assert decision.verdict is ASK and said in decision.reasons
    known = replace(final, preview=replace(final.preview, undo="kubectl uncordon node-1"))
    declared = replace(final, undo=b.operation())
    assert {decide(level, each).verdict for each in (known, declared)} == {ALLOW}


def test_level_3_keeps_to_its_scope_its_window_and_one_target() -> None:
    nowhere, office = replace(RUNBOOK, scope=None), Window(("sat",), 4 * 60, 5 * 60)
    inside = replace(RUNBOOK, scope=Scope(("api-gateway",), (), office))
    two = replace(planned(Tier.MEDIUM).preview, targets=(Target("Pod", "a"), Target("Pod", "b")))
    cases = [
        (nowhere, CLEAR, planned(Tier.MEDIUM), b.T0, "no scope is declared"),
        (inside, replace(CLEAR, service="other"), planned(Tier.MEDIUM), b.T0, "other is outside its scope"),
        (RUNBOOK, replace(CLEAR, environment="dev"), planned(Tier.MEDIUM), b.T0, "dev is outside its scope"),
        (inside, CLEAR, planned(Tier.MEDIUM), b.T0.replace(hour=5), "outside its change window"),
        (inside, CLEAR, replace(planned(Tier.MEDIUM), preview=two), b.T0, "2 targets; to do one first"),
        (inside, CLEAR, planned(Tier.MEDIUM), b.T0, ""),
    ]
    for runbook, situation, step, local, said in cases:
        unmet = guards.unmet(step, situation, runbook=runbook, is_verified=True, level=Level.SCOPED, local=local)
        assert [said in each for each in unmet] == ([True] if said else []), unmet


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"violations": ("pod restarts: would be 4, the runbook allows 3",)}, "would be 4"),
        ({"rule": None}, "nobody may approve"),
    ],
)
def test_what_blocks_a_step_denies_it_and_is_named_first(changes: dict[str, object], reason: str) -> None:
    decision = decide(Level.ASSISTED, planned(Tier.MEDIUM), **changes)  # type: ignore[arg-type]
    assert decision.verdict is DENY and reason in decision.reasons[0]


@pytest.mark.parametrize("level", [Level.ASSISTED, Level.CONDITIONAL, Level.SCOPED])
def test_a_problem_of_the_dry_run_or_a_refusal_denies_at_every_level(level: Level) -> None:
    step = planned(Tier.MEDIUM)
    for bad in (
        replace(step, preview=Preview(problems=("delete pods is not permitted",))),
        replace(step, judgement=replace(step.judgement, refused_because="interactive")),
    ):
        assert decide(level, bad).verdict is DENY


def test_what_lies_in_production_is_production_whatever_the_alert_says() -> None:
    step, staging = planned(Tier.MEDIUM), replace(CLEAR, environment="staging")
    elsewhere = replace(step, preview=replace(step.preview, targets=(Target("Pod", "web-1", "shop"),)))
    assert decide(Level.CONDITIONAL, elsewhere, staging).verdict is ALLOW
    for inside in (
        replace(step, preview=replace(step.preview, targets=(Target("Pod", "web-1", "production"),))),
        replace(elsewhere, operation=replace(step.operation, arguments={"namespace": "prod"})),
    ):
        assert decide(Level.CONDITIONAL, inside, staging).verdict is ASK


def test_a_low_step_that_does_not_only_read_is_asked_about() -> None:
    odd = replace(planned(Tier.LOW), judgement=replace(b.judgement(Tier.LOW), effect=Effect.UNKNOWN))
    assert decide(Level.SCOPED, odd).verdict is ASK


def test_no_policy_makes_a_high_step_or_an_unmet_guard_run_alone() -> None:
    """An engine that permits everything is still under the law."""
    lax = Rules(Digest("lax"), lambda _: Answer(is_allowed=True))
    for level in Level:
        assert decide(level, planned(Tier.HIGH), rules=lax).verdict in {ASK, SHOW}
        verdict = decide(level, planned(Tier.MEDIUM), replace(CLEAR, is_flapping=True), rules=lax).verdict
        assert verdict in {ASK, SHOW}
    assert decide(Level.ASSISTED, planned(Tier.MEDIUM), rules=lax).verdict is ASK


def test_default_deny_an_engine_that_permits_nothing_or_fails_lets_nothing_run() -> None:
    def fails(_: Request) -> Answer:
        return Answer(is_allowed=False, error="oops")

    none = Rules(Digest("none"), lambda _: Answer(is_allowed=False))
    for rules, said in ((none, "no policy permits this"), (Rules(Digest("bad"), fails), "could not be asked")):
        for level, tier in product([Level.ASSISTED, Level.CONDITIONAL, Level.SCOPED], Tier):
            decision = decide(level, planned(tier), rules=rules)
            assert decision.verdict is DENY and said in decision.reasons[0]


def test_the_runbooks_rule_wins_over_the_defaults_and_an_empty_rule_is_nobody() -> None:
    own = b.runbook()
    bare = replace(own, approvers={})
    assert policies.rule_for(own, Tier.MEDIUM, frozenset({"U0CHI"}), b.T0) == b.RULE
    assert policies.rule_for(bare, Tier.MEDIUM, frozenset({"U0CHI", "S0SRE"}), b.T0) == ApproverRule(
        frozenset({b.CHI}), frozenset({b.SRE})
    )
    assert policies.rule_for(bare, Tier.MEDIUM, frozenset(), b.T0) is None


def test_changed_policies_are_another_digest() -> None:
    assert policies.policy_digest(Digest("a")) != policies.policy_digest(Digest("b"))


def test_a_level_that_was_not_earned_runs_as_assisted_and_says_so() -> None:
    level, reasons = levels.NEVER_EARNED.of_plan(replace(b.runbook(), max_level=Level.SCOPED))
    assert level is Level.ASSISTED
    assert "not been earned" in reasons[0]


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

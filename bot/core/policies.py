"""The confirmation ladder: level and tier decide how much friction a step meets. Default deny, always with reasons.

The table is DESIGN's ladder for levels 0 and 1. Higher levels are earned from a track record; until one is earned, a
runbook that asks for more runs at level 1 and says so.
"""

from collections.abc import Mapping
from types import MappingProxyType

from bot.core import plans
from bot.core.ids import GroupId, UserId
from bot.core.operations import Effect, Judgement, Tier
from bot.core.plans import Decision, Verdict
from bot.core.previews import Preview
from bot.core.runbooks import ApproverRule, Level, Runbook

HIGHEST_LEVEL_GIVEN = Level.ASSISTED

LADDER: Mapping[tuple[Level, Tier], tuple[Verdict, str]] = MappingProxyType(
    {
        (Level.ADVISORY, Tier.LOW): (Verdict.ALLOW, "reads run at once"),
        (Level.ADVISORY, Tier.MEDIUM): (Verdict.SHOW, "level 0 only shows changes; run it yourself"),
        (Level.ADVISORY, Tier.HIGH): (Verdict.SHOW, "level 0 only shows changes; run it yourself"),
        (Level.ASSISTED, Tier.LOW): (Verdict.ALLOW, "reads run at once"),
        (Level.ASSISTED, Tier.MEDIUM): (Verdict.ASK, "medium at level 1 takes one approval"),
        (Level.ASSISTED, Tier.HIGH): (Verdict.ASK, "high takes a typed confirmation and a reason"),
    }
)

POLICY = plans.digest({f"{level.value}/{tier}": [verdict, why] for (level, tier), (verdict, why) in LADDER.items()})
"""The hash of the whole table: an approval given under another one is stale."""

UNDECIDED = Decision(Verdict.DENY, ("not decided yet",), POLICY)
"""What a step carries until `decide` has answered: deny."""


def level_of(runbook: Runbook) -> tuple[Level, tuple[str, ...]]:
    """The level that a runbook runs at now, and why."""
    if runbook.max_level <= HIGHEST_LEVEL_GIVEN:
        return runbook.max_level, (f"the runbook asks for level {runbook.max_level.value}",)
    return HIGHEST_LEVEL_GIVEN, (
        f"the runbook asks for level {runbook.max_level.value}, which has not been earned; level 1 applies",
    )


def rule_for(runbook: Runbook, tier: Tier, defaults: frozenset[str]) -> ApproverRule | None:
    """The runbook's own rule, else everybody whom the settings name; None when nobody is named at all."""
    declared = runbook.approvers.get(tier)
    if declared is not None:
        return declared
    users = frozenset(UserId(each) for each in defaults if not each.startswith("S"))
    groups = frozenset(GroupId(each) for each in defaults if each.startswith("S"))
    return ApproverRule(users, groups) if users or groups else None


def decide(
    *,
    level: Level,
    tier: Tier,
    judgement: Judgement,
    preview: Preview,
    violations: tuple[str, ...],
    rule: ApproverRule | None,
    runbook: Runbook,
) -> Decision:
    """The answer for one step. Whatever blocks it comes first: a limit, a missing permission."""
    verdict, why = LADDER[(level, tier)]
    reasons = (why, *judgement.reasons)

    def answer(verdict: Verdict, *more: str) -> Decision:
        return Decision(verdict, (*more, *reasons), POLICY, rule, runbook.approval_window)

    if verdict is Verdict.SHOW:
        return answer(Verdict.SHOW)
    if judgement.refused_because:
        return answer(Verdict.DENY, judgement.refused_because)
    if violations:
        return answer(Verdict.DENY, *(f"over the blast-radius limit: {each}" for each in violations))
    if preview.problems:
        return answer(Verdict.DENY, *preview.problems)
    if verdict is Verdict.ALLOW and judgement.effect is not Effect.READ:
        return answer(Verdict.DENY, "only reads run without approval")
    if verdict is Verdict.ASK and rule is None:
        return answer(Verdict.DENY, "nobody may approve this: name approvers in the runbook or in PAGETURNER_APPROVERS")
    return answer(verdict)

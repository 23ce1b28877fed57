"""The confirmation ladder: level, tier, guards and policy decide how much friction a step meets. Default deny.

`LADDER` and the guards are the law: no policy loosens them. Within the law the Cedar policies decide, and what they
forbid is not done, approved or not. Every answer carries its reasons, in order, ready to be shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType

from bot.core import approvals, authorization, limits, plans, risk
from bot.core.actors import Standing
from bot.core.alerts import Severity
from bot.core.authorization import NOWHERE, Answer, Entity, Request, Rules, Surroundings
from bot.core.errors import Refused
from bot.core.guards import Situation
from bot.core.ids import Digest, GroupId, UserId
from bot.core.operations import Effect, Json, Tier, highest
from bot.core.plans import Decision, PlannedStep, Verdict
from bot.core.runbooks import ApproverRule, Level, Runbook

LADDER: Mapping[tuple[Level, Tier], tuple[Verdict, str]] = MappingProxyType(
    {
        (Level.ADVISORY, Tier.LOW): (Verdict.ALLOW, "reads run at once"),
        (Level.ADVISORY, Tier.MEDIUM): (Verdict.SHOW, "level 0 only shows changes; run it yourself"),
        (Level.ADVISORY, Tier.HIGH): (Verdict.SHOW, "level 0 only shows changes; run it yourself"),
        (Level.ASSISTED, Tier.LOW): (Verdict.ALLOW, "reads run at once"),
        (Level.ASSISTED, Tier.MEDIUM): (Verdict.ASK, "medium at level 1 takes one approval"),
        (Level.ASSISTED, Tier.HIGH): (Verdict.ASK, "high takes a typed confirmation and a reason"),
        (Level.CONDITIONAL, Tier.LOW): (Verdict.ALLOW, "reads run at once"),
        (Level.CONDITIONAL, Tier.MEDIUM): (Verdict.ALLOW, "level 2 runs medium steps alone where every guard holds"),
        (Level.CONDITIONAL, Tier.HIGH): (Verdict.ASK, "high takes a typed confirmation and a reason"),
        (Level.SCOPED, Tier.LOW): (Verdict.ALLOW, "reads run at once"),
        (Level.SCOPED, Tier.MEDIUM): (Verdict.ALLOW, "level 3 runs medium steps alone inside its declared scope"),
        (Level.SCOPED, Tier.HIGH): (Verdict.ASK, "high takes a typed confirmation and a reason"),
    }
)
"""The most that each cell allows; what the guards or the policies do not grant falls back to one approval."""

_TABLE = {f"{level.value}/{tier}": [verdict, why] for (level, tier), (verdict, why) in LADDER.items()}

UNDECIDED = Decision(Verdict.DENY, ("not decided yet",), plans.digest(_TABLE))
"""What a step carries until `decide` has answered: deny."""


@dataclass(frozen=True, slots=True)
class Case:
    """One step to be decided about, with all that the answer may depend on.

    `unmet` are the guards that keep it from running alone; `used` is what this service and environment used of each
    counter within the last hour; `local` is the time in the organisation's zone.
    """

    runbook: Runbook
    step: PlannedStep
    level: Level
    situation: Situation
    local: datetime
    rule: ApproverRule | None = None
    violations: tuple[str, ...] = ()
    unmet: tuple[str, ...] = ()
    used: Mapping[str, int] = field(default_factory=dict)
    around: Surroundings = NOWHERE


@dataclass(frozen=True, slots=True)
class Voting:
    """A step that somebody says yes to, with what policy may ask about it."""

    runbook: str
    step: PlannedStep
    service: str
    environment: str
    local: datetime
    around: Surroundings = NOWHERE


@dataclass(frozen=True, slots=True)
class Proposal:
    """A runbook that would be started for an incident. `confidence` is the match's, 0 to 1."""

    runbook: str
    service: str
    environment: str
    severity: Severity = Severity.UNKNOWN
    confidence: float = 0.0


@lru_cache(maxsize=8)
def policy_digest(rules: Digest) -> Digest:
    """The hash of ladder and policies together: an approval given under another one is stale."""
    return plans.digest({"ladder": _TABLE, "policies": rules})


def rule_for(
    runbook: Runbook, tier: Tier, defaults: frozenset[str], local: datetime, *, around: Surroundings = NOWHERE
) -> ApproverRule | None:
    """The runbook's own rule, else everybody whom the settings name; None when nobody is named at all.

    Whoever is on call now stands in it by name: when the turn changes, what was asked before is asked anew.
    """
    declared = runbook.approvers.get(highest(tier, Tier.MEDIUM))
    if declared is not None:
        known = [runbook.schedules[name] for name in declared.oncall if name in runbook.schedules]
        on_call = {user for each in known if (user := each.on_call(local)) is not None}
        on_call.update(*(around.on_call.get(name, ()) for name in declared.oncall))
        resolved = replace(declared, users=declared.users | on_call, oncall=())
        return resolved if resolved.users or resolved.groups else None
    users = frozenset(UserId(each) for each in defaults if not each.startswith("S"))
    groups = frozenset(GroupId(each) for each in defaults if each.startswith("S"))
    return ApproverRule(users, groups) if users or groups else None


def decide(case: Case, rules: Rules) -> Decision:
    """The answer for one step. Whatever blocks it comes first: a limit, a missing permission, a policy."""
    step, (verdict, why) = case.step, LADDER[(case.level, case.step.tier)]
    judged = step.judgement.reasons

    def answer(verdict: Verdict, *reasons: str, said: Answer | None = None) -> Decision:
        rule = case.rule if verdict is not Verdict.ALLOW else None
        deciding = said.deciding if said else ()
        policy = policy_digest(rules.digest)
        return Decision(verdict, (*reasons, *judged), policy, rule, case.runbook.approval_window, deciding)

    if verdict is Verdict.SHOW:
        return answer(Verdict.SHOW, why)
    blocked = _blocked(case)
    if blocked:
        return answer(Verdict.DENY, *blocked, why)
    alone = rules.authorize(request(case, approval="none")) if _may_run_alone(case, verdict) else None
    if alone is not None and alone.is_allowed:
        return answer(Verdict.ALLOW, why, said=alone)
    asked = rules.authorize(request(case, approval=_approval(step)))
    if not asked.is_allowed:
        return answer(Verdict.DENY, *asked.reasons, said=asked)
    if case.rule is None:
        return answer(Verdict.DENY, _nobody(case), why)
    because = why if verdict is Verdict.ASK else f"{step.tier} takes {_friction(step)} here"
    return answer(
        Verdict.ASK, _of_several(because, case.rule.quorum), *_why_not_alone(case, verdict, alone), said=asked
    )


def _nobody(case: Case) -> str:
    """Why there is no one to ask, with what to do about it."""
    declared = case.runbook.approvers.get(highest(case.step.tier, Tier.MEDIUM))
    silent = [name for name in (declared.oncall if declared else ()) if name not in case.runbook.schedules]
    if silent:
        asked = "nobody in Slack is on call" if silent[0] in case.around.on_call else "PagerDuty could not be asked"
        return f"nobody may approve this: {asked} for {silent[0]}; name a group beside it in the runbook"
    return "nobody may approve this: name approvers in the runbook or in PAGETURNER_APPROVERS"


def _of_several(because: str, quorum: int) -> str:
    """The same reason where more than one person must agree."""
    if quorum == 1:
        return because
    counted = because.replace("one approval", f"{quorum} approvals")
    return counted if counted != because else f"{because}, of {quorum} people each"


def _blocked(case: Case) -> tuple[str, ...]:
    if case.step.judgement.refused_because:
        return (case.step.judgement.refused_because,)
    if case.violations:
        return tuple(f"over the blast-radius limit: {each}" for each in case.violations)
    return case.step.preview.problems


def _may_run_alone(case: Case, verdict: Verdict) -> bool:
    """The law: reads that are low, and from level 2 medium steps whose guards all hold. Nothing high, ever."""
    if verdict is not Verdict.ALLOW or case.step.tier is Tier.HIGH:
        return False
    if case.step.tier is Tier.LOW:
        return case.step.judgement.effect is Effect.READ
    return case.level >= Level.CONDITIONAL and not case.unmet


def _why_not_alone(case: Case, verdict: Verdict, alone: Answer | None) -> tuple[str, ...]:
    """Only where the ladder would have let it run alone."""
    if verdict is not Verdict.ALLOW:
        return ()
    return case.unmet or (alone.reasons if alone is not None else ("only reads run without approval",))


def _approval(step: PlannedStep) -> str:
    return "confirmed" if step.needs_confirmation else "approved"


def _friction(step: PlannedStep) -> str:
    return "a typed confirmation and a reason" if step.needs_confirmation else "one approval"


def check_approver(
    standing: Standing,
    case: Voting,
    rules: Rules,
    *,
    rule: ApproverRule,
    requester: UserId | None,
) -> None:
    """Raise Refused, saying who could or what forbids it, unless this person may say yes to this step now.

    The runbook's rule comes first; what it grants a policy may still forbid.
    """
    approvals.check_authority(standing, rule, requester)
    who = authorization.user(standing.person.id, standing.groups)
    resource = authorization.step(case.runbook, case.step.id, service=case.service, environment=case.environment)
    context: dict[str, Json] = {
        "named": True,
        "tier": case.step.tier.value,
        "operation": case.step.operation.kind,
        "environment": case.environment,
        "service": case.service,
        "serviceTier": case.around.tier(case.service),
        "now": authorization.moment(case.local, case.around),
    }
    answer = rules.authorize(Request(who, authorization.Action.APPROVE, resource, context))
    if not answer.is_allowed:
        raise Refused(f"Policy does not let you approve this: {answer.reasons[0]}.", rule="approver.policy")


def check_proposal(who: Entity, case: Proposal, rules: Rules, *, local: datetime, around: Surroundings) -> None:
    """Raise Refused, with the reason, where policy does not let this principal start the runbook for the incident."""
    resource = authorization.runbook(case.runbook, service=case.service, environment=case.environment)
    context: dict[str, Json] = {
        "environment": case.environment,
        "service": case.service,
        "serviceTier": around.tier(case.service),
        "severity": case.severity.value,
        "confidence": round(case.confidence * 100),
        "now": authorization.moment(local, around),
    }
    answer = rules.authorize(Request(who, authorization.Action.PROPOSE, resource, context))
    if not answer.is_allowed:
        raise Refused(
            f"Policy does not let {case.runbook} be started here: {answer.reasons[0]}.", rule="policy.propose"
        )


def preview_problem(case: Case, rules: Rules) -> str:
    """Why policy does not even let the dry run of this step be made, or nothing. Its targets are not known yet."""
    place, operation = case.situation, case.step.operation
    context: dict[str, Json] = {
        "tier": case.step.tier.value,
        "effect": case.step.judgement.effect.value,
        "operation": operation.kind,
        "environment": _environment(case),
        "service": place.service,
        "serviceTier": case.around.tier(place.service),
        "now": authorization.moment(case.local, case.around),
    }
    answer = rules.authorize(Request(authorization.BOT, authorization.Action.PREVIEW, _resource(case), context))
    return "" if answer.is_allowed else f"policy does not let it be looked at: {answer.reasons[0]}"


# --- what policy is asked --------------------------------------------------------------------------------------------


def request(case: Case, *, approval: str) -> Request:
    """May the bot run this step, with this much approval: none, approved or confirmed?"""
    return Request(authorization.BOT, authorization.Action.EXECUTE, _resource(case), _context(case, approval))


def _environment(case: Case) -> str:
    """The incident's, unless what the step touches lies in production: no label of an alert takes it out of there."""
    arguments = case.step.operation.arguments
    touched = [str(arguments.get("namespace", "")), *(each.namespace for each in case.step.preview.targets)]
    return next((each for each in touched if each.lower() in risk.PRODUCTION), case.situation.environment)


def _resource(case: Case) -> authorization.Entity:
    place = case.situation
    return authorization.step(case.runbook.name, case.step.id, service=place.service, environment=_environment(case))


def _context(case: Case, approval: str) -> dict[str, Json]:
    step, place = case.step, case.situation
    return {
        "approval": approval,
        "tier": step.tier.value,
        "level": case.level.value,
        "effect": step.judgement.effect.value,
        "operation": step.operation.kind,
        "reversible": step.judgement.is_reversible or step.undo is not None or bool(step.preview.undo),
        "guarded": not case.unmet,
        "environment": _environment(case),
        "service": place.service,
        "serviceTier": case.around.tier(place.service),
        "severity": place.severity.value,
        "confidence": round(place.confidence * 100),
        "flapping": place.is_flapping,
        "targets": len(step.preview.targets),
        "counters": authorization.counters(limits.counted(step)),
        "lastHour": authorization.counters(case.used),
        "now": authorization.moment(case.local, case.around),
    }

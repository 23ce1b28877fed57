"""A run that does not happen, for a terminal: the match and each step in the words and the order of Slack's cards.

What blocks a step, who would be asked and what would be used up is said as it would be when its turn comes; that the
world may be different by then is said as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.core import approvals, card_parts, card_words, checks, limits
from bot.core.alerts import Alert
from bot.core.cards import Card, Code, Fact, Heading, Line, Note, Part, Words
from bot.core.ids import IncidentId
from bot.core.incidents import Incident, Spending, Step
from bot.core.matching import LEAD, THRESHOLD, Match
from bot.core.operations import Effect, Json, Operation, Tier
from bot.core.plans import Plan, PlannedStep, Verdict
from bot.core.previews import Target
from bot.core.runbooks import OnFailure

TARGETS_ON_CARD = 3
NOWHERE = IncidentId("INC-0")
NEVER = datetime.min.replace(tzinfo=UTC)
"""No incident is ever opened for a rehearsal."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One step when its turn comes: `spent` is what the steps before it would have used of the limits."""

    step: PlannedStep
    spent: Mapping[str, int]


def spend(spent: Mapping[str, int], step: PlannedStep) -> dict[str, int]:
    """What is used after this step, when it would run."""
    runs = step.decision.verdict in {Verdict.ALLOW, Verdict.ASK}
    return limits.add(spent, limits.counted(step)) if runs else dict(spent)


def turns(plan: Plan) -> tuple[Turn, ...]:
    found: list[Turn] = []
    spent: Mapping[str, int] = {}
    for step in plan.steps:
        found.append(Turn(step, spent))
        spent = spend(spent, step)
    return tuple(found)


def blocked(plan: Plan) -> tuple[PlannedStep, ...]:
    """The steps that would not run as things are."""
    return tuple(step for step in plan.steps if step.decision.verdict is Verdict.DENY)


def stops(step: PlannedStep) -> bool:
    """Blocked so that the run is escalated; a blocked read that may fail is left out instead (`moves` decides it)."""
    may_be_left_out = step.on_failure is OnFailure.CONTINUE and step.judgement.effect is Effect.READ
    return step.decision.verdict is Verdict.DENY and not may_be_left_out


def stopping(plan: Plan) -> PlannedStep | None:
    return next((step for step in plan.steps if stops(step)), None)


# --- the match -------------------------------------------------------------------------------------------------------


def match_card(alert: Alert, found: Match) -> Card:
    """What fits the alert, what speaks for and against each, and why one was taken or none."""
    place = card_words.DOT.join(each for each in (alert.service, alert.environment) if each)
    parts: list[Part] = [Heading(f"Alert {alert.name}", str(alert.severity))]
    parts += [Line((place,))] if place else []
    for number, candidate in enumerate(found.candidates):
        label = ("Chosen" if found.chosen else "Best") if number == 0 else "Runner-up" if number == 1 else "Then"
        parts.append(Fact(label, (f"{candidate.runbook} {candidate.score:.2f}  {candidate.title}",)))
        parts += [Fact("  for", ("; ".join(candidate.reasons),))] if candidate.reasons else []
        parts += [Fact("  against", ("; ".join(candidate.misses),))] if candidate.misses else []
    parts.append(Fact("Why", (why(found),)))
    return Card(f"Alert {alert.name}: {why(found)}", tuple(parts))


def why(found: Match) -> str:
    """The rule that decided, with its numbers."""
    if found.chosen is None:
        asks = ", so a person chooses" if found.candidates and "a person chooses" not in found.reason else ""
        return found.reason + (asks if found.candidates else ", so it is escalated at once")
    best = found.candidates[0].score
    if len(found.candidates) == 1:
        return f"{best:.2f} is at least {THRESHOLD:.2f}, and nothing else fits"
    second = found.candidates[1]
    lead = best - second.score
    return f"{best:.2f} is at least {THRESHOLD:.2f}, and {lead:.2f} ahead of {second.runbook} (at least {LEAD:.2f})"


# --- the steps -------------------------------------------------------------------------------------------------------


def head_card(plan: Plan) -> Card:
    """The run as a whole, before its steps."""
    title = f"{plan.title} ({plan.runbook})"
    parameters = ", ".join(f"{name}={plan.parameters[name]}" for name in sorted(plan.parameters))
    allowed = limits.allowed(plan.limits, plan.bounds)
    level = f"{plan.level.value}: {'; '.join(plan.level_reasons)}"
    facts = (("With", parameters), ("Level", level), ("Limits", allowed or "none"))
    parts: list[Part] = [Heading(title, f"level {plan.level.value}")]
    parts += [Fact(label, (text,)) for label, text in facts if text]
    return Card(title, tuple(parts))


def step_card(plan: Plan, turn: Turn) -> Card:
    """The step as Slack would show it, with the whole command, the way back and every reason."""
    which = Step(plan=turn.step)
    incident = Incident(
        NOWHERE, plan=plan, steps=tuple(Step(plan=each) for each in plan.steps), spendings=_before(turn)
    )
    title = f"{card_words.position(incident, turn.step.id)}  {turn.step.name}"
    parts: list[Part] = [Heading(title, str(turn.step.tier)), Code(turn.step.operation.text)]
    parts += card_parts.facts(incident, which)
    parts += [Fact("Target", (_target(each),)) for each in _more_targets(turn.step)]
    parts += [Fact("Change", (line,)) for line in turn.step.preview.change[card_parts.CHANGES_SHOWN :]]
    parts += [Fact("Undo", (turn.step.undo.text,))] if turn.step.undo else []
    parts += [Fact("Why", (reason,)) for reason in dict.fromkeys((*turn.step.decision.reasons,))]
    parts.append(Fact("Next", what_happens(turn.step)))
    return Card(title, tuple(parts))


def _before(turn: Turn) -> tuple[Spending, ...]:
    """What the steps before this one would have used; a rehearsal has no moments."""
    return (Spending(turn.step.id, NEVER, turn.spent),)


def _more_targets(step: PlannedStep) -> Sequence[Target]:
    """All of them where the card's one line names only some."""
    return step.preview.targets if len(step.preview.targets) > TARGETS_ON_CARD else ()


def _target(target: Target) -> str:
    where = f" in {target.namespace}" if target.namespace else ""
    return f"{target.kind} {target.name}{where}" + (f" ({target.note})" if target.note else "")


def what_happens(step: PlannedStep) -> Words:
    """When its turn comes: it runs, people are asked, it is only shown, or it is blocked."""
    decision = step.decision
    match decision.verdict:
        case Verdict.ALLOW:
            return ("runs at once, without asking",)
        case Verdict.SHOW:
            return ("is shown to copy, and not run",)
        case Verdict.DENY:
            then = "the run is escalated" if stops(step) else "the run goes on without it"
            return (f"is not run, {then}: {decision.reasons[0]}",)
        case Verdict.ASK:
            window = card_words.duration(decision.window)
            asks: Words = ("asks ", *(card_words.rule(decision.rule) if decision.rule else ()), f" for up to {window}")
            typed = f"; they type {approvals.typed_name(step)} and a reason" if step.needs_confirmation else ""
            return (*asks, typed) if typed else asks


def closing_card(plan: Plan, *, is_offline: bool) -> Card:
    """What all of it comes to, and what this cannot say."""
    first = stopping(plan)
    if first is not None:
        words = f"Stops at step {first.id}, which would not run: {card_words.sentence(first.decision.reasons[0])}"
    else:
        asks = sum(step.decision.verdict is Verdict.ASK for step in plan.steps)
        asked = f"people are asked about {asks} of them" if asks else "nobody is asked"
        words = f"{card_words.plural(len(plan.steps), 'step')}, {asked}."
    words += " Nothing was run."
    note = (
        "Targets and effects were not looked up: nothing was asked of any cluster."
        if is_offline
        else "Dry runs show the world as it is now; each step is looked at again when its turn comes."
    )
    return Card(words, (Line((words,)), Note((note,))))


# --- for programs ----------------------------------------------------------------------------------------------------


def match_document(alert: Alert, found: Match) -> dict[str, Json]:
    candidates: list[Json] = [
        {
            "runbook": str(each.runbook),
            "title": each.title,
            "score": each.score,
            "reasons": list(each.reasons),
            "misses": list(each.misses),
        }
        for each in found.candidates
    ]
    about: dict[str, Json] = {
        "source": alert.source,
        "name": alert.name,
        "severity": str(alert.severity),
        "service": alert.service,
        "environment": alert.environment,
        "fingerprint": alert.fingerprint,
    }
    chosen = str(found.chosen) if found.chosen else None
    return {"alert": about, "chosen": chosen, "why": why(found), "candidates": candidates}


def plan_document(plan: Plan) -> dict[str, Json]:
    first = stopping(plan)
    return {
        "runbook": str(plan.runbook),
        "title": plan.title,
        "level": plan.level.value,
        "level_reasons": list(plan.level_reasons),
        "parameters": dict(plan.parameters),
        "limits": dict(plan.limits),
        "stops_at": str(first.id) if first else None,
        "steps": [_step_document(turn) for turn in turns(plan)],
    }


def _step_document(turn: Turn) -> dict[str, Json]:
    step, decision = turn.step, turn.step.decision
    judgement = step.judgement
    confirms = step.needs_confirmation and decision.verdict is Verdict.ASK
    return {
        "id": str(step.id),
        "name": step.name,
        "command": step.operation.text,
        "operation": step.operation.kind,
        "effect": judgement.effect.value,
        "tier": step.tier.value,
        "replay": judgement.replay.value,
        "decision": decision.verdict.value,
        "reasons": list(decision.reasons),
        "asks": str(decision.rule) if decision.rule and step.tier is not Tier.LOW else "",
        "window_seconds": decision.window.total_seconds(),
        "typed_name": approvals.typed_name(step) if confirms else "",
        "will": judgement.summary,
        "preview": _preview_document(step),
        "counters": dict(limits.counted(step)),
        "used_before": dict(turn.spent),
        "undo": _text(step.undo) or step.preview.undo,
        "reversible": judgement.is_reversible,
        "expects": checks.describe(step.expect),
        "verifies": _text(step.verify.operation if step.verify else None),
        "on_failure": step.on_failure.value,
        "timeout_seconds": step.timeout.total_seconds(),
        "attempts": step.attempts,
    }


def _preview_document(step: PlannedStep) -> dict[str, Json]:
    preview = step.preview
    targets: list[Json] = [
        {"kind": each.kind, "name": each.name, "namespace": each.namespace, "uid": each.uid, "note": each.note}
        for each in preview.targets
    ]
    return {
        "targets": targets,
        "change": list(preview.change),
        "promise": preview.promise,
        "identity": preview.identity,
        "must_still_hold": dict(preview.facts),
        "problems": list(preview.problems),
    }


def _text(operation: Operation | None) -> str:
    return operation.text if operation else ""

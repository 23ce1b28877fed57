"""Everything about one step that did not fit its card, and what a typed confirmation shows before it is typed."""

from datetime import timedelta

from bot.core import card_parts, card_step, card_words, checks, limits
from bot.core.cards import Card, Code, Fact, Heading, Line, Moment, Part, Words
from bot.core.incidents import Incident, Step
from bot.core.operations import Replay

OUTPUT_CHARACTERS = 8_000
TARGETS_SHOWN = 50

_REPEATED = {
    Replay.READ: "as often as needed",
    Replay.IDEMPOTENT: "harmless, it is the same change again",
    Replay.PROBE: "only when a look says that it did not happen",
    Replay.ONCE: "only when it is proved that nothing happened",
}


def details(incident: Incident, which: Step) -> Card:
    """The whole command, all targets and predictions, the reasons, the exact times, the output as it is stored."""
    title = f"{card_words.position(incident, which.plan.id)}  {which.plan.name}"
    parts: list[Part] = [Heading(title, which.outcome or card_parts.risk(which)), Code(which.plan.operation.text)]
    parts += _prediction(which)
    parts += _policy(which)
    parts += _run(which)
    return Card(f"{incident.id} {title}", tuple(parts))


def confirmation(incident: Incident, which: Step) -> Card:
    """Command, targets, before -> after, blast radius, undo: what a person repeats a name for."""
    title = f"{card_words.position(incident, which.plan.id)}  {which.plan.name}"
    head = (Heading(title, card_parts.risk(which)), Code(which.plan.operation.text))
    return Card(f"{incident.id} {title}", (*head, *card_parts.facts(incident, which)))


def _undo(which: Step) -> str:
    return which.undo or ("not declared" if which.plan.judgement.is_reversible else "cannot be undone")


def _prediction(which: Step) -> list[Part]:
    preview = which.plan.preview
    parts: list[Part] = []
    for target in preview.targets[:TARGETS_SHOWN]:
        where = f" in {target.namespace}" if target.namespace else ""
        identity = f" (uid {target.uid})" if target.uid else ""
        note = f", {target.note}" if target.note else ""
        parts.append(Fact("On", (f"{target.kind} {target.name}{where}{note}{identity}",)))
    if len(preview.targets) > TARGETS_SHOWN:
        parts.append(Line((f"and {len(preview.targets) - TARGETS_SHOWN} more targets",)))
    parts += _facts(("As", preview.identity))
    summary = which.plan.judgement.summary
    parts += [Fact("Will", card_words.quoted(f"{summary[:1].lower()}{summary[1:]}"))] if summary else []
    parts += [Fact("Change", (line,)) for line in preview.change]
    counters = limits.counted(which.plan)
    counted = ", ".join(f"{name.replace('_', ' ')} {counters[name]}" for name in sorted(counters))
    parts += _facts(("Counts", counted), ("Undo", _undo(which)), ("Dry run", preview.promise))
    held = ", ".join(f"{name}: {preview.facts[name]}" for name in sorted(preview.facts))
    return [*parts, *_facts(("Must still hold", held))]


def _policy(which: Step) -> list[Part]:
    plan = which.plan
    parts: list[Part] = [Fact("Why", (reason,)) for reason in dict.fromkeys(plan.decision.reasons)]
    if plan.decision.rule is not None:
        parts.append(Fact("Approvers", card_words.rule(plan.decision.rule)))
    verify = plan.verify
    verified = f"{verify.operation.text} gives {checks.describe(verify.expect)}" if verify else ""
    replay = f"{_REPEATED[plan.judgement.replay]}, at most {card_words.plural(plan.attempts, 'try')}"
    limit = card_words.duration(plan.timeout)
    expects = checks.describe(plan.expect)
    return [*parts, *_facts(("Expects", expects), ("Verifies", verified), ("Repeats", replay), ("Limit", limit))]


def _run(which: Step) -> list[Part]:
    parts: list[Part] = []
    if which.approved_by or which.authority:
        parts.append(Line(card_step.authority(which)))
    for label, at in (("Started", which.started_at), ("Finished", which.finished_at)):
        if at is not None:
            exact: Words = (Moment(at, exact=True), f" ({at.isoformat(timespec='milliseconds')})")
            parts.append(Fact(label, exact))
    if which.duration_seconds:
        parts.append(Fact("Took", (card_words.duration(timedelta(seconds=which.duration_seconds)),)))
    parts += _facts(("Result", card_words.plain(which.detail)), ("Digest", which.digest or ""))
    for check in which.checks:
        seen = "passed" if check.passed else "failed"
        parts.append(Fact("Check", (f"{seen}: expected {check.expected}, got {check.actual}",)))
    parts += [Fact("Changed", (line,)) for line in which.change]
    if which.output.strip():
        kept, _ = card_words.excerpt(which.output.strip("\n"), lines=200, characters=OUTPUT_CHARACTERS)
        parts.append(Code(kept))
    return parts


def _facts(*pairs: tuple[str, str]) -> list[Part]:
    return [Fact(label, (text,)) for label, text in pairs if text]

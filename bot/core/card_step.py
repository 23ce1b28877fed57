"""One step in the thread: what exactly would run, why somebody is asked, and afterwards what came of it.

The card of a step whose turn has come is edited in place from the question to the result.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from bot.core import card_limits, card_words, checks, plans
from bot.core.approvals import Approval, Closing, Vote
from bot.core.card_words import joined
from bot.core.cards import Button, Buttons, Card, Code, Fact, Heading, Line, Moment, Note, Part, Strong, Style, Words
from bot.core.incidents import ClosedApproval, Incident, Step
from bot.core.operations import Effect
from bot.core.plans import Verdict
from bot.core.previews import Outcome
from bot.core.runbooks import Expectation, OnFailure
from bot.core.states import State

COMMAND_CHARACTERS = 900
COMMAND_WIDTH = 72
"""Longer commands are broken at arguments; a phone wraps what is still too wide."""

OUTPUT_CHARACTERS = 500
OUTPUT_LINES = 8
LINE_CHARACTERS = 160
CHANGES_SHOWN = 3


def step(incident: Incident, which: Step, *, now: datetime) -> Card:
    """The card of one step as it stands."""
    if which.is_done:
        return _DONE[which.outcome or Outcome.UNKNOWN](incident, which)
    if incident.state is State.RUNNING and incident.current == which.plan.id:
        return _running(incident, which)
    asked = _open_approval(incident, which)
    if asked is not None:
        return _asking(incident, which, asked, now=now)
    closed = _last_closed(incident, which)
    if closed is not None and closed.closing is not Closing.CONSUMED:
        return _not_run(incident, which, closed)
    return _prepared(incident, which)


def withdrawn(incident: Incident, closed: ClosedApproval) -> Card:
    """A question whose step belongs to a plan that is not followed any more: its buttons go, the record stays."""
    title = f"Step {closed.approval.step}"
    why = card_words.said(closed.reason or "the incident moved on", card_words.involved(incident))
    words: Words = ("Nothing was run: ", *why)
    return Card(f"{incident.id} {title.lower()}: nothing was run", (Heading(title, "withdrawn"), Line(words)))


def command(which: Step) -> tuple[Code, bool]:
    """The exact command, wrapped at its arguments, and whether it had to be cut."""
    text = card_words.wrap(which.plan.operation.text, COMMAND_WIDTH)
    kept, is_cut = card_words.excerpt(text, lines=12, characters=COMMAND_CHARACTERS)
    return Code(kept), is_cut


def facts(incident: Incident, which: Step) -> tuple[Fact, ...]:
    """On, Will, Undo, Limit, Then, Dry run: in this order on every card, and only what there is to say."""
    plan = which.plan
    found: list[tuple[str, Words]] = [
        ("On", _on(which)),
        ("Will", joined([_will(which), ("cannot be undone" if _is_final(which) else "",)])),
        ("Undo", (undo(which),)),
        ("Limit", (card_limits.line(incident, which),)),
        ("Then", (_then(incident, which),)),
        ("Dry run", (plan.preview.promise,)),
    ]
    return tuple(Fact(label, _short(words)) for label, words in found if words and words != ("",))


def _short(words: Words) -> Words:
    """Long words cut; short ones keep their blanks, which stand between the parts."""
    most = LINE_CHARACTERS * 2
    return tuple(card_words.cut(word, most) if isinstance(word, str) and len(word) > most else word for word in words)


def _on(which: Step) -> Words:
    identity = which.plan.preview.identity
    namespaces = sorted({target.namespace for target in which.plan.preview.targets if target.namespace})
    where = f"in {', '.join(namespaces)}" if namespaces else ""
    parts = [card_words.targets(which), where, f"as {identity}" if identity else ""]
    return (", ".join(part for part in parts if part),)


def _will(which: Step) -> Words:
    """The effect, said once: as the dry run foresees it where it foresees something, else what the operation is for.

    A dry run that counted nothing and names no before -> after (exec, a program) only repeats the command.
    """
    preview, summary = which.plan.preview, which.plan.judgement.summary
    foresees = any(preview.counters.values()) or any("->" in line for line in preview.change)
    if preview.change and foresees:
        return (card_words.DOT.join(preview.change[:CHANGES_SHOWN]),)
    return card_words.quoted(f"{summary[:1].lower()}{summary[1:]}") if summary else ()


def _is_final(which: Step) -> bool:
    judgement = which.plan.judgement
    return judgement.effect is not Effect.READ and not judgement.is_reversible and not undo(which)


def undo(which: Step) -> str:
    """The declared way back, else the one that the dry run found."""
    return which.plan.undo.text if which.plan.undo is not None else which.plan.preview.undo


def _then(incident: Incident, which: Step) -> str:
    plan = which.plan
    parts = [f"expects {_expected(plan.expect)}"]
    if plan.verify is not None:
        parts.append(
            f"verifies for up to {card_words.duration(plan.verify.within)} that {plan.verify.operation.text}"
            f" gives {checks.describe(plan.verify.expect)}"
        )
    following = _following(incident, which)
    onward = f"goes on to step {following.plan.id}" if following else "goes on"
    undo = "undoes it" if plan.undo else "escalates"
    after = {OnFailure.CONTINUE: onward, OnFailure.ESCALATE: "escalates", OnFailure.UNDO: undo}
    return "; ".join([*parts, f"on failure {after[plan.on_failure]}"])


def _expected(expect: Expectation) -> str:
    words = checks.describe(expect)
    if words.startswith('equals "'):
        return words.removeprefix("equals ")
    return f"output that {words}" if words.startswith(("contains ", "matches ")) else words


def _following(incident: Incident, which: Step) -> Step | None:
    ids = [each.plan.id for each in incident.steps]
    later = incident.steps[ids.index(which.plan.id) + 1 :]
    return later[0] if later else None


def _open_approval(incident: Incident, which: Step) -> Approval | None:
    asked = incident.approval
    return asked if asked is not None and asked.step == which.plan.id else None


def _last_closed(incident: Incident, which: Step) -> ClosedApproval | None:
    """The latest answer to a question about this step as it stands; one from before its preparation is history."""
    closed = [each for each in incident.closed_approvals if each.approval.step == which.plan.id]
    last = closed[-1] if closed else None
    if last is None or (which.prepared_at is not None and last.at < which.prepared_at):
        return None
    return last


def _heading(incident: Incident, which: Step, tag: str) -> Heading:
    name = card_words.cut(which.plan.name, LINE_CHARACTERS)
    return Heading(f"{card_words.position(incident, which.plan.id)}  {name}", tag)


def risk(which: Step) -> str:
    return f"{which.plan.tier} risk"


def _fallback(incident: Incident, which: Step, words: str) -> str:
    title = f"{card_words.position(incident, which.plan.id)}, {card_words.cut(which.plan.name, LINE_CHARACTERS)}"
    return f"{incident.id} {title}: {words}"


def details_button(incident: Incident, which: Step) -> Button:
    return Button("step.details", "Details", f"{incident.id}:{which.plan.id}")


def _asking(incident: Incident, which: Step, asked: Approval, *, now: datetime) -> Card:
    code, is_cut = command(which)
    why = which.plan.decision.reasons[0] if which.plan.decision.reasons else "policy asks"
    until: Words = ("until ", Moment(asked.expires_at))
    question: Words = ("Asks ", *card_words.rule(asked.rule), f" because {why}")
    parts: list[Part] = [_heading(incident, which, risk(which)), code, *_cut_note(is_cut=is_cut)]
    parts += [*_asked_again(incident, which), *facts(incident, which)]
    parts.append(Line(joined([question, (f"plan {plans.short(asked.digest)}",), until])))
    if asked.votes:
        parts.append(Line(joined([votes(asked), (_missing(asked),)])))
    if now < asked.expires_at and not asked.is_granted and asked.rejection is None:
        parts.append(Buttons(_live_buttons(incident, which, asked)))
    scope = f" ({card_words.counts(which)})" if card_words.counts(which) else ""
    fallback = (
        f"{incident.id} needs your approval: {card_words.cut(which.plan.name, LINE_CHARACTERS)}{scope},"
        f" {which.plan.tier} risk, expires {card_words.clock(asked.expires_at)}"
    )
    return Card(fallback, tuple(parts))


def _asked_again(incident: Incident, which: Step) -> tuple[Line, ...]:
    """The new question stands where the old one stood: whoever answered that one must see that it ran nothing."""
    closed = [each for each in incident.closed_approvals if each.approval.step == which.plan.id]
    if not closed or closed[-1].closing is not Closing.STALE:
        return ()
    voters = card_words.people(vote.voter for vote in closed[-1].approval.yes)
    void: Words = ("the approval of ", *voters, " does not count any more") if voters else ()
    why = card_words.said(closed[-1].reason, card_words.involved(incident))
    return (Line((Strong("Asked again, nothing was run: "), *joined([why, void]))),)


def _cut_note(*, is_cut: bool) -> tuple[Note, ...]:
    return (Note(("The command is cut here: open Details for all of it.",)),) if is_cut else ()


def _live_buttons(incident: Incident, which: Step, asked: Approval) -> tuple[Button, ...]:
    if asked.typed_name or which.plan.needs_confirmation:
        first = Button("step.confirm", "Review and confirm", asked.id, Style.DANGER)
    else:
        first = Button("step.approve", "Approve", asked.id, Style.PRIMARY)
    return first, Button("step.reject", "Reject", asked.id), details_button(incident, which)


def _missing(asked: Approval) -> str:
    missing = asked.rule.quorum - len({vote.voter for vote in asked.yes})
    return f"{missing} more needed" if missing > 0 and asked.rejection is None else ""


def votes(asked: Approval) -> Words:
    """Who pressed what, and when, with the reason where one was given."""
    rejected = asked.rejection
    return ("Rejected by ", *_cast((rejected,))) if rejected else ("Approved by ", *_cast(asked.yes))


def _cast(counted: tuple[Vote, ...]) -> Words:
    def one(vote: Vote) -> Words:
        reason = f' ("{card_words.cut(vote.reason, LINE_CHARACTERS)}")' if vote.reason else ""
        return (*card_words.people([vote.voter]), f"{reason} ", Moment(vote.at, exact=True))

    return joined(map(one, counted), ", ")


def _running(incident: Incident, which: Step) -> Card:
    code, is_cut = command(which)
    started: Words = ("Running since ", Moment(which.started_at, exact=True)) if which.started_at else ("Running",)
    most = which.plan.timeout + (which.plan.verify.within if which.plan.verify else timedelta())
    attempt = f"try {which.attempts} of {which.plan.attempts}" if which.attempts > 1 else ""
    words = joined([authority(which), started, (f"for at most {card_words.duration(most)}",), (attempt,)])
    parts: tuple[Part, ...] = (_heading(incident, which, "running"), code, *_cut_note(is_cut=is_cut), Line(words))
    return Card(_fallback(incident, which, "running"), parts)


def authority(which: Step) -> Words:
    """What allowed a step that was started: the people who approved it, or the rule by which nobody was asked."""
    if which.approved_by:
        return ("Approved by ", *_cast(which.approved_by))
    return (f"Not asked about: {card_words.cut(which.authority, LINE_CHARACTERS)}",) if which.authority else ()


def _prepared(incident: Incident, which: Step) -> Card:
    """Not asked about: it runs at once, is shown only, or is blocked."""
    code, is_cut = command(which)
    decision = which.plan.decision
    reason = card_words.cut("; ".join(decision.reasons[:2]), LINE_CHARACTERS * 2)
    tag, words = {
        Verdict.ALLOW: (risk(which), f"Runs without asking: {reason}"),
        Verdict.ASK: (risk(which), f"Is about to be asked about: {reason}"),
        Verdict.SHOW: ("for you to run", f"Shown to copy, not run: {reason}"),
        Verdict.DENY: ("blocked", f"Not run: {reason}"),
    }[decision.verdict]
    parts: list[Part] = [_heading(incident, which, tag), code, *_cut_note(is_cut=is_cut)]
    parts += [*facts(incident, which), Line((words,))]
    buttons = (Buttons((details_button(incident, which),)),) if is_cut else ()
    return Card(_fallback(incident, which, words), (*parts, *buttons))


def _not_run(incident: Incident, which: Step, closed: ClosedApproval) -> Card:
    code, is_cut = command(which)
    asked = closed.approval
    said = card_words.said(closed.reason, card_words.involved(incident))
    tags = {
        Closing.GRANTED: "approved",
        Closing.REJECTED: "rejected",
        Closing.EXPIRED: "expired",
        Closing.STALE: "asking again",
        Closing.WITHDRAWN: "withdrawn",
        Closing.CONSUMED: "approved",
    }
    outcome: Words = ("nothing was run",) if closed.closing is not Closing.GRANTED else ()
    if closed.closing is Closing.EXPIRED:
        words = joined([("Nobody approved it until ", Moment(asked.expires_at)), outcome])
    elif asked.votes:
        words = joined([votes(asked), outcome, said if closed.closing is not Closing.REJECTED else ()])
    else:
        words = joined([outcome, said])
    tag = tags[closed.closing]
    parts: tuple[Part, ...] = (_heading(incident, which, tag), code, *_cut_note(is_cut=is_cut), Line(words))
    return Card(_fallback(incident, which, f"{tag}, nothing was run"), parts)


def _finished(incident: Incident, which: Step, tag: str) -> Card:
    code, command_cut = command(which)
    shown, excerpt, output_cut = _output(which)
    took = f"ran {card_words.duration(timedelta(seconds=which.duration_seconds))}"
    tries = f"{which.attempts} tries" if which.attempts > 1 else ""
    words = joined([authority(which), (took,), (tries,), (shown,), (_checked(which),)])
    parts: list[Part] = [_heading(incident, which, tag), code, *_cut_note(is_cut=command_cut), Line(words)]
    if which.outcome is not Outcome.SUCCEEDED and which.detail:
        parts.append(Line(card_words.said(card_words.sentence(which.detail), card_words.involved(incident))))
    parts += [Line((Strong(head), tail)) for head, tail in _changes(which)]
    parts += [Code(excerpt)] if excerpt else []
    if command_cut or output_cut:
        parts.append(Buttons((details_button(incident, which),)))
    short = card_words.plain(card_words.cut(which.detail, LINE_CHARACTERS)) if which.outcome is Outcome.FAILED else ""
    return Card(_fallback(incident, which, tag + (f": {short}" if short else "")), tuple(parts))


def _output(which: Step) -> tuple[str, str, bool]:
    """The output in a few words, else as an excerpt; and whether something was left out."""
    text = which.output.strip()
    if not text:
        return "no output", "", False
    if "\n" not in text and len(text) <= 40:
        return f"output {text}", "", False
    kept, is_cut = card_words.excerpt(text, lines=OUTPUT_LINES, characters=OUTPUT_CHARACTERS)
    return "", kept, is_cut


def _checked(which: Step) -> str:
    missed = next((each for each in which.checks if not each.passed), None)
    if missed is not None:
        return f"check failed: {card_words.cut(f'expected {missed.expected}, got {missed.actual}', LINE_CHARACTERS)}"
    return "check passed" if which.checks else ""


def _changes(which: Step) -> list[tuple[str, str]]:
    """Before -> after, the first word standing out: `image  api:1.9.2 -> api:1.9.1`."""
    if which.outcome is not Outcome.SUCCEEDED:
        return []
    lines = [card_words.cut(line, LINE_CHARACTERS) for line in which.change[: CHANGES_SHOWN + 1]]
    split = [line.partition(" ") for line in lines if line]
    return [(head, f"  {tail}" if tail else "") for head, _, tail in split]


def _unknown(incident: Incident, which: Step) -> Card:
    code, is_cut = command(which)
    detail = which.detail or "It may or may not have happened."
    said = card_words.said(card_words.sentence(detail), card_words.involved(incident))
    may = "" if "may or may not" in detail else " It may or may not have happened."
    parts: list[Part] = [
        _heading(incident, which, "outcome unknown"),
        Line((*said, f"{may} It will not run again by itself.")),
        code,
        *_cut_note(is_cut=is_cut),
    ]
    if incident.state is State.UNCLEAR and incident.current == which.plan.id:
        value = f"{incident.id}:{which.plan.id}"
        parts.append(Line(("Check it, then press what you found:",)))
        parts.append(
            Buttons(
                (
                    Button("outcome.succeeded", "It worked", value),
                    Button("outcome.failed", "It did not", value),
                    Button("outcome.rerun", "Run again", value),
                )
            )
        )
    return Card(_fallback(incident, which, "the outcome is unknown; check it and press what you found"), tuple(parts))


def _skipped(incident: Incident, which: Step) -> Card:
    if which.plan.decision.verdict is Verdict.SHOW:
        return _prepared(incident, which)
    code, is_cut = command(which)
    words = (f"Not run: {card_words.cut(which.detail, LINE_CHARACTERS * 2)}",)
    parts: tuple[Part, ...] = (_heading(incident, which, "skipped"), code, *_cut_note(is_cut=is_cut), Line(words))
    return Card(_fallback(incident, which, "skipped, nothing was run"), parts)


_DONE: Mapping[Outcome, Callable[[Incident, Step], Card]] = {
    Outcome.SUCCEEDED: lambda incident, which: _finished(incident, which, "done"),
    Outcome.FAILED: lambda incident, which: _finished(incident, which, "failed"),
    Outcome.REFUSED: lambda incident, which: _finished(incident, which, "refused, nothing was run"),
    Outcome.UNKNOWN: _unknown,
    Outcome.SKIPPED: _skipped,
}

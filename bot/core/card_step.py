"""One step in the thread: what exactly would run, why somebody is asked, and afterwards what came of it.

The card of a step whose turn has come is edited in place from the question to the result.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from bot.core import card_asking, card_parts, card_words, checks
from bot.core.approvals import Approval, Closing
from bot.core.card_words import joined
from bot.core.cards import Button, Buttons, Card, Code, Fact, Heading, Line, Moment, Part, Strong, Words
from bot.core.incidents import ClosedApproval, Incident, Step
from bot.core.plans import Verdict
from bot.core.previews import Outcome
from bot.core.states import State

OUTPUT_CHARACTERS = 500
OUTPUT_LINES = 8


def step(incident: Incident, which: Step, *, now: datetime) -> Card:
    """The card of one step as it stands."""
    if which.is_done:
        return _DONE[which.outcome or Outcome.UNKNOWN](incident, which)
    if incident.state is State.RUNNING and incident.current == which.plan.id:
        return _running(incident, which)
    asked = _open_approval(incident, which)
    if asked is not None:
        return card_asking.question(incident, which, asked, now=now)
    closed = _last_closed(incident, which)
    if closed is not None and closed.closing is not Closing.CONSUMED:
        return _not_run(incident, which, closed)
    if which.attempts and which.plan.patience is not None:
        return _waiting(incident, which)
    return _prepared(incident, which)


def _why_closed(incident: Incident, reason: str) -> Words:
    """With the names of those on the incident's record, and of who froze it, whom the sentence begins with."""
    return card_words.said(reason, card_words.involved(incident) | card_words.leading(reason))


def withdrawn(incident: Incident, closed: ClosedApproval) -> Card:
    """A question whose step belongs to a plan that is not followed any more: its buttons go, the record stays."""
    title = f"Step {closed.approval.step}"
    why = _why_closed(incident, closed.reason or "the incident moved on")
    words: Words = ("Nothing was run: ", *why)
    return Card(f"{incident.id} {title.lower()}: nothing was run", (Heading(title, "withdrawn"), Line(words)))


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


def _running(incident: Incident, which: Step) -> Card:
    code, is_cut = card_parts.command(which)
    started: Words = ("Running since ", Moment(which.started_at, exact=True)) if which.started_at else ("Running",)
    most = which.plan.timeout + (which.plan.verify.within if which.plan.verify else timedelta())
    attempt = f"try {which.attempts} of {which.plan.attempts}" if which.attempts > 1 else ""
    words = joined([authority(which), started, (f"for at most {card_words.duration(most)}",), (attempt,)])
    parts: tuple[Part, ...] = (
        card_parts.heading(incident, which, "running"),
        code,
        *card_parts.cut_note(is_cut=is_cut),
        Line(words),
    )
    return Card(card_parts.fallback(incident, which, "running"), parts)


def _waiting(incident: Incident, which: Step) -> Card:
    """Between two looks. How often it looked is left out: the card changes only when what it sees changes."""
    code, is_cut = card_parts.command(which)
    patience, due = which.plan.patience, which.gives_up_at
    until: Words = (" until ", Moment(due, exact=True), " at most") if due else ()
    if which.plan.expect.is_empty or patience is None:
        words: Words = ("Waits", *until)
        seen: list[Part] = []
    else:
        every = f", looks every {card_words.duration(patience.every)}"
        words = (f"Waits for: {checks.describe(which.plan.expect)}{every}", *until)
        seen = [Fact("Last seen", (card_words.cut(which.detail, card_parts.LINE_CHARACTERS),))] if which.detail else []
    parts: list[Part] = [card_parts.heading(incident, which, "waiting"), code, *card_parts.cut_note(is_cut=is_cut)]
    return Card(card_parts.fallback(incident, which, "waiting"), (*parts, Line(words), *seen))


def authority(which: Step) -> Words:
    """What allowed a step that was started: the people who approved it, or the rule by which nobody was asked."""
    if which.approved_by:
        return ("Approved by ", *card_parts.cast(which.approved_by))
    return (
        (f"Not asked about: {card_words.cut(which.authority, card_parts.LINE_CHARACTERS)}",) if which.authority else ()
    )


def _prepared(incident: Incident, which: Step) -> Card:
    """Not asked about: it runs at once, is shown only, or is blocked."""
    code, is_cut = card_parts.command(which)
    decision = which.plan.decision
    reason = card_words.cut("; ".join(decision.reasons[:2]), card_parts.LINE_CHARACTERS * 2)
    tag, words = {
        Verdict.ALLOW: (card_parts.risk(which), f"Runs without asking: {reason}"),
        Verdict.ASK: (card_parts.risk(which), f"Is about to be asked about: {reason}"),
        Verdict.SHOW: ("for you to run", f"Shown to copy, not run: {reason}"),
        Verdict.DENY: ("blocked", f"Not run: {reason}"),
    }[decision.verdict]
    parts: list[Part] = [card_parts.heading(incident, which, tag), code, *card_parts.cut_note(is_cut=is_cut)]
    parts += [*card_parts.facts(incident, which), Line((words,))]
    buttons = (Buttons((card_parts.details_button(incident, which),)),) if is_cut else ()
    return Card(card_parts.fallback(incident, which, words), (*parts, *buttons))


def _not_run(incident: Incident, which: Step, closed: ClosedApproval) -> Card:
    code, is_cut = card_parts.command(which)
    asked = closed.approval
    said = _why_closed(incident, closed.reason)
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
        words = joined([card_parts.votes(asked), outcome, said if closed.closing is not Closing.REJECTED else ()])
    else:
        words = joined([outcome, said])
    tag = tags[closed.closing]
    parts: tuple[Part, ...] = (
        card_parts.heading(incident, which, tag),
        code,
        *card_parts.cut_note(is_cut=is_cut),
        Line(words),
    )
    return Card(card_parts.fallback(incident, which, f"{tag}, nothing was run"), parts)


def _finished(incident: Incident, which: Step, tag: str) -> Card:
    code, command_cut = card_parts.command(which)
    shown, excerpt, output_cut = _output(which)
    took = f"ran {card_words.duration(timedelta(seconds=which.duration_seconds))}"
    tries = f"{which.attempts} tries" if which.attempts > 1 else ""
    words = joined([authority(which), (took,), (tries,), (shown,), (_checked(which),)])
    parts: list[Part] = [
        card_parts.heading(incident, which, tag),
        code,
        *card_parts.cut_note(is_cut=command_cut),
        Line(words),
    ]
    if which.outcome is not Outcome.SUCCEEDED and which.detail:
        parts.append(Line(card_words.said(card_words.sentence(which.detail), card_words.involved(incident))))
    parts += [Line((Strong(head), tail)) for head, tail in _changes(which)]
    parts += [Code(excerpt)] if excerpt else []
    if command_cut or output_cut:
        parts.append(Buttons((card_parts.details_button(incident, which),)))
    short = (
        card_words.plain(card_words.cut(which.detail, card_parts.LINE_CHARACTERS))
        if which.outcome is Outcome.FAILED
        else ""
    )
    return Card(card_parts.fallback(incident, which, tag + (f": {short}" if short else "")), tuple(parts))


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
        said = f"expected {missed.expected}, got {missed.actual}"
        return f"check failed: {card_words.cut(said, card_parts.LINE_CHARACTERS)}"
    return "check passed" if which.checks else ""


def _changes(which: Step) -> list[tuple[str, str]]:
    """Before -> after, the first word standing out: `image  api:1.9.2 -> api:1.9.1`."""
    if which.outcome is not Outcome.SUCCEEDED:
        return []
    lines = [card_words.cut(line, card_parts.LINE_CHARACTERS) for line in which.change[: card_parts.CHANGES_SHOWN + 1]]
    split = [line.partition(" ") for line in lines if line]
    return [(head, f"  {tail}" if tail else "") for head, _, tail in split]


def _unknown(incident: Incident, which: Step) -> Card:
    code, is_cut = card_parts.command(which)
    detail = which.detail or "It may or may not have happened."
    said = card_words.said(card_words.sentence(detail), card_words.involved(incident))
    may = "" if "may or may not" in detail else " It may or may not have happened."
    parts: list[Part] = [
        card_parts.heading(incident, which, "outcome unknown"),
        Line((*said, f"{may} It will not run again by itself.")),
        code,
        *card_parts.cut_note(is_cut=is_cut),
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
    return Card(
        card_parts.fallback(incident, which, "the outcome is unknown; check it and press what you found"), tuple(parts)
    )


def _skipped(incident: Incident, which: Step) -> Card:
    if which.plan.decision.verdict is Verdict.SHOW:
        return _prepared(incident, which)
    code, is_cut = card_parts.command(which)
    words = (f"Not run: {card_words.cut(which.detail, card_parts.LINE_CHARACTERS * 2)}",)
    parts: tuple[Part, ...] = (
        card_parts.heading(incident, which, "skipped"),
        code,
        *card_parts.cut_note(is_cut=is_cut),
        Line(words),
    )
    return Card(card_parts.fallback(incident, which, "skipped, nothing was run"), parts)


_DONE: Mapping[Outcome, Callable[[Incident, Step], Card]] = {
    Outcome.SUCCEEDED: lambda incident, which: _finished(incident, which, "done"),
    Outcome.FAILED: lambda incident, which: _finished(incident, which, "failed"),
    Outcome.REFUSED: lambda incident, which: _finished(incident, which, "refused, nothing was run"),
    Outcome.UNKNOWN: _unknown,
    Outcome.SKIPPED: _skipped,
}

"""The question about a step, as people see it while it is open: an approval, a typed confirmation or a checkpoint."""

from datetime import datetime

from bot.core import card_parts, card_words, plans
from bot.core.approvals import Approval, Closing
from bot.core.card_words import joined
from bot.core.cards import Button, Buttons, Card, Fact, Line, Moment, Part, Strong, Style, Words
from bot.core.commands.parsing import CHECKPOINT
from bot.core.incidents import Incident, Step
from bot.core.previews import Outcome


def question(incident: Incident, which: Step, asked: Approval, *, now: datetime) -> Card:
    """What exactly would run, why somebody is asked, and the buttons while they count."""
    if which.plan.operation.kind == CHECKPOINT:
        return _checkpoint(incident, which, asked, now=now)
    code, is_cut = card_parts.command(which)
    why = which.plan.decision.reasons[0] if which.plan.decision.reasons else "policy asks"
    until: Words = ("until ", Moment(asked.expires_at))
    question: Words = ("Asks ", *card_words.rule(asked.rule), f" because {why}")
    parts: list[Part] = [
        card_parts.heading(incident, which, card_parts.risk(which)),
        code,
        *card_parts.cut_note(is_cut=is_cut),
    ]
    parts += [*_asked_again(incident, which), *card_parts.facts(incident, which)]
    parts.append(Line(joined([question, (f"plan {plans.short(asked.digest)}",), until])))
    parts += _answers(asked)
    parts += _buttons(asked, _live_buttons(incident, which, asked), now=now)
    scope = f" ({card_words.counts(which)})" if card_words.counts(which) else ""
    fallback = (
        f"{incident.id} needs your approval: {card_words.cut(which.plan.name, card_parts.LINE_CHARACTERS)}{scope},"
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


def _live_buttons(incident: Incident, which: Step, asked: Approval) -> tuple[Button, ...]:
    if asked.typed_name or which.plan.needs_confirmation:
        first = Button("step.confirm", "Review and confirm", asked.id, Style.DANGER)
    else:
        first = Button("step.approve", "Approve", asked.id, Style.PRIMARY)
    return first, Button("step.reject", "Reject", asked.id), card_parts.details_button(incident, which)


def _missing(asked: Approval) -> str:
    missing = asked.rule.quorum - len({vote.voter for vote in asked.yes})
    return f"{missing} more needed" if missing > 0 and asked.rejection is None else ""


def _answers(asked: Approval) -> list[Part]:
    return [Line(joined([card_parts.votes(asked), (_missing(asked),)]))] if asked.votes else []


def _buttons(asked: Approval, live: tuple[Button, ...], *, now: datetime) -> list[Part]:
    """Only while a press would count."""
    is_open = now < asked.expires_at and not asked.is_granted and asked.rejection is None
    return [Buttons(live)] if is_open else []


def _checkpoint(incident: Incident, which: Step, asked: Approval, *, now: datetime) -> Card:
    """The question first, then what the steps before it found, so that it can be answered without scrolling."""
    question = which.plan.operation.text
    until: Words = ("until ", Moment(asked.expires_at), "; then it escalates and nothing runs")
    parts: list[Part] = [card_parts.heading(incident, which, "checkpoint"), Line((Strong(question),))]
    parts += [*_asked_again(incident, which), *_evidence(incident, which)]
    asks: Words = ("Asks ", *card_words.rule(asked.rule), " before anything more is done")
    parts.append(Line(joined([asks, (f"plan {plans.short(asked.digest)}",), until])))
    parts += _answers(asked)
    if which.plan.needs_confirmation:
        first = Button("step.confirm", "Review and continue", asked.id, Style.DANGER)
    else:
        first = Button("step.approve", "Continue", asked.id, Style.PRIMARY)
    parts += _buttons(asked, (first, Button("step.reject", "Stop", asked.id)), now=now)
    fallback = (
        f"{incident.id} asks before it goes on: {card_words.cut(question, card_parts.LINE_CHARACTERS)}"
        f" Answer until {card_words.clock(asked.expires_at)}"
    )
    return Card(fallback, tuple(parts))


EVIDENCE_SHOWN = 3


def _evidence(incident: Incident, which: Step) -> list[Part]:
    """The last results before the question, each on one line."""
    before = incident.steps[: [each.plan.id for each in incident.steps].index(which.plan.id)]
    done = [each for each in before if each.is_done][-EVIDENCE_SHOWN:]
    return [Fact(f"Step {each.plan.id}", (f"{each.outcome}: {_finding(each)}",)) for each in done]


def _finding(step: Step) -> str:
    said = step.detail if step.captured or step.outcome is not Outcome.SUCCEEDED else step.output
    text = card_words.one_line(said.strip()) or step.plan.name
    return card_words.cut(text, card_parts.LINE_CHARACTERS)

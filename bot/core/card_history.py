"""Answers to `/runbook history` and `stats`: what was, and in numbers; on a phone, for the one person who asked."""

from collections.abc import Sequence

from bot.core import card_root, card_words
from bot.core.cards import Card, Heading, Line, Moment, Note, Part, Strong, Words
from bot.core.incidents import Incident
from bot.core.statistics import Numbers, RunbookNumbers

DAYS = 30
"""How far both look back; the terminal's `stats --days` and `replay` look further."""

MOST_LISTED = 20
MOST_RUNBOOKS = 15


def history(incidents: Sequence[Incident], *, wanted: str, days: int) -> Card:
    """Newest first. `wanted` is the runbook, service or environment that was asked for, "" for all."""
    about = f" of {wanted}" if wanted else ""
    said = f"{card_words.plural(len(incidents), 'incident')}{about} in {card_words.plural(days, 'day')}"
    parts: list[Part] = [Heading(said)]
    for incident in incidents[:MOST_LISTED]:
        parts.append(Line(_line(incident)))
    if len(incidents) > MOST_LISTED:
        parts.append(Line((f"and {len(incidents) - MOST_LISTED} older ones: pageturner replay lists them",)))
    if not incidents:
        parts.append(Note(("Write /runbook history NAME for one runbook, service or environment.",)))
    return Card(said, tuple(parts))


def _line(incident: Incident) -> Words:
    runbook = f" · {incident.runbook}" if incident.runbook else ""
    title = card_words.cut(incident.title, 80)
    at: Words = (" · ", Moment(incident.opened_at)) if incident.opened_at else ()
    took = ""
    if incident.resolved_at and incident.opened_at:
        took = f" after {card_words.duration(incident.resolved_at - incident.opened_at)}"
    return (Strong(str(incident.id)), f"  {title} · {card_root.brief(incident)}{took}{runbook}", *at)


def sentences(numbers: Numbers, days: int) -> tuple[str, ...]:
    """The whole in three lines, as the terminal has it, too."""
    ended = f"{numbers.resolved} resolved, {numbers.escalated} escalated"
    approvals = f"{card_words.plural(numbers.approvals, 'approval')}, {numbers.quick} of them in under 3 s"
    if numbers.copied:
        approvals += f", {card_words.plural(numbers.copied, 'reason')} copied from an earlier approval"
    return (
        f"Last {card_words.plural(days, 'day')}: {card_words.plural(numbers.incidents, 'incident')}, {ended}",
        f"{approvals}; median to approve {card_words.span(numbers.median_to_approve)}",
        f"Median to resolve {card_words.span(numbers.median_to_resolve)}",
    )


def numbers(found: Numbers, *, days: int) -> Card:
    first, *others = sentences(found, days)
    parts: list[Part] = [Heading(first), *(Line((each,)) for each in others)]
    parts += [Line((Strong(each.runbook), f"  {_counts(each)}")) for each in found.runbooks[:MOST_RUNBOOKS]]
    if len(found.runbooks) > MOST_RUNBOOKS:
        parts.append(Line((f"and {len(found.runbooks) - MOST_RUNBOOKS} more: pageturner stats",)))
    return Card(first, tuple(parts))


def _counts(each: RunbookNumbers) -> str:
    """What is zero is left out."""
    counted = (
        (each.succeeded, "done"), (each.failed, "failed"), (each.unknown, "unknown"),
        (each.handed_over, "handed to people"), (each.running, "open"),
    )  # fmt: skip
    said = ", ".join(f"{count} {word}" for count, word in counted if count)
    return f"{card_words.plural(each.runs, 'run')}: {said}" if said else card_words.plural(each.runs, "run")

"""Answers to `/runbook list`, `show` and `status`: readable on a phone, seen by one person, hence without buttons."""

from collections.abc import Sequence

from bot.core import card_root, card_words, limits
from bot.core.card_words import joined
from bot.core.cards import Card, Code, Fact, Heading, Line, Note, Part, Strong, Words
from bot.core.incidents import Incident
from bot.core.runbooks import Checkpoint, Command, HttpCall, Library, Match, Pause, Runbook, SqlStatement, StepSpec

MOST_LISTED = 40
STEPS_SHOWN = 20
COMMAND_CHARACTERS = 600


def listing(library: Library) -> Card:
    names = sorted(library.runbooks)
    parts: list[Part] = [Heading(card_words.plural(len(names), "runbook"))]
    for name in names[:MOST_LISTED]:
        runbook = library.runbooks[name]
        parts.append(Line((Strong(name), f"  {card_words.cut(runbook.title, 80)}", f" · {_size(runbook)}")))
    if len(names) > MOST_LISTED:
        parts.append(Line((f"and {len(names) - MOST_LISTED} more: /runbook show NAME",)))
    if library.problems:
        count, first = (
            card_words.plural(len(library.problems), "file problem"),
            card_words.cut(str(library.problems[0]), 200),
        )
        parts.append(Line((f"{count}: run pageturner check; the first is {first}",)))
    parts.append(Note(("Start one with /runbook run NAME key=value, or /runbook run for a form.",)))
    return Card(f"{card_words.plural(len(names), 'runbook')}: {card_words.listing(names, most=5)}", tuple(parts))


def _size(runbook: Runbook) -> str:
    return f"{card_words.plural(len(runbook.steps), 'step')}, level {runbook.max_level.value} at most"


def shown(runbook: Runbook) -> Card:
    parts: list[Part] = [Heading(f"{runbook.name}  {card_words.cut(runbook.title, 100)}")]
    parts += _facts(runbook)
    for number, step in enumerate(runbook.steps[:STEPS_SHOWN], start=1):
        risk = f" · declared {step.risk}" if step.risk != "low" else ""
        name = Strong(f"{number}. {card_words.cut(step.name, 100)}")
        parts.append(Line((name, f"{risk} · on failure {step.on_failure}")))
        parts.append(Code(_command(step)))
    if len(runbook.steps) > STEPS_SHOWN:
        parts.append(Line((f"and {len(runbook.steps) - STEPS_SHOWN} more steps in {runbook.path}",)))
    parts.append(Note((f"From {runbook.path}, version {runbook.digest[:6]}",)))
    return Card(f"{runbook.name}: {card_words.cut(runbook.title, 100)}, {_size(runbook)}", tuple(parts))


def _facts(runbook: Runbook) -> list[Part]:
    takes = ", ".join(
        name + (f" (default {parameter.default})" if parameter.default is not None else "")
        for name, parameter in sorted(runbook.parameters.items())
    )
    rules = [(tier, runbook.approvers[tier]) for tier in sorted(runbook.approvers)]
    approvers: list[Words] = [(f"{tier}: ", *card_words.rule(rule)) for tier, rule in rules]
    facts: list[tuple[str, Words]] = [
        ("When", (_match(runbook.match),)),
        ("Takes", (takes,)),
        ("Limit", (limits.allowed(runbook.limits, runbook.bounds),)),
        ("Level", (f"{runbook.max_level.value} at most",)),
        ("Approvers", joined(approvers, "; ")),
        ("Owner", card_words.people([runbook.owner]) if runbook.owner else ()),
    ]
    return [Fact(label, words) for label, words in facts if words and words != ("",)]


def _match(match: Match) -> str:
    wanted = [
        ("all words", match.all_words),
        ("any of the words", match.any_words),
        ("alert", match.alert_names),
        ("pattern", (match.regex,) if match.regex else ()),
        ("labels", tuple(f"{name}={match.labels[name]}" for name in sorted(match.labels))),
        ("severity", tuple(str(each) for each in match.severity)),
        ("service", match.service),
        ("environment", match.environment),
    ]
    return card_words.cut("; ".join(f"{what} {', '.join(values)}" for what, values in wanted if values), 500)


def _command(step: StepSpec) -> str:
    match step.action:
        case Command(text):
            return card_words.excerpt(card_words.wrap(text, 72), lines=12, characters=COMMAND_CHARACTERS)[0]
        case HttpCall():
            return card_words.cut(f"{step.action.method} {step.action.url}", COMMAND_CHARACTERS)
        case SqlStatement():
            return card_words.cut(step.action.statement, COMMAND_CHARACTERS)
        case Checkpoint(question):
            return f"asks: {question}"
        case Pause(length):
            return f"waits {card_words.duration(length)}"


def degraded(troubles: Sequence[str]) -> list[Part]:
    """What of the bot itself is not as it should be, a line each."""
    return [Line((Strong("Degraded. "), *card_words.said(each, card_words.leading(each)))) for each in troubles]


def overview(incidents: Sequence[Incident], frozen: Sequence[str] = (), troubles: Sequence[str] = ()) -> Card:
    """What is wrong with the bot, what is frozen, then open incidents first, newest first in each group."""
    standing = sorted(incidents, key=lambda each: not each.is_open)
    still_open = sum(each.is_open for each in incidents)
    parts: list[Part] = [Heading(f"{card_words.plural(still_open, 'open incident')}")]
    parts += degraded(troubles)
    parts += [Line((Strong("Stopped. "), *card_words.said(each, card_words.leading(each)))) for each in frozen]
    for incident in standing[:MOST_LISTED]:
        title = card_words.cut(incident.title, 80)
        words = joined([(Strong(incident.id), f" {incident.severity}  {title}"), (card_root.brief(incident),)])
        parts.append(Line(words))
    if not incidents:
        parts.append(Line(("Nothing is open, and nothing was in the last 24 hours.",)))
    if len(standing) > MOST_LISTED:
        parts.append(Line((f"and {len(standing) - MOST_LISTED} more",)))
    return Card(f"{card_words.plural(still_open, 'open incident')}", tuple(parts))

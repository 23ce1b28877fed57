"""Many incidents at once as one list: what waits for a person first, each within reach, edited in place."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from bot.core import card_root, card_words
from bot.core.card_words import joined
from bot.core.cards import Button, Buttons, Card, Heading, Line, Note, Part, Strong, Style, Words
from bot.core.ids import IncidentId
from bot.core.incidents import Incident
from bot.core.states import State

WAITS = frozenset({State.CHOOSING, State.WAITING, State.UNCLEAR, State.ESCALATED})
MOST_LISTED = 60
ON_A_LINE = 10
"""Incidents in one block: Slack shows at most fifty blocks of three thousand characters."""

MOST_BUTTONS = 3
TITLE_CHARACTERS = 60


def digest(
    incidents: Sequence[Incident], *, shown: Collection[IncidentId], told: Iterable[str], is_over: bool = False
) -> Card:
    """`shown` have a thread of their own already; `told` are the ids of those who are called by the first version."""
    ordered = sorted(incidents, key=lambda each: (each.state not in WAITS, not each.is_open, _number(each)))
    waiting = sum(each.state in WAITS for each in incidents)
    counted = card_words.plural(len(incidents), "incident")
    parts: list[Part] = [Heading(f"{counted} at once", "over" if is_over else "storm")]
    if not is_over:
        parts.append(Line(("For ", *card_words.people(told))))
    parts.append(Line(joined([(f"{waiting} wait for a person",), (_states(incidents),), (_services(incidents),)])))
    if not is_over:  # above the list, whose length changes
        parts += _buttons([each for each in ordered if each.id not in shown])
    parts += _listed(ordered[:MOST_LISTED])
    if len(ordered) > MOST_LISTED:
        parts.append(Line((f"and {len(ordered) - MOST_LISTED} more: /runbook status lists them",)))
    parts.append(Note((_foot(len(incidents) - len(shown), is_over=is_over),)))
    word = "is over" if is_over else "in one list instead of a message each"
    return Card(f"{counted} at once, {waiting} wait for a person: {word}", tuple(parts))


def _listed(incidents: Sequence[Incident]) -> list[Part]:
    found: list[Part] = []
    for start in range(0, len(incidents), ON_A_LINE):
        words: Words = ()
        for place, each in enumerate(incidents[start : start + ON_A_LINE]):
            title = card_words.cut(card_words.one_line(each.title), TITLE_CHARACTERS)
            words += (
                "\n" if place else "",
                Strong(str(each.id)),
                f" {each.severity}  {title} · {card_root.brief(each)}",
            )
        found.append(Line(words))
    return found


def _buttons(waiting: Sequence[Incident]) -> list[Part]:
    made = (Button("storm.open", f"Open {each.id}", str(each.id), Style.PLAIN) for each in waiting[:MOST_BUTTONS])
    return [Buttons(tuple(made))] if waiting else []


def _states(incidents: Sequence[Incident]) -> str:
    over = sum(not each.is_open for each in incidents)
    return f"{over} resolved" if over else ""


def _services(incidents: Sequence[Incident]) -> str:
    named = Counter(each.service for each in incidents if each.service)
    return ", ".join(f"{service} {count}" for service, count in sorted(named.items(), key=_often)[:3])


def _often(pair: tuple[str, int]) -> tuple[int, str]:
    return -pair[1], pair[0]


def _foot(missing: int, *, is_over: bool) -> str:
    if is_over:
        return "Each has its own thread in this channel."
    if missing <= 0:
        return "Each has its own thread in this channel by now."
    return (
        f"{card_words.plural(missing, 'thread')} to come, about one a second, what waits for people first. "
        "For one of them now, press it above or write /runbook status INC-42."
    )


def _number(incident: Incident) -> int:
    return int(str(incident.id).rpartition("-")[2])

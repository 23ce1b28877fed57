"""App Home: what waits for this person, what is open, what is stopped, levels, and what the bot did alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.core import card_levels, card_library, card_root, card_step, card_words
from bot.core.card_words import joined
from bot.core.cards import Card, Heading, Line, Moment, Note, Part, Strong
from bot.core.incidents import Incident, Step
from bot.core.operations import Effect
from bot.core.track_records import Row

MOST_WAITING = 5
MOST_OPEN = 20
MOST_LEVELS = 10
MOST_ALONE = 10


@dataclass(frozen=True, slots=True)
class Home:
    """What one person sees. `waiting` are the questions that they may answer, oldest first."""

    waiting: tuple[tuple[Incident, Step], ...] = ()
    open: tuple[Incident, ...] = ()
    frozen: tuple[str, ...] = ()
    levels: tuple[Row, ...] = ()
    alone: tuple[tuple[Incident, Step], ...] = ()
    trouble: str = ""
    degraded: tuple[str, ...] = ()


def acted_alone(incident: Incident, since: datetime) -> Iterator[Step]:
    """Changes that ran since then without anybody's approval."""
    for step in incident.steps:
        is_change = step.plan.judgement.effect is not Effect.READ
        if is_change and step.started_at and step.started_at >= since and not step.approved_by:
            yield step


def home(shown: Home, *, now: datetime, said: Card | None = None) -> Card:
    """`said` is the answer to what was pressed here last."""
    parts: list[Part] = [*said.parts] if said is not None else []
    parts += card_library.degraded(shown.degraded)
    parts += [Line((Strong("Stopped. "), *card_words.said(each, card_words.leading(each)))) for each in shown.frozen]
    parts += _waiting(shown, now)
    parts += _open(shown)
    parts += _alone(shown)
    if shown.levels:
        parts += card_levels.listing(shown.levels[:MOST_LEVELS]).parts
    count = card_words.plural(len(shown.waiting), "question")
    return Card(f"{count} for you, {card_words.plural(len(shown.open), 'open incident')}", tuple(parts))


def _waiting(shown: Home, now: datetime) -> list[Part]:
    parts: list[Part] = [Heading("Waits for you")]
    if shown.trouble:
        return [*parts, Line((shown.trouble,))]
    if not shown.waiting:
        return [*parts, Line(("Nothing waits for you.",))]
    for incident, step in shown.waiting[:MOST_WAITING]:
        title = card_words.cut(incident.title, 80)
        parts.append(Line((Strong(incident.id), f"  {incident.severity}  {title}")))
        parts += card_step.step(incident, step, now=now).parts
    if len(shown.waiting) > MOST_WAITING:
        parts.append(Line((f"and {len(shown.waiting) - MOST_WAITING} more: answer these first",)))
    return parts


def _open(shown: Home) -> list[Part]:
    parts: list[Part] = [Heading("Open incidents", str(len(shown.open)) if shown.open else "none")]
    for incident in shown.open[:MOST_OPEN]:
        head = (Strong(incident.id), f" {incident.severity}  {card_words.cut(incident.title, 80)}")
        parts.append(Line(joined([head, (card_root.brief(incident),)])))
    if len(shown.open) > MOST_OPEN:
        parts.append(Line((f"and {len(shown.open) - MOST_OPEN} more: /runbook status",)))
    return parts


def _alone(shown: Home) -> list[Part]:
    parts: list[Part] = [Heading("Done alone in the last 24 h", "" if shown.alone else "nothing")]
    for incident, step in shown.alone[:MOST_ALONE]:
        at = (Moment(step.started_at), "  ") if step.started_at else ()
        parts.append(Line((Strong(incident.id), "  ", *at, f"{step.plan.name}: {step.outcome or 'running'}")))
        parts.append(Note((card_words.cut(step.authority, 160),)))
    if len(shown.alone) > MOST_ALONE:
        parts.append(Line((f"and {len(shown.alone) - MOST_ALONE} more",)))
    return parts

"""What people see of levels: a proposal with its evidence, a loss with its reason, and `/runbook levels`."""

from collections.abc import Sequence

from bot.core import card_words
from bot.core.card_words import joined
from bot.core.cards import Button, Buttons, Card, Fact, Heading, Line, Moment, Note, Part, Strong, Style, Words
from bot.core.incidents import Incident
from bot.core.runbooks import Level
from bot.core.steps import LevelLoss, Promotion
from bot.core.track_records import Row

MOST_LISTED = 40
REASON_CHARACTERS = 200

MEANING = {
    Level.CONDITIONAL: "medium steps run alone where every guard holds and policy admits it (not in production)",
    Level.SCOPED: "medium steps run alone in production too, inside the declared scope, one target first",
}
"""What a level lets a runbook do, for whoever grants it. High steps always ask."""


def proposal(incident: Incident, asked: Promotion) -> Card:
    level = asked.level.value
    where = _where(incident)
    parts: list[Part] = [
        Heading(f"Level {level} for {asked.runbook}{where}?", _state(asked)),
        Line(("For ", *card_words.people(asked.owners))),
        Fact("Means", (f"{MEANING.get(asked.level, '')}; high steps still ask",)),
        Fact("Record", (card_words.DOT.join(asked.evidence),)),
        Fact("Lost", ("at once when it fails, is undone, stays unknown, or the alert comes back",)),
    ]
    if asked.is_granted is None:
        grant = Button("level.grant", f"Grant level {level}", incident.id, Style.PRIMARY)
        parts.append(Buttons((grant, Button("level.decline", "Not yet", incident.id))))
    else:
        parts.append(Line(_settled(asked)))
    question = f"{incident.id}: {asked.runbook} has earned level {level}{where}; grant it?"
    return Card(question if asked.is_granted is None else f"{incident.id}: {_state(asked)}", tuple(parts))


def _state(asked: Promotion) -> str:
    return {None: "proposed", True: "granted", False: "not granted"}[asked.is_granted]


def _settled(asked: Promotion) -> Words:
    word = "Granted by " if asked.is_granted else "Not granted by "
    reason = f' ("{card_words.cut(asked.reason, REASON_CHARACTERS)}")'
    when: Words = (Moment(asked.settled_at, exact=True),) if asked.settled_at else ()
    return (word, *(card_words.people([asked.by]) if asked.by else ()), f"{reason} ", *when)


def lost(incident: Incident, loss: LevelLoss) -> Card:
    level, where = loss.level.value, _where(incident)
    parts = (
        Heading(f"{loss.runbook} lost level {level}{where}", "asks again"),
        Line((f"{loss.reason[:1].upper()}{loss.reason[1:]}.",)),
        Line(("From now on every change asks first. It has to earn the level anew.",)),
        Line(("At ", Moment(loss.at, exact=True))),
    )
    return Card(f"{incident.id}: {loss.runbook} lost level {level}: {loss.reason}", parts)


def _where(incident: Incident) -> str:
    named = " in ".join(each for each in (incident.service, incident.environment) if each)
    return f" for {named}" if named else ""


def listing(rows: Sequence[Row]) -> Card:
    """Levels and the records behind them, where a runbook has run."""
    parts: list[Part] = [Heading("Levels")]
    for row in rows[:MOST_LISTED]:
        counted = ", ".join(f"{count} {ending}" for ending, count in row.record.counts())
        head = (Strong(str(row.key)), f"  level {row.level.value}")
        parts.append(Line(joined([head, (f"{row.record.in_a_row} in a row",), (counted or "no runs",)])))
        parts += [Note(card_words.said(reason, card_words.leading(reason))) for reason in row.reasons]
    if not rows:
        parts.append(Line(("No runbook has a record yet: every one runs at level 1 at most.",)))
    if len(rows) > MOST_LISTED:
        parts.append(Line((f"and {len(rows) - MOST_LISTED} more",)))
    return Card(f"{card_words.plural(len(rows), 'level')} on record", tuple(parts))

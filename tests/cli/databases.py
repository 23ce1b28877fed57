"""Real database files with known histories, and the command line run against them in this process."""

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from bot import cli
from bot.adapters.sqlite.store import Store
from bot.core import actors, events, ids
from bot.core.approvals import Choice, Closing
from bot.core.events import EscalationReason
from bot.core.operations import Tier
from bot.core.plans import PlannedStep
from bot.core.previews import Outcome
from bot.flow import recording
from bot.ports import Commit, Delivery, Settlement
from tests import builders as b
from tests.fakes.world import FakeClock

HOSTILE = (
    "Redis \x1b[2J\x1b]0;owned\x07 <@U0BEN> <script>x</script> ![i](http://evil/x.png) `` ` # [a](http://evil)\u202e"
)


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    err: str

    def document(self) -> Any:
        return json.loads(self.out)


def run(*arguments: str, stdin: bytes = b"") -> Ran:
    result = CliRunner().invoke(cli.application, list(arguments), input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)


def store(path: Path, *histories: b.History) -> Path:
    """A file as the bot leaves it: inbox row, events, index."""
    asyncio.run(_store(path, histories))
    return path


async def _store(path: Path, histories: Sequence[b.History]) -> None:
    opened = await Store.open(path, FakeClock())
    try:
        for history in histories:
            settles = []
            for row in history.rows:
                if isinstance(row.event, events.AlertJoined):
                    (item,) = await opened.receive([Delivery(row.event.alert, row.at)])
                    settles.append(Settlement(item.id, "joined", history.incident.id))
            head = recording.head(history.incident, history.now)
            await opened.commit(Commit(history.incident.id, 0, tuple(history.rows), head, tuple(settles)))
    finally:
        await opened.close()


def edit(path: Path, statement: str, *values: object) -> None:
    """What somebody with another tool could do to the file."""
    connection = sqlite3.connect(path)
    with connection:
        assert connection.execute(statement, values).rowcount > 0
    connection.close()


def renumbered(history: b.History, number: int) -> b.History:
    """The same events as another incident."""
    other = b.History(ids.incident_id(number))
    for row in history.rows:
        other.then(row.event, by=row.actor)
    return other


def resolved(planned: PlannedStep | None = None, *, wait: timedelta = timedelta(seconds=30)) -> b.History:
    """Asked, approved after `wait`, run once, resolved, closed."""
    step = planned or b.step(1, Tier.MEDIUM)
    history = b.waiting(step)
    asked = history.incident.approval
    assert asked is not None
    history.then(events.VoteCast(asked.id, Choice.APPROVE), by=actors.person(b.ANA), after=wait)
    history.then(
        events.ApprovalClosed(asked.id, Closing.CONSUMED),
        events.StepStarted(step.id, 1, b.content_digest(step), "approved by <@U0ANA>", asked.id),
        events.StepFinished(step.id, 1, Outcome.SUCCEEDED, "", "OK", duration_seconds=1.2),
        events.IncidentResolved("all steps done and verified", history.now + timedelta(minutes=30)),
        events.IncidentClosed("nothing came back while it was watched"),
    )
    return history


def escalated(number: int, *, outcome: Outcome = Outcome.FAILED) -> b.History:
    """A read that failed or whose outcome is unknown; incident `number`."""
    step = b.step(1)
    begun = renumbered(b.planned(step), number)
    begun.then(events.StepStarted(step.id, 1, b.content_digest(step), "reads run at once"))
    begun.then(events.StepFinished(step.id, 1, outcome, "it went wrong"))
    return begun.then(events.EscalationRaised(EscalationReason.STEP_FAILED, "Step 1 failed", ("S0SRE",)))

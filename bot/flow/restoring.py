"""After a restore: what the copy says is old, so nothing goes on by itself, and people are told.

What ran after the backup was made is not on record. Whatever would run next may have run already.
"""

from datetime import datetime

from bot.core import actors, events
from bot.core.events import EscalationReason
from bot.core.incidents import Incident
from bot.core.states import State
from bot.flow.recording import Draft, Recorder
from bot.ports import Journal

_GOES_ON = frozenset({State.NEW, State.CHOOSING, State.PLANNING, State.READY, State.WAITING, State.SETTLING})
"""Those that would act or ask by themselves. A running or unclear step is settled by a person in any case."""


async def hand_over(recorder: Recorder, journal: Journal, *, backup_at: datetime, escalate_to: tuple[str, ...]) -> None:
    """Every incident that would go on goes to people instead, its approval withdrawn."""
    text = (
        f"The database was restored from a backup of {backup_at:%d %b %H:%M} UTC: what was done since is not on "
        "record. Look at what stands before anything runs again."
    )
    raised = Draft(events.EscalationRaised(EscalationReason.BLOCKED, text, escalate_to), actors.BOT)

    def decide(now: Incident) -> list[Draft]:
        return [raised] if now.state in _GOES_ON else []

    for head in await journal.heads():
        await recorder.record(head.incident, decide)

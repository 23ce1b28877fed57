"""What an incident can be doing, and which event may happen when: the one table of legal moves.

The architecture page renders TRANSITIONS; `incidents.apply` obeys it.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from bot.core import events
from bot.core.errors import Conflict
from bot.core.events import Event
from bot.core.previews import Outcome


class State(StrEnum):
    """What the incident is doing. All but CLOSED wait for something with a due time."""

    NEW = "new"  # nothing decided yet
    CHOOSING = "choosing"  # several runbooks fit, or none clearly: a person chooses
    PLANNING = "planning"  # a runbook is chosen, its plan is being made
    READY = "ready"  # the next step is to be prepared, asked about or run
    WAITING = "waiting"  # an approval is open
    RUNNING = "running"  # an intent is stored; its step runs, or ran when the bot died
    UNCLEAR = "unclear"  # a step may or may not have happened: a person looks
    SETTLING = "settling"  # all steps done, the alert has not cleared yet
    ESCALATED = "escalated"  # with people; nothing more runs by itself
    RESOLVED = "resolved"  # cured; watched for a recurrence
    CLOSED = "closed"


OPEN_STATES = frozenset(State) - {State.RESOLVED, State.CLOSED}

_ANY = tuple(State)
_LIVE = tuple(state for state in State if state is not State.CLOSED)
_OPEN = tuple(state for state in State if state in OPEN_STATES)

TRANSITIONS: Mapping[type[Event], tuple[tuple[State, ...], State | None]] = MappingProxyType(
    {
        # event: (states in which it may happen, the state it leads to; None = it stays)
        events.IncidentOpened: ((State.NEW,), State.NEW),
        events.AlertJoined: (_ANY, None),
        events.RunbookMatched: ((State.NEW,), None),
        events.ChoiceAsked: ((State.NEW, State.CHOOSING, State.ESCALATED), State.CHOOSING),
        events.RunbookChosen: (
            (State.NEW, State.CHOOSING, State.READY, State.WAITING, State.ESCALATED),
            State.PLANNING,
        ),
        events.PlanMade: ((State.PLANNING,), State.READY),
        events.StepPrepared: ((State.READY,), State.READY),
        events.ApprovalRequested: ((State.READY,), State.WAITING),
        events.VoteCast: ((State.WAITING,), State.WAITING),
        events.ApprovalClosed: ((State.WAITING,), State.READY),
        events.ApprovalReminded: ((State.WAITING,), None),
        events.StepStarted: ((State.READY,), State.RUNNING),
        events.StepFinished: ((State.RUNNING,), State.READY),  # UNCLEAR when the outcome is unknown
        events.StepHeld: ((State.READY, State.WAITING), None),
        events.StepSkipped: ((State.READY,), State.READY),
        events.OutcomeSettled: ((State.UNCLEAR, State.ESCALATED), State.READY),
        events.UndoPlanned: ((State.READY,), State.READY),
        events.EscalationRaised: (_LIVE, State.ESCALATED),  # stays where `stops` is false
        events.PageSent: (_ANY, None),
        events.PageUpdated: (_ANY, None),
        events.IncidentTaken: (_LIVE, None),
        events.RunSettled: ((State.READY,), State.SETTLING),
        events.IncidentResolved: (_OPEN, State.RESOLVED),
        events.IncidentReopened: ((State.RESOLVED,), State.NEW),
        events.IncidentClosed: ((State.RESOLVED, State.ESCALATED), State.CLOSED),
        events.LevelProposed: ((State.RESOLVED, State.CLOSED), None),
        events.LevelGranted: (_ANY, None),
        events.LevelDeclined: (_ANY, None),
        events.LevelLost: (_ANY, None),
        events.GlassAsked: (_OPEN, None),
        events.GlassBroken: (_OPEN, None),
    }
)


def check_move(state: State, event: Event) -> None:
    """Raise Conflict when this event is not legal in this state: someone was first, reload and decide again."""
    allowed, _ = TRANSITIONS[type(event)]
    if state not in allowed:
        raise Conflict(f"{type(event).__name__} is not possible while the incident is {state}")


def after(state: State, event: Event) -> State:
    """Where a legal event leads."""
    if isinstance(event, events.EscalationRaised) and not event.stops:
        return state
    if isinstance(event, events.StepFinished) and event.outcome is Outcome.UNKNOWN:
        return State.UNCLEAR
    _, leads_to = TRANSITIONS[type(event)]
    return leads_to or state

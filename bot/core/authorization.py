"""What policy is asked and what it answers, in Cedar's words: may this principal take this action on this resource?

Values only. The adapter asks an engine; `policies` decides what an answer means for a step.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.core.ids import Digest, GroupId, UserId
from bot.core.operations import Json

COUNTERS = (
    "cache_operations", "files_deleted", "flag_changes", "http_writes", "nodes_cordoned", "nodes_drained",
    "nodes_removed", "nodes_tainted", "objects_changed", "objects_created", "objects_deleted", "pod_restarts",
    "replicas_added", "replicas_removed", "rows_affected",
)  # fmt: skip
"""The counters that policies may name. A runbook may count more; those stay with its own limits."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Action(StrEnum):
    """`propose`: start a runbook; `preview`: have its dry run made; `execute`: run a step; `approve`: agree to one."""

    PROPOSE = "propose"
    PREVIEW = "preview"
    EXECUTE = "execute"
    APPROVE = "approve"
    PROMOTE = "promote"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"


@dataclass(frozen=True, slots=True)
class Entity:
    """A principal or a resource: its Cedar type, its id, and the entities that it is in."""

    type: str
    id: str
    parents: tuple["Entity", ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    principal: Entity
    action: Action
    resource: Entity
    context: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Deciding:
    """One policy that decided: its id, whether it forbids, and its reason in plain words."""

    id: str
    forbids: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """`deciding` is empty where nothing permits: that is a deny as well. `error` says why no answer could be had."""

    is_allowed: bool
    deciding: tuple[Deciding, ...] = ()
    error: str = ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why not, ready to show; empty where it is allowed."""
        if self.is_allowed:
            return ()
        if self.error:
            return (f"policy could not be asked, so nothing is allowed: {self.error}",)
        return tuple(f"{each.reason} (policy {each.id})" for each in self.deciding) or ("no policy permits this",)


Authorize = Callable[[Request], Answer]


@dataclass(frozen=True, slots=True)
class Rules:
    """The policies in force: `digest` is the hash of the whole set."""

    digest: Digest
    authorize: Authorize


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of now: the named windows that are open, the tier of each service, who is on call elsewhere.

    `on_call` has the schedules that PagerDuty was able to answer for within the last minute.
    """

    windows: tuple[str, ...] = ()
    tiers: Mapping[str, str] = field(default_factory=dict)
    on_call: Mapping[str, frozenset[UserId]] = field(default_factory=dict)

    def tier(self, service: str) -> str:
        """Empty for a service that is not described."""
        return self.tiers.get(service, "")


NOWHERE = Surroundings()

BOT = Entity("Bot", "pageturner")


def user(person: UserId, groups: frozenset[GroupId]) -> Entity:
    return Entity("User", person, tuple(Entity("Group", group) for group in sorted(groups)))


def step(runbook: str, step_id: str, *, service: str, environment: str) -> Entity:
    """A step lies in its runbook, in the service and in the environment of its incident."""
    return Entity("Step", f"{runbook}/{step_id}", (Entity("Runbook", runbook), *_places(service, environment)))


def runbook(name: str, *, service: str, environment: str) -> Entity:
    """A runbook that is proposed for an incident lies where the incident does."""
    return Entity("Runbook", name, _places(service, environment))


def _places(service: str, environment: str) -> tuple[Entity, ...]:
    named = (("Service", service), ("Environment", environment))
    return tuple(Entity(kind, name) for kind, name in named if name)


def moment(local: datetime, around: Surroundings) -> dict[str, Json]:
    """The time in the organisation's zone, as policies compare it."""
    return {
        "windows": [*around.windows],
        "date": local.date().isoformat(),
        "weekday": WEEKDAYS[local.weekday()],
        "hour": local.hour,
        "minute": local.hour * 60 + local.minute,
    }


def counters(counted: Mapping[str, int]) -> dict[str, Json]:
    return {name: counted[name] for name in COUNTERS if counted.get(name)}

"""Who caused an event: a person, the bot itself, an alert source or the clock."""

from dataclasses import dataclass
from enum import StrEnum

from bot.core.ids import GroupId, UserId


class ActorKind(StrEnum):
    PERSON = "person"
    BOT = "bot"
    SOURCE = "source"  # an alert source, by its name
    CLOCK = "clock"  # a deadline passed


@dataclass(frozen=True, slots=True)
class Actor:
    kind: ActorKind
    id: str


BOT = Actor(ActorKind.BOT, "pageturner")
CLOCK = Actor(ActorKind.CLOCK, "deadline")


def person(user: UserId) -> Actor:
    return Actor(ActorKind.PERSON, user)


def source(name: str) -> Actor:
    return Actor(ActorKind.SOURCE, name)


@dataclass(frozen=True, slots=True)
class Person:
    """A workspace member as Slack describes them at the moment of asking.

    `is_foreign`: a member of another workspace (Slack Connect). `is_guest`: a single- or multi-channel guest.
    """

    id: UserId
    name: str
    is_bot: bool = False
    is_deleted: bool = False
    is_guest: bool = False
    is_foreign: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """A person together with the groups that count for approvals, looked up at most 60 s ago."""

    person: Person
    groups: frozenset[GroupId]

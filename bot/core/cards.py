"""What on-call sees, without a word of any messenger: a card is a pure function of the incident.

Strings in spans are inert text: whoever renders a card must show them literally, whatever they contain.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Strong:
    text: str


@dataclass(frozen=True, slots=True)
class Mono:
    text: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A user id or group id. It rings when the message is new, so only ids that an approver rule, an escalation or the
    incident's own record names are mentioned; see `card_words.said`."""

    id: str


@dataclass(frozen=True, slots=True)
class Moment:
    """Shown as a clock time in the reader's zone; `exact` adds the seconds."""

    at: datetime
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """http and https only; anything else is shown as text."""

    url: str
    label: str


Span: TypeAlias = "str | Strong | Mono | Mention | Moment | Link"
Words: TypeAlias = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """The first line of a card: title on the left, one word of state or tier on the right."""

    text: str
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    words: Words


@dataclass(frozen=True, slots=True)
class Fact:
    """`label` is one word in the first column: On, Will, Limit, Then, ..."""

    label: str
    words: Words


@dataclass(frozen=True, slots=True)
class Code:
    """Preformatted and copyable."""

    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """Small print."""

    words: Words


class Style(StrEnum):
    PLAIN = "plain"
    PRIMARY = "primary"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Button:
    """`action` is an action id of the contract; `value` an opaque id, never an instruction."""

    action: str
    label: str
    value: str
    style: Style = Style.PLAIN


@dataclass(frozen=True, slots=True)
class Buttons:
    buttons: tuple[Button, ...]


Part: TypeAlias = "Heading | Line | Fact | Code | Note | Buttons"


@dataclass(frozen=True, slots=True)
class Card:
    """`fallback` alone must tell what is needed: it is the push notification and what a screen reader says."""

    fallback: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is told next when nobody acts: `escalation` are ids to mention, `pagers` the names of pagers outside."""

    escalation: tuple[str, ...] = ()
    pagers: tuple[str, ...] = ()

"""What Slack delivers, held to be hostile until it has this shape: ids only, each checked against its pattern.

Parsing is all that happens here; who may do what is the desk's business.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from bot.core.errors import Invalid
from bot.core.ids import ApprovalId, IncidentId, StepId, UserId

LONGEST_TEXT = 3_000
"""Characters of one input: Slack's own limit of a plain_text_input."""

_USER = re.compile(r"[UW][A-Z0-9]{1,20}")
_CHANNEL = re.compile(r"[CGD][A-Z0-9]{1,20}")
_STAMP = re.compile(r"\d{1,12}\.\d{1,8}")
_VIEW = re.compile(r"V[A-Z0-9]{1,20}")
_APPROVAL = re.compile(r"[A-Za-z0-9_-]{1,128}")
_INCIDENT = re.compile(r"INC-[1-9]\d{0,8}")
_STEP = re.compile(r"[A-Za-z0-9-]{1,64}")
_WORD = re.compile(r"[a-z]+(?:\.[a-z]+)?")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer for this person can be shown; empty where Slack named none. All ids are opaque."""

    channel: str = ""
    thread: str = ""
    reply_url: str = ""


@dataclass(frozen=True, slots=True)
class Click:
    user: UserId
    action: str
    value: str
    trigger: str
    place: Place
    author: str = ""  # the bot id on the message that was clicked; "" in a modal
    view: str = ""
    view_hash: str = ""
    metadata: str = ""
    is_home: bool = False


@dataclass(frozen=True, slots=True)
class Submission:
    """`fields` by block id; a select gives the value of the chosen option."""

    user: UserId
    callback: str
    metadata: Mapping[str, str]
    fields: Mapping[str, str]
    place: Place


@dataclass(frozen=True, slots=True)
class Command:
    user: UserId
    text: str
    trigger: str
    place: Place


Request: TypeAlias = Click | Submission | Command


def click(body: Mapping[str, Any]) -> Click:
    container, actions = _object(body, "container"), body.get("actions")
    if not isinstance(actions, list) or len(actions) != 1 or not isinstance(actions[0], dict):
        raise _odd("actions")
    action, view = actions[0], body.get("view")
    message = body.get("message")
    return Click(
        user=user_of(body),
        action=_match(_WORD, action.get("action_id"), "action_id"),
        value=_value(action),
        trigger=_text(body, "trigger_id"),
        place=Place(
            channel=_optional(_CHANNEL, container.get("channel_id"), "channel"),
            thread=_optional(_STAMP, container.get("thread_ts") or container.get("message_ts"), "thread"),
            reply_url=_text(body, "response_url"),
        ),
        author=_text(message, "bot_id") if isinstance(message, dict) else "",
        view=_optional(_VIEW, view.get("id"), "view") if isinstance(view, dict) else "",
        view_hash=_text(view, "hash") if isinstance(view, dict) else "",
        metadata=_text(view, "private_metadata") if isinstance(view, dict) else "",
        is_home=isinstance(view, dict) and view.get("type") == "home",
    )


def submission(body: Mapping[str, Any]) -> Submission:
    view = _object(body, "view")
    carried = metadata(_text(view, "private_metadata"))
    return Submission(
        user=user_of(body),
        callback=_match(_WORD, view.get("callback_id"), "callback_id"),
        metadata=carried,
        fields=_fields(_object(_object(view, "state"), "values")),
        place=Place(carried.get("channel", ""), carried.get("thread", "")),
    )


def command(body: Mapping[str, Any]) -> Command:
    return Command(
        user=UserId(_match(_USER, body.get("user_id"), "user_id")),
        text=_text(body, "text")[:LONGEST_TEXT],
        trigger=_text(body, "trigger_id"),
        place=Place(
            channel=_optional(_CHANNEL, body.get("channel_id"), "channel"), reply_url=_text(body, "response_url")
        ),
    )


def opened_home(event: Mapping[str, Any]) -> UserId | None:
    """Whose App Home this event says was opened; None for any other event."""
    if event.get("type") != "app_home_opened" or event.get("tab") != "home":
        return None
    return UserId(_match(_USER, event.get("user"), "user"))


def user_of(body: Mapping[str, Any]) -> UserId:
    return UserId(_match(_USER, _object(body, "user").get("id"), "user"))


def teams(body: Mapping[str, Any]) -> set[str]:
    """Every workspace that the payload names: the one it was sent to and the one of the person."""
    team, user = body.get("team"), body.get("user")
    named = [
        body.get("team_id"),
        team.get("id") if isinstance(team, dict) else None,
        user.get("team_id") if isinstance(user, dict) else None,
    ]
    return {each for each in named if isinstance(each, str) and each}


def metadata(text: str) -> dict[str, str]:
    """What one of our modals carries: short ids under short names. Raise Invalid for anything else."""
    try:
        carried = json.loads(text) if text else {}
    except ValueError as error:
        raise _odd("private_metadata") from error
    if not isinstance(carried, dict):
        raise _odd("private_metadata")
    shapes = {"approval": _APPROVAL, "incident": _INCIDENT, "channel": _CHANNEL, "thread": _STAMP}
    if not set(carried) <= set(shapes):
        raise _odd("private_metadata")
    return {name: _match(shapes[name], value, name) for name, value in carried.items()}


def approval(value: str) -> ApprovalId:
    return ApprovalId(_match(_APPROVAL, value, "approval"))


def incident(value: str) -> IncidentId:
    return IncidentId(_match(_INCIDENT, value, "incident"))


def part(value: str) -> tuple[IncidentId, str]:
    """`INC-42:1`: an incident and what of it is meant."""
    which, _, rest = value.partition(":")
    return incident(which), _match(_STEP, rest, "part")


def step(value: str) -> tuple[IncidentId, StepId]:
    which, rest = part(value)
    return which, StepId(rest)


def _fields(values: Mapping[str, Any]) -> dict[str, str]:
    fields = {}
    for block, inputs in values.items():
        if not isinstance(inputs, dict) or len(inputs) != 1:
            raise _odd(f"field {block[:40]}")
        entered = next(iter(inputs.values()))
        if not isinstance(entered, dict):
            raise _odd(f"field {block[:40]}")
        fields[str(block)] = _value(entered)[:LONGEST_TEXT]
    return fields


def _value(entered: Mapping[str, Any]) -> str:
    option = entered.get("selected_option")
    value = option.get("value") if isinstance(option, dict) else entered.get("value")
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _odd("value")
    return value


def _object(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = body.get(key)
    if not isinstance(value, dict):
        raise _odd(key)
    return value


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _odd(key)
    return value


def _optional(shape: re.Pattern[str], value: object, what: str) -> str:
    return "" if value is None or value == "" else _match(shape, value, what)


def _match(shape: re.Pattern[str], value: object, what: str) -> str:
    if not isinstance(value, str) or shape.fullmatch(value) is None:
        raise _odd(what)
    return value


def _odd(what: str) -> Invalid:
    return Invalid("Slack sent something that is not understood", place=what, remedy="press the newest button instead")

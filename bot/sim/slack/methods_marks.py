"""reactions.*, pins.* and bookmarks.*: what is attached to messages and channels."""

import re

from bot.sim.slack.calls import Call, Method
from bot.sim.slack.channels import Channel
from bot.sim.slack.errors import SlackError
from bot.sim.slack.rate_limits import Tier
from bot.sim.slack.wire import Json

_EMOJI = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")
_TS = re.compile(r"\d{10}\.\d{6}")
_BOOKMARK_LIMIT = 100
_PIN_LIMIT = 100


def add_reaction(call: Call) -> Json:
    """reactions.add"""
    channel, ts, name = _reaction(call)
    call.workspace.messages.react(channel, ts, name=name, user=call.workspace.bot)
    return {}


def remove_reaction(call: Call) -> Json:
    """reactions.remove"""
    channel, ts, name = _reaction(call)
    call.workspace.messages.unreact(channel, ts, name=name, user=call.workspace.bot)
    return {}


def add_pin(call: Call) -> Json:
    """pins.add"""
    channel, ts = _message(call)
    if ts in channel.pins:
        raise SlackError("already_pinned")
    if len(channel.pins) >= _PIN_LIMIT:
        raise SlackError("too_many_pins")
    workspace = call.workspace
    channel.pins[ts] = {"type": "message", "created": int(workspace.clock.now()), "created_by": workspace.bot}
    workspace.channels.changed(channel)
    return {}


def remove_pin(call: Call) -> Json:
    """pins.remove"""
    channel, ts = _message(call)
    if ts not in channel.pins:
        raise SlackError("no_pin")
    del channel.pins[ts]
    call.workspace.channels.changed(channel)
    return {}


def list_pins(call: Call) -> Json:
    """pins.list"""
    channel = _member_channel(call, "channel")
    items = [
        pin | {"channel": channel.id, "message": channel.messages[ts]} for ts, pin in reversed(channel.pins.items())
    ]
    return {"items": items}


def add_bookmark(call: Call) -> Json:
    """bookmarks.add: links only, as Slack itself accepts no other type from apps."""
    arguments, workspace = call.arguments, call.workspace
    channel = _member_channel(call, "channel_id")
    if arguments.required("type") != "link":
        raise SlackError("invalid_bookmark_type")
    if len(channel.bookmarks) >= _BOOKMARK_LIMIT:
        raise SlackError("too_many_bookmarks")
    now = int(workspace.clock.now())
    bookmark: Json = {"id": workspace.ids.make("Bk"), "channel_id": channel.id, "title": arguments.required("title")}
    bookmark |= {"link": _link(arguments.text("link")), "emoji": arguments.text("emoji"), "icon_url": ""}
    bookmark |= {"type": "link", "entity_id": None, "date_created": now, "date_updated": 0}
    bookmark |= {"rank": f"{len(channel.bookmarks):03d}", "last_updated_by_user_id": workspace.bot}
    bookmark |= {"last_updated_by_team_id": workspace.seed.team_id, "shortcut_id": None, "app_id": None}
    channel.bookmarks[bookmark["id"]] = bookmark
    return {"bookmark": bookmark}


def edit_bookmark(call: Call) -> Json:
    """bookmarks.edit"""
    arguments = call.arguments
    channel, bookmark = _bookmark(call)
    changes: Json = {name: arguments.text(name) for name in ("title", "emoji") if arguments.has(name)}
    if arguments.has("link"):
        changes["link"] = _link(arguments.text("link"))
    changed = bookmark | changes | {"date_updated": int(call.workspace.clock.now())}
    channel.bookmarks[bookmark["id"]] = changed
    return {"bookmark": changed}


def remove_bookmark(call: Call) -> Json:
    """bookmarks.remove"""
    channel, bookmark = _bookmark(call)
    del channel.bookmarks[bookmark["id"]]
    return {}


def list_bookmarks(call: Call) -> Json:
    """bookmarks.list"""
    return {"bookmarks": list(_member_channel(call, "channel_id").bookmarks.values())}


def _reaction(call: Call) -> tuple[Channel, str, str]:
    name = call.arguments.text("name").strip(":")
    if not _EMOJI.fullmatch(name):
        raise SlackError("invalid_name")
    channel, ts = _message(call)
    return channel, ts, name


def _message(call: Call) -> tuple[Channel, str]:
    ts = call.arguments.text("timestamp")
    if not ts:
        raise SlackError("no_item_specified")
    channel = _member_channel(call, "channel")
    if not _TS.fullmatch(ts):
        raise SlackError("bad_timestamp")
    call.workspace.messages.find(channel, ts)
    return channel, ts


def _member_channel(call: Call, argument: str) -> Channel:
    workspace = call.workspace
    channel = workspace.channels.visible_to(workspace.bot, call.arguments.required(argument))
    if workspace.bot not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _bookmark(call: Call) -> tuple[Channel, Json]:
    channel = _member_channel(call, "channel_id")
    bookmark = channel.bookmarks.get(call.arguments.required("bookmark_id"))
    if bookmark is None:
        raise SlackError("not_found")
    return channel, bookmark


def _link(link: str) -> str:
    if not link.startswith(("http://", "https://")):
        raise SlackError("invalid_link")
    return link


METHODS = {
    "reactions.add": Method(add_reaction, ("reactions:write",), Tier.THREE),
    "reactions.remove": Method(remove_reaction, ("reactions:write",), Tier.TWO),
    "pins.add": Method(add_pin, ("pins:write",), Tier.TWO),
    "pins.remove": Method(remove_pin, ("pins:write",), Tier.TWO),
    "pins.list": Method(list_pins, ("pins:read",), Tier.TWO),
    "bookmarks.add": Method(add_bookmark, ("bookmarks:write",), Tier.TWO),
    "bookmarks.edit": Method(edit_bookmark, ("bookmarks:write",), Tier.TWO),
    "bookmarks.remove": Method(remove_bookmark, ("bookmarks:write",), Tier.TWO),
    "bookmarks.list": Method(list_bookmarks, ("bookmarks:read",), Tier.THREE),
}

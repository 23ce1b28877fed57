"""conversations.*: listing, creating, joining, inviting, archiving. https://docs.slack.dev/apis/web-api/using-the-conversations-api"""

from bot.sim.slack import channels, paging
from bot.sim.slack.calls import Call, Method
from bot.sim.slack.channels import Channel, Kind
from bot.sim.slack.errors import SlackError, missing
from bot.sim.slack.rate_limits import Tier
from bot.sim.slack.wire import Json

_TYPES = {"public_channel": Kind.CHANNEL, "private_channel": Kind.GROUP, "im": Kind.IM}
_READ = ("channels:read", "groups:read", "im:read", "mpim:read")
_MANAGE = ("channels:manage", "groups:write")


def list_channels(call: Call) -> Json:
    """conversations.list: what the bot can see, of the given types."""
    types = call.arguments.words("types") or ["public_channel"]
    if any(one not in (*_TYPES, "mpim") for one in types):
        raise SlackError("invalid_types")
    kinds = {_TYPES[one] for one in types if one in _TYPES}
    seen = [one for one in call.workspace.channels.all.values() if one.kind in kinds and _is_visible(call, one)]
    if call.arguments.flag("exclude_archived"):
        seen = [one for one in seen if not one.is_archived]
    chosen, cursor = paging.page(seen, call.arguments)
    shown = [call.workspace.channels.to_json(one) for one in chosen]
    return {"channels": shown, "response_metadata": {"next_cursor": cursor}}


def info(call: Call) -> Json:
    """conversations.info"""
    return _shown(call, _channel(call))


def members(call: Call) -> Json:
    """conversations.members"""
    chosen, cursor = paging.page(list(_channel(call).members), call.arguments)
    return {"members": chosen, "response_metadata": {"next_cursor": cursor}}


def join(call: Call) -> Json:
    """conversations.join: public channels only."""
    workspace, channel = call.workspace, _channel(call)
    if channel.kind is not Kind.CHANNEL:
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    if workspace.bot in channel.members:
        return _shown(call, channel) | {"warning": "already_in_channel"}
    _add(call, channel, [workspace.bot], inviter="")
    return _shown(call, channel)


def open_direct(call: Call) -> Json:
    """conversations.open: the direct message with one person."""
    arguments, workspace = call.arguments, call.workspace
    if arguments.has("channel"):
        return _shown(call, _channel(call))
    users = arguments.words("users")
    if not users:
        raise missing("users")
    if len(users) > 1:
        raise SlackError("method_not_supported_for_channel_type")
    existed = any(users[0] in one.members for one in workspace.channels.all.values() if one.kind is Kind.IM)
    channel = workspace.channels.direct(users[0])
    answer: Json = {
        "channel": workspace.channels.to_json(channel) if arguments.flag("return_im") else {"id": channel.id}
    }
    return answer | ({"no_op": True, "already_open": True} if existed else {})


def create(call: Call) -> Json:
    """conversations.create: the bot is the first member."""
    kind = Kind.GROUP if call.arguments.flag("is_private") else Kind.CHANNEL
    name = call.arguments.text("name").removeprefix("#")
    channel = call.workspace.channels.create(name, call.workspace.bot, kind=kind)
    call.workspace.announcer.channel("channel_created", channel, call.workspace.bot)
    return _shown(call, channel)


def invite(call: Call) -> Json:
    """conversations.invite"""
    workspace, channel = call.workspace, _member_channel(call)
    users = call.arguments.words("users")
    if not users:
        raise SlackError("no_user")
    for user in users:
        account = workspace.people.user(user)
        if user == workspace.bot:
            raise SlackError("cant_invite_self")
        if account.deleted:
            raise SlackError("user_is_deactivated")
    if len(users) == 1 and users[0] in channel.members:
        raise SlackError("already_in_channel")
    _add(call, channel, [user for user in users if user not in channel.members], inviter=workspace.bot)
    return _shown(call, channel)


def set_topic(call: Call) -> Json:
    """conversations.setTopic"""
    channel = _member_channel(call)
    channel.topic = _short(call, "topic")
    call.workspace.channels.changed(channel)
    return _shown(call, channel)


def set_purpose(call: Call) -> Json:
    """conversations.setPurpose"""
    channel = _member_channel(call)
    channel.purpose = _short(call, "purpose")
    return {"purpose": channel.purpose}


def archive(call: Call) -> Json:
    """conversations.archive"""
    channel = _member_channel(call, archived="already_archived")
    if channel.is_general:
        raise SlackError("cant_archive_general")
    return _set_archived(call, channel, to=True)


def unarchive(call: Call) -> Json:
    """conversations.unarchive"""
    channel = _channel(call)
    if not channel.is_archived:
        raise SlackError("not_archived")
    return _set_archived(call, channel, to=False)


def rename(call: Call) -> Json:
    """conversations.rename"""
    workspace, channel = call.workspace, _member_channel(call)
    name = call.arguments.text("name").removeprefix("#")
    channels.check_name(name)
    if any(one.name == name and one is not channel for one in workspace.channels.all.values()):
        raise SlackError("name_taken")
    channel.name = name
    workspace.channels.changed(channel)
    return _shown(call, channel)


def _set_archived(call: Call, channel: Channel, *, to: bool) -> Json:
    channel.is_archived = to
    call.workspace.channels.changed(channel)
    call.workspace.announcer.channel("channel_archive" if to else "channel_unarchive", channel, call.workspace.bot)
    return {}


def _channel(call: Call) -> Channel:
    workspace = call.workspace
    return workspace.channels.visible_to(workspace.bot, call.arguments.required("channel"))


def _member_channel(call: Call, *, archived: str = "is_archived") -> Channel:
    channel = _channel(call)
    if channel.kind is Kind.IM:
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError(archived)
    if call.workspace.bot not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _is_visible(call: Call, channel: Channel) -> bool:
    return channel.is_open or call.workspace.bot in channel.members


def _add(call: Call, channel: Channel, users: list[str], *, inviter: str) -> None:
    for user in users:
        channel.members[user] = None
        call.workspace.announcer.joined(channel, user, inviter=inviter)
    call.workspace.channels.changed(channel)


def _short(call: Call, name: str) -> str:
    text = call.arguments.text(name)
    if len(text) > channels.TOPIC_LIMIT:
        raise SlackError("too_long")
    return text


def _shown(call: Call, channel: Channel) -> Json:
    return {"channel": call.workspace.channels.to_json(channel)}


METHODS = {
    "conversations.list": Method(list_channels, _READ, Tier.TWO),
    "conversations.info": Method(info, _READ, Tier.THREE),
    "conversations.members": Method(members, _READ, Tier.FOUR),
    "conversations.join": Method(join, ("channels:join",), Tier.THREE),
    "conversations.open": Method(open_direct, ("im:write", "mpim:write", "channels:manage"), Tier.THREE),
    "conversations.create": Method(create, _MANAGE, Tier.TWO),
    "conversations.invite": Method(invite, (*_MANAGE, "channels:write.invites"), Tier.THREE),
    "conversations.setTopic": Method(set_topic, (*_MANAGE, "channels:write.topic"), Tier.TWO),
    "conversations.setPurpose": Method(set_purpose, (*_MANAGE, "channels:write.topic"), Tier.TWO),
    "conversations.archive": Method(archive, _MANAGE, Tier.TWO),
    "conversations.unarchive": Method(unarchive, _MANAGE, Tier.TWO),
    "conversations.rename": Method(rename, _MANAGE, Tier.TWO),
}

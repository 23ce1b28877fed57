"""users.* and usergroups.*: who is who, and who belongs to which group."""

from bot.sim.slack import paging, people
from bot.sim.slack.calls import Call, Method
from bot.sim.slack.errors import SlackError
from bot.sim.slack.people import User
from bot.sim.slack.rate_limits import Tier
from bot.sim.slack.wire import Json, without


def info(call: Call) -> Json:
    """users.info"""
    return {"user": _shown(call, call.workspace.people.user(call.arguments.required("user")))}


def list_users(call: Call) -> Json:
    """users.list, deactivated accounts included."""
    users = list(call.workspace.people.users.values())
    chosen, cursor = paging.page(users, call.arguments, default=1000)
    shown = [_shown(call, user) for user in chosen]
    return {"members": shown, "cache_ts": int(call.workspace.clock.now()), "response_metadata": {"next_cursor": cursor}}


def lookup_by_email(call: Call) -> Json:
    """users.lookupByEmail: active people only."""
    return {"user": _shown(call, call.workspace.people.by_email(call.arguments.text("email")))}


def list_groups(call: Call) -> Json:
    """usergroups.list"""
    groups = [
        group
        for group in call.workspace.people.usergroups.values()
        if call.arguments.flag("include_disabled") or not group.disabled
    ]
    shown = [people.usergroup_json(group, call.workspace.seed) for group in groups]
    if call.arguments.flag("include_users"):
        shown = [json | {"users": list(group.users)} for json, group in zip(shown, groups, strict=True)]
    return {"usergroups": shown}


def group_members(call: Call) -> Json:
    """usergroups.users.list"""
    group = call.workspace.people.usergroup(call.arguments.required("usergroup"))
    if group.disabled and not call.arguments.flag("include_disabled"):
        raise SlackError("no_such_subteam")
    return {"users": list(group.users)}


def _shown(call: Call, user: User) -> Json:
    """A user object; the address only with users:read.email."""
    shown = people.user_json(user, call.workspace.seed)
    if not call.may("users:read.email"):
        shown["profile"] = without(shown["profile"], "email")
    return shown


METHODS = {
    "users.info": Method(info, ("users:read",), Tier.FOUR),
    "users.list": Method(list_users, ("users:read",), Tier.TWO),
    "users.lookupByEmail": Method(lookup_by_email, ("users:read.email",), Tier.THREE),
    "usergroups.list": Method(list_groups, ("usergroups:read",), Tier.TWO),
    "usergroups.users.list": Method(group_members, ("usergroups:read",), Tier.TWO),
}

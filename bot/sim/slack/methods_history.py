"""conversations.history and conversations.replies: reading back what was said."""

from bot.sim.slack import paging
from bot.sim.slack.calls import Call, Method
from bot.sim.slack.channels import Channel, Kind
from bot.sim.slack.errors import SlackError
from bot.sim.slack.rate_limits import Tier
from bot.sim.slack.wire import Json, without

_READ_SCOPE = {Kind.CHANNEL: "channels:history", Kind.GROUP: "groups:history", Kind.IM: "im:history"}
_SCOPES = tuple(_READ_SCOPE.values())


def history(call: Call) -> Json:
    """conversations.history: newest first, without replies unless they were also sent to the channel."""
    channel = _readable(call)
    shown = [message for message in channel.messages.values() if _is_top(message) and _is_within(call, message)]
    shown.reverse()
    chosen, cursor = paging.page(shown, call.arguments)
    return _answer(call, chosen, cursor) | {"pin_count": len(channel.pins)}


def replies(call: Call) -> Json:
    """conversations.replies: the parent, then its replies, oldest first; the ts of a reply gives that reply alone."""
    channel = _readable(call)
    ts = call.arguments.required("ts")
    parent = channel.messages.get(ts)
    if parent is None:
        raise SlackError("thread_not_found")
    thread = [channel.messages[reply] for reply in channel.replies.get(ts, ())]
    shown = [parent, *(message for message in thread if _is_within(call, message))]
    chosen, cursor = paging.page(shown, call.arguments, default=1000)
    return _answer(call, chosen, cursor)


def _readable(call: Call) -> Channel:
    workspace = call.workspace
    channel = workspace.channels.visible_to(workspace.bot, call.arguments.required("channel"))
    if not call.may(_READ_SCOPE[channel.kind]):
        provided = call.manifest.scope_list()
        raise SlackError("missing_scope", needed=_READ_SCOPE[channel.kind], provided=provided)
    if workspace.bot not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _is_top(message: Json) -> bool:
    return message.get("thread_ts", message["ts"]) == message["ts"] or message.get("subtype") == "thread_broadcast"


def _is_within(call: Call, message: Json) -> bool:
    arguments = call.arguments
    if not arguments.has("oldest") and not arguments.has("latest"):
        return True
    oldest, latest = arguments.text("oldest") or "0", arguments.text("latest") or "9999999999.999999"
    try:
        ts, low, high = float(message["ts"]), float(oldest), float(latest)
    except ValueError:
        raise SlackError("invalid_ts_latest" if arguments.has("latest") else "invalid_ts_oldest") from None
    return low <= ts <= high if arguments.flag("inclusive") else low < ts < high


def _answer(call: Call, messages: list[Json], cursor: str) -> Json:
    """Metadata is shown only when asked for with include_all_metadata."""
    if not call.arguments.flag("include_all_metadata"):
        messages = [without(message, "metadata") if "metadata" in message else message for message in messages]
    answer: Json = {"messages": messages, "has_more": bool(cursor)}
    return answer | ({"response_metadata": {"next_cursor": cursor}} if cursor else {})


METHODS = {
    "conversations.history": Method(history, _SCOPES, Tier.THREE),
    "conversations.replies": Method(replies, _SCOPES, Tier.THREE),
}

"""chat.*: posting, editing, whispering and deleting. https://docs.slack.dev/reference/methods/chat.postMessage"""

import json

from bot.sim.slack import composing, mentions, rules
from bot.sim.slack.calls import Call, Method
from bot.sim.slack.channels import Channel, Kind
from bot.sim.slack.errors import SlackError
from bot.sim.slack.messages import Draft
from bot.sim.slack.rate_limits import Tier
from bot.sim.slack.wire import Json

_UPDATE_TEXT_LIMIT = 4_000
_LONG_TEXT = 4_000  # Slack advises to stay below, and refused longer ones at times
_LONG_BLOCKS = 10_000  # Slack was seen to refuse little more
_METADATA_LIMIT = 16_000  # bytes; Slack publishes no number for metadata_too_large


def post_message(call: Call) -> Json:
    """chat.postMessage"""
    arguments, workspace = call.arguments, call.workspace
    channel = destination(call, arguments.required("channel"))
    draft = draft_of(call)
    message = workspace.messages.post(channel, draft)
    if message["ts"] in channel.notifies and mentions.is_broadcast(message):
        workspace.warnings.add("mass_mention", f"{call.method} notified a whole channel")
    return {"channel": channel.id, "ts": message["ts"], "message": message}


def update(call: Call) -> Json:
    """chat.update: what is not given is kept, except that text without blocks removes the blocks."""
    arguments, workspace = call.arguments, call.workspace
    channel = member_channel(call, arguments.required("channel"))
    message = workspace.messages.find(channel, arguments.required("ts"))
    if message.get("bot_id") != workspace.seed.bot_id:
        raise SlackError("cant_update_message")
    given = content(call)
    if all(given[key] is None for key in ("text", "blocks", "attachments")):
        raise SlackError("no_text")
    changed = _edited(call, message, given)
    if not changed["text"] and not changed.get("blocks") and not changed.get("attachments"):
        raise SlackError("no_text")
    workspace.messages.replace(channel, changed, link_names=_links_names(call))
    answer: Json = {"channel": channel.id, "ts": message["ts"], "text": changed["text"]}
    return answer | {"message": changed}


def _edited(call: Call, message: Json, given: Json) -> Json:
    workspace = call.workspace
    changed = dict(message)
    if given["text"] is not None:
        if len(given["text"]) > _UPDATE_TEXT_LIMIT:
            raise SlackError("msg_too_long")
        changed["text"] = composing.sanitised(given["text"], parse_none=call.arguments.text("parse") == "none")
    if given["blocks"]:
        changed["blocks"] = workspace.messages.stored_blocks(given["blocks"])
    elif given["text"] is not None or given["blocks"] is not None:
        changed.pop("blocks", None)
    if given["attachments"]:
        changed["attachments"] = given["attachments"]
    elif given["attachments"] is not None:
        changed.pop("attachments", None)
    if given["metadata"] is not None:
        changed["metadata"] = given["metadata"]
    if given["text"] is not None and not given["blocks"]:
        changed["edited"] = {"user": workspace.bot, "ts": workspace.ids.ts()}
    return changed


def post_ephemeral(call: Call) -> Json:
    """chat.postEphemeral"""
    arguments, workspace = call.arguments, call.workspace
    channel = destination(call, arguments.required("channel"))
    user = arguments.required("user")
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    draft = draft_of(call)
    if len(draft.text) > workspace.settings.text_limit:
        raise SlackError("msg_too_long")
    return {"message_ts": workspace.messages.whisper(channel, user, draft)["ts"]}


def delete(call: Call) -> Json:
    """chat.delete: the bot's own messages only."""
    channel = member_channel(call, call.arguments.required("channel"))
    message = call.workspace.messages.find(channel, call.arguments.required("ts"))
    if message.get("bot_id") != call.workspace.seed.bot_id:
        raise SlackError("cant_delete_message")
    call.workspace.messages.delete(channel, message)
    return {"channel": channel.id, "ts": message["ts"]}


def get_permalink(call: Call) -> Json:
    """chat.getPermalink"""
    workspace = call.workspace
    channel = workspace.channels.visible_to(workspace.bot, call.arguments.required("channel"))
    message = workspace.messages.find(channel, call.arguments.required("message_ts"))
    permalink = workspace.permalink(channel.id, message["ts"], message.get("thread_ts", ""))
    return {"channel": channel.id, "permalink": permalink}


def destination(call: Call, reference: str) -> Channel:
    """Where a message may go: a user id opens the direct message; membership or chat:write.public is needed."""
    workspace = call.workspace
    channel = _direct(call, reference) or workspace.channels.visible_to(workspace.bot, reference)
    if channel.kind is Kind.IM and not call.manifest.messages_tab:
        raise SlackError("messages_tab_disabled")
    if channel.is_archived:
        raise SlackError("is_archived")
    if workspace.bot not in channel.members and not call.may("chat:write.public"):
        raise SlackError("not_in_channel")
    return channel


def _direct(call: Call, reference: str) -> Channel | None:
    if reference not in call.workspace.people.users:
        return None
    try:
        return call.workspace.channels.direct(reference)
    except SlackError as error:
        raise SlackError("channel_not_found") from error


def member_channel(call: Call, reference: str) -> Channel:
    """A conversation that the bot is in, by its real id: chat.update and chat.delete take no user ids."""
    workspace = call.workspace
    channel = workspace.channels.visible_to(workspace.bot, reference)
    if workspace.bot not in channel.members:
        raise SlackError("not_in_channel" if channel.kind is not Kind.IM else "channel_not_found")
    return channel


def content(call: Call) -> Json:
    """text, blocks, attachments and metadata as given, checked against Slack's limits; None for what is absent."""
    arguments = call.arguments
    given: Json = {
        "text": arguments.text("text") if arguments.has("text") else None,
        "blocks": arguments.tree("blocks", "invalid_blocks_format"),
        "attachments": arguments.tree("attachments", "invalid_attachments"),
        "metadata": _metadata(call),
    }
    if arguments.has("markdown_text"):
        if given["text"] is not None or given["blocks"] is not None:
            raise SlackError("markdown_text_conflict")
        given["blocks"] = [{"type": "markdown", "text": arguments.text("markdown_text")}]
    if rules.check_message(given["blocks"], given["attachments"]) > _LONG_BLOCKS:
        call.workspace.warnings.add("long_blocks", f"{call.method} with more than {_LONG_BLOCKS} characters in blocks")
    return given


def draft_of(call: Call) -> Draft:
    """A message that the bot wants to post."""
    arguments, workspace = call.arguments, call.workspace
    given = content(call)
    text: str = given["text"] or ""
    if not text.strip() and not given["blocks"] and not given["attachments"]:
        raise SlackError("no_text")
    if given["blocks"] and not text:
        workspace.warnings.add("no_fallback_text", f"{call.method} without text: notifications will say nothing")
    if len(text) > _LONG_TEXT:
        workspace.warnings.add("long_text", f"{call.method} with more than {_LONG_TEXT} characters of text")
    return Draft(
        author=workspace.bot_author,
        text=composing.sanitised(text[: workspace.settings.text_limit], parse_none=arguments.text("parse") == "none"),
        blocks=given["blocks"],
        attachments=given["attachments"],
        thread_ts=arguments.text("thread_ts"),
        metadata=given["metadata"],
        broadcast=arguments.flag("reply_broadcast"),
        link_names=_links_names(call),
    )


def _links_names(call: Call) -> bool:
    return call.arguments.flag("link_names") or call.arguments.text("parse") == "full"


def _metadata(call: Call) -> Json | None:
    metadata = call.arguments.tree("metadata", "invalid_metadata_format")
    if metadata is None:
        return None
    if not isinstance(metadata, dict):
        raise SlackError("invalid_metadata_format")
    if not isinstance(metadata.get("event_type"), str) or not isinstance(metadata.get("event_payload"), dict):
        raise SlackError("invalid_metadata_format")
    if len(json.dumps(metadata)) > _METADATA_LIMIT:
        raise SlackError("metadata_too_large")
    return metadata


METHODS = {
    "chat.postMessage": Method(post_message, ("chat:write",), Tier.POSTING),
    "chat.update": Method(update, ("chat:write",), Tier.THREE),
    "chat.postEphemeral": Method(post_ephemeral, ("chat:write",), Tier.FOUR),
    "chat.delete": Method(delete, ("chat:write",), Tier.THREE),
    "chat.getPermalink": Method(get_permalink, (), Tier.FREQUENT),
}

"""Messages: posting, threads, edits, deletion, reactions, pins, and messages for one person's eyes only.

A stored message is never changed in place but replaced by a changed copy, so that whoever was handed one may keep it.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from bot.sim.slack import mentions, views
from bot.sim.slack.channels import Channel, Kind
from bot.sim.slack.errors import SlackError
from bot.sim.slack.events import Announcer
from bot.sim.slack.feed import Feed
from bot.sim.slack.ids import Ids
from bot.sim.slack.people import People
from bot.sim.slack.wire import Json, without

_EPHEMERALS_KEPT = 500  # real ones are gone after a reload
_REACTION_LIMIT = 23  # distinct emoji that one person may put on one message
_NOT_FOR_EVENTS = ("metadata",)


@dataclass(frozen=True, slots=True)
class Draft:
    """A message before it is posted. `author` holds user, bot_id and the like; `extra` any further stored keys."""

    author: Json
    text: str
    blocks: list[Json] | None = None
    attachments: list[Json] | None = None
    thread_ts: str = ""
    metadata: Json | None = None
    broadcast: bool = False  # a reply that is also shown in the channel
    link_names: bool = False
    extra: Json = field(default_factory=dict)


class Messages:
    """What is said in the conversations of the workspace."""

    def __init__(self, *, people: People, feed: Feed, ids: Ids, announcer: Announcer) -> None:
        self._people, self._feed, self._ids, self._announcer = people, feed, ids, announcer
        self.ephemerals: OrderedDict[str, Json] = OrderedDict()  # by ts

    def post(self, channel: Channel, draft: Draft) -> Json:
        """Stores and shows a message, tells the app, notifies people.

        With the thread_ts of a message that is gone Slack does not fail: it posts at channel level, without thread_ts.
        """
        message = self._compose(draft)
        parent = self._parent(channel, draft.thread_ts)
        if parent is not None:
            message["thread_ts"] = parent["ts"]
            message["parent_user_id"] = parent["user"]
            if draft.broadcast:
                message |= {"subtype": "thread_broadcast", "root": parent}
        channel.messages[message["ts"]] = message
        self._note(channel, message, link_names=draft.link_names)
        self._feed.publish("message.posted", self._shown(channel, message), audience=channel.audience())
        if parent is not None:
            self._count_reply(channel, parent, message)
        self._notify(channel, message)
        self._announcer.posted(channel, without(message, *_NOT_FOR_EVENTS) if "metadata" in message else message)
        return message

    def replace(self, channel: Channel, message: Json, *, link_names: bool = False) -> None:
        """Puts a changed copy in the place of the message with the same ts."""
        before = channel.messages[message["ts"]]
        channel.messages[message["ts"]] = message
        channel.notifies.pop(message["ts"], None)
        self._note(channel, message, link_names=link_names)
        self._feed.publish("message.changed", self._shown(channel, message), audience=channel.audience())
        self._announcer.changed(channel, without(message, *_NOT_FOR_EVENTS), without(before, *_NOT_FOR_EVENTS))

    def stored_blocks(self, blocks: list[Json]) -> list[Json]:
        """The blocks as Slack keeps them, every block and element with an id."""
        return views.identified(blocks, self._ids)

    def delete(self, channel: Channel, message: Json) -> None:
        """Removes a message; a parent with replies leaves a tombstone."""
        ts = message["ts"]
        channel.notifies.pop(ts, None)
        channel.pins.pop(ts, None)
        if channel.replies.get(ts):
            kept = {key: message[key] for key in message if key.startswith(("reply", "latest_reply", "thread_ts"))}
            tomb: Json = {"type": "message", "subtype": "tombstone", "user": "USLACKBOT", "ts": ts, "hidden": True}
            channel.messages[ts] = tomb | kept | {"text": "This message was deleted."}
            self._feed.publish(
                "message.changed", self._shown(channel, channel.messages[ts]), audience=channel.audience()
            )
        else:
            del channel.messages[ts]
            self._feed.publish("message.deleted", {"channel": channel.id, "ts": ts}, audience=channel.audience())
            self._uncount_reply(channel, message)
        self._announcer.deleted(channel, message)

    def whisper(self, channel: Channel, user: str, draft: Draft) -> Json:
        """A message that only `user` sees, until the page is reloaded."""
        message = self._compose(draft) | {"channel": channel.id, "for_user": user, "is_ephemeral": True}
        if draft.thread_ts:
            message["thread_ts"] = draft.thread_ts
        self.ephemerals[message["ts"]] = message
        if len(self.ephemerals) > _EPHEMERALS_KEPT:
            self.ephemerals.popitem(last=False)
        self._feed.publish("ephemeral.posted", {"message": message}, audience=frozenset((user,)))
        return message

    def replace_whisper(self, old: Json, draft: Draft) -> Json:
        """Only a response_url can do this: an ephemeral message is exchanged in place."""
        kept = {key: old[key] for key in ("ts", "channel", "for_user", "is_ephemeral", "thread_ts") if key in old}
        message = self._compose(draft) | kept
        self.ephemerals[old["ts"]] = message
        body = {"message": message, "old_ts": old["ts"]}
        self._feed.publish("ephemeral.replaced", body, audience=frozenset((old["for_user"],)))
        return message

    def drop_whisper(self, old: Json) -> None:
        """Removes an ephemeral message."""
        self.ephemerals.pop(old["ts"], None)
        self._feed.publish("ephemeral.deleted", {"ts": old["ts"]}, audience=frozenset((old["for_user"],)))

    def find(self, channel: Channel, ts: str) -> Json:
        """The stored message, or message_not_found; a tombstone is not a message any more."""
        message = channel.messages.get(ts)
        if message is None or message.get("subtype") == "tombstone":
            raise SlackError("message_not_found")
        return message

    def react(self, channel: Channel, ts: str, *, name: str, user: str) -> None:
        """Adds a reaction."""
        message = self.find(channel, ts)
        reactions: list[Json] = list(message.get("reactions") or ())
        if any(user in reaction["users"] and reaction["name"] == name for reaction in reactions):
            raise SlackError("already_reacted")
        if sum(user in reaction["users"] for reaction in reactions) >= _REACTION_LIMIT:
            raise SlackError("too_many_reactions")
        users: list[str] = next((one["users"] for one in reactions if one["name"] == name), [])
        changed = {"name": name, "users": [*users, user], "count": len(users) + 1}
        others = [reaction for reaction in reactions if reaction["name"] != name]
        self._set_reactions(channel, message, [*others, changed])
        self._announcer.reaction("reaction_added", channel, message, name=name, user=user)

    def unreact(self, channel: Channel, ts: str, *, name: str, user: str) -> None:
        """Takes one's own reaction back, or no_reaction."""
        message = self.find(channel, ts)
        reactions: list[Json] = list(message.get("reactions") or ())
        held = next((one for one in reactions if one["name"] == name and user in one["users"]), None)
        if held is None:
            raise SlackError("no_reaction")
        users = [one for one in held["users"] if one != user]
        rest = [one for one in reactions if one["name"] != name]
        changed = [{"name": name, "users": users, "count": len(users)}] if users else []
        self._set_reactions(channel, message, rest + changed)
        self._announcer.reaction("reaction_removed", channel, message, name=name, user=user)

    def shown_in(self, channel: Channel, *, most: int) -> list[Json]:
        """The newest messages in the page's form, oldest first."""
        newest = list(channel.messages.values())[-most:]
        return [self._shown(channel, message)["message"] for message in newest]

    def _compose(self, draft: Draft) -> Json:
        message: Json = {"type": "message", **draft.author, "text": draft.text, "ts": self._ids.ts()}
        if draft.blocks:
            message["blocks"] = self.stored_blocks(draft.blocks)
        if draft.attachments:
            message["attachments"] = draft.attachments
        if draft.metadata is not None:
            message["metadata"] = draft.metadata
        return message | draft.extra if draft.extra else message

    def _parent(self, channel: Channel, thread_ts: str) -> Json | None:
        parent = channel.messages.get(thread_ts) if thread_ts else None
        if parent is None or parent.get("subtype") == "tombstone":
            return None
        # A reply's ts given as thread_ts leads into the reply's thread.
        if parent.get("thread_ts", parent["ts"]) != parent["ts"]:
            return channel.messages.get(parent["thread_ts"])
        return parent

    def _note(self, channel: Channel, message: Json, *, link_names: bool) -> None:
        users = mentions.notified(message, channel, self._people, link_names=link_names)
        if users:
            channel.notifies[message["ts"]] = users

    def _notify(self, channel: Channel, message: Json) -> None:
        users = set(channel.notifies.get(message["ts"], ()))
        if channel.kind is Kind.IM:
            users |= {one for one in channel.members if one != message["user"]}
        if users:
            body = {"text": message["text"], "channel": channel.id, "ts": message["ts"]}
            self._feed.publish("notification", body, audience=frozenset(users))

    def _shown(self, channel: Channel, message: Json) -> Json:
        shown = {**message, "notifies": list(channel.notifies.get(message["ts"], ()))}
        return {"channel": channel.id, "message": shown}

    def _count_reply(self, channel: Channel, parent: Json, reply: Json) -> None:
        channel.replies.setdefault(parent["ts"], []).append(reply["ts"])
        users: list[str] = parent.get("reply_users", [])
        if reply["user"] not in users:
            users = [*users, reply["user"]]
        self._recount(channel, parent, {"reply_users": users, "latest_reply": reply["ts"]})

    def _uncount_reply(self, channel: Channel, reply: Json) -> None:
        replies = channel.replies.get(reply.get("thread_ts", ""), [])
        if reply["ts"] in replies:
            replies.remove(reply["ts"])
            latest = {"latest_reply": replies[-1]} if replies else {}
            self._recount(channel, channel.messages[reply["thread_ts"]], latest)

    def _recount(self, channel: Channel, parent: Json, changes: Json) -> None:
        count = len(channel.replies[parent["ts"]])
        counted = {**parent, "thread_ts": parent["ts"], "reply_count": count, **changes}
        self._show_silently(channel, counted | {"reply_users_count": len(counted.get("reply_users", ()))})

    def _set_reactions(self, channel: Channel, message: Json, reactions: list[Json]) -> None:
        changed = without(message, "reactions")
        self._show_silently(channel, changed | {"reactions": reactions} if reactions else changed)

    def _show_silently(self, channel: Channel, message: Json) -> None:
        """Stores a change that apps are not told of as message_changed."""
        channel.messages[message["ts"]] = message
        self._feed.publish("message.changed", self._shown(channel, message), audience=channel.audience())

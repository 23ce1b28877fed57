"""Conversations: channels, direct messages, who is in them, and the rules of naming, joining and archiving."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from bot.sim.slack.clocks import SimClock
from bot.sim.slack.errors import SlackError
from bot.sim.slack.feed import Feed
from bot.sim.slack.ids import Ids
from bot.sim.slack.people import People, Seed, SeedChannel
from bot.sim.slack.wire import Json

NAME_LIMIT = 80
TOPIC_LIMIT = 250
_NAME = re.compile(r"[\w-]+")


class Kind(StrEnum):
    """Slack's channel_type."""

    CHANNEL = "channel"  # public
    GROUP = "group"  # private
    IM = "im"  # two people


@dataclass(slots=True)
class Channel:
    """A conversation and everything said in it. Stored messages are never changed in place, only replaced."""

    id: str
    name: str
    kind: Kind
    creator: str
    created: int
    topic: str = ""
    purpose: str = ""
    is_archived: bool = False
    is_general: bool = False
    members: dict[str, None] = field(default_factory=dict)  # ordered set
    messages: dict[str, Json] = field(default_factory=dict)  # by ts, oldest first
    notifies: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by ts, only where somebody is notified
    replies: dict[str, list[str]] = field(default_factory=dict)  # parent ts -> reply ts, oldest first
    pins: dict[str, Json] = field(default_factory=dict)
    bookmarks: dict[str, Json] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether everybody but guests may look in without being a member."""
        return self.kind is Kind.CHANNEL

    def audience(self) -> frozenset[str] | None:
        """Who sees what happens here: None for everybody."""
        return None if self.is_open else frozenset(self.members)


class Channels:
    """All conversations of the workspace."""

    def __init__(self, seed: Seed, *, people: People, feed: Feed, ids: Ids, clock: SimClock) -> None:
        self._people, self._feed, self._ids, self._clock = people, feed, ids, clock
        self._team = seed.team_id
        self._bot = seed.bot_user_id
        self.all: dict[str, Channel] = {}
        for planned in seed.channels:
            self._plant(planned)

    def _plant(self, planned: SeedChannel) -> None:
        kind = Kind.GROUP if planned.is_private else Kind.CHANNEL
        channel = Channel(
            planned.id, planned.name, kind, next(iter(self._people.users)), int(self._clock.now()), topic=planned.topic
        )
        channel.is_general = planned.name == "general"
        everybody = [user.id for user in self._people.users.values() if user.can_be_notified and not user.is_guest]
        channel.members = dict.fromkeys(everybody if planned.members is None else planned.members)
        channel.members |= dict.fromkeys(planned.guests)
        if planned.has_bot:
            channel.members[self._bot] = None
        self.all[channel.id] = channel

    def find(self, reference: str) -> Channel:
        """By id, by name, or by `#name`; channel_not_found otherwise."""
        if reference in self.all:
            return self.all[reference]
        name = reference.removeprefix("#")
        for channel in self.all.values():
            if channel.name == name and channel.kind is not Kind.IM:
                return channel
        raise SlackError("channel_not_found")

    def visible_to(self, user: str, reference: str) -> Channel:
        """As `find`, but what this account cannot see does not exist."""
        channel = self.find(reference)
        if user in channel.members:
            return channel
        account = self._people.users.get(user)
        if not channel.is_open or (account is not None and account.is_guest):
            raise SlackError("channel_not_found")
        return channel

    def direct(self, user: str) -> Channel:
        """The direct message between this person and the bot, opened on first use."""
        account = self._people.user(user)
        if account.deleted or account.id == self._bot:
            raise SlackError("user_disabled" if account.deleted else "cannot_dm_bot")
        for channel in self.all.values():
            if channel.kind is Kind.IM and user in channel.members:
                return channel
        channel = Channel(self._ids.make("D"), "", Kind.IM, self._bot, int(self._clock.now()))
        channel.members = {user: None, self._bot: None}
        self.all[channel.id] = channel
        self.changed(channel)
        return channel

    def create(self, name: str, creator: str, *, kind: Kind) -> Channel:
        """A new channel; the name is checked as Slack does."""
        check_name(name)
        if any(channel.name == name for channel in self.all.values()):
            raise SlackError("name_taken")
        channel = Channel(self._ids.make("C"), name, kind, creator, int(self._clock.now()))
        channel.members[creator] = None
        self.all[channel.id] = channel
        self.changed(channel)
        return channel

    def changed(self, channel: Channel) -> None:
        """Tells the screens of everybody who may see the channel."""
        self._feed.publish("channel.changed", {"channel": self.to_page(channel)}, audience=channel.audience())

    def to_page(self, channel: Channel) -> Json:
        """The page's form."""
        other = next((user for user in channel.members if user != self._bot), None)
        return {
            "id": channel.id,
            "name": channel.name,
            "topic": channel.topic,
            "is_archived": channel.is_archived,
            "is_private": channel.kind is Kind.GROUP,
            "is_im": channel.kind is Kind.IM,
            "members": list(channel.members),
            "im_with": other if channel.kind is Kind.IM else None,
        }

    def to_json(self, channel: Channel) -> Json:
        """The Web API's form, seen by the bot."""
        common: Json = {
            "id": channel.id,
            "created": channel.created,
            "is_archived": channel.is_archived,
            "is_im": channel.kind is Kind.IM,
            "is_org_shared": False,
            "context_team_id": self._team,
        }
        if channel.kind is Kind.IM:
            other = next(user for user in channel.members if user != self._bot)
            return common | {"user": other, "is_user_deleted": self._people.user(other).deleted, "priority": 0}
        return common | {
            "name": channel.name,
            "name_normalized": channel.name,
            "is_channel": channel.kind is Kind.CHANNEL,
            "is_group": False,
            "is_mpim": False,
            "is_private": channel.kind is Kind.GROUP,
            "is_general": channel.is_general,
            "is_shared": False,
            "is_member": self._bot in channel.members,
            "creator": channel.creator,
            "topic": {"value": channel.topic, "creator": channel.creator, "last_set": channel.created},
            "purpose": {"value": channel.purpose, "creator": channel.creator, "last_set": channel.created},
            "num_members": len(channel.members),
        }


def check_name(name: str) -> None:
    """Slack's rules: given, at most 80 characters, lower case letters, digits, hyphens and underscores."""
    if not name:
        raise SlackError("invalid_name_required")
    if len(name) > NAME_LIMIT:
        raise SlackError("invalid_name_maxlength")
    if not _NAME.fullmatch(name) or name != name.lower():
        raise SlackError("invalid_name_specials")
    if not any(character.isalnum() for character in name):
        raise SlackError("invalid_name_punctuation")

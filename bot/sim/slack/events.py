"""The Events API: turns what happens in the workspace into events that the app's manifest subscribed to.

https://docs.slack.dev/apis/events-api. A mention in a channel whose messages the app also subscribes to is delivered
twice, as `message` and as `app_mention`, under two event ids.
"""

from collections.abc import Callable

from bot.sim.slack.channels import Channel, Kind
from bot.sim.slack.clocks import SimClock
from bot.sim.slack.ids import Ids
from bot.sim.slack.manifest import Manifest
from bot.sim.slack.people import Seed
from bot.sim.slack.wire import Json

_MESSAGE_EVENT = {Kind.CHANNEL: "message.channels", Kind.GROUP: "message.groups", Kind.IM: "message.im"}


class Announcer:
    """Builds event bodies and hands the subscribed ones to `deliver`, which must return at once."""

    def __init__(
        self, seed: Seed, manifest: Manifest, *, clock: SimClock, ids: Ids, deliver: Callable[[Json], None]
    ) -> None:
        self._seed, self._manifest, self._clock, self._ids, self._deliver = seed, manifest, clock, ids, deliver

    def posted(self, channel: Channel, message: Json) -> None:
        """A message was posted, by a person or by the bot itself: apps must recognise their own."""
        if self._hears(channel):
            self._send(self._said(channel, message) | {"event_ts": message["ts"]})
        self._mention(channel, message)

    def changed(self, channel: Channel, message: Json, previous: Json) -> None:
        """A message was edited."""
        if self._hears(channel):
            ts = self._ids.ts()
            changed = {"subtype": "message_changed", "message": message, "previous_message": previous, "hidden": True}
            self._send(self._said(channel, {"type": "message", "ts": ts, "event_ts": ts} | changed))

    def deleted(self, channel: Channel, previous: Json) -> None:
        """A message was deleted."""
        if self._hears(channel):
            ts = self._ids.ts()
            gone = {"subtype": "message_deleted", "previous_message": previous, "hidden": True}
            self._send(
                self._said(channel, {"type": "message", "ts": ts, "event_ts": ts, "deleted_ts": previous["ts"]} | gone)
            )

    def reaction(self, kind: str, channel: Channel, message: Json, *, name: str, user: str) -> None:
        """`reaction_added` or `reaction_removed`."""
        if self._manifest.subscribes(kind) and self._seed.bot_user_id in channel.members:
            item = {"type": "message", "channel": channel.id, "ts": message["ts"]}
            event = {"type": kind, "user": user, "reaction": name, "item": item, "item_user": message["user"]}
            self._send(event | {"event_ts": self._ids.ts()})

    def joined(self, channel: Channel, user: str, *, inviter: str = "") -> None:
        """A member joined; only channels that the bot is in are its business."""
        if self._manifest.subscribes("member_joined_channel") and self._seed.bot_user_id in channel.members:
            event: Json = {"type": "member_joined_channel", "user": user, "channel": channel.id}
            event |= {"channel_type": "C" if channel.is_open else "G", "team": self._seed.team_id}
            self._send(event | {"event_ts": self._ids.ts()} | ({"inviter": inviter} if inviter else {}))

    def channel(self, kind: str, channel: Channel, user: str) -> None:
        """channel_archive, channel_unarchive, channel_created and their like."""
        if self._manifest.subscribes(kind):
            self._send({"type": kind, "channel": channel.id, "user": user, "event_ts": self._ids.ts()})

    def home_opened(self, user: str, channel: Channel, *, tab: str, view: Json | None) -> None:
        """The App Home was opened; `view` only if one was published before."""
        if self._manifest.subscribes("app_home_opened"):
            event: Json = {"type": "app_home_opened", "user": user, "channel": channel.id, "tab": tab}
            self._send(event | ({"view": view} if view else {}) | {"event_ts": self._ids.ts()})

    def _hears(self, channel: Channel) -> bool:
        return self._manifest.subscribes(_MESSAGE_EVENT[channel.kind]) and self._seed.bot_user_id in channel.members

    def _said(self, channel: Channel, message: Json) -> Json:
        return {**message, "channel": channel.id, "channel_type": channel.kind.value}

    def _mention(self, channel: Channel, message: Json) -> None:
        mentioned = f"<@{self._seed.bot_user_id}" in (message.get("text") or "")
        if not mentioned or channel.kind is Kind.IM or message.get("user") == self._seed.bot_user_id:
            return
        if self._manifest.subscribes("app_mention") and self._seed.bot_user_id in channel.members:
            mention = {**message, "type": "app_mention", "channel": channel.id, "event_ts": message["ts"]}
            self._send(mention)

    def _send(self, event: Json) -> None:
        authorization = {
            "enterprise_id": None,
            "team_id": self._seed.team_id,
            "user_id": self._seed.bot_user_id,
            "is_bot": True,
            "is_enterprise_install": False,
        }
        self._deliver(
            {
                "token": "verification",
                "team_id": self._seed.team_id,
                "api_app_id": self._seed.app_id,
                "event": event,
                "type": "event_callback",
                "event_id": self._ids.make("Ev"),
                "event_time": int(self._clock.now()),
                "authorizations": [authorization],
                "is_ext_shared_channel": False,
                "event_context": self._ids.secret(),
            }
        )

"""Bodies of interactive payloads and slash commands, key for key as Slack sends them.

https://docs.slack.dev/reference/interaction-payloads
"""

from bot.sim.slack.channels import Channel, Kind
from bot.sim.slack.people import User
from bot.sim.slack.wire import Json, present
from bot.sim.slack.workspace import Workspace


class Payloads:
    """Builds payloads for one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._seed = workspace.seed

    def command(self, user: User, channel: Channel, *, command: str, text: str, response_url: str) -> Json:
        """A slash command: flat, with is_enterprise_install as a string."""
        return {
            "token": "verification",
            "team_id": self._seed.team_id,
            "team_domain": self._seed.domain,
            "channel_id": channel.id,
            "channel_name": _command_channel_name(channel),
            "user_id": user.id,
            "user_name": user.name,
            "command": command,
            "text": text,
            "api_app_id": self._seed.app_id,
            "is_enterprise_install": "false",
            "response_url": response_url,
            "trigger_id": self._workspace.triggers.issue(user.id),
        }

    def interaction(self, kind: str, user: User, *, trigger_in: str | None = None, with_trigger: bool = True) -> Json:
        """The keys that every interactive payload has; `trigger_in` is the open view that the act happened in."""
        body: Json = {
            "type": kind,
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": self._seed.team_id},
            "api_app_id": self._seed.app_id,
            "token": "verification",
            "team": {"id": self._seed.team_id, "domain": self._seed.domain},
            "enterprise": None,
            "is_enterprise_install": False,
        }
        return body | ({"trigger_id": self._workspace.triggers.issue(user.id, trigger_in)} if with_trigger else {})

    def in_message(self, channel: Channel, message: Json, *, is_ephemeral: bool) -> Json:
        """Where an element of a message lives. Payloads from ephemeral messages carry no `message`."""
        container: Json = {"type": "message", "message_ts": message["ts"], "channel_id": channel.id}
        container |= {"is_ephemeral": is_ephemeral} | present({"thread_ts": message.get("thread_ts")})
        body: Json = {"container": container, "channel": {"id": channel.id, "name": _payload_channel_name(channel)}}
        return body if is_ephemeral else body | {"message": message}

    def in_view(self, view: Json) -> Json:
        """Where an element of a view lives."""
        return {"container": {"type": "view", "view_id": view["id"]}, "view": view}


def _command_channel_name(channel: Channel) -> str:
    names = {Kind.IM: "directmessage", Kind.GROUP: "privategroup"}
    return names.get(channel.kind, channel.name)


def _payload_channel_name(channel: Channel) -> str:
    return "directmessage" if channel.kind is Kind.IM else channel.name

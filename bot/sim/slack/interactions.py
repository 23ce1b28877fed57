"""What people do in conversations: write, react, press buttons, use commands and shortcuts, open the App Home.

Each act becomes the payload that Slack would send, waits for the app's ack, and shows the person what Slack would show.
"""

from collections.abc import Mapping

from bot.sim.slack import composing, stateful
from bot.sim.slack.channels import Channel
from bot.sim.slack.errors import SlackError
from bot.sim.slack.hooks import Hook, Hooks
from bot.sim.slack.manifest import Manifest
from bot.sim.slack.messages import Draft
from bot.sim.slack.outcomes import Outcome, Result
from bot.sim.slack.payloads import Payloads
from bot.sim.slack.people import SLACKBOT
from bot.sim.slack.socket_mode import Ack, SocketMode
from bot.sim.slack.wire import Json, elements_of
from bot.sim.slack.workspace import Workspace

_BUTTON_TROUBLE = "This app did not respond in time."  # Slack shows a warning mark beside the button
_SLACKBOT: Json = {"user": SLACKBOT, "username": "Slackbot"}


class Interactions:
    """Acts of people, on behalf of whom the page or a test speaks."""

    def __init__(self, workspace: Workspace, manifest: Manifest, socket: SocketMode, hooks: Hooks) -> None:
        self._workspace, self._manifest, self._socket, self._hooks = workspace, manifest, socket, hooks
        self._payloads = Payloads(workspace)

    def say(self, user: str, reference: str, text: str, thread_ts: str = "") -> Json:
        """A person posts a message."""
        channel = self._entered(user, reference)
        if channel.is_archived:
            raise SlackError("is_archived")
        if not text.strip():
            raise SlackError("no_text")
        written, blocks = composing.typed(text, self._workspace.people)
        author = {"user": user, "team": self._workspace.seed.team_id, "client_msg_id": self._workspace.ids.uuid()}
        draft = Draft(author=author, text=written, blocks=blocks, thread_ts=thread_ts)
        return self._workspace.messages.post(channel, draft)

    def react(self, user: str, reference: str, ts: str, name: str) -> None:
        """A person adds a reaction, or takes it back when it is already theirs."""
        channel = self._entered(user, reference)
        try:
            self._workspace.messages.react(channel, ts, name=name, user=user)
        except SlackError as error:
            if error.code != "already_reacted":
                raise
            self._workspace.messages.unreact(channel, ts, name=name, user=user)

    async def command(self, user: str, reference: str, line: str, *, thread_ts: str = "") -> Outcome:
        """A slash command. Slack refuses them in threads, and answers itself when it knows no such command."""
        channel = self._entered(user, reference)
        if thread_ts:
            raise SlackError("not_supported_in_threads")
        name, _, text = line.strip().partition(" ")
        declared = self._manifest.command(name)
        if declared is None:
            return self._refuse(channel, user, f"{name} is not a valid command.")
        text = text.strip()
        if declared.should_escape:
            text, _ = composing.typed(text, self._workspace.people)
        account = self._workspace.people.user(user)
        url = self._hooks.issue("commands", user, channel.id)
        payload = self._payloads.command(account, channel, command=name, text=text, response_url=url)
        ack = await self._socket.request("slash_commands", payload, name=name, answers=True)
        return self._answered(ack, channel, user, line)

    async def press(
        self,
        user: str,
        reference: str,
        ts: str,
        *,
        block_id: str,
        action_id: str,
        value: Mapping[str, object] | None = None,
        state: Json | None = None,
    ) -> Outcome:
        """A person operates an element of a message; `value` is element-specific, as in the payload's action."""
        if not self._manifest.interactivity:
            raise SlackError(
                "not_interactive", messages=["This app is not configured to handle interactive responses."]
            )
        channel = self._entered(user, reference)
        message, is_ephemeral = self._message(channel, user, ts)
        block, element = find_element(message.get("blocks") or [], block_id, action_id, value)
        if block["type"] == "input" and not block.get("dispatch_action"):
            return Outcome(Result.DONE)
        body = self._payloads.interaction("block_actions", self._workspace.people.user(user))
        body |= self._payloads.in_message(channel, _plain(message), is_ephemeral=is_ephemeral)
        body["state"] = {"values": stateful.values(message["blocks"], given=state)}
        body["actions"] = [stateful.action(block, element, action_ts=self._workspace.ids.ts(), value=value)]
        body["response_url"] = self._hooks.issue("actions", user, channel.id, ts)
        ack = await self._socket.request("interactive", body, name="block_actions")
        if ack.is_ok:
            return Outcome(Result.DONE, ack)
        failure = {"channel": channel.id, "message_ts": ts, "action_id": action_id, "text": _BUTTON_TROUBLE}
        self._workspace.feed.publish("action.failed", failure, audience=frozenset((user,)))
        return _failed(ack, _BUTTON_TROUBLE)

    async def shortcut(self, user: str, callback_id: str, reference: str = "", ts: str = "") -> Outcome:
        """A global shortcut, or with a message a message shortcut."""
        kind = "message" if ts else "global"
        declared = any(one.callback_id == callback_id and one.type == kind for one in self._manifest.shortcuts)
        if not declared and not self._manifest.any_command:
            raise SlackError("unknown_shortcut")
        account = self._workspace.people.user(user)
        body = self._payloads.interaction("message_action" if ts else "shortcut", account)
        body |= {"callback_id": callback_id, "action_ts": self._workspace.ids.ts()}
        if ts:
            channel = self._entered(user, reference)
            message = self._workspace.messages.find(channel, ts)
            body |= {"message_ts": ts, "message": _plain(message)}
            body["channel"] = {"id": channel.id, "name": channel.name or "directmessage"}
            body["response_url"] = self._hooks.issue("app", user, channel.id, ts)
        ack = await self._socket.request("interactive", body, name=body["type"])
        return Outcome(Result.DONE, ack) if ack.is_ok else _failed(ack, _BUTTON_TROUBLE)

    def open_home(self, user: str) -> None:
        """A person opens the app's Home tab."""
        if not self._manifest.home_tab:
            raise SlackError("not_enabled")
        channel = self._workspace.channels.direct(user)
        view = self._workspace.views.home(user)
        self._workspace.announcer.home_opened(user, channel, tab="home", view=view)

    async def suggest(self, user: str, where: Json, *, block_id: str, action_id: str, query: str) -> Json:
        """The options of an external_select for what was typed; `where` as for payloads' containers."""
        body = self._payloads.interaction("block_suggestion", self._workspace.people.user(user), with_trigger=False)
        body |= where | {"block_id": block_id, "action_id": action_id, "value": query}
        ack = await self._socket.request("interactive", body, name="block_suggestion", answers=True)
        return {key: ack.payload[key] for key in ("options", "option_groups") if key in ack.payload}

    def where(self, user: str, *, view_id: str = "", reference: str = "", ts: str = "") -> Json:
        """The container part of a block_suggestion."""
        if view_id:
            return self._payloads.in_view(self._workspace.views.find(view_id))
        channel = self._entered(user, reference)
        message, is_ephemeral = self._message(channel, user, ts)
        return self._payloads.in_message(channel, _plain(message), is_ephemeral=is_ephemeral)

    def _entered(self, user: str, reference: str) -> Channel:
        account = self._workspace.people.user(user)
        if account.deleted:
            raise SlackError("account_inactive")
        return self._workspace.channels.visible_to(user, reference)

    def _message(self, channel: Channel, user: str, ts: str) -> tuple[Json, bool]:
        whisper = self._workspace.messages.ephemerals.get(ts)
        if whisper is not None and whisper["for_user"] == user:
            return whisper, True
        return self._workspace.messages.find(channel, ts), False

    def _answered(self, ack: Ack, channel: Channel, user: str, line: str) -> Outcome:
        name = line.split(" ", 1)[0]
        if not ack.is_ok:
            code = "operation_timeout" if ack.status.value == "timed_out" else "dispatch_failed"
            text = f'{name} failed with the error "{code}"'
            self._slackbot(channel, user, text)
            return _failed(ack, text)
        if not ack.payload:
            return Outcome(Result.DONE, ack)
        try:
            if ack.payload.get("response_type") == "in_channel":
                # The command itself becomes visible together with a public answer.
                author = {"user": user, "team": self._workspace.seed.team_id}
                self._workspace.messages.post(channel, Draft(author=author, text=composing.escape(line)))
            self._hooks.respond(Hook(user, channel.id, None, 0.0), ack.payload)
        except SlackError as error:
            self._workspace.warnings.add("bad_ack", f"{name}: the ack's message was refused: {error.code}")
            return Outcome(Result.FAILED, ack, text=error.code)
        return Outcome(Result.DONE, ack)

    def _refuse(self, channel: Channel, user: str, text: str) -> Outcome:
        self._slackbot(channel, user, text)
        return Outcome(Result.REFUSED, text=text)

    def _slackbot(self, channel: Channel, user: str, text: str) -> None:
        self._workspace.messages.whisper(channel, user, Draft(author=_SLACKBOT, text=text))


def find_element(
    blocks: list[Json], block_id: str, action_id: str, value: Mapping[str, object] | None
) -> tuple[Json, Json]:
    """The element with this action_id, in this block if one is named; among equal ones the button with this value."""
    found = [
        (block, element)
        for block, element in elements_of(blocks)
        if element.get("action_id") == action_id and block_id in ("", block["block_id"])
    ]
    wanted = (value or {}).get("value")
    for block, element in found:
        if wanted is None or element.get("type") != "button" or element.get("value") == wanted:
            return block, element
    raise SlackError("element_not_found")


def _failed(ack: Ack, text: str) -> Outcome:
    result = Result.TIMEOUT if ack.status.value == "timed_out" else Result.UNREACHABLE
    return Outcome(result, ack, text=text)


def _plain(message: Json) -> Json:
    return {key: value for key, value in message.items() if key not in ("for_user", "is_ephemeral")}

"""response_urls: addresses that let an app answer one interaction, up to five times within half an hour.

https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

import itertools
import json
from dataclasses import dataclass

from aiohttp import web

from bot.sim.slack import composing, rules
from bot.sim.slack.channels import Channel
from bot.sim.slack.errors import SlackError
from bot.sim.slack.messages import Draft
from bot.sim.slack.wire import Json
from bot.sim.slack.workspace import Workspace

_KEPT = 10_000  # addresses remembered; older ones count as expired
_YES = (True, "true")


@dataclass(slots=True)
class Hook:
    """One response_url. `source_ts` is the message that was acted on; None for a slash command."""

    user: str
    channel: str
    source_ts: str | None
    created_at: float
    uses: int = 0


class Hooks:
    """Issues response_urls and serves them. `host` is set once the server listens."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._hooks: dict[str, Hook] = {}
        self._numbers = itertools.count(1)
        self.host = ""

    def issue(self, kind: str, user: str, channel: str, source_ts: str | None = None) -> str:
        """A new address; `kind` is commands, actions or app, as in Slack's own."""
        secret = self._workspace.ids.secret()
        self._hooks[secret] = Hook(user, channel, source_ts, self._workspace.clock.now())
        if len(self._hooks) > _KEPT:
            del self._hooks[next(iter(self._hooks))]
        return f"http://{self.host}/{kind}/{self._workspace.seed.team_id}/{next(self._numbers)}/{secret}"

    async def handle(self, request: web.Request) -> web.Response:
        """POST from the app. Slack answers these in plain text, with HTTP errors."""
        hook = self._hooks.get(request.match_info["secret"])
        settings = self._workspace.settings
        if hook is None or self._workspace.clock.now() - hook.created_at > settings.response_url_seconds:
            return web.json_response({"ok": False, "error": "Expired url"}, status=404)
        if hook.uses >= settings.response_url_uses:
            return web.json_response({"ok": False, "error": "Used url"}, status=404)
        try:
            self.respond(hook, _body(await request.read()))
        except SlackError as error:
            return web.Response(status=400, text=error.code)
        hook.uses += 1
        return web.Response(text="ok")

    def respond(self, hook: Hook, body: Json) -> None:
        """Does what a response_url's body, or the ack payload of a slash command, asks for."""
        replaces, deletes = body.get("replace_original") in _YES, body.get("delete_original") in _YES
        has_message = bool(body.get("text") or body.get("blocks") or body.get("attachments"))
        if not has_message and not deletes:
            raise SlackError("no_text")
        draft = self._draft(body) if has_message else None
        if deletes:
            self._delete_source(hook)
        if draft is None:
            return
        if replaces and not deletes and self._replace_source(hook, draft):
            return
        channel = self._workspace.channels.find(hook.channel)
        if body.get("response_type") == "in_channel":
            self._workspace.messages.post(channel, draft)
        else:
            self._workspace.messages.whisper(channel, hook.user, draft)

    def _draft(self, body: Json) -> Draft:
        blocks, attachments = body.get("blocks"), body.get("attachments")
        rules.check_message(blocks, attachments)
        text = composing.sanitised(str(body.get("text") or ""))
        return Draft(
            author=self._workspace.bot_author,
            text=text,
            blocks=blocks,
            attachments=attachments,
            thread_ts=str(body.get("thread_ts") or ""),
            metadata=body.get("metadata"),
        )

    def _source(self, hook: Hook) -> tuple[Channel, Json | None, Json | None]:
        """(channel, the ephemeral source, the visible source); a person's own command text is neither."""
        channel = self._workspace.channels.find(hook.channel)
        whisper = self._workspace.messages.ephemerals.get(hook.source_ts or "")
        message = channel.messages.get(hook.source_ts or "")
        is_own = message is not None and message.get("bot_id") == self._workspace.seed.bot_id
        return channel, whisper, message if is_own else None

    def _delete_source(self, hook: Hook) -> None:
        channel, whisper, message = self._source(hook)
        if whisper is not None:
            self._workspace.messages.drop_whisper(whisper)
        elif message is not None:
            self._workspace.messages.delete(channel, message)

    def _replace_source(self, hook: Hook, draft: Draft) -> bool:
        """Exchanges the source's content; its visibility never changes. False where there is nothing to replace."""
        channel, whisper, message = self._source(hook)
        if whisper is not None:
            self._workspace.messages.replace_whisper(whisper, draft)
            return True
        if message is None:
            return False
        changed = message | {"text": draft.text}
        for key, value in (("blocks", draft.blocks), ("attachments", draft.attachments)):
            changed.pop(key, None)
            if value:
                changed[key] = value
        if draft.blocks:
            changed["blocks"] = self._workspace.messages.stored_blocks(draft.blocks)
        self._workspace.messages.replace(channel, changed)
        return True


def _body(raw: bytes) -> Json:
    try:
        body = json.loads(raw)
    except ValueError:
        raise SlackError("invalid_payload") from None
    if not isinstance(body, dict):
        raise SlackError("invalid_payload")
    return body

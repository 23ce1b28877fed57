"""The page's endpoints: snapshots and an event stream for one viewer, and what that viewer does.

The page is a client of the simulation like Slack's own are of Slack; it is served from `page/` beside this module.
"""

import asyncio
import json
from importlib import resources
from itertools import islice

from aiohttp import web

from bot.sim.slack import loopback
from bot.sim.slack.arguments import Arguments
from bot.sim.slack.errors import SlackError
from bot.sim.slack.feed import Change
from bot.sim.slack.interactions import Interactions
from bot.sim.slack.journal import Journal
from bot.sim.slack.manifest import Manifest
from bot.sim.slack.modals import Modals
from bot.sim.slack.outcomes import Outcome
from bot.sim.slack.people import SLACKBOT, User
from bot.sim.slack.wire import Json
from bot.sim.slack.workspace import Workspace

_MESSAGES_SHOWN = 1_000  # per conversation, in a snapshot
_DELIVERIES_SHOWN = 100
_KEEPALIVE_SECONDS = 15.0
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_SAFETY = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: https:; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'; form-action 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Page:
    """Serves /ui."""

    def __init__(
        self,
        workspace: Workspace,
        manifest: Manifest,
        *,
        journal: Journal,
        people: Interactions,
        modals: Modals,
    ) -> None:
        self._workspace, self._manifest, self._journal = workspace, manifest, journal
        self._people, self._modals = people, modals

    def routes(self) -> list[web.AbstractRouteDef]:
        """Every route, guarded."""
        gets = {
            "/": self._root,
            "/ui": self._root,
            "/ui/": self._index,
            "/ui/static/{file}": self._static,
            "/ui/state": self._state,
            "/ui/events": self._events,
        }
        posts = {
            "/ui/message": self._message,
            "/ui/command": self._command,
            "/ui/action": self._action,
            "/ui/options": self._options,
            "/ui/view/submit": self._submit,
            "/ui/view/close": self._close,
            "/ui/home": self._home,
            "/ui/shortcut": self._shortcut,
            "/ui/reaction": self._reaction,
        }
        return [
            *(web.get(path, loopback.guarded(handler), allow_head=False) for path, handler in gets.items()),
            *(web.post(path, loopback.guarded(handler)) for path, handler in posts.items()),
        ]

    async def _root(self, _: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/ui/"})

    async def _index(self, _: web.Request) -> web.Response:
        return _asset("index.html")

    async def _static(self, request: web.Request) -> web.Response:
        return _asset(request.match_info["file"])

    async def _state(self, request: web.Request) -> web.Response:
        viewer = self._workspace.people.user(request.query.get("user", ""))
        if viewer.can_be_notified and self._manifest.messages_tab:
            # The app's own conversation stands in everybody's sidebar.
            self._workspace.channels.direct(viewer.id)
        return web.json_response(self._snapshot(viewer))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        viewer = self._workspace.people.user(request.query.get("user", ""))
        seq = Arguments(dict(request.query)).number("since", self._workspace.feed.last_seq)
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream", **_SAFETY})
        await stream.prepare(request)
        try:
            await self._stream(stream, viewer, seq)
        except ConnectionError:
            return stream
        return stream

    async def _stream(self, stream: web.StreamResponse, viewer: User, seq: int) -> None:
        feed = self._workspace.feed
        while not feed.closed:
            if feed.has_lost(seq):
                # The viewer was away, or slow, for too long: only a new snapshot helps.
                seq = feed.last_seq
                await stream.write(b'data: {"seq": %d, "type": "reset"}\n\n' % seq)
            changes = feed.since(seq)
            shown = [change.to_json() for change in changes if self._shows(viewer, change)]
            if shown:
                await stream.write("".join(f"data: {json.dumps(one)}\n\n" for one in shown).encode())
            seq = changes[-1].seq if changes else seq
            try:
                async with asyncio.timeout(_KEEPALIVE_SECONDS):
                    await feed.more(seq)
            except TimeoutError:
                await stream.write(b": still here\n\n")

    def _shows(self, viewer: User, change: Change) -> bool:
        """Guests hear of the channels they are in only, though public ones are announced to everybody."""
        if not viewer.is_guest or change.audience is not None or "channel" not in change.body:
            return change.visible_to(viewer.id)
        channel = change.body["channel"]
        return self._sees(viewer, channel["id"] if isinstance(channel, dict) else channel)

    def _snapshot(self, viewer: User) -> Json:
        workspace = self._workspace
        seen = [one for one in workspace.channels.all.values() if self._sees(viewer, one.id)]
        records = list(islice(reversed(self._journal.deliveries), _DELIVERIES_SHOWN))
        whispers = [one for one in workspace.messages.ephemerals.values() if one["for_user"] == viewer.id]
        seed = workspace.seed
        return {
            "team": {"id": seed.team_id, "name": seed.team_name, "domain": seed.domain},
            "me": viewer.id,
            "users": [_user(user) for user in workspace.people.users.values()] + [_user(_SLACKBOT)],
            "usergroups": [
                {"id": group.id, "handle": group.handle, "name": group.name, "users": list(group.users)}
                for group in workspace.people.usergroups.values()
            ],
            "channels": [workspace.channels.to_page(channel) for channel in seen],
            "commands": [
                {"command": one.command, "description": one.description, "usage_hint": one.usage_hint}
                for one in self._manifest.commands
            ],
            "shortcuts": [
                {"name": one.name, "type": one.type, "callback_id": one.callback_id, "description": one.description}
                for one in self._manifest.shortcuts
            ],
            "messages": {one.id: workspace.messages.shown_in(one, most=_MESSAGES_SHOWN) for one in seen},
            "ephemeral": whispers,
            "views": workspace.views.stack(viewer.id),
            "home": workspace.views.home(viewer.id),
            "inspector": [record.to_json() for record in reversed(records)],
            "warnings": workspace.warnings.to_json(),
            "seq": workspace.feed.last_seq,
        }

    def _sees(self, viewer: User, channel: str) -> bool:
        try:
            self._workspace.channels.visible_to(viewer.id, channel)
        except SlackError:
            return False
        return True

    async def _message(self, request: web.Request) -> web.Response:
        given = Arguments(await loopback.body_of(request))
        message = self._people.say(
            given.required("user"), given.required("channel"), given.required("text"), given.text("thread_ts")
        )
        return web.json_response({"ts": message["ts"]})

    async def _command(self, request: web.Request) -> web.Response:
        given = Arguments(await loopback.body_of(request))
        thread = "thread" if given.flag("in_thread") else ""
        await self._people.command(
            given.required("user"), given.required("channel"), given.required("text"), thread_ts=thread
        )
        return web.json_response({})

    async def _action(self, request: web.Request) -> web.Response:
        body = await loopback.body_of(request)
        given = Arguments(body)
        ids = {"block_id": given.text("block_id"), "action_id": given.required("action_id")}
        value, state = _mapping(body, "value"), _mapping(body, "state")
        if given.text("view_id"):
            await self._modals.press(given.required("user"), given.text("view_id"), **ids, value=value, state=state)
        else:
            where = (given.required("user"), given.required("channel"), given.required("message_ts"))
            await self._people.press(*where, **ids, value=value, state=state)
        return web.json_response({})

    async def _options(self, request: web.Request) -> web.Response:
        given = Arguments(await loopback.body_of(request))
        user = given.required("user")
        where = self._people.where(
            user,
            view_id=given.text("view_id"),
            reference=given.text("channel"),
            ts=given.text("message_ts"),
        )
        ids = {"block_id": given.required("block_id"), "action_id": given.required("action_id")}
        return web.json_response(await self._people.suggest(user, where, **ids, query=given.text("query")))

    async def _submit(self, request: web.Request) -> web.Response:
        body = await loopback.body_of(request)
        given = Arguments(body)
        outcome = await self._modals.submit(
            given.required("user"), given.required("view_id"), _mapping(body, "state") or {}
        )
        return web.json_response(_submitted(outcome))

    async def _close(self, request: web.Request) -> web.Response:
        given = Arguments(await loopback.body_of(request))
        await self._modals.close(given.required("user"), given.required("view_id"), cleared=given.flag("cleared"))
        return web.json_response({})

    async def _home(self, request: web.Request) -> web.Response:
        given = Arguments(await loopback.body_of(request))
        self._people.open_home(given.required("user"))
        return web.json_response({})

    async def _shortcut(self, request: web.Request) -> web.Response:
        given = Arguments(await loopback.body_of(request))
        await self._people.shortcut(
            given.required("user"), given.required("callback_id"), given.text("channel"), given.text("message_ts")
        )
        return web.json_response({})

    async def _reaction(self, request: web.Request) -> web.Response:
        given = Arguments(await loopback.body_of(request))
        self._people.react(
            given.required("user"), given.required("channel"), given.required("ts"), given.required("name")
        )
        return web.json_response({})


_SLACKBOT = User(SLACKBOT, "slackbot", "Slackbot", is_bot=True)


def _asset(name: str) -> web.Response:
    """A file of the page; only plain names of known types, nothing outside the folder."""
    suffix = name[name.rfind(".") :]
    asset = resources.files("bot.sim.slack").joinpath("page", name)
    if suffix not in _TYPES or "/" in name or "\\" in name or not asset.is_file():
        return loopback.refusal(404, "not_found", "There is no such file.")
    return web.Response(text=asset.read_text("utf-8"), content_type=_TYPES[suffix], charset="utf-8", headers=_SAFETY)


def _user(user: User) -> Json:
    return {
        "id": user.id,
        "name": user.name,
        "real_name": user.real_name,
        "title": user.title,
        "is_bot": user.is_bot,
        "is_guest": user.is_guest,
        "deleted": user.deleted,
        "color": user.color,
    }


def _mapping(body: Json, name: str) -> Json | None:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise SlackError("invalid_arguments", messages=[f"must provide an object [json-pointer:/{name}]"])
    return value


def _submitted(outcome: Outcome) -> Json:
    answer: Json = {"result": outcome.result.value}
    return answer | ({"errors": dict(outcome.errors)} if outcome.errors else {})

"""/api/{method}: tokens, scopes, budgets and planted faults around the methods, and Slack's way of answering.

https://docs.slack.dev/apis/web-api. Every answer is HTTP 200 with `ok`, except 429 when rate limited.
"""

import json
from collections.abc import Mapping

from aiohttp import web

from bot.sim.slack import (
    arguments,
    methods_account,
    methods_channels,
    methods_chat,
    methods_files,
    methods_history,
    methods_marks,
    methods_people,
    methods_views,
)
from bot.sim.slack.arguments import Arguments
from bot.sim.slack.calls import Call, Method
from bot.sim.slack.errors import RateLimited, SlackError
from bot.sim.slack.faults import Fault, FaultKind, Faults, Moment
from bot.sim.slack.link import Link
from bot.sim.slack.manifest import Manifest
from bot.sim.slack.rate_limits import RateLimits, Tier
from bot.sim.slack.wire import Json
from bot.sim.slack.workspace import Workspace

METHODS: Mapping[str, Method] = (
    methods_account.METHODS
    | methods_channels.METHODS
    | methods_chat.METHODS
    | methods_files.METHODS
    | methods_history.METHODS
    | methods_marks.METHODS
    | methods_people.METHODS
    | methods_views.METHODS
)


class WebApi:
    """Serves every method for the installed app."""

    def __init__(
        self, workspace: Workspace, manifest: Manifest, *, link: Link, faults: Faults, limits: RateLimits
    ) -> None:
        self._workspace, self._manifest, self._link = workspace, manifest, link
        self._faults, self._limits = faults, limits
        self._headers = {"x-oauth-scopes": manifest.scope_list(), "Cache-Control": "no-store"}

    async def handle(self, request: web.Request) -> web.Response:
        """One call, with whatever fault was planted for it."""
        name = request.match_info["method"]
        fault = self._faults.take(name)
        if fault is not None and fault.moment is Moment.BEFORE:
            struck = await self._strike(request, fault)
            if struck is not None:
                return struck
        try:
            answer = self._respond({"ok": True, **await self._perform(request, name)})
        except RateLimited as limited:
            return self._limited(limited.retry_after)
        except SlackError as error:
            answer = self._respond(error.body())
        if fault is not None and fault.moment is Moment.AFTER:
            return await self._strike(request, fault) or answer
        return answer

    async def _perform(self, request: web.Request, name: str) -> Json:
        given = await arguments.read(request)
        method = METHODS.get(name)
        if method is None:
            raise SlackError("unknown_method", req_method=name)
        if method.tier is not Tier.FREE:
            self._authorise(request, given, method)
        reader = Arguments(given)
        self._limits.spend(name, method.tier, reader.text("channel") if method.tier is Tier.POSTING else "")
        return method.perform(Call(name, reader, self._workspace, self._link, request.host, self._manifest))

    def _authorise(self, request: web.Request, given: Json, method: Method) -> None:
        seed = self._workspace.seed
        header = request.headers.get("Authorization", "")
        # The app-level token travels in the header only.
        token = header.removeprefix("Bearer ").strip() or ("" if method.app_token else str(given.get("token") or ""))
        if not token:
            raise SlackError("not_authed")
        if token not in (seed.bot_token, seed.app_token):
            raise SlackError("invalid_auth")
        if token != (seed.app_token if method.app_token else seed.bot_token):
            raise SlackError("not_allowed_token_type")
        if not self._manifest.granted(method.scopes):
            provided = self._manifest.scope_list()
            raise SlackError("missing_scope", needed=",".join(method.scopes), provided=provided)

    async def _strike(self, request: web.Request, fault: Fault) -> web.Response | None:
        match fault.kind:
            case FaultKind.DELAY:
                await self._workspace.clock.sleep(fault.seconds)
                return None
            case FaultKind.RATE_LIMITED:
                return self._limited(fault.retry_after)
            case FaultKind.HTTP_ERROR:
                return web.Response(status=fault.status, text="upstream error")
            case FaultKind.ERROR:
                return self._respond({"ok": False, "error": fault.error})
            case FaultKind.DROP:
                if request.transport is not None:
                    request.transport.abort()
                return web.Response(status=500)

    def _limited(self, retry_after: int) -> web.Response:
        response = self._respond({"ok": False, "error": "ratelimited"}, status=429)
        response.headers["Retry-After"] = str(retry_after)
        return response

    def _respond(self, body: Json, status: int = 200) -> web.Response:
        headers = {**self._headers, "x-slack-req-id": self._workspace.ids.secret()}
        return web.Response(
            text=json.dumps(body), status=status, content_type="application/json", charset="utf-8", headers=headers
        )

"""The socket to Slack: connected, watched, and closed without losing what is under way.

Slack's own client is used as it is; what it lacks is put around it here (SLACK.md 5): a used-up URL is thrown away, a
socket that delivers nothing is rebuilt, every envelope is acknowledged, and a stop waits for the listeners.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack import failures
from bot.adapters.slack.connection import Web, Workspace, is_loopback, vendor_logger
from bot.adapters.slack.echoes import Echoes
from bot.adapters.slack.errands import Errands
from bot.adapters.slack.home import Homes
from bot.adapters.slack.listeners import Listeners
from bot.adapters.slack.questions import Desk
from bot.core.errors import Transient
from bot.ports import Clock

PING_SECONDS = 5.0
"""A dead socket is noticed after at most one ping and a half; Bolt's default is 10."""

WATCH_SECONDS = 1.0

DOWN_SECONDS = 2.0
"""Longer than an ordinary reconnect takes: by now the address is used up or wrong."""

FRESH_URL_SECONDS = 6.0
"""A used-up URL is not thrown away more often than this: apps.connections.open is Tier 1."""

CONNECT_SECONDS = 10.0
"""How long `start` waits for the first socket; then the bot works without Slack and keeps trying."""

_log = logging.getLogger(__name__)


class Gateway:
    """Everything that people send: clicks, submitted modals, commands."""

    def __init__(
        self,
        client: AsyncWebClient,
        app_token: str,
        *,
        desk: Desk,
        workspace: Workspace,
        clock: Clock,
        channel: str,
        ping_seconds: float = PING_SECONDS,
        connect_seconds: float = CONNECT_SECONDS,
    ) -> None:
        """`channel` is the name that people know the incidents' channel by; `desk` has the shape of flow.desk.Desk."""
        self._client = client
        self._app_token = app_token
        self._workspace = workspace
        self._clock = clock
        self._ping_seconds = ping_seconds
        self._connect_seconds = connect_seconds
        self._errands = Errands()
        self._listeners = Listeners(desk, Web(client), workspace, clock=clock, errands=self._errands, channel=channel)
        self._echoes = Echoes(clock)
        self._handler: AsyncSocketModeHandler | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._is_stopping = False
        self.deaf = asyncio.Event()
        """Set when Slack takes what is posted and delivers nothing, whatever was tried: only a new start may help."""

    @property
    def homes(self) -> Homes:
        return self._listeners.homes

    async def start(self) -> None:
        """Check the tokens, then connect. Raise Invalid for tokens that can never work.

        When Slack cannot be reached this returns all the same: the watch keeps trying, `is_connected` tells.
        """
        url = await self._first_url()
        handler = self._handler = self._build()
        handler.client.wss_uri = url
        connecting = asyncio.create_task(_connect(handler), name="slack.connect")
        self._tasks = [connecting, asyncio.create_task(self._watch(handler), name="slack.watch")]
        if url is not None:  # else Slack cannot be reached now: the watch keeps trying, and nobody need wait for it
            await asyncio.wait({connecting}, timeout=self._connect_seconds)

    async def stop(self, deadline_seconds: float) -> None:
        """Take nothing more in, let what is under way finish, then close the socket."""
        self._is_stopping = True
        cancelled = await self._errands.drain(deadline_seconds)
        if cancelled:
            _log.warning("slack.drain_cut cancelled=%d", cancelled)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._handler is not None:
            await _close(self._handler)
        self._handler = None

    async def is_connected(self) -> bool:
        return self._handler is not None and bool(await self._handler.client.is_connected())

    @property
    def has_round_trip(self) -> bool:
        """True once a message of ours came back: from then on a deaf socket is noticed."""
        return self._echoes.is_armed

    def expect_echo(self, channel: str, ts: str) -> None:
        """Hook for Chat: Slack accepted this message, so its event must come back over the socket."""
        self._echoes.expect(channel, ts)

    async def _first_url(self) -> str | None:
        """A socket's address, or None when Slack cannot be reached now."""
        try:
            await self._workspace.identity()
            answer = await self._client.apps_connections_open(app_token=self._app_token)
        except SlackApiError as error:
            wrong = failures.refusal(error, token="SLACK_APP_TOKEN")  # noqa: S106 - a name, no token
            if wrong is not None:
                raise wrong from error
            _log.warning("slack.unreachable error=%s", failures.error_code(error))
            return None
        except Transient as error:
            _log.warning("slack.unreachable error=%s", error)
            return None
        except (SlackClientError, OSError, TimeoutError) as error:
            _log.warning("slack.unreachable error=%s", type(error).__name__)
            return None
        url = answer.get("url")
        return url if isinstance(url, str) else None

    def _build(self) -> AsyncSocketModeHandler:
        app = _application(self._client, self._workspace, self._listeners, accepts=lambda: not self._is_stopping)
        handler = AsyncSocketModeHandler(
            app,
            self._app_token,
            logger=vendor_logger("slack_sdk.socket"),
            web_client=self._client,
            ping_interval=self._ping_seconds,
        )
        if is_loopback(self._client.base_url):
            handler.client.proxy = None
        handler.client.socket_mode_request_listeners[:] = [partial(self._receive, handler)]
        return handler

    async def _receive(
        self, handler: AsyncSocketModeHandler, client: SocketModeClient, request: SocketModeRequest
    ) -> None:
        """What people do goes through Bolt. Events only tell that the socket delivers: each message of ours comes back
        as one, and Bolt's dispatch would cost as much as having posted it."""
        if request.type != "events_api":
            await handler.handle(client, request)
            return
        event = request.payload.get("event")
        if isinstance(event, dict) and event.get("type") == "message":
            self._echoes.hear(str(event.get("channel", "")), str(event.get("ts", "")))
        elif isinstance(event, dict) and not self._is_stopping:
            self._listeners.on_event(event)
        await client.send_socket_mode_response(SocketModeResponse(request.envelope_id))

    async def _watch(self, handler: AsyncSocketModeHandler) -> None:
        """Cure the two ways in which Slack's client stays deaf (SLACK.md 5.3)."""
        was_connected, renewed_at, up_at = False, float("-inf"), self._clock.monotonic()
        while True:
            await self._clock.sleep(WATCH_SECONDS)
            client = handler.client
            is_connected = bool(await client.is_connected())
            if is_connected != was_connected:
                _log.log(logging.INFO if is_connected else logging.WARNING, "slack.connected is=%s", is_connected)
                was_connected = is_connected
            now = self._clock.monotonic()
            up_at = now if is_connected else up_at
            if now - up_at >= DOWN_SECONDS and now - renewed_at >= FRESH_URL_SECONDS:
                client.wss_uri, renewed_at = None, now  # single use: connect() would try the same one for ever
            if is_connected and self._echoes.is_overdue():
                _log.warning("slack.silent action=rebuild")
                self._echoes.forget()
                if self._echoes.is_hopeless:
                    _log.error("slack.deaf action=stop")
                    self.deaf.set()
                await client.connect_to_new_endpoint(force=True)


def _application(
    client: AsyncWebClient, workspace: Workspace, listeners: Listeners, *, accepts: Callable[[], bool]
) -> AsyncApp:
    async def authorize() -> AuthorizeResult:
        """Bolt would ask auth.test once per concurrent request; the workspace was asked at start."""
        known = await workspace.identity()
        return AuthorizeResult(
            enterprise_id=None, team_id=known.team, bot_user_id=known.user, bot_id=known.bot, bot_token=client.token
        )

    app = AsyncApp(
        logger=vendor_logger("slack_bolt"),
        name="pageturner",
        client=client,
        authorize=authorize,
        process_before_response=True,
        raise_error_for_unhandled_request=True,
        request_verification_enabled=False,  # signatures belong to HTTP; a socket is authenticated by its token
        ssl_check_enabled=False,
        url_verification_enabled=False,
        attaching_function_token_enabled=False,
        ignoring_self_events_enabled=False,  # no event comes this far
    )

    def taking(serve: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]) -> Callable[..., Awaitable[None]]:
        async def listen(ack: AsyncAck, body: dict[str, Any]) -> None:
            if accepts():  # while stopping there is no ack: Slack tells the person that it did not work
                await ack(**await serve(body))

        return listen

    async def unmatched(error: Exception) -> BoltResponse:
        """Slack redelivers what is not acknowledged, so what nobody listens to is acknowledged as well."""
        if isinstance(error, BoltUnhandledRequestError):
            _log.info("slack.unmatched type=%s", error.body.get("type"))
        else:
            _log.error("slack.dispatch_failed", exc_info=error)
        return BoltResponse(status=200)

    anything = re.compile(r".+", re.DOTALL)
    app.action(anything)(taking(listeners.on_click))
    app.view(anything)(taking(listeners.on_submission))
    app.command(anything)(taking(listeners.on_command))
    app.error(unmatched)
    return app


async def _connect(handler: AsyncSocketModeHandler) -> None:
    await handler.connect_async()  # type: ignore[no-untyped-call] # slack_bolt leaves it without annotations


async def _close(handler: AsyncSocketModeHandler) -> None:
    client = handler.client
    owned = [client.message_processor, client.current_session_monitor, client.message_receiver]
    await handler.close_async()  # type: ignore[no-untyped-call] # as above
    # close_async cancels these without waiting; unawaited they would outlive the loop's owner
    await asyncio.gather(*(task for task in owned if task is not None), return_exceptions=True)

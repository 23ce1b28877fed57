"""How the Web API is called: one session, one client, errors translated, who we are asked once.

It knows tokens and base URLs; it must not know what is said over it.
"""

import asyncio
import ipaddress
import json
import logging
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
    AsyncServerErrorRetryHandler,
)
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.adapters.slack import failures
from bot.core.errors import Transient
from bot.core.ids import UserId

CALL_SECONDS = 15.0
"""Longer than Slack ever takes when it works, short enough that an outage is noticed within one outbox turn."""

PATIENT_METHODS = frozenset({"auth.test", "conversations.list", "conversations.history", "conversations.replies"})
"""Reads that nobody waits for with a finger on a button: these are tried again inside the call. A post never is (it
might appear twice), and what a person waits for fails fast instead, inside Slack's three seconds."""

_log = logging.getLogger(__name__)


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def open_session() -> aiohttp.ClientSession:
    """The one session of this edge; whoever opens it closes it last."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=CALL_SECONDS, connect=5.0),
        cookie_jar=aiohttp.DummyCookieJar(),  # the Web API sets none that matter
    )


def open_client(token: str, *, base_url: str, session: aiohttp.ClientSession) -> AsyncWebClient:
    """The Web API client. Retries happen here for patient reads only; proxies are ignored for a loopback address."""
    client = AsyncWebClient(
        token=token,
        base_url=base_url,
        session=session,
        logger=vendor_logger("slack_sdk.web"),
        retry_handlers=[
            _PatientRateLimit(max_retry_count=1),
            _PatientServerError(max_retry_count=2),
            _PatientConnection(max_retry_count=1),
        ],
    )
    if is_loopback(client.base_url):
        client.proxy = None  # slack_sdk reads HTTPS_PROXY and knows no NO_PROXY
    return client


def vendor_logger(name: str) -> logging.Logger:
    """A logger with a level of its own: the SDKs format debug text for every call while theirs is 0 (NOTSET).

    Stack traces are left out: an unreachable Slack would print one every few seconds, and says no more with it.
    """
    logger = logging.getLogger(f"{__package__}.vendor.{name}")
    logger.setLevel(logging.ERROR)
    if not logger.filters:
        logger.addFilter(_without_trace)
    return logger


def _without_trace(record: logging.LogRecord) -> bool:
    record.exc_info, record.exc_text = None, None
    return True


class _Patient(AsyncRetryHandler):
    async def can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if request.url.rpartition("/")[2] not in PATIENT_METHODS:
            return False
        return bool(await super().can_retry_async(state=state, request=request, response=response, error=error))


class _PatientRateLimit(_Patient, AsyncRateLimitErrorRetryHandler):
    pass


class _PatientServerError(_Patient, AsyncServerErrorRetryHandler):
    pass


class _PatientConnection(_Patient, AsyncConnectionErrorRetryHandler):
    pass


class Web:
    """Calls of the Web API that raise `core.errors` only."""

    def __init__(self, client: AsyncWebClient) -> None:
        self.client = client
        self._headers = {
            **client.headers,
            "Authorization": f"Bearer {client.token}",
            "Content-Type": "application/json;charset=utf-8",
        }

    async def read(self, method: str, **arguments: str | int) -> Mapping[str, Any]:
        """A method that changes nothing; its arguments travel in the query, as Slack wants for reads."""
        return await self._translated(self._get(method, arguments), method=method, repeatable=True)

    async def write(self, method: str, body: Mapping[str, Any], *, repeatable: bool = False) -> Mapping[str, Any]:
        """A method that changes something. A lost answer raises Unclear unless the call is `repeatable`."""
        return await self._translated(self._post(method, body), method=method, repeatable=repeatable)

    async def _translated(
        self, answer: Awaitable[Mapping[str, Any]], *, method: str, repeatable: bool
    ) -> Mapping[str, Any]:
        try:
            return await answer
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            raise failures.translate(error, method=method, repeatable=repeatable) from error

    async def _get(self, method: str, arguments: Mapping[str, str | int]) -> Mapping[str, Any]:
        response = await self.client.api_call(method, http_verb="GET", params=dict(arguments))
        if not isinstance(response.data, dict):
            raise Transient(f"Slack's answer to {method} is not understood.")
        return response.data

    async def _post(self, method: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """What `api_call` does for a JSON body, without its retries, which no write may have (PATIENT_METHODS).

        Every message takes this way, and `api_call` would cost a third more.
        """
        client, url = self.client, f"{self.client.base_url}{method}"
        sent = json.dumps(body).encode()
        async with self._session().post(url, data=sent, headers=self._headers, proxy=client.proxy) as answer:
            told = _object(await answer.read())
        if answer.status == HTTPStatus.OK and told.get("ok"):
            return told
        response = AsyncSlackResponse(
            client=client,
            http_verb="POST",
            api_url=url,
            req_args={},
            data=told,
            headers=dict(answer.headers),
            status_code=answer.status,
        )
        raise SlackApiError(f"{method} was refused.", response)  # type: ignore[no-untyped-call] # slack_sdk has none here

    def _session(self) -> aiohttp.ClientSession:
        session = self.client.session
        if session is None or session.closed:
            raise Transient("The connection to Slack is closed.")
        return session


def _object(raw: bytes) -> dict[str, Any]:
    """Empty for what is no JSON object: such an answer tells nothing, as from a proxy in between."""
    try:
        answer = json.loads(raw)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this installation is, from auth.test."""

    team: str
    user: UserId
    bot: str
    name: str


class Workspace:
    """The workspace that the bot is installed in, asked once and remembered."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._known: Identity | None = None
        self._lock = asyncio.Lock()

    async def identity(self) -> Identity:
        """Raise Invalid for a token that will never work, Transient when Slack cannot be asked."""
        async with self._lock:
            if self._known is None:
                self._known = await self._ask()
            return self._known

    async def _ask(self) -> Identity:
        try:
            answer = await Web(self._client).read("auth.test")
        except Transient as error:
            cause = error.__cause__
            wrong = failures.refusal(cause, token="SLACK_BOT_TOKEN") if isinstance(cause, SlackApiError) else None  # noqa: S106 - a name, no token
            raise (wrong or error) from error
        team, user = answer.get("team_id"), answer.get("user_id")
        if not isinstance(team, str) or not isinstance(user, str):
            raise Transient("Slack's answer to auth.test is not understood.")
        return Identity(team, UserId(user), str(answer.get("bot_id") or ""), str(answer.get("user") or ""))

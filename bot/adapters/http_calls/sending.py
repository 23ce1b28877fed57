"""One request out, one answer in, at most once. It must not know why, or what the answer means to the runbook."""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import timedelta

import aiohttp
import yarl

from bot.adapters.http_calls import outcomes, resolving
from bot.adapters.http_calls.outcomes import Trouble
from bot.adapters.http_calls.requests import Request
from bot.core import inert
from bot.core.previews import Performed

READ_BYTES = 1024 * 1024
"""No more of an answer is read: nobody reads it, and memory is bounded."""

KEPT_BYTES = 64 * 1024
"""What is kept of that and shown."""

REDIRECTS = 3
_CONNECT_SECONDS = 10.0
_READABLE_REDIRECTS = frozenset((301, 302, 303, 307, 308))


class BrokenOff(Exception):
    """The connection broke after the request may have been sent."""


async def once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a GET, PUT or DELETE a second time after a broken connection, as it does by itself.

    Its loop repeats on ClientOSError and ServerDisconnectedError (aiohttp 3.14, ClientSession._request).
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise BrokenOff(str(error)) from error


async def send(
    request: Request, headers: Mapping[str, str], *, resolver: resolving.Judging, timeout: timedelta
) -> Performed:
    """Send and read the answer. Reads follow at most REDIRECTS redirects that stay on the same origin."""
    connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True)
    limits = aiohttp.ClientTimeout(total=None, sock_connect=min(_CONNECT_SECONDS, timeout.total_seconds()))
    sent = {"Accept-Encoding": "identity", "User-Agent": "pageturner", **headers}
    try:
        async with (
            asyncio.timeout(timeout.total_seconds()),
            aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=limits,
                auto_decompress=False,
                trust_env=False,
                middlewares=(once,),
            ) as session,
        ):
            return await _follow(session, request, sent)
    except aiohttp.ClientConnectorError as error:
        return _not_connected(error, is_read=request.is_read)
    except (aiohttp.ConnectionTimeoutError, aiohttp.ServerFingerprintMismatch) as error:
        return outcomes.of_trouble(Trouble.NOT_CONNECTED, is_read=request.is_read, reason=_brief(error))
    except TimeoutError:
        reason = f"waited {timeout.total_seconds():g} s"
        return outcomes.of_trouble(Trouble.LATE, is_read=request.is_read, reason=reason)
    except aiohttp.ClientPayloadError as error:
        return outcomes.of_trouble(Trouble.HALF, is_read=request.is_read, reason=_brief(error))
    except (BrokenOff, aiohttp.ClientError, OSError) as error:
        return outcomes.of_trouble(Trouble.LOST, is_read=request.is_read, reason=_brief(error))


def _not_connected(error: aiohttp.ClientConnectorError, *, is_read: bool) -> Performed:
    if isinstance(error.os_error, resolving.NotAllowed):
        return outcomes.of_trouble(Trouble.NOT_ALLOWED, is_read=is_read, reason=str(error.os_error))
    return outcomes.of_trouble(Trouble.NOT_CONNECTED, is_read=is_read, reason=_brief(error.os_error))


async def _follow(session: aiohttp.ClientSession, request: Request, headers: Mapping[str, str]) -> Performed:
    url = request.url
    for _ in range(REDIRECTS):
        async with session.request(
            request.method, url, headers=headers, data=request.body, allow_redirects=False
        ) as response:
            onward = _onward(request, url, response)
            if onward is None:
                return await _answer(response)
        url = onward
    async with session.request(
        request.method, url, headers=headers, data=request.body, allow_redirects=False
    ) as response:
        return await _answer(response)


def _onward(request: Request, url: yarl.URL, response: aiohttp.ClientResponse) -> yarl.URL | None:
    """Where a read is redirected to on the same origin; None means that this answer is the result."""
    if not request.is_read or response.status not in _READABLE_REDIRECTS or "Location" not in response.headers:
        return None
    try:
        target = url.join(yarl.URL(response.headers["Location"])).with_fragment(None)
        return target if target.origin() == url.origin() and not target.raw_user else None
    except ValueError:
        return None


async def _answer(response: aiohttp.ClientResponse) -> Performed:
    raw = bytearray()
    total = 0
    async for chunk in response.content.iter_any():
        total += len(chunk)
        raw += chunk[: KEPT_BYTES - len(raw)]
        if total > READ_BYTES:
            break
    outcome, is_repeatable = outcomes.of_status(response.status)
    detail = f"Answered {response.status} {response.reason or ''}".rstrip() + "."
    if "Location" in response.headers:
        detail += f" It points to {inert.inert(response.headers['Location'], 500)}, which was not followed."
    return Performed(
        outcome,
        output=inert.inert(raw.decode("utf-8", errors="replace"), KEPT_BYTES),
        detail=detail,
        status=response.status,
        is_truncated=total > len(raw),
        is_repeatable=is_repeatable,
    )


def _brief(error: BaseException) -> str:
    """One short reason without addresses of objects or stacks."""
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or 'the certificate was not accepted'}"
    return str(getattr(error, "strerror", None) or error) or type(error).__name__

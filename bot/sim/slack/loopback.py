"""Guards of the page's and the control endpoints.

Host is checked against DNS rebinding, Origin and X-Sim against requests forged by other sites.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.sim.slack.errors import SlackError
from bot.sim.slack.wire import Json

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_NAMES = ("127.0.0.1", "localhost", "[::1]")
_STATUS = {"not_found": 404, "user_not_found": 404, "channel_not_found": 404, "message_not_found": 404}


def guarded(handler: Handler) -> Handler:
    """Refuses requests that did not come from the page itself, and words refusals as the page's protocol does."""

    async def guard(request: web.Request) -> web.StreamResponse:
        if request.host.rsplit(":", 1)[0] not in _NAMES:
            return refusal(403, "forbidden_host", "This address is served to the local machine only.")
        origin = request.headers.get("Origin")
        if origin is not None and origin != f"http://{request.host}":
            return refusal(403, "forbidden_origin", "Another site may not act here.")
        if request.method == "POST" and request.headers.get("X-Sim") != "1":
            return refusal(403, "missing_header", "Requests that act must carry the header X-Sim: 1.")
        try:
            return await handler(request)
        except SlackError as error:
            text = "; ".join(error.messages) or error.code.replace("_", " ")
            return refusal(_STATUS.get(error.code, 400), error.code, text)

    return guard


def refusal(status: int, code: str, message: str) -> web.Response:
    """An error of the page's protocol."""
    return web.json_response({"error": code, "message": message}, status=status)


async def body_of(request: web.Request) -> Json:
    """The request's JSON object."""
    try:
        body = await request.json()
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(body, dict):
        raise SlackError("json_not_object")
    return body

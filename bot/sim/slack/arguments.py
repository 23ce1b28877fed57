"""Arguments of a Web API call, whichever of Slack's encodings they came in.

Query string, form, multipart and JSON are all accepted, for GET and POST; nested values may be JSON or JSON in a
string, lists may be comma-joined. Observed of the official Python and Node clients.
"""

import json

from aiohttp import web

from bot.sim.slack.errors import SlackError, missing
from bot.sim.slack.wire import Json

_TRUE = (True, 1, "1", "true", "True")


class Arguments:
    """Typed access to the arguments of one call; unknown arguments are ignored, as Slack does."""

    def __init__(self, given: Json) -> None:
        self._given = given

    def has(self, name: str) -> bool:
        """Whether it was given and is not null."""
        return self._given.get(name) is not None

    def text(self, name: str, default: str = "") -> str:
        """A string; numbers are taken as their text."""
        value = self._given.get(name)
        if value is None:
            return default
        if isinstance(value, str):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        raise SlackError("invalid_arguments", messages=[f"must provide a string [json-pointer:/{name}]"])

    def required(self, name: str) -> str:
        """A string that must be there and not empty."""
        value = self.text(name)
        if not value:
            raise missing(name)
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean in any of its spellings."""
        value = self._given.get(name)
        return default if value is None else value in _TRUE

    def number(self, name: str, default: int) -> int:
        """An integer, or invalid_arguments."""
        value = self._given.get(name)
        if value is None or value == "":
            return default
        try:
            return int(value)
        except (TypeError, ValueError):
            raise SlackError(
                "invalid_arguments", messages=[f"must provide an integer [json-pointer:/{name}]"]
            ) from None

    def words(self, name: str) -> list[str]:
        """A list of strings: JSON, or comma-joined."""
        value = self._given.get(name)
        if isinstance(value, str) and value.startswith("["):
            value = _parsed(value, "invalid_arguments")
        if isinstance(value, list):
            return [str(one) for one in value]
        return [one.strip() for one in self.text(name).split(",") if one.strip()]

    def tree(self, name: str, error: str) -> object:
        """A nested value, as JSON or JSON in a string; None when absent, `error` when it does not parse."""
        value = self._given.get(name)
        if isinstance(value, str):
            return _parsed(value, error) if value else None
        return value


def _parsed(text: str, error: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        raise SlackError(error) from None


async def read(request: web.Request) -> Json:
    """All arguments of the request, the body's over the query's."""
    given: Json = dict(request.query) if request.query_string else {}
    if request.method == "GET" or not request.can_read_body:
        return given
    content_type = request.content_type
    if content_type == "application/json":
        return given | _json_body(await request.read())
    if content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        try:
            return given | {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        except ValueError:
            raise SlackError("invalid_form_data") from None
    if not await request.read():
        return given
    raise SlackError("invalid_post_type" if "Content-Type" in request.headers else "missing_post_type")


def _json_body(body: bytes) -> Json:
    if not body:
        return {}
    try:
        parsed = json.loads(body)
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(parsed, dict):
        raise SlackError("json_not_object")
    return parsed

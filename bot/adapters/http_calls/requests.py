"""The request of one `http.request` operation: parsed from its arguments once, and shown as it will be sent.

Secrets are names here; their values are put in when it is sent. It must not know sockets.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import yarl

from bot.core.operations import Json

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
READS = frozenset(("GET", "HEAD", "OPTIONS"))

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
_OWN_HEADERS = frozenset(
    (
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "upgrade",
        "te",
        "trailer",
        "expect",
        "idempotency-key",
    )
)
"""Framing and routing are the sender's business: two of them make a smuggled request (RFC 9112, section 11.2)."""

_SECRET_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET_PLACE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LONGEST_SHOWN_BODY = 2000


@dataclass(frozen=True, slots=True)
class Request:
    """`secret_headers` values hold `${NAME}` where a secret goes. `body` is what is sent, already encoded."""

    method: str
    url: yarl.URL
    headers: Mapping[str, str]
    secret_headers: Mapping[str, str]
    body: bytes | None
    is_idempotent: bool

    @property
    def is_read(self) -> bool:
        return self.method in READS

    @property
    def host(self) -> str:
        return self.url.raw_host or ""

    @property
    def port(self) -> int:
        return self.url.port or 0

    @property
    def secret_names(self) -> tuple[str, ...]:
        found = {name for value in self.secret_headers.values() for name in _SECRET_PLACE.findall(value)}
        return tuple(sorted(found))

    def lines(self) -> tuple[str, ...]:
        """The exact request, one fact a line, secrets by name."""
        shown = [f"{self.method} {self.url}"]
        shown += [f"{name}: {value}" for name, value in sorted({**self.headers, **self.secret_headers}.items())]
        if self.body is not None:
            text = self.body.decode("utf-8", errors="replace")
            more = len(text) - _LONGEST_SHOWN_BODY
            shown.append(text if more <= 0 else f"{text[:_LONGEST_SHOWN_BODY]} ... and {more} more characters")
        return tuple(shown)

    def filled(self, secret: Callable[[str], str]) -> dict[str, str]:
        """All headers with the secrets in place. KeyError from `secret` when one is not there."""
        values = {name: secret(name) for name in self.secret_names}
        hidden = {
            name: _SECRET_PLACE.sub(lambda match: values[match[1]], value)
            for name, value in self.secret_headers.items()
        }
        return {**self.headers, **hidden}


def parse(arguments: Mapping[str, Json]) -> Request | str:
    """The request, or the sentence that says what is wrong with it."""
    method = str(arguments.get("method") or "GET").upper()
    if method not in METHODS:
        return f"{method} is not a method that runbooks may use. Use one of {', '.join(sorted(METHODS))}."
    url = _url(str(arguments.get("url") or ""))
    if isinstance(url, str):
        return url
    headers, hidden = _headers(arguments.get("headers")), _headers(arguments.get("secret_headers"))
    wrong = next((name for name, value in {**headers, **hidden}.items() if not _is_sound(name, value)), "")
    if wrong:
        return f"The header {wrong!r} cannot be set by a runbook. Leave it out, or write it without control characters."
    hidden = {name: f"${{{value}}}" if _SECRET_NAME.fullmatch(value) else value for name, value in hidden.items()}
    text, document = arguments.get("body"), arguments.get("json")
    if text is not None and document is not None:
        return "The request has both json and body. Write one of them."
    body: bytes | None = None
    if document is not None:
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        if not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = "application/json"
    elif text is not None:
        body = str(text).encode()
    return Request(method, url, headers, hidden, body, is_idempotent=arguments.get("replay") == "idempotent")


def _url(text: str) -> yarl.URL | str:
    remedy = "Write http:// or https://, a host and a path."
    if not text.isprintable() or any(sign in text for sign in " \\"):
        return f"The address holds spaces, backslashes or control characters. {remedy}"
    try:
        url = yarl.URL(text)
        host, port = url.raw_host, url.port
    except ValueError:
        return f"{text} is not an address. {remedy}"
    if url.scheme not in ("http", "https") or not host or not port:
        return f"{text} is not an address that can be called. {remedy}"
    if url.raw_user or url.raw_password:
        return "The address holds a user name or password. Put it into secret_headers instead."
    return url.with_fragment(None)


def _headers(value: Json) -> dict[str, str]:
    return {str(name): str(text) for name, text in value.items()} if isinstance(value, dict) else {}


def _is_sound(name: str, value: str) -> bool:
    return (
        _HEADER_NAME.fullmatch(name) is not None
        and name.lower() not in _OWN_HEADERS
        and all(character == "\t" or character.isprintable() for character in value)
    )

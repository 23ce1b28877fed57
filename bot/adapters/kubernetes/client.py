"""The one connection to the API server: who we are, one request, one WebSocket. It must not know what a request is for.

Built on the official async client, which reads kubeconfigs, renews tokens and sets up TLS; it costs 0.9 s and 52 MB to
import, so it is imported at the first request, in a thread. Answers are read as bytes: the client's model objects cost
13 times as much as the JSON itself. Writes and exec go through a session of their own that makes a new connection
each time and never sends twice; aiohttp would by itself repeat a DELETE whose connection broke.
"""

import asyncio
import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import yaml
import yarl

from bot.adapters.kubernetes.troubles import Ending, Trouble

READ_BYTES = 16 * 1024 * 1024
"""The longest answer that is read: some 2,000 pods. Lists are asked for in pages far below that."""

_CONNECT_SECONDS = 5.0
_WRITES = frozenset(("POST", "PUT", "PATCH", "DELETE"))
_FIRST_ERROR = 400
_HANDSHAKE = {
    401: "the credentials are not known",
    403: "exec is forbidden: get and create on pods/exec are needed",
    404: "the pod or its container is not there",
}
"""A refused upgrade comes without its body; the command never began."""

EXEC_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")

Obj = dict[str, Any]
"""A Kubernetes object as JSON: Any, because its shape is the vendor's and is read with defaults."""


@dataclass(frozen=True, slots=True)
class Request:
    """`query` values are unencoded; `body` is sent as JSON."""

    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    body: object = None
    content_type: str = "application/json"
    accept: str = "application/json"
    is_review: bool = False

    @property
    def may_change(self) -> bool:
        """Neither a read, nor a dry run, nor a review, which the server answers and forgets."""
        return self.method in _WRITES and not self.is_review and ("dryRun", "All") not in self.query


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where the cluster and our identity come from.

    `kubeconfig` is a path; None means the client library's own default place. `impersonate` is a user that every
    request acts as, exec included, in `impersonate_group`.
    """

    kubeconfig: str | None = None
    in_cluster: bool = False
    impersonate: str = ""
    impersonate_group: str = ""


@dataclass(slots=True)
class _Session:
    """The library's two clients (untyped, hence Any) and what the kubeconfig says of us."""

    reads: Any
    writes: Any
    user: str
    namespace: str
    headers: Mapping[str, str] = field(default_factory=dict)


class BrokenOff(Exception):
    """The connection broke after the request may have been sent."""


async def once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Turn what aiohttp would answer with a second sending into an error that it hands on (ClientSession._request)."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise BrokenOff(str(error)) from error


class Connection:
    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._session: _Session | None = None
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.reads.close()
            await session.writes.close()

    async def user(self) -> str:
        """The kubeconfig's user, for servers that do not say who we are."""
        return (await self._open()).user

    async def namespace(self) -> str:
        """The namespace of the kubeconfig's context or of our own pod; `default` when there is none."""
        return (await self._open()).namespace

    async def request(self, wanted: Request, *, timeout: float) -> bytes:
        """The body of a 2xx answer. Trouble otherwise, saying how it ended."""
        if timeout <= 0:
            raise Trouble(Ending.NOT_SENT, "no time was left to ask")
        session = await self._open()
        try:
            async with asyncio.timeout(timeout):
                if wanted.may_change:
                    return await _exchange(session.writes, wanted)
                return await _look(session.reads, wanted)
        except Trouble as trouble:
            trouble.may_have_changed = wanted.may_change
            raise
        except (TimeoutError, aiohttp.ClientError, BrokenOff, OSError) as error:
            raise translated(error, seconds=timeout, may_have_changed=wanted.may_change) from error

    async def open_socket(self, path: str, query: Sequence[tuple[str, str]], *, timeout: float) -> Any:
        """A WebSocket for exec, with every header of other requests; the library's own stream client may drop some."""
        session = await self._open()
        method, url, headers, _, _ = await session.writes.param_serialize(
            "GET", path, query_params=list(query), header_params={}, auth_settings=["BearerToken"]
        )
        options = session.writes.configuration
        try:
            async with asyncio.timeout(timeout):
                return await session.writes.rest_client.pool_manager.ws_connect(
                    yarl.URL(url, encoded=True),
                    method=method,
                    headers=headers,
                    protocols=EXEC_PROTOCOLS,
                    max_msg_size=READ_BYTES,
                    proxy=options.proxy or None,
                    server_hostname=options.tls_server_name or None,
                )
        except aiohttp.WSServerHandshakeError as error:
            raise Trouble(Ending.ANSWERED, _HANDSHAKE.get(error.status, error.message), status=error.status) from error
        except (TimeoutError, aiohttp.ClientError, BrokenOff, OSError) as error:
            raise translated(error, seconds=timeout, may_have_changed=True) from error

    async def _open(self) -> _Session:
        async with self._opening:
            if self._session is None:
                self._session = await _connect(self._credentials)
            return self._session


async def _connect(credentials: Credentials) -> _Session:
    """Import the library and read the credentials; Trouble NOT_SENT when there are none to use."""
    library = await asyncio.to_thread(importlib.import_module, "kubernetes.aio.client")
    config = await asyncio.to_thread(importlib.import_module, "kubernetes.aio.config")
    settings = library.Configuration()
    user, namespace = "", ""
    try:
        if credentials.in_cluster:
            config.load_incluster_config(client_configuration=settings)
            user = "the pod's ServiceAccount"
        else:
            loader = await config.load_kube_config(
                config_file=credentials.kubeconfig, client_configuration=settings, persist_config=False
            )
            context = loader.current_context["context"]
            user, namespace = str(context["user"]), str(context.get("namespace", ""))
    except (config.ConfigException, yaml.YAMLError, OSError, LookupError, TypeError, ValueError) as error:
        raise Trouble(Ending.NOT_SENT, "there are no usable credentials; look at KUBECONFIG") from error
    reads, writes = library.ApiClient(settings), library.ApiClient(settings)
    writes.rest_client.pool_manager = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=writes.rest_client.ssl_context, force_close=True),
        trust_env=True,
        middlewares=(once,),
    )
    for api in (reads, writes):
        api.user_agent = "pageturner"
        if credentials.impersonate:
            api.set_default_header("Impersonate-User", credentials.impersonate)
        if credentials.impersonate_group:
            api.set_default_header("Impersonate-Group", credentials.impersonate_group)
    return _Session(reads, writes, user=user, namespace=namespace or "default")


async def _look(api: Any, wanted: Request) -> bytes:
    """What changes nothing goes over a kept connection, and once more when the server had just let go of it."""
    try:
        return await _exchange(api, wanted)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        return await _exchange(api, wanted)


async def _exchange(api: Any, wanted: Request) -> bytes:
    headers = {"Accept": wanted.accept}
    if wanted.body is not None:
        headers["Content-Type"] = wanted.content_type
    method, url, headers, body, _ = await api.param_serialize(
        wanted.method,
        wanted.path,
        query_params=list(wanted.query),
        header_params=headers,
        body=wanted.body,
        auth_settings=["BearerToken"],
    )
    limits = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)
    answer = (await api.call_api(method, url, headers, body, _request_timeout=limits)).response
    async with answer:
        raw = await _read(answer)
    if answer.status >= _FIRST_ERROR:
        raise _refusal(answer.status, raw)
    return raw


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    raw = bytearray()
    async for chunk in answer.content.iter_any():
        raw += chunk
        if len(raw) > READ_BYTES:
            raise Trouble(Ending.LOST, f"the answer is longer than {READ_BYTES // 1024 // 1024} MiB")
    return bytes(raw)


def _refusal(status: int, raw: bytes) -> Trouble:
    """The server's Status body, or the beginning of whatever else stands there."""
    try:
        told = json.loads(raw)
    except ValueError:
        told = None
    if not isinstance(told, dict) or told.get("kind") != "Status":
        return Trouble(Ending.ANSWERED, raw[:300].decode("utf-8", errors="replace"), status=status)
    causes = [str(cause.get("message", "")) for cause in (told.get("details") or {}).get("causes") or []]
    message = " ".join(filter(None, [str(told.get("message", "")), *(c for c in causes if c not in told["message"])]))
    return Trouble(Ending.ANSWERED, message, status=status, reason=str(told.get("reason", "")))


def translated(error: Exception, *, seconds: float, may_have_changed: bool) -> Trouble:
    """How an exchange ended that the client library or the network broke off."""
    said = str(error) or type(error).__name__
    if isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)):
        return Trouble(Ending.NOT_SENT, said)
    if isinstance(error, TimeoutError):
        return Trouble(Ending.LATE, f"no answer came within {seconds:.3g} s", may_have_changed=may_have_changed)
    said = f"the connection broke before an answer came ({said})"
    return Trouble(Ending.LOST, said, may_have_changed=may_have_changed)

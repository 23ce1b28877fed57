"""Executor for `http.request`: shows the exact request, and sends exactly that, once.

A new connection for each request, no cookies, no proxy from the environment, no redirect that is followed to another
host, and never a second sending of its own accord.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

from bot.adapters.http_calls import addresses, requests, resolving, sending
from bot.core.errors import Transient
from bot.core.operations import Operation
from bot.core.previews import Outcome, Performed, Preview, Target

KIND = "http.request"


class HttpCalls:
    """Implements `ports.Executor`.

    `allow` are hosts or host:port that runbooks may call. `secret` gives the value of a secret by its name and raises
    KeyError when there is none. `look_up` is asked for addresses; the system's resolver by default.
    """

    def __init__(
        self,
        allow: Sequence[str],
        *,
        secret: Callable[[str], str],
        look_up: resolving.LookUp = resolving.look_up,
    ) -> None:
        self._allowed = addresses.entries(allow)
        self._secret = secret
        self._look_up = look_up

    async def preview(self, operation: Operation, *, timeout: timedelta) -> Preview:
        request = self._request(operation)
        if isinstance(request, str):
            return Preview(problems=(request,))
        missing = self._missing_secrets(request)
        if missing:
            return Preview(problems=missing)
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                found = await resolving.judged(request.host, request.port, self._look_up)
        except resolving.NotAllowed as error:
            return Preview(problems=(str(error),))
        except TimeoutError as error:
            raise Transient(f"{request.host} could not be looked up in time") from error
        except OSError:
            return Preview(problems=(f"{request.host} has no address. Check the name, or its DNS record.",))
        return _shown(request, found)

    async def perform(self, operation: Operation, preview: Preview, *, key: str, timeout: timedelta) -> Performed:
        request = self._request(operation)
        if isinstance(request, str):
            return Performed(Outcome.REFUSED, detail=request)
        expected = preview.facts.get("address", "")
        if not expected:
            return Performed(Outcome.REFUSED, detail="There is no dry run of this request. Nothing was sent.")
        missing = self._missing_secrets(request)
        if missing:
            return Performed(Outcome.REFUSED, detail=missing[0])
        headers = request.filled(self._secret)
        if request.is_idempotent and not request.is_read:
            headers["Idempotency-Key"] = key
        return await sending.send(
            request, headers, resolver=resolving.Judging(self._look_up, expected=expected), timeout=timeout
        )

    def _request(self, operation: Operation) -> requests.Request | str:
        if operation.kind != KIND:
            return f"{operation.kind} is not something that HTTP calls can do. Write the step with another key."
        request = requests.parse(operation.arguments)
        if isinstance(request, str):
            return request
        return addresses.problem_of_host(request.host, request.port, self._allowed) or request

    def _missing_secrets(self, request: requests.Request) -> tuple[str, ...]:
        missing = []
        for name in request.secret_names:
            try:
                if self._secret(name):
                    continue
            except KeyError:
                pass
            missing.append(
                f"The secret {name} is not set. Ask the operator to set PAGETURNER_SECRET_{name} or its _FILE."
            )
        return tuple(missing)


def _shown(request: requests.Request, found: Sequence[addresses.Address]) -> Preview:
    reach = addresses.classify(found[0])
    where = f"{request.host} is {', '.join(str(address) for address in sorted(found, key=str))} ({reach})"
    if request.is_read:
        promise = "the request only reads; it is sent when the step runs"
    else:
        promise = f"{request.method} cannot be simulated: the other side decides what it changes"
        promise += "; a repeated sending carries the same Idempotency-Key" if request.is_idempotent else ""
    return Preview(
        targets=(Target("http", f"{request.host}:{request.port}", note=where),),
        change=request.lines(),
        promise=promise,
        counters={} if request.is_read else {"http_writes": 1},
        identity=", ".join(f"${{{name}}}" for name in request.secret_names) or "no credentials",
        facts={"address": str(reach)},
    )

"""The HTTP front: alerts in, health and metrics out. It answers 2xx only for what was made durable before.

What becomes of an alert is decided elsewhere: here ends with `receive`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import prometheus_client
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter

from bot.adapters.alerts import admission, answers, documents, signatures, sources
from bot.adapters.alerts.admission import Verdict
from bot.adapters.alerts.alertmanager import Parsed
from bot.core import errors
from bot.core.ids import IncidentId
from bot.ports import Clock, Delivery

log = logging.getLogger(__name__)

Receive = Callable[[list[Delivery]], Awaitable[int]]
"""Makes them durable and answers how many were taken. Raises Transient when that is not possible now."""

Take = Callable[[IncidentId, str, str], Awaitable[None]]
"""Records that somebody (by name, at a source) has taken an incident. Durable on return, else Transient or Conflict."""

Checks = Callable[[], Mapping[str, str]]
"""For each part of the bot, a sentence on why it is not ready, or "" when it is."""

_NO_SECRETS: Mapping[str, Sequence[str]] = MappingProxyType({})
_KEY_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Limits:
    body_bytes: int = 2 * 1024 * 1024  # an Alertmanager alert is about 1 KiB
    read_seconds: float = 10.0
    alerts: int = 1_000


class Webhooks:
    """`clock` stamps what arrives; `tokens` may be empty only where nobody else can reach the server.

    `secrets` are those of sources that sign their bodies: there the signature decides, and no token is asked for.
    """

    def __init__(
        self,
        receive: Receive,
        clock: Clock,
        *,
        tokens: Sequence[str],
        checks: Checks,
        registry: CollectorRegistry,
        secrets: Mapping[str, Sequence[str]] = _NO_SECRETS,
        limits: Limits | None = None,
        take: Take | None = None,
    ) -> None:
        self._take_over = take
        self._secrets = {source: known for source, known in secrets.items() if known}
        self._receive = receive
        self._clock = clock
        self.tokens = tuple(tokens)
        self._checks = checks
        self._registry = registry
        self._limits = limits or Limits()
        self._calls = Counter(
            "pageturner_webhook_calls", "Webhook calls by source and status.", ["source", "status"], registry=registry
        )
        self._alerts = Counter(
            "pageturner_webhook_alerts", "Alerts received and durable, by source.", ["source"], registry=registry
        )

    def application(self) -> web.Application:
        application = web.Application(middlewares=[_as_json], client_max_size=self._limits.body_bytes)
        application.router.add_post("/webhook/{source}", self._post)
        application.router.add_get("/healthz", self._live)
        application.router.add_get("/readyz", self._ready)
        application.router.add_get("/metrics", self._metrics)
        return application

    async def _post(self, request: web.Request) -> web.Response:
        source = request.match_info["source"]
        answer = await self._answer(request, source)
        label = source if source in sources.PARSERS else "unknown"  # a label per stranger's word would grow for ever
        self._calls.labels(label, str(answer.status)).inc()
        return answer

    async def _answer(self, request: web.Request, source: str) -> web.Response:
        refusal = self._refusal(request, source)
        if refusal is not None:
            return refusal
        try:
            async with asyncio.timeout(self._limits.read_seconds):
                raw = await self._body(request)
        except TimeoutError:
            return answers.too_late(self._limits.read_seconds)
        except ConnectionError:
            return answers.incomplete()
        if raw is None:
            return answers.body_too_large(self._limits.body_bytes)
        unsigned = self._unsigned(request, source, raw)
        if unsigned is not None:
            return unsigned
        try:
            parsed = sources.PARSERS[source](documents.read(raw))
        except errors.Invalid as problem:
            log.warning("webhook.malformed source=%s problem=%s", source, problem)
            return answers.malformed(problem)
        own = request.headers.get("Idempotency-Key", "") or request.headers.get("X-Webhook-Id", "")
        return await self._take(parsed, source, parsed.delivery or own)

    def _unsigned(self, request: web.Request, source: str, raw: bytes) -> web.Response | None:
        """Of sources that sign: the very bytes that came, before anything reads them."""
        secrets = self._secrets.get(source)
        if secrets is None:
            return None
        verdict = signatures.CHECKS[source](request.headers, raw, secrets, self._clock.now())
        if verdict is Verdict.MISSING:
            return answers.signature_missing()
        return answers.signature_wrong() if verdict is Verdict.WRONG else None

    def _refusal(self, request: web.Request, source: str) -> web.Response | None:
        """Decided from the headers alone, before any byte of the body is read."""
        if "Origin" in request.headers:
            return answers.from_a_browser()
        signed = source in self._secrets
        verdict = Verdict.ADMITTED if signed else admission.judge(request.headers, self.tokens)
        if verdict is Verdict.MISSING:
            return answers.token_missing()
        if verdict is Verdict.WRONG:
            return answers.token_wrong()
        if source not in sources.PARSERS:
            return answers.unknown_source(source, sources.PARSERS)
        if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            return answers.encoded()
        if (request.content_length or 0) > self._limits.body_bytes:
            return answers.body_too_large(self._limits.body_bytes)
        return None

    async def _body(self, request: web.Request) -> bytes | None:
        """None when it grows beyond the limit: a chunked body does not say its length before."""
        parts = bytearray()
        async for part in request.content.iter_any():
            parts += part
            if len(parts) > self._limits.body_bytes:
                return None
        return bytes(parts)

    async def _take(self, parsed: Parsed, source: str, key: str) -> web.Response:
        count = len(parsed.alerts)
        if count > self._limits.alerts:
            return answers.too_many(self._limits.alerts)
        if parsed.truncated:
            log.warning("webhook.truncated source=%s left_out=%d", source, parsed.truncated)
        # Alertmanager names no delivery, and the same bytes four hours later mean "it still fires": without a key from
        # the sender every delivery counts, and a repeat joins its incident by fingerprint.
        now, key = self._clock.now(), key[:_KEY_LENGTH]
        deliveries = [
            Delivery(alert, now, f"{key}/{place}" if key else "") for place, alert in enumerate(parsed.alerts)
        ]
        try:
            taken = await self._receive(deliveries) if deliveries else 0
            if parsed.taken is not None and self._take_over is not None:
                await self._take_over(parsed.taken.incident, parsed.taken.who, source)
        except (errors.Transient, errors.Permanent, errors.Conflict) as problem:
            log.error("webhook.not_stored source=%s alerts=%d problem=%s", source, count, problem)  # noqa: TRY400
            return answers.unavailable(problem)
        self._alerts.labels(source).inc(taken)
        return answers.accepted(taken, parsed.truncated)

    async def _live(self, _: web.Request) -> web.Response:
        return answers.live()

    async def _ready(self, _: web.Request) -> web.Response:
        return answers.readiness(self._checks())

    async def _metrics(self, _: web.Request) -> web.Response:
        body = prometheus_client.generate_latest(self._registry)
        return web.Response(body=body, headers={"Content-Type": prometheus_client.CONTENT_TYPE_LATEST})


@web.middleware
async def _as_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as problem:
        return answers.failed(problem)


class Listening:
    """One address served until `stop`."""

    def __init__(self, runner: web.AppRunner, host: str, port: int) -> None:
        self._runner = runner
        self.host = host
        self.port = port

    @classmethod
    async def start(cls, webhooks: Webhooks, host: str, port: int) -> "Listening":
        """Port 0 takes a free one. Raise Invalid when others could post without a token, Permanent when it is taken."""
        admission.check(host, webhooks.tokens)
        runner = web.AppRunner(
            webhooks.application(),
            access_log=None,  # the calls are counted; a line for each would cost more than the alert
            auto_decompress=False,  # an encoded body is refused, and must not be unpacked on the way
            keepalive_timeout=75,
            lingering_time=1.0,  # for a refused sender to read its answer while it still sends
            shutdown_timeout=5,
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, host or None, port, reuse_address=True).start()
        except OSError as problem:
            await runner.cleanup()
            raise errors.Permanent(f"cannot listen on {host}:{port}: {problem.strerror or problem}") from problem
        return cls(runner, host, int(runner.addresses[0][1]))

    async def stop(self) -> None:
        """Takes no new calls; those under way get their answer first, for up to 5 s."""
        await self._runner.cleanup()

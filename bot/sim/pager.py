"""A pager on loopback that speaks PagerDuty's Events API v2 and shows who would have been called.

As strict as the documentation: keys, required fields, enumerations, lengths and the size of an event
(https://developer.pagerduty.com/docs/events-api-v2/overview/). It calls nobody and keeps all in memory.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from aiohttp import web

MAX_BYTES = 512 * 1024
MOST_ONCALLS = 100
ROUTING_KEY_LENGTH = 32
DEDUP_KEY_LENGTH = 255
SUMMARY_LENGTH = 1024
SEVERITIES = ("critical", "error", "warning", "info")
ACTIONS = {"trigger": "triggered", "acknowledge": "acknowledged", "resolve": "resolved"}

Json: TypeAlias = Mapping[str, Any]  # whatever a sender put into its JSON


@dataclass(frozen=True, slots=True)
class PagerPage:
    """One alert as on-call would see it. `triggers` counts events that were applied to it; `at` is in epoch seconds."""

    at: float
    routing_key: str
    dedup_key: str
    summary: str
    source: str
    severity: str
    status: str = "triggered"
    triggers: int = 1
    details: Json = field(default_factory=dict)
    links: tuple[Json, ...] = ()


class PagerSim:
    """`routing_keys` are the integrations that exist; none means that every well-formed key does."""

    def __init__(self, *, routing_keys: Sequence[str] = (), clock: Callable[[], float] = time.time) -> None:
        self.pages: list[PagerPage] = []
        self.events: list[Json] = []
        self.on_call: dict[str, list[str]] = {}
        self.api_token = secrets.token_urlsafe(15)
        self._routing_keys = frozenset(routing_keys)
        self._clock = clock
        self._failures: list[tuple[int, Mapping[str, str]]] = []
        self._changed = asyncio.Condition()
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """The API's base: the place of events.pagerduty.com."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        application = web.Application(client_max_size=MAX_BYTES)
        application.router.add_post("/v2/enqueue", self._enqueue)
        application.router.add_get("/oncalls", self._oncalls)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def fail_next(self, status: int, *, times: int = 1, headers: Mapping[str, str] | None = None) -> None:
        """The next calls get this status, e.g. 429, and have no effect."""
        self._failures += [(status, headers or {})] * times

    async def wait_for_page(self, count: int = 1, *, timeout: float = 10.0) -> PagerPage:
        """The last page once there are `count` of them. Raises TimeoutError."""
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(lambda: len(self.pages) >= count)
            return self.pages[-1]

    async def _enqueue(self, request: web.Request) -> web.Response:
        if self._failures:
            status, headers = self._failures.pop(0)
            return web.Response(status=status, headers=headers)
        raw = await request.read()
        try:
            event = json.loads(raw)
        except ValueError:
            return _invalid("Event object is invalid", ["Malformed JSON"])
        problems = _problems(event, self._routing_keys)
        if problems:
            return _invalid("Event object is invalid", problems)
        key = event.get("dedup_key") or secrets.token_hex(16)
        async with self._changed:
            self.events.append(event)
            self._apply(event, key)
            self._changed.notify_all()
        accepted = {"status": "success", "message": "Event processed", "dedup_key": key}
        return web.json_response(accepted, status=202)

    async def _oncalls(self, request: web.Request) -> web.Response:
        """GET /oncalls of the REST API v2: the e-mail addresses in `on_call`, by schedule."""
        if self._failures:
            status, headers = self._failures.pop(0)
            return web.Response(status=status, headers=headers)
        if request.headers.get("Authorization") != f"Token token={self.api_token}":
            return web.json_response({"error": {"message": "Unauthorized", "code": 2006}}, status=401)
        limit = request.query.get("limit", "25")
        if not limit.isdecimal() or int(limit) > MOST_ONCALLS:
            return web.json_response({"error": {"message": "Arguments Caused Error", "code": 2001}}, status=400)
        whole = "users" in request.query.getall("include[]", [])
        wanted = request.query.getall("schedule_ids[]", sorted(self.on_call))
        rows = [_oncall(name, mail, whole=whole) for name in wanted for mail in self.on_call.get(name, [])]
        shown = {"oncalls": rows[: int(limit)], "limit": int(limit), "offset": 0, "more": len(rows) > int(limit)}
        return web.json_response(shown | {"total": None})

    def _apply(self, event: Json, key: str) -> None:
        """To the open page with this key and routing key; only a trigger opens a new one."""
        place = self._open(event["routing_key"], key)
        if place is not None:
            page = self.pages[place]
            if event["event_action"] == "trigger":
                self.pages[place] = replace(page, triggers=page.triggers + 1)
            else:
                self.pages[place] = replace(page, status=ACTIONS[event["event_action"]])
        elif event["event_action"] == "trigger":
            self.pages.append(_page(event, key, self._clock()))

    def _open(self, routing_key: str, key: str) -> int | None:
        for place in reversed(range(len(self.pages))):
            page = self.pages[place]
            if (page.routing_key, page.dedup_key) == (routing_key, key) and page.status != "resolved":
                return place
        return None


def _oncall(schedule: str, address: str, *, whole: bool) -> Json:
    """One row; a user is a reference unless the users were asked for with `include[]`."""
    number = f"P{abs(hash(address)) % 10**6:06}"
    reference = {"id": number, "type": "user_reference", "summary": address}
    user = {"id": number, "type": "user", "name": address.partition("@")[0], "email": address} if whole else reference
    place = {"id": schedule, "type": "schedule_reference", "summary": schedule}
    return {"schedule": place, "user": user, "escalation_level": 1, "start": None, "end": None}


def _page(event: Json, key: str, at: float) -> PagerPage:
    payload = event["payload"]
    return PagerPage(
        at=at,
        routing_key=event["routing_key"],
        dedup_key=key,
        summary=payload["summary"],
        source=payload["source"],
        severity=payload["severity"],
        details=payload.get("custom_details", {}),
        links=tuple(event.get("links", ())),
    )


def _problems(event: object, routing_keys: frozenset[str]) -> list[str]:
    """Everything that is wrong with the event, in the API's manner."""
    if not isinstance(event, dict):
        return ["Event must be a JSON object"]
    found = _routing_problems(event.get("routing_key"), routing_keys)
    action, key = event.get("event_action"), event.get("dedup_key", "")
    if action not in ACTIONS:
        found.append("'event_action' must be one of: trigger, acknowledge, resolve")
    if not isinstance(key, str) or len(key) > DEDUP_KEY_LENGTH:
        found.append(f"'dedup_key' must be a string of at most {DEDUP_KEY_LENGTH} characters")
    if action in ("acknowledge", "resolve") and not key:
        found.append("'dedup_key' is missing or blank")
    if action == "trigger":
        found += _payload_problems(event.get("payload"))
    return found + _links_problems(event.get("links", []), "links", "href")


def _routing_problems(key: object, known: frozenset[str]) -> list[str]:
    if not isinstance(key, str) or not key:
        return ["'routing_key' is missing or blank"]
    if len(key) != ROUTING_KEY_LENGTH:
        return [f"Length of 'routing_key' is incorrect (should be {ROUTING_KEY_LENGTH} characters)"]
    return ["Invalid routing key"] if known and key not in known else []


def _payload_problems(payload: object) -> list[str]:
    if not isinstance(payload, dict):
        return ["'payload' is missing or blank"]
    found = [
        f"'payload.{name}' is missing or blank"
        for name in ("summary", "source", "severity")
        if not isinstance(payload.get(name), str) or not payload[name]
    ]
    if len(str(payload.get("summary", ""))) > SUMMARY_LENGTH:
        found.append(f"'payload.summary' is too long (maximum is {SUMMARY_LENGTH} characters)")
    if payload.get("severity") and payload["severity"] not in SEVERITIES:
        found.append(f"'payload.severity' must be one of: {', '.join(SEVERITIES)}")
    if not isinstance(payload.get("custom_details", {}), dict):
        found.append("'payload.custom_details' must be an object")
    return found


def _links_problems(links: object, name: str, required: str) -> list[str]:
    if not isinstance(links, list):
        return [f"'{name}' must be an array"]
    fits = all(isinstance(each, dict) and isinstance(each.get(required), str) and each[required] for each in links)
    return [] if fits else [f"each of '{name}' needs '{required}'"]


def _invalid(message: str, problems: list[str]) -> web.Response:
    said = {"status": "invalid event", "message": message, "errors": problems}
    return web.json_response(said, status=400)

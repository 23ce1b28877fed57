"""Every source x what it can send: fire, update, resolve, authentication, replay, and everything malformed."""

import copy
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from bot.adapters.alerts import documents, signatures, sources
from bot.adapters.alerts.admission import Verdict
from bot.adapters.alerts.alertmanager import Taken
from bot.adapters.alerts.server import Listening, Webhooks
from bot.adapters.system_clock import SystemClock
from bot.core import errors
from bot.core.alerts import Alert, Severity
from bot.core.errors import Invalid
from bot.core.ids import IncidentId
from tests.adapters.alerts import payloads
from tests.adapters.alerts.test_server import TOKEN, Client, Desk

Json = dict[str, Any]
SECRET, NEXT = "a-signing-secret", "the-one-after-it"
AT = "2026-03-14T02:57:26Z"


def pagerduty(kind: str = "incident.triggered", **data: Any) -> Json:
    """As the documentation of version 3 shows it."""
    reference = {
        "id": "PF9KMXH",
        "type": "service_reference",
        "summary": "api-gateway",
        "self": "https://x",
        "html_url": "",
    }
    incident = {
        "id": "PGR0VU2", "type": "incident", "self": "https://api.pagerduty.com/incidents/PGR0VU2",
        "html_url": "https://acme.pagerduty.com/incidents/PGR0VU2", "number": 2, "status": "triggered",
        "incident_key": "d3640fbd41094207a1c11e58e46b1662", "created_at": AT, "title": "Redis connection timeout",
        "service": reference, "assignees": [], "escalation_policy": None, "teams": [], "urgency": "high",
        "priority": {"id": "PSO75BM", "type": "priority_reference", "summary": "P1"}, "conference_bridge": None,
        "resolve_reason": None,
    }  # fmt: skip
    event = {
        "id": "01BY0YYVOG", "event_type": kind, "resource_type": "incident", "occurred_at": "2026-03-14T03:01:00Z",
        "agent": None, "client": None, "data": {**incident, **data},
    }  # fmt: skip
    return {"event": event}


def opsgenie(action: str = "Create", **alert: Any) -> Json:
    about = {
        "alertId": "052652ac-5d1c-464a-812a-7dd18bbfba8c", "message": "Redis connection timeout", "alias": "redis",
        "tinyId": "23", "entity": "api-gateway", "source": "ana@example.com", "description": "42 timeouts in 5m",
        "priority": "P1", "tags": ["redis"], "teams": [], "details": {"environment": "production"},
        "createdAt": 1773457046000, "updatedAt": 1773457046000000000, "username": "System", "responders": [],
    }  # fmt: skip
    return {
        "action": action,
        "alert": {**about, **alert},
        "source": {"name": "web", "type": "API"},
        "integrationId": "i",
    }


def grafana(status: str = "firing", **labels: str) -> Json:
    alert = payloads.alert(status=status, **labels) | {
        "valueString": "[ var='A' value=42 ]", "values": {"A": 42}, "silenceURL": "https://g/silence", "imageURL": "",
        "dashboardURL": "https://grafana.example.com/d/1", "panelURL": "https://grafana.example.com/d/1?viewPanel=2",
    }  # fmt: skip
    return payloads.group(alert, version="1", orgId=1, title="[FIRING:1]", state="alerting", message="x")


def old_grafana(state: str = "alerting", **changes: Any) -> Json:
    return {
        "dashboardId": 1, "evalMatches": [{"value": 97.5, "metric": "disk", "tags": {}}], "message": "Disk is full",
        "orgId": 1, "panelId": 2, "ruleId": 7, "ruleName": "Redis connection timeout", "state": state,
        "ruleUrl": "https://grafana.example.com/d/1", "tags": {"severity": "critical", "service": "api-gateway"},
        "title": "[Alerting] x", **changes,
    }  # fmt: skip


def parsed(source: str, payload: Json) -> tuple[Alert, ...]:
    return sources.PARSERS[source](documents.read(payloads.body(payload))).alerts


FIRE: Mapping[str, tuple[str, Json]] = {
    "alertmanager": ("alertmanager", payloads.group(payloads.alert())),
    "generic": (
        "generic",
        {"title": "Redis connection timeout", "service": "api-gateway", "severity": "p1", "id": "7"},
    ),
    "pagerduty": ("pagerduty", pagerduty()),
    "opsgenie": ("opsgenie", opsgenie()),
    "grafana": ("grafana", grafana()),
    "old grafana": ("grafana", old_grafana()),
}
RESOLVE: Mapping[str, Json] = {
    "alertmanager": payloads.group(payloads.alert(status="resolved")),
    "generic": {"title": "over", "id": "7", "status": "resolved"},
    "pagerduty": pagerduty("incident.resolved", status="resolved"),
    "opsgenie": opsgenie("Close"),
    "grafana": grafana("resolved"),
    "old grafana": old_grafana("ok"),
}


@pytest.mark.parametrize("name", FIRE)
def test_each_source_fires_and_resolves_the_same_thing(name: str) -> None:
    source, payload = FIRE[name]
    (fired,), (resolved,) = parsed(source, payload), parsed(source, RESOLVE[name])
    assert (fired.source, fired.is_firing, resolved.is_firing) == (source, True, False)
    assert fired.fingerprint == resolved.fingerprint
    assert (fired.service, fired.severity) == ("api-gateway", Severity.CRITICAL)
    assert "Redis" in fired.name
    assert sources.guess(documents.read(payloads.body(payload))) == source


@pytest.mark.parametrize(
    ("source", "payload", "fires"),
    [
        *(("pagerduty", pagerduty(f"incident.{word}"), True) for word in (
            "triggered", "reopened", "unacknowledged", "escalated", "priority_updated")),
        *(("pagerduty", pagerduty(f"incident.{word}"), None) for word in (
            "acknowledged", "delegated", "reassigned", "annotated", "responder.added", "responder.replied",
            "status_update_published", "conference_bridge.updated", "workflow.started")),
        ("pagerduty", {"event": {"event_type": "pagey.ping", "data": {"message": "hi", "type": "ping"}}}, None),
        ("pagerduty", {"event": {"event_type": "service.updated", "data": {"id": "P", "type": "service"}}}, None),
        ("pagerduty", pagerduty(incident_key="pageturner/INC-7"), None),  # our own page
        *(("opsgenie", opsgenie(word), True) for word in (
            "Create", "UnAcknowledge", "Escalate", "UpdatePriority", "SnoozeEnd")),
        *(("opsgenie", opsgenie(word), False) for word in ("Close", "Delete")),
        *(("opsgenie", opsgenie(word), None) for word in ("Acknowledge", "AddNote", "AddTags", "Snooze")),
        *(("grafana", old_grafana(word), True) for word in ("alerting", "no_data")),
        *(("grafana", old_grafana(word), None) for word in ("paused", "pending", "unknown")),
    ],
)  # fmt: skip
def test_each_event_means_firing_resolved_or_nothing(source: str, payload: Json, fires: bool | None) -> None:
    assert [each.is_firing for each in parsed(source, payload)] == ([] if fires is None else [fires])


OURS = {"incident_key": "pageturner/INC-7"}
JANE = {"id": "PJANE", "type": "user_reference", "summary": "Jane <!channel>\u202e Doe"}


def acknowledged(agent: Json | None, **data: Any) -> Json:
    payload = pagerduty("incident.acknowledged", **data)
    return {"event": {**payload["event"], "agent": agent}}


def taken_in(payload: Json) -> Taken | None:
    return sources.PARSERS["pagerduty"](documents.read(payloads.body(payload))).taken


def test_a_person_who_acknowledges_our_page_has_taken_its_incident() -> None:
    found = taken_in(acknowledged(JANE, **OURS))
    assert found == Taken(IncidentId("INC-7"), "Jane <!channel> Doe in PagerDuty")


@pytest.mark.parametrize(
    "payload",
    [
        acknowledged(None, **OURS),
        acknowledged({"id": "P1", "type": "integration_reference", "summary": "pageturner"}, **OURS),
        acknowledged({"id": "P1", "type": "service_reference", "summary": "api"}, **OURS),
        acknowledged(JANE, incident_key=None),
        acknowledged(JANE, incident_key="d3640fbd41094207a1c11e58e46b1662"),
        *(acknowledged(JANE, incident_key=f"pageturner/{name}") for name in (
            "", "INC-", "INC-0", "INC-07", "INC-7 ", "INC-7/x", "INC-1234567890", "inc-7")),
    ],
)  # fmt: skip
def test_nobody_else_takes_anything(payload: Json) -> None:
    assert taken_in(payload) is None


@pytest.mark.parametrize("trouble", [None, errors.Transient("disk is full"), errors.Conflict("it keeps changing")])
async def test_who_has_taken_it_is_durable_before_the_answer(trouble: errors.PageturnerError | None) -> None:
    told: list[tuple[str, ...]] = []

    async def take(*words: str) -> None:
        if trouble is not None:
            raise trouble
        told.append(words)

    desk = Desk()
    desk.take_over = take
    async with listening(desk) as client:
        status, _, _ = await client.post(
            "/webhook/pagerduty", acknowledged(JANE, **OURS), Authorization=f"Bearer {TOKEN}"
        )
    assert (status, len(told)) == ((202, 1) if trouble is None else (503, 0))


def test_what_each_source_says_is_read() -> None:
    (paged,) = parsed("pagerduty", pagerduty(priority=None, urgency="low"))
    assert (paged.severity, paged.url) == (Severity.INFO, "https://acme.pagerduty.com/incidents/PGR0VU2")
    assert paged.starts_at == datetime(2026, 3, 14, 2, 57, 26, tzinfo=UTC)
    (genie,) = parsed("opsgenie", opsgenie())
    assert (genie.environment, genie.text, genie.labels["tags"]) == ("production", "42 timeouts in 5m", "redis")
    assert genie.starts_at == datetime(2026, 3, 14, 2, 57, 26, tzinfo=UTC)
    (unified,) = parsed("grafana", grafana())
    assert unified.url.endswith("viewPanel=2") and "[ var='A' value=42 ]" in unified.text
    (legacy,) = parsed("grafana", old_grafana())
    assert legacy.text == "Disk is full\ndisk: 97.5"


# --- malformed -------------------------------------------------------------------------------------------------------


def _without(payload: Json, *path: str) -> Json:
    changed = copy.deepcopy(payload)
    inner: Any = changed
    for part in path[:-1]:
        inner = inner[0][part] if isinstance(inner, list) else inner[part]
    del (inner[0] if isinstance(inner, list) else inner)[path[-1]]
    return changed


@pytest.mark.parametrize(
    ("source", "payload", "place"),
    [
        ("pagerduty", {}, "event"),
        ("pagerduty", {"event": {"event_type": "incident.triggered", "data": 7}}, "event.data"),
        ("pagerduty", _without(pagerduty(), "event", "event_type"), "event.event_type"),
        ("pagerduty", _without(pagerduty(), "event", "data", "id"), "event.data.id"),
        ("pagerduty", pagerduty(title=7), "event.data.title"),
        ("pagerduty", pagerduty(created_at="yesterday"), "event.data.created_at"),
        ("pagerduty", {"messages": [{"event": "incident.trigger"}]}, "event"),  # version 2
        ("opsgenie", {}, "action"),
        ("opsgenie", _without(opsgenie(), "alert", "alertId"), "alert.alertId"),
        ("opsgenie", opsgenie(tags="redis"), "alert.tags"),
        ("opsgenie", opsgenie(createdAt="now"), "alert.createdAt"),
        ("opsgenie", opsgenie(createdAt=10**18), "alert.createdAt"),
        ("grafana", {}, "alerts"),
        ("grafana", grafana() | {"version": "2"}, "version"),
        ("grafana", _without(grafana(), "alerts", "labels"), "alerts[0].labels"),
        ("grafana", old_grafana(ruleId="7"), "ruleId"),
        ("grafana", old_grafana(evalMatches=[{"value": "x"}]), "evalMatches[0].value"),
    ],
)
def test_F57_what_does_not_fit_is_refused_with_its_place(source: str, payload: Json, place: str) -> None:
    with pytest.raises(Invalid) as refused:
        parsed(source, payload)
    assert refused.value.place == place


@pytest.mark.parametrize("name", FIRE)
def test_keys_that_nobody_knows_are_left_alone(name: str) -> None:
    source, payload = FIRE[name]
    assert parsed(source, {**payload, "zz_new": {"deep": [1, 2]}}) == parsed(source, payload)


# --- who may post ----------------------------------------------------------------------------------------------------


@asynccontextmanager
async def listening(desk: Desk, **secrets: tuple[str, ...]) -> AsyncIterator[Client]:
    webhooks = Webhooks(
        desk.receive,
        SystemClock(),
        tokens=(TOKEN,),
        checks=desk.checks,
        registry=CollectorRegistry(),
        secrets=secrets,
        take=desk.take_over,
    )
    served = await Listening.start(webhooks, "127.0.0.1", 0)
    async with aiohttp.ClientSession() as session:
        yield Client(session, served.port)
    await served.stop()


def signed(raw: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), raw, sha256).hexdigest()


@pytest.mark.parametrize("name", FIRE)
async def test_F56_without_a_secret_every_source_needs_the_token(name: str) -> None:
    desk, (source, payload) = Desk(), FIRE[name]
    async with listening(desk) as client:
        assert (await client.post(f"/webhook/{source}", payload))[0] == 401
        assert (await client.post(f"/webhook/{source}", payload, **{"X-Api-Key": "wrong-wrong"}))[0] == 403
        status, _, answer = await client.post(f"/webhook/{source}", payload, Authorization=f"Bearer {TOKEN}")
    assert (status, answer, len(desk.taken)) == (202, {"received": 1}, 1)


Sign = Callable[[bytes], dict[str, str]]
HOW: Mapping[str, tuple[str, Json, Sign]] = {
    "pagerduty": ("pagerduty", pagerduty(), lambda raw: {"X-PagerDuty-Signature": f"v1={signed(raw)}"}),
    "pagerduty, rotating": (
        "pagerduty", pagerduty(), lambda raw: {"X-PagerDuty-Signature": f"v1={'0' * 64},v1={signed(raw, NEXT)}"},
    ),
    "grafana": ("grafana", grafana(), lambda raw: {"X-Grafana-Alerting-Signature": signed(raw)}),
}  # fmt: skip


@pytest.mark.parametrize("name", HOW)
async def test_F56_a_signature_decides_where_a_secret_is_set(name: str) -> None:
    desk, (source, payload, sign) = Desk(), HOW[name]
    raw = payloads.body(payload)
    (header,) = sign(raw)
    async with listening(desk, **{source: (SECRET, NEXT)}) as client:
        unsigned = await client.post(f"/webhook/{source}", raw, Authorization=f"Bearer {TOKEN}")
        changed = await client.post(f"/webhook/{source}", raw + b" ", **sign(raw))
        wrong = await client.post(f"/webhook/{source}", raw, **{header: "v1=" + "f" * 64})
        odd = await client.post(f"/webhook/{source}", raw, **{header: "v0=x,,v1=,v1=zz"})
        good = await client.post(f"/webhook/{source}", raw, **sign(raw))
        others = await client.post("/webhook/generic", {"title": "x"})
    assert [each[0] for each in (unsigned, changed, wrong, odd, good, others)] == [401, 403, 403, 403, 202, 401]
    assert len(desk.taken) == 1


@pytest.mark.parametrize(
    ("shift", "verdict"),
    [
        (0, Verdict.ADMITTED), (-299, Verdict.ADMITTED), (299, Verdict.ADMITTED),
        (-600, Verdict.WRONG), (600, Verdict.WRONG),
    ],
)  # fmt: skip
def test_F56_a_signed_time_must_be_near(shift: int, verdict: Verdict) -> None:
    now = datetime(2026, 3, 14, 3, tzinfo=UTC)
    at = str(int((now + timedelta(seconds=shift)).timestamp()))
    headers = {
        "X-Grafana-Alerting-Signature": signed(at.encode() + b":{}"), "X-Grafana-Alerting-Timestamp": at,
    }  # fmt: skip
    assert signatures.grafana(headers, b"{}", [SECRET], now) is verdict
    headers["X-Grafana-Alerting-Timestamp"] = "1e9"
    assert signatures.grafana(headers, b"{}", [SECRET], now) is Verdict.WRONG


async def test_F56_a_second_copy_of_a_signed_event_is_known_by_the_id_inside_of_it() -> None:
    desk, raw = Desk(), payloads.body(pagerduty())
    async with listening(desk, pagerduty=(SECRET,)) as client:
        for number in range(2):
            headers = {"X-PagerDuty-Signature": f"v1={signed(raw)}", "X-Webhook-Id": str(number)}
            assert (await client.post("/webhook/pagerduty", raw, **headers))[0] == 202
    assert [each.key for each in desk.taken] == ["01BY0YYVOG/0", "01BY0YYVOG/0"]


async def test_F57_a_signed_body_is_read_as_strictly_as_any_other() -> None:
    desk = Desk()
    bad = (b'{"event": 1, "event": 2}', b"\xff", b'{"event": NaN}', b"[" * 5_000, b'{"event": "\\u0000"}', b"")
    async with listening(desk, pagerduty=(SECRET,)) as client:
        for raw in bad:
            headers = {"X-PagerDuty-Signature": f"v1={signed(raw)}"}
            assert (await client.post("/webhook/pagerduty", raw, **headers))[0] == 400
        large = json.dumps({"event": "x" * 3_000_000}).encode()
        assert (await client.post("/webhook/pagerduty", large, **{"X-PagerDuty-Signature": "v1=x"}))[0] == 413
    assert desk.taken == []

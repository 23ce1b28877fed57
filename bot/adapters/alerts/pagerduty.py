"""PagerDuty's webhooks, version 3 of their payload, to our Alerts. Pure.

https://developer.pagerduty.com/docs/webhooks-overview. One event a call; what does not open, change or end an incident
is taken and means no alert.
"""

import re
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bot.adapters.alerts import reading, texts
from bot.adapters.alerts.alertmanager import Parsed, Taken
from bot.adapters.alerts.documents import Document
from bot.core import alerts
from bot.core.alerts import Alert
from bot.core.ids import IncidentId

SOURCE = "pagerduty"
OUR_PAGES = "pageturner/"
"""How the keys of pages that this bot sent begin: they come back as incidents, and must not open new ones."""

_FIRES = frozenset(
    f"incident.{word}" for word in ("triggered", "reopened", "unacknowledged", "escalated", "priority_updated")
)
_ENDS = "incident.resolved"
_TAKEN = "incident.acknowledged"
_OUR_INCIDENT = re.compile(r"pageturner/(INC-[1-9][0-9]{0,8})")
_URGENCIES = {"high": "high", "low": "info"}


class _Named(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    summary: str = ""
    id: str = ""
    type: str = ""


class _Incident(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    id: str = Field(min_length=1)
    title: str = ""
    html_url: str = ""
    incident_key: str | None = None
    created_at: AwareDatetime | None = None
    service: _Named | None = None
    priority: _Named | None = None
    urgency: str = ""
    number: int | None = None


class _Event(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    id: str = ""
    event_type: str = Field(min_length=1)
    occurred_at: AwareDatetime | None = None
    data: dict[str, Any]  # its shape depends on the kind of event


class _Payload(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    event: _Event


class _About(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    data: _Incident
    occurred_at: AwareDatetime | None = None
    agent: _Named | None = None


class _WithIncident(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    event: _About


def parse(document: Document) -> Parsed:
    """Raise Invalid, naming the place, for anything but a version 3 payload."""
    event = reading.model(_Payload, document.raw).event
    if event.event_type == _TAKEN:
        return Parsed((), delivery=event.id, taken=_taken(reading.model(_WithIncident, document.raw).event))
    if event.event_type not in _FIRES and event.event_type != _ENDS:
        return Parsed((), delivery=event.id)
    found = reading.model(_WithIncident, document.raw).event
    if (found.data.incident_key or "").startswith(OUR_PAGES):
        return Parsed((), delivery=event.id)
    return Parsed((_alert(found, is_firing=event.event_type != _ENDS),), delivery=event.id)


def _taken(found: _About) -> Taken | None:
    """A person's word about a page of ours; when this bot acknowledges one itself, no person is named."""
    ours = _OUR_INCIDENT.fullmatch(found.data.incident_key or "")
    if ours is None or found.agent is None or found.agent.type != "user_reference":
        return None
    who = texts.word(found.agent.summary) or "somebody"
    return Taken(IncidentId(ours[1]), f"{who} in PagerDuty")


def _alert(found: _About, *, is_firing: bool) -> Alert:
    incident = found.data
    priority = incident.priority.summary if incident.priority else ""
    service = texts.word(incident.service.summary) if incident.service else ""
    number = {"number": str(incident.number)} if incident.number is not None else {}
    return Alert(
        source=SOURCE,
        name=texts.word(incident.title, texts.NAME_LENGTH) or "Unnamed alert",
        fingerprint=alerts.fingerprint(SOURCE, {"id": incident.id}),
        is_firing=is_firing,
        severity=_severity(priority, incident.urgency),
        service=service,
        environment="",
        text="",
        starts_at=texts.utc(incident.created_at),
        ends_at=None if is_firing else texts.utc(found.occurred_at),
        labels=texts.labels({"incident": incident.id, "urgency": incident.urgency, "priority": priority, **number}),
        url=texts.web_address(incident.html_url),
    )


def _severity(priority: str, urgency: str) -> alerts.Severity:
    """The priority where the account has them by the usual names, else the urgency."""
    known = alerts.severity(priority)
    return known if known is not alerts.Severity.UNKNOWN else alerts.severity(_URGENCIES.get(urgency, ""))

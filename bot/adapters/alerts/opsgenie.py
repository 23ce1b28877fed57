"""Opsgenie's webhook integration to our Alerts. Pure.

https://support.atlassian.com/opsgenie/docs/opsgenie-edge-connector-alert-action-data/. One action on one alert a call;
what neither opens, changes nor ends it is taken and means no alert.
"""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field

from bot.adapters.alerts import alertmanager, reading, texts
from bot.adapters.alerts.alertmanager import Parsed
from bot.adapters.alerts.documents import Document
from bot.core import alerts
from bot.core.alerts import Alert

SOURCE = "opsgenie"
_FIRES = frozenset(
    ("Create", "UnAcknowledge", "SnoozeEnd", "Escalate", "UpdatePriority", "UpdateMessage", "UpdateDescription")
)
_ENDS = frozenset(("Close", "Delete"))
_LATEST = 253_402_300_799_000  # milliseconds; the last moment that a datetime holds


class _Alert(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    id: str = Field(alias="alertId", min_length=1)
    message: str = ""
    description: str = ""
    alias: str = ""
    entity: str = ""
    source: str = ""
    priority: str = ""
    tags: list[str] = Field(default_factory=list)
    details: dict[str, str] = Field(default_factory=dict)
    created_at: int | None = Field(None, alias="createdAt", ge=0, le=_LATEST)
    updated_at: int | None = Field(None, alias="updatedAt", ge=0)


class _Payload(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    action: str = Field(min_length=1)
    alert: _Alert


def parse(document: Document) -> Parsed:
    """Raise Invalid, naming the place, for anything but an action on an alert."""
    payload = reading.model(_Payload, document.raw)
    is_end = payload.action in _ENDS
    if not is_end and payload.action not in _FIRES:
        return Parsed(())
    return Parsed((_alert(payload.alert, is_firing=not is_end),))


def _alert(found: _Alert, *, is_firing: bool) -> Alert:
    labels = {**found.details, "alias": found.alias, "entity": found.entity, "tags": ", ".join(found.tags)}
    return Alert(
        source=SOURCE,
        name=texts.word(found.message, texts.NAME_LENGTH) or "Unnamed alert",
        fingerprint=alerts.fingerprint(SOURCE, {"id": found.id}),
        is_firing=is_firing,
        severity=alerts.severity(found.priority),
        service=texts.first(found.details, alertmanager.SERVICE_LABELS) or texts.word(found.entity),
        environment=texts.first(found.details, alertmanager.ENVIRONMENT_LABELS),
        text=texts.paragraphs(found.description),
        starts_at=_moment(found.created_at),
        labels=texts.labels({name: value for name, value in labels.items() if value}),
    )


def _moment(milliseconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(milliseconds / 1_000, UTC) if milliseconds else None

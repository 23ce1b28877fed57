"""Prometheus Alertmanager's webhook, version 4 of its payload, to our Alerts. Pure.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config. Unknown keys are tolerated, as newer versions
add some; wrong types are not.
"""

from dataclasses import dataclass
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bot.adapters.alerts import reading, texts
from bot.adapters.alerts.documents import Document
from bot.core import alerts
from bot.core.alerts import Alert

SOURCE = "alertmanager"

# Label names by which teams mark the same thing, the most telling first.
SERVICE_LABELS = (
    "service", "service_name", "app", "app_kubernetes_io_name", "application", "component", "deployment",
    "statefulset", "job",
)  # fmt: skip
ENVIRONMENT_LABELS = ("environment", "env", "deployment_environment", "stage")
SEVERITY_LABELS = ("severity", "priority", "level")


class _Alert(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] | None = None
    starts_at: AwareDatetime | None = Field(None, alias="startsAt")
    ends_at: AwareDatetime | None = Field(None, alias="endsAt")
    generator_url: str = Field("", alias="generatorURL")


class _Payload(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    version: Literal["4"] = "4"
    group_key: str = Field("", alias="groupKey")
    external_url: str = Field("", alias="externalURL")
    truncated: int = Field(0, alias="truncatedAlerts", ge=0)
    alerts: list[_Alert]


@dataclass(frozen=True, slots=True)
class Parsed:
    """`truncated`: alerts of the group that the sender left out (its `max_alerts`).

    `delivery` is the sender's own name of this message, by which a second copy of it is known; "" where it has none.
    """

    alerts: tuple[Alert, ...]
    truncated: int = 0
    delivery: str = ""


def parse(document: Document) -> Parsed:
    """Raise Invalid, naming the place, for anything but a version 4 payload."""
    payload = reading.model(_Payload, document.raw)
    group = texts.clean(payload.group_key, texts.LABEL_LENGTH)
    alerts_found = tuple(_alert(each, group_key=group, fallback=payload.external_url) for each in payload.alerts)
    return Parsed(alerts_found, payload.truncated)


def _alert(found: _Alert, *, group_key: str, fallback: str) -> Alert:
    labels, notes = found.labels, found.annotations or {}
    summary, description = notes.get("summary", ""), notes.get("description", "") or notes.get("message", "")
    return Alert(
        source=SOURCE,
        name=texts.word(labels.get("alertname", ""), texts.NAME_LENGTH) or texts.word(summary) or "Unnamed alert",
        fingerprint=alerts.fingerprint(SOURCE, labels),
        is_firing=found.status == "firing",
        severity=alerts.severity(texts.first(labels, SEVERITY_LABELS)),
        service=texts.first(labels, SERVICE_LABELS),
        environment=texts.first(labels, ENVIRONMENT_LABELS),
        text=texts.paragraphs(summary, description),
        starts_at=texts.utc(found.starts_at),
        ends_at=texts.utc(found.ends_at),
        group_key=group_key,
        labels=texts.labels(labels),
        annotations=texts.annotations(notes),
        url=texts.web_address(found.generator_url, fallback),
    )

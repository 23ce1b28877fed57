"""Prometheus Alertmanager's webhook, version 4 of its payload, to our Alerts. Pure.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config. Unknown keys are tolerated, as newer versions
add some; wrong types are not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bot.adapters.alerts import reading, texts
from bot.adapters.alerts.documents import Document
from bot.core import alerts
from bot.core.alerts import Alert
from bot.core.ids import IncidentId

SOURCE = "alertmanager"

# Label names by which teams mark the same thing, the most telling first.
SERVICE_LABELS = (
    "service", "service_name", "app", "app_kubernetes_io_name", "application", "component", "deployment",
    "statefulset", "job",
)  # fmt: skip
ENVIRONMENT_LABELS = ("environment", "env", "deployment_environment", "stage")
SEVERITY_LABELS = ("severity", "priority", "level")


class GroupedAlert(BaseModel):
    """One alert of a group, as Alertmanager and what is built like it send it."""

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
    alerts: list[GroupedAlert]


@dataclass(frozen=True, slots=True)
class Taken:
    """Somebody has acknowledged a page of ours at the pager; `who` is for people to read."""

    incident: IncidentId
    who: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """`truncated`: alerts of the group that the sender left out (its `max_alerts`).

    `delivery` is the sender's own name of this message, by which a second copy of it is known; "" where it has none.
    """

    alerts: tuple[Alert, ...]
    truncated: int = 0
    delivery: str = ""
    taken: Taken | None = None


def parse(document: Document) -> Parsed:
    """Raise Invalid, naming the place, for anything but a version 4 payload."""
    payload = reading.model(_Payload, document.raw)
    group = texts.clean(payload.group_key, texts.LABEL_LENGTH)
    addresses = (payload.external_url,)
    found = tuple(alert(each, source=SOURCE, group_key=group, addresses=addresses) for each in payload.alerts)
    return Parsed(found, payload.truncated)


def alert(
    found: GroupedAlert, *, source: str, group_key: str, addresses: Sequence[str], more: Sequence[str] = ()
) -> Alert:
    """`addresses` follow the alert's own, the best first; `more` is said beside summary and description."""
    labels, notes = found.labels, found.annotations or {}
    summary, description = notes.get("summary", ""), notes.get("description", "") or notes.get("message", "")
    return Alert(
        source=source,
        name=texts.word(labels.get("alertname", ""), texts.NAME_LENGTH) or texts.word(summary) or "Unnamed alert",
        fingerprint=alerts.fingerprint(source, labels),
        is_firing=found.status == "firing",
        severity=alerts.severity(texts.first(labels, SEVERITY_LABELS)),
        service=texts.first(labels, SERVICE_LABELS),
        environment=texts.first(labels, ENVIRONMENT_LABELS),
        text=texts.paragraphs(summary, description, *more),
        starts_at=texts.utc(found.starts_at),
        ends_at=texts.utc(found.ends_at),
        group_key=group_key,
        labels=texts.labels(labels),
        annotations=texts.annotations(notes),
        url=texts.web_address(found.generator_url, *addresses),
    )

"""Grafana's webhooks to our Alerts: unified alerting (version 8 and later) and the payload of the time before. Pure.

https://grafana.com/docs/grafana/latest/alerting/contact-points/notifiers/webhook-notifier. The newer one is built like
Alertmanager's, with addresses of its own.
"""

from dataclasses import replace
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.adapters.alerts import alertmanager, reading, texts
from bot.adapters.alerts.alertmanager import Parsed
from bot.adapters.alerts.documents import Document
from bot.core import alerts
from bot.core.alerts import Alert

SOURCE = "grafana"


class _Alert(alertmanager.GroupedAlert):
    panel_url: str = Field("", alias="panelURL")
    dashboard_url: str = Field("", alias="dashboardURL")
    value: str = Field("", alias="valueString")


class _Unified(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    version: Literal["1"] = "1"
    group_key: str = Field("", alias="groupKey")
    external_url: str = Field("", alias="externalURL")
    truncated: int = Field(0, alias="truncatedAlerts", ge=0)
    alerts: list[_Alert]


class _Match(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    metric: str = ""
    value: float | None = None


class _Legacy(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    state: str
    rule_id: int = Field(alias="ruleId")
    rule_name: str = Field("", alias="ruleName")
    rule_url: str = Field("", alias="ruleUrl")
    message: str = ""
    matches: list[_Match] | None = Field(None, alias="evalMatches")
    tags: dict[str, str] | None = None


def parse(document: Document) -> Parsed:
    """Raise Invalid, naming the place, for anything but one of the two payloads."""
    if "ruleId" in document.keys and "alerts" not in document.keys:
        return _legacy(reading.model(_Legacy, document.raw))
    payload = reading.model(_Unified, document.raw)
    group = texts.clean(payload.group_key, texts.LABEL_LENGTH)
    found = tuple(_alert(each, group_key=group, fallback=payload.external_url) for each in payload.alerts)
    return Parsed(found, payload.truncated)


def _alert(found: _Alert, *, group_key: str, fallback: str) -> Alert:
    """The panel shows more than the rule that its generator is."""
    addresses = (found.dashboard_url, fallback)
    made = alertmanager.alert(found, source=SOURCE, group_key=group_key, addresses=addresses, more=(found.value,))
    return replace(made, url=texts.web_address(found.panel_url) or made.url)


_STATES = {"alerting": True, "no_data": True, "ok": False}
"""`paused` and `pending` say nothing about the thing itself."""


def _legacy(found: _Legacy) -> Parsed:
    is_firing = _STATES.get(found.state)
    if is_firing is None:
        return Parsed(())
    tags = found.tags or {}
    values = [f"{each.metric}: {each.value:g}" for each in found.matches or () if each.value is not None]
    alert = Alert(
        source=SOURCE,
        name=texts.word(found.rule_name, texts.NAME_LENGTH) or "Unnamed alert",
        fingerprint=alerts.fingerprint(SOURCE, {"rule": str(found.rule_id)}),
        is_firing=is_firing,
        severity=alerts.severity(texts.first(tags, alertmanager.SEVERITY_LABELS)),
        service=texts.first(tags, alertmanager.SERVICE_LABELS),
        environment=texts.first(tags, alertmanager.ENVIRONMENT_LABELS),
        text=texts.paragraphs(found.message, "\n".join(values)),
        labels=texts.labels(tags),
        url=texts.web_address(found.rule_url),
    )
    return Parsed((alert,))

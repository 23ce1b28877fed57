"""Every source that can post alerts here, by the last word of its address, and the parser that reads it."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from bot.adapters.alerts import alertmanager, generic, grafana, opsgenie, pagerduty
from bot.adapters.alerts.alertmanager import Parsed
from bot.adapters.alerts.documents import Document

Parse = Callable[[Document], Parsed]

PARSERS: Mapping[str, Parse] = MappingProxyType(
    {each.SOURCE: each.parse for each in (alertmanager, generic, grafana, opsgenie, pagerduty)}
)


def guess(document: Document) -> str:
    """Which source sent it, by its outermost keys; for people who did not say."""
    keys = document.keys
    if "event" in keys:
        return pagerduty.SOURCE
    if {"action", "alert"} <= keys:
        return opsgenie.SOURCE
    if "ruleId" in keys or {"orgId", "alerts"} <= keys:
        return grafana.SOURCE
    return alertmanager.SOURCE if keys & {"version", "groupKey", "receiver"} else generic.SOURCE

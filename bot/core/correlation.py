"""Which incident an alert belongs to, and what it does there. Grouping words are Alertmanager's."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.core import events
from bot.core.alerts import Alert
from bot.core.events import Event
from bot.core.incidents import Incident
from bot.core.states import State


def keys(alert: Alert) -> tuple[str, ...]:
    """Under what an open incident is found: the fingerprint, and the group where the source really groups.

    A group joins only alerts of one name, service and environment: an Alertmanager without `group_by` puts everything
    into one group, and one thread for unrelated alerts would run the wrong runbook.
    """
    grouped = alert.group_key and not alert.group_key.endswith("{}")
    group = "\x00".join(("group", alert.source, alert.group_key, alert.name, alert.service, alert.environment))
    return (alert.fingerprint, group) if grouped else (alert.fingerprint,)


@dataclass(frozen=True, slots=True)
class Ignored:
    """On record with its reason; no incident changes."""

    reason: str


def join(incident: Incident, alert: Alert, now: datetime) -> tuple[Event, ...] | Ignored:
    """What a further alert does to its incident: a repeat, a resolution, or a return after it was resolved."""
    seen = incident.alerts.get(alert.fingerprint)
    if alert.is_firing and seen is not None and not seen.alert.is_firing and _is_older(alert, seen.alert):
        return Ignored("a late copy of a firing that has resolved since")
    if not alert.is_firing and seen is None and not incident.is_open:
        return Ignored("resolved, and was not known to fire")
    returns = alert.is_firing and incident.state is State.RESOLVED and (seen is None or not seen.alert.is_firing)
    joined = events.AlertJoined(alert)
    return (joined, events.IncidentReopened(f"fired again at {now:%H:%M} UTC")) if returns else (joined,)


def _is_older(alert: Alert, resolved: Alert) -> bool:
    """The same firing as the one that ended: sources give each new firing a new start."""
    return alert.starts_at is not None and resolved.starts_at is not None and alert.starts_at <= resolved.starts_at


def opened(alert: Alert) -> tuple[Event, ...]:
    """The first events of an incident that an alert starts."""
    title = alert.name or "Alert without a name"
    start = events.IncidentOpened(title, alert.severity, alert.service, alert.environment)
    return (start, events.AlertJoined(alert))


def all_keys(alerts: Iterable[Alert]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for alert in alerts for key in keys(alert)))

"""`describe`: what it is, how it is, why (conditions), what happened: in the order in which a person looks. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.adapters.kubernetes import pods, rendering, templates
from bot.adapters.kubernetes.client import Obj
from bot.adapters.kubernetes.cluster import at, name_of, namespace_of, owner_of, selector_text
from bot.adapters.kubernetes.resources import SECRETS, Resource

_SHOWN_EVENTS = 20
_LABEL_WIDTH = 14
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_COUNTS = {
    "replicas": "there",
    "updatedReplicas": "updated",
    "readyReplicas": "ready",
    "availableReplicas": "available",
    "unavailableReplicas": "unavailable",
    "desiredNumberScheduled": "wanted",
    "numberReady": "ready",
    "numberUnavailable": "unavailable",
}
"""Fields of a workload's status, in the order in which they are told."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def describe(found: Obj, resource: Resource, events: Sequence[Obj] | None, *, now: datetime) -> str:
    """`events` None means that they may not be listed."""
    seen = rendering.masked(found, resource)
    lines = [*_identity(seen, resource, now), *_summary(seen, resource), *_conditions(seen)]
    return "\n".join([*lines, *_events(events, now)])


def _line(label: str, value: object) -> str:
    return f"{label + ':':<{_LABEL_WIDTH}} {value}"


def _identity(found: Obj, resource: Resource, now: datetime) -> Iterator[str]:
    yield _line("Name", name_of(found))
    if namespace_of(found):
        yield _line("Namespace", namespace_of(found))
    yield _line("Kind", resource.kind)
    owner = owner_of(found)
    if owner:
        yield _line("Controlled By", f"{owner.get('kind')}/{owner.get('name')}")
    yield _line("Age", age(str(at(found, "metadata.creationTimestamp", "")), now))
    for label, field in (("Labels", "labels"), ("Annotations", "annotations")):
        values = {k: v for k, v in at(found, f"metadata.{field}", {}).items() if k != _LAST_APPLIED}
        yield _line(label, ", ".join(f"{key}={value}" for key, value in sorted(values.items())) or "<none>")


def _summary(found: Obj, resource: Resource) -> Iterator[str]:
    match resource.plural:
        case "pods":
            yield from _pod(found)
        case "deployments" | "statefulsets" | "daemonsets" | "replicasets":
            yield from _workload(found)
        case "nodes":
            yield from _node(found)
        case _ if resource == SECRETS:
            yield _line("Type", found.get("type", "Opaque"))
            yield from (_line(str(key), value) for key, value in sorted((found.get("data") or {}).items()))
        case _:
            yield from _fields(found)


def _pod(pod: Obj) -> Iterator[str]:
    yield _line("Node", at(pod, "spec.nodeName", "<none>"))
    yield _line("Status", pods.phase(pod))
    yield _line("IP", at(pod, "status.podIP", "<none>"))
    statuses = {status.get("name"): status for status in at(pod, "status.containerStatuses", [])}
    yield "Containers:"
    for container in at(pod, "spec.containers", []):
        yield from _container(container, statuses.get(container.get("name"), {}))


def _container(container: Obj, status: Obj) -> Iterator[str]:
    yield f"  {container.get('name')}:"
    facts = {
        "Image": container.get("image", ""),
        "State": _state(status.get("state") or {}),
        "Last State": _state(status.get("lastState") or {}),
        "Ready": status.get("ready", False),
        "Restarts": status.get("restartCount", 0),
        "Limits": _pairs(at(container, "resources.limits", {})),
        "Requests": _pairs(at(container, "resources.requests", {})),
    }
    yield from (f"    {_line(label, value)}" for label, value in facts.items() if value not in ("", None))


def _state(state: Mapping[str, Any]) -> str:  # Any: one of three shapes of the vendor's
    for name, told in sorted(state.items()):
        parts = [name.capitalize(), *([str(told["reason"])] if told.get("reason") else [])]
        parts += [f"exit code {told['exitCode']}"] if "exitCode" in told else []
        parts += [str(told["message"])] if told.get("message") else []
        return ", ".join(parts)
    return ""


def _workload(workload: Obj) -> Iterator[str]:
    status = at(workload, "status", {})
    yield _line("Selector", selector_text(at(workload, "spec.selector", {})))
    counts = [f"{status[name]} {word}" for name, word in _COUNTS.items() if name in status]
    yield _line("Replicas", ", ".join([f"{at(workload, 'spec.replicas', 1)} desired", *counts]))
    yield _line("Image", templates.images(at(workload, "spec.template", {})))


def _node(node: Obj) -> Iterator[str]:
    yield _line("Unschedulable", str(bool(at(node, "spec.unschedulable"))).lower())
    taints = [f"{t.get('key')}={t.get('value', '')}:{t.get('effect')}" for t in at(node, "spec.taints", [])]
    yield _line("Taints", ", ".join(taints) or "<none>")
    yield _line("Allocatable", _pairs(at(node, "status.allocatable", {})))


def _fields(found: Obj) -> Iterator[str]:
    """Spec and data of any other type, one simple field a line."""
    for part in ("spec", "data", "status"):
        for key, value in sorted((found.get(part) or {}).items()):
            if isinstance(value, str | int | float | bool):
                yield _line(str(key), value)
            elif value and key != "conditions":
                yield _line(str(key), f"({len(value)} entries; see -o yaml)")


def _pairs(values: Mapping[str, object]) -> str:
    return ", ".join(f"{key}: {value}" for key, value in sorted(values.items()))


def _conditions(found: Obj) -> Iterator[str]:
    conditions = at(found, "status.conditions", [])
    if not conditions:
        return
    yield "Conditions:"
    rows = [["  TYPE", "STATUS", "REASON", "MESSAGE"]]
    for one in conditions:
        rows.append([f"  {one.get('type')}", *(str(one.get(key, "")) for key in ("status", "reason", "message"))])
    yield rendering.aligned(rows)


def _events(events: Sequence[Obj] | None, now: datetime) -> Iterator[str]:
    if events is None:
        yield _line("Events", "(not shown: listing events is not permitted)")
        return
    if not events:
        yield _line("Events", "<none>")
        return
    yield "Events:"
    rows = [["  TYPE", "REASON", "AGE", "COUNT", "MESSAGE"]]
    for one in sorted(events, key=lambda event: str(event.get("lastTimestamp") or ""))[-_SHOWN_EVENTS:]:
        when = age(str(one.get("lastTimestamp") or one.get("eventTime") or ""), now)
        message = str(one.get("message", "")).strip()
        rows.append([f"  {one.get('type')}", str(one.get("reason")), when, str(one.get("count") or 1), message])
    yield rendering.aligned(rows)


def age(timestamp: str, now: datetime) -> str:
    """`42s`, `5m`, `3h`, `2d`, as kubectl shows it, in its largest unit; empty input is `<unknown>`."""
    try:
        then = datetime.fromisoformat(timestamp)
    except ValueError:
        return "<unknown>"
    seconds = max(0, int((now - then.astimezone(UTC)).total_seconds()))
    for unit, size in (("d", _DAY), ("h", _HOUR), ("m", _MINUTE)):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"

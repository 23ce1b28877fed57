"""Label and field selectors: from query text to a predicate on objects.

Grammar: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors.
"""

import re
from collections.abc import Callable
from typing import Any

from bot.sim.cluster import statuses
from bot.sim.cluster.kinds import Resource
from bot.sim.cluster.objects import Obj, labels_of

Predicate = Callable[[Obj], bool]

_KEY = r"[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?"
_VALUE = r"[A-Za-z0-9._-]*"
_SET = re.compile(rf"^({_KEY})\s+(in|notin)\s+\(([^)]*)\)$")
_EQUALITY = re.compile(rf"^({_KEY})\s*(==|=|!=)\s*({_VALUE})$")
_EXISTS = re.compile(rf"^(!?)\s*({_KEY})$")

# Which fields each resource can be selected by (its strategy's SelectableFields).
_FIELDS: dict[str, frozenset[str]] = {
    "pods": frozenset(
        {
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        }
    ),
    "events": frozenset(
        {
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        }
    ),
    "nodes": frozenset({"spec.unschedulable"}),
    "namespaces": frozenset({"status.phase"}),
    "secrets": frozenset({"type"}),
    "services": frozenset({"spec.clusterIP", "spec.type"}),
    "replicasets": frozenset({"status.replicas"}),
    "jobs": frozenset({"status.successful"}),
}


def labels(text: str) -> Predicate:
    """Raises a 400 StatusError for text that the grammar does not know."""
    tests = [_label_test(part) for part in _split(text)]
    return lambda obj: all(test(labels_of(obj)) for test in tests)


def _split(text: str) -> list[str]:
    """Split at commas that stand outside of parentheses."""
    return [part.strip() for part in re.split(r",(?![^(]*\))", text) if part.strip()]


def _label_test(part: str) -> Callable[[dict[str, str]], bool]:
    if found := _SET.match(part):
        key, word = found.group(1), found.group(3)
        values = {value.strip() for value in found.group(4).split(",")}
        if word == "in":
            return lambda have: have.get(key) in values
        return lambda have: have.get(key) not in values
    if found := _EQUALITY.match(part):
        key, sign, value = found.group(1), found.group(3), found.group(4)
        if sign == "!=":
            return lambda have: have.get(key) != value
        return lambda have: have.get(key) == value
    if found := _EXISTS.match(part):
        key, negated = found.group(2), bool(found.group(1))
        return lambda have: (key in have) is not negated
    raise statuses.bad_request(f"unable to parse requirement: found '{part}', expected: in, notin, =, ==, !=")


def fields(text: str, resource: Resource) -> Predicate:
    """Raises a 400 StatusError for a field that this resource cannot be selected by."""
    tests = [_field_test(part, resource) for part in _split(text)]
    return lambda obj: all(test(obj) for test in tests)


def _field_test(part: str, resource: Resource) -> Predicate:
    found = re.match(r"^([A-Za-z0-9.]+)(==|!=|=)(.*)$", part)
    if found is None:
        raise statuses.bad_request(f"invalid selector: '{part}'; can't understand '{part}'")
    path, sign, wanted = found.groups()
    known = {"metadata.name", "metadata.namespace"} | _FIELDS.get(resource.plural, frozenset())
    if path not in known:
        raise statuses.bad_request(f"field label not supported: {path}")
    if sign == "!=":
        return lambda obj: _field(obj, path) != wanted
    return lambda obj: _field(obj, path) == wanted


def _field(obj: Obj, path: str) -> str:
    if path == "source":
        path = "source.component"
    value: Any = obj
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def of_object(selector: Obj | None) -> Predicate:
    """A `LabelSelector` of a spec (matchLabels, matchExpressions). None selects nothing, {} everything."""
    if selector is None:
        return lambda _: False
    wanted: dict[str, str] = selector.get("matchLabels") or {}
    expressions: list[Obj] = selector.get("matchExpressions") or []

    def matches(obj: Obj) -> bool:
        have = labels_of(obj)
        if any(have.get(key) != value for key, value in wanted.items()):
            return False
        return all(_expression_holds(one, have) for one in expressions)

    return matches


def _expression_holds(expression: Obj, have: dict[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or []
    match expression["operator"]:
        case "In":
            return have.get(key) in values
        case "NotIn":
            return have.get(key) not in values
        case "Exists":
            return key in have
        case _:
            return key not in have


def as_text(selector: Obj | None) -> str:
    """A `LabelSelector` as the query text that selects the same objects."""
    selector = selector or {}
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for one in selector.get("matchExpressions") or []:
        values = ",".join(one.get("values") or [])
        match one["operator"]:
            case "In":
                parts.append(f"{one['key']} in ({values})")
            case "NotIn":
                parts.append(f"{one['key']} notin ({values})")
            case "Exists":
                parts.append(one["key"])
            case _:
                parts.append(f"!{one['key']}")
    return ",".join(parts)

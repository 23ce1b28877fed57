"""LIST: selectors, pages and the envelope.

Knows the store and selectors; nothing of HTTP beyond the query it is handed.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping

from bot.sim.cluster import objects, requests, selectors, statuses
from bot.sim.cluster.kinds import Resource
from bot.sim.cluster.objects import Obj
from bot.sim.cluster.state import Store


def predicate(query: Mapping[str, str], resource: Resource, name: str = "") -> Callable[[Obj], bool]:
    """The labelSelector and fieldSelector of a query, and the name of a single-object watch, as one test."""
    by_label = selectors.labels(query.get("labelSelector", ""))
    by_field = selectors.fields(query.get("fieldSelector", ""), resource)
    return lambda obj: by_label(obj) and by_field(obj) and (not name or objects.name_of(obj) == name)


def page(store: Store, resource: Resource, namespace: str, query: Mapping[str, str]) -> Obj:
    """The list object for this query. Raises 400 for bad selectors or tokens, 410 for an old token."""
    matches = predicate(query, resource)
    found = [obj for obj in store.items(resource, namespace) if matches(obj)]
    version, start = _position(store, query.get("continue", ""))
    remaining = [obj for obj in found if _place(obj) > start]
    limit = requests.integer(query, "limit") or 0
    shown = remaining[:limit] if limit > 0 else remaining
    metadata: Obj = {"resourceVersion": str(version)}
    if len(shown) < len(remaining):
        metadata["continue"] = _token(version, shown[-1])
        if not query.get("labelSelector") and not query.get("fieldSelector"):
            metadata["remainingItemCount"] = len(remaining) - len(shown)
    # Items of a typed list carry neither kind nor apiVersion.
    items = [{key: value for key, value in obj.items() if key not in ("kind", "apiVersion")} for obj in shown]
    envelope = {"kind": f"{resource.kind}List", "apiVersion": resource.group_version}
    return envelope | {"metadata": metadata, "items": items}


def _place(obj: Obj) -> tuple[str, str]:
    return (objects.namespace_of(obj), objects.name_of(obj))


def _token(version: int, last: Obj) -> str:
    raw = json.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": list(_place(last))})
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _position(store: Store, token: str) -> tuple[int, tuple[str, str]]:
    if not token:
        return store.version, ("", "")
    try:
        read = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        version, (namespace, name) = int(read["rv"]), read["start"]
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise statuses.bad_request("continue key is not valid") from None
    if version < store.oldest_version:
        why = (
            "The provided continue parameter is too old to display a consistent list result. "
            "You must start a new list without the continue parameter."
        )
        raise statuses.StatusError(410, "Expired", why)
    return version, (namespace, name)

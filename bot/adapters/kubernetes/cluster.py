"""The cluster in verbs: read, list, patch, delete, ask for permission. One of these lives for one preview or one run.

It holds the deadline, so that time spent on reading is time not left for writing. It must not know operations.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.adapters.kubernetes.client import Connection, Obj, Request
from bot.adapters.kubernetes.resources import PODS, Resource
from bot.adapters.kubernetes.troubles import NOT_FOUND, Ending, Trouble
from bot.ports import Clock

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"
"""Server-side apply; JSON is YAML."""

PAGE = 500
"""Objects asked for at once: kubectl's own chunk size."""

MOST_OBJECTS = 5000
"""Beyond this a selector is too wide for anything that a runbook does."""


@dataclass(frozen=True, slots=True)
class Object:
    """Which object is meant."""

    resource: Resource
    namespace: str
    name: str
    subresource: str = ""

    @property
    def path(self) -> str:
        return self.resource.path(self.namespace, self.name, self.subresource)


@dataclass(frozen=True, slots=True)
class Edit:
    """How one object is written: `verb` as RBAC names it (create, update, patch), `form` the body's content type."""

    verb: str
    body: object
    form: str = "application/json"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which objects of a list are meant; empty selectors mean all."""

    resource: Resource
    namespace: str
    labels: str = ""
    fields: str = ""

    @property
    def query(self) -> list[tuple[str, str]]:
        pairs = [("labelSelector", self.labels), ("fieldSelector", self.fields)]
        return [(key, value) for key, value in pairs if value]


class Cluster:
    def __init__(self, connection: Connection, *, clock: Clock, seconds: float) -> None:
        self.connection = connection
        self.clock = clock
        self._due = clock.monotonic() + seconds

    def left(self) -> float:
        """Seconds until this preview or run must be over."""
        return self._due - self.clock.monotonic()

    async def raw(self, wanted: Request) -> bytes:
        return await self.connection.request(wanted, timeout=self.left())

    async def json(self, wanted: Request) -> Obj:
        """The answer as JSON. A Status that says Failure is a refusal, whatever its HTTP status was."""
        raw = await self.raw(wanted)
        try:
            found = json.loads(raw)
        except ValueError as error:
            raise Trouble(Ending.LOST, "the answer is not JSON", may_have_changed=wanted.may_change) from error
        if not isinstance(found, dict):
            said = "the answer is not a Kubernetes object"
            raise Trouble(Ending.LOST, said, may_have_changed=wanted.may_change)
        if found.get("kind") == "Status" and found.get("status") == "Failure":
            raise Trouble(
                Ending.ANSWERED,
                str(found.get("message", "")),
                status=int(found.get("code") or 0),
                reason=str(found.get("reason", "")),
                may_have_changed=wanted.may_change,
            )
        return found

    async def get(self, wanted: Object) -> Obj:
        return await self.json(Request("GET", wanted.path))

    async def find(self, wanted: Object) -> Obj | None:
        """None when there is no such object."""
        try:
            return await self.get(wanted)
        except Trouble as trouble:
            if trouble.status == NOT_FOUND:
                return None
            raise

    async def list(self, wanted: Selection) -> list[Obj]:
        """All matching objects in the order of their names, page by page; Trouble beyond MOST_OBJECTS."""
        found: list[Obj] = []
        onward = ""
        while True:
            query = [*wanted.query, ("limit", str(PAGE)), *([("continue", onward)] if onward else [])]
            page = await self.json(Request("GET", wanted.resource.path(wanted.namespace), query))
            found += page.get("items") or []
            onward = str((page.get("metadata") or {}).get("continue") or "")
            if not onward:
                return sorted(found, key=lambda item: (namespace_of(item), name_of(item)))
            if len(found) >= MOST_OBJECTS:
                raise Trouble(Ending.ANSWERED, f"more than {MOST_OBJECTS} objects match", status=400, reason="TooWide")

    async def patch(self, wanted: Object, patch: object, *, form: str, is_dry: bool) -> Obj:
        query = [("fieldManager", "pageturner"), *_dry(is_dry=is_dry)]
        return await self.json(Request("PATCH", wanted.path, query, body=patch, content_type=form))

    async def write(self, wanted: Object, edit: Edit, *, is_dry: bool) -> Obj:
        """Create, patch or replace one object; unknown fields are refused, so that a typo is not lost."""
        method = {"create": "POST", "update": "PUT", "patch": "PATCH"}[edit.verb]
        path = wanted.resource.path(wanted.namespace) if edit.verb == "create" else wanted.path
        query = [("fieldManager", "pageturner"), ("fieldValidation", "Strict"), *_dry(is_dry=is_dry)]
        return await self.json(Request(method, path, query, body=edit.body, content_type=edit.form))

    async def delete(
        self, wanted: Object, *, uid: str, is_dry: bool, grace: int | None = None, propagation: str = ""
    ) -> Obj:
        """With the UID as precondition. A body hides the query from the server: the dry run is in both."""
        options: Obj = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": uid}}
        options |= {"gracePeriodSeconds": grace} if grace is not None else {}
        options |= {"propagationPolicy": propagation} if propagation else {}
        options |= {"dryRun": ["All"]} if is_dry else {}
        return await self.json(Request("DELETE", wanted.path, _dry(is_dry=is_dry), body=options))

    async def delete_pod(self, namespace: str, name: str, *, uid: str, grace: int | None, is_dry: bool) -> Obj:
        return await self.delete(Object(PODS, namespace, name), uid=uid, grace=grace, is_dry=is_dry)

    async def evict(self, namespace: str, name: str, *, uid: str, grace: int | None, is_dry: bool) -> Obj:
        """A deletion that asks the disruption budgets first: 429 when one says no."""
        options: Obj = {"preconditions": {"uid": uid}}
        options |= {"gracePeriodSeconds": grace} if grace is not None else {}
        options |= {"dryRun": ["All"]} if is_dry else {}
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name, "namespace": namespace},
            "deleteOptions": options,
        }
        path = Object(PODS, namespace, name, "eviction").path
        return await self.json(Request("POST", path, _dry(is_dry=is_dry), body=body))

    async def review(self, kind: str, group: str, spec: Obj) -> Obj:
        """A review asks and stores nothing; answers its status."""
        body = {"apiVersion": f"{group}/v1", "kind": kind, "spec": spec}
        answer = await self.json(Request("POST", f"/apis/{group}/v1/{kind.lower()}s", body=body, is_review=True))
        status = answer.get("status")
        return status if isinstance(status, dict) else {}


def _dry(*, is_dry: bool) -> Sequence[tuple[str, str]]:
    return [("dryRun", "All")] if is_dry else []


# --- reading objects -------------------------------------------------------------------------------------------------


def name_of(found: Obj) -> str:
    return str(found.get("metadata", {}).get("name", ""))


def namespace_of(found: Obj) -> str:
    return str(found.get("metadata", {}).get("namespace", ""))


def uid_of(found: Obj) -> str:
    return str(found.get("metadata", {}).get("uid", ""))


def version_of(found: Obj) -> str:
    return str(found.get("metadata", {}).get("resourceVersion", ""))


def owner_of(found: Obj) -> Obj | None:
    """The owner that would bring it back."""
    owners = found.get("metadata", {}).get("ownerReferences") or []
    return next((owner for owner in owners if owner.get("controller")), None)


def at(found: Obj, path: str, default: Any = None) -> Any:  # Any: a field of a vendor's object
    """`at(deployment, "spec.template.metadata")`; the default when any part is missing or null."""
    value: Any = found
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
        if value is None:
            return default
    return value


def selector_text(selector: Obj) -> str:
    """A workload's selector as the query that lists its pods."""
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for rule in selector.get("matchExpressions") or []:
        values = ",".join(rule.get("values") or [])
        match rule.get("operator"):
            case "In":
                parts.append(f"{rule['key']} in ({values})")
            case "NotIn":
                parts.append(f"{rule['key']} notin ({values})")
            case "Exists":
                parts.append(str(rule["key"]))
            case _:
                parts.append(f"!{rule['key']}")
    return ",".join(parts)

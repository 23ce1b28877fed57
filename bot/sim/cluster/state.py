"""The store: every object of the cluster, one global resourceVersion, and the history that watches read.

Synchronous on purpose: one event loop owns it, so a read and the write that follows it cannot be torn apart.
Knows nothing of validation, access or HTTP. Stored objects are shared, so callers clone before they change.
"""

import asyncio
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from bot.sim.cluster import kinds, objects, statuses
from bot.sim.cluster.kinds import Resource
from bot.sim.cluster.objects import Obj

# A real server starts well above zero, so that 1 is a version of the past.
FIRST_VERSION = 1000
# How many changes a watch can go back; beyond it the answer is 410 Expired.
HISTORY_LENGTH = 4000
# How often a server tries another name for `generateName` before it says AlreadyExists.
_NAME_TRIES = 8

_NOT_FROM_CLIENTS = (
    "resourceVersion",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
    "selfLink",
    "generation",
)

EventType = Literal["ADDED", "MODIFIED", "DELETED"]
Key = tuple[str, str]
"""Namespace (empty where there is none) and name."""


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the history. `before` is what the object was, for watches with selectors."""

    version: int
    type: EventType
    resource: Resource
    obj: Obj
    before: Obj | None


class Store:
    """Objects by resource, namespace and name. `clock` gives seconds since the epoch, `suffix` ends generated names."""

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        history_length: int = HISTORY_LENGTH,
        suffix: Callable[[], str] = objects.random_suffix,
    ) -> None:
        self.clock = clock
        self._suffix = suffix
        self.version = FIRST_VERSION
        self.history: deque[Change] = deque(maxlen=history_length)
        self._objects: dict[Resource, dict[Key, Obj]] = {one: {} for one in kinds.STORED}
        self._dependents: dict[tuple[Resource, str], set[Key]] = {}  # by the owner's UID, as the controllers ask
        self._listeners: set[asyncio.Event] = set()

    # -- reading

    def find(self, resource: Resource, namespace: str, name: str) -> Obj | None:
        return self._objects[resource].get((namespace if resource.namespaced else "", name))

    def get(self, resource: Resource, namespace: str, name: str) -> Obj:
        """Raises the 404 StatusError of this resource when there is no such object."""
        found = self.find(resource, namespace, name)
        if found is None:
            raise statuses.not_found(resource, name)
        return found

    def items(self, resource: Resource, namespace: str = "") -> list[Obj]:
        """Objects ordered by namespace and name; of every namespace when none is given."""
        table = self._objects[resource]
        return [table[key] for key in sorted(table) if not namespace or key[0] == namespace]

    def dependents(self, resource: Resource, owner: Obj) -> list[Obj]:
        """Objects that this owner controls, ordered by namespace and name."""
        table = self._objects[resource]
        return [table[key] for key in sorted(self._dependents.get((resource, objects.uid_of(owner)), ()))]

    def by_uid(self, uid: str) -> Obj | None:
        for table in self._objects.values():
            for obj in table.values():
                if obj["metadata"]["uid"] == uid:
                    return obj
        return None

    @property
    def oldest_version(self) -> int:
        """A watch may start at this version or later."""
        return self.history[0].version - 1 if self.history else self.version

    # -- writing

    def identify(self, resource: Resource, obj: Obj) -> Obj:
        """A clone with the metadata that a create gives: name, uid, time, generation. Not stored."""
        fresh: Obj = objects.clone(obj)
        metadata: Obj = fresh["metadata"]
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = self._free_name(resource, metadata)
        for name in _NOT_FROM_CLIENTS:
            metadata.pop(name, None)
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = objects.timestamp(self.clock())
        if resource.has_generation:
            metadata["generation"] = 1
        return fresh

    def _free_name(self, resource: Resource, metadata: Obj) -> str:
        """A generated name that is taken is generated anew, as often as a 1.32 server does it (RetryGenerateName)."""
        name = ""
        for _ in range(_NAME_TRIES):
            name = metadata["generateName"] + self._suffix()
            if self.find(resource, metadata.get("namespace", ""), name) is None:
                break
        return name

    def create(self, resource: Resource, obj: Obj) -> Obj:
        """Raises 409 AlreadyExists. Answers the stored object."""
        fresh = self.identify(resource, obj)
        key = self._key(resource, fresh)
        if key in self._objects[resource]:
            raise statuses.already_exists(resource, key[1])
        return self._write("ADDED", resource, fresh)

    def update(self, resource: Resource, obj: Obj) -> Obj:
        """Store a changed clone. A write that changes nothing keeps its resourceVersion."""
        key = self._key(resource, obj)
        before = self._objects[resource].get(key)
        if before is None:
            raise statuses.not_found(resource, key[1])
        if _without_version(obj) == _without_version(before):
            return before
        return self._write("MODIFIED", resource, obj)

    def remove(self, resource: Resource, obj: Obj) -> Obj:
        """Take the object away at once; graceful deletion is the caller's business."""
        key = self._key(resource, obj)
        before = self._objects[resource].pop(key, None)
        if before is None:
            raise statuses.not_found(resource, key[1])
        self._index(resource, key, before, None)
        gone: Obj = objects.clone(before)
        self._record("DELETED", resource, gone, before)
        return gone

    def _write(self, type_: EventType, resource: Resource, obj: Obj) -> Obj:
        key = self._key(resource, obj)
        before = self._objects[resource].get(key)
        self._objects[resource][key] = obj
        self._index(resource, key, before, obj)
        self._record(type_, resource, obj, before)
        return obj

    def _record(self, type_: EventType, resource: Resource, obj: Obj, before: Obj | None) -> None:
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        self.history.append(Change(self.version, type_, resource, obj, before))
        self.notify()

    def _index(self, resource: Resource, key: Key, before: Obj | None, after: Obj | None) -> None:
        old, new = (_controller_uid(each) for each in (before, after))
        if old == new:
            return
        if old:
            self._dependents[resource, old].discard(key)
        if new:
            self._dependents.setdefault((resource, new), set()).add(key)

    @staticmethod
    def _key(resource: Resource, obj: Obj) -> Key:
        return (objects.namespace_of(obj) if resource.namespaced else "", objects.name_of(obj))

    # -- waiting

    @contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """An event that is set after every change; the listener clears it."""
        event = asyncio.Event()
        self._listeners.add(event)
        try:
            yield event
        finally:
            self._listeners.discard(event)

    def notify(self) -> None:
        """Wake every listener: an object, a fault or a log changed."""
        for event in self._listeners:
            event.set()


def _controller_uid(obj: Obj | None) -> str:
    reference = objects.controller_of(obj) if obj else None
    return str(reference["uid"]) if reference else ""


def _without_version(obj: Obj) -> Obj:
    metadata = {key: value for key, value in obj["metadata"].items() if key != "resourceVersion"}
    return obj | {"metadata": metadata}

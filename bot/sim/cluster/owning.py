"""Who manages which field: the field managers of server-side apply, and what an apply makes of an object.

A small rewrite of sigs.k8s.io/structured-merge-diff for the lists that patches merge by key; every other list is one
value. Owners are kept beside the objects, so `managedFields` is not shown. Knows nothing of HTTP or the store.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from bot.sim.cluster import objects, patches, statuses
from bot.sim.cluster.kinds import Resource
from bot.sim.cluster.objects import Obj

# What no manager owns: the object's identity, and what the server writes.
_IDENTITY = frozenset({"apiVersion", "kind", "status"})
_METADATA = frozenset(
    {
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "managedFields",
    }
)

Path = tuple[Any, ...]
"""Keys; an item of a keyed list is the pair (key, value)."""


@dataclass(frozen=True, slots=True)
class Manager:
    """`is_apply` tells an applier from one that creates, replaces and patches: they own apart even under one name."""

    name: str
    is_apply: bool = False


@dataclass(slots=True)
class Owners:
    """Fields by UID and manager."""

    _fields: dict[str, dict[Manager, set[Path]]] = field(default_factory=dict)

    def of(self, uid: str) -> dict[Manager, set[Path]]:
        return self._fields.setdefault(uid, {})

    def wrote(self, manager: str, old: Obj | None, new: Obj) -> None:
        """What a create, replace or patch changed is its manager's alone; what it left is whose it was.

        Without a name nothing is owned by it: an apply says afterwards what it owns.
        """
        before, after = dict(leaves(old or {})), dict(leaves(new))
        changed = {path for path, value in after.items() if path not in before or before[path] != value}
        owners = self.of(objects.uid_of(new))
        for held in owners.values():
            held.difference_update(changed if manager else ())
            held.intersection_update(after.keys())
        if manager:
            owners.setdefault(Manager(manager), set()).update(changed)

    def applied(self, manager: str, uid: str, applied: Obj) -> None:
        """The applier owns what it names; whoever else has the same value shares it."""
        self.of(uid)[Manager(manager, is_apply=True)] = {path for path, _ in leaves(applied)}

    def given_up(self, manager: str, uid: str, applied: Obj) -> list[Path]:
        """Fields that this applier named before and nobody else owns, the inner ones first: an apply without them
        removes them.
        """
        owners = self.of(uid)
        me = Manager(manager, is_apply=True)
        others = {path for one, held in owners.items() if one != me for path in held}
        gone = owners.get(me, set()) - {path for path, _ in leaves(applied)} - others
        return sorted(gone, key=len, reverse=True)

    def take_over(self, manager: str, uid: str, paths: Iterable[Path]) -> None:
        """A forced apply takes fields away from everybody else."""
        for one, held in self.of(uid).items():
            if one != Manager(manager, is_apply=True):
                held.difference_update(paths)

    def conflicts(self, manager: str, live: Obj, applied: Obj) -> list[tuple[Manager, Path]]:
        """Fields that the apply would change although another manager owns them."""
        before = dict(leaves(live))
        me = Manager(manager, is_apply=True)
        return [
            (one, path)
            for path, value in leaves(applied)
            for one, held in self.of(objects.uid_of(live)).items()
            if one != me and path in held and before.get(path) != value
        ]


def leaves(found: Obj) -> Iterator[tuple[Path, Any]]:
    """Every value that can be owned, by its path."""
    for key, value in found.items():
        if key == "metadata":
            kept = {name: inner for name, inner in value.items() if name not in _METADATA}
            yield from _leaves(kept, ("metadata",)) if kept else ()
        elif key not in _IDENTITY:
            yield from _leaves(value, (key,))


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list) and (key := patches.merge_key(str(path[-1]), value)):
        for item in value:
            place = (*path, (key, item[key]))
            yield place, item[key]
            for name, inner in item.items():
                if name != key:
                    yield from _leaves(inner, (*place, name))
    elif value is not None:
        yield path, value


def merged(live: Any, applied: Any, name: str = "") -> Any:
    """What an apply makes of an object: named fields win, all others stay; new items of keyed lists stand last."""
    if isinstance(live, dict) and isinstance(applied, dict):
        fresh = {key: merged(live.get(key), value, key) for key, value in applied.items() if value is not None}
        return live | fresh
    if not isinstance(live, list) or not isinstance(applied, list):
        return objects.clone(applied)
    key = patches.merge_key(name, live + applied)
    if key is None or not live:
        return objects.clone(applied)
    wanted = {item[key]: item for item in applied}
    result = [merged(item, wanted.pop(item[key])) if item.get(key) in wanted else item for item in live]
    return result + [objects.clone(item) for item in wanted.values()]


def without(found: Any, path: Path) -> Any:
    """A copy without this field; a map that is then empty goes with it, a list item when only its key is left."""
    first, rest = path[0], path[1:]
    if isinstance(first, tuple):
        key, value = first
        if rest:
            return [without(item, rest) if item.get(key) == value else item for item in found or []]
        return [item for item in found or [] if item.get(key) != value or len(item) > 1]
    if not isinstance(found, dict) or first not in found:
        return found
    inner = without(found[first], rest) if rest else None
    others = {key: value for key, value in found.items() if key != first}
    return {**others, first: inner} if inner else others


def conflict(resource: Resource, found: list[tuple[Manager, Path]]) -> statuses.StatusError:
    """As apimachinery words it (fieldmanager/internal/conflict.go)."""
    causes = []
    for manager, path in found:
        why = f'conflict with "{manager.name}" using {resource.group_version}'
        causes.append(statuses.Cause("FieldManagerConflict", why, shown(path)))
    if len(causes) == 1:
        text = f"Apply failed with 1 conflict: {causes[0].message}: {causes[0].field}"
    else:
        listed = "".join(f"\n- {cause.field}" for cause in causes)
        names = "\n".join(dict.fromkeys(cause.message.replace("conflict with", "conflicts with") for cause in causes))
        text = f"Apply failed with {len(causes)} conflicts: {names}:{listed}"
    details = {"causes": [cause.as_json() for cause in causes]}
    return statuses.StatusError(409, "Conflict", text, details)


def shown(path: Path) -> str:
    """`.spec.template.spec.containers[name="api"].image`."""
    return "".join(f'[{part[0]}="{part[1]}"]' if isinstance(part, tuple) else f".{part}" for part in path)

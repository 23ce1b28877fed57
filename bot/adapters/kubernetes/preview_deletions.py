"""Dry runs of deletions of any type but pods: what goes, what goes with it, and what would stay behind."""

from collections.abc import Sequence

from bot.adapters.kubernetes import access, changes, object_items
from bot.adapters.kubernetes.asking import Asked
from bot.adapters.kubernetes.client import Obj
from bot.adapters.kubernetes.cluster import Selection, at, owner_of, uid_of
from bot.adapters.kubernetes.object_edits import Item
from bot.adapters.kubernetes.preview_objects import SCALED
from bot.adapters.kubernetes.resources import PODS
from bot.adapters.kubernetes.troubles import FORBIDDEN, Trouble
from bot.core.previews import Preview, Target

PROMISE = "the cluster accepted a dry run of each deletion; what finalizers and controllers then do is not foreseen"
_WITH_DATA = frozenset(("persistentvolumeclaims", "persistentvolumes"))
_POLICIES = {"background": "Background", "orphan": "Orphan", "foreground": "Foreground"}


def propagation(asked: Asked) -> str:
    """The API's word; empty for pods, where the server's own rule is kept."""
    return _POLICIES.get(asked.text("cascade"), "")


async def delete(asked: Asked) -> Preview:
    who = await access.identity(asked.cluster)
    problems = await access.missing(asked.cluster, who, object_items.needs(asked, "delete"))
    if problems:
        return Preview(identity=who, problems=problems)
    items = await object_items.meant(asked)
    for item in items:
        await asked.cluster.delete(
            item.target,
            uid=uid_of(item.present),
            grace=asked.grace(),
            propagation=propagation(asked),
            is_dry=True,
        )
    lines, removed = [], 0
    for item in items:
        count = await _pods_of(asked, item)
        stays = asked.text("cascade") == "orphan"
        removed += 0 if stays else count
        lines.append(_line(item, count, stays=stays))
    nodes = sum(item.target.resource.plural == "nodes" for item in items)
    return Preview(
        targets=tuple(
            Target(item.target.resource.kind.lower(), item.target.name, item.target.namespace, uid_of(item.present))
            for item in items
        ),
        change=tuple(lines),
        promise=PROMISE,
        counters={
            "objects_deleted": len(items),
            "replicas_removed": removed,
            **({"nodes_removed": nodes} if nodes else {}),
        },
        totals={**await _totals(asked, items), **({"replicas_removed": removed} if removed else {})},
        identity=who,
    )


async def _pods_of(asked: Asked, item: Item) -> int:
    """Pods that stop with the object: its replicas, or all of a namespace."""
    found, plural = item.present, item.target.resource.plural
    if plural in SCALED:
        return 0 if plural == "replicasets" and owner_of(found) else changes.replicas(found)
    if plural == "jobs":
        return int(at(found, "status.active", 0))
    if plural == "namespaces":
        return len(await asked.cluster.list(Selection(PODS, item.target.name)))
    return int(plural == "pods")


def _line(item: Item, count: int, *, stays: bool) -> str:
    found, plural = item.present, item.target.resource.plural
    parts = [f"deletes {item.place}"]
    pods = "1 pod" if count == 1 else f"{count} pods"
    if plural == "namespaces":
        parts.append(f"with everything in it, {pods} among it")
    elif count and plural != "pods":
        parts.append(f"its {pods} {'stay, without an owner' if stays else 'stop'}")
    if plural in _WITH_DATA:
        parts.append("its data may be lost")
    owner: Obj | None = owner_of(found)
    if owner:
        parts.append(f"{owner.get('kind')} {owner.get('name')} may create it anew")
    if finalizers := at(found, "metadata.finalizers", []):
        parts.append(f"it stays until {', '.join(map(str, finalizers))} let it go")
    return "; ".join([*parts, *([] if owner else ["nothing brings it back"])])


async def _totals(asked: Asked, items: Sequence[Item]) -> dict[str, int]:
    """How many there are of what is deleted; nothing where listing is not allowed, for a share must not be guessed."""
    groups = {(item.target.resource, item.target.namespace) for item in items}
    total = 0
    for resource, namespace in sorted(groups, key=lambda group: (group[0].plural, group[1])):
        try:
            total += len(await asked.cluster.list(Selection(resource, namespace)))
        except Trouble as trouble:
            if trouble.status != FORBIDDEN:
                raise
            return {}
    return {"objects_deleted": total}

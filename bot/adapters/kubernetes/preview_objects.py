"""Dry runs of changes to objects: each is tried with `dryRun=All`, and what the server answers is held against what is
there, field by field. Nothing here changes anything.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.adapters.kubernetes import access, changes, object_differences, object_edits, object_items, object_undo
from bot.adapters.kubernetes.access import Need
from bot.adapters.kubernetes.asking import Asked
from bot.adapters.kubernetes.client import Obj
from bot.adapters.kubernetes.cluster import Selection, at, name_of, uid_of
from bot.adapters.kubernetes.object_edits import Item
from bot.adapters.kubernetes.preview_changes import ACCEPTED
from bot.adapters.kubernetes.resources import NODES, PODS, WORKLOADS
from bot.adapters.kubernetes.troubles import CONFLICT, Trouble
from bot.core.previews import Preview, Target

NEW = "new"
"""What must hold of an object that is to be created: it is not there."""

_CONFLICT_WORDS = "Apply failed with"
SCALED = frozenset((*WORKLOADS, "replicasets", "replicationcontrollers"))


UNCHANGED = "stays as it is: nothing changes"


@dataclass(frozen=True, slots=True)
class Done:
    """One object and the server's answer to the dry run of its change."""

    item: Item
    after: Obj

    @property
    def before(self) -> Obj | None:
        return self.item.current


async def change(asked: Asked) -> Preview:
    kind = object_items.kind_of(asked)
    who = await access.identity(asked.cluster)
    problems = await access.missing(asked.cluster, who, object_items.needs(asked, object_edits.VERBS[kind]))
    if problems:
        return Preview(identity=who, problems=problems)
    items = await object_items.meant(asked)
    problems = await access.missing(asked.cluster, who, _needs_of_new(kind, items))
    if problems:
        return Preview(identity=who, problems=problems)
    done = []
    for item in items:
        try:
            after = await asked.cluster.write(item.target, object_edits.EDITS[kind](asked, item), is_dry=True)
        except Trouble as trouble:
            if trouble.status != CONFLICT or _CONFLICT_WORDS not in trouble.message:
                raise
            return Preview(identity=who, problems=(_conflict(item, trouble),))
        done.append(Done(item, after))
    return await _told(asked, who, done)


def _needs_of_new(kind: str, items: Sequence[Item]) -> list[Need]:
    """An apply that creates needs to be allowed that too."""
    absent = [item.target for item in items if item.current is None] if kind == "apply" else []
    return list(dict.fromkeys(Need("create", one.resource, one.namespace) for one in absent))


def _conflict(item: Item, trouble: Trouble) -> str:
    said = trouble.message.rstrip(".")
    return (
        f"{item.spot}: {said}. Fields that somebody else manages are not taken over: leave them out of the file, "
        "or change them with kubectl patch."
    )


async def _told(asked: Asked, who: str, done: Sequence[Done]) -> Preview:
    lines = [line for one in done for line in _lines(one, is_alone=len(done) == 1)]
    if len(lines) > object_differences.MOST_LINES:
        most = object_differences.MOST_LINES
        problem = f"{len(lines)} lines would change, more than the {most} that are shown. Write several smaller steps."
        return Preview(identity=who, problems=(problem,))
    evicted = await _evictions(asked, done)
    counters, totals = _counts(done)
    return Preview(
        targets=tuple(_target(one) for one in done),
        change=(*lines, *(f"evicts {count} pods of {name} at once" for name, count in evicted.items())),
        promise=ACCEPTED,
        counters={**counters, **({"pod_restarts": sum(evicted.values())} if evicted else {})},
        totals=totals,
        identity=who,
        undo=object_undo.text(asked, [(one.item, one.after) for one in done]),
        facts={one.item.place: fact(one.item) for one in done},
    )


def _target(one: Done) -> Target:
    resource, before = one.item.target.resource, one.before
    uid = uid_of(before) if before is not None else ""
    note = "" if before is not None else NEW
    return Target(resource.kind.lower(), one.item.target.name, one.item.target.namespace, uid, note=note)


def fact(item: Item) -> str:
    """What must still hold of one object. What is made from another one is bound by its content as well."""
    if item.current is not None:
        return object_differences.state(item.current)
    return f"{NEW} {object_differences.digest(item.manifest)}"


# --- words -----------------------------------------------------------------------------------------------------------


def _lines(one: Done, *, is_alone: bool) -> Iterator[str]:
    name, before = one.item.target.name, one.before
    prefix = "" if is_alone else f"{name}: "
    if before is None:
        yield f"creates {one.item.place}"
        manifest = one.item.manifest or one.after
        yield from (
            f"{prefix}{line}" for line in object_differences.listing({**manifest, "kind": one.after.get("kind")})
        )
        return
    found = object_differences.differences(before, one.after)
    if not found:
        yield f"{one.item.spot} {UNCHANGED}"
    yield from (f"{prefix}{line}" for line in found)
    if replaces_pods(before, one.after):
        yield _rollout(name, before)
    if waiting := _waiting(before, one.after):
        yield f"goes on with the rollout of {name}: replaces {waiting} of {_pods(changes.replicas(before))}"


def replaces_pods(before: Obj, after: Obj) -> bool:
    kinds = ("Deployment", "StatefulSet", "DaemonSet")
    return after.get("kind") in kinds and at(before, "spec.template", {}) != at(after, "spec.template", {})


def _rollout(name: str, before: Obj) -> str:
    if changes.is_paused(before):
        return f"the rollout of {name} is paused: its pods stay until it is resumed"
    return f"replaces {_pods(changes.replicas(before))} of {name}{changes.pace(before)}"


def _pods(count: int) -> str:
    return "1 pod" if count == 1 else f"{count} pods"


def _waiting(before: Obj, after: Obj) -> int:
    """Pods that a pause held back from the template that is wanted, when the pause ends."""
    if not changes.is_paused(before) or changes.is_paused(after):
        return 0
    return max(0, changes.replicas(before) - int(at(before, "status.updatedReplicas", 0)))


# --- counters --------------------------------------------------------------------------------------------------------


def _counts(done: Sequence[Done]) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Blast radius, and how much there is of it."""
    counters: dict[str, int] = {}
    totals: dict[str, int] = {}
    for one in done:
        for name, (count, total) in _count(one).items():
            counters[name] = counters.get(name, 0) + count
            totals[name] = totals.get(name, 0) + total
    return counters, {name: total for name, total in totals.items() if total}


def _count(one: Done) -> dict[str, tuple[int, int]]:
    """How many by counter, and how many of them there are."""
    before, after, plural = one.before, one.after, one.item.target.resource.plural
    if before is None:
        added = changes.replicas(after) if plural in SCALED else 0
        return {"objects_created": (1, 0), **({"replicas_added": (added, 0)} if added else {})}
    found = {"objects_changed": (int(bool(object_differences.differences(before, after))), 0)}
    was, will = int(at(before, "spec.replicas", 0)), int(at(after, "spec.replicas", 0))
    if plural in SCALED and was != will:
        found["replicas_removed" if will < was else "replicas_added"] = (abs(was - will), was)
    if plural in WORKLOADS:
        count = changes.replicas(before)
        stays = changes.is_paused(before)
        restarts = count if replaces_pods(before, after) and not stays else _waiting(before, after)
        found |= {"pod_restarts": (restarts, count)} if restarts else {}
    if plural == NODES.plural and at(before, "spec.taints", []) != at(after, "spec.taints", []):
        found["nodes_tainted"] = (1, 0)
    return found


async def _evictions(asked: Asked, done: Sequence[Done]) -> dict[str, int]:
    """By node, the pods that a new NoExecute taint drives away, because they do not tolerate it."""
    found: dict[str, int] = {}
    for one in done if asked.text("resource") == NODES.plural else ():
        old = at(one.before or {}, "spec.taints", [])
        new = [t for t in at(one.after, "spec.taints", []) if t not in old and t.get("effect") == "NoExecute"]
        if new:
            name = name_of(one.after)
            pods = await asked.cluster.list(Selection(PODS, "", fields=f"spec.nodeName={name}"))
            found[name] = sum(1 for pod in pods if not all(_tolerates(pod, taint) for taint in new))
    return found


def _tolerates(pod: Obj, taint: Obj) -> bool:
    """As the taint manager judges it (k8s.io/component-helpers, ToleratesTaint); a time limit counts as eviction."""
    for one in at(pod, "spec.tolerations", []):
        fits_key = one.get("key") in (None, "", taint.get("key"))
        fits_effect = one.get("effect") in (None, "", taint.get("effect"))
        fits_value = one.get("operator") == "Exists" or one.get("value", "") == taint.get("value", "")
        if fits_key and fits_effect and fits_value and "tolerationSeconds" not in one:
            return True
    return False

"""How controllers make and unmake pods: from a template, owned, counted.

Shared by every workload controller. Knows nothing of any one of them.
"""

from bot.sim.cluster import defaults, deleting, kinds, objects
from bot.sim.cluster.objects import Obj
from bot.sim.cluster.recording import Events
from bot.sim.cluster.state import Store


def owned(store: Store, owner: Obj) -> list[Obj]:
    """All pods of this owner, also those that are going."""
    return store.dependents(kinds.PODS, owner)


def active(store: Store, owner: Obj) -> list[Obj]:
    return [pod for pod in owned(store, owner) if objects.is_active(pod)]


def available(pods: list[Obj], spec: Obj, now: float) -> int:
    """How many are ready, and have been for `minReadySeconds`."""
    settled = now - float(spec.get("minReadySeconds", 0))
    return sum(_ready_since(pod) <= settled for pod in pods)


def _ready_since(pod: Obj) -> float:
    found = objects.condition(pod, "Ready")
    if found is None or found["status"] != "True":
        return float("inf")
    return objects.instant(found["lastTransitionTime"])


def spawn(store: Store, events: Events, owner: Obj, template: Obj, *, metadata: Obj) -> Obj:
    """Create one pod. `metadata` gives a name or generateName, and labels beyond the template's."""
    source: Obj = objects.clone(template.get("metadata") or {})
    labels = (source.get("labels") or {}) | (metadata.pop("labels", None) or {})
    pod: Obj = {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": metadata
        | {
            "namespace": objects.namespace_of(owner),
            "labels": labels,
            "ownerReferences": [objects.owner_reference(owner)],
        },
        "spec": objects.clone(template["spec"]),
    }
    if annotations := source.get("annotations"):
        pod["metadata"]["annotations"] = annotations
    defaults.fill(pod)
    defaults.admit_pod(pod)
    fresh = store.create(kinds.PODS, pod)
    text = f"Created pod: {objects.name_of(fresh)}"
    events.record(owner, "SuccessfulCreate", text, source=f"{owner['kind'].lower()}-controller")
    return fresh


def dismiss(store: Store, events: Events, owner: Obj, pod: Obj) -> None:
    """Delete one pod gracefully."""
    deleting.delete(store, kinds.PODS, pod, deleting.DeleteOptions())
    text = f"Deleted pod: {objects.name_of(pod)}"
    events.record(owner, "SuccessfulDelete", text, source=f"{owner['kind'].lower()}-controller")


def least_wanted(pod: Obj) -> tuple[bool, bool, float]:
    """Sort key for scaling down: unplaced, then not ready, then young pods go first (ActivePodsWithRanks)."""
    return (bool(pod["spec"].get("nodeName")), objects.is_ready(pod), -objects.created_at(pod))

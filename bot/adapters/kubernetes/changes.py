"""Each change as a patch, and what must still hold when it is sent.

Pure, and shared by preview and run, so that both mean the same. A change is written with the UID and the
resourceVersion of an object that was just compared with the preview: the server refuses it when anything came between.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.adapters.kubernetes import templates
from bot.adapters.kubernetes.client import Obj
from bot.adapters.kubernetes.cluster import at, name_of, owner_of, uid_of, version_of
from bot.adapters.kubernetes.troubles import changed

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
REVISION = "deployment.kubernetes.io/revision"
HASH_LABEL = "pod-template-hash"


# --- what must still hold ---------------------------------------------------------------------------------------------


def facts(workload: Obj) -> dict[str, str]:
    """`generation` counts every change of the spec, whoever made it; the others say the same for people."""
    known = {
        "generation": str(at(workload, "metadata.generation", "")),
        "replicas": str(replicas(workload)),
        "image": templates.images(at(workload, "spec.template", {})),
        "revision": revision(workload),
    }
    return {name: value for name, value in known.items() if value}


def node_facts(node: Obj) -> dict[str, str]:
    return {"unschedulable": str(bool(at(node, "spec.unschedulable"))).lower()}


def compare(uid: str, expected: Mapping[str, str], *, now_uid: str, now: Mapping[str, str], what: str) -> None:
    """Trouble CHANGED unless this is the object of the preview and every fact still holds."""
    if not uid or now_uid != uid:
        raise changed(f"{what} is not the object of the dry run: it was created anew")
    for name, value in sorted(expected.items()):
        if now.get(name, "") != value:
            raise changed(f"{what} has changed since the dry run: {name} was {value}, now {now.get(name) or 'none'}")


def replicas(workload: Obj) -> int:
    """Wanted pods; for a daemon set as many as there are nodes for it."""
    if workload.get("kind") == "DaemonSet" or "desiredNumberScheduled" in at(workload, "status", {}):
        return int(at(workload, "status.desiredNumberScheduled", 0))
    return int(at(workload, "spec.replicas", 1))


def revision(workload: Obj) -> str:
    return str(at(workload, "metadata.annotations", {}).get(REVISION, ""))


def is_paused(workload: Obj) -> bool:
    return bool(at(workload, "spec.paused"))


def is_observed(workload: Obj) -> bool:
    """Its controller has seen the present spec, so that its revision and status are about it."""
    return int(at(workload, "status.observedGeneration", 0)) >= int(at(workload, "metadata.generation", 0))


# --- patches ---------------------------------------------------------------------------------------------------------


def same(current: Obj) -> dict[str, str]:
    """The metadata that makes the server refuse a patch of anything but this very version of this very object."""
    return {"uid": uid_of(current), "resourceVersion": version_of(current)}


def restart(current: Obj, now: datetime) -> Obj:
    """As `kubectl rollout restart` does it (strategic merge)."""
    note = {RESTARTED_AT: now.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return {"metadata": same(current), "spec": {"template": {"metadata": {"annotations": note}}}}


def scale(current: Obj, wanted: int) -> Obj:
    """For the scale subresource (merge)."""
    return {"metadata": {"resourceVersion": version_of(current)}, "spec": {"replicas": wanted}}


def cordon(current: Obj, *, is_off: bool) -> Obj:
    return {"metadata": same(current), "spec": {"unschedulable": True if is_off else None}}


def held(current: Obj) -> list[Obj]:
    """What a JSON patch begins with, so that it fits this very version of this very object only."""
    return [
        {"op": "test", "path": "/metadata/uid", "value": uid_of(current)},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": version_of(current)},
    ]


def undo(current: Obj, template: Obj) -> list[Obj]:
    """A JSON patch, because a merge would keep what the newer template added."""
    return [*held(current), {"op": "replace", "path": "/spec/template", "value": template}]


# --- revisions -------------------------------------------------------------------------------------------------------


def history(workload: Obj, replica_sets: Sequence[Obj]) -> list[Obj]:
    """The workload's own replica sets with a revision, oldest first."""
    own = [one for one in replica_sets if (owner_of(one) or {}).get("uid") == uid_of(workload)]
    return sorted((one for one in own if revision(one).isdigit()), key=lambda one: int(revision(one)))


def undo_target(workload: Obj, revisions: Sequence[Obj], wanted: int | None) -> Obj | str:
    """The replica set to go back to, or why there is none."""
    name, current = name_of(workload), revision(workload)
    if wanted:
        found = next((one for one in revisions if revision(one) == str(wanted)), None)
        kept = ", ".join(revision(one) for one in revisions)
        return found or f"{name} has no revision {wanted}; it keeps {kept or 'none'}. Name one of these."
    older = [one for one in revisions if revision(one) != current]
    if not older:
        return f"{name} has no earlier revision to go back to. Deploy the wanted version instead."
    return older[-1]


def template_of(replica_set: Obj) -> Obj:
    """Its pod template without the label that its controller added."""
    template = at(replica_set, "spec.template", {})
    metadata = at(template, "metadata", {})
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != HASH_LABEL}
    kept = {key: value for key, value in metadata.items() if key != "creationTimestamp"}
    return {**template, "metadata": {**kept, "labels": labels}}


# --- how it goes -----------------------------------------------------------------------------------------------------


def pace(workload: Obj) -> str:
    """How a rollout replaces the pods, in words that follow the number of pods; empty where one is all there is."""
    strategy = at(workload, "spec.strategy", {}) or at(workload, "spec.updateStrategy", {})
    if strategy.get("type") == "Recreate":
        return ", all at once: the old ones stop before new ones start"
    if strategy.get("type") == "OnDelete":
        return ", only when each of them is deleted by hand"
    count = replicas(workload)
    if count <= 1:
        return ""
    rolling = strategy.get("rollingUpdate") or {}
    default = "25%" if "strategy" in at(workload, "spec", {}) else 1
    down = _share(rolling.get("maxUnavailable", default), count, is_up=False)
    surge = _share(rolling.get("maxSurge", "25%" if default == "25%" else 0), count, is_up=True)
    together = max(1, down + surge)
    return ", one after another" if together == 1 else f", up to {together} at a time"


def _share(value: object, count: int, *, is_up: bool) -> int:
    """`25%` of the replicas, rounded as the deployment controller does, or a plain number."""
    text = str(value)
    if not text.endswith("%"):
        return int(text) if text.isdigit() else 1
    share = int(text[:-1]) * count / 100
    return math.ceil(share) if is_up else math.floor(share)

"""The registry's rows for verbs that change objects: labels, templates, manifests, deletions. Data only.

Why the tiers are what they are: a changed pod template puts into service what may never have run there, as an undo
does, so it is high everywhere; a manifest or a patch may change any field, and a deletion takes away what nothing
brings back, so they are high whatever they name. One label or one new object of a harmless type is bounded: medium,
and `risk_objects` raises it.

Idempotent are those whose repeat has no second effect: each is written onto the very version of the dry run, so a
repeat finds the object changed and writes nothing. What creates an object is `once`: it may be gone again by then.
"""

from collections.abc import Mapping

from bot.core.operations import Effect, Replay, Tier
from bot.core.registry_kinds import SERVER_DRY_RUN, Kind

MEDIUM, HIGH = Tier.MEDIUM, Tier.HIGH
_NEW_ROLLOUT = "changes the pods' template: a rollout of what may never have run there"
_CHANGED = {"objects_changed": 1}


def _change(
    tier: Tier,
    summary: str,
    reason: str,
    *,
    replay: Replay = Replay.IDEMPOTENT,
    counters: Mapping[str, int] | None = None,
    undo: str = "",
) -> Kind:
    """With `undo` there is always a way back."""
    return Kind(
        Effect.WRITE,
        tier,
        replay,
        summary,
        reason,
        counters or {},
        is_reversible=bool(undo),
        undo=undo,
        promise=SERVER_DRY_RUN,
    )


KINDS: Mapping[str, Kind] = {
    "kubernetes.apply": _change(
        HIGH, "Apply {what}{where}", "creates or changes whatever the file says", replay=Replay.ONCE,
    ),
    "kubernetes.create": _change(
        HIGH, "Create {what}{where}", "creates whatever the file says", replay=Replay.ONCE,
        counters={"objects_created": 1},
    ),
    "kubernetes.replace": _change(
        HIGH, "Replace {what}{where}", "replaces whatever the file says", replay=Replay.ONCE, counters=_CHANGED
    ),
    "kubernetes.patch": _change(
        HIGH, "Patch {what}{where}", "changes any field of an object", replay=Replay.ONCE, counters=_CHANGED
    ),
    "kubernetes.delete": _change(
        HIGH, "Delete {what}{where}", "deletes objects that nothing brings back", counters={"objects_deleted": 1}
    ),
    "kubernetes.label": _change(
        MEDIUM, "Label {what}{where}", "changes labels, which selectors and services follow",
        counters=_CHANGED, undo="put the labels back as they were",
    ),
    "kubernetes.annotate": _change(
        MEDIUM, "Annotate {what}{where}", "changes annotations, which controllers follow",
        counters=_CHANGED, undo="put the annotations back as they were",
    ),
    "kubernetes.taint": _change(
        HIGH, "Taint {what}", "may evict every pod of a node", counters={"nodes_tainted": 1},
        undo="put the taints back as they were",
    ),
    "kubernetes.set_image": _change(
        HIGH, "Set the image of {what}{where}", _NEW_ROLLOUT, counters={"pod_restarts": 1},
        undo="set the image that runs now",
    ),
    "kubernetes.set_env": _change(
        HIGH, "Set environment variables of {what}{where}", _NEW_ROLLOUT, counters={"pod_restarts": 1}
    ),
    "kubernetes.set_resources": _change(
        HIGH, "Set the resources of {what}{where}", _NEW_ROLLOUT, counters={"pod_restarts": 1}
    ),
    "kubernetes.rollout_pause": _change(
        MEDIUM, "Pause the rollout of {what}{where}", "holds back changes", undo="resume the rollout"
    ),
    "kubernetes.rollout_resume": _change(
        MEDIUM, "Resume the rollout of {what}{where}", "lets changes go on", undo="pause the rollout"
    ),
    "kubernetes.autoscale": _change(
        MEDIUM, "Autoscale {what}{where}", "lets the cluster change the number of pods", replay=Replay.ONCE,
        counters={"objects_created": 1}, undo="delete the autoscaler",
    ),
    "kubernetes.expose": _change(
        MEDIUM, "Expose {what}{where}", "opens a workload to the network", replay=Replay.ONCE,
        counters={"objects_created": 1}, undo="delete the service",
    ),
    "kubernetes.create_configmap": _change(
        MEDIUM, "Create {what}{where}", "creates an object", replay=Replay.ONCE, counters={"objects_created": 1},
        undo="delete it",
    ),
    "kubernetes.create_namespace": _change(
        HIGH, "Create {what}", "creates a namespace, with what policy grants to it", replay=Replay.ONCE,
        counters={"objects_created": 1}, undo="delete it",
    ),
    "kubernetes.create_job": _change(
        MEDIUM, "Create {what}{where}", "starts a job now", replay=Replay.ONCE, counters={"objects_created": 1},
    ),
}  # fmt: skip

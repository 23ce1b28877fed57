"""Drain: cordon a node, then evict its pods one by one. A disruption budget that says no is waited for.

The pods of the dry run are the only ones that are evicted. A pod that came in between stops the step before anything
is done; one that went by itself is as good as evicted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.adapters.kubernetes import access, changes, pods, troubles
from bot.adapters.kubernetes.access import Need
from bot.adapters.kubernetes.asking import Asked
from bot.adapters.kubernetes.client import Obj
from bot.adapters.kubernetes.cluster import MERGE, Object, Selection, at, name_of, namespace_of, owner_of, uid_of
from bot.adapters.kubernetes.resources import NODES, PODS
from bot.adapters.kubernetes.troubles import CONFLICT, NOT_FOUND, TOO_MANY, Ending, Trouble, changed
from bot.core.errors import Invalid
from bot.core.previews import Outcome, Performed, Preview, Target

PROMISE = "the cluster accepted a dry run of the cordon and of each eviction; budgets are asked again for each pod"

_MIRROR = "kubernetes.io/config.mirror"
_FINISHED = ("Succeeded", "Failed")
_UNSUPPORTED = 500
"""The eviction API's answer when a pod has several budgets."""

_LISTED = 8
"""Pods named one by one on a card; more are counted."""

_RETRY_SECONDS = 5.0
"""Between two tries while a budget says no: kubectl's own interval."""

_POLL_SECONDS = 0.5
_LAST_SECONDS = 1.0
"""Kept back from the step's time, so that the result can still be told."""


@dataclass(frozen=True, slots=True)
class _Found:
    """`leaving` are the pods to evict; `obstacles` are sentences, each with the flag that would allow it."""

    leaving: list[Obj]
    staying: int
    obstacles: list[str]


# --- the dry run -----------------------------------------------------------------------------------------------------


async def preview(asked: Asked) -> Preview:
    who = await access.identity(asked.cluster)
    needs = [Need("get", NODES), Need("patch", NODES), Need("list", NODES), Need("list", PODS)]
    problems = await access.missing(asked.cluster, who, [*needs, Need("create", PODS, subresource="eviction")])
    if problems:
        return Preview(identity=who, problems=problems)
    node = await asked.cluster.get(_node(asked))
    await asked.cluster.patch(_node(asked), changes.cordon(node, is_off=True), form=MERGE, is_dry=True)
    found = await _find(asked)
    if found.obstacles:
        return Preview(identity=who, problems=tuple(found.obstacles))
    refusals = [said for pod in found.leaving if (said := await _refusal(asked, pod))]
    if refusals:
        return Preview(identity=who, problems=tuple(refusals))
    was_off = bool(at(node, "spec.unschedulable"))
    bare = sum(1 for pod in found.leaving if owner_of(pod) is None)
    return Preview(
        targets=(Target("node", name_of(node), "", uid_of(node)), *map(_target, found.leaving)),
        change=_lines(name_of(node), found, was_off=was_off),
        promise=PROMISE,
        counters={
            "nodes_drained": 1,
            "nodes_cordoned": int(not was_off),
            "pod_restarts": len(found.leaving) - bare,
            "replicas_removed": bare,
        },
        totals=dict.fromkeys(("nodes_drained", "nodes_cordoned"), len(await asked.cluster.list(Selection(NODES, "")))),
        identity=who,
        undo="" if was_off else f"kubectl uncordon {name_of(node)}",
        facts=changes.node_facts(node),
    )


async def _find(asked: Asked) -> _Found:
    fields = f"spec.nodeName={_node(asked).name}"
    listed = await asked.cluster.list(Selection(PODS, "", labels=asked.text("pod_selector"), fields=fields))
    leaving: list[Obj] = []
    obstacles: list[str] = []
    staying = 0
    for pod in listed:
        if pods.is_ending(pod):
            continue
        if _MIRROR in at(pod, "metadata.annotations", {}) or (_is_daemon(pod) and asked.flag("ignore_daemonsets")):
            staying += 1
            continue
        obstacles.extend(_obstacles(asked, pod))
        leaving.append(pod)
    return _Found(leaving, staying, obstacles)


def _is_daemon(pod: Obj) -> bool:
    return (owner_of(pod) or {}).get("kind") == "DaemonSet" and at(pod, "status.phase") not in _FINISHED


def _obstacles(asked: Asked, pod: Obj) -> list[str]:
    """kubectl's own rules: what an eviction would lose needs a word for it."""
    place = f"{namespace_of(pod)}/{name_of(pod)}"
    if at(pod, "status.phase") in _FINISHED:
        return []
    if _is_daemon(pod):
        return [f"{place} belongs to a DaemonSet, which would start it here again. Add --ignore-daemonsets."]
    found = []
    if owner_of(pod) is None and not asked.flag("force"):
        found.append(f"{place} has no controller: nothing would start it elsewhere. Add --force to lose it.")
    has_local = any("emptyDir" in volume for volume in at(pod, "spec.volumes", []))
    if has_local and not asked.flag("delete_emptydir_data"):
        found.append(f"{place} keeps data on this node (emptyDir). Add --delete-emptydir-data to lose it.")
    return found


async def _refusal(asked: Asked, pod: Obj) -> str:
    """Why this pod may not go now; "" when it may."""
    try:
        await _evict(asked, Object(PODS, namespace_of(pod), name_of(pod)), uid_of(pod), is_dry=True)
    except Trouble as trouble:
        if trouble.status not in (TOO_MANY, _UNSUPPORTED):
            raise
        said = trouble.message.rstrip(".")
        return (
            f"{namespace_of(pod)}/{name_of(pod)} may not go now: {said}. Look at its budget and its other pods first."
        )
    return ""


def _lines(node: str, found: _Found, *, was_off: bool) -> tuple[str, ...]:
    first = f"{node} takes no new pods already" if was_off else f"new pods  {node}: yes -> no"
    lines = [f"evicts {namespace_of(pod)}/{name_of(pod)}{_aftermath(pod)}" for pod in found.leaving[:_LISTED]]
    more = len(found.leaving) - _LISTED
    lines += [f"evicts {more} more pods"] if more > 0 else []
    lines += [] if found.leaving else ["no pod has to leave"]
    stays = f"{found.staying} of the node itself or of DaemonSets stay" if found.staying else ""
    return tuple(filter(None, (first, *lines, stays)))


def _aftermath(pod: Obj) -> str:
    return "" if owner_of(pod) else "; nothing brings it back"


def _target(pod: Obj) -> Target:
    return Target("pod", name_of(pod), namespace_of(pod), uid_of(pod), note=pods.phase(pod))


# --- the run ---------------------------------------------------------------------------------------------------------


async def perform(asked: Asked, preview: Preview) -> Performed:
    node, leaving = preview.targets[0], preview.targets[1:]
    await _cordon(asked, preview, node, leaving)
    seconds = asked.number("timeout_seconds") or asked.cluster.left()
    due = asked.cluster.clock.monotonic() + min(seconds, asked.cluster.left() - _LAST_SECONDS)
    gone: list[str] = []
    for target in leaving:
        try:
            await _leave(asked, target, due)
        except Trouble as trouble:
            return _partly(trouble, gone, target, preview)
        gone.append(f"pod/{target.name} evicted")
    return Performed(
        Outcome.SUCCEEDED, output="\n".join((f"node/{node.name} cordoned", *gone, "drained")), change=preview.change
    )


async def _cordon(asked: Asked, preview: Preview, node: Target, leaving: Sequence[Target]) -> None:
    """Held against the preview first: the same node, in the same state, with no pod that nobody was shown."""
    place = _node(asked)
    current = await asked.cluster.get(place)
    changes.compare(node.uid, preview.facts, now_uid=uid_of(current), now=changes.node_facts(current), what=node.name)
    found = await _find(asked)
    shown = {target.uid for target in leaving}
    new = [name_of(pod) for pod in found.leaving if uid_of(pod) not in shown]
    if new:
        raise changed(f"{new[0]} has come to {node.name} since the dry run")
    await asked.cluster.patch(place, changes.cordon(current, is_off=True), form=MERGE, is_dry=False)


async def _leave(asked: Asked, target: Target, due: float) -> None:
    """Evict one pod and see it gone. Trouble when a budget said no, or it was still there, to the end of the time."""
    cluster, place = asked.cluster, Object(PODS, target.namespace, target.name)
    while True:
        try:
            await _evict(asked, place, target.uid, is_dry=False)
            break
        except Trouble as trouble:
            if trouble.status in (NOT_FOUND, CONFLICT):
                return
            if trouble.status != TOO_MANY or cluster.clock.monotonic() + _RETRY_SECONDS > due:
                raise
        await cluster.clock.sleep(_RETRY_SECONDS)
    while uid_of(await cluster.find(place) or {}) == target.uid:
        if cluster.clock.monotonic() + _POLL_SECONDS > due:
            raise Trouble(Ending.ANSWERED, "it was told to end and is still there", status=TOO_MANY, reason="Ending")
        await cluster.clock.sleep(_POLL_SECONDS)


async def _evict(asked: Asked, pod: Object, uid: str, *, is_dry: bool) -> None:
    await asked.cluster.evict(
        pod.namespace, pod.name, uid=uid, grace=asked.number("grace_period_seconds"), is_dry=is_dry
    )


def _partly(trouble: Trouble, gone: Sequence[str], target: Target, preview: Preview) -> Performed:
    """The node is cordoned by now, so nothing is `refused` or repeatable any more: what was done is said first."""
    result = troubles.performed(trouble)
    outcome = Outcome.UNKNOWN if result.outcome is Outcome.UNKNOWN else Outcome.FAILED
    many = len(preview.targets) - 1
    said = f"Cordoned the node and moved {len(gone)} of {many} pods, then {target.namespace}/{target.name}: "
    return Performed(outcome, output="\n".join(gone), detail=said + result.detail, status=result.status)


def _node(asked: Asked) -> Object:
    name = asked.text("name")
    if not name:
        raise Invalid("no node is named", remedy="name one node")
    return Object(NODES, "", name)

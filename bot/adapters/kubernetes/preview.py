"""Dry runs of reads, exec and pod deletion, and the table of who previews what. Nothing here changes anything.

Order of a preview: who are we, may we, what is meant, what would the server say. What fails first is told, with its
remedy.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence

from bot.adapters.kubernetes import (
    access,
    differing,
    draining,
    object_edits,
    pods,
    preview_changes,
    preview_deletions,
    preview_objects,
    resources,
    troubles,
)
from bot.adapters.kubernetes.access import Need
from bot.adapters.kubernetes.asking import Asked
from bot.adapters.kubernetes.client import Obj
from bot.adapters.kubernetes.cluster import Object, Selection, name_of, namespace_of, owner_of, uid_of
from bot.adapters.kubernetes.resources import PODS, Resource
from bot.adapters.kubernetes.troubles import CONFLICT, FORBIDDEN, Trouble
from bot.core.errors import Invalid
from bot.core.previews import Preview, Target

READS = "only reads; nothing is changed"
METRICS = "metrics.k8s.io"

_TRIES = 3
"""Dry runs of one preview: each that lost was proved to have lost, and a fourth would only hide a busy controller."""

_LISTED = 5
"""Pods named one by one on a card; more are counted."""


Previewer = Callable[[Asked], Awaitable[Preview]]


async def preview(asked: Asked) -> Preview:
    """The dry run of any operation. Raises Transient when the cluster could not be asked."""
    kind = asked.operation.kind.removeprefix("kubernetes.")
    refused = asked.text("refused")
    previewer = PREVIEWERS.get(kind)
    if refused:
        return Preview(problems=(refused,))
    if previewer is None:
        return Preview(problems=(f"{kind.replace('_', ' ')} is not offered here. Run it by hand.",))
    try:
        return await _undisturbed(previewer, asked)
    except Invalid as error:
        return Preview(problems=(f"{error}.",))
    except Trouble as trouble:
        return Preview(problems=(troubles.problem(trouble),))


async def _undisturbed(previewer: Previewer, asked: Asked) -> Preview:
    """A dry run that lost against a status update between its reading and its asking says nothing: it is made anew."""
    for _ in range(_TRIES - 1):
        try:
            return await previewer(asked)
        except Trouble as trouble:
            if trouble.status != CONFLICT:
                raise
    return await previewer(asked)


# --- reads -----------------------------------------------------------------------------------------------------------


async def read(asked: Asked) -> Preview:
    return await _reading(asked, _needs_of_read(asked))


async def _reading(asked: Asked, needs: Sequence[Need]) -> Preview:
    who = await access.identity(asked.cluster)
    problems = await access.missing(asked.cluster, who, needs)
    return Preview(promise=READS, identity=who, problems=problems)


def _needs_of_read(asked: Asked) -> list[Need]:
    resource, names = asked.resource, asked.words("names")
    place = "" if asked.flag("all_namespaces") or not resource.is_namespaced else asked.namespace
    resource.path(place)
    if not names:
        return [Need("list", resource, place)]
    return [Need("get", resource, place, name=resources.sound(name)) for name in names]


async def logs(asked: Asked) -> Preview:
    resource, place = asked.resource, asked.namespace
    needs = [Need("get", PODS, place, subresource="log")]
    if resource != PODS and asked.text("name"):
        needs += [Need("get", resource, place), Need("list", PODS, place)]
    elif asked.text("selector"):
        needs.append(Need("list", PODS, place))
    return await _reading(asked, needs)


async def top(asked: Asked) -> Preview:
    plural = asked.text("resource")
    metrics = Resource(METRICS, "v1beta1", plural, "Metrics", is_namespaced=plural == "pods")
    place = "" if asked.flag("all_namespaces") or not metrics.is_namespaced else asked.namespace
    return await _reading(asked, [Need("get" if asked.words("names") else "list", metrics, place)])


async def rollout_read(asked: Asked) -> Preview:
    needs = [Need("get", asked.resource, asked.namespace, name=resources.sound(asked.text("name")))]
    if asked.operation.kind.endswith("history"):
        needs.append(Need("list", resources.REPLICA_SETS, asked.namespace))
    return await _reading(asked, needs)


async def version(asked: Asked) -> Preview:
    return await _reading(asked, [])


# --- exec ------------------------------------------------------------------------------------------------------------


async def execute(asked: Asked) -> Preview:
    """WebSocket clients need `get` on pods/exec, from Kubernetes 1.35 also `create`: both are asked."""
    resource, place = asked.resource, asked.namespace
    who = await access.identity(asked.cluster)
    needs = [Need(verb, PODS, place, subresource="exec") for verb in ("get", "create")]
    needs.append(Need("get", resource, place))
    needs += [Need("list", PODS, place)] if resource != PODS else []
    problems = await access.missing(asked.cluster, who, needs)
    if problems:
        return Preview(identity=who, problems=problems)
    found = await pods.of(asked.cluster, resource, place, asked.text("name"))
    if not found:
        problem = f"{asked.spot()} has no pods now. Look at why with kubectl describe."
        return Preview(identity=who, problems=(problem,))
    pod = found[0]
    container = pods.container_of(pod, asked.text("container"))
    return Preview(
        targets=(_pod_target(pod, note=f"container {container}" if container else ""),),
        change=(f"runs the command in {name_of(pod)}",),
        promise="exec cannot be simulated; target is ready, permission present",
        identity=who,
        facts={"container": container, "ready": str(pods.is_ready(pod)).lower()},
        problems=_exec_problems(pod, container, asked.text("container")),
    )


def _exec_problems(pod: Obj, container: str, wanted: str) -> tuple[str, ...]:
    problems = []
    if not container:
        there = ", ".join(pods.containers(pod))
        problems.append(f"{name_of(pod)} has no container {wanted}. It has {there}.")
    if not pods.is_ready(pod):
        problems.append(f"{name_of(pod)} is not ready ({pods.phase(pod)}). Wait until it is, or name another pod.")
    return tuple(problems)


def _pod_target(pod: Obj, *, note: str = "") -> Target:
    return Target("pod", name_of(pod), namespace_of(pod), uid_of(pod), note=note)


# --- deleting pods ---------------------------------------------------------------------------------------------------


async def delete_pod(asked: Asked) -> Preview:
    names, place = asked.words("names"), asked.namespace
    who = await access.identity(asked.cluster)
    needs = [Need("get", PODS, place), Need("delete", PODS, place)]
    needs += [] if names else [Need("list", PODS, place)]
    problems = await access.missing(asked.cluster, who, needs)
    if problems:
        return Preview(identity=who, problems=problems)
    found, absent = await _meant(asked)
    problems = tuple(f"There is no pod {name} in {place}. Check the name." for name in absent)
    if not found and not problems:
        problems = (f"No pod in {place} matches. Check the selector.",)
    if problems:
        return Preview(identity=who, problems=problems)
    for pod in found:
        await asked.cluster.delete_pod(place, name_of(pod), uid=uid_of(pod), grace=asked.grace(), is_dry=True)
    bare = sum(1 for pod in found if owner_of(pod) is None)
    return Preview(
        targets=tuple(_pod_target(pod, note=pods.phase(pod)) for pod in found),
        change=_deletions(found, is_forced=asked.grace() == 0),
        promise="the cluster accepted a dry run of each deletion",
        counters={"pod_restarts": len(found) - bare, "replicas_removed": bare},
        totals=await _totals(asked, found),
        identity=who,
    )


async def _meant(asked: Asked) -> tuple[list[Obj], list[str]]:
    """The pods that are named or matched, and the names that are not there. Pods that already end are not matched."""
    names = list(dict.fromkeys(asked.words("names")))
    if not names:
        listed = await asked.cluster.list(_selection(asked))
        return [pod for pod in listed if not pods.is_ending(pod)], []
    pairs = [(name, await asked.cluster.find(Object(PODS, asked.namespace, name))) for name in names]
    return [pod for _, pod in pairs if pod is not None], [name for name, pod in pairs if pod is None]


def _selection(asked: Asked) -> Selection:
    return Selection(PODS, asked.namespace, labels=asked.text("selector"), fields=asked.text("field_selector"))


def _deletions(found: Sequence[Obj], *, is_forced: bool) -> tuple[str, ...]:
    owners = Counter(_owner_name(pod) for pod in found)
    if len(found) <= _LISTED:
        lines = [f"deletes pod {name_of(pod)}{_aftermath(_owner_name(pod), 1)}" for pod in found]
    else:
        lines = [f"deletes {count} pods{_aftermath(owner, count)}" for owner, count in sorted(owners.items())]
    return (*lines, *(["does not wait for them to end: what they were doing is lost"] if is_forced else []))


def _owner_name(pod: Obj) -> str:
    owner = owner_of(pod)
    return f"{owner.get('kind')} {owner.get('name')}" if owner else ""


def _aftermath(owner: str, count: int) -> str:
    if not owner:
        return "; nothing brings it back" if count == 1 else "; nothing brings them back"
    return f"; {owner} starts {'a new one' if count == 1 else 'new ones'}"


async def _totals(asked: Asked, found: Sequence[Obj]) -> Mapping[str, int]:
    """How many pods the same owners have; nothing where listing is not allowed, for a share must not be guessed."""
    owners = {(owner_of(pod) or {}).get("uid") for pod in found} - {None}
    try:
        everything = await asked.cluster.list(Selection(PODS, asked.namespace))
    except Trouble as trouble:
        if trouble.status != FORBIDDEN:
            raise
        return {}
    siblings = [pod for pod in everything if (owner_of(pod) or {}).get("uid") in owners and not pods.is_ending(pod)]
    return {"pod_restarts": len(siblings)} if siblings else {}


PREVIEWERS: Mapping[str, Previewer] = {
    "diff": differing.preview,
    "get": read,
    "describe": read,
    "logs": logs,
    "top": top,
    "version": version,
    "rollout_status": rollout_read,
    "rollout_history": rollout_read,
    "exec": execute,
    "delete_pod": delete_pod,
    "rollout_restart": preview_changes.rollout_restart,
    "rollout_undo": preview_changes.rollout_undo,
    "scale": preview_changes.scale,
    "cordon": preview_changes.cordon,
    "uncordon": preview_changes.cordon,
    "drain": draining.preview,
    "delete": preview_deletions.delete,
    **dict.fromkeys(object_edits.EDITS, preview_objects.change),
}

"""What was previewed, done: with the preview's UIDs and facts as preconditions, and never twice.

Before a change the object is read and held against the preview; the patch then carries its resourceVersion, so that the
server refuses it when anything came between. Such a refusal proves that nothing was done: it is tried again while every
fact still holds, for status updates move the version all the time.
"""

from collections.abc import Awaitable, Callable, Mapping

from bot.adapters.kubernetes import (
    changes,
    differing,
    draining,
    exec_stream,
    object_edits,
    perform_objects,
    pods,
    reads,
    templates,
    troubles,
)
from bot.adapters.kubernetes.asking import Asked
from bot.adapters.kubernetes.client import Obj
from bot.adapters.kubernetes.cluster import JSON_PATCH, MERGE, STRATEGIC, Object, name_of, uid_of
from bot.adapters.kubernetes.preview_changes import scale_of, undo_facts
from bot.adapters.kubernetes.resources import NODES, PODS, REPLICA_SETS
from bot.adapters.kubernetes.troubles import CONFLICT, Ending, Trouble, changed
from bot.core.errors import Invalid
from bot.core.previews import Outcome, Performed, Preview

_TRIES = 3
"""Optimistic writes against status updates: each loses with proof, and a fourth would only hide a busy controller."""


async def perform(asked: Asked, preview: Preview) -> Performed:
    """Never raises for an answer of the cluster."""
    kind = asked.operation.kind.removeprefix("kubernetes.")
    try:
        reader = READERS.get(kind)
        if reader is not None:
            return await reader(asked)
        performer = PERFORMERS.get(kind)
        if performer is None or preview.problems or not preview.targets:
            return Performed(Outcome.REFUSED, detail="There is no dry run of this operation. Nothing was done.")
        return await performer(asked, preview)
    except Invalid as error:
        return Performed(Outcome.FAILED, detail=f"{error}.")
    except Trouble as trouble:
        return troubles.performed(trouble)


Write = Callable[[Obj], Awaitable[Obj]]
Facts = Callable[[Obj], Mapping[str, str]]


async def _guarded(asked: Asked, preview: Preview, target: Object, *, facts: Facts, write: Write) -> Obj:
    """Read, hold against the preview, write with that version; again when only the version was in the way."""
    for number in range(1, _TRIES + 1):
        current = await asked.cluster.get(target)
        changes.compare(
            preview.targets[0].uid, preview.facts, now_uid=uid_of(current), now=facts(current), what=target.name
        )
        try:
            return await write(current)
        except Trouble as trouble:
            if trouble.status != CONFLICT or number == _TRIES:
                raise
    raise changed(f"{target.name} keeps changing")


async def rollout_restart(asked: Asked, preview: Preview) -> Performed:
    async def write(current: Obj) -> Obj:
        patch = changes.restart(current, asked.cluster.clock.now())
        return await asked.cluster.patch(asked.object, patch, form=STRATEGIC, is_dry=False)

    await _guarded(asked, preview, asked.object, facts=changes.facts, write=write)
    return _done(f"{asked.resource.qualified}/{asked.text('name')} restarted", preview)


async def rollout_undo(asked: Asked, preview: Preview) -> Performed:
    pinned = next(target for target in preview.targets if target.kind == REPLICA_SETS.kind.lower())
    older = await asked.cluster.get(Object(REPLICA_SETS, asked.namespace, pinned.name))
    if uid_of(older) != pinned.uid:
        raise changed(f"revision {changes.revision(older)} is not the one of the dry run")
    template = changes.template_of(older)

    async def write(current: Obj) -> Obj:
        return await asked.cluster.patch(asked.object, changes.undo(current, template), form=JSON_PATCH, is_dry=False)

    def facts(current: Obj) -> Mapping[str, str]:
        return undo_facts(current, older)

    await _guarded(asked, preview, asked.object, facts=facts, write=write)
    name = f"{asked.resource.qualified}/{asked.text('name')}"
    return _done(f"{name} rolled back to revision {changes.revision(older)} ({templates.images(template)})", preview)


async def scale(asked: Asked, preview: Preview) -> Performed:
    wanted = asked.number("replicas")
    if wanted is None:
        return Performed(Outcome.REFUSED, detail="The wanted number of replicas is missing. Nothing was done.")

    async def write(current: Obj) -> Obj:
        patch = changes.scale(current, wanted)
        return await asked.cluster.patch(scale_of(asked.object), patch, form=MERGE, is_dry=False)

    await _guarded(asked, preview, asked.object, facts=changes.facts, write=write)
    return _done(f"{asked.resource.qualified}/{asked.text('name')} scaled", preview)


async def cordon(asked: Asked, preview: Preview) -> Performed:
    is_off = asked.operation.kind == "kubernetes.cordon"
    node = Object(NODES, "", asked.text("name"))

    async def write(current: Obj) -> Obj:
        return await asked.cluster.patch(node, changes.cordon(current, is_off=is_off), form=MERGE, is_dry=False)

    await _guarded(asked, preview, node, facts=changes.node_facts, write=write)
    return _done(f"node/{node.name} {'cordoned' if is_off else 'uncordoned'}", preview)


async def execute(asked: Asked, preview: Preview) -> Performed:
    """Exec takes no precondition, so the pod is held against the preview right before."""
    pinned = preview.targets[0]
    pod = Object(PODS, pinned.namespace, pinned.name)
    current = await asked.cluster.get(pod)
    container = preview.facts.get("container", "")
    now = {"ready": str(pods.is_ready(current)).lower(), "container": pods.container_of(current, container)}
    changes.compare(pinned.uid, preview.facts, now_uid=uid_of(current), now=now, what=name_of(current))
    command = asked.words("command")
    if not command:
        return Performed(Outcome.REFUSED, detail="There is no command to run. Nothing was done.")
    is_write = asked.text("effect") != "read"
    try:
        heard = await exec_stream.run(asked.cluster, pod, container, command)
    except Trouble as trouble:
        if trouble.ending is not Ending.ANSWERED:
            trouble.may_have_changed = is_write
        return troubles.performed(trouble)
    return exec_stream.performed(heard, is_write=is_write)


def _done(said: str, preview: Preview) -> Performed:
    return Performed(Outcome.SUCCEEDED, output=said, change=preview.change)


Performer = Callable[[Asked, Preview], Awaitable[Performed]]

READERS: Mapping[str, reads.Reader] = {**reads.READERS, "diff": differing.read}

PERFORMERS: Mapping[str, Performer] = {
    "exec": execute,
    "delete_pod": perform_objects.delete,
    "rollout_restart": rollout_restart,
    "rollout_undo": rollout_undo,
    "scale": scale,
    "cordon": cordon,
    "uncordon": cordon,
    "drain": draining.perform,
    "delete": perform_objects.delete,
    **dict.fromkeys(object_edits.EDITS, perform_objects.change),
}

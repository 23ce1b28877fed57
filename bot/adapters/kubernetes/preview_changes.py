"""Dry runs of changes to workloads and nodes: the server is asked with `dryRun=All`, and its answer is told."""

from collections.abc import Sequence

from bot.adapters.kubernetes import access, changes, templates
from bot.adapters.kubernetes.access import Need
from bot.adapters.kubernetes.asking import Asked
from bot.adapters.kubernetes.client import Obj
from bot.adapters.kubernetes.cluster import (
    JSON_PATCH,
    MERGE,
    STRATEGIC,
    Object,
    Selection,
    at,
    name_of,
    namespace_of,
    selector_text,
    uid_of,
)
from bot.adapters.kubernetes.resources import NODES, REPLICA_SETS, Resource
from bot.adapters.kubernetes.troubles import changed
from bot.core.previews import Preview, Target

SETTLE_SECONDS = 3.0
"""How long a dry run waits for the deployment controller, which takes milliseconds when it is well."""

SETTLE_POLL_SECONDS = 0.1

ACCEPTED = "the cluster accepted a dry run of this change"


def _target(resource: Resource, found: Obj, *, note: str = "") -> Target:
    return Target(resource.kind.lower(), name_of(found), namespace_of(found), uid_of(found), note=note)


def _pods(count: int) -> str:
    return "1 pod" if count == 1 else f"{count} pods"


async def _workload(asked: Asked, needs: Sequence[Need]) -> tuple[str, Obj] | Preview:
    """Who we are and the object that is meant, or the preview that says which permission is missing."""
    who = await access.identity(asked.cluster)
    problems = await access.missing(asked.cluster, who, [Need("get", asked.resource, asked.namespace), *needs])
    if problems:
        return Preview(identity=who, problems=problems)
    return who, await asked.cluster.get(asked.object)


# --- rollout restart -------------------------------------------------------------------------------------------------


async def rollout_restart(asked: Asked) -> Preview:
    prepared = await _workload(asked, [Need("patch", asked.resource, asked.namespace)])
    if isinstance(prepared, Preview):
        return prepared
    who, current = prepared
    if changes.is_paused(current):
        problem = f"The rollout of {name_of(current)} is paused. Resume it with kubectl rollout resume first."
        return Preview(identity=who, problems=(problem,))
    patch = changes.restart(current, asked.cluster.clock.now())
    await asked.cluster.patch(asked.object, patch, form=STRATEGIC, is_dry=True)
    count = changes.replicas(current)
    return Preview(
        targets=(_target(asked.resource, current),),
        change=(f"restarts {_pods(count)} of {name_of(current)}{changes.pace(current)}",),
        promise=ACCEPTED,
        counters={"pod_restarts": count},
        totals={"pod_restarts": count},
        identity=who,
        facts=changes.facts(current),
    )


# --- rollout undo ----------------------------------------------------------------------------------------------------


async def rollout_undo(asked: Asked) -> Preview:
    if asked.resource.plural != "deployments":
        problem = f"rollout undo of {asked.resource.plural} is not offered here. Run it by hand."
        return Preview(problems=(problem,))
    needs = [Need("patch", asked.resource, asked.namespace), Need("list", REPLICA_SETS, asked.namespace)]
    prepared = await _workload(asked, needs)
    if isinstance(prepared, Preview):
        return prepared
    who, current = prepared[0], await _settled(asked, prepared[1])
    if changes.is_paused(current):
        problem = f"The rollout of {name_of(current)} is paused. Resume it with kubectl rollout resume first."
        return Preview(identity=who, problems=(problem,))
    older = changes.undo_target(current, await revisions(asked, current), asked.number("to_revision"))
    if isinstance(older, str):
        return Preview(identity=who, problems=(older,))
    template = changes.template_of(older)
    lines = templates.differences(at(current, "spec.template", {}), template)
    if not lines:
        problem = (
            f"Revision {changes.revision(older)} of {name_of(current)} is what runs now. There is nothing to undo."
        )
        return Preview(identity=who, problems=(problem,))
    await asked.cluster.patch(asked.object, changes.undo(current, template), form=JSON_PATCH, is_dry=True)
    count = changes.replicas(current)
    return Preview(
        targets=(
            _target(asked.resource, current),
            _target(REPLICA_SETS, older, note=f"revision {changes.revision(older)}"),
        ),
        change=(*lines, f"replaces {_pods(count)} of {name_of(current)}{changes.pace(current)}"),
        promise=ACCEPTED,
        counters={"pod_restarts": count},
        totals={"pod_restarts": count},
        identity=who,
        undo=_way_back(asked, current),
        facts=undo_facts(current, older),
    )


async def _settled(asked: Asked, current: Obj) -> Obj:
    """The workload once its controller has numbered the last change: before that, the previous one is the wrong one."""
    clock = asked.cluster.clock
    due = clock.monotonic() + SETTLE_SECONDS
    while not changes.is_observed(current):
        if clock.monotonic() > due:
            raise changed(f"the controller has not taken up the last change of {name_of(current)} yet")
        await clock.sleep(SETTLE_POLL_SECONDS)
        current = await asked.cluster.get(asked.object)
    return current


async def revisions(asked: Asked, workload: Obj) -> list[Obj]:
    labels = selector_text(at(workload, "spec.selector", {}))
    found = await asked.cluster.list(Selection(REPLICA_SETS, asked.namespace, labels=labels))
    return changes.history(workload, found)


def undo_facts(current: Obj, older: Obj) -> dict[str, str]:
    """`template` binds what the older revision holds: a replica set can be edited without a new UID."""
    return {
        **changes.facts(current),
        "back to revision": changes.revision(older),
        "back to image": templates.images(at(older, "spec.template", {})),
        "template": templates.digest(changes.template_of(older)),
    }


def _way_back(asked: Asked, current: Obj) -> str:
    revision = changes.revision(current)
    return f"kubectl rollout undo {asked.spot()} --to-revision={revision}" if revision else ""


# --- scale -----------------------------------------------------------------------------------------------------------


async def scale(asked: Asked) -> Preview:
    wanted = asked.number("replicas")
    if wanted is None or wanted < 0:
        return Preview(problems=("The wanted number of replicas is missing. Write --replicas=N.",))
    prepared = await _workload(asked, [Need("patch", asked.resource, asked.namespace, subresource="scale")])
    if isinstance(prepared, Preview):
        return prepared
    who, current = prepared
    before, assumed = changes.replicas(current), asked.number("current_replicas")
    if assumed is not None and assumed != before:
        problem = (
            f"{name_of(current)} has {before} replicas, the step expects {assumed}. Write a step for what is there."
        )
        return Preview(identity=who, problems=(problem,))
    answer = await asked.cluster.patch(scale_of(asked.object), changes.scale(current, wanted), form=MERGE, is_dry=True)
    after = int(at(answer, "spec.replicas", 0))  # the server leaves out a zero
    return Preview(
        targets=(_target(asked.resource, current),),
        change=_scaling(name_of(current), before, after),
        promise=ACCEPTED,
        counters={"replicas_removed": max(0, before - after), "replicas_added": max(0, after - before)},
        totals={"replicas_removed": before, "replicas_added": before},
        identity=who,
        undo=f"kubectl scale {asked.spot()} --replicas={before}" if before != after else "",
        facts=changes.facts(current),
    )


def scale_of(wanted: Object) -> Object:
    return Object(wanted.resource, wanted.namespace, wanted.name, "scale")


def _scaling(name: str, before: int, after: int) -> tuple[str, ...]:
    if before == after:
        return (f"{name} already has {_pods(before).replace('pod', 'replica')}: nothing changes",)
    what = f"stops {_pods(before - after)}" if after < before else f"starts {_pods(after - before)}"
    whole = f"; {name} then runs nowhere" if after == 0 else ""
    return (f"replicas  {before} -> {after}", f"{what} of {name}{whole}")


# --- cordon and uncordon ---------------------------------------------------------------------------------------------


async def cordon(asked: Asked) -> Preview:
    is_off = asked.operation.kind == "kubernetes.cordon"
    who = await access.identity(asked.cluster)
    problems = await access.missing(asked.cluster, who, [Need("get", NODES), Need("patch", NODES), Need("list", NODES)])
    if problems:
        return Preview(identity=who, problems=problems)
    node = Object(NODES, "", asked.text("name"))
    current = await asked.cluster.get(node)
    await asked.cluster.patch(node, changes.cordon(current, is_off=is_off), form=MERGE, is_dry=True)
    was_off = bool(at(current, "spec.unschedulable"))
    counter, back = ("nodes_cordoned", "uncordon") if is_off else ("nodes_uncordoned", "cordon")
    total = len(await asked.cluster.list(Selection(NODES, "")))
    return Preview(
        targets=(_target(NODES, current),),
        change=_cordoning(name_of(current), is_off=is_off, was_off=was_off),
        promise=ACCEPTED,
        counters={counter: int(is_off != was_off)},
        totals={counter: total},
        identity=who,
        undo=f"kubectl {back} {name_of(current)}" if is_off != was_off else "",
        facts=changes.node_facts(current),
    )


def _cordoning(name: str, *, is_off: bool, was_off: bool) -> tuple[str, ...]:
    if is_off == was_off:
        return (f"{name} {'takes no' if is_off else 'takes'} new pods already: nothing changes",)
    if is_off:
        return (f"new pods  {name}: yes -> no", f"no new pod starts on {name}; those that run there stay")
    return (f"new pods  {name}: no -> yes", f"new pods may start on {name} again")

"""Performs what only reads: get, describe, logs, top, version, rollout status and history. All output is bounded."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence

from bot.adapters.kubernetes import changes, describing, pods, rendering, rollouts, templates
from bot.adapters.kubernetes.asking import Asked
from bot.adapters.kubernetes.client import Obj, Request
from bot.adapters.kubernetes.cluster import PAGE, TABLE, Object, Selection, at, name_of, namespace_of, uid_of
from bot.adapters.kubernetes.preview_changes import revisions
from bot.adapters.kubernetes.resources import EVENTS, PODS
from bot.adapters.kubernetes.troubles import FORBIDDEN, NOT_FOUND, Trouble
from bot.core import inert
from bot.core.errors import Invalid
from bot.core.previews import Outcome, Performed

KEPT_BYTES = 64 * 1024
"""What is kept of an output and shown."""

LOG_BYTES = 1024 * 1024
"""Logs are cut by the API server itself (`limitBytes`)."""

MOST_LOGS = 10
"""Pods whose logs one step reads; kubectl's own limit for a selector is five at once."""


def shown(text: str, *, keeps_end: bool = False) -> Performed:
    """The first part of a long text, or its last where that is what matters (logs)."""
    is_long = len(text) > KEPT_BYTES
    kept = text[-KEPT_BYTES:] if keeps_end else text[:KEPT_BYTES]
    return Performed(Outcome.SUCCEEDED, output=inert.inert(kept, KEPT_BYTES), is_truncated=is_long)


# --- get -------------------------------------------------------------------------------------------------------------


async def get(asked: Asked) -> Performed:
    output = asked.text("output")
    if output in ("", "wide"):
        return await _table(asked)
    names, resource = asked.words("names"), asked.resource
    found = await _objects(asked)
    if asked.text("sort_by"):
        found = rendering.sorted_objects(found, asked.text("sort_by"))
    return shown(rendering.objects(found, resource, output, is_one=len(names) == 1))


def _place(asked: Asked) -> str:
    return "" if asked.flag("all_namespaces") or not asked.resource.is_namespaced else asked.namespace


async def _objects(asked: Asked) -> list[Obj]:
    resource, names = asked.resource, asked.words("names")
    if names:
        return [await asked.cluster.get(Object(resource, _place(asked), name)) for name in names]
    fields, labels = asked.text("field_selector"), asked.text("selector")
    return await asked.cluster.list(Selection(resource, _place(asked), labels=labels, fields=fields))


async def _table(asked: Asked) -> Performed:
    found = await _tables(asked)
    if asked.text("sort_by"):
        found = rendering.sorted_rows(found, asked.text("sort_by"))
    if not found.get("rows"):
        where = f" in {asked.namespace} namespace" if _place(asked) else ""
        return shown(f"No resources found{where}.")
    text = rendering.table(
        found,
        is_wide=asked.text("output") == "wide",
        with_namespace=asked.flag("all_namespaces") and asked.resource.is_namespaced,
        has_labels=asked.flag("show_labels"),
        has_header=not asked.flag("no_headers"),
    )
    more = at(found, "metadata.continue")
    return shown(text + (f"\n(the first {PAGE} are shown)" if more else ""))


async def _tables(asked: Asked) -> Obj:
    """One table, or one made of the rows of each named object."""
    resource, names, place = asked.resource, asked.words("names"), _place(asked)
    whole = [("includeObject", "Object")] if asked.text("sort_by") else []
    if not names:
        selection = Selection(resource, place, labels=asked.text("selector"), fields=asked.text("field_selector"))
        query = [*selection.query, *whole, ("limit", str(PAGE))]
        return await asked.cluster.json(Request("GET", resource.path(place), query, accept=TABLE))
    tables = [
        await asked.cluster.json(Request("GET", Object(resource, place, name).path, whole, accept=TABLE))
        for name in names
    ]
    return {**tables[0], "rows": [row for table in tables for row in table.get("rows") or []]}


# --- describe --------------------------------------------------------------------------------------------------------


async def describe(asked: Asked) -> Performed:
    found = await _objects(asked)
    if not found:
        return shown(f"No resources found in {asked.namespace} namespace.")
    parts = [
        describing.describe(one, asked.resource, await _events(asked, one), now=asked.cluster.clock.now())
        for one in found[:MOST_LOGS]
    ]
    more = f"\n\n(the first {MOST_LOGS} of {len(found)} are shown)" if len(found) > MOST_LOGS else ""
    return shown("\n\n\n".join(parts) + more)


async def _events(asked: Asked, about: Obj) -> Sequence[Obj] | None:
    """Events about one object; None when they may not be listed."""
    fields = f"involvedObject.uid={uid_of(about)}"
    try:
        return await asked.cluster.list(Selection(EVENTS, namespace_of(about) or "default", fields=fields))
    except Trouble as trouble:
        if trouble.status != FORBIDDEN:
            raise
        return None


# --- logs ------------------------------------------------------------------------------------------------------------


async def logs(asked: Asked) -> Performed:
    found = await _log_pods(asked)
    if not found:
        return Performed(Outcome.FAILED, detail="No pod matches. Check the selector and the namespace.")
    texts = []
    for pod in found[:MOST_LOGS]:
        for container in _log_containers(asked, pod):
            query = [("container", container), *_log_query(asked)]
            path = Object(PODS, namespace_of(pod), name_of(pod), "log").path
            raw = await asked.cluster.raw(Request("GET", path, query, accept="*/*"))
            texts.append(raw.decode("utf-8", errors="replace").rstrip("\n"))
    more = f"\n(the first {MOST_LOGS} of {len(found)} pods are shown)" if len(found) > MOST_LOGS else ""
    return shown("\n".join(text for text in texts if text) + more, keeps_end=True)


async def _log_pods(asked: Asked) -> list[Obj]:
    name = asked.text("name")
    if not name:
        listed = await asked.cluster.list(Selection(PODS, asked.namespace, labels=asked.text("selector")))
        return pods.in_order(listed)
    return (await pods.of(asked.cluster, asked.resource, asked.namespace, name))[:1]


def _log_containers(asked: Asked, pod: Obj) -> list[str]:
    if asked.flag("all_containers"):
        return pods.containers(pod)
    wanted = asked.text("container")
    return [wanted or pods.container_of(pod, "")]


def _log_query(asked: Asked) -> list[tuple[str, str]]:
    bytes_wanted = min(asked.number("limit_bytes") or LOG_BYTES, LOG_BYTES)
    query = [("limitBytes", str(bytes_wanted))]
    for name, parameter in (("tail", "tailLines"), ("since_seconds", "sinceSeconds")):
        value = asked.number(name)
        query += [(parameter, str(value))] if value is not None and value >= 0 else []
    for name in ("previous", "timestamps"):
        query += [(name, "true")] if asked.flag(name) else []
    return query


# --- rollouts --------------------------------------------------------------------------------------------------------


async def rollout_status(asked: Asked) -> Performed:
    """Wait, bounded, until the rollout is complete or is known to have failed."""
    clock = asked.cluster.clock
    seconds = min(asked.number("timeout_seconds") or rollouts.WAIT_SECONDS, max(0.0, asked.cluster.left() - 1.0))
    due = clock.monotonic() + seconds
    while True:
        progress = rollouts.judge(await asked.cluster.get(asked.object))
        if progress.is_complete:
            return shown(progress.said)
        if progress.is_failed or clock.monotonic() + rollouts.POLL_SECONDS > due:
            waited = "" if progress.is_failed else f" Waited {seconds:.0f} s."
            return Performed(Outcome.FAILED, output=progress.said, detail=f"The rollout is not complete.{waited}")
        await clock.sleep(rollouts.POLL_SECONDS)


async def rollout_history(asked: Asked) -> Performed:
    if asked.resource.plural != "deployments":
        raise Invalid(f"the history of {asked.resource.plural} is not offered here", remedy="run it by hand")
    workload = await asked.cluster.get(asked.object)
    current = changes.revision(workload)
    rows = [["REVISION", "IMAGE", "CHANGE-CAUSE"]]
    for one in await revisions(asked, workload):
        cause = at(one, "metadata.annotations", {}).get("kubernetes.io/change-cause", "<none>")
        number = changes.revision(one) + (" (now)" if changes.revision(one) == current else "")
        rows.append([number, templates.images(at(one, "spec.template", {})), cause])
    return shown(f"{asked.resource.qualified}/{name_of(workload)}\n" + rendering.aligned(rows))


# --- top and version -------------------------------------------------------------------------------------------------


async def top(asked: Asked) -> Performed:
    resource = asked.resource
    place = f"namespaces/{asked.namespace}/" if resource == PODS and not asked.flag("all_namespaces") else ""
    path = f"/apis/metrics.k8s.io/v1beta1/{place}{resource.plural}"
    query = [("labelSelector", asked.text("selector"))] if asked.text("selector") else []
    try:
        found = await asked.cluster.json(Request("GET", path, query))
    except Trouble as trouble:
        if trouble.status != NOT_FOUND:
            raise
        return Performed(
            Outcome.FAILED, detail="The cluster serves no metrics (metrics.k8s.io). Install metrics-server."
        )
    items = [
        one for one in found.get("items") or [] if not asked.words("names") or name_of(one) in asked.words("names")
    ]
    wanted = {"cpu": rendering.cpu, "memory": rendering.memory}.get(asked.text("sort_by"))
    items.sort(key=(lambda one: (-wanted(rendering.usage(one)), name_of(one))) if wanted else name_of)
    return shown(rendering.usage_table(items, has_header=not asked.flag("no_headers")))


async def version(asked: Asked) -> Performed:
    found = json.loads(await asked.cluster.raw(Request("GET", "/version")))
    return shown(f"Server Version: {found.get('gitVersion', 'unknown')}")


Reader = Callable[[Asked], Awaitable[Performed]]

READERS: Mapping[str, Reader] = {
    "get": get,
    "describe": describe,
    "logs": logs,
    "top": top,
    "version": version,
    "rollout_status": rollout_status,
    "rollout_history": rollout_history,
}

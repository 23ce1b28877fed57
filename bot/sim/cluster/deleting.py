"""DELETE, eviction and what follows: preconditions, grace, propagation, finalizers and budgets.

Knows nothing of HTTP. A pod that is told to go stays `Terminating` until its kubelet lets it go.
"""

from dataclasses import dataclass

from bot.sim.cluster import budgets, kinds, objects, statuses
from bot.sim.cluster.kinds import Resource
from bot.sim.cluster.objects import Obj
from bot.sim.cluster.state import Store

FOREGROUND = "foregroundDeletion"
# Kinds whose DELETE answers with the object; the others answer with a Status (ReturnDeletedObject).
_RETURNED = frozenset({"pods", "services", "persistentvolumeclaims", "serviceaccounts"})
_POLICIES = ("Foreground", "Background", "Orphan")


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """metav1.DeleteOptions. Empty preconditions always hold; `grace` is seconds."""

    dry_run: bool = False
    uid: str = ""
    version: str = ""
    grace: int | None = None
    propagation: str = "Background"


def options_from(body: Obj, query: dict[str, str]) -> DeleteOptions:
    """From a DeleteOptions body or, where the body is silent, the query. Raises 422 for unknown words."""
    held: Obj = body.get("preconditions") or {}
    grace = body.get("gracePeriodSeconds", query.get("gracePeriodSeconds"))
    propagation = str(body.get("propagationPolicy") or query.get("propagationPolicy") or "Background")
    if propagation not in _POLICIES:
        listed = '"Background", "Foreground", "Orphan"'
        message = f'Unsupported value: "{propagation}": supported values: {listed}'
        cause = statuses.Cause("FieldValueNotSupported", message, "propagationPolicy")
        raise statuses.invalid_options("DeleteOptions", cause)
    try:
        seconds = None if grace is None else int(grace)
    except (TypeError, ValueError):
        raise statuses.bad_request(f"invalid gracePeriodSeconds: {grace}") from None
    return DeleteOptions(
        dry_run=bool(body.get("dryRun")) or bool(query.get("dryRun")),
        uid=str(held.get("uid") or ""),
        version=str(held.get("resourceVersion") or ""),
        grace=seconds,
        propagation=propagation,
    )


def delete(store: Store, resource: Resource, obj: Obj, options: DeleteOptions) -> Obj:
    """Start or finish the deletion of one object; answers the response body."""
    _check_preconditions(resource, obj, options)
    doomed: Obj = objects.clone(obj)
    if resource is kinds.PODS:
        return _delete_pod(store, doomed, options)
    if resource is kinds.NAMESPACES:
        return _mark_namespace(store, doomed, options)
    if options.propagation == "Foreground":
        finalizers = doomed["metadata"].setdefault("finalizers", [])
        if FOREGROUND not in finalizers:
            finalizers.append(FOREGROUND)
    if doomed["metadata"].get("finalizers"):
        _mark(store, doomed, grace=0)
        return doomed if options.dry_run else store.update(resource, doomed)
    if not options.dry_run:
        if options.propagation == "Orphan":
            _release_dependents(store, doomed)
        doomed = store.remove(resource, doomed)
    return doomed if resource.plural in _RETURNED else _removed(resource, doomed)


def _removed(resource: Resource, obj: Obj) -> Obj:
    details = statuses.details_of(resource, objects.name_of(obj)) | {"uid": objects.uid_of(obj)}
    return statuses.success(details=details)


def _check_preconditions(resource: Resource, obj: Obj, options: DeleteOptions) -> None:
    uid, version = objects.uid_of(obj), obj["metadata"]["resourceVersion"]
    if options.uid and options.uid != uid:
        why = (
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({uid}). "
            "The object might have been deleted and then recreated"
        )
        raise statuses.precondition_failed(resource, objects.name_of(obj), why)
    if options.version and options.version != version:
        why = (
            f"the ResourceVersion in the precondition ({options.version}) does not match the ResourceVersion "
            f"in record ({version}). The object might have been modified"
        )
        raise statuses.precondition_failed(resource, objects.name_of(obj), why)


def _delete_pod(store: Store, pod: Obj, options: DeleteOptions) -> Obj:
    grace = options.grace
    if grace is None:
        grace = int(pod["spec"].get("terminationGracePeriodSeconds", 30))
    is_over = pod["status"].get("phase") in ("Succeeded", "Failed")
    if is_over or not pod["spec"].get("nodeName"):
        grace = 0  # no kubelet would ever confirm
    if objects.is_terminating(pod) and grace >= pod["metadata"]["deletionGracePeriodSeconds"]:
        return pod  # a deletion can be shortened, never prolonged
    _mark(store, pod, grace=grace)
    if options.dry_run:
        return pod
    if grace == 0 and not pod["metadata"].get("finalizers"):
        return store.remove(kinds.PODS, pod)
    return store.update(kinds.PODS, pod)


def _mark_namespace(store: Store, namespace: Obj, options: DeleteOptions) -> Obj:
    if objects.is_terminating(namespace):
        return namespace
    namespace["metadata"]["deletionTimestamp"] = objects.timestamp(store.clock())
    namespace["status"] = {"phase": "Terminating"}
    return namespace if options.dry_run else store.update(kinds.NAMESPACES, namespace)


def _mark(store: Store, obj: Obj, *, grace: int) -> None:
    """Deletion is a change of spec to those who watch generations (BeforeDelete)."""
    metadata = obj["metadata"]
    if "generation" in metadata and "deletionTimestamp" not in metadata:
        metadata["generation"] += 1
    metadata["deletionTimestamp"] = objects.timestamp(store.clock() + grace)
    metadata["deletionGracePeriodSeconds"] = grace


def _release_dependents(store: Store, owner: Obj) -> None:
    for resource in kinds.NAMESPACED:
        for obj in store.dependents(resource, owner):
            free: Obj = objects.clone(obj)
            free["metadata"].pop("ownerReferences")
            store.update(resource, free)


def finish_if_free(store: Store, resource: Resource, obj: Obj) -> None:
    """An object that waited for its finalizers goes with the last of them."""
    if resource is kinds.PODS or resource is kinds.NAMESPACES:
        return
    if objects.is_terminating(obj) and not obj["metadata"].get("finalizers"):
        store.remove(resource, obj)


def evict(store: Store, namespace: str, name: str, eviction: Obj) -> Obj:
    """policy/v1 Eviction: a deletion that asks the disruption budgets first. Raises 429 when one says no."""
    sent = (eviction.get("metadata") or {}).get("name")
    if sent and sent != name:
        raise statuses.bad_request("name in URL does not match name in Eviction object")
    pod = store.get(kinds.PODS, namespace, name)
    body: Obj = eviction.get("deleteOptions") or {}
    options = options_from(body, {})
    budgets.demand_room(store, pod)
    delete(store, kinds.PODS, pod, options)
    return statuses.success(code=201)

"""Every change that a client may ask for: decode, default, admit, validate, then store or, in a dry run, not.

The order is the real server's, so that a dry run refuses exactly what the real request would refuse.
Authorisation has happened before; knows nothing of HTTP.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from bot.sim.cluster import defaults, deleting, fields, kinds, objects, owning, patches, selectors, statuses, validation
from bot.sim.cluster.kinds import Resource
from bot.sim.cluster.objects import Obj
from bot.sim.cluster.state import Store

# Metadata that only the server sets; what a client sends for it is ignored.
_SERVER_METADATA = ("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")


@dataclass(slots=True)
class Options:
    """How to write, and as which field manager. `warnings` is filled with texts for Warning headers."""

    dry_run: bool = False
    manager: str = "kubectl-create"
    is_forced: bool = False
    field_validation: str = "Warn"
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Target:
    """The object that a request names."""

    resource: Resource
    namespace: str
    name: str = ""
    subresource: str = ""


class Writer:
    """Create, replace and patch with the server's checks."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._owners = owning.Owners()

    def create(self, target: Target, body: Any, options: Options) -> Obj:
        obj = self._decode(target, body, options)
        self._admit_namespace(target, obj)
        if obj["kind"] == "Pod":
            defaults.fill(obj)
            defaults.admit_pod(obj)
        fresh = self._store.identify(target.resource, obj)
        if target.resource.has_generation:
            fresh.pop("status", None)
        defaults.fill(fresh)
        validation.check_create(target.resource, fresh)
        if self._store.find(target.resource, target.namespace, objects.name_of(fresh)) is not None:
            raise statuses.already_exists(target.resource, objects.name_of(fresh))
        if options.dry_run:
            return fresh
        created = self._store.create(target.resource, fresh)
        self._owners.wrote(options.manager, None, created)
        return created

    def replace(self, target: Target, body: Any, options: Options) -> Obj:
        """PUT: the whole object, with its resourceVersion as the lock if it carries one."""
        old = self._store.get(target.resource, target.namespace, target.name)
        obj = self._decode(target, body, options)
        uid = obj["metadata"].get("uid")
        if uid and uid != objects.uid_of(old):
            why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {objects.uid_of(old)}"
            raise statuses.precondition_failed(target.resource, target.name, why)
        return self._update(target, old, obj, options)

    def patch(self, target: Target, patch: Any, content_type: str, options: Options) -> Obj:
        old = self._store.get(target.resource, target.namespace, target.name)
        before = scale_of(old) if target.subresource == "scale" else old
        obj = patches.apply(before, patch, content_type)
        if obj is before:
            obj = objects.clone(before)
        obj = self._decode(target, objects.clone(obj), options, patched=True)
        return self._update(target, old, obj, options)

    def apply(self, target: Target, body: Any, options: Options) -> Obj:
        """Server-side apply: an upsert that changes no field of another manager, unless it is forced to."""
        _demand_applicable(body, options)
        old = self._store.find(target.resource, target.namespace, target.name)
        if old is None:
            return self._apply_new(target, body, options)
        uid = objects.uid_of(old)
        conflicts = self._owners.conflicts(options.manager, old, body)
        if conflicts and not options.is_forced:
            raise owning.conflict(target.resource, conflicts)
        obj = owning.merged(objects.clone(old), body)
        for path in self._owners.given_up(options.manager, uid, body):
            obj = owning.without(obj, path)
        obj = self._decode(target, obj, options, patched=True)
        new = self._update(target, old, obj, replace(options, manager=""))
        if not options.dry_run:
            self._owners.take_over(options.manager, uid, {path for _, path in conflicts})
            self._owners.applied(options.manager, uid, body)
        return new

    def _apply_new(self, target: Target, body: Obj, options: Options) -> Obj:
        metadata = body.get("metadata") or {}
        if uid := metadata.get("uid"):
            why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            raise statuses.conflict(target.resource, target.name, why)
        created = self.create(target, body, replace(options, manager=""))
        if not options.dry_run:
            self._owners.applied(options.manager, objects.uid_of(created), body)
        return created

    def _update(self, target: Target, old: Obj, obj: Obj, options: Options) -> Obj:
        version = obj["metadata"].get("resourceVersion")
        if version and version != old["metadata"]["resourceVersion"]:
            raise statuses.stale(target.resource, target.name)
        if not version and target.resource is kinds.BUDGETS:
            cause = statuses.invalid_value("metadata.resourceVersion", 0, "must be specified for an update")
            raise statuses.invalid(target.resource, target.name, [cause])
        new = self._merged(target, old, obj)
        validation.check_update(target.resource, old, new)
        if not options.dry_run:
            new = self._store.update(target.resource, new)
            self._owners.wrote(options.manager, old, new)
            deleting.finish_if_free(self._store, target.resource, new)
        return scale_of(new) if target.subresource == "scale" else new

    def _merged(self, target: Target, old: Obj, obj: Obj) -> Obj:
        """The new object: what the client may change from `obj`, the rest from `old`."""
        if target.subresource == "scale":
            new: Obj = objects.clone(old)
            new["spec"]["replicas"] = (obj.get("spec") or {}).get("replicas", 0)
        elif target.subresource == "status":
            new = objects.clone(old)
            new["status"] = obj.get("status") or {}
        else:
            new = obj
            new["metadata"].setdefault("uid", objects.uid_of(old))
            for name in _SERVER_METADATA:
                new["metadata"].pop(name, None)
                if name in old["metadata"]:
                    new["metadata"][name] = old["metadata"][name]
            if "status" in target.resource.subresources and "status" in old:
                new["status"] = old["status"]
            defaults.fill(new)
        new["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
        return bump_generation(target.resource, old, new)

    def _decode(self, target: Target, body: Any, options: Options, *, patched: bool = False) -> Obj:
        if not isinstance(body, dict):
            raise statuses.bad_request("couldn't get version/kind; json parse error")
        obj: Obj = objects.clone(body)
        kind, version = target.resource.kind, target.resource.group_version
        if target.subresource == "scale":
            kind, version = "Scale", "autoscaling/v1"
        sent = (obj.setdefault("kind", kind), obj.setdefault("apiVersion", version))
        if sent != (kind, version):
            what = f"{obj['kind']} in version {obj['apiVersion']}"
            raise statuses.bad_request(f"the object provided is unrecognized (must be of type {kind}): {what}")
        if not isinstance(obj.setdefault("metadata", {}), dict):
            raise statuses.bad_request(f"{kind} has metadata that is not an object")
        self._check_fields(obj, body, options, patched=patched)
        self._check_identity(target, obj)
        return obj

    @staticmethod
    def _check_fields(obj: Obj, body: Obj, options: Options, *, patched: bool) -> None:
        found = fields.inspect(obj)
        version = str(obj["apiVersion"]).rpartition("/")[2]
        prefix = f'{obj["kind"]} in version "{version}" cannot be handled as a {obj["kind"]}: '
        for path, got, wanted in found.mistyped:
            where = f"Go struct field {obj['kind']}.{path} of type {wanted}"
            raise statuses.bad_request(f"{prefix}json: cannot unmarshal {got} into {where}")
        texts = [f'unknown field "{path}"' for path in found.unknown]
        if not texts:
            return
        if options.field_validation == "Warn":
            options.warnings += texts
        elif options.field_validation == "Strict":
            why = f"strict decoding error: {', '.join(texts)}"
            if not patched:
                raise statuses.bad_request(prefix + why)
            raise _strict_patch_refusal(body, why)

    @staticmethod
    def _check_identity(target: Target, obj: Obj) -> None:
        """Name and namespace of the body must be those of the URL."""
        metadata = obj["metadata"]
        if target.resource.namespaced and metadata.setdefault("namespace", target.namespace) != target.namespace:
            why = "the namespace of the provided object does not match the namespace sent on the request"
            raise statuses.bad_request(why)
        if target.name and metadata.setdefault("name", target.name) != target.name:
            why = f"the name of the object ({metadata['name']}) does not match the name on the URL ({target.name})"
            raise statuses.bad_request(why)

    def _admit_namespace(self, target: Target, obj: Obj) -> None:
        if not target.resource.namespaced:
            return
        namespace = self._store.get(kinds.NAMESPACES, "", target.namespace)
        if objects.is_terminating(namespace):
            name = str(obj["metadata"].get("name") or "")
            why = f"unable to create new content in namespace {target.namespace} because it is being terminated"
            refusal = statuses.forbidden(target.resource, name, why)
            text = f"namespace {target.namespace} is being terminated"
            cause = statuses.Cause("NamespaceTerminating", text, "metadata.namespace")
            refusal.details = (refusal.details or {}) | {"causes": [cause.as_json()]}
            raise refusal


def _demand_applicable(body: Any, options: Options) -> None:
    if not options.manager:
        cause = statuses.required("fieldManager", "is required for apply patch")
        raise statuses.invalid_options("PatchOptions", cause)
    if not isinstance(body, dict) or not body.get("kind") or not body.get("apiVersion"):
        raise statuses.bad_request("error decoding YAML: object has no kind or apiVersion")
    if (body.get("metadata") or {}).get("managedFields"):
        raise statuses.bad_request("metadata.managedFields must be nil")


def _strict_patch_refusal(document: Obj, why: str) -> statuses.StatusError:
    """A strict PATCH complains about the patched document, not about the patch; without a kind."""
    cause = statuses.invalid_value("patch", objects.compact(document).replace('"', '\\"'), why)
    message = f' "" is invalid: patch: {cause.message}'
    return statuses.StatusError(422, "Invalid", message, {"causes": [cause.as_json()]})


def bump_generation(resource: Resource, old: Obj, new: Obj) -> Obj:
    """A changed spec is a new generation; for deployments so are changed annotations (their strategy.go)."""
    changed = old.get("spec") != new.get("spec")
    if resource is kinds.DEPLOYMENTS:
        changed = changed or objects.annotations_of(old) != objects.annotations_of(new)
    if resource.has_generation and changed:
        new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
    return new


def scale_of(obj: Obj) -> Obj:
    """The autoscaling/v1 Scale that stands for a workload."""
    names = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: obj["metadata"][name] for name in names},
        "spec": {"replicas": obj["spec"].get("replicas", 0)},
        "status": {
            "replicas": (obj.get("status") or {}).get("replicas", 0),
            "selector": selectors.as_text(obj["spec"].get("selector")),
        },
    }


def change(store: Store, resource: Resource, obj: Obj, alter: Callable[[Obj], None]) -> Obj:
    """A controller's own write: alter a clone, mind the generation, store."""
    new: Obj = objects.clone(obj)
    alter(new)
    return store.update(resource, bump_generation(resource, obj, new))

"""Each change of an object as what is written, computed from the object as it is now. Pure, shared by preview and run.

Every edit of what exists carries its UID and resourceVersion, so that the server refuses it when anything came between.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.adapters.kubernetes import changes
from bot.adapters.kubernetes.asking import Asked
from bot.adapters.kubernetes.client import Obj
from bot.adapters.kubernetes.cluster import APPLY, JSON_PATCH, MERGE, STRATEGIC, Edit, Object, at, name_of
from bot.core.errors import Invalid

REMEDY = "look at it with kubectl get -o yaml"


@dataclass(frozen=True, slots=True)
class Item:
    """One object that is meant: as it is now (None: it does not exist), and its manifest where the command has one."""

    target: Object
    current: Obj | None = None
    manifest: Obj | None = None

    @property
    def present(self) -> Obj:
        """Raise Invalid where it does not exist."""
        if self.current is None:
            raise Invalid(f"there is no {self.place}", remedy="check the name and the namespace")
        return self.current

    @property
    def spot(self) -> str:
        return f"{self.target.resource.kind.lower()}/{self.target.name}"

    @property
    def place(self) -> str:
        """Spot and namespace: what tells it from all others."""
        return f"{self.spot} in {self.target.namespace}" if self.target.namespace else self.spot


Editor = Callable[[Asked, Item], Edit]


def _values(asked: Asked, name: str) -> dict[str, Any]:  # Any: canonical arguments are JSON
    found = asked.arguments.get(name)
    return dict(found) if isinstance(found, dict) else {}


# --- labels and annotations ------------------------------------------------------------------------------------------


def mark(asked: Asked, item: Item) -> Edit:
    """Invalid where a value would be overwritten without being told to, as kubectl refuses it."""
    part = f"{asked.operation.kind.rpartition('.')[2]}s".replace("annotates", "annotations")
    wanted, current = _values(asked, "values"), item.present
    there = at(current, f"metadata.{part}", {})
    for key, value in wanted.items():
        if value is not None and there.get(key, value) != value and not asked.flag("overwrite"):
            raise Invalid(f"{item.spot} already has {key}={there[key]}", remedy="add --overwrite to change it")
    return Edit("patch", {"metadata": {**changes.same(current), part: wanted}}, MERGE)


# --- taints ----------------------------------------------------------------------------------------------------------


def taint(asked: Asked, item: Item) -> Edit:
    current = item.present
    kept: list[Obj] = list(at(current, "spec.taints", []))
    for gone in _listed(asked, "removed"):
        fitting = [one for one in kept if _is_same(one, gone)]
        if not fitting:
            shown = f"{gone['key']}:{gone['effect']}".rstrip(":")
            raise Invalid(f"{item.spot} has no taint {shown}", remedy=REMEDY)
        kept = [one for one in kept if one not in fitting]
    for new in _listed(asked, "taints"):
        fitting = [one for one in kept if _is_same(one, new)]
        if any(str(one.get("value") or "") != new["value"] for one in fitting) and not asked.flag("overwrite"):
            raise Invalid(f"{item.spot} already has a taint {new['key']}", remedy="add --overwrite to change it")
        fresh = {key: value for key, value in new.items() if value}
        kept = [one for one in kept if one not in fitting] + (fitting if fitting == [fresh] else [fresh])
    return Edit("patch", {"metadata": changes.same(current), "spec": {"taints": kept or None}}, MERGE)


def _listed(asked: Asked, name: str) -> list[dict[str, Any]]:
    found = asked.arguments.get(name)
    return [dict(one) for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _is_same(taint: Obj, meant: Mapping[str, Any]) -> bool:
    """The key and, where it is given, the effect are a taint's identity."""
    return taint.get("key") == meant["key"] and meant["effect"] in ("", taint.get("effect"))


# --- pod templates ---------------------------------------------------------------------------------------------------


def template(asked: Asked, item: Item) -> Edit:
    """The whole template is replaced, so that the order of variables stays what it was."""
    current = item.present
    new = copy.deepcopy(at(current, "spec.template", {}))
    alter = {"set_image": _set_image, "set_env": _set_env, "set_resources": _set_resources}
    alter[asked.operation.kind.rpartition(".")[2]](asked, new, item)
    return Edit("patch", changes.undo(current, new), JSON_PATCH)


def _containers(new: Obj, names: Sequence[str], item: Item) -> list[Obj]:
    """The named ones, or all. Invalid for a name that is not there."""
    spec = new.get("spec") or {}
    every = [*spec.get("containers", []), *(spec.get("initContainers") or [])]
    missing = [name for name in names if name not in {str(one.get("name")) for one in every}]
    if missing:
        there = ", ".join(str(one.get("name")) for one in every)
        raise Invalid(f"{item.spot} has no container {missing[0]}", remedy=f"write one of {there}")
    return [one for one in every if one.get("name") in names] if names else list(spec.get("containers", []))


def _set_image(asked: Asked, new: Obj, item: Item) -> None:
    wanted = _values(asked, "images")
    named = _containers(new, [name for name in wanted if name != "*"], item) if set(wanted) != {"*"} else []
    for container in _containers(new, [], item) if "*" in wanted else []:
        container["image"] = wanted["*"]
    for container in named:
        container["image"] = wanted.get(str(container["name"]), container["image"])


def _set_env(asked: Asked, new: Obj, item: Item) -> None:
    wanted = _values(asked, "env")
    for container in _containers(new, asked.words("containers"), item):
        before = list(container.get("env") or [])
        known = {one.get("name") for one in before}
        kept = [
            {"name": one["name"], "value": wanted[one["name"]]} if one["name"] in wanted else one
            for one in before
            if wanted.get(one["name"], "") is not None
        ]
        kept += [
            {"name": name, "value": value} for name, value in wanted.items() if value is not None and name not in known
        ]
        container.pop("env", None)
        if kept:
            container["env"] = kept


def _set_resources(asked: Asked, new: Obj, item: Item) -> None:
    for container in _containers(new, asked.words("containers"), item):
        set_ = dict(container.get("resources") or {})
        for part in ("limits", "requests"):
            if wanted := _values(asked, part):
                set_[part] = {**(set_.get(part) or {}), **wanted}
        container["resources"] = set_


# --- any field -------------------------------------------------------------------------------------------------------


def hold(asked: Asked, item: Item) -> Edit:
    is_paused = asked.operation.kind.endswith("pause")
    patch = {"metadata": changes.same(item.present), "spec": {"paused": True if is_paused else None}}
    return Edit("patch", patch, MERGE)


def patch(asked: Asked, item: Item) -> Edit:
    wanted, current = asked.arguments.get("patch"), item.present
    if isinstance(wanted, list):
        return Edit("patch", [*changes.held(current), *wanted], JSON_PATCH)
    if not isinstance(wanted, dict):
        raise Invalid("the patch is missing", remedy="write -p or --patch-file")
    metadata = wanted.get("metadata")
    own = metadata if isinstance(metadata, dict) else {}
    form = STRATEGIC if asked.text("form") == "strategic" else MERGE
    return Edit("patch", {**wanted, "metadata": {**own, **changes.same(current)}}, form)


# --- whole objects ---------------------------------------------------------------------------------------------------


def _manifest(item: Item) -> Obj:
    """With the namespace that it goes to."""
    manifest = dict(item.manifest or {})
    place = {"namespace": item.target.namespace} if item.target.namespace else {}
    return {**manifest, "metadata": {**at(manifest, "metadata", {}), **place}}


def apply(_: Asked, item: Item) -> Edit:
    """Server-side apply without force: a field that somebody else manages is a conflict, never taken over."""
    manifest = _manifest(item)
    same = changes.same(item.current) if item.current is not None else {}
    return Edit("patch", {**manifest, "metadata": {**manifest["metadata"], **same}}, APPLY)


def create(_: Asked, item: Item) -> Edit:
    return Edit("create", _manifest(item))


def replace(_: Asked, item: Item) -> Edit:
    manifest = _manifest(item)
    return Edit("update", {**manifest, "metadata": {**manifest["metadata"], **changes.same(item.present)}})


EDITS: Mapping[str, Editor] = {
    "label": mark,
    "annotate": mark,
    "taint": taint,
    "set_image": template,
    "set_env": template,
    "set_resources": template,
    "rollout_pause": hold,
    "rollout_resume": hold,
    "patch": patch,
    "apply": apply,
    "create": create,
    "create_configmap": create,
    "create_namespace": create,
    "create_job": create,
    "autoscale": create,
    "expose": create,
    "replace": replace,
}
"""By the kind without its family: how one object is written."""

_WRITES: Mapping[Editor, str] = {create: "create", replace: "update"}
VERBS: Mapping[str, str] = {name: _WRITES.get(edit, "patch") for name, edit in EDITS.items()}
"""The permission that the write needs, beside reading what is there."""


# --- objects made from others ----------------------------------------------------------------------------------------

_MANUAL = {"cronjob.kubernetes.io/instantiate": "manual"}
"""As `kubectl create job --from` marks it (kubectl/pkg/cmd/create/create_job.go)."""


def job(cron_job: Obj, name: str) -> Obj:
    blueprint = at(cron_job, "spec.jobTemplate", {})
    metadata = at(blueprint, "metadata", {})
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": name_of(cron_job), "controller": True}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "annotations": {**(metadata.get("annotations") or {}), **_MANUAL},
            **({"labels": metadata["labels"]} if metadata.get("labels") else {}),
            "ownerReferences": [{**owner, "uid": changes.same(cron_job)["uid"]}],
        },
        "spec": blueprint.get("spec") or {},
    }


def service(source: Obj, asked: Asked) -> Obj:
    """With the workload's labels, as kubectl does it. Invalid where its selector is more than a service can hold."""
    selector = at(source, "spec.selector", {})
    labels = selector.get("matchLabels") if "matchLabels" in selector or "matchExpressions" in selector else selector
    if not labels or selector.get("matchExpressions"):
        raise Invalid(f"the selector of {name_of(source)} does not fit a service", remedy="create one from a manifest")
    ports, own = asked.arguments.get("ports"), at(source, "metadata.labels", {})
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": asked.text("service"), **({"labels": own} if own else {})},
        "spec": {"type": asked.text("type"), "selector": labels, "ports": ports},
    }

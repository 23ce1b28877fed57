"""`Accept: application/json;as=Table`: the columns that `kubectl get` prints.

Column names and cells follow k8s.io/kubernetes/pkg/printers/internalversion/printers.go. Reads objects only.
"""

from collections.abc import Callable, Mapping
from typing import Any

from bot.sim.cluster import objects, selectors
from bot.sim.cluster.kinds import Resource
from bot.sim.cluster.objects import Obj

NONE = "<none>"
# A column: name, type and priority (1 is shown with `-o wide` only).
Column = tuple[str, str, int]
Row = Callable[[Obj, float], list[Any]]

_NAME: Column = ("Name", "string", 0)
_AGE: Column = ("Age", "string", 0)


def is_wanted(accept: str) -> bool:
    """True when the first choice of this Accept header is a Table."""
    first = accept.split(",", maxsplit=1)[0].replace(" ", "")
    return "as=Table" in first and "g=meta.k8s.io" in first and "v=v1" in first.split(";")


def render(resource: Resource, items: list[Obj], now: float, query: Mapping[str, str]) -> Obj:
    """A meta.k8s.io/v1 Table of these objects. `includeObject` may be None, Metadata or Object."""
    columns, cells = _TABLES.get(resource.plural, _DEFAULT)
    definitions = [
        {
            "name": name,
            "type": kind,
            "format": "name" if name == "Name" else "",
            "description": f"{name} of the {resource.kind}.",
            "priority": priority,
        }
        for name, kind, priority in columns
    ]
    included = query.get("includeObject") or "Metadata"
    rows = []
    for obj in items:
        row: Obj = {"cells": cells(obj, now)}
        if included == "Metadata":
            shown = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
            row["object"] = shown | {"metadata": obj["metadata"]}
        elif included == "Object":
            row["object"] = {"kind": resource.kind, "apiVersion": resource.group_version} | obj
        rows.append(row)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {},
        "columnDefinitions": definitions,
        "rows": rows,
    }


def age(obj: Obj, now: float) -> str:
    return duration(now - objects.created_at(obj))


def duration(seconds: float) -> str:
    """As duration.HumanDuration: at most two units, coarser with age."""
    total = int(seconds)
    if total < 0:
        return "0s" if total >= -2 else "<invalid>"
    if total < 120:
        return f"{total}s"
    minutes, hours, days = total // 60, total // 3600, total // 86400
    if minutes < 10:
        return f"{minutes}m{total % 60}s" if total % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    return f"{days}d"


def pod_reason(pod: Obj) -> str:
    """The STATUS column of a pod."""
    status = pod["status"]
    reason = str(status.get("reason") or status.get("phase", "Unknown"))
    for one in status.get("containerStatuses") or []:
        state = one["state"]
        if found := (state.get("waiting") or state.get("terminated") or {}).get("reason"):
            reason = found
    return "Terminating" if objects.is_terminating(pod) else reason


def _pod(pod: Obj, now: float) -> list[Any]:
    found: list[Obj] = pod["status"].get("containerStatuses") or []
    ready = sum(bool(one["ready"]) for one in found)
    restarts: int = sum(one["restartCount"] for one in found)
    shown = str(restarts)
    ends = [one["lastState"]["terminated"]["finishedAt"] for one in found if one["lastState"].get("terminated")]
    if restarts and ends:
        shown += f" ({duration(now - objects.instant(max(ends)))} ago)"
    total = len(pod["spec"]["containers"])
    address = pod["status"].get("podIP", NONE)
    node = pod["spec"].get("nodeName", NONE)
    name = objects.name_of(pod)
    return [name, f"{ready}/{total}", pod_reason(pod), shown, age(pod, now), address, node, NONE, NONE]


def _containers(obj: Obj) -> tuple[str, str, str]:
    containers = obj["spec"]["template"]["spec"]["containers"]
    names = ",".join(one["name"] for one in containers)
    images = ",".join(one["image"] for one in containers)
    return names, images, selectors.as_text(obj["spec"].get("selector"))


def _deployment(obj: Obj, now: float) -> list[Any]:
    status, wanted = obj.get("status") or {}, obj["spec"]["replicas"]
    ready = f"{status.get('readyReplicas', 0)}/{wanted}"
    counts = [status.get("updatedReplicas", 0), status.get("availableReplicas", 0)]
    return [objects.name_of(obj), ready, *counts, age(obj, now), *_containers(obj)]


def _replica_set(obj: Obj, now: float) -> list[Any]:
    status = obj.get("status") or {}
    counts = [obj["spec"]["replicas"], status.get("replicas", 0), status.get("readyReplicas", 0)]
    return [objects.name_of(obj), *counts, age(obj, now), *_containers(obj)]


def _stateful_set(obj: Obj, now: float) -> list[Any]:
    ready = f"{(obj.get('status') or {}).get('readyReplicas', 0)}/{obj['spec']['replicas']}"
    names, images, _ = _containers(obj)
    return [objects.name_of(obj), ready, age(obj, now), names, images]


def _daemon_set(obj: Obj, now: float) -> list[Any]:
    status = obj.get("status") or {}
    keys = ("desiredNumberScheduled", "currentNumberScheduled", "numberReady")
    counts = [status.get(key, 0) for key in (*keys, "updatedNumberScheduled", "numberAvailable")]
    return [objects.name_of(obj), *counts, NONE, age(obj, now), *_containers(obj)]


def _job(obj: Obj, now: float) -> list[Any]:
    status, spec = obj.get("status") or {}, obj["spec"]
    done = "Complete" if objects.is_condition_true(obj, "Complete") else "Running"
    end = objects.instant(status["completionTime"]) if "completionTime" in status else now
    took = duration(end - objects.instant(status["startTime"])) if "startTime" in status else ""
    completions = f"{status.get('succeeded', 0)}/{spec['completions']}"
    return [objects.name_of(obj), done, completions, took, age(obj, now), *_containers(obj)]


def _service(obj: Obj, now: float) -> list[Any]:
    spec = obj["spec"]
    ports = ",".join(f"{one['port']}/{one.get('protocol', 'TCP')}" for one in spec.get("ports") or [])
    wanted = ",".join(f"{key}={value}" for key, value in (spec.get("selector") or {}).items())
    cells = [objects.name_of(obj), spec["type"], spec["clusterIP"], NONE, ports or NONE]
    return [*cells, age(obj, now), wanted or NONE]


def _node(obj: Obj, now: float) -> list[Any]:
    status = "Ready" if objects.is_condition_true(obj, "Ready") else "NotReady"
    if obj["spec"].get("unschedulable"):
        status += ",SchedulingDisabled"
    prefix = "node-role.kubernetes.io/"
    roles = sorted(label.removeprefix(prefix) for label in objects.labels_of(obj) if label.startswith(prefix))
    info, addresses = obj["status"]["nodeInfo"], obj["status"]["addresses"]
    internal = next((one["address"] for one in addresses if one["type"] == "InternalIP"), NONE)
    wide = [internal, NONE, info["osImage"], info["kernelVersion"], info["containerRuntimeVersion"]]
    return [objects.name_of(obj), status, ",".join(roles) or NONE, age(obj, now), info["kubeletVersion"], *wide]


def _event(obj: Obj, now: float) -> list[Any]:
    about = obj["involvedObject"]
    last = duration(now - objects.instant(obj["lastTimestamp"])) if obj.get("lastTimestamp") else "<unknown>"
    subject = f"{about['kind'].lower()}/{about['name']}"
    first = duration(now - objects.instant(obj["firstTimestamp"])) if obj.get("firstTimestamp") else last
    source = (obj.get("source") or {}).get("component", "")
    wide = ["", source, first, obj.get("count", 1), objects.name_of(obj)]
    return [last, obj.get("type", ""), obj.get("reason", ""), subject, *wide[:2], obj.get("message", ""), *wide[2:]]


def _budget(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status") or {}
    least, most = str(spec.get("minAvailable", "N/A")), str(spec.get("maxUnavailable", "N/A"))
    return [objects.name_of(obj), least, most, status.get("disruptionsAllowed", 0), age(obj, now)]


def _data(obj: Obj, now: float) -> list[Any]:
    return [objects.name_of(obj), len(obj.get("data") or {}), age(obj, now)]


def _secret(obj: Obj, now: float) -> list[Any]:
    return [objects.name_of(obj), obj.get("type", "Opaque"), len(obj.get("data") or {}), age(obj, now)]


def _namespace(obj: Obj, now: float) -> list[Any]:
    return [objects.name_of(obj), obj["status"]["phase"], age(obj, now)]


def _claim(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status") or {}
    short = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX"}
    modes = ",".join(short.get(mode, mode) for mode in status.get("accessModes") or [])
    size = (status.get("capacity") or {}).get("storage", "")
    cells = [objects.name_of(obj), status.get("phase", ""), spec.get("volumeName", ""), size, modes]
    return [*cells, spec.get("storageClassName", ""), "<unset>", age(obj, now), spec.get("volumeMode", "")]


def _autoscaler(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], obj.get("status") or {}
    target = spec.get("scaleTargetRef") or {}
    subject = f"{target.get('kind')}/{target.get('name')}"
    counts = [str(spec.get("minReplicas", 1)), str(spec.get("maxReplicas", "")), status.get("currentReplicas", 0)]
    return [objects.name_of(obj), subject, NONE, *counts, age(obj, now)]


def _endpoints(obj: Obj, now: float) -> list[Any]:
    pairs = [
        f"{address['ip']}:{port['port']}"
        for subset in obj.get("subsets") or []
        for address in subset.get("addresses") or []
        for port in subset.get("ports") or []
    ]
    shown = ",".join(pairs[:3]) + (f" + {len(pairs) - 3} more..." if len(pairs) > 3 else "")
    return [objects.name_of(obj), shown or NONE, age(obj, now)]


def _plain(obj: Obj, now: float) -> list[Any]:
    del now
    return [objects.name_of(obj), obj["metadata"]["creationTimestamp"]]


def _columns(names: str, *, wide: str = "") -> list[Column]:
    """From words like `Name Ready#`; `#` marks an integer, `_` stands for a space."""
    found: list[Column] = []
    for text, priority in ((names, 0), (wide, 1)):
        for word in text.split():
            kind = "integer" if word.endswith("#") else "string"
            found.append((word.rstrip("#").replace("_", " "), kind, priority))
    return found


_WIDE = "Containers Images Selector"
_DEFAULT: tuple[list[Column], Row] = ([_NAME, ("Created At", "date", 0)], _plain)
_TABLES: dict[str, tuple[list[Column], Row]] = {
    "pods": (_columns("Name Ready Status Restarts Age", wide="IP Node Nominated_Node Readiness_Gates"), _pod),
    "deployments": (_columns("Name Ready Up-to-date# Available# Age", wide=_WIDE), _deployment),
    "replicasets": (_columns("Name Desired# Current# Ready# Age", wide=_WIDE), _replica_set),
    "statefulsets": (_columns("Name Ready Age", wide="Containers Images"), _stateful_set),
    "daemonsets": (
        _columns("Name Desired# Current# Ready# Up-to-date# Available# Node_Selector Age", wide=_WIDE),
        _daemon_set,
    ),
    "jobs": (_columns("Name Status Completions Duration Age", wide=_WIDE), _job),
    "services": (_columns("Name Type Cluster-IP External-IP Port(s) Age", wide="Selector"), _service),
    "nodes": (
        _columns(
            "Name Status Roles Age Version",
            wide="Internal-IP External-IP OS-Image Kernel-Version Container-Runtime",
        ),
        _node,
    ),
    "poddisruptionbudgets": (
        _columns("Name Min_Available Max_Unavailable Allowed_Disruptions# Age"),
        _budget,
    ),
    "configmaps": (_columns("Name Data# Age"), _data),
    "secrets": (_columns("Name Type Data# Age"), _secret),
    "namespaces": (_columns("Name Status Age"), _namespace),
    "endpoints": (_columns("Name Endpoints Age"), _endpoints),
    "persistentvolumeclaims": (
        _columns(
            "Name Status Volume Capacity Access_Modes StorageClass VolumeAttributesClass Age",
            wide="VolumeMode",
        ),
        _claim,
    ),
    "horizontalpodautoscalers": (
        _columns("Name Reference Targets MinPods MaxPods Replicas# Age"),
        _autoscaler,
    ),
    "events": (
        [
            ("Last Seen", "string", 0),
            ("Type", "string", 0),
            ("Reason", "string", 0),
            ("Object", "string", 0),
            ("Subobject", "string", 1),
            ("Source", "string", 1),
            ("Message", "string", 0),
            ("First Seen", "string", 1),
            ("Count", "string", 1),
            ("Name", "string", 1),
        ],
        _event,
    ),
}

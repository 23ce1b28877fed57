"""Which fields objects have: finds unknown fields (`fieldValidation`) and values of the wrong type.

A schema is a letter for a scalar, a dict for an object, a one-item list for an array, None for anything.
Kinds whose inside the simulation never reads accept anything.
"""

from dataclasses import dataclass, field
from typing import Any

from bot.sim.cluster.objects import Obj

# s string, i integer, b boolean, m map of strings, q integer or string; None anything.
Schema = str | None | dict[str, Any] | list[Any]

METADATA: Schema = {
    **dict.fromkeys(("name", "generateName", "namespace", "uid", "resourceVersion", "selfLink"), "s"),
    **dict.fromkeys(("generation", "deletionGracePeriodSeconds"), "i"),
    **dict.fromkeys(("creationTimestamp", "deletionTimestamp", "ownerReferences", "managedFields")),
    "labels": "m",
    "annotations": "m",
    "finalizers": ["s"],
}
SELECTOR: Schema = {
    "matchLabels": "m",
    "matchExpressions": [{"key": "s", "operator": "s", "values": ["s"]}],
}
ENV: Schema = {"name": "s", "value": "s", "valueFrom": None}
PORT: Schema = {"name": "s", "containerPort": "i", "hostPort": "i", "hostIP": "s", "protocol": "s"}
MOUNT: Schema = {
    **dict.fromkeys(("name", "mountPath", "subPath", "subPathExpr"), "s"),
    **dict.fromkeys(("mountPropagation", "recursiveReadOnly"), "s"),
    "readOnly": "b",
}
CONTAINER: Schema = {
    **dict.fromkeys(
        (
            "name",
            "image",
            "workingDir",
            "imagePullPolicy",
            "terminationMessagePath",
            "terminationMessagePolicy",
            "restartPolicy",
        ),
        "s",
    ),
    **dict.fromkeys(
        ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "securityContext", "resizePolicy")
    ),
    **dict.fromkeys(("stdin", "stdinOnce", "tty"), "b"),
    "command": ["s"],
    "args": ["s"],
    "env": [ENV],
    "envFrom": None,
    "ports": [PORT],
    "volumeMounts": [MOUNT],
    "volumeDevices": None,
    "resources": {"limits": None, "requests": None, "claims": None},
}
POD_SPEC: Schema = {
    **dict.fromkeys(
        (
            "restartPolicy",
            "dnsPolicy",
            "serviceAccountName",
            "serviceAccount",
            "nodeName",
            "schedulerName",
            "hostname",
            "subdomain",
            "priorityClassName",
            "preemptionPolicy",
            "runtimeClassName",
        ),
        "s",
    ),
    **dict.fromkeys(("terminationGracePeriodSeconds", "activeDeadlineSeconds", "priority"), "i"),
    **dict.fromkeys(
        (
            "automountServiceAccountToken",
            "enableServiceLinks",
            "hostIPC",
            "hostNetwork",
            "hostPID",
            "hostUsers",
            "setHostnameAsFQDN",
            "shareProcessNamespace",
        ),
        "b",
    ),
    **dict.fromkeys(
        (
            "affinity",
            "dnsConfig",
            "ephemeralContainers",
            "hostAliases",
            "imagePullSecrets",
            "os",
            "overhead",
            "readinessGates",
            "resourceClaims",
            "resources",
            "schedulingGates",
            "securityContext",
            "tolerations",
            "topologySpreadConstraints",
            "volumes",
        )
    ),
    "nodeSelector": "m",
    "containers": [CONTAINER],
    "initContainers": [CONTAINER],
}
TEMPLATE: Schema = {"metadata": METADATA, "spec": POD_SPEC}
_WORKLOAD: dict[str, Any] = {
    "replicas": "i",
    "selector": SELECTOR,
    "template": TEMPLATE,
    "minReadySeconds": "i",
    "revisionHistoryLimit": "i",
}
_SPECS: dict[str, Schema] = {
    "Pod": POD_SPEC,
    "Deployment": _WORKLOAD
    | {
        "strategy": {"type": "s", "rollingUpdate": {"maxUnavailable": "q", "maxSurge": "q"}},
        "progressDeadlineSeconds": "i",
        "paused": "b",
    },
    "ReplicaSet": _WORKLOAD,
    "StatefulSet": _WORKLOAD
    | {
        "serviceName": "s",
        "podManagementPolicy": "s",
        "updateStrategy": None,
        "volumeClaimTemplates": None,
        "persistentVolumeClaimRetentionPolicy": None,
        "ordinals": None,
    },
    "DaemonSet": _WORKLOAD | {"updateStrategy": None},
    "PodDisruptionBudget": {
        "minAvailable": "q",
        "maxUnavailable": "q",
        "selector": SELECTOR,
        "unhealthyPodEvictionPolicy": "s",
    },
    "Node": {
        "unschedulable": "b",
        "taints": [{"key": "s", "value": "s", "effect": "s", "timeAdded": None}],
        "podCIDR": "s",
        "podCIDRs": ["s"],
        "providerID": "s",
        "externalID": "s",
        "configSource": None,
    },
    "Scale": {"replicas": "i"},
}
_ROOTS: dict[str, dict[str, Schema]] = {
    "ConfigMap": {"data": "m", "binaryData": "m", "immutable": "b"},
    "Secret": {"data": "m", "stringData": "m", "type": "s", "immutable": "b"},
}
_GO_TYPES = {"s": "string", "i": "int32", "b": "bool", "m": "map[string]string", "q": "intstr.IntOrString"}


@dataclass(slots=True)
class Findings:
    """`unknown` and `mistyped` are field paths; the second with the Go type that was wanted."""

    unknown: list[str] = field(default_factory=list)
    mistyped: list[tuple[str, str, str]] = field(default_factory=list)


def inspect(obj: Obj) -> Findings:
    """Look through one object of a known kind; unknown fields are taken out of it, as decoding does."""
    kind = str(obj.get("kind", ""))
    schema: dict[str, Any] = {"kind": "s", "apiVersion": "s", "metadata": METADATA}
    if kind in _SPECS:
        schema |= {"spec": _SPECS[kind], "status": None}
    elif kind in _ROOTS:
        schema |= _ROOTS[kind]
    else:
        schema |= dict.fromkeys(obj.keys() - schema.keys())
    findings = Findings()
    _walk(obj, schema, "", findings)
    return findings


def _walk(value: Any, schema: Schema, path: str, findings: Findings) -> None:
    if schema is None or value is None:
        return
    if isinstance(schema, str):
        _check_scalar(value, schema, path, findings)
    elif isinstance(schema, list):
        _walk_list(value, schema, path, findings)
    elif not isinstance(value, dict):
        findings.mistyped.append((path, _json_type(value), "object"))
    else:
        for key in list(value):
            inner = f"{path}.{key}" if path else key
            if key in schema:
                _walk(value[key], schema[key], inner, findings)
            else:
                findings.unknown.append(inner)
                del value[key]


def _walk_list(value: Any, schema: list[Any], path: str, findings: Findings) -> None:
    if not isinstance(value, list):
        findings.mistyped.append((path, _json_type(value), "slice"))
        return
    for index, item in enumerate(value):
        _walk(item, schema[0], f"{path}[{index}]", findings)


def _check_scalar(value: Any, letter: str, path: str, findings: Findings) -> None:
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    fits = {
        "s": isinstance(value, str),
        "i": is_integer,
        "b": isinstance(value, bool),
        "q": is_integer or isinstance(value, str),
        "m": isinstance(value, dict) and all(isinstance(one, str | None) for one in value.values()),
    }[letter]
    if not fits:
        findings.mistyped.append((path, _json_type(value), _GO_TYPES[letter]))


def _json_type(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, dict) else "array"

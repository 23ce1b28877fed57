"""What the server refuses with 422 although it could decode it.

The rules that operators meet: names, required parts, ranges, immutable fields. Wording follows
k8s.io/kubernetes/pkg/apis/*/validation. Knows nothing of HTTP or the store.
"""

import re

from bot.sim.cluster import objects, selectors, statuses
from bot.sim.cluster.kinds import Resource
from bot.sim.cluster.objects import Obj
from bot.sim.cluster.statuses import Cause

_SUBDOMAIN = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_VALUE = re.compile(r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$")
_NOT_NEGATIVE = "must be greater than or equal to 0"
_IMMUTABLE = "field is immutable"
_WORKLOADS = frozenset({"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"})
_MAX_NAME = 253
_MAX_LABEL = 63
_POD_UPDATE = (
    "pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` "
    "(only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
    "(allow it to be set to 1 if it was previously negative)"
)
_SET_UPDATE = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
    "'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
_SET_MUTABLE = frozenset(
    {
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
        "revisionHistoryLimit",
    }
)


def check_create(resource: Resource, obj: Obj) -> None:
    """Raises 422 with every cause found."""
    causes = [*_metadata(obj), *_spec(obj)]
    if causes:
        raise statuses.invalid(resource, str(obj["metadata"].get("name", "")), causes)


def check_update(resource: Resource, old: Obj, new: Obj) -> None:
    """Raises 422 for a change that may not be made, or a result that may not be."""
    causes: list[Cause] = []
    wanted, have = new["metadata"].get("uid"), old["metadata"]["uid"]
    if wanted != have:
        # Two validators see it, so it stands twice among the causes.
        causes += [statuses.invalid_value("metadata.uid", wanted, _IMMUTABLE)] * 2
    causes += [*_labels(new["metadata"], "metadata"), *_immutable(old, new), *_spec(new)]
    if causes:
        raise statuses.invalid(resource, objects.name_of(old), causes)


def _metadata(obj: Obj) -> list[Cause]:
    metadata: Obj = obj["metadata"]
    name = str(metadata.get("name") or "")
    if not name:
        return [statuses.required("metadata.name", "name or generateName is required")]
    if len(name) > _MAX_NAME:
        why = f"must be no more than {_MAX_NAME} characters"
        return [Cause("FieldValueInvalid", f'Invalid value: "{name}": {why}', "metadata.name")]
    if obj.get("kind") != "Event" and not _SUBDOMAIN.match(name):
        return [statuses.invalid_value("metadata.name", name, _SUBDOMAIN_RULE)]
    return _labels(metadata, "metadata")


def _labels(metadata: Obj, path: str) -> list[Cause]:
    return [
        statuses.invalid_value(
            f"{path}.labels",
            value,
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
            "and must start and end with an alphanumeric character",
        )
        for value in (metadata.get("labels") or {}).values()
        if len(str(value)) > _MAX_LABEL or not _LABEL_VALUE.match(str(value))
    ]


def _spec(obj: Obj) -> list[Cause]:
    spec: Obj = obj.get("spec") or {}
    kind = obj["kind"]
    if kind in _WORKLOADS:
        return _workload(spec)
    if kind == "Pod":
        return _pod_spec(spec, "spec")
    if kind == "Scale":
        return _not_negative(spec, "replicas")
    if kind == "PodDisruptionBudget" and {"minAvailable", "maxUnavailable"} <= spec.keys():
        why = "minAvailable and maxUnavailable cannot be both set"
        shown = Cause("FieldValueInvalid", f"Invalid value: PodDisruptionBudgetSpec: {why}", "spec")
        return [shown]
    if kind == "Job":
        return _job(spec)
    if kind == "HorizontalPodAutoscaler":
        return _autoscaler(spec)
    return []


def _job(spec: Obj) -> list[Cause]:
    template: Obj = (spec.get("template") or {}).get("spec") or {}
    policy = template.get("restartPolicy", "Always")
    causes = _pod_spec(template, "spec.template.spec")
    if policy not in ("OnFailure", "Never"):
        message = f'Unsupported value: "{policy}": supported values: "OnFailure", "Never"'
        causes.append(Cause("FieldValueNotSupported", message, "spec.template.spec.restartPolicy"))
    return causes


def _autoscaler(spec: Obj) -> list[Cause]:
    reference: Obj = spec.get("scaleTargetRef") or {}
    causes = [statuses.required(f"spec.scaleTargetRef.{name}") for name in ("kind", "name") if not reference.get(name)]
    most, least = int(spec.get("maxReplicas") or 0), int(spec.get("minReplicas") or 0)
    if most < 1:
        causes.append(statuses.invalid_value("spec.maxReplicas", most, "must be greater than 0"))
    elif most < least:
        why = "must be greater than or equal to `minReplicas`"
        causes.append(statuses.invalid_value("spec.maxReplicas", most, why))
    return causes


def _not_negative(spec: Obj, name: str) -> list[Cause]:
    value = spec.get(name)
    if isinstance(value, int) and value < 0:
        return [statuses.invalid_value(f"spec.{name}", value, _NOT_NEGATIVE)]
    return []


def _workload(spec: Obj) -> list[Cause]:
    causes = [
        cause
        for name in ("replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
        for cause in _not_negative(spec, name)
    ]
    selector = spec.get("selector")
    template: Obj = spec.get("template") or {}
    if not selector:
        causes.append(statuses.required("spec.selector"))
    elif not selectors.of_object(selector)(template):
        labels = template.get("metadata", {}).get("labels") or {}
        shown = "map[string]string{" + ", ".join(f'"{k}":"{v}"' for k, v in sorted(labels.items())) + "}"
        why = "`selector` does not match template `labels`"
        path = "spec.template.metadata.labels"
        causes.append(Cause("FieldValueInvalid", f"Invalid value: {shown}: {why}", path))
    policy = template.get("spec", {}).get("restartPolicy", "Always")
    if policy != "Always":
        path = "spec.template.spec.restartPolicy"
        message = f'Unsupported value: "{policy}": supported values: "Always"'
        causes.append(Cause("FieldValueNotSupported", message, path))
    return causes + _pod_spec(template.get("spec") or {}, "spec.template.spec")


def _pod_spec(spec: Obj, path: str) -> list[Cause]:
    containers = spec.get("containers") or []
    if not containers:
        return [statuses.required(f"{path}.containers")]
    causes: list[Cause] = []
    seen: set[str] = set()
    for index, container in enumerate(containers):
        place = f"{path}.containers[{index}]"
        if not container.get("name"):
            causes.append(statuses.required(f"{place}.name"))
        elif container["name"] in seen:
            shown = f'Duplicate value: "{container["name"]}"'
            causes.append(Cause("FieldValueDuplicate", shown, f"{place}.name"))
        seen.add(str(container.get("name")))
        if not container.get("image"):
            causes.append(statuses.required(f"{place}.image"))
    return causes


def _immutable(old: Obj, new: Obj) -> list[Cause]:
    kind, before, after = old["kind"], old.get("spec") or {}, new.get("spec") or {}
    if kind == "Pod" and _frozen_pod(before) != _frozen_pod(after):
        return [statuses.forbidden_field("spec", _POD_UPDATE)]
    if kind == "StatefulSet" and _without(before, _SET_MUTABLE) != _without(after, _SET_MUTABLE):
        return [statuses.forbidden_field("spec", _SET_UPDATE)]
    if kind in ("Deployment", "ReplicaSet", "DaemonSet") and before.get("selector") != after.get("selector"):
        shown = f"Invalid value: {_go_selector(after.get('selector'))}: {_IMMUTABLE}"
        return [Cause("FieldValueInvalid", shown, "spec.selector")]
    return []


def _go_selector(selector: Obj | None) -> str:
    labels = ", ".join(f'"{k}":"{v}"' for k, v in sorted(((selector or {}).get("matchLabels") or {}).items()))
    rest = "MatchExpressions:[]v1.LabelSelectorRequirement(nil)"
    return f"v1.LabelSelector{{MatchLabels:map[string]string{{{labels}}}, {rest}}}"


def _without(spec: Obj, names: frozenset[str]) -> Obj:
    return {key: value for key, value in spec.items() if key not in names}


def _frozen_pod(spec: Obj) -> Obj:
    mutable = frozenset({"tolerations", "activeDeadlineSeconds", "terminationGracePeriodSeconds", "nodeName"})
    frozen = _without(spec, mutable)
    for name in ("containers", "initContainers"):
        if name in frozen:
            frozen[name] = [_without(one, frozenset({"image"})) for one in frozen[name]]
    return frozen

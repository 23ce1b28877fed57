"""The values that the server fills in: what a client gets back holds more than what it sent.

Follows k8s.io/kubernetes/pkg/apis/{core,apps,policy,batch}/v1/defaults.go for the kinds the simulation lives by.
"""

from collections.abc import Callable
from typing import Any

from bot.sim.cluster import objects
from bot.sim.cluster.objects import Obj

TOKEN_MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path
_TOLERATED_SECONDS = 300


def fill(obj: Obj) -> None:
    """Add the defaults of this object's kind, in place."""
    filler = _FILLERS.get(str(obj.get("kind")))
    if filler is not None:
        filler(obj)


def admit_pod(pod: Obj) -> None:
    """What admission adds to a pod but not to a template: service account, token volume, tolerations."""
    spec: Obj = pod["spec"]
    account = spec.get("serviceAccountName") or "default"
    spec |= {"serviceAccountName": account, "serviceAccount": account}
    _mount_token(spec)
    tolerations: list[Obj] = spec.setdefault("tolerations", [])
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if not any(one.get("key") == key for one in tolerations):
            tolerations.append(
                {
                    "key": key,
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": _TOLERATED_SECONDS,
                }
            )
    spec.setdefault("priority", 0)
    spec.setdefault("enableServiceLinks", True)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    pod["status"] = {"phase": "Pending", "qosClass": _quality(spec)}


def _mount_token(spec: Obj) -> None:
    volumes: list[Obj] = spec.setdefault("volumes", [])
    if any(str(one.get("name", "")).startswith("kube-api-access-") for one in volumes):
        return
    volume = f"kube-api-access-{objects.random_suffix()}"
    token = {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}
    root = {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}
    place = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    own = {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": place}]}}
    volumes.append({"name": volume, "projected": {"sources": [token, {"configMap": root}, own], "defaultMode": 420}})
    for container in spec.get("containers", []):
        mounts: list[Obj] = container.setdefault("volumeMounts", [])
        mounts.append({"name": volume, "readOnly": True, "mountPath": TOKEN_MOUNT})


def _quality(spec: Obj) -> str:
    resources = [one.get("resources") or {} for one in spec.get("containers", [])]
    if not any(one.get("requests") or one.get("limits") for one in resources):
        return "BestEffort"
    if all(one.get("limits") and one.get("requests", one["limits"]) == one["limits"] for one in resources):
        return "Guaranteed"
    return "Burstable"


def _fill_pod_spec(spec: Obj) -> None:
    for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
        _fill_container(container)
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")


def _fill_container(container: Obj) -> None:
    container.setdefault("resources", {})
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    image = str(container.get("image") or "")
    is_floating = ":" not in image.rpartition("/")[2] or image.endswith(":latest")
    container.setdefault("imagePullPolicy", "Always" if is_floating else "IfNotPresent")
    for port in container.get("ports") or []:
        port.setdefault("protocol", "TCP")


def _fill_pod(obj: Obj) -> None:
    _fill_pod_spec(obj.setdefault("spec", {}))


def _fill_template(spec: Obj) -> None:
    template = spec.get("template")
    if isinstance(template, dict):
        metadata = template.setdefault("metadata", {})
        metadata.setdefault("creationTimestamp", None)
        _fill_pod_spec(template.setdefault("spec", {}))


def _fill_deployment(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    _fill_template(spec)
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.get("rollingUpdate") or {}
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
        strategy["rollingUpdate"] = rolling
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    obj.setdefault("status", {})


def _fill_replica_set(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    _fill_template(spec)
    obj.setdefault("status", {"replicas": 0})


def _fill_stateful_set(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    _fill_template(spec)
    spec.setdefault("podManagementPolicy", "OrderedReady")
    spec.setdefault("updateStrategy", {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}})
    spec.setdefault("revisionHistoryLimit", 10)
    keep = {"whenDeleted": "Retain", "whenScaled": "Retain"}
    spec.setdefault("persistentVolumeClaimRetentionPolicy", keep)
    obj.setdefault("status", {"replicas": 0, "availableReplicas": 0})


def _fill_daemon_set(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    _fill_template(spec)
    rolling = {"maxUnavailable": 1, "maxSurge": 0}
    spec.setdefault("updateStrategy", {"type": "RollingUpdate", "rollingUpdate": rolling})
    spec.setdefault("revisionHistoryLimit", 10)
    zeros: dict[str, Any] = dict.fromkeys(
        ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady"), 0
    )
    obj.setdefault("status", zeros)


def _fill_job(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    for key, value in (("parallelism", 1), ("completions", 1), ("backoffLimit", 6)):
        spec.setdefault(key, value)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    _fill_template(spec)
    uid = obj["metadata"].get("uid")
    if uid and "selector" not in spec:
        spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
        labels = spec["template"]["metadata"].setdefault("labels", {})
        labels |= {
            "batch.kubernetes.io/controller-uid": uid,
            "batch.kubernetes.io/job-name": obj["metadata"]["name"],
            "job-name": obj["metadata"]["name"],
        }
    obj.setdefault("status", {})


def _fill_service(obj: Obj) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    for port in spec.get("ports") or []:
        port.setdefault("protocol", "TCP")
        port.setdefault("targetPort", port.get("port"))
    if "clusterIP" not in spec:
        # 10.96.0.0/12 is the customary service range; a hash of the name keeps it stable.
        octet = sum(str(obj["metadata"].get("name")).encode()) % 250 + 2
        spec["clusterIP"] = f"10.96.{octet % 16}.{octet}"
    spec.setdefault("clusterIPs", [spec["clusterIP"]])
    spec.setdefault("internalTrafficPolicy", "Cluster")
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    obj.setdefault("status", {"loadBalancer": {}})


def _fill_budget(obj: Obj) -> None:
    zeros: dict[str, Any] = dict.fromkeys(("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"), 0)
    obj.setdefault("status", zeros)


def _fill_namespace(obj: Obj) -> None:
    labels = obj["metadata"].get("labels") or {}
    obj["metadata"]["labels"] = labels | {"kubernetes.io/metadata.name": obj["metadata"]["name"]}
    obj.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
    obj.setdefault("status", {"phase": "Active"})


def _fill_claim(obj: Obj) -> None:
    obj.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
    obj.setdefault("status", {"phase": "Pending"})


def _fill_secret(obj: Obj) -> None:
    obj.setdefault("type", "Opaque")


def _fill_autoscaler(obj: Obj) -> None:
    """80 % of the requested CPU where nothing is said (k8s.io/kubernetes/pkg/apis/autoscaling/v2/defaults.go)."""
    spec = obj.setdefault("spec", {})
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    obj.setdefault("status", {"desiredReplicas": 0, "currentMetrics": None})


_FILLERS: dict[str, Callable[[Obj], None]] = {
    "Pod": _fill_pod,
    "Deployment": _fill_deployment,
    "ReplicaSet": _fill_replica_set,
    "StatefulSet": _fill_stateful_set,
    "DaemonSet": _fill_daemon_set,
    "Job": _fill_job,
    "Service": _fill_service,
    "PodDisruptionBudget": _fill_budget,
    "Namespace": _fill_namespace,
    "PersistentVolumeClaim": _fill_claim,
    "Secret": _fill_secret,
    "HorizontalPodAutoscaler": _fill_autoscaler,
}

"""How far a rollout is, judged as `kubectl rollout status` does (k8s.io/kubectl/pkg/polymorphichelpers). Pure."""

from dataclasses import dataclass

from bot.adapters.kubernetes import changes
from bot.adapters.kubernetes.client import Obj
from bot.adapters.kubernetes.cluster import at, name_of

WAIT_SECONDS = 60.0
"""A step waits no longer than this unless the runbook says `--timeout`."""

POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Progress:
    said: str
    is_complete: bool = False
    is_failed: bool = False


def judge(workload: Obj) -> Progress:
    name = name_of(workload)
    if not changes.is_observed(workload):
        return Progress(f"Waiting for the cluster to see the new version of {name}.")
    match workload.get("kind"):
        case "DaemonSet":
            return _daemon_set(workload, name)
        case "StatefulSet":
            return _stateful_set(workload, name)
        case _:
            return _deployment(workload, name)


def _deployment(workload: Obj, name: str) -> Progress:
    wanted, status = int(at(workload, "spec.replicas", 1)), at(workload, "status", {})
    if any(condition.get("reason") == "ProgressDeadlineExceeded" for condition in status.get("conditions") or []):
        return Progress(f"{name} exceeded its progress deadline: {_ready(status, wanted)}.", is_failed=True)
    updated, available = int(status.get("updatedReplicas") or 0), int(status.get("availableReplicas") or 0)
    if updated < wanted:
        return Progress(f"{updated} of {wanted} pods of {name} have been updated.")
    if int(status.get("replicas") or 0) > updated:
        return Progress(f"{int(status['replicas']) - updated} old pods of {name} are still ending.")
    if available < updated:
        return Progress(f"{available} of {updated} updated pods of {name} are available.")
    return Progress(f'deployment "{name}" successfully rolled out', is_complete=True)


def _stateful_set(workload: Obj, name: str) -> Progress:
    wanted, status = int(at(workload, "spec.replicas", 1)), at(workload, "status", {})
    if int(status.get("readyReplicas") or 0) < wanted:
        return Progress(f"{_ready(status, wanted)} of {name}.")
    if status.get("updateRevision") != status.get("currentRevision"):
        return Progress(f"{int(status.get('updatedReplicas') or 0)} of {wanted} pods of {name} have been updated.")
    return Progress(f"statefulset rolling update complete: {wanted} pods of {name}", is_complete=True)


def _daemon_set(workload: Obj, name: str) -> Progress:
    status = at(workload, "status", {})
    wanted = int(status.get("desiredNumberScheduled") or 0)
    updated, available = int(status.get("updatedNumberScheduled") or 0), int(status.get("numberAvailable") or 0)
    if updated < wanted:
        return Progress(f"{updated} of {wanted} pods of {name} have been updated.")
    if available < wanted:
        return Progress(f"{available} of {wanted} updated pods of {name} are available.")
    return Progress(f'daemon set "{name}" successfully rolled out', is_complete=True)


def _ready(status: Obj, wanted: int) -> str:
    return f"{int(status.get('readyReplicas') or 0)} of {wanted} pods ready"

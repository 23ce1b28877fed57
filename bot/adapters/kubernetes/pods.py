"""Pods: which ones a workload has, which are ready, and which one a command goes to: by name, never by chance."""

from collections.abc import Sequence

from bot.adapters.kubernetes.client import Obj
from bot.adapters.kubernetes.cluster import Cluster, Object, Selection, at, name_of, selector_text
from bot.adapters.kubernetes.resources import PODS, Resource

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"


def is_ready(pod: Obj) -> bool:
    conditions = at(pod, "status.conditions", [])
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions) and not is_ending(pod)


def is_ending(pod: Obj) -> bool:
    return bool(at(pod, "metadata.deletionTimestamp"))


def phase(pod: Obj) -> str:
    """What kubectl would show as its status, in short."""
    if is_ending(pod):
        return "Terminating"
    for status in at(pod, "status.containerStatuses", []):
        reason = at(status, "state.waiting.reason") or at(status, "state.terminated.reason")
        if reason:
            return str(reason)
    return str(at(pod, "status.phase", "Unknown"))


def containers(pod: Obj) -> list[str]:
    return [str(container["name"]) for container in at(pod, "spec.containers", [])]


def container_of(pod: Obj, wanted: str) -> str:
    """The named container, else the pod's declared default, else its first; "" when the named one is not there."""
    names = containers(pod)
    if wanted:
        return wanted if wanted in names else ""
    declared = at(pod, "metadata.annotations", {}).get(DEFAULT_CONTAINER, "")
    return declared if declared in names else names[0] if names else ""


def in_order(found: Sequence[Obj]) -> list[Obj]:
    """Ready first, then by name: the same answer for the same cluster, every time."""
    return sorted(found, key=lambda pod: (not is_ready(pod), is_ending(pod), name_of(pod)))


async def of(cluster: Cluster, resource: Resource, namespace: str, name: str) -> list[Obj]:
    """The pods behind a name: the pod itself, or those that a workload's or service's selector matches, best first."""
    wanted = Object(resource, namespace, name)
    found = await cluster.get(wanted)
    if resource == PODS:
        return [found]
    return in_order(await cluster.list(Selection(PODS, namespace, labels=pod_selector(resource, found))))


def pod_selector(resource: Resource, found: Obj) -> str:
    if resource.plural in ("services", "replicationcontrollers"):
        return selector_text({"matchLabels": at(found, "spec.selector", {})})
    if resource.plural == "cronjobs":
        return f"batch.kubernetes.io/cronjob-name={name_of(found)}"
    return selector_text(at(found, "spec.selector", {}))

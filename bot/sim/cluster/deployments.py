"""The deployment and replicaset controllers: revisions, rolling updates, conditions.

A small rewrite of k8s.io/kubernetes/pkg/controller/{deployment,replicaset}. Knows only the store.
"""

from dataclasses import dataclass

from bot.sim.cluster import budgets, defaults, kinds, objects, pods, writing
from bot.sim.cluster.objects import REVISION, TEMPLATE_HASH, Obj
from bot.sim.cluster.recording import Events
from bot.sim.cluster.state import Store

_SOURCE = "deployment-controller"
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(slots=True)
class Deployments:
    store: Store
    events: Events

    def tick(self, now: float) -> None:
        for deployment in self.store.items(kinds.DEPLOYMENTS):
            if not objects.is_terminating(deployment):
                self._sync(deployment)
        for replica_set in self.store.items(kinds.REPLICA_SETS):
            if not objects.is_terminating(replica_set):
                self._sync_replica_set(replica_set, now)
        for deployment in self.store.items(kinds.DEPLOYMENTS):
            self._report(deployment, now)

    # -- deployments

    def sets_of(self, deployment: Obj) -> list[Obj]:
        return sorted(self.store.dependents(kinds.REPLICA_SETS, deployment), key=revision_of)

    def _sync(self, deployment: Obj) -> None:
        sets = self.sets_of(deployment)
        current = current_set(deployment, sets)
        if current is None and self._is_name_taken(deployment):
            return  # the set of a deleted namesake is still being collected; the next tick looks again
        if not deployment["spec"].get("paused"):
            current = self._ensure_current(deployment, current, sets)
        elif current is None:
            return
        old = [one for one in self.sets_of(deployment) if objects.uid_of(one) != objects.uid_of(current)]
        if deployment["spec"]["strategy"]["type"] == "Recreate":
            self._recreate(deployment, current, old)
        else:
            self._roll(deployment, current, old)
        self._trim_history(deployment, old)

    def _is_name_taken(self, deployment: Obj) -> bool:
        name = f"{objects.name_of(deployment)}-{objects.template_hash(deployment['spec']['template'])}"
        return self.store.find(kinds.REPLICA_SETS, objects.namespace_of(deployment), name) is not None

    def _ensure_current(self, deployment: Obj, current: Obj | None, sets: list[Obj]) -> Obj:
        """The replicaset of the present template, with the highest revision."""
        highest = max((revision_of(one) for one in sets), default=0)
        if current is None:
            current = self._create_set(deployment, highest + 1)
        elif revision_of(current) < highest:
            current = self._annotate(kinds.REPLICA_SETS, current, highest + 1)
        self._annotate(kinds.DEPLOYMENTS, deployment, revision_of(current))
        return current

    def _annotate(self, resource: kinds.Resource, obj: Obj, revision: int) -> Obj:
        """The revision is written with the status, so it makes no new generation."""
        if revision_of(obj) == revision:
            return obj
        new: Obj = objects.clone(obj)
        new["metadata"].setdefault("annotations", {})[REVISION] = str(revision)
        return self.store.update(resource, new)

    def _create_set(self, deployment: Obj, revision: int) -> Obj:
        template: Obj = objects.clone(deployment["spec"]["template"])
        digest = objects.template_hash(template)
        template["metadata"].setdefault("labels", {})[TEMPLATE_HASH] = digest
        selector: Obj = objects.clone(deployment["spec"]["selector"])
        selector.setdefault("matchLabels", {})[TEMPLATE_HASH] = digest
        inherited = {
            key: value
            for key, value in objects.annotations_of(deployment).items()
            if key not in (REVISION, _LAST_APPLIED)
        }
        replica_set: Obj = {
            "kind": "ReplicaSet",
            "apiVersion": "apps/v1",
            "metadata": {
                "name": f"{objects.name_of(deployment)}-{digest}",
                "namespace": objects.namespace_of(deployment),
                "labels": dict(template["metadata"]["labels"]),
                "annotations": inherited | {REVISION: str(revision)},
                "ownerReferences": [objects.owner_reference(deployment)],
            },
            "spec": {"replicas": 0, "selector": selector, "template": template},
        }
        defaults.fill(replica_set)
        return self.store.create(kinds.REPLICA_SETS, replica_set)

    def _roll(self, deployment: Obj, current: Obj, old: list[Obj]) -> None:
        spec = deployment["spec"]
        wanted: int = spec["replicas"]
        rolling = spec["strategy"].get("rollingUpdate") or {}
        surge = budgets.amount(rolling.get("maxSurge", "25%"), wanted, round_up=True)
        unavailable = budgets.amount(rolling.get("maxUnavailable", "25%"), wanted, round_up=False)
        if surge == 0 and unavailable == 0:
            unavailable = 1
        total = _replicas(current) + sum(_replicas(one) for one in old)
        size = _replicas(current)
        if size > wanted:
            current = self._scale(deployment, current, wanted)
        elif size < wanted and total < wanted + surge:
            current = self._scale(deployment, current, min(wanted, size + wanted + surge - total))
        self._shrink_old(deployment, current, old, lowest=wanted - unavailable)

    def _shrink_old(self, deployment: Obj, current: Obj, old: list[Obj], *, lowest: int) -> None:
        """Scale old sets down: first replicas that are not available, then as far as `lowest` allows."""
        everything = _replicas(current) + sum(_replicas(one) for one in old)
        missing = _replicas(current) - _available(current)
        spare = everything - lowest - missing
        for one in old:
            unhealthy = min(_replicas(one) - _available(one), spare)
            if unhealthy > 0:
                self._scale(deployment, one, _replicas(one) - unhealthy)
                spare -= unhealthy
        old = [self.store.get(kinds.REPLICA_SETS, objects.namespace_of(one), objects.name_of(one)) for one in old]
        spare = min(spare, _available(current) + sum(_available(one) for one in old) - lowest)
        for one in old:
            fewer = min(_replicas(one), spare)
            if fewer > 0:
                self._scale(deployment, one, _replicas(one) - fewer)
                spare -= fewer

    def _recreate(self, deployment: Obj, current: Obj, old: list[Obj]) -> None:
        for one in old:
            self._scale(deployment, one, 0)
        if not any(pods.owned(self.store, one) for one in old):
            self._scale(deployment, current, deployment["spec"]["replicas"])

    def _scale(self, deployment: Obj, replica_set: Obj, replicas: int) -> Obj:
        before = _replicas(replica_set)
        if before == replicas:
            return replica_set
        way = "up" if replicas > before else "down"
        name = objects.name_of(replica_set)
        text = f"Scaled {way} replica set {name} from {before} to {replicas}"
        self.events.record(deployment, "ScalingReplicaSet", text, source=_SOURCE)
        return writing.change(
            self.store, kinds.REPLICA_SETS, replica_set, lambda new: new["spec"].update(replicas=replicas)
        )

    def _trim_history(self, deployment: Obj, old: list[Obj]) -> None:
        empty = [one for one in old if _replicas(one) == 0 and not pods.owned(self.store, one)]
        limit: int = deployment["spec"].get("revisionHistoryLimit", 10)
        for one in empty[: max(0, len(empty) - limit)]:
            self.store.remove(kinds.REPLICA_SETS, one)

    # -- replicasets

    def _sync_replica_set(self, replica_set: Obj, now: float) -> None:
        spec = replica_set["spec"]
        present = pods.active(self.store, replica_set)
        missing = spec["replicas"] - len(present)
        for _ in range(missing):
            prefix = {"generateName": f"{objects.name_of(replica_set)}-"}
            pods.spawn(self.store, self.events, replica_set, spec["template"], metadata=prefix)
        for pod in sorted(present, key=pods.least_wanted)[: max(0, -missing)]:
            pods.dismiss(self.store, self.events, replica_set, pod)
        present = pods.active(self.store, replica_set)
        status: Obj = {
            "replicas": len(present),
            "fullyLabeledReplicas": len(present),
            "readyReplicas": sum(map(objects.is_ready, present)),
            "availableReplicas": pods.available(present, spec, now),
            "observedGeneration": replica_set["metadata"]["generation"],
        }
        optional = ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")
        kept = {key: value for key, value in status.items() if value or key not in optional}
        self.store.update(kinds.REPLICA_SETS, objects.with_status(replica_set, kept))

    # -- status

    def _report(self, deployment: Obj, now: float) -> None:
        sets = self.sets_of(deployment)
        current = current_set(deployment, sets)
        wanted: int = deployment["spec"]["replicas"]
        total = sum(one["status"].get("replicas", 0) for one in sets)
        ready_now = sum(one["status"].get("readyReplicas", 0) for one in sets)
        available = sum(map(_available, sets))
        counts: Obj = {
            "replicas": total,
            "updatedReplicas": current["status"].get("replicas", 0) if current else 0,
            "readyReplicas": ready_now,
            "availableReplicas": available,
            "unavailableReplicas": max(0, max(total, wanted) - available),
        }
        status: Obj = {"observedGeneration": deployment["metadata"]["generation"]}
        status |= {key: value for key, value in counts.items() if value}
        old: Obj = deployment.get("status") or {}
        progressed = any(status.get(key) != old.get(key) for key in (*counts, "observedGeneration"))
        status["conditions"] = [
            self._progressing(deployment, current, status, now=now, progressed=progressed),
            self._available_condition(deployment, available, now),
        ]
        self.store.update(kinds.DEPLOYMENTS, objects.with_status(deployment, status))

    def _available_condition(self, deployment: Obj, available: int, now: float) -> Obj:
        wanted: int = deployment["spec"]["replicas"]
        rolling = deployment["spec"]["strategy"].get("rollingUpdate") or {}
        spare = budgets.amount(rolling.get("maxUnavailable", 0), wanted, round_up=False)
        if available >= wanted - spare:
            reason, message = "MinimumReplicasAvailable", "Deployment has minimum availability."
            return _keep(deployment, "Available", ("True", reason, message), now)
        message = "Deployment does not have minimum availability."
        return _keep(deployment, "Available", ("False", "MinimumReplicasUnavailable", message), now)

    def _progressing(self, deployment: Obj, current: Obj | None, status: Obj, *, now: float, progressed: bool) -> Obj:
        old = objects.condition(deployment, "Progressing")
        name = objects.name_of(current) if current else objects.name_of(deployment)
        wanted = deployment["spec"]["replicas"]
        if deployment["spec"].get("paused"):
            return _keep(deployment, "Progressing", ("Unknown", "DeploymentPaused", "Deployment is paused"), now)
        counts = [status.get(key, 0) for key in ("updatedReplicas", "replicas", "availableReplicas")]
        if counts == [wanted, wanted, wanted]:
            message = f'ReplicaSet "{name}" has successfully progressed.'
            return _keep(deployment, "Progressing", ("True", "NewReplicaSetAvailable", message), now)
        deadline = deployment["spec"].get("progressDeadlineSeconds", 600)
        has_expired = old is not None and old["reason"] == "ProgressDeadlineExceeded"
        if old is not None and old["reason"] == "ReplicaSetUpdated":
            has_expired = now - objects.instant(old["lastUpdateTime"]) > deadline
        if has_expired and not progressed:
            message = f'ReplicaSet "{name}" has timed out progressing.'
            return _keep(deployment, "Progressing", ("False", "ProgressDeadlineExceeded", message), now)
        message = f'ReplicaSet "{name}" is progressing.'
        fresh = _keep(deployment, "Progressing", ("True", "ReplicaSetUpdated", message), now)
        return fresh | ({"lastUpdateTime": objects.timestamp(now)} if progressed else {})


def revision_of(obj: Obj) -> int:
    return int(objects.annotations_of(obj).get(REVISION, 0))


def current_set(deployment: Obj, sets: list[Obj]) -> Obj | None:
    """The replicaset whose template is the deployment's, but for the hash (FindNewReplicaSet)."""
    template = objects.without_hash(deployment["spec"]["template"])
    return next((one for one in sets if objects.without_hash(one["spec"]["template"]) == template), None)


def _replicas(replica_set: Obj) -> int:
    return int(replica_set["spec"]["replicas"])


def _available(replica_set: Obj) -> int:
    return int(replica_set["status"].get("availableReplicas", 0))


def _keep(obj: Obj, kind: str, wanted: tuple[str, str, str], now: float) -> Obj:
    """The condition with these (status, reason, message), and old times where nothing changed."""
    status, reason, message = wanted
    stamp = objects.timestamp(now)
    old = objects.condition(obj, kind)
    fresh = {
        "type": kind,
        "status": status,
        "lastUpdateTime": stamp,
        "lastTransitionTime": stamp,
        "reason": reason,
        "message": message,
    }
    if old is None:
        return fresh
    if (old["status"], old["reason"], old["message"]) == wanted:
        return old
    return fresh | ({"lastTransitionTime": old["lastTransitionTime"]} if old["status"] == status else {})

"""The other controllers: statefulsets, daemonsets, jobs, endpoints, budgets, nodes, namespaces, garbage.

Each does just enough of what kube-controller-manager does for operators to see the same. Knows only the store.
"""

from dataclasses import dataclass

from bot.sim.cluster import budgets, deleting, kinds, objects, pods, selectors
from bot.sim.cluster.objects import Obj
from bot.sim.cluster.recording import Events
from bot.sim.cluster.state import Store

REVISION_HASH = "controller-revision-hash"
_CORDON = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
_PRESSURE = {"key": "node.kubernetes.io/disk-pressure", "effect": "NoSchedule"}


@dataclass(slots=True)
class Controllers:
    store: Store
    events: Events

    def tick(self, now: float) -> None:
        for stateful_set in self.store.items(kinds.STATEFUL_SETS):
            self._sync_stateful_set(stateful_set, now)
        for daemon_set in self.store.items(kinds.DAEMON_SETS):
            self._sync_daemon_set(daemon_set)
        for job in self.store.items(kinds.JOBS):
            self._sync_job(job, now)
        for node in self.store.items(kinds.NODES):
            self._taint(node)
        for service in self.store.items(kinds.SERVICES):
            self._sync_endpoints(service)
        for budget in self.store.items(kinds.BUDGETS):
            self._report_budget(budget, now)
        self._collect_garbage()
        for namespace in self.store.items(kinds.NAMESPACES):
            if objects.is_terminating(namespace):
                self._empty_namespace(namespace)

    # -- statefulsets

    def _sync_stateful_set(self, owner: Obj, now: float) -> None:
        if objects.is_terminating(owner):
            return
        spec, name = owner["spec"], objects.name_of(owner)
        digest = f"{name}-{objects.template_hash(spec['template'])}"
        self._ensure_revision(owner, digest)
        present = {objects.name_of(pod): pod for pod in pods.owned(self.store, owner)}
        wanted = [f"{name}-{ordinal}" for ordinal in range(spec["replicas"])]
        if not self._fill_first_gap(owner, wanted, present, digest):
            self._retire_one(owner, wanted, present, digest)
        found = pods.active(self.store, owner)
        updated = sum(objects.labels_of(pod).get(REVISION_HASH) == digest for pod in found)
        ready_now = sum(map(objects.is_ready, found))
        is_settled = updated == len(found) == ready_now
        old: Obj = owner.get("status") or {}
        status = {
            "observedGeneration": owner["metadata"]["generation"],
            "replicas": len(found),
            "readyReplicas": ready_now,
            "currentReplicas": len(found) if is_settled else len(found) - updated,
            "updatedReplicas": updated,
            "currentRevision": digest if is_settled else old.get("currentRevision", digest),
            "updateRevision": digest,
            "collisionCount": 0,
            "availableReplicas": pods.available(found, spec, now),
        }
        self.store.update(kinds.STATEFUL_SETS, objects.with_status(owner, status))

    def _fill_first_gap(self, owner: Obj, wanted: list[str], present: dict[str, Obj], digest: str) -> bool:
        """Create the lowest missing ordinal; wait for one that is not ready. True when there is nothing more to do."""
        for name in wanted:
            pod = present.get(name)
            if pod is None:
                self._ensure_claims(owner, name)
                ordinal = name.rpartition("-")[2]
                labels = {
                    "statefulset.kubernetes.io/pod-name": name,
                    "apps.kubernetes.io/pod-index": ordinal,
                    REVISION_HASH: digest,
                }
                metadata = {"name": name, "labels": labels}
                pods.spawn(self.store, self.events, owner, owner["spec"]["template"], metadata=metadata)
                return True
            is_stale = objects.labels_of(pod).get(REVISION_HASH) != digest
            if objects.is_terminating(pod) or (not objects.is_ready(pod) and not is_stale):
                return True
        return False

    def _retire_one(self, owner: Obj, wanted: list[str], present: dict[str, Obj], digest: str) -> None:
        """Delete the highest ordinal that is surplus, else the highest of an older revision."""
        surplus = sorted((name for name in present if name not in wanted), reverse=True)
        stale = [name for name in reversed(wanted) if objects.labels_of(present[name]).get(REVISION_HASH) != digest]
        for name in (surplus or stale)[:1]:
            if not objects.is_terminating(present[name]):
                pods.dismiss(self.store, self.events, owner, present[name])

    def _ensure_claims(self, owner: Obj, pod_name: str) -> None:
        namespace = objects.namespace_of(owner)
        for template in owner["spec"].get("volumeClaimTemplates") or []:
            name = f"{template['metadata']['name']}-{pod_name}"
            if self.store.find(kinds.CLAIMS, namespace, name) is not None:
                continue
            spec: Obj = objects.clone(template["spec"])
            claim = {
                "kind": "PersistentVolumeClaim",
                "apiVersion": "v1",
                "metadata": {"name": name, "namespace": namespace},
                "spec": spec | {"volumeName": f"pv-{name}", "volumeMode": "Filesystem"},
                "status": {
                    "phase": "Bound",
                    "accessModes": spec.get("accessModes", ["ReadWriteOnce"]),
                    "capacity": (spec.get("resources") or {}).get("requests", {}),
                },
            }
            self.store.create(kinds.CLAIMS, claim)

    def _ensure_revision(self, owner: Obj, name: str) -> None:
        """A ControllerRevision per template: what `kubectl rollout history` and `undo` read."""
        namespace = objects.namespace_of(owner)
        mine = self.store.dependents(kinds.CONTROLLER_REVISIONS, owner)
        highest = max((one["revision"] for one in mine), default=0)
        known = self.store.find(kinds.CONTROLLER_REVISIONS, namespace, name)
        if known is None:
            template: Obj = objects.clone(owner["spec"]["template"])
            revision = {
                "kind": "ControllerRevision",
                "apiVersion": "apps/v1",
                "metadata": {
                    "name": name,
                    "namespace": namespace,
                    "labels": dict((template.get("metadata") or {}).get("labels") or {}),
                    "ownerReferences": [objects.owner_reference(owner)],
                },
                "data": {"spec": {"template": template | {"$patch": "replace"}}},
                "revision": highest + 1,
            }
            self.store.create(kinds.CONTROLLER_REVISIONS, revision)
        elif known["revision"] < highest:
            again: Obj = objects.clone(known)
            again["revision"] = highest + 1
            self.store.update(kinds.CONTROLLER_REVISIONS, again)

    # -- daemonsets and jobs

    def _sync_daemon_set(self, owner: Obj) -> None:
        if objects.is_terminating(owner):
            return
        digest = objects.template_hash(owner["spec"]["template"])
        self._ensure_revision(owner, f"{objects.name_of(owner)}-{digest}")
        nodes = [objects.name_of(node) for node in self.store.items(kinds.NODES)]
        present = pods.active(self.store, owner)
        stale = [pod for pod in present if objects.labels_of(pod).get(REVISION_HASH) != digest]
        if stale and all(map(objects.is_ready, present)) and len(present) == len(nodes):
            pods.dismiss(self.store, self.events, owner, stale[0])
        taken = {pod["spec"].get("nodeName") for pod in pods.owned(self.store, owner)}
        for node in nodes:
            if node not in taken:
                template: Obj = objects.clone(owner["spec"]["template"])
                template["spec"] |= {"nodeName": node, "tolerations": [{"operator": "Exists"}]}
                metadata: Obj = {
                    "generateName": f"{objects.name_of(owner)}-",
                    "labels": {REVISION_HASH: digest},
                }
                pods.spawn(self.store, self.events, owner, template, metadata=metadata)
        found = pods.active(self.store, owner)
        ready_now = sum(map(objects.is_ready, found))
        status = {
            "currentNumberScheduled": len(found),
            "numberMisscheduled": 0,
            "desiredNumberScheduled": len(nodes),
            "numberReady": ready_now,
            "observedGeneration": owner["metadata"]["generation"],
            "updatedNumberScheduled": sum(objects.labels_of(p).get(REVISION_HASH) == digest for p in found),
            "numberAvailable": ready_now,
        }
        self.store.update(kinds.DAEMON_SETS, objects.with_status(owner, status))

    def _sync_job(self, job: Obj, now: float) -> None:
        if objects.is_terminating(job) or objects.is_condition_true(job, "Complete"):
            return
        spec, all_pods = job["spec"], pods.owned(self.store, job)
        done = sum(pod["status"].get("phase") == "Succeeded" for pod in all_pods)
        running = [pod for pod in all_pods if objects.is_active(pod)]
        wanted = min(spec["parallelism"], spec["completions"] - done)
        for _ in range(wanted - len(running)):
            metadata: Obj = {"generateName": f"{objects.name_of(job)}-"}
            running.append(pods.spawn(self.store, self.events, job, spec["template"], metadata=metadata))
        status: Obj = objects.clone(job.get("status") or {})
        stamp = objects.timestamp(now)
        status.setdefault("startTime", stamp)
        counts = {"active": len(running), "succeeded": done}
        status |= counts | {"ready": sum(map(objects.is_ready, running))}
        if done >= spec["completions"]:
            status["completionTime"] = stamp
            complete = {"type": "Complete", "status": "True", "lastTransitionTime": stamp}
            status["conditions"] = [complete | {"lastProbeTime": stamp, "reason": "CompletionsReached"}]
        self.store.update(kinds.JOBS, objects.with_status(job, status))

    # -- nodes, services, budgets

    def _taint(self, node: Obj) -> None:
        """Cordon and disk pressure show as taints, as the node controllers set them."""
        ours = (_CORDON["key"], _PRESSURE["key"])
        taints = [one for one in node["spec"].get("taints") or [] if one["key"] not in ours]
        if node["spec"].get("unschedulable"):
            taints.append(dict(_CORDON))
        if objects.is_condition_true(node, "DiskPressure"):
            taints.append(dict(_PRESSURE))
        if taints == (node["spec"].get("taints") or []):
            return
        new: Obj = objects.clone(node)
        new["spec"].pop("taints", None)
        if taints:
            new["spec"]["taints"] = taints
        self.store.update(kinds.NODES, new)

    def _sync_endpoints(self, service: Obj) -> None:
        wanted = service["spec"].get("selector")
        if not wanted:
            return
        namespace, name = objects.namespace_of(service), objects.name_of(service)
        matches = selectors.of_object({"matchLabels": wanted})
        found = [
            pod
            for pod in self.store.items(kinds.PODS, namespace)
            if matches(pod) and objects.is_active(pod) and pod["status"].get("podIP")
        ]
        ports = [
            {"name": one.get("name", ""), "port": one.get("targetPort"), "protocol": one["protocol"]}
            for one in service["spec"].get("ports") or []
        ]
        subset: Obj = {"ports": ports}
        for key, is_up in (("addresses", True), ("notReadyAddresses", False)):
            if chosen := [pod for pod in found if objects.is_ready(pod) is is_up]:
                subset[key] = [_address(pod) for pod in chosen]
        endpoints: Obj = {
            "kind": "Endpoints",
            "apiVersion": "v1",
            "metadata": {"name": name, "namespace": namespace},
            "subsets": [subset] if found else [],
        }
        old = self.store.find(kinds.ENDPOINTS, namespace, name)
        if old is None:
            self.store.create(kinds.ENDPOINTS, endpoints)
        elif old["subsets"] != endpoints["subsets"]:
            self.store.update(kinds.ENDPOINTS, objects.clone(old) | {"subsets": endpoints["subsets"]})

    def _report_budget(self, budget: Obj, now: float) -> None:
        room = budgets.of(self.store, budget)
        generation = budget["metadata"]["generation"]
        kind, status = "DisruptionAllowed", "True" if room.allowed else "False"
        old = objects.condition(budget, kind)
        since = old["lastTransitionTime"] if old and old["status"] == status else objects.timestamp(now)
        condition = {
            "type": kind,
            "status": status,
            "observedGeneration": generation,
            "lastTransitionTime": since,
            "reason": "SufficientPods" if room.allowed else "InsufficientPods",
            "message": "",
        }
        counts = {
            "observedGeneration": generation,
            "disruptionsAllowed": room.allowed,
            "currentHealthy": room.healthy,
            "desiredHealthy": room.desired,
            "expectedPods": room.expected,
            "conditions": [condition],
        }
        self.store.update(kinds.BUDGETS, objects.with_status(budget, counts))

    # -- the end of things

    def _collect_garbage(self) -> None:
        """Dependents of owners that are gone go too; foreground deletions end when no dependent is left."""
        present = {objects.uid_of(obj) for resource in kinds.STORED for obj in self.store.items(resource)}
        for resource in kinds.NAMESPACED:
            for obj in self.store.items(resource):
                reference = objects.controller_of(obj)
                if reference and reference["uid"] not in present and not objects.is_terminating(obj):
                    deleting.delete(self.store, resource, obj, deleting.DeleteOptions())
        for resource in kinds.NAMESPACED:
            for obj in self.store.items(resource):
                if deleting.FOREGROUND in (obj["metadata"].get("finalizers") or []):
                    self._finish_foreground(resource, obj)

    def _finish_foreground(self, resource: kinds.Resource, owner: Obj) -> None:
        options = deleting.DeleteOptions(propagation="Foreground")
        has_dependents = False
        for kind in kinds.NAMESPACED:
            for obj in self.store.dependents(kind, owner):
                has_dependents = True
                if not objects.is_terminating(obj):
                    deleting.delete(self.store, kind, obj, options)
        if not has_dependents:
            self.store.remove(resource, owner)

    def _empty_namespace(self, namespace: Obj) -> None:
        name = objects.name_of(namespace)
        is_empty = True
        for resource in kinds.NAMESPACED:
            for obj in self.store.items(resource, name):
                is_empty = False
                if not objects.is_terminating(obj):
                    deleting.delete(self.store, resource, obj, deleting.DeleteOptions())
        if is_empty:
            self.store.remove(kinds.NAMESPACES, namespace)


def _address(pod: Obj) -> Obj:
    target = {"kind": "Pod", "namespace": objects.namespace_of(pod)}
    return {
        "ip": pod["status"]["podIP"],
        "nodeName": pod["spec"].get("nodeName", ""),
        "targetRef": target | {"name": objects.name_of(pod), "uid": objects.uid_of(pod)},
    }

"""The scheduler and the kubelets: they place pods on nodes, start, ready, restart and finish them.

Time is an argument of every step. Knows nothing of the controllers that made the pods.
"""

from dataclasses import dataclass, field
from typing import Literal

from bot.sim.cluster import images, kinds, objects
from bot.sim.cluster.images import Images
from bot.sim.cluster.objects import Obj
from bot.sim.cluster.recording import Events, Logs
from bot.sim.cluster.state import Store

# Real back-off starts at 10 s and doubles to 5 min; here it is shortened so that a story can show several restarts.
FIRST_BACKOFF_SECONDS = 2.0
LONGEST_BACKOFF_SECONDS = 30.0
# How long a crashing container lives before it exits.
CRASH_AFTER_SECONDS = 0.4

Stage = Literal["creating", "running", "backoff", "pull-failed", "done"]


@dataclass(slots=True)
class Run:
    """What a kubelet remembers of one pod. Times are exact seconds, where the API shows whole ones."""

    stage: Stage
    since: float
    restarts: int = 0
    started: float = 0.0
    last_exit: float = 0.0
    dying_since: float | None = None


@dataclass(slots=True)
class Kubelet:
    """`hung` holds the UIDs of pods that never become ready, whatever their image."""

    store: Store
    images: Images
    events: Events
    logs: Logs
    ready_after_seconds: float
    hung: set[str] = field(default_factory=set)
    _runs: dict[str, Run] = field(default_factory=dict)
    _next_address: int = 10

    def tick(self, now: float) -> None:
        pods = self.store.items(kinds.PODS)
        for pod in pods:
            if not pod["spec"].get("nodeName") and not objects.is_terminating(pod):
                self._schedule(pod)
        for pod in self.store.items(kinds.PODS):
            if pod["spec"].get("nodeName"):
                self._advance(pod, now)
        self._forget_gone()

    def restarts_of(self, uid: str) -> int:
        run = self._runs.get(uid)
        return run.restarts if run else 0

    def _forget_gone(self) -> None:
        present = {objects.uid_of(pod) for pod in self.store.items(kinds.PODS)}
        for uid in self._runs.keys() - present:
            del self._runs[uid]
            self.hung.discard(uid)
            self.logs.forget(uid)

    # -- scheduling

    def _schedule(self, pod: Obj) -> None:
        node = self._choose_node(pod)
        bound: Obj = objects.clone(pod)
        now = objects.timestamp(self.store.clock())
        if node is None:
            if objects.condition(pod, "PodScheduled") is not None:
                return
            message = self._why_unschedulable()
            bound["status"]["conditions"] = [
                _condition("PodScheduled", now, holds=False) | {"reason": "Unschedulable", "message": message}
            ]
            self.store.update(kinds.PODS, bound)
            self.events.record(pod, "FailedScheduling", message, source="default-scheduler", warning=True)
            return
        bound["spec"]["nodeName"] = node
        bound["status"]["conditions"] = [_condition("PodScheduled", now, holds=True)]
        self.store.update(kinds.PODS, bound)
        place = f"{objects.namespace_of(pod)}/{objects.name_of(pod)}"
        text = f"Successfully assigned {place} to {node}"
        self.events.record(pod, "Scheduled", text, source="default-scheduler")

    def _choose_node(self, pod: Obj) -> str | None:
        """The fitting node with the fewest pods; ties go to the first name."""
        counts = {objects.name_of(node): 0 for node in self.store.items(kinds.NODES) if _accepts(node, pod)}
        for other in self.store.items(kinds.PODS):
            if other["spec"].get("nodeName") in counts:
                counts[other["spec"]["nodeName"]] += 1
        return min(counts, key=lambda name: (counts[name], name), default=None)

    def _why_unschedulable(self) -> str:
        nodes = self.store.items(kinds.NODES)
        cordoned = sum(bool(node["spec"].get("unschedulable")) for node in nodes)
        reasons = [f"{cordoned} node(s) were unschedulable"] if cordoned else []
        tainted = len(nodes) - cordoned
        reasons += [f"{tainted} node(s) had untolerated taint(s)"] if tainted else []
        return f"0/{len(nodes)} nodes are available: {', '.join(reasons)}."

    # -- one pod

    def _advance(self, pod: Obj, now: float) -> None:
        uid = objects.uid_of(pod)
        run = self._runs.get(uid)
        if run is None:
            run = self._runs[uid] = Run("creating", now)
        if objects.is_terminating(pod):
            self._terminate(pod, run, now)
            return
        before = (run.stage, run.restarts)
        self._step(pod, run, now)
        is_ready = self._is_ready(pod, run, now)
        if before != (run.stage, run.restarts) or is_ready != objects.is_ready(pod) or run.since == now:
            self._report(pod, run, is_ready=is_ready)

    def _terminate(self, pod: Obj, run: Run, now: float) -> None:
        if run.dying_since is None:
            run.dying_since = now
            for container in pod["spec"]["containers"]:
                text = f"Stopping container {container['name']}"
                self.events.record(pod, "Killing", text, source="kubelet")
        grace = pod["metadata"].get("deletionGracePeriodSeconds", 0)
        if now - run.dying_since >= min(grace, self.ready_after_seconds):
            self.store.remove(kinds.PODS, pod)

    def _step(self, pod: Obj, run: Run, now: float) -> None:
        behaviours = {self.images.behaviour(one["image"]) for one in pod["spec"]["containers"]}
        match run.stage:
            case "creating" | "pull-failed" if "missing" in behaviours:
                if run.stage == "creating":
                    run.stage, run.since = "pull-failed", now
                    self._tell_pull_failure(pod)
            case "creating" | "pull-failed":
                self._start(pod, run, now)
            case "running" if "crashes" in behaviours:
                if now - run.started >= CRASH_AFTER_SECONDS:
                    self._crash(pod, run, now)
            case "running" if pod["spec"].get("restartPolicy") != "Always":
                if now - run.started >= self.ready_after_seconds:
                    run.stage, run.since, run.last_exit = "done", now, now
            case "backoff" if now - run.since >= self._backoff(run):
                for container in pod["spec"]["containers"]:
                    self.logs.restart(objects.uid_of(pod), container["name"])
                run.restarts += 1
                self._start(pod, run, now)
            case _:
                pass

    def _backoff(self, run: Run) -> float:
        return min(FIRST_BACKOFF_SECONDS * 2.0**run.restarts, LONGEST_BACKOFF_SECONDS)

    def _start(self, pod: Obj, run: Run, now: float) -> None:
        run.stage, run.since, run.started = "running", now, now
        uid = objects.uid_of(pod)
        for container in pod["spec"]["containers"]:
            name, image = container["name"], container["image"]
            text = f'Container image "{image}" already present on machine'
            self.events.record(pod, "Pulled", text, source="kubelet")
            self.events.record(pod, "Created", f"Created container: {name}", source="kubelet")
            self.events.record(pod, "Started", f"Started container {name}", source="kubelet")
            if self.images.behaviour(image) == "crashes":
                for line in images.crash_lines(image):
                    self.logs.write(uid, name, line)
            else:
                program = images.program_of(image)
                self.logs.write(uid, name, f'level=info msg="starting {program}" pod={objects.name_of(pod)}')
                self.logs.write(uid, name, 'level=info msg="listening on :8080"')

    def _crash(self, pod: Obj, run: Run, now: float) -> None:
        run.stage, run.since, run.last_exit = "backoff", now, now
        name, uid = objects.name_of(pod), objects.uid_of(pod)
        where = f"{name}_{objects.namespace_of(pod)}({uid})"
        for container in pod["spec"]["containers"]:
            if self.images.behaviour(container["image"]) == "crashes":
                text = f"Back-off restarting failed container {container['name']} in pod {where}"
                self.events.record(pod, "BackOff", text, source="kubelet", warning=True)

    def _tell_pull_failure(self, pod: Obj) -> None:
        for container in pod["spec"]["containers"]:
            image = container["image"]
            if self.images.behaviour(image) == "missing":
                why = f'Failed to pull image "{image}": manifest for {image} not found: manifest unknown'
                self.events.record(pod, "Pulling", f'Pulling image "{image}"', source="kubelet")
                self.events.record(pod, "Failed", why, source="kubelet", warning=True)
                text = f'Back-off pulling image "{image}"'
                self.events.record(pod, "BackOff", text, source="kubelet", warning=True)

    def _is_ready(self, pod: Obj, run: Run, now: float) -> bool:
        crashes = any(self.images.behaviour(one["image"]) == "crashes" for one in pod["spec"]["containers"])
        return (
            run.stage == "running"
            and not crashes
            and objects.uid_of(pod) not in self.hung
            and now - run.started >= self.ready_after_seconds
        )

    # -- status

    def _report(self, pod: Obj, run: Run, *, is_ready: bool) -> None:
        new: Obj = objects.clone(pod)
        status: Obj = new["status"]
        phases = {"creating": "Pending", "pull-failed": "Pending", "done": "Succeeded"}
        status["phase"] = phases.get(run.stage, "Running")
        states = {
            "PodReadyToStartContainers": run.stage != "creating",
            "Initialized": True,
            "Ready": is_ready,
            "ContainersReady": is_ready,
            "PodScheduled": True,
        }
        now = objects.timestamp(self.store.clock())
        status["conditions"] = [self._kept_condition(pod, kind, now, holds=states[kind]) for kind in states]
        status.setdefault("startTime", now)
        status["hostIP"] = _host_address(self.store, pod["spec"]["nodeName"])
        status["hostIPs"] = [{"ip": status["hostIP"]}]
        if run.stage != "creating" and "podIP" not in status:
            self._next_address += 1
            address = f"10.244.{self._next_address // 250}.{self._next_address % 250}"
            status |= {"podIP": address, "podIPs": [{"ip": address}]}
        status["containerStatuses"] = [
            self._container_status(pod, container, run, is_ready=is_ready) for container in pod["spec"]["containers"]
        ]
        self.store.update(kinds.PODS, new)

    @staticmethod
    def _kept_condition(pod: Obj, kind: str, now: str, *, holds: bool) -> Obj:
        old = objects.condition(pod, kind)
        wanted = "True" if holds else "False"
        if old is not None and old["status"] == wanted:
            return old
        found = _condition(kind, now, holds=holds)
        if not holds and kind in ("Ready", "ContainersReady"):
            names = " ".join(one["name"] for one in pod["spec"]["containers"])
            found |= {"reason": "ContainersNotReady", "message": f"containers with unready status: [{names}]"}
        return found

    def _container_status(self, pod: Obj, container: Obj, run: Run, *, is_ready: bool) -> Obj:
        uid, image = objects.uid_of(pod), container["image"]
        behaviour = self.images.behaviour(image)
        started = objects.timestamp(run.started)
        identifier = f"containerd://{uid}-{container['name']}-{run.restarts}"
        exit_ = {
            "exitCode": 0 if run.stage == "done" else 1,
            "reason": "Completed" if run.stage == "done" else "Error",
            "startedAt": started,
            "finishedAt": objects.timestamp(run.last_exit),
            "containerID": identifier,
        }
        state: Obj = {"running": {"startedAt": started}}
        last: Obj = {}
        if run.stage == "creating":
            state = {"waiting": {"reason": "ContainerCreating"}}
        elif run.stage == "pull-failed":
            text = f'Back-off pulling image "{image}"'
            state = {"waiting": {"reason": "ImagePullBackOff", "message": text}}
        elif run.stage == "done":
            state = {"terminated": exit_}
        elif behaviour == "crashes":
            last = {"terminated": exit_} if run.last_exit else {}
            if run.stage == "backoff":
                seconds = int(self._backoff(run))
                where = f"{objects.name_of(pod)}_{objects.namespace_of(pod)}({uid})"
                text = f"back-off {seconds}s restarting failed container={container['name']} pod={where}"
                state = {"waiting": {"reason": "CrashLoopBackOff", "message": text}}
        is_running = "running" in state
        return {
            "name": container["name"],
            "state": state,
            "lastState": last,
            "ready": is_ready,
            "restartCount": run.restarts if behaviour == "crashes" else 0,
            "image": image,
            "imageID": f"sim://sha256:{image}" if is_running or run.last_exit else "",
            "containerID": identifier if is_running or run.last_exit else "",
            "started": is_running,
        }


def _condition(kind: str, now: str, *, holds: bool) -> Obj:
    return {
        "type": kind,
        "status": "True" if holds else "False",
        "lastProbeTime": None,
        "lastTransitionTime": now,
    }


def _accepts(node: Obj, pod: Obj) -> bool:
    wanted = pod["spec"].get("nodeSelector") or {}
    if any(objects.labels_of(node).get(key) != value for key, value in wanted.items()):
        return False
    taints = [] if tolerates_everything(pod) else node["spec"].get("taints") or []
    if any(taint["effect"] in ("NoSchedule", "NoExecute") for taint in taints):
        return False
    return objects.is_condition_true(node, "Ready") and not node["spec"].get("unschedulable")


def tolerates_everything(pod: Obj) -> bool:
    tolerations = pod["spec"].get("tolerations") or []
    return any(one.get("operator") == "Exists" and not one.get("key") for one in tolerations)


def _host_address(store: Store, node_name: str) -> str:
    node = store.find(kinds.NODES, "", node_name)
    addresses = node["status"].get("addresses", []) if node else []
    return next((one["address"] for one in addresses if one["type"] == "InternalIP"), "127.0.0.1")

"""The world that the demo and the tests start with: a small shop on three nodes, two days old.

Lives through its own past with the clock turned back, so that revisions and ages are real.
"""

from bot.sim.cluster import access, kinds, objects
from bot.sim.cluster.access import Access, Binding, Rule
from bot.sim.cluster.life import Life
from bot.sim.cluster.objects import Obj
from bot.sim.cluster.volumes import ARCHIVE, DAY_SECONDS, GIB, MIB, File
from bot.sim.cluster.world import PRODUCTION, World
from bot.sim.cluster.writing import Options, Target, change

STAGING = "staging"
SYSTEM = "kube-system"
CHATOPS = "chatops"
NODES = ("node-1", "node-2", "node-3")
_AGE_SECONDS = 2 * DAY_SECONDS
# name -> (image, replicas); the present images. Checkout has two older releases before its present one.
DEPLOYMENTS = {
    "redis-primary": ("redis:7.2", 1),
    "api-gateway": ("api-gateway:3.4.0", 3),
    "user-service": ("user-service:2.8.1", 2),
    "checkout": ("checkout:1.9.1", 3),
    "recommender": ("recommender:0.14.2", 2),
    "frontend": ("frontend:5.1.0", 2),
    "worker": ("worker:2.3.0", 3),
}
_EARLIER_CHECKOUTS = ("checkout:1.8.4", "checkout:1.9.0")
_READS = ("get", "list", "watch")
# RBAC has no exceptions, so everything but secrets is spelled out.
_READABLE = tuple(one for one in kinds.STORED if one is not kinds.SECRETS)


def plant(world: World, life: Life, rights: Access) -> None:
    """Fill an empty world and let it settle in the present."""
    world.clock.offset = -_AGE_SECONDS
    for name in ("default", PRODUCTION, STAGING, SYSTEM, CHATOPS):
        _create(world, kinds.NAMESPACES, "", {"metadata": {"name": name}})
    for number, name in enumerate(NODES, start=1):
        world.store.create(kinds.NODES, _node(name, number, objects.timestamp(world.clock())))
    _accounts(world, rights)
    _workloads(world)
    _settle(world, life)
    for image in (*_EARLIER_CHECKOUTS[1:], DEPLOYMENTS["checkout"][0]):
        _release_checkout(world, image)
        _settle(world, life)
    world.clock.offset = 0.0
    _fill_archive(world)
    for event in world.store.items(kinds.EVENTS):
        world.store.remove(kinds.EVENTS, event)  # events live an hour, these are older
    life.tick()


def _settle(world: World, life: Life) -> None:
    """Live on until nothing changes any more, then two quiet minutes."""
    step = max(2.0, world.kubelet.ready_after_seconds)
    quiet_ticks = 0
    while quiet_ticks < 2:
        before = world.store.version
        world.clock.offset += step
        life.tick()
        quiet_ticks = quiet_ticks + 1 if world.store.version == before else 0
    world.clock.offset += 120.0


def _create(world: World, resource: kinds.Resource, namespace: str, obj: Obj) -> Obj:
    return world.writer.create(Target(resource, namespace), obj, Options(field_validation="Strict"))


def _container(name: str, image: str) -> Obj:
    return {
        "name": name,
        "image": image,
        "ports": [{"containerPort": 6379 if name.startswith("redis") else 8080}],
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"memory": "512Mi"},
        },
    }


def _template(name: str, image: str) -> Obj:
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": [_container(name, image)]}}


def _workloads(world: World) -> None:
    for name, (image, replicas) in DEPLOYMENTS.items():
        first = _EARLIER_CHECKOUTS[0] if name == "checkout" else image
        _create(world, kinds.DEPLOYMENTS, PRODUCTION, _deployment(name, first, replicas))
        _create(world, kinds.SERVICES, PRODUCTION, _service(name))
    for name in ("api-gateway", "checkout"):
        image = DEPLOYMENTS[name][0]
        _create(world, kinds.DEPLOYMENTS, STAGING, _deployment(name, image, 1))
    archive = _stateful_set("log-archiver", "log-archiver:1.2.0", "archive", ARCHIVE)
    _create(world, kinds.STATEFUL_SETS, PRODUCTION, archive)
    database = _stateful_set("postgres", "postgres:16.4", "data", "/var/lib/postgresql/data")
    _create(world, kinds.STATEFUL_SETS, PRODUCTION, database)
    _create(world, kinds.DAEMON_SETS, SYSTEM, _daemon_set())
    _create(world, kinds.DEPLOYMENTS, SYSTEM, _deployment("coredns", "coredns:1.11.3", 2))
    budget = {
        "metadata": {"name": "api-gateway"},
        "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "api-gateway"}}},
    }
    _create(world, kinds.BUDGETS, PRODUCTION, budget)
    settings = {"metadata": {"name": "api-gateway"}, "data": {"REDIS_ADDRESS": "redis-primary:6379"}}
    _create(world, kinds.CONFIG_MAPS, PRODUCTION, settings)
    secret = {"metadata": {"name": "postgres"}, "data": {"password": "bm90LWEtcmVhbC1wYXNzd29yZA=="}}
    _create(world, kinds.SECRETS, PRODUCTION, secret)


def _deployment(name: str, image: str, replicas: int) -> Obj:
    return {
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": _template(name, image),
        },
    }


def _service(name: str) -> Obj:
    port = 6379 if name.startswith("redis") else 8080
    ports = [{"name": "main", "port": port, "targetPort": port}]
    return {"metadata": {"name": name}, "spec": {"selector": {"app": name}, "ports": ports}}


def _stateful_set(name: str, image: str, volume: str, mount: str) -> Obj:
    template = _template(name, image)
    template["spec"]["containers"][0]["volumeMounts"] = [{"name": volume, "mountPath": mount}]
    template["spec"]["volumes"] = [{"name": volume, "persistentVolumeClaim": {"claimName": f"{volume}-{name}-0"}}]
    claim = {
        "metadata": {"name": volume},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "20Gi"}}},
    }
    return {
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "replicas": 1,
            "serviceName": name,
            "selector": {"matchLabels": {"app": name}},
            "template": template,
            "volumeClaimTemplates": [claim],
        },
    }


def _daemon_set() -> Obj:
    return {
        "metadata": {"name": "kube-proxy", "labels": {"app": "kube-proxy"}},
        "spec": {
            "selector": {"matchLabels": {"app": "kube-proxy"}},
            "template": _template("kube-proxy", "kube-proxy:1.32.13"),
        },
    }


def _release_checkout(world: World, image: str) -> None:
    def alter(new: Obj) -> None:
        new["spec"]["template"]["spec"]["containers"][0]["image"] = image

    deployment = world.store.get(kinds.DEPLOYMENTS, PRODUCTION, "checkout")
    change(world.store, kinds.DEPLOYMENTS, deployment, alter)


def _fill_archive(world: World) -> None:
    """A week of archives and the current log: about a third of the volume."""
    volume, now = world.volumes.claim(PRODUCTION, "archive-log-archiver-0", ARCHIVE), world.clock()
    volume.files[f"{ARCHIVE}/current.log"] = File(640 * MIB, now, 'level=info msg="rotated"\n')
    for days in range(1, 7):
        modified = now - days * DAY_SECONDS
        volume.files[f"{ARCHIVE}/app-{objects.timestamp(modified)[:10]}.log.gz"] = File(GIB, modified)


def _node(name: str, number: int, stamp: str) -> Obj:
    healthy = {
        "MemoryPressure": ("False", "KubeletHasSufficientMemory"),
        "DiskPressure": ("False", "KubeletHasNoDiskPressure"),
        "PIDPressure": ("False", "KubeletHasSufficientPID"),
        "Ready": ("True", "KubeletReady"),
    }
    conditions = [
        {
            "type": kind,
            "status": status,
            "lastHeartbeatTime": stamp,
            "lastTransitionTime": stamp,
            "reason": reason,
            "message": reason,
        }
        for kind, (status, reason) in healthy.items()
    ]
    size = {"cpu": "4", "memory": "16Gi", "pods": "110", "ephemeral-storage": "100Gi"}
    about = {
        "kernelVersion": "6.1.0",
        "osImage": "Debian GNU/Linux 12 (bookworm)",
        "containerRuntimeVersion": "containerd://1.7.22",
        "kubeletVersion": "v1.32.13",
        "kubeProxyVersion": "v1.32.13",
        "operatingSystem": "linux",
        "architecture": "amd64",
    }
    blank = dict.fromkeys(("machineID", "systemUUID", "bootID"), "")
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
    addresses = [
        {"type": "InternalIP", "address": f"10.0.0.{number}"},
        {"type": "Hostname", "address": name},
    ]
    return {
        "kind": "Node",
        "apiVersion": "v1",
        "metadata": {"name": name, "labels": labels},
        "spec": {"podCIDR": f"10.244.{number}.0/24"},
        "status": {
            "capacity": size,
            "allocatable": size,
            "conditions": conditions,
            "addresses": addresses,
            "nodeInfo": about | blank,
        },
    }


# -- accounts


def _accounts(world: World, rights: Access) -> None:
    """admin may all; oncall what runbooks need; reader looks; bot may speak for people of the group oncall."""
    everything = (Rule(("*",), ("*",), ("*",)), Rule(("*",), paths=("*",)))
    rights.add_account(SYSTEM, "admin", everything)
    rights.add_account(PRODUCTION, "oncall", (*reading_rules(), *operating_rules()))
    rights.add_account(PRODUCTION, "reader", reading_rules())
    people = Rule(("impersonate",), ("",), ("users",), names=("alice", "bob"))
    group = Rule(("impersonate",), ("",), ("groups",), names=("oncall",))
    rights.add_account(CHATOPS, "bot", (*reading_rules(), people, group))
    acting = (*reading_rules(), *operating_rules())
    rights.grant(Binding("oncall-people", "oncall", "Group", "oncall", acting))
    places = ((SYSTEM, "admin"), (PRODUCTION, "oncall"), (PRODUCTION, "reader"), (CHATOPS, "bot"))
    for namespace, name in places:
        world.store.create(kinds.SERVICE_ACCOUNTS, access.account_object(namespace, name))


def reading_rules() -> tuple[Rule, ...]:
    """get, list and watch on everything but secrets, and logs."""
    by_group: dict[str, list[str]] = {}
    for resource in _READABLE:
        by_group.setdefault(resource.group, []).append(resource.plural)
    rules = [Rule(_READS, (group,), tuple(names)) for group, names in by_group.items()]
    scales = ("deployments/scale", "replicasets/scale", "statefulsets/scale")
    return (*rules, Rule(("get",), ("",), ("pods/log",)), Rule(("get",), ("apps",), scales))


def operating_rules() -> tuple[Rule, ...]:
    """The writes of the runbooks: exec, delete and evict pods, restart, undo, scale, cordon."""
    scales = ("deployments/scale", "statefulsets/scale")
    return (
        Rule(("get", "create"), ("",), ("pods/exec",)),
        Rule(("delete",), ("",), ("pods",)),
        Rule(("create",), ("",), ("pods/eviction",)),
        Rule(("patch",), ("apps",), ("deployments", "statefulsets", *scales)),
        Rule(("update",), ("apps",), scales),
        Rule(("patch",), ("",), ("nodes",)),
    )

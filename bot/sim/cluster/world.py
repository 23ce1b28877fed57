"""Everything that the cluster consists of, put together once and handed around.

No behaviour of its own beyond a clock that the seed may turn back.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bot.sim.cluster import kinds, objects
from bot.sim.cluster.conditions import Conditions
from bot.sim.cluster.images import Images
from bot.sim.cluster.kubelet import Kubelet
from bot.sim.cluster.objects import Obj
from bot.sim.cluster.recording import Events, Logs
from bot.sim.cluster.state import Store
from bot.sim.cluster.volumes import Volumes
from bot.sim.cluster.writing import Writer

PRODUCTION = "production"


class WorldClock:
    """Seconds since the epoch, shifted while the seed lives through the past."""

    def __init__(self, base: Callable[[], float]) -> None:
        self._base = base
        self.offset = 0.0

    def __call__(self) -> float:
        return self._base() + self.offset


@dataclass(frozen=True, slots=True)
class World:
    clock: WorldClock
    store: Store
    writer: Writer
    events: Events
    logs: Logs
    images: Images
    volumes: Volumes
    conditions: Conditions
    kubelet: Kubelet

    def pods_of(self, app: str, namespace: str = PRODUCTION) -> list[Obj]:
        """The pods with this `app` label that are neither finished nor going."""
        found = self.store.items(kinds.PODS, namespace)
        return [pod for pod in found if objects.labels_of(pod).get("app") == app and objects.is_active(pod)]


def build(base_clock: Callable[[], float], *, ready_after_seconds: float) -> World:
    """An empty world. `ready_after_seconds` is how long a container needs to become ready."""
    clock = WorldClock(base_clock)
    store = Store(clock)
    events = Events(store)
    logs = Logs(clock, store.notify)
    images = Images()
    return World(
        clock=clock,
        store=store,
        writer=Writer(store),
        events=events,
        logs=logs,
        images=images,
        volumes=Volumes(clock),
        conditions=Conditions(),
        kubelet=Kubelet(store, images, events, logs, ready_after_seconds),
    )

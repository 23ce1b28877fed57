"""The heartbeat of the cluster: one tick runs every controller, kubelet and fault once.

A task ticks in real time; tests may tick by hand with a clock of their own. Knows nothing of HTTP.
"""

import asyncio

from bot.sim.cluster import kinds, objects
from bot.sim.cluster.controllers import Controllers
from bot.sim.cluster.deployments import Deployments
from bot.sim.cluster.faults import Faults
from bot.sim.cluster.world import World

# Deadlines and back-offs pass without a change in the store, so controllers look again at least this often.
_RESYNC_SECONDS = 1.0
# A tick lets controllers react to each other; more rounds than this would hide what a rollout looks like.
_ROUNDS = 3


class Life:
    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults
        self._deployments = Deployments(world.store, world.events)
        self._controllers = Controllers(world.store, world.events)
        self._seen_version = -1
        self._synced_at = 0.0

    def tick(self) -> None:
        """Let everything happen that is due at this moment."""
        now = self._world.clock()
        for _ in range(_ROUNDS):
            before = self._world.store.version
            self._reconcile(now)
            self._world.kubelet.tick(now)
            if self._world.store.version == before:
                break
        self._faults.tick(now)
        self._world.volumes.forget({objects.uid_of(pod) for pod in self._world.store.items(kinds.PODS)})

    def _reconcile(self, now: float) -> None:
        store = self._world.store
        if store.version == self._seen_version and now - self._synced_at < _RESYNC_SECONDS:
            return
        self._deployments.tick(now)
        self._controllers.tick(now)
        self._seen_version, self._synced_at = store.version, now

    async def run(self, interval_seconds: float) -> None:
        """Tick until cancelled."""
        while True:
            self.tick()
            await asyncio.sleep(interval_seconds)

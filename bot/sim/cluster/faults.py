"""Faults that can be planted: each is a condition of the world that the right action really cures.

A fault is active while its condition holds, whoever changed the world. Knows nothing of HTTP, tests or the product.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bot.sim.cluster import fault_kinds
from bot.sim.cluster.world import World

# How often an active fault writes to the logs of those who suffer.
LOG_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class FaultState:
    """One fault as monitoring would see it. `since` is when it last became active, or None if it never was.

    `labels` and `summary` are what an alert about it carries.
    """

    name: str
    active: bool
    since: float | None
    labels: Mapping[str, str]
    summary: str
    detail: str = ""


class Fault(Protocol):
    """`is_active` looks at the world alone; `plant` and `clear` may be repeated."""

    name: str
    labels: Mapping[str, str]
    summary: str

    def plant(self) -> None: ...
    def clear(self) -> None: ...
    def is_active(self) -> bool: ...
    def tick(self, now: float) -> None: ...
    def detail(self) -> str: ...


class Faults:
    """All faults by name. Everything here raises KeyError for a name that does not exist."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.memory_leak = fault_kinds.MemoryLeak(world)
        every: tuple[Fault, ...] = (
            fault_kinds.StuckRedisPool(world),
            fault_kinds.BadImage(world),
            self.memory_leak,
            fault_kinds.DiskFull(world),
            fault_kinds.StuckPod(world),
            fault_kinds.Overload(world),
            fault_kinds.NodePressure(world),
        )
        self._faults = {fault.name: fault for fault in every}
        self._since: dict[str, float] = {}
        self._was_active: set[str] = set()
        self._logged_at = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._faults)

    def plant(self, name: str) -> FaultState:
        """Make the fault's condition true, at once. Planting twice is planting once."""
        self._faults[name].plant()
        self._note_changes()
        self._world.store.notify()
        return self.state(name)

    def clear(self, name: str) -> None:
        """Undo the fault from outside, as if it had never been."""
        self._faults[name].clear()
        self._note_changes()
        self._world.store.notify()

    def clear_all(self) -> None:
        for name in self._faults:
            self.clear(name)

    def is_active(self, name: str) -> bool:
        return self._faults[name].is_active()

    def state(self, name: str) -> FaultState:
        self._note_changes()
        fault = self._faults[name]
        return FaultState(
            name=name,
            active=fault.is_active(),
            since=self._since.get(name),
            labels=fault.labels,
            summary=fault.summary,
            detail=fault.detail(),
        )

    def states(self) -> list[FaultState]:
        return [self.state(name) for name in self._faults]

    def active(self) -> list[FaultState]:
        return [state for state in self.states() if state.active]

    def tick(self, now: float) -> None:
        """Let the world suffer: recurrences, and every LOG_SECONDS a line in the logs."""
        is_loud = now - self._logged_at >= LOG_SECONDS
        self._logged_at = now if is_loud else self._logged_at
        for fault in self._faults.values():
            if is_loud or not fault.is_active():
                fault.tick(now)
        if self._note_changes():
            self._world.store.notify()

    def _note_changes(self) -> bool:
        active = {name for name, fault in self._faults.items() if fault.is_active()}
        for name in active - self._was_active:
            self._since[name] = self._world.clock()
        has_changed = active != self._was_active
        self._was_active = active
        return has_changed

"""Disruption budgets: how many pods a PodDisruptionBudget lets go, computed from the pods of this moment.

Follows the disruption controller and the eviction subresource. Knows nothing of who asks.
"""

import math
from dataclasses import dataclass

from bot.sim.cluster import kinds, objects, selectors, statuses
from bot.sim.cluster.objects import Obj
from bot.sim.cluster.state import Store


@dataclass(frozen=True, slots=True)
class Room:
    """The counts of one budget. `allowed` is how many of its pods may be disrupted now."""

    expected: int
    healthy: int
    desired: int

    @property
    def allowed(self) -> int:
        return max(0, self.healthy - self.desired)


def of(store: Store, budget: Obj) -> Room:
    """How much room this budget has."""
    matches = selectors.of_object(budget["spec"].get("selector"))
    namespace = objects.namespace_of(budget)
    pods = [pod for pod in store.items(kinds.PODS, namespace) if matches(pod) and objects.is_active(pod)]
    expected = _expected(store, pods)
    healthy = sum(objects.is_ready(pod) for pod in pods)
    if "minAvailable" in budget["spec"]:
        desired = amount(budget["spec"]["minAvailable"], expected, round_up=True)
    else:
        unavailable = amount(budget["spec"].get("maxUnavailable", 0), expected, round_up=True)
        desired = max(0, expected - unavailable)
    return Room(expected, healthy, desired)


def _expected(store: Store, pods: list[Obj]) -> int:
    """The wanted replicas of the controllers of these pods; pods without one count as themselves."""
    owners: dict[str, int] = {}
    for pod in pods:
        reference = objects.controller_of(pod)
        owner = store.by_uid(reference["uid"]) if reference else None
        key = objects.uid_of(owner) if owner else objects.uid_of(pod)
        owners[key] = int(owner["spec"].get("replicas", 1)) if owner else 1
    return max(sum(owners.values()), 0)


def amount(value: int | str, total: int, *, round_up: bool) -> int:
    """An IntOrString: a count, or a percentage of `total`."""
    if isinstance(value, int):
        return value
    share = int(value.rstrip("%")) * total / 100
    return math.ceil(share) if round_up else math.floor(share)


def demand_room(store: Store, pod: Obj) -> None:
    """Raises 429 when a budget forbids this eviction, 500 when several budgets cover the pod."""
    if not objects.is_active(pod) or pod["status"].get("phase") == "Pending":
        return
    covering = [
        budget
        for budget in store.items(kinds.BUDGETS, objects.namespace_of(pod))
        if selectors.of_object(budget["spec"].get("selector"))(pod)
    ]
    if len(covering) > 1:
        why = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        raise statuses.internal(why)
    for budget in covering:
        room = of(store, budget)
        is_already_down = not objects.is_ready(pod) and room.healthy >= room.desired > 0
        if not is_already_down and room.allowed < 1:
            raise statuses.blocked_by_budget(
                f"The disruption budget {objects.name_of(budget)} needs {room.desired} healthy pods "
                f"and has {room.healthy} currently"
            )

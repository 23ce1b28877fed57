"""The state of the running software: what programs in pods change and what faults consist of.

Apart from the faults, so that a cure works by changing the world and not by naming the fault.
"""

from dataclasses import dataclass, field

HEALTHY_KEYS = 1842
HEALTHY_CLIENTS = 24
MAX_CLIENTS = 128


@dataclass(slots=True)
class Conditions:
    """`redis_leases`: connection leases that clients took and never gave back; redis keeps them as keys in its
    append-only file, so they outlive a restart of redis or of its clients and go with a flush.
    `leaking`: since when (seconds since the epoch) the pods with these UIDs leak memory.
    `requests_per_second`: what arrives at the frontend.
    """

    redis_keys: int = HEALTHY_KEYS
    redis_leases: int = 0
    redis_commands: int = 0
    leaking: dict[str, float] = field(default_factory=dict)
    requests_per_second: float = 120.0

    @property
    def is_pool_exhausted(self) -> bool:
        return self.redis_leases >= MAX_CLIENTS

    @property
    def redis_clients(self) -> int:
        return MAX_CLIENTS if self.is_pool_exhausted else HEALTHY_CLIENTS

    def flush_redis(self) -> None:
        """All keys go, and with them the leases."""
        self.redis_keys = 0
        self.redis_leases = 0

"""One operation being previewed or performed: its arguments by type, the cluster, and who we are there."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.adapters.kubernetes import resources
from bot.adapters.kubernetes.cluster import Cluster, Object
from bot.adapters.kubernetes.resources import Resource
from bot.core.operations import Json, Operation


@dataclass(frozen=True, slots=True)
class Asked:
    """`namespace` is the one that counts: the operation's, else the default."""

    operation: Operation
    cluster: Cluster
    namespace: str

    @property
    def arguments(self) -> Mapping[str, Json]:
        return self.operation.arguments

    @property
    def resource(self) -> Resource:
        return resources.named(self.text("resource"))

    @property
    def object(self) -> Object:
        return Object(self.resource, self.namespace if self.resource.is_namespaced else "", self.text("name"))

    def text(self, name: str) -> str:
        return str(self.arguments.get(name) or "")

    def number(self, name: str) -> int | None:
        value = self.arguments.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def flag(self, name: str) -> bool:
        return self.arguments.get(name) is True

    def words(self, name: str) -> list[str]:
        value = self.arguments.get(name)
        return [str(word) for word in value] if isinstance(value, list) else []

    def grace(self) -> int | None:
        """Seconds that a deleted pod has to end; None is its own setting. `--force` means none, as kubectl has it."""
        return 0 if self.flag("force") else self.number("grace_period_seconds")

    def spot(self) -> str:
        """`deployment/api -n production`, as it is typed behind kubectl's verb."""
        kind = self.resource.kind.lower()
        return f"{kind}/{self.text('name')}" + (f" -n {self.namespace}" if self.resource.is_namespaced else "")

"""Who we are and what we may do, asked of the API server before a button is shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.adapters.kubernetes.cluster import Cluster
from bot.adapters.kubernetes.resources import Resource
from bot.adapters.kubernetes.troubles import FORBIDDEN, NOT_FOUND, Trouble

_SERVICE_ACCOUNT = "system:serviceaccount:"


@dataclass(frozen=True, slots=True)
class Need:
    """One permission. An empty namespace is all of them, or the cluster itself."""

    verb: str
    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def attributes(self) -> dict[str, str]:
        pairs = {
            "verb": self.verb,
            "group": self.resource.group,
            "resource": self.resource.plural,
            "subresource": self.subresource,
            "namespace": self.namespace if self.resource.is_namespaced else "",
            "name": self.name,
        }
        return {key: value for key, value in pairs.items() if value}

    @property
    def permission(self) -> str:
        full = f"{self.resource.plural}/{self.subresource}" if self.subresource else self.resource.plural
        return f"{self.verb} {full}" + (f".{self.resource.group}" if self.resource.group else "")

    @property
    def place(self) -> str:
        if not self.resource.is_namespaced:
            return "in the cluster"
        return f"in namespace {self.namespace}" if self.namespace else "in all namespaces"


async def identity(cluster: Cluster) -> str:
    """As the server sees us; the kubeconfig's user where the server does not say (before 1.28)."""
    try:
        status = await cluster.review("SelfSubjectReview", "authentication.k8s.io", {})
    except Trouble as trouble:
        if trouble.status not in (FORBIDDEN, NOT_FOUND):
            raise
        return await cluster.connection.user()
    return readable(str((status.get("userInfo") or {}).get("username", ""))) or await cluster.connection.user()


def readable(user: str) -> str:
    """`system:serviceaccount:production:oncall` -> `ServiceAccount production/oncall`."""
    if not user.startswith(_SERVICE_ACCOUNT):
        return user
    return "ServiceAccount " + user.removeprefix(_SERVICE_ACCOUNT).replace(":", "/", 1)


async def missing(cluster: Cluster, who: str, needs: Sequence[Need]) -> tuple[str, ...]:
    """One sentence for each permission that is not there, with the remedy."""
    found = []
    for need in needs:
        spec = {"resourceAttributes": need.attributes}
        status = await cluster.review("SelfSubjectAccessReview", "authorization.k8s.io", spec)
        if not status.get("allowed"):
            found.append(
                f"Missing permission: {who} may not {need.permission} {need.place}. "
                f"Grant this verb in a Role, or run the step by hand."
            )
    return tuple(found)

"""The Kubernetes executor: implements `ports.Executor` for every operation of the family."""

from datetime import timedelta

from bot.adapters.kubernetes import by_kubectl, perform, preview, troubles
from bot.adapters.kubernetes.asking import Asked
from bot.adapters.kubernetes.by_kubectl import Kubectl
from bot.adapters.kubernetes.client import Connection, Credentials
from bot.adapters.kubernetes.cluster import Cluster
from bot.adapters.kubernetes.troubles import Trouble
from bot.core.operations import Operation
from bot.core.previews import Performed, Preview
from bot.ports import Clock


class Kubernetes:
    """One cluster, one identity. Nothing is imported, read or connected before the first operation.

    `default_namespace` counts where an operation names none; "" means that of the kubeconfig's context. `kubectl`
    answers the reads that nothing here renders; without it they are refused with a remedy.
    """

    def __init__(
        self, credentials: Credentials, *, clock: Clock, default_namespace: str = "", kubectl: Kubectl | None = None
    ) -> None:
        self._credentials = credentials
        self._kubectl = kubectl
        self._connection = Connection(credentials)
        self._clock = clock
        self._default_namespace = default_namespace

    async def close(self) -> None:
        await self._connection.close()

    async def preview(self, operation: Operation, *, timeout: timedelta) -> Preview:
        try:
            asked = await self._asked(operation, timeout)
            if by_kubectl.is_meant(asked) and not asked.text("refused"):
                return await by_kubectl.preview(asked, self._kubectl)
            return await preview.preview(asked)
        except Trouble as trouble:
            return Preview(problems=(troubles.problem(trouble),))

    async def perform(self, operation: Operation, preview: Preview, *, key: str, timeout: timedelta) -> Performed:  # noqa: ARG002 the API takes no key
        try:
            asked = await self._asked(operation, timeout)
            if by_kubectl.is_meant(asked) and not asked.text("refused"):
                return await by_kubectl.read(asked, self._kubectl, self._credentials)
            return await perform.perform(asked, preview)
        except Trouble as trouble:
            return troubles.performed(trouble)

    async def _asked(self, operation: Operation, timeout: timedelta) -> Asked:
        cluster = Cluster(self._connection, clock=self._clock, seconds=timeout.total_seconds())
        named = str(operation.arguments.get("namespace") or "") or self._default_namespace
        return Asked(operation, cluster, namespace=named or await self._connection.namespace())

"""Two identities for one cluster: what only asks the API for objects does so without any right to write."""

from datetime import timedelta

from bot.adapters.kubernetes.executor import Kubernetes
from bot.adapters.kubernetes.reads import READERS
from bot.core.commands import kubectl_queries
from bot.core.operations import Operation
from bot.core.previews import Performed, Preview

PLAIN_READS = frozenset(f"kubernetes.{kind}" for kind in (*READERS, *kubectl_queries.KINDS))
"""Not exec, whatever it runs, and not diff: both need rights that a reader must not have."""


class ReaderAndOperator:
    """Implements `ports.Executor`: the reader's identity for plain reads, the operator's for everything else."""

    def __init__(self, reader: Kubernetes, operator: Kubernetes) -> None:
        self._reader = reader
        self._operator = operator

    def _of(self, operation: Operation) -> Kubernetes:
        return self._reader if operation.kind in PLAIN_READS else self._operator

    async def preview(self, operation: Operation, *, timeout: timedelta) -> Preview:
        return await self._of(operation).preview(operation, timeout=timeout)

    async def perform(self, operation: Operation, preview: Preview, *, key: str, timeout: timedelta) -> Performed:
        return await self._of(operation).perform(operation, preview, key=key, timeout=timeout)

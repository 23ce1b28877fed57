"""What only reads never holds the right to write: a reader's identity for plain reads, the operator's for the rest."""

import pytest

from bot.adapters.kubernetes.identities import ReaderAndOperator
from bot.core.previews import Outcome
from tests.adapters.kubernetes.conftest import SOON, Cluster, operation


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("kubectl get pods -n production", "reader"),
        ("kubectl describe deploy/checkout -n production", "reader"),
        ("kubectl logs deploy/checkout -n production --tail=5", "reader"),
        ("kubectl rollout history deploy/checkout -n production", "reader"),
        ("kubectl scale deploy/checkout -n production --replicas=2", "oncall"),
        ("kubectl exec -n production deploy/redis-primary -- redis-cli PING", "oncall"),
        ("kubectl delete pod -n production -l app=worker", "oncall"),
    ],
)
async def test_a_plain_read_is_asked_as_the_reader_and_all_else_as_the_operator(
    cluster: Cluster, text: str, who: str
) -> None:
    executor = ReaderAndOperator(cluster.as_account("reader"), cluster.as_account("oncall"))
    shown = await executor.preview(operation(text), timeout=SOON)
    assert shown.problems == () and shown.identity.endswith(f"production/{who}")
    cluster.forget()
    done = await executor.perform(operation(text), shown, key="k", timeout=SOON)
    assert done.outcome is Outcome.SUCCEEDED
    assert {each.user.rpartition(":")[2] for each in cluster.sim.requests} == {who}

"""Names that the server makes: as a 1.32 server does it, a name that is taken is no end."""

import itertools

import pytest

from bot.sim.cluster import kinds
from bot.sim.cluster.state import Store
from bot.sim.cluster.statuses import StatusError


def _pod() -> dict[str, object]:
    return {"kind": "Pod", "apiVersion": "v1", "metadata": {"generateName": "web-", "namespace": "production"}}


def test_a_generated_name_that_is_taken_is_generated_anew() -> None:
    suffixes = iter(["aaaaa", "aaaaa", "aaaaa", "bbbbb"])
    store = Store(lambda: 0.0, suffix=lambda: next(suffixes))
    names = [store.create(kinds.PODS, _pod())["metadata"]["name"] for _ in range(2)]
    assert names == ["web-aaaaa", "web-bbbbb"]


def test_after_eight_taken_names_the_server_says_that_it_exists() -> None:
    tries = itertools.count()
    store = Store(lambda: 0.0, suffix=lambda: f"aaaaa{next(tries) // 100}")
    store.create(kinds.PODS, _pod())
    with pytest.raises(StatusError) as refused:
        store.create(kinds.PODS, _pod())
    assert refused.value.reason == "AlreadyExists" and next(tries) == 1 + 8

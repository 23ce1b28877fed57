"""The store in memory keeps the contract of the real one."""

import pytest

from bot.core import errors
from tests.contracts import journal
from tests.fakes.journal import MemoryStore


class TestMemoryStore(journal.StoreContract):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()


async def test_an_outage_fails_every_write_and_keeps_nothing() -> None:
    store = MemoryStore()
    store.outage = errors.Transient("the store cannot be written")

    with pytest.raises(errors.Transient):
        await store.receive([journal.delivery()])
    with pytest.raises(errors.Transient):
        await store.commit(journal.commit())

    store.outage = None
    assert await store.pending() == []
    assert await store.heads() == []

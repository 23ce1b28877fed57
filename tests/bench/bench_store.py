"""How fast the store is on this machine: `python -m tests.bench.bench_store [--seconds N]`. Not collected by pytest.

Prints medians over rounds; every row counted was durable (WAL, synchronous=FULL) when its caller went on.
"""

import argparse
import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bot.adapters.sqlite.store import Store
from bot.adapters.system_clock import SystemClock
from tests.contracts import journal

ROUNDS = 5
Call = Callable[[], Awaitable[object]]


async def measure(name: str, call: Call, *, callers: int, rows: int, seconds: float) -> None:
    """`rows`: what one call makes durable."""
    rates, waits = [], []
    for _ in range(ROUNDS):
        end, done = time.perf_counter() + seconds / ROUNDS, 0
        began = time.perf_counter()

        async def work(end: float = end) -> int:
            count = 0
            while time.perf_counter() < end:
                before = time.perf_counter()
                await call()
                waits.append(time.perf_counter() - before)
                count += 1
            return count

        done = sum(await asyncio.gather(*(work() for _ in range(callers))))
        rates.append(done * rows / (time.perf_counter() - began))
    waits.sort()
    p50, p99 = waits[len(waits) // 2] * 1000, waits[len(waits) * 99 // 100] * 1000
    print(f"{name:<42} {statistics.median(rates):>9,.0f} rows/s   p50 {p50:6.2f} ms   p99 {p99:6.2f} ms")


async def run(seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(Path(folder) / "bench.db", SystemClock())
        numbers, keys = itertools.count(1), itertools.count(1)

        async def one_row() -> None:
            await store.receive([journal.delivery()])

        async def one_keyed_row() -> None:
            await store.receive([journal.delivery(str(next(keys)))])

        async def many_rows() -> None:
            await store.receive([journal.delivery()] * 50)

        async def new_incident() -> None:
            await store.commit(journal.commit(next(numbers), count=3))

        async def note() -> None:
            await store.note(journal.posted())

        try:
            await measure("inbox, 1 caller", one_row, callers=1, rows=1, seconds=seconds)
            await measure("inbox, 100 callers", one_row, callers=100, rows=1, seconds=seconds)
            await measure("inbox with keys, 100 callers", one_keyed_row, callers=100, rows=1, seconds=seconds)
            await measure("inbox, 10 callers of 50 rows", many_rows, callers=10, rows=50, seconds=seconds)
            await measure("events, 100 callers of 3", new_incident, callers=100, rows=3, seconds=seconds)
            await measure("board notes, 20 callers", note, callers=20, rows=1, seconds=seconds)
        finally:
            await store.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="per measurement")
    asyncio.run(run(parser.parse_args().seconds))

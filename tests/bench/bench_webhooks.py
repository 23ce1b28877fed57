"""How many alerts a second the webhook accepts durably on this machine: `python -m tests.bench.bench_webhooks`.

Server, store and the sending client share one process and loop, so the server alone is faster than this says.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import aiohttp
from prometheus_client import CollectorRegistry

from bot.adapters.alerts.server import Listening, Webhooks
from bot.adapters.sqlite.store import Store
from bot.adapters.system_clock import SystemClock
from bot.ports import Delivery
from tests.adapters.alerts import payloads

ROUNDS = 5


async def post_many(session: aiohttp.ClientSession, url: str, *, callers: int, seconds: float, body: bytes) -> int:
    end = time.perf_counter() + seconds

    async def work() -> int:
        count = 0
        while time.perf_counter() < end:
            async with session.post(url, data=body) as answer:
                assert answer.status == 202, await answer.text()
                count += 1
        return count

    return sum(await asyncio.gather(*(work() for _ in range(callers))))


async def run(seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(Path(folder) / "bench.db", SystemClock())

        async def receive(deliveries: list[Delivery]) -> int:
            return len(await store.receive(deliveries))

        webhooks = Webhooks(receive, SystemClock(), tokens=("t" * 32,), checks=dict, registry=CollectorRegistry())
        served = await Listening.start(webhooks, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{served.port}/webhook/alertmanager"
        async with aiohttp.ClientSession(headers={"X-Api-Key": "t" * 32}) as session:
            for callers, alerts in ((1, 1), (50, 1), (50, 20)):
                body = payloads.body(payloads.group(*(payloads.alert(pod=str(number)) for number in range(alerts))))
                rates = [
                    await post_many(session, url, callers=callers, seconds=seconds / ROUNDS, body=body)
                    / (seconds / ROUNDS)
                    for _ in range(ROUNDS)
                ]
                calls = statistics.median(rates)
                what = f"{callers:3} callers, {alerts:2} alerts a call"
                print(f"{what}: {calls:7,.0f} calls/s {calls * alerts:9,.0f} alerts/s")
        await served.stop()
        await store.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="per measurement")
    asyncio.run(run(parser.parse_args().seconds))

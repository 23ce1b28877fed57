"""The ticker: calls on the loop's own thread, again and again, until it is stopped."""

import asyncio
import threading

from bot.adapters.ticking import Ticker


async def test_ticks_happen_on_the_loop_again_and_again() -> None:
    threads: list[threading.Thread] = []
    thrice = asyncio.Event()

    async def tick() -> None:
        threads.append(threading.current_thread())
        if len(threads) == 3:
            thrice.set()

    ticker = Ticker()
    ticker.every(0.02, tick, name="test")
    ticker.start()
    async with asyncio.timeout(10):
        await thrice.wait()
    ticker.stop()
    assert set(threads) == {threading.current_thread()}


async def test_one_failing_tick_does_not_end_the_ticking() -> None:
    seen: list[int] = []
    twice = asyncio.Event()

    async def tick() -> None:
        seen.append(1)
        if len(seen) == 2:
            twice.set()
        raise ValueError("a bad tick")

    ticker = Ticker()
    ticker.every(0.02, tick, name="test")
    ticker.start()
    async with asyncio.timeout(10):
        await twice.wait()
    ticker.stop()
    assert len(seen) >= 2

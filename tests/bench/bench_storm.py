"""A thousand distinct alerts in ten seconds, with Slack's pace kept: `python -m tests.bench.bench_storm`.

Targets: none lost, webhook answers under 500 ms and Slack acks under 300 ms for 99 of 100, memory under 300 MiB.
"""

import argparse
import asyncio
import contextlib
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench import measuring, sending, subjects
from tests.bench.measuring import quantile
from tests.bench.sending import Line
from tests.bench.sink import PEOPLE, Sink
from tests.bench.subjects import Subject

LINES = 50
CLICK_EVERY_SECONDS = 0.2
ROUTED_WITHIN_SECONDS = 30.0


async def storm(bot: Subject, *, alerts: int, seconds: float) -> list[float]:
    """Each alert in a call of its own at its own moment, however long others take. Milliseconds until the 202."""
    lines: asyncio.Queue[Line] = asyncio.Queue()
    for _ in range(LINES):
        lines.put_nowait(await Line.open(bot.port, bot.path))
    began = time.perf_counter()

    async def call(number: int, body: bytes) -> float:
        due = began + number * seconds / alerts
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        line = await lines.get()
        _, answered = await line.send(body)
        lines.put_nowait(line)
        return (answered - due) * 1_000

    bodies = [bot.write([alert]) for alert in sending.new_alerts(alerts)]
    return await asyncio.gather(*(call(number, body) for number, body in enumerate(bodies)))


async def clicks(sink: Sink) -> list[float]:
    """`Take it` on whatever stands in Slack by now, again and again until it is stopped."""
    took: list[float] = []
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            await asyncio.sleep(CLICK_EVERY_SECONDS)
            for incident in list(sink.incidents.values())[-1:]:
                took.append(await sink.click("incident.take", incident, PEOPLE[len(took) % len(PEOPLE)]) * 1_000)
    return took


async def stored(database: Path, alerts: int) -> int:
    """Incidents that are on record, once all are or it has taken too long."""
    until = time.perf_counter() + ROUTED_WITHIN_SECONDS
    while True:
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            (count,) = connection.execute("select count(*) from incidents").fetchone()
        if count >= alerts or time.perf_counter() > until:
            return int(count)
        await asyncio.sleep(0.1)


async def run(alerts: int, seconds: float) -> None:
    measuring.keep_to_own_core()
    sink = Sink()
    await sink.start()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bot = await subjects.bot(sink, folder, posts_per_second=1.0, storm_threshold=10)
        try:
            bot.watch_memory()
            clicking = asyncio.create_task(clicks(sink))
            answers = await storm(bot, alerts=alerts, seconds=seconds)
            clicking.cancel()
            acks = await clicking
            kept = await stored(folder / "pageturner.db", alerts)
            print(f"{alerts} alerts in {seconds:g} s: {kept} incidents on record, {alerts - kept} lost")
            _told("webhook answers", answers)
            _told("Slack acks", acks)
            print(f"memory at most {bot.memory('VmHWM'):.0f} MiB")
        finally:
            await bot.stop()
            await sink.stop()


def _told(what: str, values: Sequence[float]) -> None:
    middle, most = quantile(values, 0.5), quantile(values, 0.99)
    print(f"{what}: {len(values)}, median {middle:.1f} ms, 99 % within {most:.1f} ms, at most {max(values):.1f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    given = parser.parse_args()
    asyncio.run(run(given.alerts, given.seconds))

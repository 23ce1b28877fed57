"""What the whole bot costs as a process, beside what is known to be fast: `python -m tests.bench [--json] [--quick]`.

Under three minutes, on loopback, with Slack's pacing off. One table: target, ours, Debian's Alertmanager with its own
Slack notifier, and the barest loop that stores and posts. Run by hand, never with the tests: it needs a quiet machine.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.bench import measuring, report, subjects
from tests.bench.measuring import Figures
from tests.bench.sink import Sink
from tests.bench.subjects import Subject

FITTING = "BenchPodSlow"


@dataclass(frozen=True, slots=True)
class Size:
    starts: int = 5
    seconds: int = 15
    rounds: int = 3
    burst: int = 1_000
    flood: int = 4_000
    clicks: int = 200


QUICK = Size(starts=1, seconds=3, rounds=1, burst=200, flood=500, clicks=30)


async def run(size: Size) -> list[report.Row]:
    measuring.keep_to_own_core()
    sink = Sink()
    await sink.start()
    try:
        starts = await _cold_starts(sink, size.starts)
        ours, notifier, bare = await _side_by_side(sink, size)
        ours.start_seconds = statistics.median([ours.start_seconds, *starts])
        chosen = await _with_runbook(sink, size)
    finally:
        await sink.stop()
    return report.rows(ours, chosen, notifier, bare, burst=size.burst)


async def _cold_starts(sink: Sink, count: int) -> list[float]:
    """The first one compiles what was never run here, and is not counted."""
    seconds = []
    for _ in range(count + 1):
        with tempfile.TemporaryDirectory() as folder:
            bot = await subjects.bot(sink, Path(folder))
            await bot.stop()
            seconds.append(bot.started_in)
    return seconds[1:]


async def _side_by_side(sink: Sink, size: Size) -> tuple[Figures, Figures | None, Figures]:
    """All three run all the time, and are asked in turns; the single alerts come after the bursts, as to a process that
    has been up for a while."""
    async with AsyncExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(3)]
        found = [await subjects.bot(sink, folders[0]), await subjects.bare(sink, folders[1])]
        if subjects.ALERTMANAGER is not None:
            found.append(await subjects.alertmanager(sink, folders[2]))
        for subject in found:
            stack.push_async_callback(subject.stop)
        pairs: list[tuple[Subject, Figures]] = [(subject, Figures()) for subject in found]
        await asyncio.gather(*(measuring.idle(subject, figures) for subject, figures in pairs))
        for subject, figures in pairs:
            await measuring.burst(subject, figures, sink, alerts=size.burst, rounds=size.rounds)
        await measuring.trickle(pairs, sink, seconds=size.seconds)
        for subject, figures in reversed(pairs):
            await measuring.flood(subject, figures, sink, alerts=size.flood)
        ours, bare, *others = [figures for _, figures in pairs]
        await measuring.clicks(ours, sink, count=size.clicks)
        return ours, others[0] if others else None, bare


async def _with_runbook(sink: Sink, size: Size) -> Figures:
    """A medium kubectl step fits every alert, and there is no cluster: matching, planning and more to show."""
    figures = Figures()
    with tempfile.TemporaryDirectory() as folder:
        bot = await subjects.bot(sink, Path(folder), runbook=True)
        try:
            await measuring.trickle([(bot, figures)], sink, seconds=min(5, size.seconds), name=FITTING)
            await measuring.burst(bot, figures, sink, alerts=size.burst, rounds=1, name=FITTING)
        finally:
            await bot.stop()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--quick", action="store_true", help="smaller numbers, to see that it works")
    given = parser.parse_args()
    found = asyncio.run(run(QUICK if given.quick else Size()))
    if given.json:
        print(json.dumps(report.as_json(found), indent=1))
    else:
        measured, world = subjects.cores()
        print(f"Python {sys.version.split()[0]}, measured on core {min(measured)}, the world on core {min(world)}")
        print(report.table(found))


if __name__ == "__main__":
    main()

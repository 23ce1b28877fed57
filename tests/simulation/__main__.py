"""Many nights, one after another seed: `python -m tests.simulation --seeds 20000`. Exits 1 when one of them went wrong.

A night that went wrong is looked at again with `--first SEED --seeds 1`.
"""

import argparse
import logging
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterable
from multiprocessing import get_context

from tests.simulation.night import Seen, night

AT_ONCE = 16


def main() -> int:
    asked = _arguments()
    seeds = range(asked.first, asked.first + asked.seeds)
    began = time.perf_counter()
    logging.disable(logging.CRITICAL)
    with get_context("fork").Pool(asked.processes) as pool:
        seen = list(_told(pool.imap_unordered(night, seeds, chunksize=AT_ONCE), len(seeds)))
    _report(seen, seeds, time.perf_counter() - began)
    return 1 if any(each.violations for each in seen) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def _told(nights: Iterable[Seen], count: int) -> Iterable[Seen]:
    """Each night as it is over; what went wrong is said at once."""
    for done, seen in enumerate(nights, start=1):
        for violation in seen.violations:
            print(f"seed {seen.seed}: {violation}", flush=True)
        if done % 1_000 == 0:
            print(f"{done} of {count} nights", file=sys.stderr, flush=True)
        yield seen


def _report(seen: list[Seen], seeds: range, seconds: float) -> None:
    wrong = [each for each in seen if each.violations]
    hours = sum(each.virtual_seconds for each in seen) / 3_600
    pace = 60 * len(seen) / seconds
    print(f"seeds {seeds.start} to {seeds.stop - 1}: {len(seen)} nights in {seconds:.0f} s, {pace:.0f} a minute")
    print(f"violations: {sum(len(each.violations) for each in wrong)} in {len(wrong)} nights")
    print(f"virtual time: {hours:.0f} h; changes made: {sum(each.effects for each in seen)}")
    _places(seen)
    _line("what became of changes", (each.fates for each in seen))
    _line("how incidents ended", (each.states for each in seen))
    _line("what happened", (each.happened for each in seen))
    _unclear(sorted(after for each in seen for after in each.told_after))


def _places(seen: list[Seen]) -> None:
    """Where the bot died, and how often it came by there."""
    deaths = sum((each.deaths for each in seen), Counter[str]())
    moments = sum((each.moments for each in seen), Counter[str]())
    print(f"deaths: {deaths.total()} at {len(deaths)} places")
    for place in sorted(deaths.keys() | moments.keys()):
        print(f"  {place}: {deaths[place]} deaths, passed {moments[place]} times")


def _unclear(told: list[float]) -> None:
    if told:
        middle, most = statistics.median(told), told[len(told) * 99 // 100]
        print(
            f"unknown outcomes: {len(told)}, in Slack after {middle:.1f} s median, {most:.1f} s for 99 % (with outages)"
        )


def _line(name: str, counters: Iterable[Counter[str]]) -> None:
    total = sum(counters, Counter[str]())
    print(f"{name}: " + ", ".join(f"{key} {count}" for key, count in total.most_common()))


if __name__ == "__main__":
    raise SystemExit(main())

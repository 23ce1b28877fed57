"""Rounds until the time is over: `python -m tests.faults --minutes N --seed S`. Exits 1 when one of them went wrong.

Each worker goes its own way from the seed: it learns which moments each scene passes, and then ends the bot where that
has happened least.
"""

import argparse
import asyncio
import contextlib
import os
import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tests.faults.rounds import Known, Round, round_of


def main() -> int:
    asked = _arguments()
    until = time.monotonic() + 60 * asked.minutes
    with ProcessPoolExecutor(asked.workers) as pool:
        work = [pool.submit(_many, asked.seed + place, until) for place in range(asked.workers)]
        seen = [each for done in as_completed(work) for each in done.result()]
    _report(seen, asked.seed)
    return 1 if any(each.violations for each in seen) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def _many(seed: int, until: float) -> list[Round]:
    chance, known, seen = random.Random(seed), Known(), []
    while time.monotonic() < until:
        with _quiet():
            found = asyncio.run(round_of(chance.getrandbits(32), known))
        known.learn(found)
        seen.append(found)
        for violation in found.violations:
            print(f"{found.scene}, {found.dooms}, {found.troubles}: {violation}", flush=True)
    return seen


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """What the bots of a round log goes nowhere: they are forked, so their stderr is this process's."""
    kept = os.dup(2)
    nowhere = os.open(Path(os.devnull), os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)


def _report(seen: list[Round], seed: int) -> None:
    hits = sum((each.hit for each in seen), Counter[str]())
    passed = sum((each.passed for each in seen), Counter[str]())
    recovered = sorted(seconds for each in seen for seconds in each.recovered)
    wrong = [each for each in seen if each.violations]
    print(f"seed {seed}: {len(seen)} rounds, {hits.total()} lives ended at {len(hits)} of {len(passed)} named moments")
    print(f"violations: {sum(len(each.violations) for each in wrong)} in {len(wrong)} rounds")
    print(f"presses of `Run again` for a step that had not happened: {sum(each.reruns for each in seen)}")
    if recovered:
        print(
            f"until the next life stored, said or asked something: {statistics.median(recovered):.2f} s median, "
            f"{recovered[len(recovered) * 99 // 100]:.2f} s for 99 %, {recovered[-1]:.2f} s at most"
        )
    for name in sorted(passed):
        print(f"  {name}: ended {hits[name]} lives, passed {passed[name]} times")


if __name__ == "__main__":
    raise SystemExit(main())

"""How long the judgement of one command takes, over the whole corpus. Run: `python -m tests.bench.bench_explaining`.

The promise is a median under 200 microseconds for one, and under 5 seconds for 10,000 of them in one process.
"""

import statistics
import time
from pathlib import Path

from bot.core.commands import explaining

CORPUS = Path(__file__).parents[1] / "core" / "corpus" / "commands.tsv"
ROUNDS = 5
MANY = 10_000


def main() -> None:
    commands = [line.split("\t")[0] for line in CORPUS.read_text().splitlines()]
    for command in commands:
        explaining.explain(command)  # tables and patterns are made on first use
    spent: list[float] = []
    for _ in range(ROUNDS):
        for command in commands:
            before = time.perf_counter()
            explaining.explain(command)
            spent.append((time.perf_counter() - before) * 1e6)
    spent.sort()
    print(f"{len(commands)} commands, {len(spent)} judgements")
    print(f"median {statistics.median(spent):.0f} us, 99% below {spent[int(len(spent) * 0.99)]:.0f} us")
    before = time.perf_counter()
    for at in range(MANY):
        explaining.explain(commands[at % len(commands)])
    print(f"{MANY} in {time.perf_counter() - before:.2f} s")


if __name__ == "__main__":
    main()

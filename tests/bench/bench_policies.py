"""What a policy decision costs: `python -m tests.bench.bench_policies`. Target: under 1 ms median with 200 policies."""

import statistics
import time

from bot.adapters.cedar.policies import CedarSet, Source
from bot.core.authorization import BOT, Action, Request
from tests.adapters.cedar.test_policies import SITUATION, STEP

ROUNDS = 1_000
COUNTS = (0, 50, 200, 500)


def _many(count: int, *, place: str = 'in Service::"s{}"') -> CedarSet:
    """The ladder and so many more, each about a service of its own; without a place each is asked about every step."""
    made = (
        f'@id("n{number}") @reason("r") forbid (principal is Bot, action == Action::"execute", '
        f'resource {place.format(number)}) when {{ context.tier == "high" && context.counters has pod_restarts && '
        f"context.counters.pod_restarts > {number} }};"
        for number in range(count)
    )
    return CedarSet([Source("many", "\n".join(made))])


def main() -> None:
    request = Request(BOT, Action.EXECUTE, STEP, SITUATION)
    for place, count in [(place, count) for count in COUNTS for place in ('in Service::"s{}"', "")]:
        found = _many(count, place=place)
        spent = []
        for _ in range(ROUNDS):
            before = time.perf_counter()
            found.authorize(request)
            spent.append((time.perf_counter() - before) * 1e6)
        spent.sort()
        median, worst = statistics.median(spent), spent[ROUNDS * 99 // 100]
        named = "of services" if place else "of all"
        print(f"{count + 11:4} policies {named:11}: median {median:4.0f} us, 99% below {worst:4.0f} us")


if __name__ == "__main__":
    main()

"""How long one alert takes to match among 10,000 runbooks. Run it by hand: `python -m tests.bench.bench_matching`."""

import random
import statistics
import time

from bot.core import matching
from bot.core.alerts import Alert, Severity
from bot.core.ids import Digest, RunbookName
from bot.core.runbooks import Library, Match, Runbook

SUBJECTS = ("redis", "postgres", "kafka", "nginx", "queue", "disk", "node", "pod", "cache", "gateway", "dns", "etcd")
SYMPTOMS = ("timeout", "connection", "latency", "saturated", "crash", "leak", "lag", "refused", "full", "slow")
ROUNDS = 300
ALERT = Alert(
    "alertmanager", "RedisConnectionTimeout", "f", is_firing=True, severity=Severity.CRITICAL,
    service="service-12", environment="production", labels={"team": "team-7", "pod": "redis-0"},
    text="Redis connection timeout in component12: 40% of requests to the cache failed in the last 5 minutes. " * 4,
)  # fmt: skip


def _runbook(number: int, chance: random.Random) -> Runbook:
    kinds = (
        Match(
            all_words=(chance.choice(SUBJECTS), chance.choice(SYMPTOMS), f"component{number % 997}"),
            severity=(Severity.CRITICAL, Severity.HIGH),
            service=(f"service-{number % 500}",),
        ),
        Match(alert_names=(f"Alert{number}",), labels={"team": f"team-{number % 40}"}),
        Match(regex=rf"{chance.choice(SUBJECTS)}-{number}\b", environment=("production",)),
        Match(any_words=(f"thing{number}", f"part{number}"), service=(f"service-{number % 500}",)),
    )
    name = RunbookName(f"runbook-{number}")
    return Runbook(name, name, Digest("0" * 64), "x.yaml", kinds[number % 4], ())


def main() -> None:
    chance = random.Random(7)
    runbooks = [_runbook(number, chance) for number in range(10_000)]
    started = time.perf_counter()
    index = matching.Index(Library({runbook.name: runbook for runbook in runbooks}))
    print(f"index of {len(runbooks)} runbooks built in {time.perf_counter() - started:.2f} s")
    durations = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        found = matching.match(index, ALERT)
        durations.append((time.perf_counter() - started) * 1_000)
    print(f"match: p50 {statistics.median(durations):.3f} ms, max {max(durations):.3f} ms; {found.reason}")


if __name__ == "__main__":
    main()

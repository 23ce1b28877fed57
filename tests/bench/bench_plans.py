"""What deciding costs beside 100 and 10,000 runbooks: `python -m tests.bench.bench_plans`.

One alert is matched, then ten steps of a runbook are read, judged, limited and decided by 211 policies, without
any dry run: once by a previewer that has never seen the runbook, then again as every vote and claim does. Targets:
under 10 ms, and with 10,000 runbooks at most twice of what it takes with 100.
"""

import random
import statistics
import time
from dataclasses import replace

from bot.core import matching
from bot.core.guards import Situation
from bot.core.ids import StepId
from bot.core.runbooks import Command, Level, Library, Runbook, StepSpec
from bot.flow.previewing import Previewer, Setting
from bot.flow.trusting import Trust
from tests import builders as b
from tests.bench.bench_matching import ALERT, _runbook
from tests.bench.bench_policies import _many

ROUNDS = 200
COUNTS = (100, 10_000)
STEPS = (
    "kubectl get pods -n production -l app=worker",
    "kubectl logs deploy/worker -n production --tail=50",
    "kubectl exec -n production deploy/api -- curl -s localhost:8080/health | jq .redis",
    "kubectl scale deployment/worker -n production --replicas=5",
    "kubectl rollout restart deployment/api -n staging",
    "kubectl delete pod worker-1 -n staging",
    "kubectl rollout undo deployment/api -n production",
    "kubectl cordon node-1",
    "kubectl annotate deployment a b c note=slow -n staging",
    "kubectl rollout status deployment/api -n production",
)


def ten_steps() -> Runbook:
    steps = [StepSpec(f"Step {number}", Command(text)) for number, text in enumerate(STEPS, start=1)]
    return replace(b.runbook(*steps), limits={"pod_restarts": 20, "replicas_added": 20})


def main() -> None:
    chance, runbook = random.Random(7), ten_steps()
    rules = _many(200).rules
    trust = Trust(lambda: rules, lambda: b.T0)
    about = Situation("api-gateway", "production", confidence=1.0, is_chosen_by_person=False)
    setting = Setting(runbook, Level.CONDITIONAL, {}, about, {})
    indexes = {count: _index(count, chance) for count in COUNTS}
    first: dict[int, list[float]] = {count: [] for count in COUNTS}
    again: dict[int, list[float]] = {count: [] for count in COUNTS}
    for _ in range(ROUNDS):
        for count, index in indexes.items():
            previewer = Previewer({}, frozenset({"S0SRE"}), trust=trust)
            for spent in (first[count], again[count]):
                before = time.perf_counter()
                matching.match(index, ALERT)
                for number, spec in enumerate(runbook.steps, start=1):
                    previewer.as_written(spec, StepId(str(number)), setting)
                spent.append((time.perf_counter() - before) * 1_000)
    for name, all_spent in (("first", first), ("again", again)):
        medians = [statistics.median(all_spent[count]) for count in COUNTS]
        for count, median in zip(COUNTS, medians, strict=True):
            worst = sorted(all_spent[count])[ROUNDS * 99 // 100]
            print(f"{count:6} runbooks, {name}: median {median:.2f} ms, 99 % below {worst:.2f} ms")
        print(f"ratio {medians[1] / medians[0]:.2f}")


def _index(count: int, chance: random.Random) -> matching.Index:
    known = [_runbook(number, chance) for number in range(count)]
    return matching.Index(Library({each.name: each for each in known}))


if __name__ == "__main__":
    main()

"""Reads that would never end are made to end, and only those."""

import shlex

import pytest

from bot.core import risk
from bot.core.commands import explaining, parsing
from bot.core.operations import Tier

CHANGED = """
watch kubectl get pods                        => kubectl get pods
watch -n 5 -d kubectl get pods -n x           => kubectl get pods -n x
timeout 10 kubectl get pods                   => kubectl get pods
timeout -k 5 10s kubectl get pods             => kubectl get pods
time kubectl get pods                         => kubectl get pods
watch timeout 5 kubectl get pods              => kubectl get pods
kubectl exec x -- top                         => kubectl exec x -- top -b -n 1
kubectl exec x -- ping db                     => kubectl exec x -- ping -c 4 db
kubectl exec x -- tail -f /var/log/a          => kubectl exec x -- tail /var/log/a
kubectl exec x -- tail -fn100 /var/log/a      => kubectl exec x -- tail -n100 /var/log/a
kubectl exec x -- tail -n 5 -F /a             => kubectl exec x -- tail -n 5 /a
kubectl exec x -- iostat -x 1                 => kubectl exec x -- iostat -x 1 3
kubectl exec x -- vmstat 1                    => kubectl exec x -- vmstat 1 3
kubectl exec x -- timeout 5 top               => kubectl exec x -- top -b -n 1
""".strip().splitlines()

UNCHANGED = """
kubectl exec x -- top -b -n1
kubectl exec x -- top -bn1
kubectl exec x -- ping -c 3 db
kubectl exec x -- ping -nc3 db
kubectl exec x -- tail -n 100 /a
kubectl exec x -- iostat -x 1 5
kubectl exec x -- vmstat
kubectl exec x -- df -h
""".strip().splitlines()


@pytest.mark.parametrize("line", CHANGED)
def test_an_endless_read_is_run_bounded_and_says_so(line: str) -> None:
    written, _, runs = (part.strip() for part in line.partition("=>"))
    operation = parsing.parse(written, values={})
    judgement = risk.judge(operation)
    assert operation.text == shlex.join(shlex.split(runs))
    assert judgement.is_runnable and judgement.tier is Tier.LOW
    assert operation.arguments["notes"]
    assert explaining.explain(written)["runnable"]


@pytest.mark.parametrize("line", UNCHANGED)
def test_what_ends_by_itself_stays_as_it_is(line: str) -> None:
    operation = parsing.parse(line, values={})
    assert operation.text == line and "notes" not in operation.arguments


@pytest.mark.parametrize(
    "line", ["watch", "timeout 5", "timeout kubectl get pods", "watch --nope kubectl get pods", "time"]
)
def test_a_wrapper_that_is_not_understood_stays_and_is_not_run(line: str) -> None:
    operation = parsing.parse(line, values={})
    assert operation.text == line and not risk.judge(operation).is_runnable


@pytest.mark.parametrize("wrapper", ["watch {}", "timeout 9 {}", "time {}", "watch -n 2 timeout 3 {}"])
@pytest.mark.parametrize("change", ["kubectl delete pod x", "kubectl rollout undo deployment/x", "rm -rf /"])
def test_taking_a_wrapper_off_never_lowers_a_tier(wrapper: str, change: str) -> None:
    plain = risk.judge(parsing.parse(change, values={}))
    assert risk.judge(parsing.parse(wrapper.format(change), values={})).tier is plain.tier

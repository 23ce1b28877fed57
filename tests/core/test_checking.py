"""What is wrong with a runbook before anybody needs it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core import checking
from bot.core.ids import Digest, RunbookName
from bot.core.runbooks import (
    Action,
    Capture,
    Checkpoint,
    Command,
    Expectation,
    HttpCall,
    Match,
    OnFailure,
    Parameter,
    Patience,
    Problem,
    Runbook,
    StepSpec,
    Verification,
)

LOOK = StepSpec("look", Command("kubectl get pods -n production"), Expectation(contains="Running"), line=7)
RESTART = StepSpec("restart", Command("kubectl rollout restart deployment/api -n production"), line=5)
FLUSH = StepSpec("flush", Command("kubectl exec -n production deploy/redis -- redis-cli FLUSHDB"), line=5)


def runbook(*steps: StepSpec, limits: dict[str, int] | None = None, **parameters: Parameter) -> Runbook:
    match = Match(alert_names=("X",))
    name = RunbookName("x")
    return Runbook(name, "X", Digest("d"), "x.yaml", match, steps, parameters=parameters, limits=limits or {})


def places(problems: list[Problem]) -> list[tuple[int, str]]:
    return [(problem.line, problem.key) for problem in problems]


def parameter(name: str, pattern: str = "[a-z]+", default: str | None = None) -> Parameter:
    return Parameter(name, pattern, f"labels.{name}", default)


def test_a_change_followed_by_a_look_is_in_order() -> None:
    book = runbook(RESTART, LOOK)
    assert checking.check(book) == []
    assert checking.advise(book) == []


@pytest.mark.parametrize(
    "command",
    [
        "kubectl get pods && kubectl get nodes",
        "kubectl get pods > /tmp/x",
        "kubectl get pods -n $(cat x)",
        "kubectl get pods 'unclosed",
        "kubectl apply -f http://example.com/x.yaml",
        "rm -rf /",
        "kubectl get pods -n {nowhere}",
        "",
    ],
)
def test_a_step_that_could_never_run_is_a_problem_with_its_line(command: str) -> None:
    found = checking.check(runbook(replace(LOOK, action=Command(command))))
    assert places(found) == [(7, "steps[1].run")]
    assert found[0].message


def test_the_ways_back_and_the_looks_afterwards_are_checked_too() -> None:
    look = Verification(Command("ls | sh"), Expectation(contains="x"), timedelta(seconds=5))
    step = replace(RESTART, undo=Command("nonsense"), verify=look)
    assert places(checking.check(runbook(step))) == [(5, "steps[1].undo.run"), (5, "steps[1].verify.run")]


@pytest.mark.parametrize("action", [RESTART.action, HttpCall("POST", "http://x.internal/")])
def test_a_verification_that_changes_something_is_a_problem(action: Action) -> None:
    step = replace(RESTART, verify=Verification(action, Expectation(contains="x"), timedelta(seconds=5)))
    assert places(checking.check(runbook(step))) == [(5, "steps[1].verify")]


def test_undo_on_failure_needs_an_undo() -> None:
    step = replace(RESTART, on_failure=OnFailure.UNDO)
    assert places(checking.check(runbook(step, LOOK))) == [(5, "steps[1].on_failure")]
    undoable = replace(step, undo=Command("kubectl rollout undo deployment/api -n production"))
    assert checking.check(runbook(undoable, LOOK)) == []


def test_a_limit_below_what_the_steps_certainly_need_is_a_problem() -> None:
    assert places(checking.check(runbook(FLUSH, limits={"cache_operations": 0}))) == [(0, "limits.cache_operations")]
    assert places(checking.check(runbook(FLUSH, FLUSH, limits={"cache_operations": 1}))) == [
        (0, "limits.cache_operations")
    ]
    assert checking.check(runbook(FLUSH, limits={"cache_operations": 1, "pod_restarts": 0})) == []


def test_what_an_undo_needs_does_not_count_against_the_limit() -> None:
    step = replace(FLUSH, undo=FLUSH.action)
    assert checking.check(runbook(step, limits={"cache_operations": 1})) == []


@pytest.mark.parametrize(
    "bad",
    [
        parameter("ns", "[a-z]+", "Production"),
        parameter("ns", ".*", "-n"),
        parameter("ns", "(a+)+"),
        parameter("ns", "["),
    ],
)
def test_a_parameter_that_could_never_be_right_is_a_problem(bad: Parameter) -> None:
    look = replace(LOOK, action=Command("kubectl get pods -n {ns}"))
    assert (0, "parameters.ns") in places(checking.check(runbook(look, ns=bad)))


def test_an_unused_parameter_is_worth_a_word() -> None:
    assert places(checking.advise(runbook(LOOK, ns=parameter("ns")))) == [(0, "parameters.ns")]


def test_parameters_are_used_by_commands_urls_headers_and_bodies() -> None:
    call = HttpCall("POST", "http://x.internal/{a}", {"X-B": "{b}"}, json={"deep": ["{c}"]})
    undo = HttpCall("POST", "http://x.internal/", body="{d}")
    step = StepSpec("call", call, undo=undo)
    book = replace(runbook(step, LOOK), parameters={name: parameter(name) for name in "abcd"})
    assert checking.advise(book) == []


def test_a_change_that_nobody_looks_at_afterwards_is_worth_a_word() -> None:
    assert places(checking.advise(runbook(LOOK, RESTART))) == [(5, "steps[2]")]
    blind = replace(LOOK, expect=Expectation())
    assert places(checking.advise(runbook(RESTART, blind))) == [(5, "steps[1]")]
    verified = replace(RESTART, verify=Verification(LOOK.action, LOOK.expect, timedelta(seconds=5)))
    assert checking.advise(runbook(verified)) == []


def test_a_runbook_that_no_alert_finds_is_worth_a_word() -> None:
    book = replace(runbook(LOOK), match=Match(environment=("production",)))
    assert places(checking.advise(book)) == [(0, "match")]


FIND = StepSpec("find", Command("kubectl get pods -o name | head -1"), capture=Capture("pod", "[a-z0-9/-]+"), line=3)
USE = StepSpec("use", Command("kubectl describe pod {pod} -n production"), line=4)


def test_a_value_may_be_used_after_the_step_that_finds_it() -> None:
    assert checking.check(runbook(FIND, USE)) == []


@pytest.mark.parametrize(
    ("book", "place"),
    [
        (runbook(USE, FIND), (4, "steps[1].run")),
        (runbook(FIND, replace(FIND, line=9)), (9, "steps[2].capture")),
        (runbook(FIND, pod=parameter("pod")), (3, "steps[1].capture")),
        (runbook(replace(RESTART, capture=Capture("x", "[a-z]+"))), (5, "steps[1].capture")),
        (
            runbook(StepSpec("ask", Checkpoint("Is it?"), capture=Capture("x", "[a-z]+"), line=2)),
            (2, "steps[1].capture"),
        ),
    ],
)
def test_a_value_is_found_once_by_a_read_and_before_it_is_used(book: Runbook, place: tuple[int, str]) -> None:
    assert place in places(checking.check(book))


def test_a_wait_fits_into_the_run_and_only_reads() -> None:
    short = Patience(timedelta(minutes=1), timedelta(seconds=5))
    too_long = replace(LOOK, patience=Patience(timedelta(minutes=10), timedelta(seconds=5)))
    assert checking.check(runbook(replace(LOOK, patience=short))) == []
    assert places(checking.check(runbook(too_long))) == [(7, "steps[1].wait")]
    assert places(checking.check(runbook(replace(FLUSH, patience=short)))) == [(5, "steps[1]")]


def test_an_undo_that_the_registry_knows_need_not_be_declared() -> None:
    cordon = StepSpec("cordon", Command("kubectl cordon node-1"), on_failure=OnFailure.UNDO, line=2)
    assert checking.check(runbook(cordon, LOOK)) == []
    assert places(checking.check(runbook(replace(RESTART, on_failure=OnFailure.UNDO)))) == [(5, "steps[1].on_failure")]


def test_a_probe_only_reads() -> None:
    probe = Verification(Command("kubectl delete pod x"), Expectation(contains="x"), timedelta())
    assert (5, "steps[1].probe") in places(checking.check(runbook(replace(RESTART, probe=probe))))

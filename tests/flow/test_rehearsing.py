"""A rehearsal decides like the real run would at each turn, and performs nothing."""

from datetime import timedelta

import pytest

from bot.core import rehearsals
from bot.core.errors import Invalid
from bot.core.operations import Family
from bot.core.plans import Plan, Verdict
from bot.core.runbooks import Command, Expectation, OnFailure, Parameter, Runbook, StepSpec
from bot.flow import rehearsing
from bot.flow.previewing import Previewer
from bot.flow.trusting import Trust
from tests import builders as b
from tests.fakes.world import FakeExecutor

DELETE = StepSpec("Delete", Command("kubectl delete pod web-1 -n production"))
LOOK = StepSpec("Look", Command("kubectl get pods -n production"), expect=Expectation(contains="Running"))


async def rehearse(runbook: Runbook, executor: FakeExecutor, **typed: str) -> Plan:
    previewer = Previewer({Family.KUBERNETES: executor}, frozenset(), trust=Trust(lambda: b.RULES, lambda: b.T0))
    return await rehearsing.rehearse(runbook, None, typed, previewer=previewer, now=b.T0)


async def test_nothing_is_performed_and_every_step_is_previewed_once() -> None:
    executor = FakeExecutor()

    plan = await rehearse(b.runbook(DELETE, LOOK), executor)

    assert executor.performed == []
    assert executor.previews == ["kubectl delete pod web-1 -n production", "kubectl get pods -n production"]
    assert [step.decision.verdict for step in plan.steps] == [Verdict.ASK, Verdict.ALLOW]
    assert plan.deadline == b.T0 + timedelta(minutes=10)


async def test_a_step_is_judged_with_what_those_before_it_would_have_used() -> None:
    """Two are counted for each deletion: the second would be the fourth, and the runbook allows three."""
    executor = FakeExecutor()
    executor.counters = {"pod_restarts": 2}

    plan = await rehearse(b.runbook(DELETE, DELETE, limits={"pod_restarts": 3}), executor)

    assert [step.decision.verdict for step in plan.steps] == [Verdict.ASK, Verdict.DENY]
    assert "would be 4, the runbook allows 3" in plan.steps[1].decision.reasons[0]
    assert [turn.spent for turn in rehearsals.turns(plan)] == [{}, {"pod_restarts": 2}]
    stopping = rehearsals.stopping(plan)
    assert stopping is not None
    assert stopping.id == "2"


async def test_a_blocked_read_that_may_fail_does_not_stop_the_run() -> None:
    executor = FakeExecutor()
    executor.problems = ("it is not there",)
    may_fail = StepSpec("Look", LOOK.action, on_failure=OnFailure.CONTINUE)

    lenient, strict = await rehearse(b.runbook(may_fail), executor), await rehearse(b.runbook(LOOK), executor)

    assert rehearsals.blocked(lenient) == lenient.steps
    assert rehearsals.stopping(lenient) is None
    assert rehearsals.stopping(strict) == strict.steps[0]


async def test_a_value_that_is_missing_is_named() -> None:
    needs = b.runbook(LOOK, parameters={"pod": Parameter("pod", "[a-z]+")})

    with pytest.raises(Invalid, match="pod: no value"):
        await rehearse(needs, FakeExecutor())

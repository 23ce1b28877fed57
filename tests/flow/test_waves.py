"""Level 3 does one of several targets first, looks at it, and only then does the others."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import track_records
from bot.core.commands import narrowing, parsing
from bot.core.ids import StepId
from bot.core.incidents import Incident
from bot.core.operations import Operation
from bot.core.plans import Verdict
from bot.core.previews import Outcome, Performed, Preview, Target
from bot.core.runbooks import Command, Expectation, Level, OnFailure, Runbook, Scope, StepSpec, Verification
from bot.core.states import State
from tests import builders as b
from tests.fakes.world import FakeExecutor, World
from tests.flow.test_earning import WHY, fire, runbook, supervised

LABEL = "kubectl annotate deployment a b c tier=slow -n production"
FIRST = "kubectl annotate deployment a tier=slow -n production"
REST = "kubectl annotate deployment b c tier=slow -n production"
LOOK = "kubectl get deployment -n production"
CHECK = Verification(Command(LOOK), Expectation(contains="OK"), timedelta(0))
STEP = StepSpec("Slow them down", Command(LABEL), verify=CHECK, on_failure=OnFailure.CONTINUE)
WITHIN = Scope(("api-gateway",), ("production",))


class Deployments(FakeExecutor):
    """Each named object is a target of its own."""

    async def preview(self, operation: Operation, *, timeout: timedelta) -> Preview:
        self.targets = tuple(
            Target("Deployment", each, "production", uid=f"uid-{each}") for each in narrowing.names(operation)
        )
        return await super().preview(operation, timeout=timeout)


def world_with(step: StepSpec) -> World:
    known: Runbook = runbook(most=Level.SCOPED, scope=WITHIN)
    world = World(b.runbook(step, name=known.name, max_level=known.max_level, owner=known.owner, scope=known.scope))
    world.executor = Deployments()
    world.executor.undo = "kubectl annotate deployment a tier- -n production"
    world.executors = dict.fromkeys(world.executors, world.executor)
    world.again()
    return world


async def with_level_3(world: World) -> None:
    for number in range(1, track_records.FOR_LEVEL[Level.SCOPED] + 1):
        last = await supervised(world, number, "production")
        if last.promotion is not None and last.promotion.is_granted is None:
            await world.desk.grant_level(last.id, b.ANA, reason=WHY)
    assert last.promotion is not None and last.promotion.level is Level.SCOPED
    world.executor.receipts.clear()


async def alone(world: World) -> Incident:
    return await fire(world, track_records.FOR_LEVEL[Level.SCOPED] + 1, "production")


async def test_one_is_done_and_checked_before_the_others_and_each_wave_has_its_own_record() -> None:
    world = world_with(STEP)
    async with world.alive():
        await with_level_3(world)
        done = await alone(world)
        assert world.executor.performed == [FIRST, LOOK, REST, LOOK]
        assert done.state is State.RESOLVED and [step.plan.id for step in done.steps] == ["1-first", "1"]
        assert [step.plan.name for step in done.steps] == ["Slow them down: one first", "Slow them down: the others"]
        assert all(step.approved_by == () and step.outcome is Outcome.SUCCEEDED for step in done.steps)
        assert done.steps[0].digest != done.steps[1].digest


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (FIRST, Performed(Outcome.FAILED, detail="no")),
        (FIRST, Performed(Outcome.UNKNOWN, detail="lost")),
        (LOOK, Performed(Outcome.SUCCEEDED, "not well")),
    ],
    ids=["it failed", "nobody knows", "its check did not pass"],
)
async def test_a_first_one_that_did_not_turn_out_well_stops_it_and_costs_the_level(
    text: str, answer: Performed
) -> None:
    world = world_with(STEP)
    async with world.alive():
        await with_level_3(world)
        world.executor.answer(text, answer, answer)
        stopped = await alone(world)
        assert REST not in world.executor.performed
        assert stopped.state in {State.ESCALATED, State.UNCLEAR}
        assert [loss.level for loss in stopped.losses] == [Level.SCOPED]


async def test_a_first_one_of_which_a_person_says_that_it_worked_leaves_the_others_to_people() -> None:
    world = world_with(STEP)
    async with world.alive():
        await with_level_3(world)
        world.executor.answer(FIRST, Performed(Outcome.UNKNOWN, detail="lost"))
        unclear = await alone(world)
        await world.desk.settle(unclear.id, StepId("1-first"), b.ANA, worked=True)
        await world.rest()
        asked = await world.incident(track_records.FOR_LEVEL[Level.SCOPED] + 1)
        assert asked.state is State.WAITING and REST not in world.executor.performed
        assert asked.steps[1].plan.decision.verdict is Verdict.ASK


async def test_without_a_check_of_its_own_several_targets_ask_and_say_how_they_would_not() -> None:
    world = world_with(StepSpec("Slow them down", Command(LABEL)))
    async with world.alive():
        await with_level_3_by_watching(world)
        asked = await alone(world)
        assert asked.state is State.WAITING and len(asked.steps) == 2
        assert any("have a verify: of its own" in reason for reason in asked.steps[0].plan.decision.reasons)


async def with_level_3_by_watching(world: World) -> None:
    """The same step, looked at by a later one: verified, but not before the others are done."""
    look = StepSpec("Look", Command(LOOK), expect=Expectation(contains="OK"))
    known = world.runbooks.current().runbooks
    (first,) = known.values()
    world.runbooks.replace(
        b.runbook(*first.steps, look, name=first.name, max_level=first.max_level, owner=first.owner, scope=first.scope)
    )
    await with_level_3(world)


# --- narrowing -------------------------------------------------------------------------------------------------------

NAME = st.from_regex(r"[a-z]([a-z0-9-]{0,6}[a-z0-9])?", fullmatch=True)


@given(names=st.lists(NAME, min_size=2, max_size=5, unique=True), namespace=NAME, slashed=st.booleans())
def test_two_halves_of_a_command_are_the_whole_and_nothing_else(
    names: list[str], namespace: str, *, slashed: bool
) -> None:
    said = " ".join(f"deploy/{name}" for name in names) if slashed else f"deploy {' '.join(names)}"
    whole = parsing.parse(f"kubectl annotate {said} a.b/c=d -n {namespace}", values={})
    first, rest = narrowing.to(whole, names[:1]), narrowing.to(whole, names[1:])
    for part in (first, rest):  # a name that is a word of the command as well may keep it whole, never change it
        assert part is None or {**part.arguments, "names": names} == dict(whole.arguments)
    if first is not None and rest is not None:
        assert [*narrowing.names(first), *narrowing.names(rest)] == names
    if slashed and namespace not in names:
        assert first is not None and rest is not None


@pytest.mark.parametrize(
    "text", ["kubectl delete pods -l app=web -n production", "kubectl rollout restart deploy/a -n staging", "ls a b"]
)
def test_what_names_nothing_one_by_one_has_no_parts(text: str) -> None:
    whole = parsing.parse(text, values={})
    assert len(narrowing.names(whole)) < 2

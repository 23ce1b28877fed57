"""Policy is asked before a runbook is started and before a dry run is made; what it forbids is told with its reason."""

import pytest

from bot.adapters.cedar.policies import CedarSet, Source
from bot.core.authorization import Surroundings
from bot.core.errors import Refused
from bot.core.events import EscalationReason
from bot.core.ids import RunbookName
from bot.core.states import State
from tests import builders as b
from tests.fakes.world import World
from tests.flow.test_road import CHANGE, VERIFY


def forbidding(action: str, when: str, *, who: str = "principal") -> CedarSet:
    text = f'@id("no") @reason("not during the audit")\nforbid ({who}, action == Action::"{action}", resource)\n{when};'
    return CedarSet([Source("x", text)])


async def test_a_runbook_that_the_bot_may_not_start_goes_to_people_with_the_reason() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    world.rules = forbidding("propose", 'when { context.service == "api-gateway" }', who="principal is Bot").rules
    async with world.alive():
        await world.fire()
        stopped = await world.incident()
        assert stopped.state is State.ESCALATED and stopped.escalation is not None
        assert stopped.escalation.reason is EscalationReason.BLOCKED
        assert "not during the audit (policy no)" in stopped.escalation.explanation
        assert world.executor.previews == []
        await world.desk.choose(b.INC, b.ANA, RunbookName("redis"))  # a person still may
        await world.rest()
        assert (await world.incident()).state is State.WAITING


async def test_a_person_who_may_not_start_it_is_told_why_and_nothing_is_opened() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    world.rules = forbidding("propose", "", who=f'principal == User::"{b.ANA}"').rules
    async with world.alive():
        with pytest.raises(Refused, match="not during the audit"):
            await world.desk.run("redis", {}, b.ANA)
        assert await world.store.heads() == []
        await world.fire(b.alert("Unknown", service="billing", text="something odd"))
        with pytest.raises(Refused, match="not during the audit"):
            await world.desk.choose(b.INC, b.ANA, RunbookName("redis"))
        assert (await world.incident()).runbook is None


async def test_what_is_forbidden_among_several_that_fit_is_not_offered() -> None:
    world = World(b.runbook(CHANGE, VERIFY), b.runbook(CHANGE, VERIFY, name="redis-too"))
    when = 'when { resource == Runbook::"redis-too" }'
    async with world.alive():
        await world.fire()
        assert [each.runbook for each in (await world.incident()).candidates] == ["redis", "redis-too"]
    world = World(b.runbook(CHANGE, VERIFY), b.runbook(CHANGE, VERIFY, name="redis-too"))
    world.rules = forbidding("propose", when).rules
    async with world.alive():
        await world.fire()
        asked = await world.incident()
        assert (asked.state, [each.runbook for each in asked.candidates]) == (State.CHOOSING, ["redis"])


async def test_a_dry_run_that_policy_forbids_is_never_made() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    world.rules = forbidding("preview", 'when { context.operation == "kubernetes.exec" }').rules
    async with world.alive():
        await world.fire()
        stopped = await world.incident()
        assert stopped.state is State.ESCALATED and stopped.escalation is not None
        assert "not during the audit" in stopped.escalation.explanation
        assert all("exec" not in text for text in world.executor.previews) and world.executor.performed == []


@pytest.mark.parametrize(
    ("when", "around"),
    [
        ('when { context.serviceTier == "critical" }', Surroundings(tiers={"api-gateway": "critical"})),
        ('when { context.now.windows.contains("month-end") }', Surroundings(windows=("month-end",))),
    ],
    ids=["service tier", "window"],
)
async def test_policies_know_the_tier_of_a_service_and_the_windows_that_are_open(
    when: str, around: Surroundings
) -> None:
    for holds in (False, True):
        world = World(b.runbook(CHANGE, VERIFY))
        world.rules = forbidding("execute", when).rules
        world.around = around if holds else Surroundings()
        async with world.alive():
            await world.fire()
            assert (await world.incident()).state is (State.ESCALATED if holds else State.WAITING)

"""The stop button: no new step starts, through a restart too, until somebody lets go (F67)."""

import asyncio
import contextlib
from datetime import timedelta

import pytest

from bot.adapters.cedar.policies import CedarSet, Source
from bot.core import errors, events, freezes
from bot.core.authorization import Answer, Rules
from bot.core.errors import Refused
from bot.core.events import EscalationReason
from bot.core.freezes import CALENDAR, Freeze, Scope, ScopeKind, Wish
from bot.core.ids import Digest, StepId
from bot.core.states import State
from bot.ports import Commit
from tests import builders as b
from tests.fakes.world import World
from tests.flow.test_road import CHANGE, FLUSH, VERIFY

ALL = Wish(Scope(), "the database is being moved", None)
SERVICE = Scope(ScopeKind.SERVICE, "api-gateway")


async def _approve(world: World) -> None:
    approval = (await world.incident()).approval
    assert approval is not None
    await world.desk.vote_approve(approval.id, b.ANA)
    await world.rest()


async def _escalations(world: World) -> list[events.EscalationRaised]:
    found = await world.store.history((await world.incident()).id)
    return [each.event for each in found if isinstance(each.event, events.EscalationRaised)]


async def test_F67_an_approved_step_does_not_start_in_a_freeze_and_people_are_told_why() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    async with world.alive():
        await world.fire()
        await world.desk.freeze(ALL, b.ANA)
        await _approve(world)

        assert FLUSH not in world.executor.performed
        incident = await world.incident()
        assert (incident.state, incident.approval) == (State.ESCALATED, None)
        [raised] = await _escalations(world)
        assert raised.reason is EscalationReason.BLOCKED
        assert raised.explanation.startswith(f"<@{b.ANA}> froze everything until it is lifted: the database is being")
        assert "/runbook unfreeze" in raised.explanation


async def test_F67_a_freeze_between_two_steps_stops_the_second() -> None:
    world = World(b.runbook(CHANGE, VERIFY))

    async def stop() -> None:
        world.executor.before_perform = None
        await world.desk.freeze(ALL, b.ANA)

    async with world.alive():
        await world.fire()
        world.executor.before_perform = stop
        await _approve(world)

        assert world.executor.performed == [FLUSH]
        assert (await world.incident()).state is State.ESCALATED


async def test_F67_a_freeze_that_comes_after_the_intent_keeps_the_step_from_running() -> None:
    world = World(b.runbook(CHANGE, VERIFY))

    def stop_at_the_intent(commit: Commit) -> None:
        if any(isinstance(each.event, events.StepStarted) for each in commit.events):
            with contextlib.suppress(StopIteration):  # nothing that it waits for is ever late here
                world.desk.freeze(ALL, b.ANA).send(None)

    async with world.alive():
        await world.fire()
        world.store.after_commit = stop_at_the_intent
        await _approve(world)

        assert world.desk.freezes() != []
        assert FLUSH not in world.executor.performed
        assert (await world.incident()).state is State.ESCALATED


async def test_F67_a_freeze_survives_a_restart_and_ends_by_itself() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    async with world.alive():
        await world.desk.freeze(Wish(Scope(), "", timedelta(hours=2)), b.ANA)
    world.again()
    async with world.alive():
        end = world.clock.now() + timedelta(hours=2)
        [told] = world.desk.freezes()
        assert told.startswith(f"<@{b.ANA}> froze everything until {end:%H:%M} UTC")
        await world.fire()
        await _approve(world)
        assert FLUSH not in world.executor.performed
        await world.later(hours=2)
        assert world.desk.freezes() == []


async def test_F67_a_lifted_freeze_stays_lifted_after_a_restart() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    async with world.alive():
        await world.desk.freeze(ALL, b.ANA)
        await world.desk.unfreeze(Scope(), b.ANA)
    world.again()
    async with world.alive():
        await world.fire()
        await _approve(world)
        assert FLUSH in world.executor.performed


@pytest.mark.parametrize(
    ("scope", "is_stopped"),
    [
        (SERVICE, True),
        (Scope(ScopeKind.SERVICE, "API-Gateway"), True),
        (Scope(ScopeKind.SERVICE, "checkout"), False),
        (Scope(ScopeKind.ENVIRONMENT, "nowhere"), False),
    ],
)
async def test_a_freeze_holds_within_its_scope_only(scope: Scope, is_stopped: bool) -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    async with world.alive():
        await world.desk.freeze(Wish(scope, "", None), b.ANA)
        await world.fire(b.alert(service="api-gateway"))
        await _approve(world)

        assert (FLUSH in world.executor.performed) is not is_stopped


async def test_anybody_of_the_workspace_may_stop_and_only_an_approver_may_let_go() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    async with world.alive():
        await world.desk.freeze(ALL, b.CHI)
        with pytest.raises(Refused, match="not an approver"):
            await world.desk.unfreeze(Scope(), b.CHI)
        assert len(world.desk.freezes()) == 1
        await world.desk.unfreeze(Scope(), b.BEN)
        assert world.desk.freezes() == []


async def test_two_people_may_lift_it_at_once() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    async with world.alive():
        await world.desk.freeze(ALL, b.ANA)
        put, both = world.store.put_freeze, asyncio.Barrier(2)

        async def slowly(freeze: Freeze) -> None:
            await both.wait()
            await put(freeze)

        world.store.put_freeze = slowly  # type: ignore[method-assign]
        await asyncio.gather(world.desk.unfreeze(Scope(), b.ANA), world.desk.unfreeze(Scope(), b.BEN))

        assert world.desk.freezes() == []


async def test_what_is_not_frozen_cannot_be_lifted_and_the_answer_names_what_is() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    async with world.alive():
        await world.desk.freeze(Wish(SERVICE, "", None), b.ANA)
        with pytest.raises(Refused) as refused:
            await world.desk.unfreeze(Scope(), b.ANA)
        assert "/runbook unfreeze service=api-gateway" in refused.value.remedy


async def test_a_freeze_that_cannot_be_stored_is_not_claimed_to_be_in_force() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    async with world.alive():
        world.store.outage = errors.Transient("the disk is full")
        with pytest.raises(errors.Transient):
            await world.desk.freeze(ALL, b.ANA)
        assert world.desk.freezes() == []


async def test_a_freeze_stays_in_force_when_whoever_waited_for_the_answer_is_gone() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    async with world.alive():

        async def forever(freeze: Freeze) -> None:
            await asyncio.Event().wait()

        world.store.put_freeze = forever  # type: ignore[method-assign]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(world.desk.freeze(ALL, b.ANA), 0.01)

        assert len(world.desk.freezes()) == 1


async def test_a_runbook_that_does_not_exist_is_not_frozen_silently() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    async with world.alive():
        with pytest.raises(Refused, match="There is no runbook typo"):
            await world.desk.freeze(Wish(Scope(ScopeKind.RUNBOOK, "typo"), "", None), b.ANA)


# --- the calendar, and policy -----------------------------------------------------------------------------------------


def _calendar(begins: timedelta, ends: timedelta) -> Freeze:
    return Freeze("black-friday", Scope(), "the busiest days", CALENDAR, b.T0 + begins, b.T0 + ends)


async def test_F67_a_calendar_freeze_holds_while_it_lasts_and_nobody_lifts_it_from_slack() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    async with world.alive():
        await world.fire()
        world.calendar.append(_calendar(timedelta(minutes=1), timedelta(hours=1)))
        world.clock.time += timedelta(minutes=2)
        await _approve(world)
        [raised] = await _escalations(world)
        assert raised.explanation.startswith("The calendar (black-friday) freezes everything until")
        assert "It ends by itself" in raised.explanation and FLUSH not in world.executor.performed
        with pytest.raises(Refused, match="nobody lifts that from here"):
            await world.desk.unfreeze(Scope(), b.ANA)


async def test_before_and_after_its_time_a_calendar_freeze_holds_nothing() -> None:
    for begins, ends in ((timedelta(hours=1), timedelta(hours=2)), (-timedelta(hours=2), -timedelta(hours=1))):
        world = World(b.runbook(CHANGE, VERIFY))
        async with world.alive():
            world.calendar.append(_calendar(begins, ends))
            await world.fire()
            await _approve(world)
            assert FLUSH in world.executor.performed


async def test_a_policy_may_keep_somebody_from_letting_go_but_its_failure_never_keeps_from_stopping() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    async with world.alive():
        forbids = '@id("no") @reason("only leads let go") forbid (principal, action == Action::"unfreeze", resource);'
        world.rules = CedarSet([Source("x", forbids)]).rules
        await world.desk.freeze(ALL, b.ANA)
        with pytest.raises(Refused, match=r"only leads let go \(policy no\)"):
            await world.desk.unfreeze(Scope(), b.ANA)
        world.rules = Rules(Digest("broken"), lambda _: Answer(is_allowed=False, error="oops"))
        await world.desk.freeze(ALL, b.ANA)
        assert len(world.desk.freezes()) == 2


# --- break-glass ------------------------------------------------------------------------------------------------------

WHY = "customers cannot pay, and this cures it"
AGREED = "seen with my own eyes, go"


async def test_two_people_break_the_glass_and_then_the_step_asks_and_runs_on_record() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    async with world.alive():
        await world.fire()
        await world.desk.freeze(ALL, b.ANA)
        await _approve(world)
        told = await world.desk.ask_to_break_glass(b.INC, b.ANA, reason=WHY)
        assert told.text.startswith(f"<@{b.ANA}> asks to act on INC-1 in spite of the freeze")
        await world.desk.break_glass(b.INC, b.BEN, reason=AGREED)
        await world.desk.choose(b.INC, b.ANA, (await world.incident()).runbook)
        await world.rest()
        assert FLUSH not in world.executor.performed  # every step still asks
        await _approve(world)
        assert FLUSH in world.executor.performed
        done = (await world.incident()).step(StepId("1"))
        assert done.authority.endswith(f"glass broken by <@{b.ANA}> and <@{b.BEN}>")


async def test_broken_glass_lasts_half_an_hour_and_only_for_its_incident() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    async with world.alive():
        await world.fire()
        await world.desk.freeze(ALL, b.ANA)
        await world.desk.ask_to_break_glass(b.INC, b.ANA, reason=WHY)
        await world.desk.break_glass(b.INC, b.BEN, reason=AGREED)
        assert world.freezer.why_held(await world.incident()) == ""
        await world.fire(b.alert(labels={"instance": "other"}))
        assert world.freezer.why_held(await world.incident(2)) != ""
        world.clock.time += timedelta(minutes=30)
        assert world.freezer.why_held(await world.incident()) != ""


async def test_nobody_breaks_the_glass_alone_or_without_reason_or_need() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    async with world.alive():
        await world.fire()
        with pytest.raises(Refused, match="is not held by a freeze"):
            await world.desk.ask_to_break_glass(b.INC, b.ANA, reason=WHY)
        await world.desk.freeze(ALL, b.ANA)
        for user, reason, rule in ((b.CHI, WHY, "approver.rule"), (b.ANA, "now", "reason")):
            with pytest.raises(Refused) as refused:
                await world.desk.ask_to_break_glass(b.INC, user, reason=reason)
            assert refused.value.rule == rule
        with pytest.raises(Refused, match="asks for nothing like that"):
            await world.desk.break_glass(b.INC, b.BEN, reason=AGREED)
        await world.desk.ask_to_break_glass(b.INC, b.ANA, reason=WHY)
        for user, rule in ((b.ANA, "glass.second"), (b.CHI, "approver.rule")):
            with pytest.raises(Refused) as refused:
                await world.desk.break_glass(b.INC, user, reason=AGREED)
            assert refused.value.rule == rule
        assert world.freezer.why_held(await world.incident()) != ""


async def test_broken_glass_opens_nothing_where_the_record_does_not_add_up() -> None:
    world = World(b.runbook(CHANGE, VERIFY))
    async with world.alive():
        await world.fire()
        await world.desk.freeze(ALL, b.ANA)
        await world.desk.ask_to_break_glass(b.INC, b.ANA, reason=WHY)
        await world.desk.break_glass(b.INC, b.BEN, reason=AGREED)
        assert world.freezer.why_held(await world.incident()) == ""
        await world.store.put_freeze(Freeze("record-1", Scope(), "edited", freezes.RECORD, world.clock.now()))
        await world.freezer.start()
        assert "The bot froze everything" in world.freezer.why_held(await world.incident())

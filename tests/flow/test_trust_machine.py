"""Whatever comes in whatever order, nothing has an effect without an approval or an `allow` recorded before it.

A state machine over the whole flow in memory: alerts, votes by those who may and those who may not, freezes, edits of
policies and runbooks, restarts, failures and the clock. After every step the stored record is audited as `verify` does.
"""

import asyncio
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.adapters.cedar.policies import CedarSet, Source
from bot.core import auditing_steps, events
from bot.core.errors import PageturnerError
from bot.core.events import Recorded
from bot.core.freezes import Scope, Wish
from bot.core.ids import Digest, IncidentId, StepId, UserId
from bot.core.incidents import Incident
from bot.core.operations import Effect, Operation, Tier
from bot.core.plans import Verdict
from bot.core.previews import Outcome, Performed, Preview, Target
from bot.core.runbooks import Command, Level, StepSpec
from bot.core.states import State
from tests import builders as b
from tests.fakes.world import FakeExecutor, World
from tests.flow.test_earning import CORDON, WHY, earned, runbook
from tests.flow.test_road import VERIFY

T = TypeVar("T")

WIDE = StepSpec("Remove it", Command("kubectl delete deployment api -n shop"))
FORBIDS = '@id("no") @reason("not today") forbid (principal, action == Action::"execute", resource) when {CONDITION};'
POLICIES = (
    b.RULES,
    CedarSet([Source("x", FORBIDS.replace("CONDITION", ' context.effect != "read" '))]).rules,
    CedarSet([Source("y", FORBIDS.replace("CONDITION", ' context.approval == "none" && context.level >= 2 '))]).rules,
)
RUNBOOK = replace(runbook(), steps=(CORDON, WIDE, VERIFY))
EDITED = replace(RUNBOOK, steps=(replace(CORDON, timeout=timedelta(seconds=9)), WIDE, VERIFY), digest=Digest("e" * 64))
ANSWERS = (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.UNKNOWN)


class WatchedExecutor(FakeExecutor):
    """Looks at the stored record at the very moment of each effect, as nobody can afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.world: World | None = None
        self.violations: list[str] = []
        self.tries: list[str] = []
        self.targets = (Target("Deployment", "api", "shop", uid="uid-1"),)

    async def perform(self, operation: Operation, preview: Preview, *, key: str, timeout: timedelta) -> Performed:
        await self._look(operation, key)
        return await super().perform(operation, preview, key=key, timeout=timedelta(seconds=1))

    async def _look(self, operation: Operation, key: str) -> None:
        if self.world is None:
            return
        name, run, step_id = key.split("/")
        incident = await self.world.recorder.load(IncidentId(name))
        step = incident.step(StepId(step_id))
        self.tries.append(f"{key}/{step.attempts}")
        if (incident.state, incident.current, str(incident.runs)) != (State.RUNNING, StepId(step_id), run):
            self.violations.append(f"{key}: no intent is stored for {operation.text}")
        if self.world.freezer.why_held(incident):
            self.violations.append(f"{key}: ran while frozen")
        if step.plan.judgement.effect is Effect.READ:
            return
        if not step.approved_by and (step.plan.decision.verdict is not Verdict.ALLOW or step.plan.tier is Tier.HIGH):
            self.violations.append(f"{key}: ran without approval")
        if not step.approved_by and incident.plan is not None and incident.plan.level < Level.CONDITIONAL:
            self.violations.append(f"{key}: ran alone at level {incident.plan.level}")
        if any(vote.voter not in {b.ANA, b.BEN} for vote in step.approved_by):
            self.violations.append(f"{key}: approved by somebody who may not")


class TrustMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.life = AsyncExitStack()
        self.world = World(RUNBOOK)
        self.executor = WatchedExecutor()
        self.world.executor = self.executor
        self.world.executors = {**self.world.executors, **dict.fromkeys(list(self.world.executors)[:1], self.executor)}
        self.world.again()
        self.executor.world = self.world
        self.alerts = 0

    def do(self, work: Awaitable[T]) -> T:
        async def rest() -> T:
            done = await work
            await self.world.rest()
            return done

        return self.loop.run_until_complete(rest())

    def attempt(self, work: Awaitable[object]) -> None:
        """A press that may be refused."""
        try:
            self.do(work)
        except PageturnerError:
            self.do(asyncio.sleep(0))

    def incidents(self) -> list[Incident]:
        async def load() -> list[Incident]:
            return [await self.world.recorder.load(head.incident) for head in await self.world.store.heads()]

        return self.loop.run_until_complete(load())

    @initialize(is_granted=st.booleans())
    def begin(self, is_granted: bool) -> None:
        self.do(self.life.enter_async_context(self.world.alive()))
        if not is_granted:
            return
        self.world.runbooks.replace(runbook())
        last = self.do(earned(self.world))
        self.alerts = 100
        self.do(self.world.desk.grant_level(last.id, b.ANA, reason=WHY))
        self.world.runbooks.replace(RUNBOOK)

    @rule(environment=st.sampled_from(["staging", "production"]))
    def an_alert_fires(self, environment: str) -> None:
        self.alerts += 1
        alert = b.alert(labels={"instance": str(self.alerts)}, starts_at=self.world.clock.now())
        self.do(self.world.fire(replace(alert, environment=environment)))

    @precondition(lambda self: self.alerts)
    @rule(which=st.integers(1, 5), firing=st.booleans())
    def an_alert_comes_back_or_ends(self, which: int, firing: bool) -> None:
        number = max(1, self.alerts - which + 1)
        alert = b.alert(labels={"instance": str(number)}, starts_at=self.world.clock.now(), firing=firing)
        self.do(self.world.fire(replace(alert, environment="staging")))

    @rule(user=st.sampled_from([b.ANA, b.BEN, b.CHI]), which=st.integers(0, 3), right=st.booleans())
    def somebody_approves(self, user: UserId, which: int, right: bool) -> None:
        waiting = [each for each in self.incidents() if each.approval]
        if waiting:
            asked = waiting[which % len(waiting)].approval
            assert asked is not None
            typed = asked.typed_name if right else "api2"
            self.attempt(self.world.desk.vote_approve(asked.id, user, typed=typed, reason="because it is broken"))

    @rule()
    def a_careful_person_says_yes_to_all_that_is_asked(self) -> None:
        """Twice, so that a second step behind the first is reached as well."""
        for _ in range(2):
            for each in self.incidents():
                asked = each.approval
                if asked is not None:
                    work = self.world.desk.vote_approve(asked.id, b.BEN, typed=asked.typed_name, reason="looked at it")
                    self.attempt(work)

    @rule(user=st.sampled_from([b.ANA, b.CHI]))
    def somebody_rejects(self, user: UserId) -> None:
        waiting = [each for each in self.incidents() if each.approval]
        if waiting:
            asked = waiting[0].approval
            assert asked is not None
            self.attempt(self.world.desk.vote_reject(asked.id, user, reason="not now"))

    @rule(user=st.sampled_from([b.ANA, b.CHI]), minutes=st.sampled_from([0, 5]))
    def somebody_freezes(self, user: UserId, minutes: int) -> None:
        span = timedelta(minutes=minutes) if minutes else None
        self.attempt(self.world.desk.freeze(Wish(Scope(), "moving", span), user))

    @rule(user=st.sampled_from([b.ANA, b.CHI]))
    def somebody_lets_go(self, user: UserId) -> None:
        self.attempt(self.world.desk.unfreeze(Scope(), user))

    @rule(which=st.sampled_from([0, 1, 2]))
    def policies_are_edited(self, which: int) -> None:
        self.world.rules = POLICIES[which]

    @rule(edited=st.booleans())
    def the_runbook_is_edited(self, edited: bool) -> None:
        self.world.runbooks.replace(EDITED if edited else RUNBOOK)

    @rule(answer=st.sampled_from(ANSWERS), text=st.sampled_from(["kubectl cordon node-1", WIDE.action]))
    def the_world_answers(self, answer: Outcome, text: object) -> None:
        self.executor.answer(text.text if isinstance(text, Command) else str(text), Performed(answer, detail="so"))

    @rule(uid=st.sampled_from(["uid-1", "uid-2"]))
    def a_target_is_made_anew(self, uid: str) -> None:
        self.executor.targets = (Target("Deployment", "api", "shop", uid=uid),)

    @rule(worked=st.sampled_from([True, False, None]))
    def somebody_settles(self, worked: bool | None) -> None:
        unclear = [each for each in self.incidents() if each.state is State.UNCLEAR and each.current]
        if unclear:
            step = unclear[0].current
            assert step is not None
            self.attempt(self.world.desk.settle(unclear[0].id, step, b.ANA, worked=worked))

    @rule(user=st.sampled_from([b.ANA, b.CHI]))
    def somebody_chooses_again(self, user: UserId) -> None:
        escalated = [each for each in self.incidents() if each.state is State.ESCALATED]
        if escalated:
            self.attempt(self.world.desk.choose(escalated[0].id, user, RUNBOOK.name))

    @rule(seconds=st.sampled_from([1, 20, 301, 1000]))
    def time_passes(self, seconds: int) -> None:
        self.do(self.world.later(seconds=seconds))

    @rule()
    def the_bot_is_restarted(self) -> None:
        self.loop.run_until_complete(self.life.aclose())
        self.world.again()
        self.life = AsyncExitStack()
        self.do(self.life.enter_async_context(self.world.alive()))

    @invariant()
    def nothing_ran_that_should_not(self) -> None:
        assert self.executor.violations == []

    def teardown(self) -> None:
        """The whole record, as `verify` looks at it, and every receipt has its intent."""
        try:
            intents = set()
            for incident in self.incidents():
                history = self.loop.run_until_complete(self.world.store.history(incident.id))
                assert auditing_steps.steps(incident.id, history, is_whole=True) == []
                intents |= _intents(incident.id, history)
            open_tries = {each for each in self.executor.tries if each.split("/")[0] in _open(self)}
            assert open_tries <= intents
            assert len(self.executor.tries) == len(set(self.executor.tries))
        finally:
            self.loop.run_until_complete(self.life.aclose())
            self.loop.close()


def _intents(incident: IncidentId, history: list[Recorded]) -> set[str]:
    """What was started, by run, step and try."""
    run, found = 0, set()
    for each in history:
        run += isinstance(each.event, events.PlanMade)
        if isinstance(each.event, events.StepStarted):
            found.add(f"{incident}/{run}/{each.event.step}/{each.event.attempt}")
    return found


def _open(machine: TrustMachine) -> set[str]:
    return {str(each.id) for each in machine.incidents()}


TestTrust = TrustMachine.TestCase
TestTrust.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)

"""A chosen runbook becomes a plan; a step whose turn has come is previewed again. Neither changes anything outside."""

import asyncio
from dataclasses import replace

from bot.core import actors, events, parameters, waves
from bot.core.errors import Invalid
from bot.core.events import EscalationReason
from bot.core.ids import StepId
from bot.core.incidents import Incident
from bot.core.plans import Plan, PlannedStep
from bot.core.runbooks import Runbook, StepSpec
from bot.core.states import State
from bot.core.waves import Wave
from bot.flow import previewing
from bot.flow.previewing import Previewer, Setting
from bot.flow.recording import Draft, Recorder
from bot.ports import Clock, Runbooks


class Planner:
    def __init__(
        self,
        recorder: Recorder,
        runbooks: Runbooks,
        previewer: Previewer,
        clock: Clock,
        *,
        escalate_to: tuple[str, ...],
    ) -> None:
        self._recorder = recorder
        self._runbooks = runbooks
        self._previewer = previewer
        self._clock = clock
        self._escalate_to = escalate_to

    async def make_plan(self, incident: Incident) -> None:
        """PlanMade, or an escalation that says what in the runbook or in the alert is missing."""
        runbook = self._runbooks.current().runbooks.get(incident.runbook) if incident.runbook else None
        if runbook is None:
            await self._blocked(incident, f"The runbook {incident.runbook} is not there any more.")
            return
        try:
            plan = await self._plan(incident, runbook)
        except Invalid as problem:
            await self._blocked(incident, f"{runbook.name} cannot be planned: {problem}.")
            return
        made = Draft(events.PlanMade(plan), actors.BOT)
        await self._recorder.record(
            incident.id, lambda now: [made] if now.state is State.PLANNING and now.version == incident.version else []
        )

    async def _plan(self, incident: Incident, runbook: Runbook) -> Plan:
        values = parameters.resolve(runbook, incident.first_alert, incident.parameters)
        level, reasons = self._previewer.level(runbook, incident)
        setting = self._previewer.setting(runbook, incident, values, level)

        def at(step: StepId) -> Setting:
            return replace(setting, lately=self._previewer.lately(incident, step, runbook.bounds))

        numbered = [(StepId(str(number)), spec) for number, spec in enumerate(runbook.steps, start=1)]
        planned = await asyncio.gather(*(self._planned(spec, step, at(step)) for step, spec in numbered))
        steps = [step for several in planned for step in several]
        requester = incident.chosen_by or incident.requester
        return setting.plan(steps, now=self._clock.now(), reasons=reasons, requester=requester)

    async def _planned(self, spec: StepSpec, step: StepId, setting: Setting) -> tuple[PlannedStep, ...]:
        """The step, or where level 3 would do it alone its two waves: one target first, then the others."""
        whole = await self._previewer.step(spec, step, setting)
        if not waves.is_split(whole, setting.level):
            return (whole,)
        first = await self._previewer.step(spec, waves.first_id(step), replace(setting, wave=Wave.FIRST))
        return first, await self._previewer.step(spec, step, replace(setting, wave=Wave.REST))

    async def prepare(self, incident: Incident, step: StepId) -> None:
        """Preview the step again as the world is now."""
        fresh = await previewing.step_again(self._runbooks, self._previewer, incident, step)
        if fresh is None:
            await self._blocked(incident, f"The runbook {incident.runbook} was changed or removed during the run.")
            return
        prepared = Draft(events.StepPrepared(fresh), actors.BOT)
        await self._recorder.record(incident.id, lambda now: [prepared] if _is_next(now, step) else [])

    async def plan_undo(self, incident: Incident, step: StepId) -> None:
        """The declared undo becomes a step of its own, right after the step that failed."""
        planned = await previewing.step_again(self._runbooks, self._previewer, incident, waves.undo_id(step))
        if planned is None:
            await self._blocked(incident, f"Step {step} failed and its undo is not in the runbook any more.")
            return
        drafted = Draft(events.UndoPlanned(step, planned), actors.BOT)

        def decide(now: Incident) -> list[Draft]:
            known = any(each.plan.id == planned.id for each in now.steps)
            return [] if known or now.state is not State.READY else [drafted]

        await self._recorder.record(incident.id, decide)

    async def _blocked(self, incident: Incident, why: str) -> None:
        raised = Draft(events.EscalationRaised(EscalationReason.BLOCKED, why, self._escalate_to), actors.BOT)
        await self._recorder.record(incident.id, lambda now: [raised] if now.version == incident.version else [])


def _is_next(incident: Incident, step: StepId) -> bool:
    following = incident.next_step
    return incident.state is State.READY and following is not None and following.plan.id == step

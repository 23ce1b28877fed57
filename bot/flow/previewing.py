"""Text to operation to preview to decision, for one step: what planning, asking and claiming all need, done in one way.

Nothing here changes anything outside; it is called again just before a step runs and must then give the same digest.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.core import guards, limits, policies, risk, waves
from bot.core.errors import Transient
from bot.core.guards import Situation
from bot.core.ids import StepId, UserId
from bot.core.incidents import Incident
from bot.core.levels import NEVER_EARNED, Standing
from bot.core.limits import LAST_HOUR, Lately
from bot.core.operations import Family, Operation, Replay, highest
from bot.core.plans import Plan, PlannedStep
from bot.core.previews import Preview
from bot.core.runbooks import Bound, Command, Level, OnFailure, Runbook, StepSpec
from bot.core.waves import Wave, position_of
from bot.flow.reading import Operations, Reader
from bot.flow.trusting import Trust
from bot.ports import Executor, Runbooks

PREVIEW_TIMEOUT = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Setting:
    """What one run takes from its surroundings: the runbook, its level, its values, and what was already used up.

    `wave` is the part of a step's targets that is meant; `is_cleared` says that the wave before it turned out well.
    """

    runbook: Runbook
    level: Level
    values: Mapping[str, str]
    situation: Situation
    spent: Mapping[str, int]
    lately: Lately = field(default_factory=dict)
    standing: Standing = NEVER_EARNED
    wave: Wave = Wave.WHOLE
    is_cleared: bool = False

    def plan(
        self, steps: Iterable[PlannedStep], *, now: datetime, reasons: tuple[str, ...], requester: UserId | None = None
    ) -> Plan:
        """`reasons` say why the level is what it is; the time limit counts from `now`."""
        return Plan(
            runbook=self.runbook.name,
            runbook_digest=self.runbook.digest,
            title=self.runbook.title,
            level=self.level,
            parameters=self.values,
            limits=self.runbook.limits,
            steps=tuple(steps),
            deadline=now + self.runbook.time_limit,
            requester=requester,
            notes=self.runbook.notes,
            escalation=self.runbook.escalation,
            level_reasons=reasons,
            bounds=self.runbook.bounds,
            reading_until=now + self.runbook.reading_limit,
        )


HowMuchLately = Callable[[Incident, StepId, Mapping[str, Bound]], Lately]


def _nothing_lately(_incident: Incident, _step: StepId, _bounds: Mapping[str, Bound]) -> Lately:
    return {}


HowItStands = Callable[[Runbook, Incident], Standing]


def _nothing_earned(_runbook: Runbook, _incident: Incident) -> Standing:
    return NEVER_EARNED


class Previewer:
    """`approvers` are the default users and groups (ids) where a runbook names none.

    `trust` are the policies in force and the clock. `lately` tells what other incidents have used, `standing` what the
    track record has earned; without them (a rehearsal) there is neither.
    """

    def __init__(
        self,
        executors: Mapping[Family, Executor],
        approvers: frozenset[str],
        *,
        trust: Trust,
        lately: HowMuchLately = _nothing_lately,
        standing: HowItStands = _nothing_earned,
    ) -> None:
        self._standing = standing
        self._trust = trust
        self._executors = executors
        self._approvers = approvers
        self.lately = lately
        self._reader = Reader()

    def setting(self, runbook: Runbook, incident: Incident, values: Mapping[str, str], level: Level) -> Setting:
        standing = self._standing(runbook, incident)
        about = guards.situation(incident, cures=standing.cures)
        return Setting(runbook, level, values, about, incident.spent, standing=standing)

    def level(self, runbook: Runbook, incident: Incident) -> tuple[Level, tuple[str, ...]]:
        """The level that a run of this incident has now, and why."""
        return self._standing(runbook, incident).of_plan(runbook)

    async def step(self, spec: StepSpec, number: StepId, setting: Setting) -> PlannedStep:
        """Raise Invalid when a text cannot be understood with these values.

        A step that uses what an earlier one has not found yet stays a template: there is nothing to preview.
        """
        reading = self._reader.reading(setting.runbook, position_of(number), setting.values)
        awaits = reading.missing(spec)
        if awaits:
            reading = replace(reading, values=None)
        planned = reading.operations(spec, awaits, setting.wave)
        if awaits:
            preview = Preview(problems=(reading.waits_for(awaits),))
        else:
            preview = await self._permitted_preview(spec, number, setting, planned)
        decided = self._decided(spec, number, setting, planned=planned, preview=preview)
        return waves.as_wave(decided, setting.wave)

    async def _permitted_preview(
        self, spec: StepSpec, number: StepId, setting: Setting, planned: Operations
    ) -> Preview:
        """Policy is asked before the outside is: what it forbids is not even looked at."""
        unseen = self._undecided(spec, number, setting, planned=planned, preview=Preview())
        problem = policies.preview_problem(self._case(unseen, spec, setting, ()), self._trust.rules())
        return Preview(problems=(problem,)) if problem else await self.preview(planned.operation)

    def as_written(self, spec: StepSpec, number: StepId, setting: Setting) -> PlannedStep:
        """The step as its runbook has it, placeholders and all, decided as if its dry run had found nothing amiss."""
        planned = self._reader.reading(setting.runbook, position_of(number), None).operations(spec, (), setting.wave)
        return self._decided(spec, number, setting, planned=planned, preview=Preview())

    def _decided(
        self, spec: StepSpec, number: StepId, setting: Setting, *, planned: Operations, preview: Preview
    ) -> PlannedStep:
        step = self._undecided(spec, number, setting, planned=planned, preview=preview)
        over = limits.violations(setting.spent, limits.counted(step), setting.runbook.limits)
        over += limits.beyond(step, setting.runbook.bounds, setting.lately)
        return replace(step, decision=policies.decide(self._case(step, spec, setting, over), self._trust.rules()))

    def _undecided(
        self, spec: StepSpec, number: StepId, setting: Setting, *, planned: Operations, preview: Preview
    ) -> PlannedStep:
        judgement = risk.judge(planned.operation, environment=setting.situation.environment, raised=spec.risk)
        if planned.probe is not None and judgement.replay is Replay.ONCE:
            judgement = replace(judgement, replay=Replay.PROBE)
        tier = highest(judgement.tier, spec.risk)
        return PlannedStep(
            id=number,
            name=spec.name,
            operation=planned.operation,
            judgement=judgement,
            tier=tier,
            decision=policies.UNDECIDED,
            preview=preview,
            expect=spec.expect,
            on_failure=spec.on_failure,
            verify=planned.verify,
            undo=planned.undo,
            timeout=spec.timeout,
            attempts=spec.attempts,
            probe=planned.probe,
            capture=spec.capture,
            patience=spec.patience,
            awaits=planned.awaits,
        )

    def _case(self, step: PlannedStep, spec: StepSpec, setting: Setting, over: tuple[str, ...]) -> policies.Case:
        runbook, local, around = setting.runbook, self._trust.local(), self._trust.around()
        is_verified = spec.verify is not None or any(self._reader.looks(runbook)[position_of(step.id) + 1 :])
        unmet = guards.unmet(
            step,
            setting.situation,
            runbook=runbook,
            is_verified=is_verified,
            level=setting.level,
            local=local,
            first=setting.is_cleared if setting.wave is Wave.REST else None,
        )
        return policies.Case(
            runbook=runbook,
            step=step,
            level=setting.level,
            situation=setting.situation,
            local=local,
            rule=policies.rule_for(runbook, step.tier, self._approvers, local, around=around),
            violations=over,
            unmet=(*setting.standing.unearned(spec), *unmet),
            used=setting.lately.get(LAST_HOUR, {}),
            around=around,
        )

    async def preview(self, operation: Operation) -> Preview:
        """The executor's preview; one that cannot be had is a preview with a problem, so that nothing runs unseen."""
        executor = self._executors.get(operation.family)
        if executor is None:
            return Preview(problems=(f"{operation.family} operations are not set up here: see the settings in README",))
        try:
            async with asyncio.timeout(PREVIEW_TIMEOUT.total_seconds()):
                return await executor.preview(operation, timeout=PREVIEW_TIMEOUT)
        except TimeoutError:
            return Preview(problems=(f"the dry run gave no answer within {PREVIEW_TIMEOUT.seconds} s: try again",))
        except Transient as problem:
            return Preview(problems=(f"the dry run could not be made: {problem}",))


def current_setting(runbooks: Runbooks, previewer: Previewer, incident: Incident) -> Setting | None:
    """The setting of the running plan, while its runbook is byte for byte the one that was planned (F61)."""
    plan = incident.plan
    runbook = runbooks.current().runbooks.get(plan.runbook) if plan else None
    if plan is None or runbook is None or runbook.digest != plan.runbook_digest:
        return None
    values = {**plan.parameters, **incident.captured}
    return previewer.setting(runbook, incident, values, plan.level)


async def step_again(runbooks: Runbooks, previewer: Previewer, incident: Incident, step: StepId) -> PlannedStep | None:
    """The step as it would run now; None when its runbook is not the one that was planned."""
    setting = current_setting(runbooks, previewer, incident)
    if setting is None:
        return None
    setting = replace(
        setting,
        lately=previewer.lately(incident, step, setting.runbook.bounds),
        wave=waves.wave_of(incident, step),
        is_cleared=waves.is_cleared(incident, step),
    )
    known = next((each for each in incident.steps if each.plan.id == step), None)
    if known is not None and known.attempts:
        setting = replace(setting, spent=limits.without(setting.spent, limits.counted(known.plan)))
    done = setting.runbook.steps[position_of(step)]
    undone = waves.undone(step)
    spec = _undo_spec(done, incident, undone) if undone else done
    return await previewer.step(spec, step, setting) if spec else None


def _undo_spec(done: StepSpec, incident: Incident, step: StepId) -> StepSpec | None:
    """The undo as a step: it escalates when it fails, and has no undo of its own.

    Without a declared one it is what the dry run of the very step that was run knew as the way back.
    """
    known = incident.step(step).undo
    action = done.undo or (Command(known) if known else None)
    if action is None:
        return None
    return StepSpec(
        name=f"Undo: {done.name}", action=action, on_failure=OnFailure.ESCALATE, risk=done.risk, timeout=done.timeout
    )

"""Text to operation to preview to decision, for one step: what planning, asking and claiming all need, done in one way.

Nothing here changes anything outside; it is called again just before a step runs and must then give the same digest.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core import limits, policies, risk
from bot.core.commands import parsing
from bot.core.errors import Transient
from bot.core.ids import StepId, UserId
from bot.core.incidents import Incident
from bot.core.operations import Family, Operation, Tier, highest
from bot.core.plans import Plan, PlannedStep, PlannedVerification
from bot.core.previews import Preview
from bot.core.runbooks import Action, Command, Level, OnFailure, Runbook, StepSpec
from bot.ports import Executor, Runbooks

PREVIEW_TIMEOUT = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Setting:
    """What one run takes from its surroundings: the runbook, its level, its values, and what was already used up."""

    runbook: Runbook
    level: Level
    values: Mapping[str, str]
    environment: str
    spent: Mapping[str, int]

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
        )


class Previewer:
    """`approvers` are the default users and groups (ids) where a runbook names none."""

    def __init__(self, executors: Mapping[Family, Executor], approvers: frozenset[str]) -> None:
        self._executors = executors
        self._approvers = approvers

    def operation(self, action: Action, setting: Setting) -> Operation:
        """Raise Invalid when the text cannot be understood with these values."""
        parameters, manifests = setting.runbook.parameters, setting.runbook.manifests
        if isinstance(action, Command):
            return parsing.parse(action.text, values=setting.values, parameters=parameters, manifests=manifests)
        return parsing.http_operation(action, setting.values, parameters)

    async def step(self, spec: StepSpec, number: StepId, setting: Setting) -> PlannedStep:
        operation = self.operation(spec.action, setting)
        undo = self.operation(spec.undo, setting) if spec.undo else None
        verify = None
        if spec.verify is not None:
            check = self.operation(spec.verify.action, setting)
            verify = PlannedVerification(check, spec.verify.expect, spec.verify.within)
        preview = await self.preview(operation)
        return self._decided(spec, number, setting, operation=operation, undo=undo, verify=verify, preview=preview)

    def _decided(
        self,
        spec: StepSpec,
        number: StepId,
        setting: Setting,
        *,
        operation: Operation,
        undo: Operation | None,
        verify: PlannedVerification | None,
        preview: Preview,
    ) -> PlannedStep:
        judgement = risk.judge(operation, environment=setting.environment, raised=spec.risk)
        tier = highest(judgement.tier, spec.risk)
        rule = policies.rule_for(setting.runbook, tier, self._approvers) if tier is not Tier.LOW else None
        undecided = PlannedStep(
            id=number,
            name=spec.name,
            operation=operation,
            judgement=judgement,
            tier=tier,
            decision=policies.UNDECIDED,
            preview=preview,
            expect=spec.expect,
            on_failure=spec.on_failure,
            verify=verify,
            undo=undo,
            timeout=spec.timeout,
            attempts=spec.attempts,
        )
        over = limits.violations(setting.spent, limits.counted(undecided), setting.runbook.limits)
        decision = policies.decide(
            level=setting.level,
            tier=tier,
            judgement=judgement,
            preview=preview,
            violations=over,
            rule=rule,
            runbook=setting.runbook,
        )
        return replace(undecided, decision=decision)

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


def current_setting(runbooks: Runbooks, incident: Incident) -> Setting | None:
    """The setting of the running plan, while its runbook is byte for byte the one that was planned (F61)."""
    plan = incident.plan
    runbook = runbooks.current().runbooks.get(plan.runbook) if plan else None
    if plan is None or runbook is None or runbook.digest != plan.runbook_digest:
        return None
    return Setting(runbook, plan.level, plan.parameters, incident.environment, incident.spent)


async def step_again(runbooks: Runbooks, previewer: Previewer, incident: Incident, step: StepId) -> PlannedStep | None:
    """The step as it would run now; None when its runbook is not the one that was planned."""
    setting = current_setting(runbooks, incident)
    if setting is None:
        return None
    known = next((each for each in incident.steps if each.plan.id == step), None)
    if known is not None and known.attempts:
        setting = replace(setting, spent=limits.without(setting.spent, limits.counted(known.plan)))
    spec = _undo_spec(step, setting.runbook) if step.endswith("-undo") else setting.runbook.steps[int(step) - 1]
    return await previewer.step(spec, step, setting) if spec else None


def _undo_spec(step: StepId, runbook: Runbook) -> StepSpec | None:
    """The undo as a step: it escalates when it fails, and has no undo of its own."""
    done = runbook.steps[int(step.removesuffix("-undo")) - 1]
    if done.undo is None:
        return None
    return StepSpec(
        name=f"Undo: {done.name}", action=done.undo, on_failure=OnFailure.ESCALATE, risk=done.risk, timeout=done.timeout
    )

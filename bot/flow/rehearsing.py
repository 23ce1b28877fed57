"""A runbook planned as the bot would plan it, without an incident: previews only, nothing is stored, asked or run.

Steps are looked at one after another, each with what those before it would use of the limits, as at its real turn.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from bot.core import parameters, rehearsals
from bot.core.alerts import Alert, Severity
from bot.core.guards import Situation
from bot.core.ids import StepId
from bot.core.levels import NEVER_EARNED
from bot.core.plans import Plan, PlannedStep
from bot.core.runbooks import Runbook
from bot.flow.previewing import Previewer, Setting


def _silent(_: str) -> None:
    pass


async def rehearse(
    runbook: Runbook,
    alert: Alert | None,
    typed: Mapping[str, str],
    *,
    previewer: Previewer,
    now: datetime,
    tell: Callable[[str], None] = _silent,
) -> Plan:
    """Raise Invalid when a parameter has no value or a wrong one, or a step cannot be understood with these values."""
    values = parameters.resolve(runbook, alert, typed)
    level, reasons = NEVER_EARNED.of_plan(runbook)
    about = Situation(
        service=alert.service if alert else "",
        environment=parameters.environment(alert, values),
        severity=alert.severity if alert else Severity.UNKNOWN,
    )
    setting = Setting(runbook, level, values, about, {})
    steps: list[PlannedStep] = []
    for number, spec in enumerate(runbook.steps, start=1):
        tell(f"dry run of step {number} of {len(runbook.steps)}")
        step = await previewer.step(spec, StepId(str(number)), setting)
        setting = replace(setting, spent=rehearsals.spend(setting.spent, step))
        steps.append(step)
    return setting.plan(steps, now=now, reasons=reasons)

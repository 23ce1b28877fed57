"""`check --explain RUNBOOK/STEP`: what would be decided about a step now, by which policies, and who may approve it."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot import outside, settings
from bot.adapters.cedar.policies import PolicyFiles
from bot.adapters.runbook_files.calendar import CalendarFile
from bot.adapters.runbook_files.library import RunbookFiles
from bot.adapters.system_clock import SystemClock
from bot.cli import screen
from bot.core import policies
from bot.core.actors import Person, Standing
from bot.core.errors import Invalid, Refused
from bot.core.guards import Situation
from bot.core.ids import GroupId, RunbookName, StepId, UserId
from bot.core.plans import PlannedStep, Verdict
from bot.core.policies import Voting
from bot.core.runbooks import Level, Runbook
from bot.flow.previewing import Previewer, Setting
from bot.flow.trusting import Trust

_MATCHED = 1.0
_WORDS = {
    Verdict.ALLOW: "runs alone",
    Verdict.ASK: "asks",
    Verdict.SHOW: "is only shown",
    Verdict.DENY: "is not done",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """`level` is taken as earned: what would be decided if it were."""

    which: str
    service: str
    environment: str
    level: int | None


def explain(asked: Asked, *, as_json: bool) -> None:
    """Exit 2 for a runbook or a step that is not there."""
    configured = settings.read_local()
    files = RunbookFiles(configured.runbooks)
    runbook, number = _named(asked.which, files)
    try:
        found = PolicyFiles(configured.runbooks)
        calendar = CalendarFile(configured.runbooks, configured.zone)
    except Invalid as problem:
        screen.fail(str(problem))
    trust = outside.trust(configured, SystemClock(), policies=found, calendar=calendar, library=files.current)
    level = Level(asked.level) if asked.level is not None else min(runbook.max_level, Level.ASSISTED)
    about = Situation(asked.service, asked.environment, confidence=_MATCHED, is_chosen_by_person=False)
    setting = Setting(runbook, level, {}, about, {})
    previewer = Previewer({}, frozenset(configured.approvers), trust=trust)
    step = previewer.as_written(runbook.steps[number - 1], StepId(str(number)), setting)
    voters = _voters(step, runbook, asked, trust)
    if as_json:
        screen.document(_document(step, level, voters))
    else:
        _show(step, level, asked, voters)


def _named(which: str, files: RunbookFiles) -> tuple[Runbook, int]:
    name, _, number = which.rpartition("/")
    runbook = files.current().runbooks.get(RunbookName(name))
    if runbook is None:
        known = ", ".join(sorted(files.current().runbooks)) or "none"
        screen.fail(f"write RUNBOOK/STEP, such as stuck-pod/2; there is no runbook {name!r} (there are: {known})")
    if not (number.isascii() and number.isdecimal() and 0 < int(number) <= len(runbook.steps)):
        screen.fail(f"{name} has steps 1 to {len(runbook.steps)}, not {number!r}")
    return runbook, int(number)


def _voters(step: PlannedStep, runbook: Runbook, asked: Asked, trust: Trust) -> list[tuple[str, str]]:
    """Each person and group of the rule, with what keeps it from approving; nothing where it may."""
    rule = step.decision.rule
    if rule is None or step.decision.verdict is not Verdict.ASK:
        return []
    people: Sequence[tuple[str, Standing]] = [
        *((group, _standing(group, group)) for group in sorted(rule.groups)),
        *((user, _standing(user)) for user in sorted(rule.users)),
    ]
    voting = Voting(runbook.name, step, asked.service, asked.environment, trust.local(), trust.around())
    found = []
    for name, standing in people:
        try:
            policies.check_approver(standing, voting, trust.rules(), rule=rule, requester=None)
            found.append((name, ""))
        except Refused as problem:
            found.append((name, str(problem)))
    return found


def _standing(user: str, group: str = "") -> Standing:
    """Somebody of whom nothing else is known."""
    return Standing(Person(UserId(user), user), frozenset({GroupId(group)} if group else ()))


def _document(step: PlannedStep, level: Level, voters: list[tuple[str, str]]) -> dict[str, object]:
    decision = step.decision
    return {
        "step": step.id,
        "command": step.operation.text,
        "tier": step.tier,
        "level": level.value,
        "verdict": decision.verdict,
        "reasons": list(decision.reasons),
        "policies": [{"id": each.id, "forbids": each.forbids, "reason": each.reason} for each in decision.deciding],
        "policy": decision.policy,
        "rule": str(decision.rule or ""),
        "approvers": [{"id": name, "may": not why, "why_not": why} for name, why in voters],
    }


def _show(step: PlannedStep, level: Level, asked: Asked, voters: list[tuple[str, str]]) -> None:
    decision = step.decision
    where = " of ".join(each for each in (asked.environment, asked.service) if each) or "no named environment"
    rows = [
        ("Step", f"{step.id}  {step.name}"),
        ("", step.operation.text),
        ("Now", f"{_WORDS[decision.verdict]}, at level {level.value}, in {where}"),
        *(("Why" if not at else "", reason) for at, reason in enumerate(decision.reasons)),
        *(("Policy" if not at else "", f"{each.id}: {each.reason}") for at, each in enumerate(decision.deciding)),
        *(("Asks" if not at else "", f"{name}: {why or 'may approve'}") for at, (name, why) in enumerate(voters)),
    ]
    if decision.rule is not None and decision.rule.quorum > 1 and voters:
        rows.append(("", f"{decision.rule.quorum} different people must approve"))
    screen.entries(rows)

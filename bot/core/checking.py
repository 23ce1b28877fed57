"""What is wrong with a runbook before anybody needs it: steps that could never run, limits that no run could keep.

`check` finds what keeps a runbook from being loaded, `advise` what its author should know. Both are pure and see one
runbook; a line of 0 means that the runbook does not say where (the loader knows).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core import captures, patterns, risk, schedules
from bot.core.commands import parsing, placeholders
from bot.core.durations import duration
from bot.core.errors import Invalid
from bot.core.operations import Effect, Judgement
from bot.core.runbooks import (
    Action,
    Checkpoint,
    Command,
    HttpCall,
    Match,
    OnFailure,
    Pause,
    Problem,
    Runbook,
    SqlStatement,
    StepSpec,
)

_MAY_BE_EMPTY = Match()
_KEYS = {Command: "run", HttpCall: "http", SqlStatement: "sql", Checkpoint: "checkpoint", Pause: "wait"}


@dataclass(frozen=True, slots=True)
class _Use:
    """One action of a runbook, where it stands, and what the registry says of it (or why it cannot be read)."""

    step: StepSpec
    key: str
    action: Action
    judgement: Judgement | None
    problem: Problem | None

    @property
    def is_step(self) -> bool:
        """Not an undo or a verification."""
        return "." not in self.key


def check(runbook: Runbook) -> list[Problem]:
    """Empty for a runbook that may be used."""
    uses = list(_uses(runbook))
    found = [use.problem for use in uses if use.problem]
    looks = [use for use in uses if use.key.endswith((".verify", ".probe")) and not use.problem]
    found += [_not_a_read(runbook, use) for use in looks if _writes(use.judgement)]
    found += _undo_problems(runbook, uses)
    found += _capture_problems(runbook, uses)
    found += _wait_problems(runbook, uses)
    found += _parameter_problems(runbook)
    found += _limit_problems(runbook, uses)
    found += _schedule_problems(runbook)
    return found


def _schedule_problems(runbook: Runbook) -> list[Problem]:
    known = ", ".join(sorted(runbook.schedules)) or "none"
    return [
        Problem(
            runbook.path, 0, f"approvers.{tier}.oncall",
            f"there is no schedule {name}", f"write it into schedules.yaml (there are: {known}), or pagerduty/ID",
        )
        for tier, rule in sorted(runbook.approvers.items())
        for name in rule.oncall
        if name not in runbook.schedules and not schedules.is_outside(name)
    ]  # fmt: skip


def advise(runbook: Runbook) -> list[Problem]:
    """What works, but probably not as its author thinks. Never keeps a runbook from loading."""
    uses = list(_uses(runbook))
    return [*_unverified(runbook, uses), *_unused_parameters(runbook), *_match_advice(runbook)]


# --- actions ---------------------------------------------------------------------------------------------------------


def _actions(runbook: Runbook) -> Iterator[tuple[int, str, Action]]:
    """Every action with the position of its step and where it stands."""
    for position, step in enumerate(runbook.steps):
        key = f"steps[{position + 1}]"
        yield position, key, step.action
        if step.undo is not None:
            yield position, f"{key}.undo", step.undo
        if step.verify is not None:
            yield position, f"{key}.verify", step.verify.action
        if step.probe is not None:
            yield position, f"{key}.probe", step.probe.action


def _uses(runbook: Runbook) -> Iterator[_Use]:
    for position, key, action in _actions(runbook):
        step = runbook.steps[position]
        place = f"{key}.{_KEYS[type(action)]}"
        known = captures.parameters_at(runbook, position)
        try:
            operation = parsing.operation(
                action, parameters=known, programs=runbook.programs, manifests=runbook.manifests
            )
        except Invalid as error:
            problem = Problem(runbook.path, step.line, place, error.problem, error.remedy)
            yield _Use(step, key, action, None, problem)
            continue
        judgement = risk.judge(operation)
        refusal = judgement.refused_because
        problem_of_use = Problem(runbook.path, step.line, place, refusal, "") if refusal else None
        yield _Use(step, key, action, judgement, problem_of_use)


def _writes(judgement: Judgement | None) -> bool:
    return judgement is not None and judgement.effect is not Effect.READ


def _not_a_read(runbook: Runbook, use: _Use) -> Problem:
    message = "this may be repeated many times, and it is not a read"
    return Problem(runbook.path, use.step.line, use.key, message, "look with a command or GET that changes nothing")


def _undo_problems(runbook: Runbook, uses: Sequence[_Use]) -> list[Problem]:
    """Undone on failure, and neither the runbook nor the registry knows the way back."""
    return [
        Problem(
            runbook.path, use.step.line, f"{use.key}.on_failure",
            "on failure the step is to be undone, but nothing says how", "add undo:, or write escalate",
        )
        for use in uses
        if use.is_step and use.step.on_failure is OnFailure.UNDO and use.step.undo is None and not _is_known(use)
    ]  # fmt: skip


def _is_known(use: _Use) -> bool:
    return use.judgement is not None and use.judgement.effect is not Effect.READ and use.judgement.is_reversible


# --- captures and waits ----------------------------------------------------------------------------------------------


def _capture_problems(runbook: Runbook, uses: Sequence[_Use]) -> list[Problem]:
    found, seen = [], set(runbook.parameters)
    for use in (each for each in uses if each.is_step and each.step.capture):
        capture, key = use.step.capture, f"{use.key}.capture"
        if capture is None:
            continue
        if capture.name in seen:
            message, remedy = f"{{{capture.name}}} is there already", "give the captured value another name"
            found.append(Problem(runbook.path, use.step.line, key, message, remedy))
        if _writes(use.judgement) or isinstance(use.action, Checkpoint | Pause):
            message, remedy = "a value is captured from a read, and this is not one", "capture it in a step of its own"
            found.append(Problem(runbook.path, use.step.line, key, message, remedy))
        seen.add(capture.name)
    return found


def _wait_problems(runbook: Runbook, uses: Sequence[_Use]) -> list[Problem]:
    found = []
    for use in (each for each in uses if each.is_step and each.step.patience):
        key, patience = f"{use.key}.wait", use.step.patience
        if patience is not None and patience.within >= runbook.time_limit:
            message = (
                f"it may wait {duration(patience.within)}, and the whole run may take {duration(runbook.time_limit)}"
            )
            found.append(Problem(runbook.path, use.step.line, key, message, "shorten it, or raise time_limit"))
        if _writes(use.judgement):
            found.append(_not_a_read(runbook, use))
    return found


# --- parameters ------------------------------------------------------------------------------------------------------


def _parameter_problems(runbook: Runbook) -> list[Problem]:
    found = []
    for name, parameter in runbook.parameters.items():
        try:
            patterns.parse(parameter.pattern, whole=True)
            if parameter.default is not None:
                placeholders.check_value(name, parameter.default, parameter)
        except Invalid as error:
            key = f"parameters.{name}"
            found.append(Problem(runbook.path, 0, key, f"{error.problem} (pattern or default)", error.remedy))
    return found


def _unused_parameters(runbook: Runbook) -> list[Problem]:
    used = {name for _, _, action in _actions(runbook) for name in captures.names(action)}
    return [
        Problem(runbook.path, 0, f"parameters.{name}", "no step uses this parameter", f"remove it, or write {{{name}}}")
        for name in sorted(set(runbook.parameters) - used)
    ]


# --- limits and verification -----------------------------------------------------------------------------------------


def _limit_problems(runbook: Runbook, uses: Sequence[_Use]) -> list[Problem]:
    """A limit below what the steps certainly add up to: the run would stop half-way, every time."""
    needed: Counter[str] = Counter()
    for use in uses:
        if use.is_step and use.judgement:
            needed.update(use.judgement.counters)
    return [
        _too_small(runbook, name, runbook.limits[name], needed)
        for name in sorted(needed)
        if name in runbook.limits and needed[name] > runbook.limits[name]
    ]


def _too_small(runbook: Runbook, name: str, limit: int, needed: Mapping[str, int]) -> Problem:
    message = f"the limit is {limit}, but the steps need at least {needed[name]}"
    return Problem(runbook.path, 0, f"limits.{name}", message, f"raise it to {needed[name]}, or remove a step")


def _unverified(runbook: Runbook, uses: Sequence[_Use]) -> list[Problem]:
    """Writes that no later read with an expectation, nor a verification of their own, looks at."""
    steps = [use for use in uses if use.is_step]
    found = []
    for position, use in enumerate(steps):
        is_seen = use.step.verify is not None or any(_verifies(later) for later in steps[position + 1 :])
        if _writes(use.judgement) and not is_seen:
            message = "nothing verifies this change afterwards, so it never runs without a person"
            remedy = "add verify:, or a later step that reads and expects something"
            found.append(Problem(runbook.path, use.step.line, use.key, message, remedy))
    return found


def _verifies(use: _Use) -> bool:
    waits = isinstance(use.action, Command) and "rollout status" in use.action.text  # fails by itself when not ready
    return use.judgement is not None and not _writes(use.judgement) and (waits or not use.step.expect.is_empty)


def _match_advice(runbook: Runbook) -> list[Problem]:
    vague = replace(runbook.match, severity=(), environment=())
    if vague != _MAY_BE_EMPTY:
        return []
    message = "no alert will find this runbook: only people can start it"
    return [Problem(runbook.path, 0, "match", message, "say which words, alert names, labels or services it is for")]

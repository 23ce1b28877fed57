"""What is wrong with a runbook before anybody needs it: steps that could never run, limits that no run could keep.

`check` finds what keeps a runbook from being loaded, `advise` what its author should know. Both are pure and see one
runbook; a line of 0 means that the runbook does not say where (the loader knows).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core import patterns, risk
from bot.core.commands import parsing, placeholders
from bot.core.commands.programs import AllowedProgram
from bot.core.errors import Invalid
from bot.core.operations import Effect, Judgement
from bot.core.runbooks import Action, Command, Match, OnFailure, Problem, Runbook, StepSpec

_MAY_BE_EMPTY = Match()


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


def check(runbook: Runbook, *, programs: Sequence[AllowedProgram] = ()) -> list[Problem]:
    """Empty for a runbook that may be used. `programs` is the allow-list of the settings."""
    uses = list(_uses(runbook, programs))
    found = [use.problem for use in uses if use.problem]
    looks = [use for use in uses if use.key.endswith(".verify") and not use.problem]
    found += [_not_a_read(runbook, use) for use in looks if _writes(use.judgement)]
    found += _undo_problems(runbook)
    found += _parameter_problems(runbook)
    found += _limit_problems(runbook, uses)
    return found


def advise(runbook: Runbook, *, programs: Sequence[AllowedProgram] = ()) -> list[Problem]:
    """What works, but probably not as its author thinks. Never keeps a runbook from loading."""
    uses = list(_uses(runbook, programs))
    return [*_unverified(runbook, uses), *_unused_parameters(runbook), *_match_advice(runbook)]


# --- actions ---------------------------------------------------------------------------------------------------------


def _actions(runbook: Runbook) -> Iterator[tuple[StepSpec, str, Action]]:
    for number, step in enumerate(runbook.steps, start=1):
        yield step, f"steps[{number}]", step.action
        if step.undo is not None:
            yield step, f"steps[{number}].undo", step.undo
        if step.verify is not None:
            yield step, f"steps[{number}].verify", step.verify.action


def _uses(runbook: Runbook, programs: Sequence[AllowedProgram]) -> Iterator[_Use]:
    for step, key, action in _actions(runbook):
        place = f"{key}.{'run' if isinstance(action, Command) else 'http'}"
        try:
            operation = parsing.operation(
                action, parameters=runbook.parameters, programs=programs, manifests=runbook.manifests
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
    message = "a verification may be repeated many times, and this is not a read"
    return Problem(runbook.path, use.step.line, use.key, message, "verify with a command or GET that changes nothing")


def _undo_problems(runbook: Runbook) -> list[Problem]:
    return [
        Problem(
            runbook.path, step.line, f"steps[{number}].on_failure",
            "on failure the step is to be undone, but nothing says how", "add undo:, or write escalate",
        )
        for number, step in enumerate(runbook.steps, start=1)
        if step.on_failure is OnFailure.UNDO and step.undo is None
    ]  # fmt: skip


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
    used = {name for _, _, action in _actions(runbook) for name in _names(action)}
    return [
        Problem(runbook.path, 0, f"parameters.{name}", "no step uses this parameter", f"remove it, or write {{{name}}}")
        for name in sorted(set(runbook.parameters) - used)
    ]


def _names(action: Action) -> tuple[str, ...]:
    if isinstance(action, Command):
        try:
            return placeholders.names(action.text)
        except Invalid:  # reported by `check`
            return ()
    body = action.body if action.json is None else action.json
    return placeholders.names_in_json([action.url, *action.headers.values(), body])


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

"""A value that one step finds and later steps use: which names are known where, and what counts as a value."""

from collections.abc import Mapping

from bot.core.commands import placeholders
from bot.core.errors import Invalid
from bot.core.runbooks import Action, Capture, Checkpoint, Command, HttpCall, Parameter, Pause, Runbook, SqlStatement

SHOWN_CHARACTERS = 80


def parameters_at(runbook: Runbook, position: int) -> Mapping[str, Parameter]:
    """What the step at `position` (from 0) may name: the runbook's parameters and what earlier steps capture."""
    found = {each.capture.name: _parameter(each.capture) for each in runbook.steps[:position] if each.capture}
    return {**runbook.parameters, **found}


def _parameter(capture: Capture) -> Parameter:
    return Parameter(capture.name, capture.pattern, description="found by an earlier step")


def finder(runbook: Runbook, name: str, position: int) -> int | None:
    """The number (from 1) of the step before `position` that finds this value."""
    numbers = [number for number, each in enumerate(runbook.steps[:position], 1) if each.capture]
    return next((number for number in numbers if _names(runbook, number) == name), None)


def _names(runbook: Runbook, number: int) -> str:
    capture = runbook.steps[number - 1].capture
    return capture.name if capture else ""


def names(action: Action) -> tuple[str, ...]:
    """The placeholders of an action; none where it cannot be read, which `check` reports."""
    match action:
        case Command(text):
            try:
                return placeholders.names(text)
            except Invalid:
                return ()
        case HttpCall():
            body = action.body if action.json is None else action.json
            return placeholders.names_in_json([action.url, *action.headers.values(), body])
        case SqlStatement():
            return placeholders.names_in_json(dict(action.values))
        case Checkpoint(question):
            return placeholders.names_in_json(question)
        case Pause():
            return ()


def read(capture: Capture, output: str) -> str:
    """The one value in this output. Raise Invalid saying what came back and what was wanted."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if len(lines) != 1:
        came = "nothing came back" if not lines else f"{len(lines)} lines came back"
        raise Invalid(f"{came}, and {{{capture.name}}} is one value", remedy="narrow the command down to one line")
    value = lines[0]
    try:
        placeholders.check_value(capture.name, value, _parameter(capture))
    except Invalid as error:
        shown = value if len(value) <= SHOWN_CHARACTERS else f"{value[:SHOWN_CHARACTERS]}…"
        raise Invalid(f"{error.problem}: {shown}", remedy=f"it must match {capture.pattern}") from error
    return value

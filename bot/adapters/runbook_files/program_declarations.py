"""`programs.yaml` beside the runbooks: the local programs that steps may run, each one whole command line."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from bot.adapters.runbook_files import yaml_problems
from bot.adapters.runbook_files.findings import Findings, Place
from bot.adapters.runbook_files.yaml_models import NAME, ParameterName, Strict, Text, TierWord, WholePattern, shaped
from bot.core.commands import declared
from bot.core.errors import Invalid
from bot.core.operations import Effect, Json, Replay, Tier
from bot.core.runbooks import AllowedProgram, Parameter

FILE = "programs.yaml"


class PatternForm(Strict):
    pattern: WholePattern


class ProgramForm(Strict):
    """`replay` is `once` unless it is said that running it again with the same words changes nothing more."""

    run: Text
    effect: Literal["read", "write"]
    risk: TierWord
    replay: Literal["once", "idempotent"] = "once"
    parameters: Annotated[dict[ParameterName, PatternForm], Field(default_factory=dict)]


_Name = Annotated[str, shaped(NAME, "a name", "write lower-case letters, digits and dashes")]
_FORM = TypeAdapter(dict[_Name, ProgramForm])


def read(value: Json, found: Findings) -> tuple[AllowedProgram, ...]:
    """The declared programs in the order of their names."""
    try:
        forms = _FORM.validate_python(value or {})
    except ValidationError as error:
        for each in error.errors(include_url=False):
            yaml_problems.explain(each, found, _keys)
        return ()
    made = (_program(name, form, found) for name, form in sorted(forms.items()))
    return tuple(program for program in made if program is not None)


def _program(name: str, form: ProgramForm, found: Findings) -> AllowedProgram | None:
    try:
        template = declared.template(form.run)
    except Invalid as error:
        found.at((name, "run"), error.problem, error.remedy)
        return None
    parameters = {each: Parameter(each, given.pattern) for each, given in sorted(form.parameters.items())}
    program = declared.settled(
        AllowedProgram(name, template, Effect(form.effect), Tier(form.risk), Replay(form.replay), parameters)
    )
    for fault in declared.faults(program):
        found.at((name, *fault.key.split(".")), fault.message, fault.remedy)
    return program


def _keys(parent: Place) -> list[str]:
    return [*ProgramForm.model_fields] if len(parent) == 1 else [*PatternForm.model_fields]

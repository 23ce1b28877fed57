"""`schedules.yaml` beside the runbooks: who is on call when, for approver rules that name a schedule."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from bot.adapters.runbook_files import yaml_problems
from bot.adapters.runbook_files.calendar import Moment
from bot.adapters.runbook_files.findings import Findings, Place
from bot.adapters.runbook_files.yaml_models import NAME, Duration, Strict, UserId_, shaped, wrong
from bot.core.ids import UserId
from bot.core.operations import Json
from bot.core.schedules import Override, Schedule

FILE = "schedules.yaml"
_HOUR = timedelta(hours=1)


def _whole_hours(turn: timedelta) -> timedelta:
    if turn < _HOUR or turn % _HOUR:
        raise wrong("a turn is a whole number of hours", "write 12h, 24h or 168h")
    return turn


class OverrideForm(Strict):
    user: UserId_
    start: Annotated[Moment, Field(alias="from")]
    end: Annotated[Moment, Field(alias="to")]


class ScheduleForm(Strict):
    rotation: Annotated[list[UserId_], Field(min_length=1, max_length=100)]
    starts: Moment
    every: Annotated[Duration, AfterValidator(_whole_hours)]
    overrides: Annotated[list[OverrideForm], Field(max_length=1_000, default_factory=list)]


_Name = Annotated[str, shaped(NAME, "a name", "write lower-case letters, digits and dashes")]
_FORM = TypeAdapter(dict[_Name, ScheduleForm])


def read(value: Json, found: Findings) -> dict[str, Schedule]:
    """The schedules by name."""
    try:
        forms = _FORM.validate_python(value or {})
    except ValidationError as error:
        for each in error.errors(include_url=False):
            yaml_problems.explain(each, found, _keys)
        return {}
    for name, form in forms.items():
        for number, override in enumerate(form.overrides):
            if override.end <= override.start:
                found.at((name, "overrides", number, "to"), "it ends before it begins", "write a later moment")
    return {name: _schedule(name, form) for name, form in sorted(forms.items())}


def _schedule(name: str, form: ScheduleForm) -> Schedule:
    overrides = tuple(Override(UserId(each.user), each.start, each.end) for each in form.overrides)
    return Schedule(name, tuple(UserId(each) for each in form.rotation), form.starts, form.every, overrides)


def _keys(parent: Place) -> list[str]:
    form = OverrideForm if len(parent) > 1 else ScheduleForm
    return [field.alias or name for name, field in form.model_fields.items()]

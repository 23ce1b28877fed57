"""`calendar.yaml` beside the runbooks: freezes that are known beforehand, on the organisation's own wall clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, ValidationError

from bot.adapters.runbook_files import yaml_problems
from bot.adapters.runbook_files.findings import Findings, Place
from bot.adapters.runbook_files.side_files import SideFile
from bot.adapters.runbook_files.yaml_form import window
from bot.adapters.runbook_files.yaml_models import NAME, Line, Strict, WindowForm, shaped, wrong
from bot.core.errors import Invalid
from bot.core.freezes import CALENDAR, Freeze, Scope, ScopeKind
from bot.core.operations import Json
from bot.core.windows import Window

FILE = "calendar.yaml"


def _moment(value: object) -> datetime:
    """Without a zone: a wall clock's. It becomes a moment where the zone is known."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise wrong(f"{str(value)[:40]!r} is not a date and time", "write '2026-12-24 18:00', without a zone")
    return found


_Name = Annotated[str, shaped(NAME, "a name", "write lower-case letters, digits and dashes")]
Moment = Annotated[datetime, BeforeValidator(_moment)]


class FreezeForm(Strict):
    """At most one of environment, service and runbook narrows it."""

    name: _Name
    reason: Line
    start: Annotated[Moment, Field(alias="from")]
    end: Annotated[Moment, Field(alias="to")]
    environment: Line | None = None
    service: Line | None = None
    runbook: Line | None = None


class CalendarForm(Strict):
    freezes: Annotated[list[FreezeForm], Field(max_length=1_000, default_factory=list)]
    windows: Annotated[dict[_Name, WindowForm], Field(max_length=1_000, default_factory=dict)]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Past, present and future freezes, earliest first; windows that policies name, on the wall clock."""

    freezes: tuple[Freeze, ...] = ()
    windows: Mapping[str, Window] = field(default_factory=dict)


def read(value: Json, found: Findings, *, zone: ZoneInfo) -> Calendar:
    """With any finding nothing of it is used."""
    try:
        form = CalendarForm.model_validate(value)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            yaml_problems.explain(each, found, _keys)
        return Calendar()
    names = [each.name for each in form.freezes]
    for number, freeze in enumerate(form.freezes):
        _judge(freeze, ("freezes", number), found, is_twice=names.index(freeze.name) != number)
    made = (_freeze(wanted, zone) for wanted in form.freezes)
    windows = {name: window(each) for name, each in sorted(form.windows.items())}
    return Calendar(tuple(sorted(made, key=lambda each: (each.at, each.id))), windows)


def _judge(form: FreezeForm, place: Place, found: Findings, *, is_twice: bool) -> None:
    if is_twice:
        found.at((*place, "name"), "this name stands here twice", "give each freeze its own name")
    if form.end <= form.start:
        found.at((*place, "to"), "it ends before it begins", "write a later moment")
    if sum(each is not None for each in (form.environment, form.service, form.runbook)) > 1:
        found.at(place, "more than one of environment, service and runbook", "write one freeze for each")


def _freeze(form: FreezeForm, zone: ZoneInfo) -> Freeze:
    named = {
        ScopeKind.ENVIRONMENT: form.environment,
        ScopeKind.SERVICE: form.service,
        ScopeKind.RUNBOOK: form.runbook,
    }
    scope = next((Scope(kind, name) for kind, name in named.items() if name), Scope())
    start, end = _utc(form.start, zone, is_end=False), _utc(form.end, zone, is_end=True)
    return Freeze(form.name, scope, form.reason, CALENDAR, start, end)


def _utc(wall: datetime, zone: ZoneInfo, *, is_end: bool) -> datetime:
    """When clocks are set back an hour comes twice: a freeze then begins with the first and ends with the second.

    An hour that clocks leave out is read with the offset before the change (PEP 495).
    """
    return wall.replace(tzinfo=zone, fold=1 if is_end else 0).astimezone(UTC)


def _keys(parent: Place) -> list[str]:
    inner: dict[object, type[Strict]] = {"freezes": FreezeForm, "windows": WindowForm}
    form = inner.get(parent[0], CalendarForm) if parent else CalendarForm
    return [field.alias or name for name, field in form.model_fields.items()]


class CalendarFile(SideFile[Calendar]):
    def __init__(self, root: Path, zone: ZoneInfo) -> None:
        """Raise Invalid when it cannot be read: a freeze that nobody sees missing is worse than no start."""
        super().__init__(root / FILE, partial(read, zone=zone))
        if self.problems:
            raise Invalid(str(self.problems[0]), place=FILE, remedy="correct it; pageturner check shows all")

    def freezes(self) -> tuple[Freeze, ...]:
        return self.content.freezes if self.content else ()

    def open_windows(self, local: datetime) -> tuple[str, ...]:
        """The names of those that are open. `local` is aware and in the organisation's zone."""
        known = self.content.windows if self.content else {}
        return tuple(name for name, each in known.items() if each.contains(local))

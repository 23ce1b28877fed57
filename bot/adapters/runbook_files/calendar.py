"""`calendar.yaml` beside the runbooks: freezes that are known beforehand, on the organisation's own wall clock.

Like the list of programs, all of it loads or nothing does.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, ValidationError

from bot.adapters.runbook_files import loading, strict_yaml, yaml_problems
from bot.adapters.runbook_files.findings import Findings, Place, Unreadable
from bot.adapters.runbook_files.yaml_models import NAME, Line, Strict, shaped, wrong
from bot.core.errors import Invalid
from bot.core.freezes import CALENDAR, Freeze, Scope, ScopeKind
from bot.core.runbooks import Problem

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


Moment = Annotated[datetime, BeforeValidator(_moment)]


class FreezeForm(Strict):
    """At most one of environment, service and runbook narrows it."""

    name: Annotated[str, shaped(NAME, "a name", "write lower-case letters, digits and dashes")]
    reason: Line
    start: Annotated[Moment, Field(alias="from")]
    end: Annotated[Moment, Field(alias="to")]
    environment: Line | None = None
    service: Line | None = None
    runbook: Line | None = None


class CalendarForm(Strict):
    freezes: Annotated[list[FreezeForm], Field(max_length=1_000)]


def load(root: Path, zone: ZoneInfo) -> tuple[tuple[Freeze, ...], tuple[Problem, ...]]:
    """Past, present and future freezes, earliest first, or what is wrong with the file. No file: none."""
    path = root / FILE
    if not path.exists():
        return (), ()
    try:
        document = strict_yaml.load(loading.read(path, root, shown=str(path)).decode("utf-8-sig"), str(path))
    except Unreadable as error:
        return (), (error.finding,)
    except UnicodeDecodeError:
        return (), (Problem(str(path), 1, "", "is not UTF-8 text", "save it as UTF-8"),)
    found = Findings(str(path), document.lines)
    freezes = _freezes(document.value, zone, found)
    problems = (*document.problems, *found.problems)
    return ((), problems) if problems else (freezes, ())


def _freezes(value: object, zone: ZoneInfo, found: Findings) -> tuple[Freeze, ...]:
    try:
        form = CalendarForm.model_validate(value)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            yaml_problems.explain(each, found, _keys)
        return ()
    names = [each.name for each in form.freezes]
    for number, freeze in enumerate(form.freezes):
        _judge(freeze, ("freezes", number), found, is_twice=names.index(freeze.name) != number)
    made = (_freeze(wanted, zone) for wanted in form.freezes)
    return tuple(sorted(made, key=lambda each: (each.at, each.id)))


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
    form = FreezeForm if parent else CalendarForm
    return [field.alias or name for name, field in form.model_fields.items()]


class CalendarFile:
    """The calendar as it stands: always the last good one, and what is wrong now."""

    def __init__(self, root: Path, zone: ZoneInfo) -> None:
        """Raise Invalid when it cannot be read: a freeze that nobody sees missing is worse than no start."""
        self._root = root
        self._zone = zone
        self._stamp = self._stamped()
        self._freezes, self.problems = load(root, zone)
        if self.problems:
            raise Invalid(str(self.problems[0]), place=FILE, remedy="correct it; pageturner check shows all")

    def freezes(self) -> tuple[Freeze, ...]:
        return self._freezes

    def reload_if_changed(self) -> bool:
        stamp = self._stamped()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        freezes, self.problems = load(self._root, self._zone)
        self._freezes = self._freezes if self.problems else freezes
        return True

    def _stamped(self) -> tuple[int, ...]:
        try:
            status = (self._root / FILE).stat()
        except OSError:
            return ()
        return status.st_mtime_ns, status.st_size, status.st_ino

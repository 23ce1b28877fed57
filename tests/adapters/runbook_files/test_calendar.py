"""calendar.yaml: freezes on the organisation's wall clock, through daylight saving, read whole or not at all."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.adapters.runbook_files import calendar, report, side_files
from bot.adapters.runbook_files.calendar import CalendarFile
from bot.core.errors import Invalid
from bot.core.freezes import Freeze, ScopeKind
from bot.core.runbooks import Problem

BERLIN = ZoneInfo("Europe/Berlin")
GOOD = """\
freezes:
  - name: black-friday
    from: '2026-11-27 00:00'
    to: '2026-11-30 08:00'
    reason: the busiest days of the year
    environment: production
  - {name: clocks-back, from: '2026-10-25 02:30', to: '2026-10-25 02:45', reason: the hour comes twice}
  - {name: clocks-forward, from: '2026-03-29 02:30', to: '2026-03-29 03:30', reason: an hour is left out}
"""


def written(folder: Path, text: str) -> Path:
    (folder / "calendar.yaml").write_text(text, "utf-8")
    return folder


def loaded(folder: Path) -> tuple[tuple[Freeze, ...], tuple[Problem, ...]]:
    found, problems = side_files.load(folder / "calendar.yaml", partial(calendar.read, zone=BERLIN))
    return found.freezes if found else (), problems


def test_a_freeze_is_meant_on_the_wall_clock_of_the_organisation(tmp_path: Path) -> None:
    freezes, problems = loaded(written(tmp_path, GOOD))
    assert problems == ()
    forward, back, friday = freezes
    assert (friday.at, friday.until) == (
        datetime(2026, 11, 26, 23, 0, tzinfo=UTC),
        datetime(2026, 11, 30, 7, 0, tzinfo=UTC),
    )
    assert (friday.scope.kind, friday.scope.name) == (ScopeKind.ENVIRONMENT, "production")
    # the hour from 02:00 to 03:00 comes twice: frozen from the first 02:30 to the second 02:45
    assert (back.at, back.until) == (
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 45, tzinfo=UTC),
    )
    # 02:30 is left out; read with the offset before, it is 03:30 summer time
    assert forward.at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_windows_are_named_and_open_by_the_wall_clock(tmp_path: Path) -> None:
    text = (
        "windows:\n  payments: {days: [tue, wed], from: '10:00', to: '16:00'}\n  night: {from: '22:00', to: '06:00'}\n"
    )
    file = CalendarFile(written(tmp_path, text), BERLIN)
    assert file.freezes() == ()
    assert file.open_windows(datetime(2026, 11, 24, 10, 0, tzinfo=BERLIN)) == ("payments",)
    assert file.open_windows(datetime(2026, 11, 24, 16, 0, tzinfo=BERLIN)) == ()
    assert file.open_windows(datetime(2026, 11, 24, 23, 0, tzinfo=BERLIN)) == ("night",)


def test_a_wrong_window_is_named_with_its_line(tmp_path: Path) -> None:
    written(tmp_path, "windows:\n  payments: {day: [tue], from: '10:00', to: '16:00'}\n")
    (problem,) = report.check([tmp_path])
    assert (problem.line, "day" in problem.message, "days" in problem.remedy) == (2, True, True)


def test_it_is_on_between_its_ends_only(tmp_path: Path) -> None:
    friday = loaded(written(tmp_path, GOOD))[0][2]
    assert friday.until is not None
    assert not friday.is_on(friday.at.replace(year=2025)) and friday.is_on(friday.at)
    assert not friday.is_on(friday.until)


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        (
            "freezes: [{name: a, reason: b, from: '2026-01-02 00:00', to: '2026-01-01 00:00'}]",
            "freezes[1].to",
            "before",
        ),
        ("freezes: [{name: a, reason: b, from: tomorrow, to: '2026-01-01 00:00'}]", "freezes[1].from", "tomorrow"),
        ("freezes: [{name: a, from: '2026-01-01', to: '2026-01-02'}]", "freezes[1].reason", "missing"),
        (
            "freezes: [{name: a, reason: b, from: '2026-01-01T00:00Z', to: '2026-01-02'}]",
            "freezes[1].from",
            "not a date and time",
        ),
        (
            "freezes: [{name: a, reason: b, from: '2026-01-01', to: '2026-01-02', service: x, runbook: y}]",
            "freezes[1]",
            "more than one",
        ),
        (
            "freezes: [{name: a, reason: b, from: '2026-01-01', to: '2026-01-02', team: x}]",
            "freezes[1].team",
            "not known",
        ),
        ("freezes: []\nfrezes: []", "frezes", "not known"),
    ],
)
def test_a_bad_calendar_is_named_and_keeps_the_bot_from_starting(
    tmp_path: Path, text: str, key: str, says: str
) -> None:
    folder = written(tmp_path, text)
    problem = loaded(folder)[1][0]
    assert problem.key == key and says in problem.message, problem
    assert problem in report.check([folder])
    with pytest.raises(Invalid, match=r"calendar\.yaml"):
        CalendarFile(folder, BERLIN)


def test_an_edit_is_taken_up_and_a_bad_one_leaves_the_last_good_in_force(tmp_path: Path) -> None:
    found = CalendarFile(written(tmp_path, GOOD), BERLIN)
    assert len(found.freezes()) == 3 and not found.reload_if_changed()
    written(tmp_path, "freezes: [")
    assert found.reload_if_changed() and found.problems and len(found.freezes()) == 3
    written(tmp_path, "freezes: []")
    assert found.reload_if_changed() and found.problems == () and found.freezes() == ()

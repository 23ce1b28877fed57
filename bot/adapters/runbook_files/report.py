"""`check`: everything that is wrong with some runbook files or folders, for an author at a terminal.

Uses the same loading as the running bot, so that what passes here loads there.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.adapters.runbook_files import (
    calendar,
    library,
    loading,
    manifests,
    program_declarations,
    schedule_file,
    service_file,
    side_files,
)
from bot.adapters.runbook_files.findings import Loaded, Unreadable
from bot.adapters.runbook_files.library import Check
from bot.adapters.runbook_files.loading import Beside
from bot.core import checking
from bot.core.ids import RunbookName
from bot.core.runbooks import Problem, Runbook

SIDE_FILES = frozenset({calendar.FILE, program_declarations.FILE, schedule_file.FILE, service_file.FILE})
_ANY_ZONE = ZoneInfo("UTC")
"""Whether the calendar can be read does not depend on its zone."""


def check(paths: Iterable[Path], *, judge: Check = checking.check) -> list[Problem]:
    """What keeps these files, and those below these folders, from loading. Ordered by file and line."""
    problems: list[Problem] = []
    by_name: dict[RunbookName, list[Runbook]] = defaultdict(list)
    for loaded in _load(paths):
        problems.extend(loaded.problems)
        if loaded.runbook:
            problems.extend(loading.placed(problem, loaded) for problem in judge(loaded.runbook))
            by_name[loaded.runbook.name].append(loaded.runbook)
    for same in by_name.values():
        problems.extend(library.duplicates(same) if len(same) > 1 else ())
    return _ordered(problems)


def advise(paths: Iterable[Path], *, judge: Check = checking.advise) -> list[Problem]:
    """What the authors of these files should know although they load."""
    advice: list[Problem] = []
    for loaded in _load(paths):
        if loaded.runbook:
            advice.extend(loading.placed(problem, loaded) for problem in judge(loaded.runbook))
    return _ordered(advice)


def _load(paths: Iterable[Path]) -> Iterator[Loaded]:
    for given in sorted(set(paths)):
        files = list(loading.find(given)) if given.is_dir() else [given]
        root = given if given.is_dir() else given.parent
        beside, problems = _beside(root)
        yield Loaded(None, problems)
        for path in files:
            if path.name in SIDE_FILES:
                continue
            try:
                loaded = loading.load(loading.read(path, root, shown=str(path)), shown=str(path), beside=beside)
                yield manifests.complete(loaded, root)
            except Unreadable as error:
                yield Loaded(None, (error.finding,))


def _beside(root: Path) -> tuple[Beside, tuple[Problem, ...]]:
    """What stands beside the runbooks, and all that is wrong with it."""
    programs, of_programs = side_files.load(root / program_declarations.FILE, program_declarations.read)
    schedules, of_schedules = side_files.load(root / schedule_file.FILE, schedule_file.read)
    _, of_calendar = side_files.load(root / calendar.FILE, partial(calendar.read, zone=_ANY_ZONE))
    _, of_services = side_files.load(root / service_file.FILE, service_file.read)
    return Beside(programs or (), schedules or {}), (*of_programs, *of_schedules, *of_calendar, *of_services)


def _ordered(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(set(problems), key=lambda each: (each.path, each.line, each.key, each.message))

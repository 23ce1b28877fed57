"""The folder of runbooks as the port `Runbooks`: always the last good version of each file, and what is wrong now.

A file that breaks keeps its last good runbook in use and is reported; a file that goes takes its runbook with it.
Files are read again only when their size, times or inode changed, and replaced only when their digest did.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from bot.adapters.runbook_files import loading, manifests, program_declarations, schedule_file, service_file
from bot.adapters.runbook_files.findings import Unreadable
from bot.adapters.runbook_files.loading import Beside
from bot.adapters.runbook_files.side_files import SideFile
from bot.core import checking
from bot.core.ids import Digest, RunbookName
from bot.core.runbooks import Library, Problem, Runbook

Check = Callable[[Runbook], list[Problem]]
_Stamp = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    """What is known of one file. `good` is the last runbook that loaded; `problems` are those of the version now.

    `names` are the manifests that it names: `stamp` is over them too, so that a changed one is read again.
    """

    stamp: _Stamp
    digest: Digest | None
    good: Runbook | None
    problems: tuple[Problem, ...] = ()
    names: tuple[str, ...] = ()


class RunbookFiles:
    """Reads the folder when made and at each `reload_if_changed`; one caller at a time, off the event loop."""

    def __init__(self, root: Path, *, check: Check = checking.check) -> None:
        self._root = root
        self._check = check
        self._entries: Mapping[Path, _Entry] = {}
        self._programs = SideFile(root / program_declarations.FILE, program_declarations.read)
        self._schedules = SideFile(root / schedule_file.FILE, schedule_file.read)
        self._services = SideFile(root / service_file.FILE, service_file.read)
        self._library = Library(MappingProxyType({}))
        self.reload_if_changed()

    def current(self) -> Library:
        """The last good set. The same object until something changed."""
        return self._library

    def reload_if_changed(self) -> bool:
        """True when the library is a new one."""
        if any([self._programs.reload_if_changed(), self._schedules.reload_if_changed()]):
            # they decide what a runbook may hold: look at all again
            self._entries = {path: replace(entry, stamp=(0,), digest=None) for path, entry in self._entries.items()}
        self._services.reload_if_changed()
        paths = list(loading.find(self._root))[: loading.MOST_FILES]
        entries = {path: self._entry(path) for path in paths}
        library = self._assembled(entries)
        is_new = library != self._library
        self._entries = entries
        if is_new:
            self._library = library
        return is_new

    def _beside(self) -> Beside:
        return Beside(self._programs.content or (), self._schedules.content or {})

    def _entry(self, path: Path) -> _Entry:
        before = self._entries.get(path)
        stamp = self._stamps(path, before.names if before else ())
        if before and stamp == before.stamp:
            return before
        shown = str(path)
        good = before.good if before else None
        try:
            content = loading.read(path, self._root, shown=shown)
        except Unreadable as error:
            return _Entry(stamp, None, good, (error.finding,))
        digest = loading.digest(content)
        if before and digest == before.digest and not before.names:
            return _Entry(stamp, digest, before.good, before.problems)
        loaded = loading.load(content, shown=shown, beside=self._beside())
        names = manifests.named(loaded.runbook) if loaded.runbook else ()
        stamp = self._stamps(path, names)
        loaded = manifests.complete(loaded, self._root)
        problems = loaded.problems
        if loaded.runbook:
            problems = tuple(loading.placed(problem, loaded) for problem in self._check(loaded.runbook))
        return _Entry(stamp, digest, good if problems else loaded.runbook, problems, names)

    def _stamps(self, path: Path, names: Sequence[str]) -> _Stamp:
        return (*_stamp(path), *(number for name in names for number in _stamp(self._root / name)))

    def _assembled(self, entries: Mapping[Path, _Entry]) -> Library:
        by_name: dict[RunbookName, list[Runbook]] = defaultdict(list)
        for entry in entries.values():
            if entry.good:
                by_name[entry.good.name].append(entry.good)
        problems = [
            *self._programs.problems,
            *self._schedules.problems,
            *self._services.problems,
            *(each for entry in entries.values() for each in entry.problems),
        ]
        runbooks = {}
        for name, found in sorted(by_name.items()):
            if len(found) > 1:
                problems.extend(duplicates(found))
                found = [runbook for runbook in found if self._had(runbook)]  # noqa: PLW2901 - who had the name keeps it
            if len(found) == 1:
                runbooks[name] = found[0]
        if not self._root.is_dir():
            remedy = "create it, or set PAGETURNER_RUNBOOKS"
            problems.append(Problem(str(self._root), 1, "", "the folder of runbooks does not exist", remedy))
        ordered = tuple(sorted(problems, key=lambda each: (each.path, each.line)))
        return Library(MappingProxyType(runbooks), ordered, self._beside().programs, self._services.content or {})

    def _had(self, runbook: Runbook) -> bool:
        before = self._library.runbooks.get(runbook.name)
        return before is not None and before.path == runbook.path


def duplicates(found: list[Runbook]) -> list[Problem]:
    """One problem for each file that shares its runbook's name with others."""
    paths = sorted(runbook.path for runbook in found)
    return [
        Problem(
            runbook.path, 1, "name", f"the name {runbook.name} is also used by "
            + ", ".join(path for path in paths if path != runbook.path), "give each runbook its own name",
        )
        for runbook in found
    ]  # fmt: skip


def _stamp(path: Path) -> _Stamp:
    """Empty for a file that is gone or must not be looked at. ctime moves even when somebody sets mtime back."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_dev

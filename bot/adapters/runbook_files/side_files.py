"""The strict YAML files that stand beside the runbooks: programs, schedules, the calendar.

All of one file loads or nothing does: half of a list would refuse, or freeze, something else than its author meant.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from bot.adapters.runbook_files import loading, strict_yaml
from bot.adapters.runbook_files.findings import Findings, Unreadable
from bot.core.operations import Json
from bot.core.runbooks import Problem

T = TypeVar("T")

Read = Callable[[Json, Findings], T]
"""Makes something of the document's value, or adds to the findings; with any finding its answer is not used."""


def load(path: Path, read: Read[T]) -> tuple[T | None, tuple[Problem, ...]]:
    """What the file holds, or None and what is wrong with it. No file: None, and nothing wrong."""
    if not path.exists():
        return None, ()
    try:
        text = loading.read(path, path.parent, shown=str(path)).decode("utf-8-sig")
        document = strict_yaml.load(text, str(path))
    except Unreadable as error:
        return None, (error.finding,)
    except UnicodeDecodeError:
        return None, (Problem(str(path), 1, "", "is not UTF-8 text", "save it as UTF-8"),)
    found = Findings(str(path), document.lines)
    made = read(document.value, found)
    problems = (*document.problems, *found.problems)
    return (None, problems) if problems else (made, ())


class SideFile(Generic[T]):
    """Always the last good content (None where there never was a file), and what is wrong now."""

    def __init__(self, path: Path, read: Read[T]) -> None:
        self._path = path
        self._read = read
        self._stamp = self._stamped()
        self.content, self.problems = load(path, read)

    def reload_if_changed(self) -> bool:
        """True when the content is another one, or something else is wrong with it."""
        stamp = self._stamped()
        if stamp == self._stamp:
            return False
        before = (self.content, self.problems)
        self._stamp = stamp
        content, self.problems = load(self._path, self._read)
        self.content = self.content if self.problems else content
        return (self.content, self.problems) != before

    def _stamped(self) -> tuple[int, ...]:
        """Empty for a file that is not there. ctime moves even when somebody sets mtime back."""
        try:
            status = self._path.stat()
        except OSError:
            return ()
        return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino

"""One runbook file, from disk to the core model: which files are runbooks, how they are read, which form they have.

A file is hostile until read: it may be huge, a pipe, a link to somewhere else, or no text at all.
"""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.adapters.runbook_files import markdown_form, yaml_form
from bot.adapters.runbook_files.findings import Loaded, Unreadable
from bot.core.commands import kubectl_files
from bot.core.ids import Digest
from bot.core.runbooks import AllowedProgram, Problem
from bot.core.schedules import Schedule

LARGEST_FILE = 256 * 1024
MOST_FILES = 20_000

_SUFFIXES = frozenset({".yaml", ".yml", ".md"})
_OTHER_FILES = frozenset(
    {
        "readme.md",
        "escalation.yaml",
        "escalation.yml",
        "programs.yaml",
        "calendar.yaml",
        "schedules.yaml",
        "services.yaml",
    }
)
_MANIFEST = ".manifest"
"""How a file for kubectl is named where there is no folder for them: a mounted config map is flat."""

_OTHER_FOLDERS = frozenset({"policies", kubectl_files.FOLDER})


def is_runbook(path: Path) -> bool:
    """By name alone. Hidden files are left out: Kubernetes mounts config maps through hidden folders."""
    name = path.name.lower()
    is_other = name in _OTHER_FILES or name.startswith(".") or path.stem.lower().endswith(_MANIFEST)
    return path.suffix.lower() in _SUFFIXES and not is_other


def find(root: Path) -> Iterator[Path]:
    """Runbook files below a folder, in order. Links to folders are not followed."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _OTHER_FOLDERS)
        yield from (path for name in sorted(files) if is_runbook(path := Path(folder) / name))


def read(path: Path, root: Path, *, shown: str) -> bytes:
    """The file's bytes. Raise Unreadable, with the remedy, for anything but a small regular file inside the root."""
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(root.resolve()):
            raise _unreadable(shown, "is a link out of the folder of runbooks", "copy the file into the folder")
        if not stat.S_ISREG(real.stat().st_mode):
            raise _unreadable(shown, "is not a regular file", "remove it")
        with real.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
        reason = getattr(error, "strerror", None) or "a loop of links"
        raise _unreadable(shown, f"cannot be read: {reason}", "check that it exists and its permissions") from error
    if len(content) > LARGEST_FILE:
        raise _unreadable(shown, f"is larger than {LARGEST_FILE // 1024} KiB", "split it, or move prose elsewhere")
    return content


def _unreadable(shown: str, message: str, remedy: str) -> Unreadable:
    return Unreadable(Problem(shown, 1, "", message, remedy))


def digest(content: bytes) -> Digest:
    return Digest(hashlib.blake2b(content, digest_size=32).hexdigest())


@dataclass(frozen=True, slots=True)
class Beside:
    """What the files beside the runbooks say that a runbook may speak of."""

    programs: tuple[AllowedProgram, ...] = ()
    schedules: Mapping[str, Schedule] = field(default_factory=dict)


def load(content: bytes, *, shown: str, beside: Beside = Beside()) -> Loaded:
    """By the form that the name's ending promises."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Loaded(None, (Problem(shown, line, "", "is not UTF-8 text", "save it as UTF-8"),))
    load_form = markdown_form.load if shown.lower().endswith(".md") else yaml_form.load
    loaded = load_form(text, path=shown, digest=digest(content))
    runbook = loaded.runbook
    if runbook is None:
        return loaded
    return replace(loaded, runbook=replace(runbook, programs=beside.programs, schedules=beside.schedules))


def placed(problem: Problem, loaded: Loaded) -> Problem:
    """The problem with the line of its key, where the check could not know it."""
    if problem.line:
        return problem
    lines = loaded.lines or {}
    key = problem.key
    while key and key not in lines:
        key = key.rpartition(".")[0]
    return replace(problem, line=lines.get(key, 1))

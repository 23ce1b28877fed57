"""Executor for `program.run`: what may run is what the operators declare, what it is given is fixed by the plan.

Nothing of a program can be tried without doing it, and the preview says so.
"""

import os
import shutil
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from bot.adapters.programs import running
from bot.adapters.programs.keeping import Keeping
from bot.core.operations import Json, Operation
from bot.core.previews import Outcome, Performed, Preview, Target

KIND = "program.run"


class Programs:
    """Implements `ports.Executor` and `ports.Recalling`. `allow` tells the names that may run now, each looked up on a
    fixed search path; `kept` is the folder in which the ends of programs that change something are written down."""

    def __init__(
        self,
        allow: Callable[[], Collection[str]],
        *,
        search_path: str = running.SEARCH_PATH,
        kept: Path | None = None,
    ) -> None:
        self._allow = allow
        self._search_path = search_path
        self._keeping = Keeping(kept) if kept is not None else None

    def _path(self, name: str) -> str:
        """Where the program is, or nothing: not allowed, not installed, or not a plain name."""
        is_named = bool(name) and "/" not in name and name in self._allow()
        return (shutil.which(name, path=self._search_path) or "") if is_named else ""

    async def preview(self, operation: Operation, *, timeout: timedelta) -> Preview:  # noqa: ARG002 the port has it
        argv = _argv(operation.arguments)
        problem = self._problem(operation, argv)
        if problem:
            return Preview(problems=(problem,))
        return Preview(
            targets=(Target("program", argv[0], note=self._path(argv[0])),),
            change=(f"runs {argv[0]} on pageturner's own machine, in an empty directory",),
            promise="a program cannot be simulated; it is installed and on the allow-list",
            identity=f"pageturner's own account (uid {os.getuid()})",
            facts={"program": self._path(argv[0])},
        )

    async def perform(self, operation: Operation, preview: Preview, *, key: str, timeout: timedelta) -> Performed:
        argv = _argv(operation.arguments)
        problem = self._problem(operation, argv)
        if problem:
            return Performed(Outcome.REFUSED, detail=problem)
        path = self._path(argv[0])
        if preview.facts.get("program") != path:
            return Performed(Outcome.REFUSED, detail=f"{argv[0]} is not the program of the preview. Nothing was run.")
        is_write = operation.arguments.get("effect") != "read"
        if is_write and self._keeping is not None:
            return await self._keeping.run((path, *argv[1:]), key=key, timeout=timeout)
        return await running.run((path, *argv[1:]), timeout=timeout, is_write=is_write)

    async def recall(self, operation: Operation, *, key: str, since: datetime, timeout: timedelta) -> Performed | None:
        """A program that was started before the bot's own end may still run: then this waits for it."""
        if self._keeping is None:
            return None
        return await self._keeping.recall(key, since=since, program=_argv(operation.arguments)[0], timeout=timeout)

    def _problem(self, operation: Operation, argv: tuple[str, ...]) -> str:
        """Why this cannot run, with the remedy; empty when it can."""
        if operation.kind != KIND:
            return f"{operation.kind} is not something that programs can do. Write the step with another key."
        if not argv or "\0" in "".join(argv):
            return "The command is not a list of plain words. Write it as one program and its arguments."
        if argv[0] not in self._allow() or "/" in argv[0]:
            allowed = ", ".join(sorted(self._allow())) or "none"
            return f"{argv[0]} is not on the list of allowed programs ({allowed}). Declare it in programs.yaml."
        if not self._path(argv[0]):
            return f"{argv[0]} is allowed but not installed where the bot runs. Ask the operator to install it."
        return ""


def _argv(arguments: Mapping[str, Json]) -> tuple[str, ...]:
    words = arguments.get("argv")
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return ()
    return tuple(str(word) for word in words)

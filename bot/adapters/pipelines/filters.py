"""Runs the stages of a pipeline one after another over the output of its operation.

How a process is started is handed in (`Run`), so that the bounds on time, output and environment stand in one place.
It must not know where the text came from.
"""

import shutil
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from bot.core.commands import programs
from bot.core.operations import Stage
from bot.core.previews import Outcome, Performed

SEARCH_PATH = "/usr/local/bin:/usr/bin:/bin"
_JQ_CHILD = str(Path(__file__).with_name("jq_child.py"))
_NO_MATCH = 1
"""grep's exit code when no line matched: in the middle of a pipeline that is an answer, not a failure."""


class Run(Protocol):
    """Runs argv (first an absolute path) with `text` on standard input; bounded in time and output."""

    async def __call__(self, argv: tuple[str, ...], *, text: str, timeout: timedelta) -> Performed: ...


class Filters:
    """Implements `ports.Filters`."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._paths: Mapping[str, str] = {
            name: shutil.which(name, path=SEARCH_PATH) or "" for name in programs.FILTERS if name != "jq"
        }

    async def apply(self, stages: tuple[Stage, ...], text: str, *, timeout: timedelta) -> Performed:
        """The last stage's answer, or the first that failed; no stage runs when one of them is not allowed."""
        for stage in stages:
            wrong = programs.stage_problem(stage.argv) or self._missing(stage.argv[0])
            if wrong:
                return Performed(Outcome.FAILED, detail=wrong)  # not refused: the operation itself has run
        due = time.monotonic() + timeout.total_seconds()
        done = Performed(Outcome.SUCCEEDED, output=text)
        is_truncated = False
        for number, stage in enumerate(stages, start=1):
            left = timedelta(seconds=max(0.05, due - time.monotonic()))
            done = await self._run(self._command(stage.argv), text=done.output, timeout=left)
            is_truncated = is_truncated or done.is_truncated
            if done.outcome is not Outcome.SUCCEEDED and not (_found_nothing(stage, done) and number < len(stages)):
                return Performed(
                    done.outcome,
                    output=done.output,
                    detail=f"`{stage.argv[0]}` behind `|`: {done.detail}",
                    exit_code=done.exit_code,
                    is_truncated=is_truncated,
                )
        return Performed(Outcome.SUCCEEDED, output=done.output, exit_code=done.exit_code, is_truncated=is_truncated)

    def _missing(self, name: str) -> str:
        if name == "jq" or self._paths[name]:
            return ""
        return f"`{name}` is not installed where the bot runs. Ask the operator to install it."

    def _command(self, argv: tuple[str, ...]) -> tuple[str, ...]:
        if argv[0] == "jq":
            return (sys.executable, "-I", _JQ_CHILD, *argv[1:])
        sandbox = ("--sandbox",) if argv[0] == "sed" else ()  # GNU sed then refuses e, r and w by itself
        return (self._paths[argv[0]], *sandbox, *argv[1:])


def _found_nothing(stage: Stage, done: Performed) -> bool:
    return stage.argv[0] == "grep" and done.exit_code == _NO_MATCH

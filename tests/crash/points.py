"""Named moments of the bot's process, on each side of what it stores, sends and answers, where it can be ended.

Installed into the process by wrapping the methods of its edges. What was passed is written to a file, so that it is
known even of a process that was killed.
"""

import asyncio
import functools
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck

from bot.adapters.checkpoint_file import CheckpointFile
from bot.adapters.http_calls.executor import HttpCalls
from bot.adapters.kubernetes.executor import Kubernetes
from bot.adapters.pagerduty.events import PagerDuty
from bot.adapters.pipelines.filters import Filters
from bot.adapters.programs.executor import Programs
from bot.adapters.slack.chat import Chat
from bot.adapters.slack.people import People
from bot.adapters.sql.executor import Sql
from bot.adapters.sqlite.store import Store
from bot.flow.desk import Desk
from bot.flow.intake import Intake

WRITE = "any write"
"""What every write of the store counts as, beside its own name."""

SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "term": signal.SIGTERM}


@dataclass(frozen=True, slots=True)
class Doom:
    """What ends a life: the nth passing of a named moment. `how` is one of kill, stop (and go on later) and term."""

    name: str
    nth: int = 1
    how: str = "kill"


@dataclass(frozen=True, slots=True)
class Passed:
    """One line of the file: seconds of the machine's monotonic clock, the moment, and whether it was the end."""

    at: float
    name: str
    is_doom: bool


class Points:
    def __init__(self, doom: Doom | None, log: Path) -> None:
        self._doom = doom
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._counts: Counter[str] = Counter()

    def moment(self, name: str) -> None:
        self._counts[name] += 1
        is_doom = self._doom is not None and (self._doom.name, self._doom.nth) == (name, self._counts[name])
        os.write(self._log, f"{time.monotonic():.4f} {'!' if is_doom else '-'} {name}\n".encode())
        if is_doom and self._doom is not None:
            os.kill(os.getpid(), SIGNALS[self._doom.how])

    def around(self, owner: type, method: str, named: Callable[..., str], *, is_write: bool = False) -> None:
        """Moments before and after each call of an asynchronous method."""
        whole = getattr(owner, method)

        @functools.wraps(whole)
        async def watched(*args: Any, **words: Any) -> Any:
            name = named(*args, **words)
            self._both(f"before {name}", is_write=is_write)
            answer = await whole(*args, **words)
            self._both(f"after {name}", is_write=is_write)
            return answer

        setattr(owner, method, watched)

    def _both(self, name: str, *, is_write: bool) -> None:
        self.moment(name)
        if is_write:
            self.moment(WRITE)


def install(doom: Doom | None, log: Path) -> None:
    points = Points(doom, log)
    points.around(Store, "commit", _commit, is_write=True)
    points.around(Store, "receive", _just("store.receive"), is_write=True)
    points.around(Store, "note", lambda _self, posted: f"store.note {_kind(posted.key)}", is_write=True)
    points.around(Chat, "post", lambda _self, message, **_: f"slack.post {_kind(message.key)}")
    points.around(Chat, "update", lambda _self, message, _at: f"slack.update {_kind(message.key)}")
    points.around(Chat, "find", _just("slack.find"))
    for executor in (Kubernetes, HttpCalls, Programs, Sql):
        points.around(executor, "preview", lambda _self, operation, **_: f"preview {operation.kind}")
        points.around(executor, "perform", lambda _self, operation, _preview, **_: f"perform {operation.kind}")
    points.around(Filters, "apply", _just("filters.apply"))
    points.around(PagerDuty, "page", _just("pager.page"))
    points.around(PagerDuty, "update", _just("pager.update"))
    points.around(People, "standing", _just("people.standing"))
    points.around(CheckpointFile, "append", _just("checkpoint.append"))
    points.around(AsyncAck, "__call__", _just("slack.ack"))
    points.around(Intake, "receive", _just("webhook.accept"))
    points.around(Desk, "vote_approve", _just("desk.vote"))
    points.around(Desk, "settle", _just("desk.settle"))


def read(log: Path) -> list[Passed]:
    """What was passed in all lives, in order."""
    rows = (line.split(" ", 2) for line in log.read_text("utf-8").splitlines())
    return [Passed(float(at), name, mark == "!") for at, mark, name in rows]


def _just(name: str) -> Callable[..., str]:
    return lambda *_args, **_words: name


def _kind(key: str) -> str:
    return key.split("-", maxsplit=1)[0]


def _commit(_store: Store, commit: Any) -> str:
    """By what it is about: the start of a step, else its first event."""
    kinds = [type(each.event).__name__ for each in commit.events]
    name = next((each for each in ("StepStarted", "StepFinished") if each in kinds), kinds[0] if kinds else "nothing")
    return f"store.commit {name}"


async def has_stopped(pid: int) -> bool:
    """Whether this process stands still, as SIGSTOP leaves it."""
    try:
        text = await asyncio.to_thread(Path(f"/proc/{pid}/stat").read_text, "utf-8")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] == "T"

"""One child process, bounded in time, output and environment, and gone with all it started.

It must not know what the program is for: only whether it may have changed something, which decides whether a
missing ending is `unknown` or `failed`.
"""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import BinaryIO

from bot.core import inert
from bot.core.previews import Outcome, Performed

READ_BYTES = 1024 * 1024
"""A program that prints more than this is stopped: nobody reads it, and memory is bounded."""

KEPT_BYTES = 64 * 1024
"""What is kept of that and shown: the beginning, where the first error usually stands."""

SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_CHUNK = 64 * 1024
_LEFTOVER_SECONDS = 1.0
"""How long pipes may stay open after the program ended: a daemon that left the process group may hold them."""


@dataclass(slots=True)
class Kept:
    """The beginning of one stream, and how much of it came."""

    raw: bytearray = field(default_factory=bytearray)
    total: int = 0

    def add(self, chunk: bytes) -> None:
        self.total += len(chunk)
        self.raw += chunk[: max(0, KEPT_BYTES - len(self.raw))]

    @property
    def text(self) -> str:
        return self.raw.decode("utf-8", errors="replace")


@dataclass(slots=True)
class Watched:
    """A run under way or over. `exit_code` is None until the program ended, negative when a signal ended it."""

    out: Kept = field(default_factory=Kept)
    err: Kept = field(default_factory=Kept)
    exit_code: int | None = None
    is_late: bool = False

    @property
    def is_flooding(self) -> bool:
        return self.out.total + self.err.total > READ_BYTES


async def run(argv: tuple[str, ...], *, text: str = "", timeout: timedelta, is_write: bool = False) -> Performed:
    """Run `argv` (first an absolute path) with `text` on its standard input, in an empty directory of its own.

    The output is standard output; standard error is added when the program failed or printed nothing else. A program
    that outlives `timeout`, prints more than READ_BYTES or dies of a signal is `unknown` where `is_write`, else failed.
    """
    watched = Watched()
    with tempfile.TemporaryDirectory(prefix="pageturner-") as home, tempfile.TemporaryFile() as given:
        given.write(text.encode("utf-8", errors="replace"))
        given.seek(0)
        async with _pipe() as (out, out_end), _pipe() as (err, err_end):
            try:
                process = await asyncio.create_subprocess_exec(
                    *argv,
                    stdin=given,
                    stdout=out_end,
                    stderr=err_end,
                    cwd=home,
                    env=environment(home),
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:  # ValueError: a NUL inside a word
                return Performed(Outcome.FAILED, detail=f"{argv[0]} did not start: {error}.")
            finally:
                out_end.close()
                err_end.close()
            try:
                await _watch(watched, process, (out, err), timeout)
            finally:
                kill_group(process.pid)
                await process.wait()
    return conclude(watched, timeout=timeout, is_write=is_write)


def environment(home: str) -> dict[str, str]:
    """All that a program gets of it: nothing of the bot's own, where the secrets are."""
    return {"PATH": SEARCH_PATH, "LANG": "C.UTF-8", "HOME": home, "TMPDIR": home}


@asynccontextmanager
async def _pipe() -> AsyncIterator[tuple[asyncio.StreamReader, BinaryIO]]:
    """Our end as a stream, and the child's end.

    Not asyncio's own PIPE: with that, `Process.wait` (3.11) waits for every holder of the pipe, so also for a daemon.
    """
    here, there = os.pipe()
    reader = asyncio.StreamReader()
    with os.fdopen(there, "wb", buffering=0) as end:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader),
            os.fdopen(here, "rb", buffering=0),
        )
        try:
            yield reader, end
        finally:
            transport.close()


async def _watch(
    watched: Watched,
    process: asyncio.subprocess.Process,
    streams: tuple[asyncio.StreamReader, asyncio.StreamReader],
    timeout: timedelta,
) -> None:
    """Until the program ended and its output is read, or `timeout`. A flood ends it from inside `drain`."""

    async def drain(stream: asyncio.StreamReader, kept: Kept) -> None:
        while chunk := await stream.read(_CHUNK):
            kept.add(chunk)
            if watched.is_flooding:
                kill_group(process.pid)
                return

    try:
        async with asyncio.timeout(timeout.total_seconds()), asyncio.TaskGroup() as group:
            pairs = zip(streams, (watched.out, watched.err), strict=True)
            readers = [group.create_task(drain(stream, kept), name="reading output") for stream, kept in pairs]
            watched.exit_code = await process.wait()
            kill_group(process.pid)  # what it left behind must not hold the pipes open
            await asyncio.wait(readers, timeout=_LEFTOVER_SECONDS)
            for reader in readers:
                reader.cancel()
    except TimeoutError:
        watched.is_late = watched.exit_code is None


def kill_group(leader: int) -> None:
    """The child leads its own session, so its group has its number; PermissionError is a zombie's last breath."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def conclude(watched: Watched, *, timeout: timedelta, is_write: bool) -> Performed:
    unclear = Outcome.UNKNOWN if is_write else Outcome.FAILED
    code, detail = watched.exit_code, ""
    if watched.is_late:
        outcome, detail = unclear, f"Still running after {timeout.total_seconds():g} s; it was stopped."
    elif watched.is_flooding:
        outcome, detail = unclear, f"Printed more than {READ_BYTES // 1024} KiB; it was stopped."
    elif code is None or code < 0:
        outcome, detail = unclear, f"Ended by signal {-(code or 0)} before it was done."
    elif code == 0:
        outcome = Outcome.SUCCEEDED
    else:
        outcome, detail = Outcome.FAILED, f"Exit code {code}."
    shows_errors = outcome is not Outcome.SUCCEEDED or not watched.out.raw
    parts = [watched.out.text, watched.err.text if shows_errors else ""]
    joined = "\n".join(part.rstrip("\n") for part in parts if part)
    return Performed(
        outcome,
        output=inert.inert(joined[:KEPT_BYTES], KEPT_BYTES),
        detail=detail,
        exit_code=None if code is None or code < 0 else code,
        is_truncated=max(watched.out.total, watched.err.total) > KEPT_BYTES or len(joined) > KEPT_BYTES,
    )

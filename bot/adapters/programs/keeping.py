"""Programs whose end is written down by a keeper beside them, so that the bot's own end does not lose it.

A try has a folder of its own under the key of its step; the next try of the step takes its place. What was printed
stands in there as it came, secrets and all: only the bot's own account may look, and for no longer than a day.
"""

import asyncio
import fcntl
import json
import os
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bot.adapters.programs import running
from bot.adapters.programs.running import Kept, Watched
from bot.core.previews import Outcome, Performed

KEEPER = Path(__file__).with_name("keeper.py")
KEPT_FOR = timedelta(days=1)
_POLL_SECONDS = 0.1
_SKEW_SECONDS = 0.5
"""A keeper reads the clock a moment before or after the bot did."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """`root` is a folder of the bot's own, beside its database."""

    root: Path

    async def run(self, argv: tuple[str, ...], *, key: str, timeout: timedelta) -> Performed:
        """As `running.run` with `is_write`. A caller that goes away leaves it running, with its limit of time."""
        folder = self._folder(key)
        lock = await asyncio.to_thread(self._make, folder)
        limits = (f"{timeout.total_seconds():g}", str(running.READ_BYTES), str(running.KEPT_BYTES))
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", str(KEEPER), str(folder), *limits, *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                cwd=folder / "home",
                env=running.environment(str(folder / "home")),
                start_new_session=True,
                pass_fds=(lock,),
            )  # fmt: skip
        finally:
            os.close(lock)
        await process.wait()
        found = await asyncio.to_thread(_read, folder)
        if found is None:
            return Performed(Outcome.UNKNOWN, detail="What watches over the program was ended before it.")
        return _performed(found, folder, argv[0], timeout)

    async def recall(self, key: str, *, since: datetime, program: str, timeout: timedelta) -> Performed | None:
        """How the try ended that began since then, waiting for one that still runs; None when nobody wrote it down."""
        folder = self._folder(key)
        while True:
            if not await asyncio.to_thread(_is_kept, folder):
                break
            await asyncio.sleep(_POLL_SECONDS)  # its keeper stops it in time
        found = await asyncio.to_thread(_read, folder)
        if found is None or float(str(found["began"])) < since.timestamp() - _SKEW_SECONDS:
            return None
        return _performed(found, folder, program, timeout)

    def _folder(self, key: str) -> Path:
        return self.root / key.replace("/", "_")

    def _make(self, folder: Path) -> int:
        """The folder of a new try, and its lock as a descriptor: held from now on, by the keeper once it has begun."""
        self.root.mkdir(mode=0o700, exist_ok=True)
        oldest = time.time() - KEPT_FOR.total_seconds()
        for each in self.root.iterdir():
            if each == folder or each.stat().st_mtime < oldest:
                shutil.rmtree(each, ignore_errors=True)
        (folder / "home").mkdir(parents=True, mode=0o700)
        lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        return lock


def _is_kept(folder: Path) -> bool:
    """Whether a keeper still watches over this try."""
    try:
        lock = os.open(folder / "lock", os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _read(folder: Path) -> Mapping[str, object] | None:
    try:
        found = json.loads((folder / "ended").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("began"), float) else None


def _performed(found: Mapping[str, object], folder: Path, program: str, timeout: timedelta) -> Performed:
    if "problem" in found:
        return Performed(Outcome.FAILED, detail=f"{program} did not start: {found['problem']}.")
    code = found.get("exit_code")
    watched = Watched(
        out=_stream(folder / "out", found.get("out")),
        err=_stream(folder / "err", found.get("err")),
        exit_code=code if isinstance(code, int) else None,
        is_late=found.get("is_late") is True,
    )
    return running.conclude(watched, timeout=timeout, is_write=True)


def _stream(path: Path, total: object) -> Kept:
    return Kept(bytearray(path.read_bytes()), total if isinstance(total, int) else 0)

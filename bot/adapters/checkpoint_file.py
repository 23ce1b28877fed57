"""Checkpoints in a file of their own, a line each, on the disk before it counts. Best kept on another machine."""

import asyncio
import os
from pathlib import Path

from bot.core import errors

LARGEST = 64 * 1024 * 1024
"""Years of checkpoints; more is not ours."""


class CheckpointFile:
    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self) -> str:
        """All of it; "" for a file that is not there. Raise Permanent for one that cannot be read."""
        return await asyncio.to_thread(self._read)

    async def append(self, line: str) -> None:
        """Durable on return. Raise Transient when the disk says no."""
        await asyncio.to_thread(self._append, line)

    def _read(self) -> str:
        try:
            if self._path.stat().st_size > LARGEST:
                raise errors.Permanent(f"{self._path} is larger than any file of checkpoints")
            return self._path.read_bytes().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""
        except OSError as problem:
            raise errors.Permanent(f"{self._path} cannot be read: {problem.strerror}") from problem

    def _append(self, line: str) -> None:
        """A line that a crash cut off is ended first, so that it spoils none but itself."""
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
            try:
                size = os.fstat(file).st_size
                is_cut = size > 0 and os.pread(file, 1, size - 1) != b"\n"
                os.write(file, (("\n" if is_cut else "") + line + "\n").encode())
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as problem:
            raise errors.Transient(f"{self._path} cannot be written: {problem.strerror}") from problem

"""One process owns one database file: an advisory lock beside it for life, so that a second one refuses to start.

The lock vanishes with its process, however that dies. Where a file system does not honour it (some network shares),
the epoch fence in each transaction still stops the older owner.
"""

import fcntl
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from bot.core import errors


@dataclass(frozen=True, slots=True)
class Ownership:
    """The held lock and the identity of the file that it protects."""

    path: Path
    lock: int
    name: str

    def release(self) -> None:
        os.close(self.lock)


def claim(path: Path) -> Ownership:
    """Raise Permanent, naming the file and the holder, when another process owns it or no lock can be made."""
    path = path.resolve()  # one lock for a file, by whatever name it is reached
    lock_path = path.with_name(path.name + ".lock")
    try:
        lock = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise errors.Permanent(f"the lock file {lock_path} cannot be opened: {problem.strerror}") from problem
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as problem:
        holder = os.pread(lock, 200, 0).decode("utf-8", "replace").strip() or "an unknown process"
        os.close(lock)
        raise errors.Permanent(f"{path} is in use by {holder}: stop that one first, or use another file") from problem
    name = f"pid {os.getpid()} on {socket.gethostname()}"
    os.ftruncate(lock, 0)
    os.pwrite(lock, name.encode(), 0)
    return Ownership(path, lock, name)


def identity(path: Path) -> tuple[int, int]:
    """Device and inode: another pair at the same path is another file. Raises FileNotFoundError when it is gone."""
    found = path.stat()
    return found.st_dev, found.st_ino

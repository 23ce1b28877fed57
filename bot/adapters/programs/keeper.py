"""Stays with a program that changes something, whatever becomes of the bot, and writes down how it ended.

A script of its own (`python -I -S keeper.py FOLDER SECONDS MOST_BYTES KEPT_BYTES PROGRAM...`) that imports nothing of
the bot. FOLDER holds what it keeps: `lock` stays locked while it lives, by a descriptor that it inherits; `out` and
`err` are the beginnings of what was printed; `ended` (JSON) is there, whole and on disk, once it is over.
"""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path

CHUNK = 64 * 1024
LEFTOVER_SECONDS = 1.0
POLL_SECONDS = 0.05


def main() -> None:
    folder, seconds, most, kept = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    facts: dict[str, object] = {"began": time.time()}
    try:
        child = subprocess.Popen(  # noqa: S603 - checked by whoever started this
            sys.argv[5:], stdin=0, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
    except (OSError, ValueError) as error:  # ValueError: a NUL inside a word
        facts["problem"] = str(error)
    else:
        facts |= _followed(child, folder, until=time.monotonic() + seconds, most=most, kept=kept)
    _write(folder, facts)


def _followed(
    child: "subprocess.Popen[bytes]", folder: Path, *, until: float, most: int, kept: int
) -> dict[str, object]:
    """Until it has ended and its output is read, or it took too long or printed too much."""
    totals = {"out": 0, "err": 0}
    is_late = False
    with (
        selectors.DefaultSelector() as open_ends,
        (folder / "out").open("wb") as out,
        (folder / "err").open("wb") as err,
    ):
        for pipe, name, file in ((child.stdout, "out", out), (child.stderr, "err", err)):
            if pipe is not None:
                open_ends.register(pipe, selectors.EVENT_READ, (name, file))
        ended_at = 0.0
        while open_ends.get_map() or child.poll() is None:
            for key, _ in open_ends.select(POLL_SECONDS):
                chunk = os.read(key.fd, CHUNK)
                name, file = key.data
                if not chunk:
                    open_ends.unregister(key.fileobj)
                file.write(chunk[: max(0, kept - totals[name])])
                totals[name] += len(chunk)
            if child.poll() is not None:
                ended_at = ended_at or time.monotonic()
                _kill(child.pid)  # what it left behind must not hold the pipes open
            is_late = child.poll() is None and time.monotonic() >= until
            if is_late or sum(totals.values()) > most or (ended_at and time.monotonic() > ended_at + LEFTOVER_SECONDS):
                break
        code = None if is_late else child.poll()
        _kill(child.pid)
        child.wait()
    return {"exit_code": code, "is_late": is_late, "out": totals["out"], "err": totals["err"]}


def _kill(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _write(folder: Path, facts: dict[str, object]) -> None:
    """All of it or nothing, and on disk."""
    unfinished = folder / "ending"
    with unfinished.open("w", encoding="utf-8") as file:
        json.dump(facts, file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(folder / "ended")
    held = os.open(folder, os.O_RDONLY)
    os.fsync(held)
    os.close(held)


if __name__ == "__main__":
    main()

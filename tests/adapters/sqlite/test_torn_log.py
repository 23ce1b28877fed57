"""Power cuts: the write-ahead log cut at every frame and in the middle of frames, and what of it is still there."""

import os
import shutil
from pathlib import Path

from bot.adapters.sqlite.store import Store
from bot.core.ids import incident_id
from bot.flow import attesting
from tests.contracts import journal
from tests.fakes.world import FakeClock

EVERY_IMAGE = os.environ.get("TEST_EVERY_IMAGE") == "1"
COMMITS = 300 if EVERY_IMAGE else 24
STEP = 1 if EVERY_IMAGE else 5
"""Every frame and every middle are cut when all are asked for, about two thousand images; else every fifth."""

HEADER, FRAME = 32, 24 + 4096
"""Bytes of the log's own header and of a frame (https://www.sqlite.org/fileformat2.html#the_write_ahead_log)."""


async def test_F17_a_log_that_was_cut_anywhere_opens_and_holds_what_was_durable_before_the_cut(tmp_path: Path) -> None:
    path, image = tmp_path / "whole.db", tmp_path / "image.db"
    sizes = await _written(path)
    log = _log(path)
    frames = (len(log) - HEADER) // FRAME
    cuts = [HEADER + frame * FRAME + middle for frame in range(0, frames, STEP) for middle in (0, FRAME // 2)]
    assert len(cuts) >= (2_000 if EVERY_IMAGE else 30)
    for cut in cuts:
        _lay(image, path, log[:cut])
        durable = sum(size <= cut for size in sizes)
        store = await Store.open(image, FakeClock())
        try:
            kept = len(await store.history(incident_id(1)))
            findings, walked = await attesting.walk(store, {})
            assert (findings, walked.end.number) == ([], kept), f"cut at {cut}"
            assert kept >= durable, f"cut at {cut}: {kept} of {durable}"
        finally:
            await store.close()


def _lay(image: Path, path: Path, log: bytes) -> None:
    """The database as the power cut left it: the file, and so much of the log."""
    shutil.copy(f"{path}.kept", image)
    Path(f"{image}-shm").unlink(missing_ok=True)
    Path(f"{image}-wal").write_bytes(log)


def _log(path: Path) -> bytes:
    return Path(f"{path}-wal.kept").read_bytes()


def _length(path: Path) -> int:
    return Path(f"{path}-wal").stat().st_size


async def _written(path: Path) -> list[int]:
    """How long the log was after each commit that was answered. Database and log are kept as they were at the end."""
    store = await Store.open(path, FakeClock())
    sizes = []
    try:
        for number in range(COMMITS):
            await store.commit(journal.commit(1, after=number))
            sizes.append(_length(path))
        shutil.copy(path, f"{path}.kept")
        shutil.copy(f"{path}-wal", f"{path}-wal.kept")
    finally:
        await store.close()
    assert sizes == sorted(sizes)
    return sizes

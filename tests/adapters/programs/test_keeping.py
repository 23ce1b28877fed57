"""The end of a program that changes something is written down, whatever becomes of the bot that started it."""

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.programs import keeping, running
from bot.adapters.programs.executor import Programs
from bot.core.previews import Outcome, Performed
from tests.adapters.programs.test_programs import SHORT, SOON, operation, program

KEY = "INC-1/1/2"


def made(path: Path, name: str) -> Programs:
    return Programs(lambda: (name,), search_path=str(path), kept=path / "kept")


async def run(path: Path, body: str, *, timeout: timedelta = SOON) -> Performed:
    programs = made(path, program(path, "job", body))
    shown = await programs.preview(operation("job"), timeout=SOON)
    return await programs.perform(operation("job"), shown, key=KEY, timeout=timeout)


async def recalled(path: Path, *, since: datetime, timeout: timedelta = SOON) -> Performed | None:
    """By another life of the bot."""
    return await made(path, "job").recall(operation("job"), key=KEY, since=since, timeout=timeout)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize(
    ("body", "outcome", "output", "detail"),
    [
        ("echo done", Outcome.SUCCEEDED, "done", ""),
        ("echo no >&2; exit 3", Outcome.FAILED, "no", "Exit code 3."),
        ("kill -9 $$", Outcome.UNKNOWN, "", "Ended by signal 9 before it was done."),
        ("sleep 60", Outcome.UNKNOWN, "", "Still running after 0.3 s; it was stopped."),
        ("yes 0123456789012345678901234567890123456789", Outcome.UNKNOWN, "0123", "Printed more than 1024 KiB"),
        ("(sleep 60; echo late) & echo early", Outcome.SUCCEEDED, "early", ""),
        ('test -z "$SLACK_BOT_TOKEN" && cat && pwd', Outcome.SUCCEEDED, "home", ""),
    ],
)
async def test_a_kept_program_ends_as_any_other(
    tmp_path: Path, body: str, outcome: Outcome, output: str, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    began = now()
    timeout = SHORT if body == "sleep 60" else SOON
    done = await run(tmp_path, body, timeout=timeout)
    assert (done.outcome, output in done.output, detail in done.detail) == (outcome, True, True), done
    assert await recalled(tmp_path, since=began, timeout=timeout) == done


async def test_a_program_goes_on_without_the_bot_and_is_waited_for_by_the_next_one(tmp_path: Path) -> None:
    began = now()
    running_one = asyncio.create_task(run(tmp_path, "sleep 1; echo done >> receipt; echo done; exit 4"))
    await _begun(tmp_path)
    running_one.cancel()
    await asyncio.gather(running_one, return_exceptions=True)
    known = await recalled(tmp_path, since=began)
    assert known is not None
    assert (known.outcome, known.exit_code, known.output) == (Outcome.FAILED, 4, "done")


async def test_the_limit_of_time_holds_without_the_bot(tmp_path: Path) -> None:
    began = now()
    running_one = asyncio.create_task(run(tmp_path, "sleep 60", timeout=timedelta(seconds=0.5)))
    await _begun(tmp_path)
    running_one.cancel()
    await asyncio.gather(running_one, return_exceptions=True)
    known = await recalled(tmp_path, since=began)
    assert known is not None and known.outcome is Outcome.UNKNOWN and "stopped" in known.detail


async def _begun(path: Path) -> None:
    async with asyncio.timeout(5):
        while True:
            if keeping._is_kept(path / "kept" / "INC-1_1_2"):
                break
            await asyncio.sleep(0.01)


async def test_what_another_try_left_is_not_taken_for_this_one(tmp_path: Path) -> None:
    await run(tmp_path, "echo done")
    await asyncio.sleep(2 * keeping._SKEW_SECONDS)  # longer than two looks at one clock may differ
    assert await recalled(tmp_path, since=now()) is None


async def test_nothing_is_known_of_what_never_began(tmp_path: Path) -> None:
    assert await recalled(tmp_path, since=now()) is None


async def test_a_keeper_that_was_killed_says_nothing_and_an_ending_that_is_no_ending_neither(tmp_path: Path) -> None:
    began = now()
    folder = tmp_path / "kept" / "INC-1_1_2"
    await run(tmp_path, "echo done")
    for text in ("", "{", "[]", '{"began": "x"}', "null"):
        (folder / "ended").write_text(text)
        assert await recalled(tmp_path, since=began) is None


async def test_old_endings_are_cleared_away(tmp_path: Path) -> None:
    old = tmp_path / "kept" / "INC-0_1_1"
    old.mkdir(parents=True)
    long_ago = time.time() - keeping.KEPT_FOR.total_seconds() - 60
    os.utime(old, (long_ago, long_ago))
    await run(tmp_path, "true")
    assert not old.exists()


async def test_what_was_printed_is_for_the_bot_s_own_account_alone(tmp_path: Path) -> None:
    await run(tmp_path, "echo secret")
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o700


def test_the_keeper_needs_nothing_of_the_bot() -> None:
    assert "bot" not in keeping.KEEPER.read_text("utf-8").partition('"""\n\n')[2].split()
    assert running.KEPT_BYTES < running.READ_BYTES

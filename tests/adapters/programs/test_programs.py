"""Programs of the allow-list: bounded in time, output and environment, and gone with all they started."""

import os
import stat
import time
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.programs import running
from bot.adapters.programs.executor import Programs
from bot.core.operations import Family, Operation
from bot.core.previews import Outcome, Performed, Preview

SOON = timedelta(seconds=10)
SHORT = timedelta(milliseconds=300)


def program(path: Path, name: str, body: str) -> str:
    file = path / name
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return name


def operation(*argv: str, effect: str = "write") -> Operation:
    return Operation(Family.PROGRAM, "program.run", " ".join(argv), {"argv": [*argv], "effect": effect})


async def run(path: Path, *argv: str, effect: str = "write", timeout: timedelta = SOON) -> Performed:
    programs = Programs(lambda: (argv[0],), search_path=str(path))
    asked = operation(*argv, effect=effect)
    shown = await programs.preview(asked, timeout=SOON)
    assert shown.problems == ()
    return await programs.perform(asked, shown, key="k", timeout=timeout)


async def test_what_is_shown_is_what_runs(tmp_path: Path) -> None:
    name = program(tmp_path, "greet", 'echo "hello $1"')
    done = await run(tmp_path, name, "on call; rm -rf $HOME `id`")
    assert (done.outcome, done.output, done.exit_code) == (Outcome.SUCCEEDED, "hello on call; rm -rf $HOME `id`", 0)


async def test_the_preview_names_program_and_account_and_promises_nothing(tmp_path: Path) -> None:
    name = program(tmp_path, "greet", "touch /nonexistent/trace")
    shown = await Programs(lambda: (name,), search_path=str(tmp_path)).preview(operation(name), timeout=SOON)
    assert shown.facts == {"program": str(tmp_path / "greet")}
    assert "cannot be simulated" in shown.promise
    assert shown.identity.endswith(f"(uid {os.getuid()})")


@pytest.mark.parametrize("argv", [(), ("other",), ("/bin/sh",), ("../greet",), ("missing",)])
async def test_only_listed_and_installed_programs_run(tmp_path: Path, argv: tuple[str, ...]) -> None:
    program(tmp_path, "greet", "echo ran")
    programs = Programs(lambda: ("greet", "missing", "/bin/sh"), search_path=str(tmp_path))
    shown = await programs.preview(operation(*argv), timeout=SOON)
    done = await programs.perform(operation(*argv), shown, key="k", timeout=SOON)
    assert shown.problems and done.outcome is Outcome.REFUSED and done.output == ""


async def test_a_program_without_its_preview_is_refused(tmp_path: Path) -> None:
    name = program(tmp_path, "greet", "echo ran")
    done = await Programs(lambda: (name,), search_path=str(tmp_path)).perform(
        operation(name), Preview(), key="k", timeout=SOON
    )
    assert done.outcome is Outcome.REFUSED


async def test_the_environment_holds_nothing_of_the_bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "canary")
    done = await run(tmp_path, program(tmp_path, "show", "/usr/bin/env; cat"))
    assert "canary" not in done.output
    names = {line.split("=")[0] for line in done.output.splitlines() if "=" in line} - {"_", "OLDPWD", "PWD", "SHLVL"}
    assert names == {"PATH", "LANG", "HOME", "TMPDIR"}


async def test_a_failure_shows_both_streams_and_a_success_only_its_output(tmp_path: Path) -> None:
    bad = await run(tmp_path, program(tmp_path, "bad", "echo out; echo err >&2; exit 3"))
    good = await run(tmp_path, program(tmp_path, "good", "echo out; echo warning >&2"))
    assert (bad.outcome, bad.exit_code, bad.output) == (Outcome.FAILED, 3, "out\nerr")
    assert good.output == "out"


async def test_its_directory_is_its_own_and_gone_afterwards(tmp_path: Path) -> None:
    first = await run(tmp_path, program(tmp_path, "where", "touch trace; pwd; ls"))
    folder, listed = first.output.splitlines()
    again = await run(tmp_path, program(tmp_path, "look", f"ls {folder}"), effect="read")
    assert listed == "trace" and again.outcome is Outcome.FAILED


@pytest.mark.parametrize(("effect", "outcome"), [("write", Outcome.UNKNOWN), ("read", Outcome.FAILED)])
async def test_F68_a_late_program_is_unknown_only_if_it_may_have_changed_something(
    tmp_path: Path, effect: str, outcome: Outcome
) -> None:
    done = await run(tmp_path, program(tmp_path, "slow", "sleep 30"), effect=effect, timeout=SHORT)
    assert done.outcome is outcome and "Still running after 0.3 s" in done.detail and not done.is_repeatable


@pytest.mark.parametrize(("effect", "outcome"), [("write", Outcome.UNKNOWN), ("read", Outcome.FAILED)])
async def test_F23_a_program_killed_from_outside_is_unknown_if_it_may_have_changed_something(
    tmp_path: Path, effect: str, outcome: Outcome
) -> None:
    done = await run(tmp_path, program(tmp_path, "killed", "kill -9 $$"), effect=effect)
    assert done.outcome is outcome and "signal 9" in done.detail


async def test_F70_a_flood_is_stopped_and_cut(tmp_path: Path) -> None:
    began = time.monotonic()
    done = await run(tmp_path, program(tmp_path, "flood", "exec /usr/bin/yes flood"), effect="read")
    assert done.outcome is Outcome.FAILED and "more than 1024 KiB" in done.detail
    assert len(done.output) <= running.KEPT_BYTES and done.is_truncated
    assert time.monotonic() - began < 5


async def test_F70_control_characters_and_broken_text_are_made_printable(tmp_path: Path) -> None:
    done = await run(tmp_path, program(tmp_path, "dirty", r"printf 'a\033[31mred\377\000b'"))
    assert done.outcome is Outcome.SUCCEEDED
    assert "\x1b" not in done.output and "\x00" not in done.output and "red" in done.output


async def test_F70_what_it_started_in_the_background_ends_with_it(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    name = program(tmp_path, "parent", f"(sleep 1; echo late > {trace}) & echo started")
    began = time.monotonic()
    done = await run(tmp_path, name)
    assert done.output == "started" and time.monotonic() - began < 0.9
    child = await run(tmp_path, program(tmp_path, "look", f"sleep 1.2; cat {trace}"), effect="read")
    assert child.outcome is Outcome.FAILED  # nothing was ever written


async def test_F70_a_daemon_that_leaves_the_group_does_not_hold_the_step(tmp_path: Path) -> None:
    began = time.monotonic()
    done = await run(tmp_path, program(tmp_path, "daemon", "/usr/bin/setsid sleep 4 & echo started"))
    assert done.outcome is Outcome.SUCCEEDED and done.output == "started"
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("word", ["; id", "$(id)", "`id`", "| cat", "-rf", "--", "@/etc/passwd", "a\nb", "'\"", "é漢"])
async def test_F73_every_word_arrives_as_exactly_one_inert_argument(tmp_path: Path, word: str) -> None:
    done = await run(tmp_path, program(tmp_path, "count", 'printf "%s:%s" "$#" "$1"'), word)
    assert done.output == f"1:{word}"


async def test_a_word_with_a_null_byte_is_refused(tmp_path: Path) -> None:
    name = program(tmp_path, "greet", "echo ran")
    programs = Programs(lambda: (name,), search_path=str(tmp_path))
    assert (await programs.preview(operation(name, "a\0b"), timeout=SOON)).problems

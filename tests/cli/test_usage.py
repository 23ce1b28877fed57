"""Exit codes and the one line that says what is wrong: the same for every command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli import databases
from tests.cli.databases import run

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("plan",),
        ("plan", "--nope"),
        ("plan", "no-such-runbook", "--offline"),
        ("plan", "stuck-pod", "--offline", "sideways"),
        ("plan", "stuck-pod", "--offline", "nosuch=1"),
        ("plan", "bad-image-rollback", "--offline"),
        ("plan", "--alert", "/no/such/file"),
        ("plan", "--alert", str(ROOT / "pyproject.toml")),
        ("plan", "--alert", "x.json", "--source", "carrier-pigeon"),
        ("replay", "--database", "/no/such/file.db"),
        ("verify", "--database", str(ROOT / "pyproject.toml")),
        ("export",),
        ("export", "INC-1", "--all"),
        ("export", "INC-1", "--format", "pdf"),
        ("export", "--all", "--since", "yesterday-ish"),
        ("stats", "--days", "0"),
        ("check", "/no/such/folder"),
        ("explain",),
        ("demo", "--scenario", "no-such-scenario"),
    ],
    ids=" ".join,
)
def test_bad_usage_and_bad_input_are_one_line_and_exit_2(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGETURNER_RUNBOOKS", str(ROOT / "runbooks"))

    ran = run(*arguments)

    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("pageturner: ")
    assert len(ran.err.strip().splitlines()) == 1
    assert "Traceback" not in ran.err


def test_serve_without_tokens_says_which_settings_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLACK_BOT_TOKEN", raising=False)
    monkeypatch.delenv("SLACK_APP_TOKEN", raising=False)

    ran = run("serve")

    assert ran.code == 2
    assert "SLACK_BOT_TOKEN: is missing" in ran.err
    assert "SLACK_APP_TOKEN: is missing" in ran.err


def test_no_command_shows_the_help_on_standard_error() -> None:
    ran = run()

    assert (ran.code, ran.out) == (2, "")
    for command in ("serve", "demo", "check", "explain", "plan", "replay", "export", "verify", "stats"):
        assert command in ran.err


def test_the_exit_code_of_findings_reaches_the_shell(tmp_path: Path) -> None:
    """A real process, started as a module."""
    broken = tmp_path / "broken.yaml"
    broken.write_text("name: x\n", "utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "bot", "check", str(broken)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        env={"PATH": os.defpath},
    )

    assert ran.returncode == 1
    assert "broken.yaml:1" in ran.stdout


def test_a_reader_that_goes_away_early_makes_no_traceback(tmp_path: Path) -> None:
    path = databases.store(tmp_path / "p.db", databases.resolved())
    command = (
        f"for i in $(seq 3000); do echo 'kubectl get pods'; done | {sys.executable} -m bot explain --json - | head -1"
    )
    ran = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, cwd=ROOT, check=False)

    assert path.exists()
    assert ran.stdout.count("\n") == 1
    assert "Traceback" not in ran.stderr


def test_explaining_loads_neither_the_cluster_nor_slack_nor_tables() -> None:
    code = (
        "import sys; from bot import cli; sys.argv = ['pageturner', 'explain', '--json', 'kubectl get pods']\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        "heavy = {'kubernetes', 'slack_sdk', 'aiohttp', 'aiosqlite', 'bot.app', 'bot.settings', 'rich.table'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")

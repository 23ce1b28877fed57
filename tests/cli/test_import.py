"""`pageturner import`: what is written where, what is told, and what is never overwritten."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.databases import run

ORDINARY = Path(__file__).parents[1] / "adapters" / "runbook_files" / "ordinary"


def test_a_folder_is_imported_and_every_line_is_told(tmp_path: Path) -> None:
    done = run("import", str(ORDINARY), "--into", str(tmp_path / "made"))
    assert done.code == 1  # one of the files holds nothing that can be used
    assert "KubePodCrashLooping.md -> " in done.out and "prose-only.md: not imported" in done.out
    assert "10 of 11 files imported" in done.out
    assert max(map(len, done.out.splitlines())) <= 200
    assert run("check", str(tmp_path / "made")).code == 0


def test_programs_get_the_same_as_one_document(tmp_path: Path) -> None:
    done = run("import", str(ORDINARY / "queue.md"), "--into", str(tmp_path), "--json")
    (told,) = json.loads(done.out)
    assert (done.code, told["name"], told["parameters"]) == (0, "queue-backlog", ["namespace"])
    assert {"line", "kept", "text", "why"} == set(told["lines"][0])


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    target = tmp_path / "queue-backlog.yaml"
    target.write_text("mine")
    refused = run("import", str(ORDINARY / "queue.md"), "--into", str(tmp_path))
    assert refused.code == 1 and "--force" in refused.out and target.read_text() == "mine"
    assert run("import", str(ORDINARY / "queue.md"), "--into", str(tmp_path), "--force").code == 0
    assert target.read_text() != "mine"


def test_two_files_of_one_title_are_two_runbooks(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name in ("one.md", "two.md"):
        shutil.copy(ORDINARY / "queue.md", tmp_path / "a" / name)
    run("import", str(tmp_path / "a"), "--into", str(tmp_path / "made"))
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == ["queue-backlog-2.yaml", "queue-backlog.yaml"]


@pytest.mark.parametrize("given", [["/nowhere/x.md"], []])
def test_bad_usage_is_one_line_and_exit_2(given: list[str]) -> None:
    done = run("import", *given)
    assert done.code == 2 and len(done.err.splitlines()) == 1


def test_a_file_that_is_no_text_is_told_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "x.md").write_bytes(b"\xff\xfe\x00")
    done = run("import", str(tmp_path / "x.md"), "--into", str(tmp_path / "made"))
    assert done.code == 1 and "not UTF-8" in done.out and not (tmp_path / "made").exists()

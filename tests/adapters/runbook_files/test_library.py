"""The folder of runbooks: the last good version of each file stays in use."""

import os
from pathlib import Path

import pytest

from bot.adapters.runbook_files import loading
from bot.adapters.runbook_files.library import RunbookFiles
from bot.core.runbooks import Library, Problem, Runbook

GOOD = (
    "name: {name}\nmatch: {{alert_names: [{name}]}}\nsteps:\n  - name: look\n    run: kubectl get pods -n production\n"
)


def write(path: Path, name: str, more: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(GOOD.format(name=name) + more)
    return path


def names(library: Library) -> list[str]:
    return sorted(library.runbooks)


def messages(library: Library) -> list[tuple[str, int, str]]:
    return [(Path(problem.path).name, problem.line, problem.key) for problem in library.problems]


def test_every_runbook_below_the_folder_loads_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "a")
    write(tmp_path / "team" / "b.yml", "b")
    (tmp_path / "c.md").write_text("# Runbook: c\n## Steps\n### Step 1: look\n```bash\nkubectl get pods\n```\n")
    for other in (
        "README.md",
        "escalation.yaml",
        "policies/p.yaml",
        ".hidden/h.yaml",
        ".h.yaml",
        "x.manifest.yaml",
        "notes.txt",
    ):
        write(tmp_path / other, "other")
    library = RunbookFiles(tmp_path).current()
    assert names(library) == ["a", "b", "c"]
    assert library.problems == ()
    assert library.runbooks["a"].path == str(tmp_path / "a.yaml")  # type: ignore[index]


def test_nothing_changed_means_the_same_library_object(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "a")
    files = RunbookFiles(tmp_path)
    before = files.current()
    assert files.reload_if_changed() is False
    assert files.current() is before


def test_a_touched_file_with_the_same_bytes_is_no_change(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", "a")
    files = RunbookFiles(tmp_path)
    os.utime(path, (1, 1))
    assert files.reload_if_changed() is False


def test_new_changed_and_removed_files_are_picked_up(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", "a")
    files = RunbookFiles(tmp_path)
    digest = files.current().runbooks["a"].digest  # type: ignore[index]
    write(path, "a", "title: Changed\n")
    write(tmp_path / "b.yaml", "b")
    assert files.reload_if_changed() is True
    assert names(files.current()) == ["a", "b"]
    assert files.current().runbooks["a"].digest != digest  # type: ignore[index]
    path.unlink()
    assert files.reload_if_changed() is True
    assert names(files.current()) == ["b"]


def test_a_change_of_the_same_size_and_time_is_seen(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", "a", "title: one\n")
    files = RunbookFiles(tmp_path)
    status = path.stat()
    other = write(tmp_path / "new.tmp", "a", "title: two\n")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)
    assert files.reload_if_changed() is True
    assert files.current().runbooks["a"].title == "two"  # type: ignore[index]


@pytest.mark.parametrize(
    "broken", ["titel: x\n", "name: a\n", "x: !!python/name:os.system\n", "x: &a [*a]\n", "\x00", "x: {\n"]
)
def test_F62_a_broken_file_keeps_its_last_good_runbook_and_is_reported(tmp_path: Path, broken: str) -> None:
    path = write(tmp_path / "a.yaml", "a", "title: Good\n")
    files = RunbookFiles(tmp_path)
    write(path, "a", broken)
    assert files.reload_if_changed() is True
    assert files.current().runbooks["a"].title == "Good"  # type: ignore[index]
    (problem,) = files.current().problems
    assert Path(problem.path).name == "a.yaml"
    assert problem.line >= 6
    write(path, "a", "title: Better\n")
    assert files.reload_if_changed() is True
    assert files.current().problems == ()
    assert files.current().runbooks["a"].title == "Better"  # type: ignore[index]


def test_F62_a_file_broken_from_the_start_gives_no_runbook(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "a", "titel: x\n")
    write(tmp_path / "b.yaml", "b")
    library = RunbookFiles(tmp_path).current()
    assert names(library) == ["b"]
    assert messages(library) == [("a.yaml", 6, "titel")]


def test_two_files_with_one_name_are_a_problem_of_both(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "same")
    write(tmp_path / "b.yaml", "same")
    library = RunbookFiles(tmp_path).current()
    assert names(library) == []
    assert messages(library) == [("a.yaml", 1, "name"), ("b.yaml", 1, "name")]


def test_a_name_in_use_is_not_taken_over_by_a_new_file(tmp_path: Path) -> None:
    first = write(tmp_path / "b.yaml", "same")
    files = RunbookFiles(tmp_path)
    write(tmp_path / "a.yaml", "same")
    files.reload_if_changed()
    assert files.current().runbooks["same"].path == str(first)  # type: ignore[index]
    assert len(files.current().problems) == 2


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside" / "a.yaml", "a")
    root = tmp_path / "runbooks"
    root.mkdir()
    (root / "a.yaml").symlink_to(outside)
    (root / "folder").symlink_to(outside.parent)
    library = RunbookFiles(root).current()
    assert names(library) == []
    assert "link out of the folder" in library.problems[0].message


def test_links_as_a_config_map_mounts_them_are_followed(tmp_path: Path) -> None:
    write(tmp_path / "..2026_01" / "a.yaml", "a")
    (tmp_path / "..data").symlink_to("..2026_01")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    library = RunbookFiles(tmp_path).current()
    assert names(library) == ["a"]
    assert library.problems == ()


def test_what_is_no_small_regular_text_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "big.yaml").write_text("#" * (loading.LARGEST_FILE + 1))
    (tmp_path / "binary.yaml").write_bytes(b"name: a\nsteps: \xff\xfe")
    (tmp_path / "gone.yaml").symlink_to("nowhere.yaml")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    library = RunbookFiles(tmp_path).current()
    assert names(library) == []
    assert [(Path(p.path).name, p.line) for p in library.problems] == [
        ("big.yaml", 1), ("binary.yaml", 2), ("gone.yaml", 1), ("loop.yaml", 1), ("pipe.yaml", 1),
    ]  # fmt: skip
    assert all(problem.remedy for problem in library.problems)


def test_a_missing_folder_is_a_problem_and_not_a_crash(tmp_path: Path) -> None:
    library = RunbookFiles(tmp_path / "nowhere").current()
    assert "does not exist" in library.problems[0].message


def test_what_the_check_finds_keeps_a_runbook_out_and_has_a_line(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "a", "limits: {pod_restarts: 0}\n")

    def check(runbook: Runbook) -> list[Problem]:
        return [Problem(runbook.path, 0, "limits.pod_restarts", "too small", "raise it")]

    library = RunbookFiles(tmp_path, check=check).current()
    assert names(library) == []
    assert messages(library) == [("a.yaml", 6, "limits.pod_restarts")]


def test_by_default_the_steps_are_checked(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "a", "  - name: chain\n    run: kubectl get pods && ls\n")
    library = RunbookFiles(tmp_path).current()
    assert messages(library) == [("a.yaml", 6, "steps[2].run")]


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbf" + GOOD.format(name="a").encode())
    assert names(RunbookFiles(tmp_path).current()) == ["a"]

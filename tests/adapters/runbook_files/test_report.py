"""`check`: all problems of files and folders, in order, for somebody at a terminal."""

from pathlib import Path

from bot.adapters.runbook_files import report

GOOD = "name: {name}\nmatch: {{alert_names: [x]}}\nsteps:\n  - name: look\n    run: kubectl get pods -n production\n"


def test_problems_are_ordered_by_file_and_line_and_read_as_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(GOOD.format(name="b") + "titel: x\nowner: {}\n")
    (tmp_path / "a.md").write_text("# Runbook: a\n## Steps\n### Step 1: x\n")
    problems = report.check([tmp_path])
    assert [(Path(p.path).name, p.line) for p in problems] == [("a.md", 3), ("b.yaml", 6), ("b.yaml", 7)]
    assert str(problems[1]).endswith('b.yaml:6 [titel]: the key "titel" is not known here - did you mean "title"?')


def test_single_files_are_checked_whatever_their_folder(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(GOOD.format(name="good"))
    bad.write_text("steps: []\n")
    assert report.check([good]) == []
    assert {problem.path for problem in report.check([good, bad])} == {str(bad)}


def test_a_path_that_does_not_exist_is_a_problem(tmp_path: Path) -> None:
    (problem,) = report.check([tmp_path / "nowhere.yaml"])
    assert "cannot be read" in problem.message


def test_names_are_compared_over_all_given_paths(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.yaml").write_text(GOOD.format(name="a"))
    assert len(report.check([tmp_path / "one", tmp_path / "two"])) == 2


def test_advice_is_kept_apart_from_problems(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        "name: a\nsteps:\n  - name: restart\n    run: kubectl rollout restart deployment/api -n production\n"
    )
    assert report.check([path]) == []
    assert [(advice.line, advice.key) for advice in report.advise([path])] == [(1, "match"), (3, "steps[1]")]

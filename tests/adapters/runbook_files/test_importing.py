"""Ordinary Markdown runbooks: reads become steps, changes are only shown, and nothing is guessed or lost silently."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.runbook_files import drafting, importing, report
from bot.adapters.runbook_files.importing import Draft, Kept
from bot.adapters.runbook_files.library import RunbookFiles
from bot.core import risk
from bot.core.commands import parsing
from bot.core.operations import Effect

ORDINARY = Path(__file__).parent / "ordinary"
FILES = sorted(ORDINARY.glob("*.md"))


def draft(name: str) -> Draft:
    path = ORDINARY / name
    return importing.draft(path.read_text("utf-8"), stem=path.stem)


def kept(made: Draft, what: Kept) -> list[str]:
    return [piece.text for piece in made.pieces if piece.kept is what]


def test_reads_run_and_changes_are_only_shown() -> None:
    made = draft("KubePodCrashLooping.md")
    assert kept(made, Kept.STEP) == [
        "kubectl -n {namespace} get pod {pod}",
        "kubectl -n {namespace} describe pod {pod}",
        "kubectl -n {namespace} logs {pod} -c {container}",
        "kubectl -n {namespace} logs {pod} --previous | tail -50",
    ]
    assert kept(made, Kept.SHOWN) == ["kubectl -n {namespace} rollout undo deployment/{deployment}"]
    assert made.alert_names == ["KubePodCrashLooping"]
    assert made.parameters == {each: f"labels.{each}" for each in ("namespace", "pod", "container", "deployment")}
    assert made.steps[0].name == "Check the template" and made.steps[2].name == "Check its logs"


def test_what_is_said_about_the_alert_becomes_the_match() -> None:
    made = draft("redis-memory.md")
    assert (made.alert_names, made.severity) == (["RedisMemoryHigh"], ["critical"])
    assert made.service == ["api-gateway", "user-service"]
    assert draft("disk-full.md").alert_names == ["DiskWillFillIn4Hours", "NodeFilesystemSpaceFillingUp"]


def test_output_behind_prompts_is_no_command_and_a_variable_is_found_by_a_step() -> None:
    made = draft("disk-full.md")
    assert made.steps[0].capture is not None and made.steps[0].capture.name == "POD"
    assert made.steps[1].command == "kubectl exec -n logging {POD} -- df -h /data"
    assert kept(made, Kept.SAMPLE) == ["Filesystem  Size  Used (and 1 more lines)"]


@pytest.mark.parametrize(
    ("name", "command", "why"),
    [
        ("loops.md", "for p in", "`for` is shell syntax"),
        ("loops.md", "| xargs kubectl delete", "write one step for each command"),
        ("loops.md", "cat <<EOF", "redirects a stream"),
        ("loops.md", "rm -rf", "not an allowed program"),
        ("node-not-ready.md", "ssh <node name>", "not an allowed program"),
        ("certificates.md", "echo | openssl", "not a filter"),
    ],
)
def test_what_cannot_be_a_step_is_kept_as_text_with_the_reason(name: str, command: str, why: str) -> None:
    made = draft(name)
    found = [piece for piece in made.pieces if piece.kept is Kept.BY_HAND and command in piece.text]
    assert found and why in found[0].why
    assert f"By hand: {found[0].text}" in made.notes


def test_a_file_without_anything_to_run_is_no_runbook() -> None:
    assert drafting.write(draft("prose-only.md"), source="prose-only.md").text == ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_is_written_is_stable_loads_and_runs_no_change(path: Path, tmp_path: Path) -> None:
    made = importing.draft(path.read_text("utf-8"), stem=path.stem)
    written = drafting.write(made, source=path.name)
    again = drafting.write(importing.draft(path.read_text("utf-8"), stem=path.stem), source=path.name)
    assert written == again and written.problems == ()
    if not written.text:
        return
    (tmp_path / f"{made.name}.yaml").write_text(written.text, "utf-8")
    assert report.check([tmp_path]) == []
    (book,) = RunbookFiles(tmp_path).current().runbooks.values()
    assert book.max_level.value == 0
    assert len(book.steps) == len(made.steps)
    for step, piece in zip(made.steps, (p for p in made.pieces if p.kept in {Kept.STEP, Kept.SHOWN}), strict=True):
        reads = risk.judge(parsing.parse(step.command)).effect is Effect.READ
        assert (piece.kept is Kept.STEP) is reads


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_line_of_a_fence_is_accounted_for(path: Path) -> None:
    """A command that stands in the file stands in a piece, whatever became of it."""
    made = importing.draft(path.read_text("utf-8"), stem=path.stem)
    told = " ".join(piece.text for piece in made.pieces)
    for line in path.read_text("utf-8").splitlines():
        if line.strip().startswith(("kubectl", "$ kubectl", "rm ", "curl", "$ ssh")):
            assert line.strip().removeprefix("$ ").split()[0] in told


@given(st.text())
def test_no_text_whatever_breaks_the_import(text: str) -> None:
    written = drafting.write(importing.draft(text, stem="x"), source="x.md")
    assert written.text == "" or isinstance(yaml.safe_load(written.text), dict)


@given(
    st.lists(
        st.sampled_from(
            ["# ", "```\n", "```bash\n", "kubectl get pods\n", "- ", "    ", "`kubectl get x`", "$ ", "\\\n"]
        )
    )
)
def test_no_arrangement_of_markdown_breaks_the_import(pieces: list[str]) -> None:
    written = drafting.write(importing.draft("".join(pieces), stem="x"), source="x.md")
    assert written.problems == ()


def test_a_hostile_file_gives_bounded_work() -> None:
    made = importing.draft("```bash\nkubectl get pods\n```\n" * 5_000, stem="x")
    assert len(made.steps) == importing.MOST_STEPS
    assert len(made.notes) <= importing.NOTES_CHARACTERS + 100

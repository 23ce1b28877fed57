"""programs.yaml: what operators declare is what may run, no more, and no less careful than is known."""

from pathlib import Path

import pytest

from bot.adapters.runbook_files import program_declarations, report, side_files
from bot.adapters.runbook_files.library import RunbookFiles
from bot.core import risk
from bot.core.commands import parsing
from bot.core.ids import RunbookName
from bot.core.operations import Effect, Replay, Tier
from bot.core.runbooks import AllowedProgram

GOOD = """\
requeue-jobs:
  run: jobctl requeue --queue {queue}
  effect: write
  risk: medium
  replay: idempotent
  parameters:
    queue: {pattern: '[a-z-]{1,40}'}
queue-depth:
  run: jobctl depth --queue {queue}
  effect: read
  risk: low
  parameters:
    queue: {pattern: '[a-z-]{1,40}'}
"""
RUNBOOK = """\
name: stuck-queue
title: Stuck queue
match: {all_words: [queue]}
parameters:
  queue: {pattern: '[a-z-]{1,40}', default: mail}
steps:
  - name: Requeue
    run: jobctl requeue --queue {queue}
"""


def written(folder: Path, declared: str) -> Path:
    (folder / "programs.yaml").write_text(declared, "utf-8")
    (folder / "stuck-queue.yaml").write_text(RUNBOOK, "utf-8")
    return folder


def test_a_declared_program_makes_its_steps_runnable_as_declared(tmp_path: Path) -> None:
    library = RunbookFiles(written(tmp_path, GOOD)).current()
    assert library.problems == ()
    runbook = library.runbooks[RunbookName("stuck-queue")]
    operation = parsing.operation(runbook.steps[0].action, values={"queue": "mail"}, programs=runbook.programs)
    judgement = risk.judge(operation)
    assert judgement.is_runnable and operation.text == "jobctl requeue --queue mail"
    assert (judgement.effect, judgement.tier, judgement.replay) == (Effect.WRITE, Tier.MEDIUM, Replay.IDEMPOTENT)


def test_without_its_declaration_the_runbook_does_not_load_and_check_says_what_to_do(tmp_path: Path) -> None:
    folder = written(tmp_path, GOOD)
    (folder / "programs.yaml").unlink()
    assert RunbookFiles(folder).current().runbooks == {}
    (found,) = report.check([folder])
    assert "declare it" in found.message and found.key == "steps[1].run"


def test_a_changed_declaration_is_taken_up_and_a_broken_one_leaves_the_last_good_in_use(tmp_path: Path) -> None:
    files = RunbookFiles(written(tmp_path, GOOD))
    (tmp_path / "programs.yaml").write_text(GOOD.replace("risk: medium", "risk: high"), "utf-8")
    assert files.reload_if_changed()
    assert {each.risk for each in files.current().programs} == {Tier.HIGH, Tier.LOW}
    (tmp_path / "programs.yaml").write_text("requeue-jobs: [", "utf-8")
    assert files.reload_if_changed()
    assert len(files.current().programs) == 2 and RunbookName("stuck-queue") in files.current().runbooks
    assert files.current().problems[0].path.endswith("programs.yaml")
    (tmp_path / "programs.yaml").write_text(GOOD.replace("jobctl requeue", "jobctl retry"), "utf-8")
    assert files.reload_if_changed()
    problem = next(each for each in files.current().problems if each.path.endswith("stuck-queue.yaml"))
    assert "not an allowed program" in problem.message


@pytest.mark.parametrize(
    ("declared", "key", "says"),
    [
        ("x: {run: 'jobctl a | jq .', effect: read, risk: low}", "x.run", "one program"),
        ("x: {run: 'jobctl a; b', effect: read, risk: low}", "x.run", "joins two commands"),
        ("x: {run: 'bash -c {script}', effect: read, risk: low}", "x.run", "starts whatever it is given"),
        ("x: {run: 'env A=1 jobctl', effect: read, risk: low}", "x.run", "starts whatever it is given"),
        ("x: {run: 'kubectl get pods', effect: read, risk: low}", "x.run", "understood without a declaration"),
        ("x: {run: '/opt/jobctl a', effect: read, risk: low}", "x.run", "plain name"),
        ("x: {run: '{program} a', effect: read, risk: low}", "x.run", "plain name"),
        ("x: {run: 'jobctl {q}', effect: read, risk: low}", "x.parameters", "no pattern"),
        (
            "x: {run: 'jobctl', effect: read, risk: low, parameters: {q: {pattern: 'a'}}}",
            "x.parameters.q",
            "not used",
        ),
        ("x: {run: 'jobctl a', effect: write, risk: low}", "x.risk", "never low"),
        ("x: {run: 'rm -rf build', effect: read, risk: low}", "x.effect", "known to change"),
        ("x: {run: 'systemctl stop mysql', effect: write, risk: medium}", "x.risk", "known as high"),
        ("x: {run: 'jobctl a', effect: wipe, risk: high}", "x.effect", "'wipe'"),
        ("x: {run: 'jobctl a', effect: read, risk: low, shell: true}", "x.shell", "not known here"),
        ("X!: {run: 'jobctl a', effect: read, risk: low}", "X!", "not a name"),
        ("- jobctl", "", "keys and values"),
    ],
)
def test_a_bad_declaration_is_named_with_its_key_and_nothing_of_the_file_is_used(
    tmp_path: Path, declared: str, key: str, says: str
) -> None:
    (tmp_path / "programs.yaml").write_text(f"{GOOD}{declared}\n" if declared[0] != "-" else declared, "utf-8")
    programs, problems = side_files.load(tmp_path / "programs.yaml", program_declarations.read)
    assert programs is None and len(problems) == 1
    assert problems[0].key == key and says in problems[0].message, problems[0]


def test_a_known_write_is_never_judged_lower_than_it_is_known() -> None:
    """Even for a declaration that got past the check."""
    operation = parsing.parse("rm -rf build", values={}, programs=[_careless()])
    judgement = risk.judge(operation)
    assert (judgement.effect, judgement.tier, judgement.replay) == (Effect.WRITE, Tier.HIGH, Replay.ONCE)


def _careless() -> AllowedProgram:
    return AllowedProgram("x", ("rm", "-rf", "build"), Effect.READ, Tier.LOW, Replay.READ)

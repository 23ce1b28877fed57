"""`explain` for people and for programs: any bytes in, one answer for each line out, in order."""

import json
import random

import pytest

from tests.cli.databases import run

COMMANDS = [
    b"kubectl get pods -n production",
    b"kubectl delete pod web-1 -n production",
    b"rm -rf /",
    b"",
    b"   ",
    b"\xff\xfe\x00\x01binary\x80junk",
    b"echo 'unclosed",
    "kubectl get pods # \u2028 line separator \x85 and more".encode(),
    b"\x1b[31mred\x1b[0m",
    b"kubectl get pods\r",
    b"-",
    b"--json",
]


def test_a_thousand_lines_of_anything_give_one_object_each_in_order() -> None:
    chance = random.Random(7)
    lines = [chance.choice(COMMANDS) + f" #{n}".encode() for n in range(985)]
    lines += [chance.randbytes(200).replace(b"\n", b"") for _ in range(10)]
    lines += [b"", b"a" * 1_000_000, b"kubectl get " + b"x," * 50_000, b"|" * 5_000, b"$(" * 2_000]

    ran = run("explain", "--json", "-", stdin=b"\n".join(lines) + b"\n")

    assert ran.code == 0
    answers = ran.out.splitlines()
    assert len(answers) == len(lines) == 1_000
    for line, answer in zip(lines, answers, strict=True):
        told = json.loads(answer)
        assert told["command"] == line.removesuffix(b"\r").decode("utf-8", "replace")
        assert told["tier"] in {"low", "medium", "high"}
        assert told["effect"] in {"read", "write", "unknown"}


def test_a_last_line_without_an_end_counts_and_no_input_is_no_answer() -> None:
    assert len(run("explain", "--json", "-", stdin=b"ls\npwd").out.splitlines()) == 2
    assert run("explain", "--json", "-").out == ""


def test_a_person_reads_tier_reason_effect_and_what_happens_again() -> None:
    ran = run("explain", "kubectl delete pod web-1 -n production")

    assert ran.code == 0
    assert "medium: takes one approval" in ran.out
    assert "write: changes something" in ran.out
    assert "pod restarts 1" in ran.out
    assert all(len(line) <= 100 for line in ran.out.splitlines())


@pytest.mark.parametrize("arguments", [("--json", "kubectl", "get", "pods"), ("kubectl", "get", "pods", "--json")])
def test_our_option_may_stand_first_or_last(arguments: tuple[str, ...]) -> None:
    assert run("explain", *arguments).document()["command"] == "kubectl get pods"


def test_words_that_a_shell_took_apart_keep_their_dashes_and_quotes() -> None:
    told = run("explain", "--json", "kubectl", "exec", "web-1", "-n", "p", "--", "sh", "-c", "rm -rf /data").document()

    assert told["command"] == "kubectl exec web-1 -n p -- sh -c 'rm -rf /data'"
    assert told["tier"] == "high"


def test_what_a_terminal_would_obey_is_not_shown_to_one() -> None:
    ran = run("explain", "echo \x1b[2J\x1b]0;owned\x07hello")

    assert "\x1b" not in ran.out
    assert "\x07" not in ran.out

"""A corpus of commands from on-call practice, reviewed by eye line by line, and the laws that hold for all of them.

`corpus/commands.tsv` holds command, effect, tier and operation. `corpus/never_low.txt` holds changes, secrets and
unknown things in the guise of reads: what a table of leading words would wave through.
"""

import shlex
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.core.commands import explaining
from bot.core.operations import TIER_ORDER, Json, Tier

CORPUS = Path(__file__).parent / "corpus"
ROWS = [line.split("\t") for line in (CORPUS / "commands.tsv").read_text().splitlines()]
COMMANDS = [row[0] for row in ROWS]
NEVER_LOW = (CORPUS / "never_low.txt").read_text().splitlines()

LEAST_LINES, LEAST_KUBECTL = 300, 60


def rank(text: str) -> int:
    return TIER_ORDER.index(Tier(str(explaining.explain(text)["tier"])))


def test_the_corpus_is_wide_enough() -> None:
    assert len(set(COMMANDS)) == len(COMMANDS) >= LEAST_LINES
    assert sum(command.startswith(("kubectl ", "oc ")) for command in COMMANDS) >= LEAST_KUBECTL


@pytest.mark.parametrize(("command", "effect", "tier", "operation"), ROWS, ids=range(len(ROWS)))
def test_a_command_from_practice_is_judged_as_reviewed(command: str, effect: str, tier: str, operation: str) -> None:
    answer = explaining.explain(command)
    assert (answer["effect"], answer["tier"], answer["operation"]) == (effect, tier, operation), answer["reasons"]


def test_no_write_and_nothing_unknown_of_the_corpus_is_low() -> None:
    assert [row for row in ROWS if row[1] == "write" and row[2] == "low"] == []
    assert [row for row in ROWS if row[1] == "unknown" and row[2] != "high"] == []


@pytest.mark.parametrize("command", NEVER_LOW, ids=range(len(NEVER_LOW)))
def test_what_only_looks_like_a_read_is_never_low(command: str) -> None:
    assert rank(command) > 0


WRAPPERS = (
    "sudo {}",
    "sudo -u app {}",
    "timeout 30 {}",
    "nice -n 5 {}",
    "sh -c {quoted}",
    "bash -lc {quoted}",
    "su - app -c {quoted}",
    "kubectl exec web-1 -- sh -c {quoted}",
    "docker exec web sh -c {quoted}",
    "oc rsh web-1 sh -c {quoted}",
    "ssh host {quoted}",
    "watch {quoted}",
    "( {} )",
    "if true; then {}; fi",
)


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_no_wrapper_makes_a_command_of_the_corpus_milder(wrapper: str) -> None:
    milder = []
    for command in [*COMMANDS, *NEVER_LOW]:
        wrapped = wrapper.replace("{quoted}", shlex.quote(command)).replace("{}", command)
        if rank(wrapped) < rank(command):
            milder.append(wrapped)
    assert milder == []


@given(
    first=st.sampled_from(COMMANDS),
    second=st.sampled_from(COMMANDS),
    joint=st.sampled_from([" && ", " || ", " ; ", " | ", " & ", "\n"]),
)
def test_joined_commands_are_at_least_as_grave_as_each(first: str, second: str, joint: str) -> None:
    assert rank(first + joint + second) >= max(rank(first), rank(second))


KUBECTL = [
    command
    for command in COMMANDS
    if command.startswith("kubectl ") and not set(command) & set("|;&<>$`{[") and " -- " not in command
]


ADDED = """
-n shop
-nx
-n production
-n kube-system
--namespace=default
--force
--grace-period=0
--now
--all
-A
-l app=web
--selector=a=b
--field-selector=status.phase=Failed
another-one
a b c d
pod/other
""".strip().splitlines()


@given(
    command=st.sampled_from(KUBECTL),
    flag=st.sampled_from(ADDED),
)
def test_a_namespace_more_targets_or_force_never_lower_a_tier(command: str, flag: str) -> None:
    """But for what says less: a namespace in place of another one, and a name where every object was meant."""
    replaces = flag.startswith(("-n", "--namespace")) and (" -n " in command or " --namespace" in command)
    selects = any(word in command for word in (" -l ", " --selector", " --all"))
    narrows = not flag.startswith("-") and not selects and "no single object" in str(explaining.explain(command))
    assume(not replaces and not narrows)
    assert rank(f"{command} {flag}") >= rank(command)


FRAGMENTS = """
kubectl get
kubectl delete pod x
-n {x}
{{
<pod>
${X
$(
`
)
'
| xargs
&&
> <<EOF
for x in do
done
sh -c
echo | nc
psql -c
""".strip().splitlines()
SIGNS = ['"', "\\", "\x00", "\ud800", "\u202e", "\n"]


@given(st.lists(st.sampled_from([*FRAGMENTS, *SIGNS]) | st.text(max_size=8), max_size=25).map(" ".join))
def test_explain_answers_for_any_text(text: str) -> None:
    answer: dict[str, Json] = explaining.explain(text)
    assert answer["tier"] in ("low", "medium", "high")
    assert not (answer["effect"] == "write" and answer["tier"] == "low")
    assert not (answer["effect"] == "unknown" and answer["tier"] != "high")

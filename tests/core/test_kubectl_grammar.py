"""Laws of the grammar: what is rendered is read again as the same operation, whatever its spelling or its values."""

import shlex
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from bot.core import risk
from bot.core.commands import parsing, placeholders, tokens
from bot.core.errors import Invalid
from bot.core.runbooks import Parameter

NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,15}[a-z0-9])?", fullmatch=True)
KINDS = st.sampled_from(["pod", "pods", "po", "deploy", "deployments.apps", "sts", "node", "svc", "configmap", "job"])
WORKLOADS = st.sampled_from(["deploy", "deployment", "statefulset", "sts", "deployments.apps"])
SHORT: Mapping[str, str] = {
    "--namespace": "-n",
    "--selector": "-l",
    "--output": "-o",
    "--container": "-c",
    "--filename": "-f",
}

Command = tuple[list[str], dict[str, str]]
"""Words, and flags with their values."""


def commands() -> st.SearchStrategy[Command]:
    flags = st.fixed_dictionaries({"--namespace": NAMES})
    reads = st.tuples(
        st.tuples(st.just("get"), KINDS, NAMES).map(list),
        st.fixed_dictionaries(
            {"--namespace": NAMES, "--output": st.sampled_from(["json", "yaml", "wide", "name"])},
        ),
    )
    selected = st.tuples(
        st.tuples(st.just("get"), KINDS).map(list),
        st.fixed_dictionaries({"--namespace": NAMES, "--selector": NAMES.map(lambda name: f"app={name}")}),
    )
    logs = st.tuples(
        st.tuples(st.just("logs"), NAMES).map(list),
        st.fixed_dictionaries(
            {"--namespace": NAMES, "--container": NAMES, "--tail": st.integers(0, 5000).map(str)},
        ),
    )
    restarts = st.tuples(
        st.tuples(st.just("rollout"), st.sampled_from(["restart", "status", "undo", "history"]), WORKLOADS, NAMES).map(
            lambda words: [words[0], words[1], f"{words[2]}/{words[3]}"]
        ),
        flags,
    )
    scales = st.tuples(
        st.tuples(WORKLOADS, NAMES).map(lambda words: ["scale", f"{words[0]}/{words[1]}"]),
        st.fixed_dictionaries({"--namespace": NAMES, "--replicas": st.integers(0, 500).map(str)}),
    )
    deletes = st.tuples(
        st.tuples(KINDS, st.lists(NAMES, min_size=1, max_size=4, unique=True)).map(
            lambda words: ["delete", words[0], *words[1]]
        ),
        st.fixed_dictionaries({"--namespace": NAMES, "--grace-period": st.integers(0, 90).map(str)}),
    )
    labels = st.tuples(
        st.tuples(st.sampled_from(["label", "annotate"]), KINDS, NAMES, NAMES, NAMES).map(
            lambda words: [words[0], f"{words[1]}/{words[2]}", f"{words[3]}={words[4]}"]
        ),
        flags,
    )
    return st.one_of(reads, selected, logs, restarts, scales, deletes, labels)


@st.composite
def spellings(draw: st.DrawFn, command: Command) -> list[str]:
    """One of the many ways to write the same command: flags anywhere behind the verb, short, long, joined or apart."""
    words, flags = command
    written = ["kubectl", *words]
    start = 2 if words[0] != "rollout" else 3
    for name, value in draw(st.permutations(list(flags.items()))):
        forms = [[f"{name}={value}"], [name, value]]
        if name in SHORT:
            forms += [[SHORT[name], value], [SHORT[name] + value], [f"{SHORT[name]}={value}"]]
        place = draw(st.integers(start, len(written)))
        while 0 < place < len(written) and written[place - 1] in {*flags, *SHORT.values()}:
            place += 1  # not between a flag and its value
        written[place:place] = draw(st.sampled_from(forms))
    return written


@given(st.data(), commands())
def test_however_a_command_is_spelt_it_is_the_same_operation(data: st.DataObject, command: Command) -> None:
    first = parsing.parse(shlex.join(data.draw(spellings(command))), values={})
    second = parsing.parse(shlex.join(data.draw(spellings(command))), values={})
    assert (first.kind, first.arguments) == (second.kind, second.arguments)
    assert first.arguments["namespace"] == command[1]["--namespace"]
    assert risk.judge(first) == risk.judge(second)


@given(st.data(), commands())
def test_what_is_shown_is_read_again_as_the_same_operation(data: st.DataObject, command: Command) -> None:
    shown = parsing.parse(shlex.join(data.draw(spellings(command))), values={})
    assert parsing.parse(shown.text, values={}) == shown


WORDS = st.text(alphabet="abc-./:=,@ \t'\"\\|;&$<>{}()*", min_size=1, max_size=8)
TEMPLATES = st.lists(
    st.one_of(WORDS.filter(lambda word: "{" not in word), st.sampled_from(["{v}", "--name={v}", "x-{v}", "{v}/{v}"])),
    min_size=1,
    max_size=6,
)


@given(TEMPLATES, st.text(max_size=30))
def test_one_word_in_is_one_word_out_whatever_the_value(template: list[str], value: str) -> None:
    """Filled, rendered and read again, the command has as many words as its author wrote, each in its place."""
    filling = placeholders.Filling({"v": value}, {"v": Parameter("v", r"[\s\S]*")})
    argv = ("program", *template)
    try:
        filled = placeholders.fill_argv(argv, filling)
    except Invalid:
        return
    assert len(filled) == len(argv)
    assert [old for old in argv if "{v}" not in old] == [
        new for old, new in zip(argv, filled, strict=True) if "{v}" not in old
    ]
    assert not any(new.startswith("-") and not old.startswith("-") for old, new in zip(argv, filled, strict=True))
    assert tokens.pipeline(parsing.render((filled,))) == (filled,)


@given(TEMPLATES, st.text(max_size=30))
def test_a_value_is_never_looked_into_for_more_placeholders(template: list[str], value: str) -> None:
    filling = placeholders.Filling({"v": f"{{w}}{value}"}, {name: Parameter(name, r"[\s\S]*") for name in ("v", "w")})
    try:
        filled = placeholders.fill_argv(("program", *template), filling)
    except Invalid:
        return
    assert all("{w}" in new for old, new in zip(template, filled[1:], strict=True) if old == "{v}")

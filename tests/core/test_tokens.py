"""The tokeniser splits as a shell does and names everything that a step cannot hold."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import errors
from bot.core.commands import parsing, tokens

WORDS = st.text(
    alphabet=st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"]),
    min_size=1,
    max_size=20,
)


@pytest.mark.parametrize(
    ("text", "argv"),
    [
        ("kubectl get pods", ("kubectl", "get", "pods")),
        ("  kubectl\tget   pods  ", ("kubectl", "get", "pods")),
        ("echo 'a b' \"c d\" e\\ f", ("echo", "a b", "c d", "e f")),
        ("echo a'b'\"c\"d", ("echo", "abcd")),
        ("echo '' \"\"", ("echo", "", "")),
        ("echo 'a;b && c | d > e $(f) `g` $H'", ("echo", "a;b && c | d > e $(f) `g` $H")),
        ('echo "a \\" \\$ \\\\ \\n"', ("echo", 'a " $ \\ \\n')),
        ("echo a#b # a comment", ("echo", "a#b")),
        ("kubectl get \\\n pods", ("kubectl", "get", "pods")),
        ("echo costs 5$ 'today'", ("echo", "costs", "5$", "today")),
        ("\n\n kubectl get pods \n # the end\n", ("kubectl", "get", "pods")),
        (
            "k get po -o jsonpath={.items[*].metadata.name}",
            ("k", "get", "po", "-o", "jsonpath={.items[*].metadata.name}"),
        ),
    ],
)
def test_words_are_split_as_a_shell_splits_them(text: str, argv: tuple[str, ...]) -> None:
    assert tokens.pipeline(text) == (argv,)


def test_a_pipe_divides_stages_and_a_quoted_pipe_does_not() -> None:
    assert tokens.pipeline("a 'x|y' | jq '.a | .b'") == (("a", "x|y"), ("jq", ".a | .b"))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a; b", "`;`"),
        ("a && b", "`&&`"),
        ("a || b", "`||`"),
        ("a &", "`&`"),
        ("a\nb", "more than one line"),
        ("a $(b)", "`$(...)`"),
        ('a "$(b)"', "`$(...)`"),
        ("a `b`", "backquotes"),
        ('a "`b`"', "backquotes"),
        ("a > b", "`>`"),
        ("a < b", "`<`"),
        ("a << EOF", "`<<`"),
        ("a <<< b", "`<<<`"),
        ("diff <(a) <(b)", "`<(...)`"),
        ("(a)", "`(`"),
        ("NAME=x a", "variable is set"),
        ("a $NAME", "shell variable"),
        ('a "${NAME}"', "shell variable"),
        ("a $'x'", "`$'...'`"),
        ("for x in a b", "`for`"),
        ("a 'b", "never closed"),
        ('a "b', "never closed"),
        ("a | ", "nothing after"),
        ("| a", "nothing before"),
        ("a |& b", "`|&`"),
        ("", "empty"),
        ("# only a comment", "empty"),
    ],
)
def test_shell_syntax_is_refused_by_name_and_with_a_remedy(text: str, named: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        tokens.pipeline(text)
    assert named in caught.value.problem
    assert caught.value.remedy


@pytest.mark.parametrize("sign", ["\x00", "\x07", "\x1b", "\x7f", "\u202e", "\u2066", "\u200b", "\ufeff", "\x85"])
def test_a_command_with_hidden_characters_is_refused(sign: str) -> None:
    with pytest.raises(errors.Invalid, match=r"U\+"):
        tokens.pipeline(f"kubectl get{sign} pods")


def test_an_endless_command_is_refused() -> None:
    with pytest.raises(errors.Invalid, match="longer than"):
        tokens.pipeline("a" * (tokens.MAX_CHARACTERS + 1))


def test_all_parts_of_a_script_are_found_for_judging() -> None:
    script = tokens.scan("NS=x; a 1 | b && (c `d`) || e $(f > /g) # h")
    assert script.parts == ((("a", "1"), ("b",)), (("c", "`d`"),), (("e", "$(f > /g)"),))
    assert script.substitutions == ("d", "f > /g")
    assert script.assignments == ("NS=x",)


@given(st.lists(st.lists(WORDS, min_size=1, max_size=5), min_size=1, max_size=3))
def test_what_is_rendered_is_read_again_as_the_same_words(stages: list[list[str]]) -> None:
    pipeline = tuple(("x", *argv) for argv in stages)
    assert tokens.pipeline(parsing.render(pipeline)) == pipeline


@given(st.lists(WORDS, min_size=1, max_size=6))
def test_quoted_words_are_read_as_the_standard_library_reads_them(words: list[str]) -> None:
    text = shlex.join(["x", *words])  # a first word such as `fi` would be shell syntax
    assert list(tokens.pipeline(text)[0]) == shlex.split(text)


@given(st.text(max_size=200))
def test_any_text_is_either_read_or_refused_cleanly(text: str) -> None:
    try:
        assert tokens.pipeline(text)
    except errors.Invalid as error:
        assert error.problem


@pytest.mark.parametrize(
    "text", ["a b 2>/dev/null", "a b 2>&1", "a b >/dev/null", "a b &>/dev/null", "a b < /dev/null", "a 2>&1 b"]
)
def test_what_only_hides_or_merges_output_is_dropped(text: str) -> None:
    assert tokens.pipeline(text) == (("a", "b"),)


def test_a_filter_may_follow_a_merged_stream() -> None:
    assert tokens.pipeline("a 2>&1 | grep b") == (("a",), ("grep", "b"))


@pytest.mark.parametrize(
    "text", ["a > out", "a 2> /dev/nullx", "a >> /dev/sda", "a >&3", "a << /dev/null", "a <<< /dev/null", "a >"]
)
def test_any_other_redirection_is_refused(text: str) -> None:
    with pytest.raises(errors.Invalid):
        tokens.pipeline(text)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a b", ["a b"]),
        ("a && b -c; d | e", ["a", "b -c", "d | e"]),
        ("a\nb\n\n", ["a", "b"]),
        ("a 'x && y' && b", ["a 'x && y'", "b"]),
    ],
)
def test_commands_that_are_only_strung_together_come_apart_in_order(text: str, lines: list[str]) -> None:
    assert [parsing.render(each) for each in tokens.sequence(text)] == lines


@pytest.mark.parametrize(
    "text", ["a || b", "a & b", "for x in y; do a; done", "(a; b)", "a > f; b", "a $(b); c", "X=1; a"]
)
def test_what_is_more_than_a_sequence_does_not_come_apart(text: str) -> None:
    with pytest.raises(errors.Invalid):
        tokens.sequence(text)


@given(
    st.lists(st.lists(st.text(alphabet="abc -'\"\\{}$|&;", min_size=1), min_size=1, max_size=3), min_size=1, max_size=4)
)
def test_coming_apart_loses_and_reorders_nothing(commands: list[list[str]]) -> None:
    joined = " && ".join(shlex.join(argv) for argv in commands)
    assert [list(pipeline[0]) for pipeline in tokens.sequence(joined)] == commands

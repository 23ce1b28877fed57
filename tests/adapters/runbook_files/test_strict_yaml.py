"""YAML that bites is refused before anything is made of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.runbook_files import strict_yaml
from bot.adapters.runbook_files.findings import Unreadable

BOMB = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
)
HOSTILE = [
    (BOMB, 1, "anchors"),
    ("name: x\nsteps: *other\n", 2, "anchors"),
    ("name: &n x\n", 1, "anchors"),
    ("name: x\nrun: !!python/object/apply:os.system [ls]\n", 2, "tag"),
    ("name: !!python/name:os.system\n", 1, "tag"),
    ("name: !secret x\n", 1, "tag"),
    ("name: !!binary aGk=\n", 1, "tag"),
    ("base: {a: 1}\n<<: {b: 2}\n", 2, "merge"),
    ("[" * 100_000, 1, "nested"),
    ("- " * 50_000 + "x", 1, "nested"),
    ("{a: " * 10_000, 1, "nested"),
    ("a: {b\n", 2, "not YAML"),
    ("a:\n\tb: 1\n", 2, "not YAML"),
    ('a: "never closed\n', 2, "not YAML"),
    ("a: 1\n---\nb: 2\n", 2, "second document"),
    ("a: 1\nb: \x00\n", 2, "control character"),
    ("a: 1\nb: \x07\n", 2, "control character"),
    ("? [a, b]\n: 1\n", 1, "a key must be plain text"),
    ("{{name}}: 1\n", 1, "a key must be plain text"),
    ("x: [" + "1," * 30_000 + "]", 1, "more than"),
    ("a: @b\n", 1, "not YAML"),
    ("%YAML 9\n---\na: 1\n", 1, "not YAML"),
]


@pytest.mark.parametrize(("text", "line", "message"), HOSTILE)
def test_F62_hostile_yaml_is_refused_with_its_line_and_a_remedy(text: str, line: int, message: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        strict_yaml.load(text, "bad.yaml")
    finding = refusal.value.finding
    assert (finding.path, finding.line) == ("bad.yaml", line)
    assert message in finding.message
    assert finding.remedy


def test_F62_duplicate_keys_are_all_named_with_their_lines() -> None:
    document = strict_yaml.load("a: 1\nb: {c: 1, c: 2}\na: 2\n", "bad.yaml")
    assert [(problem.line, problem.key) for problem in document.problems] == [(2, "b.c"), (3, "a")]


@pytest.mark.parametrize(
    "word", ["on", "off", "yes", "no", "y", "10:30", "2024-01-01", "0x10", "1_000", ".inf", "9" * 40]
)
def test_what_yaml_1_1_would_turn_into_something_else_stays_text(word: str) -> None:
    assert strict_yaml.load(f"{word}: {word}\n", "x").value == {word: word}


@pytest.mark.parametrize(
    ("written", "value"),
    [("true", True), ("False", False), ("null", None), ("", None), ("7", 7), ("-3", -3), ("1.5", 1.5), ("1e3", 1000.0),
     ('"7"', "7"), ("'true'", "true"), ("|\n  x\n", "x\n")],
)  # fmt: skip
def test_plain_scalars_follow_the_core_schema_and_quoted_ones_are_text(written: str, value: object) -> None:
    assert strict_yaml.load(f"k: {written}\n", "x").value == {"k": value}


def test_every_value_has_its_line() -> None:
    document = strict_yaml.load("# one\na:\n  - b: 1\n    c: [x,\n      y]\n", "x")
    assert document.lines == {
        (): 2, ("a",): 2, ("a", 0): 3, ("a", 0, "b"): 3, ("a", 0, "c"): 4, ("a", 0, "c", 0): 4, ("a", 0, "c", 1): 5,
    }  # fmt: skip


def test_an_empty_file_is_nothing() -> None:
    assert strict_yaml.load("# only a remark\n", "x").value is None


@given(st.text(max_size=200))
def test_F62_no_text_whatever_raises_anything_else(text: str) -> None:
    try:
        strict_yaml.load(text, "x")
    except Unreadable as refusal:
        assert refusal.finding.line >= 1


NAMES = st.text(alphabet="abcxyz_", min_size=1, max_size=5)
TREES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**17), 10**17), st.text(alphabet="ab :#-'\"{}é\n", max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=12,
)


@given(TREES)
def test_json_is_read_as_what_it_is(tree: object) -> None:
    import json

    assert strict_yaml.load(json.dumps(tree), "x").value == tree

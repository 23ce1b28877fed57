"""What two JSON readers could understand differently is refused before either reads it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.alerts import documents
from bot.core import errors


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"a": 1,}', "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b'{"a": 1} {"b": 2}', "not JSON"),
        (b'\xef\xbb\xbf{"a": 1}', "not JSON"),
        (b'{"a": "line\nbreak"}', "not JSON"),
        (b"[]", "one JSON object"),
        (b'"text"', "one JSON object"),
        (b"null", "one JSON object"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": Infinity}', "Infinity is not JSON"),
        (b'{"a": -Infinity}', "-Infinity is not JSON"),
        (b'{"a": 1, "a": 2}', "'a' stands twice"),
        (b'{"x": [{"a": 1, "\\u0061": 2}]}', "'a' stands twice"),
        (b'{"a": "\xff"}', "not UTF-8 (byte 7)"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8"),
        (b'{"a": "\x00"}', "not JSON"),
        (b'{"a": "\\u0000"}', "NUL"),
        (b'{"a\\\\\\u0000": 1}', "NUL"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "too long"),
    ],
)
def test_F57_a_hostile_or_broken_body_is_refused(raw: bytes, words: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        documents.read(raw)

    assert words in caught.value.problem


@pytest.mark.parametrize("depth", [65, 1_000, 10_000, 500_000])
@pytest.mark.parametrize("pair", ["[]", "{}"])
def test_F57_deep_nesting_is_refused_before_it_is_parsed(depth: int, pair: str) -> None:
    inner = '{"a":' * depth if pair == "{}" else "[" * depth

    with pytest.raises(errors.Invalid, match="nested deeper than 64"):
        documents.read(f'{{"a": {inner}'.encode())


def test_the_deepest_allowed_body_is_read() -> None:
    nested = "[" * 63 + "]" * 63

    assert documents.read(f'{{"a": {nested}, "b": "[[[[{{{{"}}'.encode()).keys == {"a", "b"}


def test_brackets_inside_strings_do_not_nest() -> None:
    text = json.dumps({"a": '["\\"[' * 1_000, 'b\\": [': "[" * 500})

    assert len(documents.read(text.encode()).keys) == 2


def test_the_text_of_an_escape_behind_a_backslash_is_no_nul() -> None:
    assert documents.read(rb'{"a": "\\u0000"}').keys == {"a"}


_text = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=8)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | _text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_text, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(_text, _json, max_size=5))
def test_every_plain_object_is_read(value: dict[str, object]) -> None:
    assert documents.read(json.dumps(value).encode()).keys == set(value)
    assert documents.read(json.dumps(value, ensure_ascii=False).encode()).keys == set(value)


@given(st.binary(max_size=200))
def test_whatever_comes_it_is_read_or_refused(raw: bytes) -> None:
    try:
        found = documents.read(raw)
    except errors.Invalid:
        return
    assert found.keys == set(json.loads(raw))

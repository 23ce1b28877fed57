"""Nothing that a terminal or a chat would act on, hide or reorder is left in the text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.inert import inert


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\n\ttext", "plain\n\ttext"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://evil\x1b\\Approve\x1b]8;;\x1b\\", "Approve"),
        ("\x1b]0;title\x07done", "done"),
        ("\x1b]0;never closed\nkept", "0;never closed\nkept"),
        ("a\r\nb\rc\n", "a\nc\n"),
        ("10%\r50%\r100%\r\n", "100%\n"),
        ("rm\x08\x08ls", "ls"),
        ("a\x00b\x07c\x7fd", "abcd"),
        ("safe\u202etxt.exe\u2066\u2069", "safetxt.exe"),
        ("a\u200b\u200d\ufeffb", "ab"),
        ("日本 é 😀", "日本 é 😀"),
    ],
)
def test_text_is_shown_without_what_would_act(text: str, shown: str) -> None:
    assert inert(text, 1000) == shown


def test_what_is_cut_is_counted() -> None:
    assert inert("abcdef", 6) == "abcdef"
    assert inert("abcdefgh", 6) == "abcdef… (2 more characters)"
    assert inert("abc", 0) == "… (3 more characters)"
    with pytest.raises(ValueError, match="limit"):
        inert("abc", -1)


@given(st.text(alphabet=st.characters() | st.sampled_from("\x1b[]m\r\n\x08\u202e\u200b;"), max_size=300))
def test_no_control_character_survives(text: str) -> None:
    shown = inert(text, 10_000)
    assert not [sign for sign in shown if unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\n\t"]
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff")
    assert inert(shown, 10_000) == shown


@pytest.mark.parametrize("piece", ["\x1b]", "\r", "x\x08", "a", "\x1b[", "\x1b[1;"])
@pytest.mark.timeout(20)
def test_hostile_output_does_not_run_away(piece: str) -> None:
    shown = inert(piece * (1_048_576 // len(piece)), 4096)
    assert len(shown) < 5_000  # a runaway would never come here

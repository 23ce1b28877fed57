"""No regular expression that a person wrote may hang the program."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core import patterns
from bot.core.errors import Invalid

CATASTROPHIC = [
    r"(a+)+$", r"(a*)*b", r"(a|a)*b", r"(.*)*x", r"(\w+\s?)*$", r"^(\d+)*$", r"(a*b*)*c", r"((a?){30})a{30}",
    r"(.|\s)*x", r"(?:a?){1000}b", r"x*x*x*x*x*z", r"(x{1,30}){1,30}y", r"((?i:a+)A)+$", r"a.*b.*c.*d.*e",
    r"([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)*[a-z]+", r"(\S+\s*)+:",
]  # fmt: skip
HARMLESS = [
    "redis", r"redis.*timeout", r"(foo|bar)+", r"timeout\s+after\s+\d+", r"max_\w+", r"(?i)oom-?killed",
    r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", r"\d{1,3}(\.\d{1,3}){3}", r"^HTTP 5\d\d$", r'"[^"]*" failed', "(a|ab)*c",
]  # fmt: skip


@pytest.mark.parametrize("pattern", CATASTROPHIC)
def test_F60_a_pattern_that_could_run_for_hours_is_refused(pattern: str) -> None:
    with pytest.raises(Invalid):
        patterns.parse(pattern)


def test_F60_a_pattern_for_whole_values_is_judged_as_one() -> None:
    assert patterns.parse("(a*)*").is_in("b")  # a search is content with nothing at all
    with pytest.raises(Invalid):
        patterns.parse("(a*)*", whole=True)


@pytest.mark.parametrize("pattern", HARMLESS)
def test_a_pattern_as_people_write_them_is_accepted(pattern: str) -> None:
    assert patterns.parse(pattern).reach >= 256


@pytest.mark.parametrize("pattern", [r"(a)\1", "(?=a)b", "(?<!a)b", "(?>a)b", "a++b", "[", "a{2}{3}", "a" * 1_001])
def test_what_cannot_be_judged_or_compiled_is_refused(pattern: str) -> None:
    with pytest.raises(Invalid) as refusal:
        patterns.parse(pattern)
    assert refusal.value.remedy


# What makes these work hardest: many starts, long runs, and a failure at the very end.
WORST = ["a", "ab", "a ", "redis ", "1", "1 ", "ab1 _", "A", "foobar", '"', "timeout 1 "]


@pytest.mark.parametrize("pattern", [*HARMLESS, "a.*b.*c", r"\w+\s+\d+x", r".*.*=.*", r"\W+\w+\W+\w+q", r"[ab]+[bc]+d"])
@pytest.mark.parametrize("unit", WORST)
@pytest.mark.timeout(10)
def test_F60_an_accepted_pattern_answers_at_once_on_a_text_made_to_hurt(pattern: str, unit: str) -> None:
    parsed = patterns.parse(pattern, ignore_case=True)
    text = unit * (16_384 // len(unit)) + "!"
    assert parsed.is_in(text) in {True, False}  # a runaway would never come here; times are the benchmark's business


ATOMS = st.sampled_from(["a", "b", "[ab]", r"\w", ".", "x", "(?:a|b)", "(?:ab|a)"])
QUANTIFIERS = st.sampled_from(["", "?", "*", "+", "{0,5}", "{2,40}"])
SEQUENCES = st.lists(st.tuples(ATOMS, QUANTIFIERS).map("".join), min_size=1, max_size=4).map("".join)
NESTED = st.one_of(SEQUENCES, st.tuples(SEQUENCES, QUANTIFIERS, SEQUENCES).map(lambda p: f"(?:{p[0]}){p[1]}{p[2]}"))


@pytest.mark.timeout(50)
@settings(deadline=None)
@given(NESTED, st.sampled_from(["a", "ab", "aab", "b"]))
def test_F60_whatever_is_accepted_is_bounded(pattern: str, unit: str) -> None:
    try:
        parsed = patterns.parse(f"{pattern}$")
    except Invalid:
        return
    text = unit * (16_384 // len(unit)) + "!"
    assert parsed.is_in(text) in {True, False}


@given(NESTED, st.text(alphabet="abx1 ", max_size=40))
def test_the_literal_stands_in_every_text_that_fits(pattern: str, text: str) -> None:
    try:
        parsed = patterns.parse(f"red{pattern}is", ignore_case=True)
    except Invalid:
        return
    whole = f"...RED{text}is"
    if re.search(f"red{pattern}is", whole, re.IGNORECASE | re.ASCII):
        assert parsed.literal in whole.lower()

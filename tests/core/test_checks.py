"""Expectations: everything declared must hold, and half an answer proves nothing."""

import pytest

from bot.core import checks
from bot.core.previews import Outcome
from bot.core.runbooks import Expectation
from tests import builders as b

OK, NO = Outcome.SUCCEEDED, Outcome.FAILED
BODY = '{"status": "ok", "redis": {"state": "connected", "pools": [1, 2]}, "a b": true}'


@pytest.mark.parametrize(
    ("expect", "output", "outcome"),
    [
        (Expectation(), "anything", OK),
        (Expectation(equals="OK"), "OK\n", OK),
        (Expectation(equals="OK"), "NOT OK", NO),
        (Expectation(contains="connected"), '"connected"', OK),
        (Expectation(contains="connected"), "timeout", NO),
        (Expectation(regex=r"^\d+%$"), "41%", OK),
        (Expectation(regex=r"^\d+%$"), "41", NO),
        (Expectation(json_path="$.status", equals="ok"), BODY, OK),
        (Expectation(json_path=".redis.state", contains="connect"), BODY, OK),
        (Expectation(json_path="redis.pools[1]", equals="2"), BODY, OK),
        (Expectation(json_path="$['a b']", equals="true"), BODY, OK),
        (Expectation(json_path="$.redis.pools"), BODY, OK),
        (Expectation(json_path="$.redis.pools[7]"), BODY, NO),
        (Expectation(json_path="$.nothing"), BODY, NO),
        (Expectation(json_path="$..status"), BODY, NO),
        (Expectation(json_path="$.status"), "not json", NO),
        (Expectation(equals="OK", contains="zz"), "OK", NO),
    ],
)
def test_text_and_json_expectations(expect: Expectation, output: str, outcome: Outcome) -> None:
    assert checks.judge(expect, b.performed(output))[0] is outcome


def test_a_declared_exit_code_decides_whether_an_answer_was_a_failure() -> None:
    one = b.performed("", NO, exit_code=1)
    assert checks.judge(Expectation(exit_code=1), one)[0] is OK
    assert checks.judge(Expectation(exit_code=0), one)[0] is NO
    assert checks.judge(Expectation(), one)[0] is NO


def test_a_declared_status_is_compared() -> None:
    assert checks.judge(Expectation(status=404), b.performed("", NO, status=404))[0] is OK
    assert checks.judge(Expectation(status=200), b.performed("", OK, status=204))[0] is NO


def test_a_refused_connection_is_a_failure_whatever_was_expected() -> None:
    assert checks.judge(Expectation(status=200), b.performed("", NO))[0] is NO


def test_unknown_stays_unknown_even_when_the_output_looks_right() -> None:
    assert checks.judge(Expectation(contains="OK"), b.performed("OK", Outcome.UNKNOWN)) == (Outcome.UNKNOWN, ())


def test_a_refused_precondition_is_not_a_success() -> None:
    assert checks.judge(Expectation(), b.performed("", Outcome.REFUSED))[0] is Outcome.REFUSED


def test_results_say_what_was_wanted_and_what_was_seen() -> None:
    (result,) = checks.evaluate(Expectation(contains="connected"), b.performed("timeout"))
    assert (result.expected, result.actual, result.passed) == ('contains "connected"', "timeout", False)


def test_long_values_are_cut_in_results() -> None:
    (result,) = checks.evaluate(Expectation(contains="x"), b.performed("y" * 10_000))
    assert len(result.actual) <= checks.SHOWN_CHARACTERS + 1

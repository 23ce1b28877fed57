"""What is remembered of a runbook's texts belongs to one loaded version and to the values that were put in."""

from dataclasses import replace

import pytest

from bot.core.errors import Invalid
from bot.core.runbooks import Command, Expectation, Parameter, StepSpec
from bot.flow import reading
from bot.flow.reading import Reader
from tests import builders as b

RUNBOOK = b.runbook(
    StepSpec("Look", Command("kubectl get pods -n {namespace}"), expect=Expectation(contains="Running")),
    StepSpec("Restart", Command("kubectl rollout restart deployment/api -n {namespace}")),
    parameters={"namespace": Parameter("namespace", "[a-z]+")},
)


def text(reader: Reader, *values: str) -> str:
    known = {"namespace": values[0]} if values else None
    return reader.operation(RUNBOOK.steps[0].action, RUNBOOK, 0, known).text


def test_other_values_are_another_operation() -> None:
    reader = Reader()
    assert text(reader, "staging") == "kubectl get pods -n staging"
    assert text(reader, "production") == "kubectl get pods -n production"
    assert text(reader) == "kubectl get pods -n '{namespace}'"
    assert text(reader, "staging") == "kubectl get pods -n staging"


def test_a_value_that_is_refused_is_refused_every_time() -> None:
    reader = Reader()
    for _ in range(2):
        with pytest.raises(Invalid):
            text(reader, "-A")


def test_another_loaded_version_is_read_anew() -> None:
    reader = Reader()
    assert reader.looks(RUNBOOK) == (True, False)
    before = reader.operation(RUNBOOK.steps[0].action, RUNBOOK, 0, {"namespace": "staging"})
    stricter = replace(RUNBOOK, parameters={"namespace": Parameter("namespace", "production")})
    with pytest.raises(Invalid):
        reader.operation(stricter.steps[0].action, stricter, 0, {"namespace": "staging"})
    swapped = replace(RUNBOOK, steps=tuple(reversed(RUNBOOK.steps)))
    assert reader.looks(swapped) == (False, True)
    again = reader.operation(RUNBOOK.steps[0].action, RUNBOOK, 0, {"namespace": "staging"})
    assert again == before


def test_what_is_kept_is_bounded() -> None:
    reader = Reader()
    for number in range(reading.MOST_KEPT + 10):
        text(reader, "".join(chr(ord("a") + int(digit)) for digit in str(number)))
    assert len(reader._known(RUNBOOK).operations) <= reading.MOST_KEPT

"""Shell variables of a runbook: what sets one, what uses one, and what is left alone."""

import pytest

from bot.core.commands import assignments
from bot.core.commands.assignments import Assignment

COMMAND = "kubectl get pods -o name | head -1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"POD=$({COMMAND})", Assignment("POD", command=COMMAND)),
        (f'export POD="$({COMMAND})"', Assignment("POD", command=COMMAND)),
        (f"POD=`{COMMAND}`", Assignment("POD", command=COMMAND)),
        ("POD=$(kubectl get pod $(cat x) -o name)", Assignment("POD", command="kubectl get pod $(cat x) -o name")),
        ("P=$(echo ')')", Assignment("P", command="echo ')'")),
        ("NS=production", Assignment("NS", value="production")),
        ("readonly NS='production'", Assignment("NS", value="production")),
        ("POD='$(kubectl get pods)'", None),
        ("POD=$(a)$(b)", None),
        ("POD=$(a", None),
        ("POD=$()", None),
        ("NS=a b", None),
        ("NS=", None),
        ("NS=$OTHER", None),
        ("kubectl get pods", None),
        ("X=1 kubectl get pods", None),
    ],
)
def test_an_assignment_is_read_only_when_it_is_the_whole_line(text: str, expected: Assignment | None) -> None:
    assert assignments.read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kubectl logs $POD", "kubectl logs {POD}"),
        ('kubectl logs "${POD}" -n $NS', 'kubectl logs "{POD}" -n production'),
        ("echo '$POD' $POD", "echo '$POD' {POD}"),
        ("kubectl logs $PODS $POD2 ${POD:-x}", "kubectl logs $PODS $POD2 ${POD:-x}"),
    ],
)
def test_a_known_variable_is_replaced_and_nothing_else(text: str, expected: str) -> None:
    assert assignments.use(text, {"POD": "{POD}", "NS": "production"}) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kubectl logs $(a | b) -n x", ("a | b", "kubectl logs {found} -n x")),
        ('kubectl logs "$(a (b))"', ("a (b)", 'kubectl logs "{found}"')),
        ("echo '$(a)'", None),
        ("echo \\$(a)", None),
        ("echo $((1+2))", None),
        ("echo $(a", None),
        ("echo", None),
    ],
)
def test_a_command_inside_a_command_is_taken_out(text: str, expected: tuple[str, str] | None) -> None:
    assert assignments.take_out(text, "found") == expected

"""What pydantic finds wrong with a file of ours, in its author's words: the key, what is wrong, what to write."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.adapters.runbook_files import findings
from bot.adapters.runbook_files.findings import Findings, Place

_MAPPING = ("keys and values belong here", "write them below it, indented")
_SENTENCES: Mapping[str, tuple[str, str]] = {
    "missing": ("this key is missing", "add it (see runbooks/README.md)"),
    "string_type": ("text belongs here", "put numbers, true and false in quotes"),
    "int_type": ("a whole number belongs here", "write digits without quotes"),
    "bool_type": ("true or false belongs here", "write one of them without quotes"),
    "list_type": ("a list belongs here", "write [one, two], or one line each with a dash"),
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "string_too_short": ("this is empty", "write something, or remove the key"),
    "too_short": ("this is empty", "write at least one"),
}
"""Message and remedy by pydantic's error type: https://docs.pydantic.dev/latest/errors/validation_errors/"""


def explain(
    error: Any, found: Findings, keys: Callable[[Place], Sequence[str]]
) -> None:  # ErrorDetails: ctx is untyped
    """`keys` names what may stand in the mapping at a place, for the suggestion."""
    place: Place = tuple(part for part in error["loc"] if part != "[key]")
    context = error.get("ctx", {})
    kind = error["type"]
    if kind == "runbook":
        found.at(place, context["message"], context["remedy"])
    elif kind == "extra_forbidden":
        suggestion = findings.did_you_mean(str(place[-1]), keys(place[:-1]))
        found.at(place, f'the key "{place[-1]}" is not known here', suggestion)
    elif kind == "literal_error":
        found.at(place, f"{str(error['input'])[:60]!r} is not known here", f"write {context['expected']}")
    else:
        message, remedy = _SENTENCES.get(kind, (error["msg"], "see runbooks/README.md"))
        found.at(place, message, remedy)

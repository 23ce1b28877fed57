"""Does what came back look as the runbook expects? A check is a value: passed or not, with what was wanted and seen."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.core import patterns
from bot.core.previews import Outcome, Performed
from bot.core.runbooks import Expectation

SHOWN_CHARACTERS = 200
"""How much of the seen value a check quotes; the whole output stands in the event."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    passed: bool
    expected: str
    actual: str


def describe(expect: Expectation) -> str:
    """The expectation in plain words, as the card shows it."""
    words = []
    subject = f"{expect.json_path} " if expect.json_path else ""
    if expect.equals is not None:
        words.append(f'{subject}equals "{expect.equals}"')
    if expect.contains is not None:
        words.append(f'{subject}contains "{expect.contains}"')
    if expect.regex is not None:
        words.append(f"{subject}matches /{expect.regex}/")
    if expect.json_path and not words:
        words.append(f"{expect.json_path} exists")
    if expect.exit_code is not None:
        words.append(f"exit code {expect.exit_code}")
    if expect.status is not None:
        words.append(f"HTTP status {expect.status}")
    return " and ".join(words) or "success"


def evaluate(expect: Expectation, performed: Performed) -> tuple[CheckResult, ...]:
    """One result for each thing that is declared; none declared means that success itself is the check."""
    results = []
    if expect.exit_code is not None:
        results.append(_compare("exit code", expect.exit_code, performed.exit_code))
    if expect.status is not None:
        results.append(_compare("HTTP status", expect.status, performed.status))
    if any(wanted is not None for wanted in (expect.equals, expect.contains, expect.regex, expect.json_path)):
        results.extend(_text_checks(expect, performed.output))
    return tuple(results)


def judge(expect: Expectation, performed: Performed) -> tuple[Outcome, tuple[CheckResult, ...]]:
    """The outcome after the checks. Unknown and refused stay what they are: a check on half an answer proves nothing.

    A declared exit code or status decides alone whether an answer was a failure (e.g. `grep` exits 1 when all is well).
    """
    if performed.outcome not in {Outcome.SUCCEEDED, Outcome.FAILED}:
        return performed.outcome, ()
    results = evaluate(expect, performed)
    declared = expect.exit_code is not None or expect.status is not None
    answered = performed.exit_code is not None or performed.status is not None
    if performed.outcome is Outcome.FAILED and not (declared and answered):
        return Outcome.FAILED, results
    return (Outcome.SUCCEEDED if all(result.passed for result in results) else Outcome.FAILED), results


def _compare(name: str, wanted: int, seen: int | None) -> CheckResult:
    return CheckResult(wanted == seen, f"{name} {wanted}", f"{name} {'none' if seen is None else seen}")


def _text_checks(expect: Expectation, output: str) -> list[CheckResult]:
    text = output.strip()
    if expect.json_path is not None:
        try:
            text = _as_text(find(json.loads(output), expect.json_path))
        except ValueError as error:
            return [CheckResult(passed=False, expected=describe(expect), actual=f"{error}: {_cut(output.strip())}")]
    tests: list[tuple[str | None, Callable[[str], bool]]] = [
        (expect.equals, lambda wanted: text == wanted.strip()),
        (expect.contains, lambda wanted: wanted in text),
        (expect.regex, lambda wanted: patterns.parse(wanted).is_in(text)),
    ]
    results = [CheckResult(test(wanted), describe(expect), _cut(text)) for wanted, test in tests if wanted is not None]
    return results or [CheckResult(passed=True, expected=describe(expect), actual=_cut(text))]


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"


_PATH_PART = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\d{1,6})\]|\['([^']{1,200})'\]")


def find(document: object, path: str) -> object:
    """Follow a JSON path of names and indexes: `$.a.b[0]['c d']`, with or without the leading `$`. Raise ValueError."""
    rest = path.removeprefix("$")
    rest = rest if rest.startswith((".", "[")) or not rest else f".{rest}"
    position = 0
    while position < len(rest):
        part = _PATH_PART.match(rest, position)
        if part is None:
            raise ValueError(f"JSON path not understood at {rest[position:]!r}")
        document = _step_into(document, part, path)
        position = part.end()
    return document


def _step_into(document: object, part: re.Match[str], path: str) -> object:
    name = part[1] or part[3]
    if name is not None and isinstance(document, dict) and name in document:
        return document[name]
    if part[2] is not None and isinstance(document, list) and int(part[2]) < len(document):
        return document[int(part[2])]
    raise ValueError(f"nothing at {path}")

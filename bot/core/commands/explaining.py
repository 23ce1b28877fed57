"""What would pageturner make of this command line? Answers for any text, also for what it would never run.

Lines copied from shells and wikis hold `<pod>`, `$NS`, `&&`, loops and prompts: placeholders are read as parameters,
every part that can be found is judged and the highest tier counts. Never raises. It must not know clusters or settings.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.core import errors, ratings, registry, risk
from bot.core.commands import nested, parsing, placeholders, tokens
from bot.core.operations import TIER_ORDER, Effect, Json, Judgement, Operation, Replay
from bot.core.ratings import Rating
from bot.core.runbooks import AllowedProgram

_PROMPT = re.compile(r"\s*(?:[$%❯]\s+(?=\S)|>\s+(?=\S+\s+\S))")
"""A `>` before a single word is no prompt: it empties that file."""
_ANGLE = re.compile(r"(?<![<\d])<(?P<name>[A-Za-z](?:[\w .:/|-]{0,60}\w)?)>")
_GO_TEMPLATE = re.compile(r"\bgo-template\b|--template\b")
"""kubectl's own templates are written in double braces; nothing in them is a parameter."""

_DOUBLE_BRACES = re.compile(r"\{\{-?\s*\.?(?P<name>[A-Za-z_][\w.]{0,60})\s*-?\}\}")
_VARIABLE_PROBLEM = "is a shell variable"


def explain(text: str, *, programs: Sequence[AllowedProgram] = ()) -> dict[str, Json]:
    """One answer for one line: command, effect, tier, operation, family, replay, counters, reasons, runnable,
    refused_because, summary, targets, undo."""
    shown, renamed = _rename(text)
    try:
        script = tokens.scan(shown)
    except errors.Invalid as error:
        return _answer_rating(text, ratings.unknown(error.problem, refused=_sentence(error)))
    if not script.parts and not script.findings:
        nothing = ratings.reads("there is no command in it", refused="There is no command in it: write one.")
        return _answer_rating(text, nothing)
    notes = [f"`{name}` is read as a parameter: write {{{placeholder}}}" for name, placeholder in renamed]
    real = [finding for finding in script.findings if _VARIABLE_PROBLEM not in finding.problem]
    if not real and len(script.parts) == 1 and not script.substitutions:
        return _explain_one(text, script, programs=programs, notes=notes)
    return _explain_many(text, script, real or list(script.findings))


def _rename(text: str) -> tuple[str, list[tuple[str, str]]]:
    """`<pod name>` and `{{ pod }}` -> `{pod_name}`, with what was renamed; a leading prompt is taken off."""
    renamed: dict[str, str] = {}

    def as_parameter(match: re.Match[str]) -> str:
        name = re.sub(r"\W+", "_", match["name"]).strip("_") or "value"
        renamed[match[0]] = name
        return f"{{{name}}}"

    text = _PROMPT.sub("", text, count=1) if _PROMPT.match(text) else text
    for pattern in (_ANGLE,) if _GO_TEMPLATE.search(text) else (_ANGLE, _DOUBLE_BRACES):
        text = pattern.sub(as_parameter, text)
    return text, list(renamed.items())


def _explain_one(
    text: str, script: tokens.Script, *, programs: Sequence[AllowedProgram], notes: list[str]
) -> dict[str, Json]:
    """One pipeline, with nothing around it that a step could not hold."""
    pipeline = script.parts[0]
    is_shell_text = script.findings or any(token.endswith("]") for token in pipeline[0])
    opened = (placeholders.open_variables(pipeline[0]), *pipeline[1:]) if is_shell_text else pipeline
    operation = parsing.assemble(opened, programs=programs, is_template=True)
    judgement = risk.judge(operation)
    notes += [f"{finding.problem}: {finding.remedy}" for finding in script.findings]
    answer = _answer(text, operation, judgement, notes=notes)
    alone = parsing.assemble(opened[:1], programs=programs, is_template=True) if operation.stages else operation
    if risk.rate(alone).tier is not judgement.tier:
        return answer | _gravest([alone, *(_named(argv) for argv in opened[1:])])
    return answer | _gravest([_named(opened[0])]) if nested.unwrapped(opened[0]) != opened[0] else answer


def _named(argv: tokens.Argv) -> Operation:
    """What to call a command by: the kubectl that a wrapper such as xargs or sudo starts."""
    return parsing.assemble((placeholders.open_variables(nested.unwrapped(argv)),), is_template=True)


def _gravest(operations: Sequence[Operation]) -> dict[str, Json]:
    """Of several commands, what to call them by."""
    found = max(operations, key=lambda operation: TIER_ORDER.index(risk.rate(operation).tier))
    return {
        "operation": found.kind,
        "family": found.family.value,
        "summary": risk.summarise(found),
        "targets": risk.target_words(found),
    }


def _explain_many(text: str, script: tokens.Script, findings: Sequence[tokens.Finding]) -> dict[str, Json]:
    """Several commands, or shell syntax around one: judged whole, never run."""
    rating = nested.rate_script(script, judge=risk.judge_kubectl)
    operations = [_named(argv) for part in script.parts for argv in part]
    first = findings[0]
    refused = f"{first.problem[:1].upper()}{first.problem[1:]}: {first.remedy}."
    answer = _answer_rating(text, replace(rating, refused=refused))
    return answer | _gravest(operations) if operations else answer


def _answer(text: str, operation: Operation, judgement: Judgement, *, notes: Sequence[str]) -> dict[str, Json]:
    return {
        "command": text,
        "effect": judgement.effect.value,
        "tier": judgement.tier.value,
        "operation": operation.kind,
        "family": operation.family.value,
        "replay": judgement.replay.value,
        "counters": dict(judgement.counters),
        "reasons": [*judgement.reasons, *notes],
        "runnable": judgement.is_runnable,
        "refused_because": judgement.refused_because,
        "summary": judgement.summary,
        "targets": risk.target_words(operation),
        "undo": registry.find(operation.kind).undo,
    }


def _answer_rating(text: str, rating: Rating) -> dict[str, Json]:
    """For what is no single operation."""
    return {
        "command": text,
        "effect": rating.effect.value,
        "tier": rating.tier.value,
        "operation": "unknown",
        "family": "",
        "replay": (Replay.READ if rating.effect is Effect.READ else Replay.ONCE).value,
        "counters": dict(rating.counters),
        "reasons": list(rating.reasons),
        "runnable": False,
        "refused_because": rating.refused,
        "summary": "",
        "targets": "",
        "undo": "",
    }


def _sentence(error: errors.Invalid) -> str:
    return f"{error.problem[:1].upper()}{error.problem[1:]}: {error.remedy}."

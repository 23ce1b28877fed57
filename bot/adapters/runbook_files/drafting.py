"""A drafted runbook as YAML that people go on editing: stable, readable, and loaded by our own loader."""

from dataclasses import dataclass

import yaml

from bot.adapters.runbook_files import importing, loading, yaml_models
from bot.adapters.runbook_files.importing import Draft, Kept
from bot.core import checking
from bot.core.runbooks import Problem

WIDTH = 110


@dataclass(frozen=True, slots=True)
class Written:
    """`text` is empty when nothing could be used; `problems` are the loader's own, and should be none."""

    text: str
    problems: tuple[Problem, ...] = ()


def write(draft: Draft, *, source: str) -> Written:
    """The file's text; the same draft gives the same bytes."""
    if not draft.steps:
        return Written("")
    head = f"# Imported from {source}. Level 0: reads run, changes are only shown.\n"
    head += "# Read it, correct it, then raise max_level.\n"
    text = head + yaml.dump(_document(draft), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)
    loaded = loading.load(text.encode(), shown=f"{draft.name}.yaml")
    problems = list(loaded.problems)
    if loaded.runbook is not None:
        problems += [loading.placed(each, loaded) for each in checking.check(loaded.runbook)]
    return Written(text, tuple(problems))


def _document(draft: Draft) -> dict[str, object]:
    document: dict[str, object] = {"name": draft.name, "title": draft.title}
    match: dict[str, object] = {}
    if draft.alert_names:
        match["alert_names"] = draft.alert_names
    if draft.severity:
        match["severity"] = draft.severity
    if draft.service:
        match["service"] = draft.service
    if match:
        document["match"] = match
    if draft.parameters:
        document["parameters"] = {name: _parameter(name, place) for name, place in sorted(draft.parameters.items())}
    document["max_level"] = 0
    document["steps"] = [_step(step) for step in draft.steps]
    if draft.notes:
        document["notes"] = draft.notes
    return document


def _parameter(name: str, place: str) -> dict[str, object]:
    where: dict[str, object] = {"from": place} if place else {}
    return {**where, "pattern": yaml_models.SAFE_VALUE, "description": name.replace("_", " ")}


def _step(step: importing.DraftStep) -> dict[str, object]:
    made: dict[str, object] = {"name": step.name, "run": step.command}
    if step.capture is not None:
        made["capture"] = {"name": step.capture.name, "pattern": step.capture.pattern}
    else:
        made["on_failure"] = "continue"
    return made


class _Dumper(yaml.SafeDumper):
    """Long texts as blocks, so that they can be read and edited."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def summary(draft: Draft) -> dict[str, int]:
    """How many pieces became what."""
    return {str(kept): draft.count(kept) for kept in Kept}

"""The files that a runbook's kubectl commands name, read with the runbook so that both load or neither does.

Their bytes are part of the runbook's digest: a changed manifest is a changed runbook, and a run that was planned with
the old one stops. Knows files and documents; must not know what a manifest means.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import yaml

from bot.adapters.runbook_files import loading
from bot.adapters.runbook_files.findings import Loaded, Unreadable
from bot.core.commands import kubectl_files, parsing
from bot.core.errors import Invalid
from bot.core.operations import Json
from bot.core.runbooks import Action, Command, Problem, Runbook

MOST_DOCUMENTS = 50
"""Of one file: far more than any step may apply, far fewer than would take long to read."""

MOST_DEPTH = 60


def complete(loaded: Loaded, root: Path) -> Loaded:
    """The runbook with the content of every file that it names, or what is wrong with one of them."""
    runbook = loaded.runbook
    names = named(runbook) if runbook else ()
    if runbook is None or not names:
        return loaded
    found: dict[str, tuple[Json, ...]] = {}
    content = [runbook.digest.encode()]
    for name in names:
        try:
            raw = loading.read(root / name, root, shown=name)
            found[name] = documents(raw, shown=name)
        except Unreadable as error:
            told = error.finding
            message = f"{name} {told.message}" if told.path == name and told.line == 1 else f"{name}: {told.message}"
            return replace(loaded, runbook=None, problems=(Problem(runbook.path, 1, "", message, told.remedy),))
        content += [name.encode(), loading.digest(raw).encode()]
    return replace(loaded, runbook=replace(runbook, manifests=found, digest=loading.digest(b"\0".join(content))))


def named(runbook: Runbook) -> tuple[str, ...]:
    """Paths below the folder of runbooks, in order of appearance, each once. A path that the grammar refuses is never
    opened."""
    found: dict[str, None] = {}
    for action in _actions(runbook):
        try:
            operation = parsing.operation(action, parameters=runbook.parameters)
        except Invalid:  # told by the check of the runbook
            continue
        files = operation.arguments.get("files")
        paths = [str(path) for path in files] if isinstance(files, list) else []
        found.update(dict.fromkeys(path for path in paths if kubectl_files.is_path(path)))
    return tuple(found)


def _actions(runbook: Runbook) -> Iterator[Action]:
    for step in runbook.steps:
        looks = [step.verify.action] if step.verify else []
        yield from (action for action in (step.action, step.undo, *looks) if isinstance(action, Command))


def documents(raw: bytes, *, shown: str) -> tuple[Json, ...]:
    """YAML or JSON, one or several documents. Raise Unreadable for anything that JSON could not hold."""
    try:
        found = list(_load(raw.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        raise Unreadable(Problem(shown, 1, "", "is not UTF-8 text", "save it as UTF-8")) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        why = " ".join(str(getattr(error, "problem", None) or error).split())[:200]
        raise Unreadable(Problem(shown, 1, "", f"is not YAML: {why}", "correct it")) from error
    return tuple(found)


def _load(text: str) -> Iterator[Json]:
    for number, document in enumerate(yaml.load_all(text, Loader=_Plain)):
        if number >= MOST_DOCUMENTS:
            raise ValueError(f"it holds more than {MOST_DOCUMENTS} documents")
        yield _json(document)


class _Plain(yaml.SafeLoader):
    """Kubernetes reads YAML 1.1 as PyYAML's safe loader does, but dates stay text, and anchors are refused."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise ValueError("anchors and aliases (& and *) are not allowed")
        return super().compose_node(parent, index)


_Plain.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _json(value: object, depth: int = 0) -> Json:
    if depth > MOST_DEPTH:
        raise ValueError(f"it is nested more than {MOST_DEPTH} levels deep")
    match value:
        case None | bool() | int() | str():
            return value
        case float() if value - value == 0:
            return value
        case list():
            return [_json(inner, depth + 1) for inner in value]
        case dict():
            odd = [key for key in value if not isinstance(key, str)]
            if odd:
                raise ValueError(f"the key {str(odd[0])[:60]} is not text: put it in quotes")
            return {str(key): _json(inner, depth + 1) for key, inner in value.items()}
        case _:
            raise ValueError(f"it holds a {type(value).__name__} that JSON does not have: put it in quotes")

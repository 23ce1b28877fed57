"""YAML without its surprises: one document of mappings, lists and scalars, read in one pass with a line for every key.

Scalars follow YAML 1.2's core schema (https://yaml.org/spec/1.2.2/#103-core-schema), so `on`, `no` and `10:30` are
text. Keys are always text. Anchors, aliases, tags, merge keys, duplicate keys and deep nesting are refused: a runbook
needs none of them, and they are how YAML bites. Built on libyaml's events where present: nothing is ever constructed
from a tag, and no recursion follows the nesting.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from bot.adapters.runbook_files.findings import Findings, Place, Unreadable, shown
from bot.core.operations import Json
from bot.core.runbooks import Problem

MAX_DEPTH = 20
MAX_VALUES = 20_000
"""A runbook of a hundred steps has about a thousand."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is eight times as fast
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"(?=.*[.eE])[-+]?(?:\.[0-9]{1,30}|[0-9]{1,30}(?:\.[0-9]{0,30})?)(?:[eE][-+]?[0-9]{1,2})?")
_WORDS: Mapping[str, Json] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Document:
    """`lines` has the line (from 1) of every value, by its place; () is the document itself."""

    value: Json
    lines: Mapping[Place, int]
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not come yet. `key` is the mapping's key that waits for its value."""

    place: Place
    content: dict[str, Json] | list[Json]
    key: str | None = None


@dataclass(slots=True)
class _Reader:
    path: str
    findings: Findings
    lines: dict[Place, int] = field(default_factory=dict)
    stack: list[_Open] = field(default_factory=list)
    root: Json = None
    documents: int = 0
    values: int = 0

    def read(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if getattr(event, "anchor", None) is not None:
            self.refuse(
                line, "anchors and aliases (& and *) are not allowed", "write the value out; quote a leading & or *"
            )
        match event:
            case yaml.DocumentStartEvent():
                self.start_document(line)
            case yaml.ScalarEvent():
                self.scalar(event, line)
            case yaml.MappingStartEvent():
                self.open({}, event, line)
            case yaml.SequenceStartEvent():
                self.open([], event, line)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self.stack.pop()

    def start_document(self, line: int) -> None:
        self.documents += 1
        if self.documents > 1:
            self.refuse(line, "the file holds a second document (---)", "keep one runbook in one file")

    def scalar(self, event: Any, line: int) -> None:
        self.refuse_tag(event, line)
        above = self.stack[-1] if self.stack else None
        if above and isinstance(above.content, dict) and above.key is None:
            self.key(above, event, line)
        else:
            self.put(_resolved(event), line)

    def key(self, above: _Open, event: Any, line: int) -> None:
        name = event.value
        if name == "<<" and event.implicit[0]:
            self.refuse(line, "merge keys (<<) are not allowed", "write the keys out")
        place = (*above.place, name)
        if name in above.content:
            self.findings.on(line, f'the key "{name}" stands here twice', key=shown(place), remedy="remove one of them")
        above.key = name
        self.lines[place] = line

    def open(self, content: dict[str, Json] | list[Json], event: Any, line: int) -> None:
        self.refuse_tag(event, line)
        above = self.stack[-1] if self.stack else None
        if above and isinstance(above.content, dict) and above.key is None:
            self.refuse(line, "a key must be plain text", "write one word before the colon; quote { and [ in text")
        place = self.put(content, line)
        self.stack.append(_Open(place, content))
        if len(self.stack) > MAX_DEPTH:
            self.refuse(line, f"nested more than {MAX_DEPTH} levels deep", "flatten it")

    def put(self, value: Json, line: int) -> Place:
        self.values += 1
        if self.values > MAX_VALUES:
            self.refuse(line, f"more than {MAX_VALUES} values", "split the file")
        if not self.stack:
            self.root = value
            self.lines[()] = line
            return ()
        above = self.stack[-1]
        if isinstance(above.content, list):
            place: Place = (*above.place, len(above.content))
            above.content.append(value)
            self.lines[place] = line
            return place
        name, above.key = above.key or "", None
        above.content[name] = value
        return (*above.place, name)

    def refuse_tag(self, event: Any, line: int) -> None:
        if event.tag not in (None, "!"):
            self.refuse(line, f"the tag {event.tag[:60]} is not allowed", "remove it; quote a value that begins with !")

    def refuse(self, line: int, message: str, remedy: str) -> None:
        key = shown((*self.stack[-1].place, *filter(None, (self.stack[-1].key,)))) if self.stack else ""
        raise Unreadable(Problem(self.path, line, key, message, remedy))


def load(text: str, path: str) -> Document:
    """Raise Unreadable at the first thing that makes the rest meaningless; lesser ones stand in `problems`."""
    findings = Findings(path)
    reader = _Reader(path, findings)
    try:
        for event in _events(text):
            reader.read(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"not YAML: {error.problem or error.context or 'cannot be read'}"
        remedy = "check the indentation, and quote text that holds : # { [ or starts with a quote"
        raise Unreadable(Problem(path, mark.line + 1 if mark else 1, "", message, remedy)) from error
    except yaml.YAMLError as error:  # a ReaderError has a position instead of a mark
        position = getattr(error, "position", 0)
        line = text.count("\n", 0, position) + 1
        raise Unreadable(Problem(path, line, "", "holds a control character", "remove it")) from error
    return Document(reader.root, reader.lines, findings.problems)


def _events(text: str) -> Iterator[Any]:
    yield from yaml.parse(text, Loader=_LOADER)


def _resolved(event: Any) -> Json:
    text: str = event.value
    if not event.implicit[0]:  # quoted or a block: text, whatever it looks like
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text

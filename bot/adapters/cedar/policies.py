"""The Cedar policies in force: the product's ladder and the operators' files, as one set that is validated as a whole.

The last good set stays in use when a file breaks. Must not know what an answer means for a step.
"""

import itertools
import json
import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import cedarpy

from bot.adapters.cedar.slices import Slices, parsed, place
from bot.core import plans
from bot.core.authorization import Answer, Deciding, Entity, Request, Rules
from bot.core.errors import Invalid
from bot.core.operations import Json
from bot.core.runbooks import Problem

FOLDER = "policies"
SUFFIX = ".cedar"
LARGEST_FILE = 256 * 1024
MOST_SHAPES = 1_024
"""Shapes of requests that are remembered; beyond it each request is held against the schema."""

_HERE = Path(__file__).parent
_NUMBERED = re.compile(r"policy(\d+)")
_HEAD = re.compile(r"^\s*(?:@\w+\s*\(\s*\"(?:[^\"\\]|\\.)*\"\s*\)\s*)*(?:permit|forbid)\s*\(", re.MULTILINE)
_COMMENT = re.compile(r"//[^\n]*")


@dataclass(frozen=True, slots=True)
class Source:
    """One file of policies, as it is named to people."""

    shown: str
    text: str


@dataclass(frozen=True, slots=True)
class _Named:
    id: str
    forbids: bool
    reason: str


@cache
def schema() -> cedarpy.Schema:
    return cedarpy.Schema.from_str((_HERE / "schema.cedarschema").read_text("utf-8"))


def ladder() -> Source:
    return Source("the ladder", (_HERE / "ladder.cedar").read_text("utf-8"))


def _files(root: Path) -> list[Path]:
    """In their folder, or beside the runbooks: a mounted config map is flat."""
    return sorted([*root.glob(f"*{SUFFIX}"), *(root / FOLDER).glob(f"*{SUFFIX}")])


def sources(root: Path) -> tuple[list[Source], list[Problem]]:
    """The operators' files below the folder of runbooks, by name; what cannot be read is a problem."""
    found, problems = [], []
    for path in _files(root):
        try:
            raw = path.read_bytes()
            if len(raw) > LARGEST_FILE:
                problems.append(Problem(str(path), 1, "", "is larger than 256 KiB", "split it"))
            else:
                found.append(Source(str(path), raw.decode("utf-8-sig")))
        except (OSError, UnicodeDecodeError):
            problems.append(Problem(str(path), 1, "", "cannot be read as UTF-8 text", "check permissions and encoding"))
    return found, problems


def check(root: Path) -> list[Problem]:
    """What is wrong with the policies of a folder of runbooks: each with its file, its line and what Cedar says."""
    found, problems = sources(root)
    names: dict[str, str] = {each.id: "the ladder" for each in _named(ladder().text)}
    for source in found:
        problems += _problems(source)
        for each in _named(source.text) if not problems else ():
            if each.id in names:
                text = f"the id {each.id!r} is also used by {names[each.id]}"
                problems.append(Problem(source.shown, 1, each.id, text, "give each policy its own @id"))
            names[each.id] = source.shown
    return problems


def _problems(source: Source) -> list[Problem]:
    lines = _lines(source.text)
    try:
        named = _named(source.text)
    except ValueError as error:
        return [
            Problem(source.shown, _unreadable_line(source.text), "", f"is not Cedar: {error}", "correct the policy")
        ]
    problems = [
        Problem(source.shown, _line(lines, number), each.id, f"has no @{missing}", f'write @{missing}("...") above it')
        for number, each in enumerate(named)
        for missing in _missing(each, number)
    ]
    for wrong in cedarpy.validate_policies(source.text, schema()).errors:
        number = int(match[1]) if (match := _NUMBERED.fullmatch(wrong.policy_id)) else 0
        said = re.sub(r"for policy `policy\d+`, ", "", str(wrong.error))
        name = named[number].id if named else ""
        problems.append(Problem(source.shown, _line(lines, number), name, said, "see the schema in runbooks/README.md"))
    return problems


def _missing(policy: _Named, number: int) -> list[str]:
    return [
        name
        for name, value in (("id", policy.id), ("reason", policy.reason))
        if not value or value == f"policy{number}"
    ]


def _lines(text: str) -> list[int]:
    """The line (from 1) at which each policy begins, in order; comments may hold anything."""
    blank = _COMMENT.sub(lambda match: " " * len(match[0]), text)
    return [
        blank.count("\n", 0, match.start() + len(match[0]) - len(match[0].lstrip())) + 1
        for match in _HEAD.finditer(blank)
    ]


def _line(lines: list[int], number: int) -> int:
    return lines[number] if number < len(lines) else 1


def _unreadable_line(text: str) -> int:
    """Where the first policy that cannot be read begins: each is tried together with those before it."""
    starts = [*_lines(text), text.count("\n") + 2]
    rows = text.split("\n")
    for start, end in itertools.pairwise(starts):
        try:
            cedarpy.policies_to_json_str("\n".join(rows[start - 1 : end - 1]))
        except ValueError:
            return start
    return 1


def _named(text: str) -> list[_Named]:
    """Raise ValueError for what is not Cedar. In the order of the text, which is Cedar's numbering."""
    found = []
    for policy_id, policy in parsed(text).items():
        notes = policy.get("annotations")
        told = notes if isinstance(notes, dict) else {}
        name = str(told.get("id") or policy_id)
        found.append(_Named(name, policy["effect"] == "forbid", str(told.get("reason") or "")))
    return found


class CedarSet:
    """One parsed set; `authorize` answers within a millisecond and never raises."""

    def __init__(self, found: list[Source]) -> None:
        """Raise Invalid naming the file that is not Cedar."""
        texts = [ladder(), *found]
        whole = "\n".join(source.text for source in texts)
        try:
            self._slices = Slices(parsed(whole))
            self._named = _named(whole)
        except ValueError as error:
            raise Invalid(f"the policies are not Cedar: {error}", remedy="run pageturner check") from error
        self._fitting: set[Hashable] = set()
        self.rules = Rules(plans.digest({source.shown: source.text for source in texts}), self.authorize)

    def authorize(self, request: Request) -> Answer:
        asked = {
            "principal": _uid(request.principal),
            "action": {"type": "Action", "id": request.action.value},
            "resource": _uid(request.resource),
            "context": dict(request.context),
        }
        shape = _shape(request)
        held_against = None if shape in self._fitting else schema()
        try:
            entities = _entities(request.principal, request.resource)
            result = cedarpy.is_authorized(asked, self._slices.of(request), entities, held_against)
        except (ValueError, TypeError) as error:
            return Answer(is_allowed=False, error=str(error)[:200])
        errors = result.diagnostics.errors
        if errors:  # a policy that could not be evaluated may be the very forbid that counts
            return Answer(is_allowed=False, error=str(errors[0])[:200])
        if len(self._fitting) < MOST_SHAPES:
            self._fitting.add(shape)
        numbers = sorted(place(each) for each in result.diagnostics.reasons)
        deciding = tuple(Deciding(each.id, each.forbids, each.reason) for each in (self._named[at] for at in numbers))
        return Answer(is_allowed=result.allowed, deciding=deciding)


def _uid(entity: Entity) -> dict[str, str]:
    return {"type": entity.type, "id": entity.id}


def _shape(request: Request) -> Hashable:
    """All that the schema looks at: types, and which names are there. What had this shape and fitted fits again."""
    return request.principal.type, request.action, request.resource.type, _types(request.context)


def _types(value: Json | Mapping[str, Json]) -> Hashable:
    if isinstance(value, Mapping):
        return tuple((name, _types(each)) for name, each in value.items())
    if isinstance(value, list):
        return frozenset(_types(each) for each in value)
    return type(value).__name__


@lru_cache(maxsize=1_024)
def _entities(*named: Entity) -> cedarpy.Entities:
    """Remembered: one step is asked about for its dry run, each vote and its claim. Raise ValueError as Cedar does."""
    listed = []
    for entity in named:
        listed.append({"uid": _uid(entity), "attrs": {}, "parents": [_uid(parent) for parent in entity.parents]})
        listed += [{"uid": _uid(parent), "attrs": {}, "parents": []} for parent in entity.parents]
    return cedarpy.Entities.from_json_str(json.dumps(listed), schema())


class PolicyFiles:
    """The policies beside the runbooks: always the last good set, and what is wrong now."""

    def __init__(self, root: Path) -> None:
        """Raise Invalid when there is no good set to begin with: nothing runs under policies that cannot be read."""
        self._root = root
        self._stamp = self._stamped()
        self.problems = tuple(check(root))
        if self.problems:
            raise Invalid(str(self.problems[0]), place=FOLDER, remedy="correct it; pageturner check shows all")
        self._set = CedarSet(sources(root)[0])

    def rules(self) -> Rules:
        return self._set.rules

    def reload_if_changed(self) -> bool:
        """True when something changed. A broken file leaves the last good set in use."""
        stamp = self._stamped()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        self.problems = tuple(check(self._root))
        if not self.problems:
            self._set = CedarSet(sources(self._root)[0])
        return True

    def _stamped(self) -> tuple[tuple[str, int, int], ...]:
        found = []
        for path in _files(self._root):
            try:
                status = path.stat()
            except OSError:
                continue
            found.append((str(path), status.st_mtime_ns, status.st_size))
        return tuple(found)

"""Checkpoints: how long the record was and what its last value was, at a moment, kept out of the file's writer's reach.

Each names the one before it, so that a list of them cannot be thinned out. A line of JSON each.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass

from bot.core import chaining
from bot.core.chaining import GENESIS, End, Key
from bot.core.errors import Invalid
from bot.core.evidence import Finding


@pydantic_dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid", strict=True))
class Checkpoint:
    """`at` is ISO 8601 in UTC; `before` is the seal of the one before; `seal` covers all the rest."""

    count: int
    head: str
    at: str
    key: str
    before: str
    seal: str = ""

    def line(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))


_LINE = TypeAdapter(Checkpoint)


def made(head: End, *, at: datetime, before: str, key: Key | None) -> Checkpoint:
    bare = Checkpoint(head.number, head.value, at.isoformat(timespec="seconds"), key.id if key else "", before)
    return Checkpoint(bare.count, bare.head, bare.at, bare.key, bare.before, chaining.seal(bare.line(), key))


def read(text: str) -> tuple[Checkpoint, ...]:
    """Raise Invalid, naming the line. One that a crash cut short is left out: the next one follows what came before."""
    return tuple(_read(line, number) for number, line in enumerate(text.split("\n"), start=1) if _is_whole(line))


def _is_whole(line: str) -> bool:
    """Begun and not ended is a crash's; anything else must be a checkpoint."""
    return bool(line.strip()) and not (line.startswith("{") and not line.rstrip().endswith("}"))


def _read(line: str, number: int) -> Checkpoint:
    try:
        return _LINE.validate_json(line)
    except ValidationError as error:
        remedy = "look at it: nothing but the bot writes there"
        raise Invalid("is no checkpoint", place=f"line {number}", remedy=remedy) from error


def last_seal(known: Sequence[Checkpoint]) -> str:
    return known[-1].seal if known else GENESIS


def judge(
    known: Sequence[Checkpoint], values: Mapping[int, str], *, count: int, keys: Mapping[str, Key]
) -> tuple[Finding, ...]:
    """Each checkpoint against the chain: `values` are the chain's at the counts that checkpoints name."""
    found, before = [], GENESIS
    for place, each in enumerate(known, start=1):
        problem = _own_problem(each, before, keys) or _problem(each, values, count)
        if problem:
            found.append(Finding(f"checkpoint {place}", "checkpoint", f"of {each.at}: {problem}"))
        before = each.seal
    return tuple(found)


def _own_problem(each: Checkpoint, before: str, keys: Mapping[str, Key]) -> str:
    key = keys.get(each.key) if each.key else None
    bare = Checkpoint(each.count, each.head, each.at, each.key, each.before)
    is_checked = key is not None or not each.key
    if keys and key is None:
        return "is not sealed with a key of ours"
    if is_checked and chaining.seal(bare.line(), key) != each.seal:
        return "its seal does not fit"
    if each.before != before:
        return "does not follow the one before it: one was taken out or put in"
    return ""


def _problem(each: Checkpoint, values: Mapping[int, str], count: int) -> str:
    if each.count > count:
        return (
            f"the record had {each.count} entries then and has {count} now: its end was cut off, or it is an older copy"
        )
    if each.count and values.get(each.count) != each.head:
        return f"entry {each.count} had another value then: the record was written anew"
    return ""

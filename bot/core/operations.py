"""The typed thing that a step does, and what the registry knows about each kind.

An Operation is data: what was written, parsed into a kind and arguments. Its effect, tier and replay class are
looked up in the registry (`risk.judge`), never taken from the runbook's author. Parsers live in `core.commands`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from pydantic import JsonValue

Json: TypeAlias = JsonValue
"""Anything that JSON can hold; pydantic's own alias, since it cannot follow a recursive one of ours."""


class Effect(StrEnum):
    READ = "read"
    WRITE = "write"
    UNKNOWN = "unknown"  # treated like the widest write


class Tier(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


TIER_ORDER: tuple[Tier, ...] = (Tier.LOW, Tier.MEDIUM, Tier.HIGH)


def highest(*tiers: Tier) -> Tier:
    return max(tiers, key=TIER_ORDER.index, default=Tier.LOW)


class Replay(StrEnum):
    READ = "read"  # re-run freely
    IDEMPOTENT = "idempotent"  # re-send with the same key
    PROBE = "probe"  # a declared read decides whether it happened
    ONCE = "once"  # an unclear outcome is unknown: stop and ask


class Family(StrEnum):
    """Which executor runs it."""

    KUBERNETES = "kubernetes"
    HTTP = "http"
    PROGRAM = "program"
    SQL = "sql"
    BOT = "bot"  # what the bot does itself: it asks, or lets time pass


@dataclass(frozen=True, slots=True)
class Stage:
    """One filter after the operation in a pipeline, e.g. argv ("jq", "-r", ".redis"). Runs on the output only."""

    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """`text` is the exact command, query or request as shown to people and bound by the digest.

    `kind` is a registry key such as `kubernetes.delete_pod`; `arguments` are canonical and JSON-able.
    """

    family: Family
    kind: str
    text: str
    arguments: Mapping[str, Json] = field(default_factory=dict)
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the registry says of one operation. `counters` are minimum counts known before targets are resolved.

    `refused_because` is empty when the operation can be run; otherwise a sentence with the remedy.
    """

    effect: Effect
    tier: Tier
    replay: Replay
    is_reversible: bool
    counters: Mapping[str, int]
    reasons: tuple[str, ...]
    summary: str
    refused_because: str = ""

    @property
    def is_runnable(self) -> bool:
        return not self.refused_because

"""How one command, or one part of it, is rated before the registry adds what it knows of the kind.

Ratings combine: the widest effect, the highest tier, all counters and reasons. More parts never rate anything down.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from bot.core.operations import Effect, Tier, highest

_EFFECT_ORDER = (Effect.READ, Effect.UNKNOWN, Effect.WRITE)
"""A proved write names the whole line a write; unknown is treated like the widest write anyway."""


@dataclass(frozen=True, slots=True)
class Rating:
    """`counters` are minimum counts. `refused` is a sentence with a remedy, empty when the command could be run."""

    effect: Effect
    tier: Tier
    reasons: tuple[str, ...] = ()
    counters: Mapping[str, int] = field(default_factory=dict)
    refused: str = ""


ONLY_READS = "only reads"


def reads(reason: str = ONLY_READS, *, refused: str = "") -> Rating:
    return Rating(Effect.READ, Tier.LOW, (reason,) if reason else (), {}, refused)


def unknown(reason: str, *, refused: str = "") -> Rating:
    return Rating(Effect.UNKNOWN, Tier.HIGH, (reason,), {}, refused)


def refuse(rating: Rating, because: str) -> Rating:
    """The same rating, not runnable; the first refusal stays."""
    return replace(rating, refused=rating.refused or because)


def combine(ratings: Iterable[Rating]) -> Rating:
    """One rating for all parts; reasons keep their order and are not repeated."""
    parts = tuple(ratings)
    if len(parts) == 1:
        return parts[0]
    counters: dict[str, int] = {}
    for part in parts:
        for name, count in part.counters.items():
            counters[name] = counters.get(name, 0) + count
    effect = max((part.effect for part in parts), key=_EFFECT_ORDER.index, default=Effect.READ)
    reasons = dict.fromkeys(reason for part in parts for reason in part.reasons)
    if effect is not Effect.READ and len(reasons) > 1:
        reasons.pop(ONLY_READS, None)  # true of a part, and misleading about the whole
    return Rating(
        effect=effect,
        tier=highest(*(part.tier for part in parts)),
        reasons=tuple(reasons),
        counters=counters,
        refused=next((part.refused for part in parts if part.refused), ""),
    )

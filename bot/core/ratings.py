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


def reads(reason: str = "only reads", *, refused: str = "") -> Rating:
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
    return Rating(
        effect=max((part.effect for part in parts), key=_EFFECT_ORDER.index, default=Effect.READ),
        tier=highest(*(part.tier for part in parts)),
        reasons=tuple(dict.fromkeys(reason for part in parts for reason in part.reasons)),
        counters=counters,
        refused=next((part.refused for part in parts if part.refused), ""),
    )

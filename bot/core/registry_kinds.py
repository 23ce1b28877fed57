"""The shape of the operation registry's rows, apart from them so that the table may span modules."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.operations import Effect, Replay, Tier


@dataclass(frozen=True, slots=True)
class Kind:
    """`summary` may use {what} (the targets), {where} (the namespace), and the arguments' own names.

    `promise` says what a dry run of this kind can and cannot foresee. `undo` is the way back in words.
    """

    effect: Effect
    tier: Tier
    replay: Replay
    summary: str
    reason: str
    counters: Mapping[str, int] = field(default_factory=dict)
    is_reversible: bool = False
    undo: str = ""
    promise: str = ""
    remedy: str = ""


SERVER_DRY_RUN = "The API server checked it without storing it; what controllers then do is not foreseen."

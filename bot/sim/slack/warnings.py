"""What Slack would let pass but a careful developer wants to know: late acks, missing fallback text, spent budgets.

Equal warnings are counted, not repeated, so that a load test cannot fill the list.
"""

from dataclasses import dataclass, field

from bot.sim.slack.wire import Json

_MOST_KINDS = 200  # distinct warnings kept; older ones make room


@dataclass(slots=True)
class Warnings:
    """Counted warnings, oldest first."""

    _counts: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, code: str, text: str) -> None:
        """Counts a warning."""
        key = (code, text)
        self._counts[key] = self._counts.get(key, 0) + 1
        if len(self._counts) > _MOST_KINDS:
            del self._counts[next(iter(self._counts))]

    def codes(self) -> list[str]:
        """The codes that occurred."""
        return [code for code, _ in self._counts]

    def to_json(self) -> list[Json]:
        """For the page's inspector."""
        return [{"code": code, "text": text, "count": count} for (code, text), count in self._counts.items()]

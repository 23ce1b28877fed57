"""From figures to rows: what was aimed at, what came out, what others need for the same, and how we stand to them."""

import statistics
from dataclasses import asdict, dataclass

from tests.bench.measuring import Figures, quantile


@dataclass(frozen=True, slots=True)
class Row:
    """`least` turns the target round: more is better."""

    what: str
    unit: str
    target: float | None
    ours: float
    notifier: float | None = None
    bare: float | None = None
    least: bool = False
    most_ratio: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours to the notifier's."""
        return self.ours / self.notifier if self.notifier else None

    @property
    def is_met(self) -> bool | None:
        if self.target is None:
            return None
        met = self.ours >= self.target if self.least else self.ours <= self.target
        return met and (self.most_ratio is None or self.ratio is None or self.ratio <= self.most_ratio)


def rows(ours: Figures, chosen: Figures, notifier: Figures | None, bare: Figures, *, burst: int) -> list[Row]:
    """`chosen`: our figures where a runbook fits each alert."""
    other = notifier or Figures()
    single = statistics.median(other.single_ms) if other.single_ms else None
    return [
        Row("alert to first post at 1/s, p50", "ms", 10, ours.single_p50_ms, single, bare.single_p50_ms, most_ratio=4),
        Row("  its max", "ms", None, max(ours.single_ms), max(other.single_ms, default=None), max(bare.single_ms)),
        Row("  where a runbook fits, p50", "ms", None, chosen.single_p50_ms),
        Row(f"burst of {burst:,}, p50", "ms", None, ours.burst_p50_ms or 0, other.burst_p50_ms, bare.burst_p50_ms),
        Row(f"burst of {burst:,}, p99", "ms", 500, ours.burst_p99_ms or 0, other.burst_p99_ms, bare.burst_p99_ms),
        Row("  its max", "ms", None, ours.burst_max_ms or 0, other.burst_max_ms, bare.burst_max_ms),
        Row("  where a runbook fits, p99", "ms", None, chosen.burst_p99_ms or 0),
        Row("  lost", "alerts", 0, ours.lost + chosen.lost, other.lost, bare.lost),
        Row("flood, durable and posted", "/s", 1_500, ours.posted or 0, other.posted, bare.posted, least=True),
        Row("  durable and answered", "/s", None, ours.accepted or 0, other.accepted, bare.accepted),
        Row("click to ack, p50", "ms", 5, quantile(ours.click_ms, 0.5)),
        Row("  its p99", "ms", None, quantile(ours.click_ms, 0.99)),
        Row("cold start to ready", "s", 1.5, ours.start_seconds, other.start_seconds, bare.start_seconds),
        Row("memory when idle", "MiB", 120, ours.idle_mib or 0, other.idle_mib, bare.idle_mib),
        Row("memory in the burst", "MiB", 200, ours.burst_mib or 0, other.burst_mib, bare.burst_mib),
    ]


def as_json(found: list[Row]) -> list[dict[str, object]]:
    return [asdict(row) | {"ratio": row.ratio, "is_met": row.is_met} for row in found]


def table(found: list[Row]) -> str:
    head = ("what", "unit", "target", "ours", "Alertmanager", "ratio", "bare loop", "")
    lines = [head] + [_cells(row) for row in found]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) if place < 2 else cell.rjust(width) for place, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(line, widths, strict=True)) for line in lines)
    )


def _cells(row: Row) -> tuple[str, ...]:
    sign = ">=" if row.least else "<="
    target = f"{sign} {row.target:g}" if row.target is not None else ""
    if row.most_ratio is not None:
        target += f", {row.most_ratio:g} x"
    verdict = {True: "met", False: "MISSED", None: ""}[row.is_met]
    ratio = f"{row.ratio:.1f}" if row.ratio is not None else ""
    return (row.what, row.unit, target, _number(row.ours), _number(row.notifier), ratio, _number(row.bare), verdict)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"

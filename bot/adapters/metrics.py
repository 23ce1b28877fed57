"""Numbers for a Prometheus, read at the moment of scraping: nothing is counted twice and nothing can drift."""

from collections.abc import Callable, Mapping
from functools import partial

from prometheus_client import CollectorRegistry, Gauge

Readings = Mapping[str, tuple[str, Callable[[], float]]]
"""Name without prefix -> (what it says, how to read it)."""


def observe(registry: CollectorRegistry, readings: Readings) -> None:
    for name, (text, read) in readings.items():
        Gauge(f"pageturner_{name}", text, registry=registry).set_function(read)


def observe_parts(registry: CollectorRegistry, checks: Callable[[], Mapping[str, str]]) -> None:
    """`pageturner_degraded{part="slack"}`: 1 while something is wrong with this part, as the readiness says it."""

    def is_degraded(part: str) -> float:
        return float(bool(checks()[part]))

    gauge = Gauge("pageturner_degraded", "1 while this part is not as it should be.", ["part"], registry=registry)
    for part in checks():
        gauge.labels(part).set_function(partial(is_degraded, part))

"""Numbers for a Prometheus, read at the moment of scraping: nothing is counted twice and nothing can drift."""

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Gauge

Readings = Mapping[str, tuple[str, Callable[[], float]]]
"""Name without prefix -> (what it says, how to read it)."""


def observe(registry: CollectorRegistry, readings: Readings) -> None:
    for name, (text, read) in readings.items():
        Gauge(f"pageturner_{name}", text, registry=registry).set_function(read)

"""Numbers of the simulated service that a test or a debugger may want to change; the defaults are Slack's own."""

from dataclasses import dataclass
from enum import StrEnum


class RateMode(StrEnum):
    """What happens to a call over its budget."""

    OFF = "off"  # nothing is counted
    WARN = "warn"  # the call passes and a warning is kept
    ENFORCE = "enforce"  # HTTP 429 with Retry-After


@dataclass(frozen=True, slots=True)
class Settings:
    """All times in seconds."""

    ack_seconds: float = 3.0  # every envelope must be acknowledged within this
    trigger_seconds: float = 3.0  # life of a trigger_id
    response_url_seconds: float = 1800.0
    response_url_uses: int = 5
    ticket_seconds: float = 30.0  # life of a Socket Mode URL; Slack does not publish the number
    connection_seconds: float = 18060.0  # approximate_connection_time of captured hello frames
    debug_connection_seconds: float = 360.0  # with debug_reconnects=true
    warning_seconds: float = 10.0  # a `warning` disconnect frame comes this long before the cut
    max_connections: int = 10
    event_retry_delays: tuple[float, ...] = (0.0, 60.0, 300.0)
    rate_mode: RateMode = RateMode.WARN
    text_limit: int = 40_000  # chat.postMessage cuts longer texts
    feed_size: int = 5_000  # changes kept for late readers of the page's event stream
    journal_size: int = 1_000
    seed: int = 1  # of generated ids

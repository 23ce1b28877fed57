"""One normalised firing or resolution from a source. Parsers make them; nothing else reads a source's own format."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Severity(StrEnum):
    """Ordered by declaration: the first is the gravest."""

    CRITICAL = "critical"
    HIGH = "high"
    WARNING = "warning"
    INFO = "info"
    UNKNOWN = "unknown"  # the source did not say; never treated as grave or harmless by guess


# What sources write for the same thing (Alertmanager conventions, PagerDuty and Opsgenie priorities).
_SYNONYMS: Mapping[str, Severity] = {
    "critical": Severity.CRITICAL, "crit": Severity.CRITICAL, "page": Severity.CRITICAL, "p1": Severity.CRITICAL,
    "emergency": Severity.CRITICAL, "fatal": Severity.CRITICAL,
    "high": Severity.HIGH, "error": Severity.HIGH, "major": Severity.HIGH, "p2": Severity.HIGH,
    "warning": Severity.WARNING, "warn": Severity.WARNING, "medium": Severity.WARNING, "minor": Severity.WARNING,
    "p3": Severity.WARNING, "moderate": Severity.WARNING,
    "info": Severity.INFO, "low": Severity.INFO, "informational": Severity.INFO, "none": Severity.INFO,
    "p4": Severity.INFO, "p5": Severity.INFO, "notice": Severity.INFO,
}  # fmt: skip


def severity(word: str) -> Severity:
    return _SYNONYMS.get(word.strip().lower(), Severity.UNKNOWN)


def gravest(severities: "list[Severity]") -> Severity:
    order = list(Severity)
    return min(severities, key=order.index, default=Severity.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Alert:
    """`text` is the source's own description (untrusted); times are aware and in UTC; `links` are http(s) only."""

    source: str
    name: str
    fingerprint: str
    is_firing: bool
    severity: Severity
    service: str
    environment: str
    text: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    group_key: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    url: str = ""


def fingerprint(source: str, labels: Mapping[str, str]) -> str:
    """16 hexadecimal characters over the sorted labels: the same labels are the same alert, whatever their order."""
    hashed = hashlib.blake2b(source.encode(), digest_size=8)
    for key in sorted(labels):
        hashed.update(b"\x00" + key.encode("utf-8", "replace") + b"\x01" + labels[key].encode("utf-8", "replace"))
    return hashed.hexdigest()

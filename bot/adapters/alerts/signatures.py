"""Signed bodies: who signs them how, and whether what arrived was signed with a secret that is known here. Pure.

Compared in constant time against every secret, so that one can be rotated without losing an alert.
"""

import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType

from bot.adapters.alerts.admission import Verdict

PAGERDUTY_HEADER = "X-PagerDuty-Signature"
GRAFANA_HEADER = "X-Grafana-Alerting-Signature"
GRAFANA_TIME_HEADER = "X-Grafana-Alerting-Timestamp"
TOLERANCE_SECONDS = 300.0
"""How far a signed time may lie from ours; an older one may be a replay."""

_HEX = re.compile(r"[0-9a-f]{64}")
_SECONDS = re.compile(r"\d{1,12}")

Check = Callable[[Mapping[str, str], bytes, Sequence[str], datetime], Verdict]


def pagerduty(headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], _: datetime) -> Verdict:
    """`v1=` and HMAC-SHA256 of the body, several separated by commas while a secret is rotated.

    https://developer.pagerduty.com/docs/verifying-webhook-signatures. No time is signed: replays are found by their id.
    """
    given = headers.get(PAGERDUTY_HEADER, "")
    if not given.strip():
        return Verdict.MISSING
    signed = [part.strip().removeprefix("v1=") for part in given.split(",") if part.strip().startswith("v1=")]
    return _verdict(signed, raw, secrets)


def grafana(headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], now: datetime) -> Verdict:
    """HMAC-SHA256 of the body, or of time, colon and body where the contact point has a timestamp header."""
    given, said = headers.get(GRAFANA_HEADER, "").strip(), headers.get(GRAFANA_TIME_HEADER, "").strip()
    if not given:
        return Verdict.MISSING
    if not said:
        return _verdict([given], raw, secrets)
    if not _SECONDS.fullmatch(said) or abs(now.timestamp() - int(said)) > TOLERANCE_SECONDS:
        return Verdict.WRONG
    return _verdict([given], said.encode() + b":" + raw, secrets)


def _verdict(given: Sequence[str], signed: bytes, secrets: Sequence[str]) -> Verdict:
    expected = [hmac.new(secret.encode(), signed, sha256).hexdigest() for secret in secrets]
    usable = [each for each in given if _HEX.fullmatch(each)]
    fits = [hmac.compare_digest(one, other) for one in usable for other in expected]
    return Verdict.ADMITTED if any(fits) else Verdict.WRONG


CHECKS: Mapping[str, Check] = MappingProxyType({"pagerduty": pagerduty, "grafana": grafana})
"""Sources that sign, by name. Where a secret is set for one, its token is not asked for any more."""

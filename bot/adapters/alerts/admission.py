"""Who may post: a shared token as `Authorization: Bearer` or `X-Api-Key`; where no token is needed. Pure.

Several tokens are accepted at once, so that a token can be rotated without losing an alert.
"""

import hmac
import ipaddress
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from hashlib import sha256

from bot.core import errors


class Verdict(Enum):
    ADMITTED = auto()
    MISSING = auto()  # no token at all
    WRONG = auto()


def judge(headers: Mapping[str, str], tokens: Sequence[str]) -> Verdict:
    """Compared in constant time, over digests of one length, against every token."""
    if not tokens:
        return Verdict.ADMITTED
    given = _given(headers)
    if not given:
        return Verdict.MISSING
    digest = sha256(given.encode("utf-8", "surrogateescape")).digest()
    matches = [hmac.compare_digest(digest, sha256(token.encode()).digest()) for token in tokens]
    return Verdict.ADMITTED if any(matches) else Verdict.WRONG


def check(host: str, tokens: Sequence[str]) -> None:
    """Raise Invalid for a blank token, and for an address beyond this machine that anyone could post to."""
    if any(not token.strip() for token in tokens):
        raise errors.Invalid("a webhook token is blank", place="PAGETURNER_WEBHOOK_TOKEN")
    if not tokens and not _is_loopback(host):
        raise errors.Invalid(
            f"{host or 'every address'} can be reached from other machines, but no webhook token is set",
            place="PAGETURNER_LISTEN",
            remedy="set PAGETURNER_WEBHOOK_TOKEN, or listen on 127.0.0.1",
        )


def _given(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get("X-Api-Key", "").strip()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name: who knows where it leads
        return False

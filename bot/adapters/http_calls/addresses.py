"""Which hosts a runbook may call and which addresses a name may turn out to have. Pure: it looks nothing up.

Default deny: a host that the operator did not name is refused. A name says what is meant, DNS says what is reached, so
the address is judged too, by class: metadata services and link-local, multicast and reserved addresses are reached by
no name at all, loopback only by `localhost`; only an address that is itself on the list is taken as it is.
Classes follow the IANA special-purpose registries (RFC 6890), which `ipaddress` holds.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


class Reach(StrEnum):
    """What kind of place an address is; a change of it between preview and run refuses the run."""

    PUBLIC = "public"
    PRIVATE = "private"
    LOOPBACK = "loopback"
    FORBIDDEN = "forbidden"


_METADATA = frozenset(
    ipaddress.ip_address(text) for text in ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192")
)
"""Credentials of the machine: AWS, Google and Azure; AWS over IPv6; Alibaba; Oracle."""

_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SITE_LOCAL = ipaddress.ip_network("fec0::/10")

_LOOKS_NUMERIC = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+))*\.?", re.IGNORECASE)
"""What inet_aton would read as an address: 2130706433, 0x7f.1, 0177.0.0.1."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One host of the allow-list; port None means any."""

    host: str
    port: int | None

    def covers(self, host: str, port: int) -> bool:
        return self.host == host and self.port in (None, port)


def entries(allow: Sequence[str]) -> tuple[Entry, ...]:
    """`host`, `host:port`, `10.0.0.1`, `[::1]:8080` or `::1`."""
    return tuple(_entry(text.strip()) for text in allow if text.strip())


def _entry(text: str) -> Entry:
    bracketed = re.fullmatch(r"\[([^\]]+)\](?::(\d+))?", text)
    if bracketed:
        return Entry(plain(bracketed[1]), int(bracketed[2]) if bracketed[2] else None)
    host, _, port = text.rpartition(":")
    if host and ":" not in host and port.isdigit():
        return Entry(plain(host), int(port))
    return Entry(plain(text), None)


def plain(host: str) -> str:
    """One spelling for each host: lower case, no final dot, addresses in their shortest form."""
    lowered = host.strip("[]").lower().rstrip(".")
    try:
        return str(ipaddress.ip_address(lowered))
    except ValueError:
        return lowered


def literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(plain(host))
    except ValueError:
        return None


def problem_of_host(host: str, port: int, allowed: Sequence[Entry]) -> str:
    """Why this host may not be called, with the remedy; empty when it may."""
    if literal(host) is None and _LOOKS_NUMERIC.fullmatch(host):
        return f"{host} is an address in disguise. Write it as four decimal numbers, and have it allowed."
    if not any(entry.covers(plain(host), port) for entry in allowed):
        return f"{host}:{port} is not on the list of hosts that runbooks may call. Ask the operator to allow it."
    return ""


def problem_of_address(host: str, address: Address) -> str:
    """Why an allowed host may not be reached at this address; empty when it may."""
    if literal(host) is not None:
        return "" if literal(host) == address else f"{host} is not {address}."
    reach = classify(address)
    if reach is Reach.FORBIDDEN:
        return f"{host} resolves to {address}, which no name may reach. Look at its DNS record."
    if reach is Reach.LOOPBACK and plain(host) != "localhost" and not plain(host).endswith(".localhost"):
        return f"{host} resolves to {address}, the bot's own machine. Write localhost if that is meant."
    return ""


def classify(address: Address) -> Reach:
    inner = _embedded(address)
    if inner is not None:
        return classify(inner)
    if address in _METADATA or address.is_link_local or address.is_multicast or address.is_unspecified:
        return Reach.FORBIDDEN
    if address.is_loopback:
        return Reach.LOOPBACK
    if address.version == 4 and address in _THIS_NETWORK:
        return Reach.FORBIDDEN
    if address.version == 6 and address in _SITE_LOCAL:
        return Reach.FORBIDDEN
    if address.is_reserved:
        return Reach.FORBIDDEN
    return Reach.PUBLIC if address.is_global else Reach.PRIVATE


def _embedded(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address inside an IPv6 one: mapped, 6to4, Teredo's client, NAT64 or the old compatible form."""
    if address.version == 4:
        return None
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    low = int(address)
    is_compatible = low >> 32 == 0 and low > 1
    return ipaddress.IPv4Address(low & 0xFFFFFFFF) if address in _NAT64 or is_compatible else None

"""Which hosts and addresses a runbook may reach: a table, because each line was somebody's hole once."""

import ipaddress

import pytest

from bot.adapters.http_calls import addresses
from bot.adapters.http_calls.addresses import Reach

ALLOWED = addresses.entries(("flags.internal", "api.example.com:8443", "127.0.0.1:9000", "[::1]:9000", "10.1.2.3"))


@pytest.mark.parametrize(
    ("text", "reach"),
    [
        ("93.184.216.34", Reach.PUBLIC),
        ("2606:2800:220:1::1", Reach.PUBLIC),
        ("10.0.0.1", Reach.PRIVATE),
        ("172.16.5.4", Reach.PRIVATE),
        ("192.168.1.1", Reach.PRIVATE),
        ("100.64.0.1", Reach.PRIVATE),
        ("fd12:3456::1", Reach.PRIVATE),
        ("127.0.0.1", Reach.LOOPBACK),
        ("127.8.8.8", Reach.LOOPBACK),
        ("::1", Reach.LOOPBACK),
        ("::ffff:127.0.0.1", Reach.LOOPBACK),
        ("::ffff:10.0.0.1", Reach.PRIVATE),
        ("::ffff:169.254.169.254", Reach.FORBIDDEN),
        ("64:ff9b::a9fe:a9fe", Reach.FORBIDDEN),
        ("2002:a9fe:a9fe::1", Reach.FORBIDDEN),
        ("::a9fe:a9fe", Reach.FORBIDDEN),
        ("169.254.169.254", Reach.FORBIDDEN),
        ("169.254.1.1", Reach.FORBIDDEN),
        ("fe80::1", Reach.FORBIDDEN),
        ("fec0::1", Reach.FORBIDDEN),
        ("fd00:ec2::254", Reach.FORBIDDEN),
        ("100.100.100.200", Reach.FORBIDDEN),
        ("0.0.0.0", Reach.FORBIDDEN),  # noqa: S104 an address to refuse
        ("0.1.2.3", Reach.FORBIDDEN),
        ("::", Reach.FORBIDDEN),
        ("224.0.0.1", Reach.FORBIDDEN),
        ("ff02::1", Reach.FORBIDDEN),
        ("240.0.0.1", Reach.FORBIDDEN),
        ("255.255.255.255", Reach.FORBIDDEN),
    ],
)
def test_F75_every_address_has_its_class(text: str, reach: Reach) -> None:
    assert addresses.classify(ipaddress.ip_address(text)) is reach


@pytest.mark.parametrize(
    ("host", "port", "is_allowed"),
    [
        ("flags.internal", 80, True),
        ("FLAGS.internal.", 1234, True),
        ("api.example.com", 8443, True),
        ("api.example.com", 443, False),
        ("evil-api.example.com", 8443, False),
        ("flags.internal.evil.com", 80, False),
        ("127.0.0.1", 9000, True),
        ("127.0.0.1", 9001, False),
        ("::1", 9000, True),
        ("0:0:0:0:0:0:0:1", 9000, True),
        ("10.1.2.3", 80, True),
        ("2130706433", 9000, False),
        ("0x7f000001", 9000, False),
        ("017700000001", 9000, False),
        ("127.1", 9000, False),
        ("0x7f.1", 9000, False),
        ("169.254.169.254", 80, False),
        ("localhost", 9000, False),
    ],
)
def test_F75_only_named_hosts_are_called(host: str, port: int, *, is_allowed: bool) -> None:
    assert (addresses.problem_of_host(host, port, ALLOWED) == "") is is_allowed


@pytest.mark.parametrize(
    ("host", "address", "is_allowed"),
    [
        ("flags.internal", "10.0.0.1", True),
        ("flags.internal", "93.184.216.34", True),
        ("flags.internal", "127.0.0.1", False),
        ("flags.internal", "169.254.169.254", False),
        ("flags.internal", "::ffff:169.254.169.254", False),
        ("flags.internal", "fe80::1", False),
        ("localhost", "127.0.0.1", True),
        ("app.localhost", "::1", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.2", False),
        ("10.1.2.3", "10.1.2.3", True),
    ],
)
def test_F75_a_name_reaches_only_what_its_kind_may(host: str, address: str, *, is_allowed: bool) -> None:
    assert (addresses.problem_of_address(host, ipaddress.ip_address(address)) == "") is is_allowed

"""The bill of materials is made of the lock, and a lock that leaves something out is found."""

import re

from tests import audit

GOOD = "aiohttp==3.14.0 \\\n    --hash=sha256:" + "a" * 64 + " \\\n    --hash=sha256:" + "b" * 64 + "\n    # via x\n"


def test_the_lock_itself_is_complete_and_every_dependency_stands_in_the_bill() -> None:
    lock = audit.LOCK.read_text("utf-8")
    assert audit.findings(lock) == []
    made = audit.bill(lock)["components"]
    assert isinstance(made, list)
    names = {each["name"] for each in made}
    assert {"aiohttp", "slack-bolt", "cedarpy", "kubernetes"} <= names
    assert len(names) == len(re.findall(r"^[A-Za-z0-9].*==", lock, re.MULTILINE))
    assert all(each["hashes"] for each in made)


def test_what_has_no_hash_or_names_a_host_is_a_finding() -> None:
    assert audit.findings(GOOD) == []
    assert audit.components(GOOD) == [audit.Component("aiohttp", "3.14.0", ("a" * 64, "b" * 64))]
    assert audit.findings("aiohttp==3.14.0\n") == ["aiohttp 3.14.0 has no hash"]
    assert audit.findings("--index-url https://mirror.example/simple\n" + GOOD) == ["line 1 names a host"]
    assert audit.findings("") == ["nothing is locked"]

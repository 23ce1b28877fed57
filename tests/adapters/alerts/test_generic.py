"""The simple JSON that anything can send."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.adapters.alerts import documents, generic
from bot.core import errors
from bot.core.alerts import Alert, Severity
from tests.adapters.alerts import payloads


def parse(payload: object) -> tuple[Alert, ...]:
    return generic.parse(documents.read(payloads.body(payload))).alerts


def test_a_title_is_enough() -> None:
    (found,) = parse({"title": "Disk full"})

    assert (found.name, found.is_firing, found.severity) == ("Disk full", True, Severity.UNKNOWN)


def test_every_documented_key_is_read() -> None:
    (found,) = parse(
        {
            "title": "Queue lag",
            "text": "orders is 40 min behind",
            "severity": "p1",
            "service": "orders",
            "environment": "production",
            "status": "resolved",
            "labels": {"queue": "orders"},
            "annotations": {"owner": "payments"},
            "id": "lag-orders",
            "group": "queues",
            "url": "https://grafana.example.com/d/1",
            "starts_at": "2026-03-14T02:57:26+01:00",
            "ends_at": "2026-03-14T03:00:00Z",
        }
    )

    assert (found.source, found.name, found.text) == ("generic", "Queue lag", "orders is 40 min behind")
    assert (found.severity, found.service, found.environment) == (Severity.CRITICAL, "orders", "production")
    assert not found.is_firing
    assert (found.labels, found.annotations) == ({"queue": "orders"}, {"owner": "payments"})
    assert (found.group_key, found.url) == ("queues", "https://grafana.example.com/d/1")
    assert found.starts_at == datetime(2026, 3, 14, 1, 57, 26, tzinfo=UTC)
    assert found.ends_at == datetime(2026, 3, 14, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["text", "description", "message"])
@pytest.mark.parametrize("title", ["title", "name"])
def test_the_common_spellings_mean_the_same(title: str, text: str) -> None:
    (found,) = parse({title: "Disk full", text: "97 %"})

    assert (found.name, found.text) == ("Disk full", "97 %")


def test_several_alerts_come_in_one_call() -> None:
    found = parse({"alerts": [{"title": "A"}, {"title": "B"}]})

    assert [each.name for each in found] == ["A", "B"]


def test_a_resolution_finds_its_firing_by_id_whatever_else_changed() -> None:
    firing, resolved = parse(
        {"alerts": [{"title": "Lag", "id": "7"}, {"title": "Lag is over", "fingerprint": "7", "status": "resolved"}]}
    )

    assert firing.fingerprint == resolved.fingerprint


def test_a_resolution_without_an_id_finds_its_firing_by_what_it_is_about() -> None:
    about: dict[str, Any] = {"title": "Lag", "service": "orders", "labels": {"queue": "a"}}
    firing, resolved, other, elsewhere = parse(
        {
            "alerts": [
                about | {"text": "40 min"},
                about | {"status": "resolved", "severity": "info"},
                about | {"labels": {"queue": "b"}},
                about | {"environment": "staging"},
            ]
        }
    )

    assert firing.fingerprint == resolved.fingerprint
    assert len({firing.fingerprint, other.fingerprint, elsewhere.fingerprint}) == 3


def test_labels_fill_what_was_not_said() -> None:
    (found,) = parse({"title": "x", "labels": {"app": "web", "env": "staging", "severity": "warning"}})

    assert (found.service, found.environment, found.severity) == ("web", "staging", Severity.WARNING)


@pytest.mark.parametrize(
    ("payload", "place"),
    [
        ({}, "title"),
        ({"title": ""}, "title"),
        ({"title": "   "}, "title"),
        ({"title": 5}, "title"),
        ({"title": "x", "labels": {"a": 1}}, "labels.a"),
        ({"title": "x", "status": "broken"}, "status"),
        ({"title": "x", "starts_at": "soon"}, "starts_at"),
        ({"alerts": [{"title": "x"}, {"text": "y"}]}, "alerts[1].title"),
        ({"alerts": "x"}, "alerts"),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(payload: object, place: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        parse(payload)

    assert caught.value.place == place

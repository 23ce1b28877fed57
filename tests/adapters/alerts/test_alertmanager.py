"""What Alertmanager sends becomes our Alert, whole, bounded and inert."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.adapters.alerts import alertmanager, documents, texts
from bot.adapters.alerts.alertmanager import Parsed
from bot.core import alerts, errors
from bot.core.alerts import Alert, Severity
from tests.adapters.alerts import payloads


def parse(payload: object) -> Parsed:
    return alertmanager.parse(documents.read(payloads.body(payload)))


def parse_one(**changes: Any) -> Alert:
    """The alert after these keys of it were replaced; None takes one away."""
    changed = {key: value for key, value in (payloads.alert() | changes).items() if value is not None}
    (found,) = parse(payloads.group(payloads.alert()) | {"alerts": [changed]}).alerts
    return found


def test_a_firing_alert_is_read_whole() -> None:
    sent = payloads.alert()

    (found,) = parse(payloads.group(sent)).alerts

    assert found == Alert(
        source="alertmanager",
        name="RedisConnectionTimeout",
        fingerprint=alerts.fingerprint("alertmanager", sent["labels"]),
        is_firing=True,
        severity=Severity.CRITICAL,
        service="api-gateway",
        environment="production",
        text="Redis connection timeout on api-gateway\n42 timeouts in 5m.\nFirst seen on api-gateway-7d9f.",
        starts_at=datetime(2026, 3, 14, 2, 57, 26, 535897, tzinfo=UTC),
        ends_at=None,
        group_key='{}/{severity="critical"}:{alertname="RedisConnectionTimeout"}',
        labels=sent["labels"],
        annotations=sent["annotations"],
        url="http://prometheus.example.com:9090/graph?g0.expr=redis_up+%3D%3D+0&g0.tab=1",
    )


def test_a_resolution_has_the_fingerprint_of_its_firing_and_an_end() -> None:
    firing, resolved = parse(payloads.group(payloads.alert(), payloads.alert(status="resolved"))).alerts

    assert (firing.is_firing, resolved.is_firing) == (True, False)
    assert firing.fingerprint == resolved.fingerprint
    assert resolved.ends_at == datetime(2026, 3, 14, 3, 4, 26, 535897, tzinfo=UTC)


def test_alerts_of_a_group_keep_their_order_and_share_its_key() -> None:
    sent = [payloads.alert(pod=f"api-{number}") for number in range(30)]

    found = parse(payloads.group(*sent)).alerts

    assert [each.labels["pod"] for each in found] == [f"api-{number}" for number in range(30)]
    assert len({each.fingerprint for each in found}) == 30
    assert len({each.group_key for each in found}) == 1


def test_truncated_alerts_are_counted() -> None:
    assert parse(payloads.group(payloads.alert(), truncatedAlerts=7)).truncated == 7


def test_keys_that_newer_versions_add_are_tolerated() -> None:
    sent = payloads.alert() | {"annotationsTemplate": {"deep": [1, 2]}}

    assert len(parse(payloads.group(sent, notificationReason="repeat")).alerts) == 1


@pytest.mark.parametrize("at", [payloads.ZERO_TIME, "0001-01-01T00:00:00+02:00", "9999-12-31T23:59:59-05:00", None])
def test_the_zero_time_is_no_time(at: str | None) -> None:
    assert parse_one(startsAt=at, endsAt=at).starts_at is None


def test_times_are_in_utc() -> None:
    found = parse_one(startsAt="2026-03-14T04:57:26+02:00").starts_at

    assert found == datetime(2026, 3, 14, 2, 57, 26, tzinfo=UTC)
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("labels", "service", "environment"),
    [
        ({"service": "a", "app": "b", "job": "c", "environment": "e", "env": "f"}, "a", "e"),
        ({"app": "b", "job": "c", "env": "f"}, "b", "f"),
        ({"job": "c", "stage": "s"}, "c", "s"),
        ({"service": " ", "deployment": "d"}, "d", ""),
        ({}, "", ""),
    ],
)
def test_service_and_environment_come_from_the_usual_labels(
    labels: dict[str, str], service: str, environment: str
) -> None:
    found = parse_one(labels=labels)

    assert (found.service, found.environment) == (service, environment)


@pytest.mark.parametrize(
    ("labels", "severity"),
    [
        ({"severity": "page"}, Severity.CRITICAL),
        ({"priority": "P2"}, Severity.HIGH),
        ({"severity": "purple"}, Severity.UNKNOWN),
        ({}, Severity.UNKNOWN),
    ],
)
def test_severity_comes_from_its_labels_and_is_never_guessed(labels: dict[str, str], severity: Severity) -> None:
    assert parse_one(labels=labels).severity is severity


def test_an_alert_without_a_name_gets_its_summary_as_one() -> None:
    assert parse_one(labels={}).name == "Redis connection timeout on api-gateway"
    assert parse_one(labels={}, annotations=None).name == "Unnamed alert"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "file:///etc/passwd", "http://", "//x", "http://a b", "http://[::1", "data:x", ""]
)
def test_only_web_addresses_become_links(url: str) -> None:
    found = parse(payloads.group(payloads.alert() | {"generatorURL": url}, externalURL="ftp://x"))

    assert found.alerts[0].url == ""


def test_an_alert_without_a_graph_links_to_alertmanager() -> None:
    assert parse_one(generatorURL="").url == "http://alertmanager.example.com:9093"


def test_F77_control_characters_and_direction_overrides_do_not_survive() -> None:
    found = parse_one(
        labels={"alertname": "Re\u202edis\x1b[31m\x07", "pod": "a\u200bb\r"},
        annotations={
            "summary": "line\x01one",
            "description": "tab\tand\nline \U0001f525\u3164\u200d",
        },
    )

    assert found.name == "Redis"
    assert found.labels["pod"] == "ab"
    assert found.text == "lineone\ntab\tand\nline \U0001f525"


def test_strings_are_bounded_and_say_so() -> None:
    many = {f"label{number:03}": "v" * 5_000 for number in range(100)}
    found = parse_one(labels=many, annotations={"description": "d" * 50_000})

    assert len(found.labels) == texts.LABELS
    assert {len(value) for value in found.labels.values()} == {texts.LABEL_LENGTH}
    assert len(found.annotations["description"]) == texts.ANNOTATION_LENGTH
    assert len(found.text) == texts.TEXT_LENGTH
    assert found.text.endswith("…")


def test_the_fingerprint_is_that_of_all_labels_not_of_what_was_kept() -> None:
    first = parse_one(labels={"a": "v" * 2_000 + "1"})
    second = parse_one(labels={"a": "v" * 2_000 + "2"})

    assert first.labels == second.labels
    assert first.fingerprint != second.fingerprint


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"labels": {"alertname": 5}}, "alerts[0].labels.alertname"),
        ({"labels": None}, "alerts[0].labels"),
        ({"labels": ["alertname"]}, "alerts[0].labels"),
        ({"status": "pending"}, "alerts[0].status"),
        ({"status": None}, "alerts[0].status"),
        ({"annotations": {"summary": True}}, "alerts[0].annotations.summary"),
        ({"startsAt": 1700000000}, "alerts[0].startsAt"),
        ({"startsAt": "yesterday"}, "alerts[0].startsAt"),
        ({"startsAt": "2026-03-14T02:57:26"}, "alerts[0].startsAt"),
        ({"generatorURL": {}}, "alerts[0].generatorURL"),
    ],
)
def test_a_wrong_type_is_named_by_its_place(changes: dict[str, Any], place: str) -> None:
    sent = {key: value for key, value in (payloads.alert() | changes).items() if value is not None}

    with pytest.raises(errors.Invalid) as caught:
        parse(payloads.group(payloads.alert()) | {"alerts": [sent]})

    assert caught.value.place == place


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"version": "3"}, "version"),
        ({"alerts": {}}, "alerts"),
        ({"alerts": None}, "alerts"),
        ({"groupKey": 4}, "groupKey"),
        ({"truncatedAlerts": "0"}, "truncatedAlerts"),
        ({"truncatedAlerts": -1}, "truncatedAlerts"),
    ],
)
def test_another_payload_is_refused_by_its_place(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        parse(payloads.group(payloads.alert(), **changes))

    assert caught.value.place == place


def test_the_refusal_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(errors.Invalid) as caught:
        parse(payloads.group(payloads.alert(), version="hunter2"))

    assert "hunter2" not in str(caught.value)

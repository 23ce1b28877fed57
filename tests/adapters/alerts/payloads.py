"""Bodies as Alertmanager 0.27 and later send them, written by hand from its documentation."""

import json
from typing import Any

ZERO_TIME = "0001-01-01T00:00:00Z"


def alert(name: str = "RedisConnectionTimeout", *, status: str = "firing", **labels: str) -> dict[str, Any]:
    return {
        "status": status,
        "labels": {
            "alertname": name,
            "service": "api-gateway",
            "environment": "production",
            "severity": "critical",
            "namespace": "production",
            "instance": "10.0.3.17:9121",
            **labels,
        },
        "annotations": {
            "summary": "Redis connection timeout on api-gateway",
            "description": "42 timeouts in 5m.\nFirst seen on api-gateway-7d9f.",
            "runbook_url": "https://runbooks.example.com/redis",
        },
        "startsAt": "2026-03-14T02:57:26.535897932Z",
        "endsAt": "2026-03-14T03:04:26.535897932Z" if status == "resolved" else ZERO_TIME,
        "generatorURL": "http://prometheus.example.com:9090/graph?g0.expr=redis_up+%3D%3D+0\u0026g0.tab=1",
        "fingerprint": "c6eadffa33fcdf37",
    }


def group(*alerts: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "receiver": "pageturner",
        "status": "firing" if any(each["status"] == "firing" for each in alerts) else "resolved",
        "alerts": list(alerts),
        "groupLabels": {"alertname": "RedisConnectionTimeout"},
        "commonLabels": {"alertname": "RedisConnectionTimeout", "severity": "critical"},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example.com:9093",
        "version": "4",
        "groupKey": '{}/{severity="critical"}:{alertname="RedisConnectionTimeout"}',
        "truncatedAlerts": 0,
        **changes,
    }


def body(payload: object) -> bytes:
    return json.dumps(payload).encode()

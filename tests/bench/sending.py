"""Alerts over keep-alive connections, written as raw bytes: the sender must cost less than what is measured."""

import asyncio
import itertools
import json
import time
from collections.abc import Sequence
from typing import Any

_numbers = itertools.count(1)

STARTED = "2024-05-01T10:00:00.000Z"


def new_alerts(count: int, *, name: str = "") -> list[dict[str, Any]]:
    """Distinct alerts as Prometheus makes them; each names a mark by which its message is known again.

    `name`: an alertname that a runbook asks for; the mark then stands in the labels and the summary only.
    """
    alerts = []
    for number in itertools.islice(_numbers, count):
        mark = f"Bench{number:07d}"
        labels = {
            "alertname": name or mark, "severity": "warning", "service": f"svc-{number % 97}",
            "namespace": "production", "environment": "production",
            "instance": f"10.0.{number % 251}.{number % 241}:9100", "mark": mark,
            "pod": f"web-{number}", "job": "node",
        }  # fmt: skip
        notes = {
            "summary": f"{mark}: requests take 2.3 s at the 99th percentile",
            "description": "The last five minutes were slower than the objective of 500 ms. Customers notice.",
        }
        alerts.append({"labels": labels, "annotations": notes, "startsAt": STARTED})
    return alerts


def mark_of(alert: dict[str, Any]) -> bytes:
    return str(alert["labels"]["mark"]).encode()


def webhook(alerts: Sequence[dict[str, Any]]) -> bytes:
    """Alertmanager's webhook payload, version 4."""
    sent = [alert | {"status": "firing", "endsAt": "0001-01-01T00:00:00Z"} for alert in alerts]
    payload = {
        "version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": "firing", "receiver": "pageturner",
        "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://alerts.example",
        "alerts": sent,
    }  # fmt: skip
    return json.dumps(payload).encode()


def api(alerts: Sequence[dict[str, Any]]) -> bytes:
    """What Prometheus sends to Alertmanager."""
    return json.dumps(list(alerts)).encode()


class Line:
    """One keep-alive connection, one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes) -> None:
        self._reader, self._writer, self._head = reader, writer, head

    @classmethod
    async def open(cls, port: int, path: str) -> "Line":
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        return cls(reader, writer, head.encode())

    async def send(self, body: bytes) -> tuple[float, float]:
        """When it was written and when it was answered 2xx."""
        sent = time.perf_counter()
        self._writer.write(self._head + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        head = await self._reader.readuntil(b"\r\n\r\n")
        if b" 20" not in head[:13]:
            raise RuntimeError(f"refused: {head[:80]!r}")
        answered = time.perf_counter()
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                await self._reader.readexactly(int(line[15:]))
        return sent, answered

    def close(self) -> None:
        self._writer.close()

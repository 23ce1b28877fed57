"""What watches the simulated cluster: it fires an alert while a fault is there, and resolves it once the fault is gone.

It speaks Alertmanager's webhook (version 4) to whatever URL it is given, and repeats what was not accepted.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import aiohttp

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
NEVER = "0001-01-01T00:00:00Z"
"""How Alertmanager writes "has not ended"."""


@dataclass(frozen=True, slots=True)
class Watch:
    """One alert. `is_wrong` looks at the world; `told` is the last state that the receiver accepted."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    is_wrong: Callable[[], bool]
    since: float
    was_wrong: bool = True
    told: str = ""

    @property
    def wanted(self) -> str:
        return "firing" if self.was_wrong else "resolved"


class Monitoring:
    """`receiver` is the webhook's URL, known only once its owner listens; `clock` gives seconds since the epoch."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._watches: dict[str, Watch] = {}
        self._wake = asyncio.Event()
        self.receiver = ""
        self.token = ""

    def watch(
        self, name: str, labels: Mapping[str, str], annotations: Mapping[str, str], is_wrong: Callable[[], bool]
    ) -> None:
        """Fire now, whether it fired before or not."""
        self._watches[name] = Watch(labels, annotations, is_wrong, self._clock())
        self._wake.set()

    def state(self, name: str) -> str:
        """`ready` before it ever fired, `running` while it fires, `cured` once it has resolved."""
        watch = self._watches.get(name)
        if watch is None:
            return "ready"
        return "running" if watch.was_wrong else "cured"

    def alerts(self) -> list[dict[str, object]]:
        return [
            {"name": watch.labels.get("alertname", name), "state": watch.wanted, "since": watch.since}
            for name, watch in self._watches.items()
        ]

    async def run(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            while True:
                for name in list(self._watches):
                    await self._look(session, name)
                self._wake.clear()
                try:
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._wake.wait()
                except TimeoutError:
                    continue

    async def _look(self, session: aiohttp.ClientSession, name: str) -> None:
        watch = self._watches[name]
        is_wrong = watch.is_wrong()
        if is_wrong != watch.was_wrong:
            since = self._clock() if is_wrong else watch.since
            watch = replace(watch, was_wrong=is_wrong, since=since)
            self._watches[name] = watch
        if watch.told != watch.wanted and await self._tell(session, watch):
            self._watches[name] = replace(watch, told=watch.wanted)

    async def _tell(self, session: aiohttp.ClientSession, watch: Watch) -> bool:
        if not self.receiver:
            return False
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        body = json.dumps(payload(watch, now=self._clock()))
        try:
            async with session.post(self.receiver, data=body, headers=headers) as answer:
                accepted = 200 <= answer.status < 300
                if not accepted:
                    log.warning("the receiver answered %d: %s", answer.status, (await answer.text())[:300])
                return accepted
        except (aiohttp.ClientError, TimeoutError) as problem:
            log.warning("the receiver cannot be reached: %s", type(problem).__name__)
            return False


def payload(watch: Watch, *, now: float) -> dict[str, object]:
    """The documented body of Alertmanager's webhook_config, version 4, for a group of one."""
    name = watch.labels.get("alertname", "")
    ended = NEVER if watch.was_wrong else _time(now)
    alert = {
        "status": watch.wanted,
        "labels": dict(watch.labels),
        "annotations": dict(watch.annotations),
        "startsAt": _time(watch.since),
        "endsAt": ended,
        "generatorURL": "http://prometheus.example/graph",
        "fingerprint": hashlib.blake2b(repr(sorted(watch.labels.items())).encode(), digest_size=8).hexdigest(),
    }
    return {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="{name}"}}',
        "truncatedAlerts": 0,
        "status": watch.wanted,
        "receiver": "pageturner",
        "groupLabels": {"alertname": name},
        "commonLabels": dict(watch.labels),
        "commonAnnotations": dict(watch.annotations),
        "externalURL": "http://alertmanager.example",
        "alerts": [alert],
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

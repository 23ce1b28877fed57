"""A real Prometheus Alertmanager delivers to the webhook: its own bytes, its own retry after a 503."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from bot.adapters.alerts.server import Listening, Webhooks
from bot.adapters.system_clock import SystemClock
from bot.core import alerts, errors
from bot.core.alerts import Severity
from bot.ports import Delivery

PROGRAM = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
LABELS = {"alertname": "RedisDown", "service": "api-gateway", "env": "production", "severity": "critical"}

CONFIG = """
route: {{receiver: bot, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}
receivers:
  - name: bot
    webhook_configs:
      - url: {url}
        http_config: {{authorization: {{credentials: the-token}}}}
"""

pytestmark = [
    pytest.mark.alertmanager,
    pytest.mark.skipif(PROGRAM is None, reason="no Alertmanager is installed here"),
]


class Desk:
    """Takes deliveries; the first ones are answered as by a store that cannot be written."""

    def __init__(self) -> None:
        self.taken: list[Delivery] = []
        self.refusals = 0
        self._changed = asyncio.Condition()

    async def receive(self, deliveries: list[Delivery]) -> int:
        async with self._changed:
            if self.refusals > 0:
                self.refusals -= 1
                raise errors.Transient("the store cannot be written")
            self.taken += deliveries
            self._changed.notify_all()
        return len(deliveries)

    async def until(self, is_enough: Callable[[list[Delivery]], bool]) -> list[Delivery]:
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(lambda: is_enough(self.taken))
            return self.taken


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def api(desk: Desk, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a running Alertmanager's API, which notifies our webhook."""
    webhooks = Webhooks(desk.receive, SystemClock(), tokens=("the-token",), checks=dict, registry=CollectorRegistry())
    served = await Listening.start(webhooks, "127.0.0.1", 0)
    config = tmp_path / "alertmanager.yml"
    config.write_text(CONFIG.format(url=f"http://127.0.0.1:{served.port}/webhook/alertmanager"))
    address = f"127.0.0.1:{_free_port()}"
    running = await asyncio.create_subprocess_exec(
        str(PROGRAM),
        f"--config.file={config}",
        f"--storage.path={tmp_path / 'data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
        stderr=asyncio.subprocess.PIPE,
    )
    await _listening(running)
    yield f"http://{address}/api/v2/alerts"
    running.terminate()
    await running.communicate()
    await served.stop()


async def test_its_firing_and_its_resolution_arrive_as_one_alert(api: str, desk: Desk) -> None:
    started = datetime.now(UTC).replace(microsecond=0)

    await _put(api, startsAt=started.isoformat())
    await desk.until(lambda taken: len(taken) == 1)
    await _put(api, startsAt=started.isoformat(), endsAt=datetime.now(UTC).isoformat())
    firing, resolved = [each.alert for each in await desk.until(lambda taken: len(taken) == 2)]

    assert (firing.is_firing, resolved.is_firing) == (True, False)
    assert firing.fingerprint == resolved.fingerprint == alerts.fingerprint("alertmanager", LABELS)
    assert (firing.name, firing.service, firing.environment) == ("RedisDown", "api-gateway", "production")
    assert (firing.severity, firing.text) == (Severity.CRITICAL, "Redis is down")
    assert (firing.starts_at, firing.ends_at) == (started, None)
    assert resolved.ends_at is not None and resolved.ends_at - started < timedelta(minutes=1)
    assert firing.group_key == '{}:{alertname="RedisDown"}'


async def test_F18_it_repeats_what_was_answered_with_503(api: str, desk: Desk) -> None:
    desk.refusals = 2

    await _put(api)

    assert len(await desk.until(lambda taken: len(taken) == 1)) == 1
    assert desk.refusals == 0


async def _put(api: str, **times: str) -> None:
    alert = {"labels": LABELS, "annotations": {"summary": "Redis is down"}, "generatorURL": "http://x/graph", **times}
    async with aiohttp.ClientSession() as session, session.post(api, json=[alert]) as answer:
        assert answer.status == 200, await answer.text()


async def _listening(running: asyncio.subprocess.Process) -> None:
    """Its log says when it serves."""
    assert running.stderr is not None
    async with asyncio.timeout(20):
        while b"Listening on" not in (line := await running.stderr.readline()):
            assert line, "Alertmanager ended before it listened"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

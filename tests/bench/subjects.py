"""What is measured, each as a process of its own on the same core: the bot, Alertmanager's notifier, the lower bound.

The world (sender and sink) keeps the other core, so that it does not slow what it measures.
"""

import asyncio
import contextlib
import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

from tests.bench import sending
from tests.bench.sink import GROUP, Sink

ALERTMANAGER = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
PROJECT = Path(__file__).parents[2]
READY_SECONDS = 20.0
POLL_SECONDS = 0.002

NOTIFIER = """
global: {{slack_api_url: 'http://127.0.0.1:{sink}/services/T0/B0/x'}}
route: {{receiver: slack, group_by: ['...'], group_wait: 0s, group_interval: 5m, repeat_interval: 4h}}
receivers:
  - name: slack
    slack_configs:
      - channel: '#incidents'
        title: '{{{{ .CommonLabels.alertname }}}}'
        text: '{{{{ .CommonAnnotations.summary }}}} {{{{ .CommonAnnotations.description }}}}'
"""

RUNBOOK = """
name: bench
title: A pod is slow
owner: S0SRE
match: {alert_names: [BenchPodSlow]}
parameters: {pod: {from: labels.pod, description: the slow pod}}
max_level: 2
time_limit: 5m
approvers: {medium: {groups: [S0SRE]}}
steps:
  - {name: Delete the pod, run: 'kubectl delete pod {pod} -n production', attempts: 1}
"""


@cache
def cores() -> tuple[frozenset[int], frozenset[int]]:
    """One for what is measured and one for the world, as they were at the first look; the same if there is only one."""
    found = sorted(os.sched_getaffinity(0))
    return frozenset(found[:1]), frozenset(found[1:2] or found[:1])


@dataclass(slots=True)
class Subject:
    """A running process that takes alerts on `port` at `path`, in the body that `write` makes."""

    name: str
    process: asyncio.subprocess.Process
    port: int
    path: str
    write: Callable[[Sequence[dict[str, Any]]], bytes]
    started_in: float

    async def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), 15)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()

    def memory(self, field: str) -> float:
        """VmRSS (now) or VmHWM (the most since `watch_memory`), in MiB."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text("ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) / 1024

    def watch_memory(self) -> None:
        """Let VmHWM count from now on (proc(5), clear_refs)."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5", "ascii")


async def bot(
    sink: Sink, folder: Path, *, runbook: bool = False, posts_per_second: float = 0, storm_threshold: int = 0
) -> Subject:
    """Without pacing and storms unless asked for: what is measured is the bot and not its patience."""
    runbooks = folder / "runbooks"
    runbooks.mkdir()
    text = RUNBOOK if runbook else RUNBOOK.replace("BenchPodSlow", "NothingEverFiresThis")
    (runbooks / "bench.yaml").write_text(text, "utf-8")
    port = _free_port()
    settings = {
        "SLACK_BOT_TOKEN": "xoxb-bench",
        "SLACK_APP_TOKEN": "xapp-bench",
        "SLACK_API_URL": f"http://127.0.0.1:{sink.port}/api/",
        "KUBECONFIG": str(folder / "no-such-kubeconfig"),
        "PAGETURNER_DATABASE": str(folder / "pageturner.db"),
        "PAGETURNER_RUNBOOKS": str(runbooks),
        "PAGETURNER_LISTEN": f"127.0.0.1:{port}",
        "PAGETURNER_APPROVERS": GROUP,
        "PAGETURNER_SLACK_POSTS_PER_SECOND": str(posts_per_second),
        "PAGETURNER_STORM_THRESHOLD": str(storm_threshold),
    }
    with (folder / "bot.log").open("wb") as log:
        began = time.perf_counter()
        process = await _start([sys.executable, "-m", "bot", "serve"], log, settings)
        took = await _ready(process, port, b"/readyz", began)
    return Subject("pageturner", process, port, "/webhook/alertmanager", sending.webhook, took)


async def alertmanager(sink: Sink, folder: Path) -> Subject:
    config = folder / "alertmanager.yml"
    config.write_text(NOTIFIER.format(sink=sink.port), "utf-8")
    port = _free_port()
    arguments = [
        str(ALERTMANAGER), f"--config.file={config}", f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=warn",
    ]  # fmt: skip
    with (folder / "alertmanager.log").open("wb") as log:
        began = time.perf_counter()
        process = await _start(arguments, log, {})
        took = await _ready(process, port, b"/-/ready", began)
    return Subject("Alertmanager", process, port, "/api/v2/alerts", sending.api, took)


async def bare(sink: Sink, folder: Path) -> Subject:
    port = _free_port()
    slack = f"http://127.0.0.1:{sink.port}/api/"
    with (folder / "bare.log").open("wb") as log:
        began = time.perf_counter()
        process = await _start([sys.executable, "-m", "tests.bench.bare", str(port), slack], log, {})
        took = await _ready(process, port, b"/", began)
    return Subject("bare loop", process, port, "/webhook/alertmanager", sending.webhook, took)


async def _start(command: list[str], log: IO[bytes], settings: Mapping[str, str]) -> asyncio.subprocess.Process:
    """On the first core; compiled Python may be kept, as it is where a bot is installed."""
    inherited = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    measured, world = cores()
    os.sched_setaffinity(0, measured)  # inherited by the child; a process cannot be started on another core
    try:
        return await asyncio.create_subprocess_exec(
            *command, stdout=log, stderr=log, env={**inherited, **settings}, cwd=PROJECT
        )
    finally:
        os.sched_setaffinity(0, world)


async def _ready(process: asyncio.subprocess.Process, port: int, path: bytes, began: float) -> float:
    while time.perf_counter() - began < READY_SECONDS:
        if process.returncode is not None:
            raise RuntimeError(f"it ended with {process.returncode} instead of starting")
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            if await _status(port, path) != 503:
                return time.perf_counter() - began
        await asyncio.sleep(POLL_SECONDS)
    raise RuntimeError(f"it was not ready after {READY_SECONDS:g} s")


async def _status(port: int, path: bytes) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n" % path)
        return int((await reader.readuntil(b"\r\n")).split()[1])
    finally:
        writer.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

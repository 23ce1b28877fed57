"""What a dry run costs beyond its API calls: `python -m tests.bench.bench_previews`.

Each dry run is timed whole; then the very requests that the simulated cluster saw are sent again, one after another, by
a bare client. The difference of the medians is what rendering, checking and telling add. Target: 5 ms.
"""

import asyncio
import shlex
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import aiohttp

from bot.adapters.kubernetes.client import Credentials
from bot.adapters.kubernetes.executor import Kubernetes
from bot.adapters.system_clock import SystemClock
from bot.core.commands import kubectl
from bot.sim.cluster.server import ClusterSim, RecordedRequest

SOON = timedelta(seconds=10)
ROUNDS = 60
COMMANDS = (
    "kubectl get pods -n production",
    "kubectl rollout restart deploy/checkout -n production",
    "kubectl rollout undo deploy/checkout -n production",
    "kubectl scale deploy/checkout -n production --replicas=2",
    "kubectl delete pod -n production -l app=worker",
    "kubectl set image deploy/checkout -n production checkout=checkout:1.9.2",
    "kubectl label deploy/worker -n production seen=yes",
)


async def main() -> None:
    sim = ClusterSim(life_interval_seconds=0)
    await sim.start()
    with tempfile.TemporaryDirectory() as folder:
        kubeconfig = Path(folder) / "kubeconfig"
        kubeconfig.write_text(sim.kubeconfig("admin"), "utf-8")
        executor = Kubernetes(Credentials(str(kubeconfig)), clock=SystemClock())
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {sim.token('admin')}"}) as session:
            for text in COMMANDS:
                print(await _row(text, executor, session, sim))
        await executor.close()
    await sim.stop()


async def _row(text: str, executor: Kubernetes, session: aiohttp.ClientSession, sim: ClusterSim) -> str:
    operation = kubectl.parse(shlex.split(text), text=text)
    whole, bare, calls = [], [], 0
    for _ in range(ROUNDS):  # in turns, so that both meet the same machine
        sim.requests.clear()
        before = time.perf_counter()
        shown = await executor.preview(operation, timeout=SOON)
        whole.append((time.perf_counter() - before) * 1e3)
        assert shown.problems == ()
        seen = list(sim.requests)
        calls = len(seen)
        before = time.perf_counter()
        for one in seen:
            await _again(session, sim.url, one)
        bare.append((time.perf_counter() - before) * 1e3)
    ours, theirs = statistics.median(whole), statistics.median(bare)
    return f"{ours:6.2f} ms, its {calls:2} API calls alone {theirs:6.2f} ms, more {ours - theirs:5.2f} ms   {text}"


async def _again(session: aiohttp.ClientSession, url: str, one: RecordedRequest) -> None:
    """The same request; a body that was not recorded is replaced by an empty one, which the server refuses quickly."""
    headers = {"Content-Type": "application/merge-patch+json"} if one.method == "PATCH" else {}
    body: dict[str, str] | None = {} if one.method in ("POST", "PATCH", "PUT") else None
    async with session.request(one.method, f"{url}{one.path}?{one.query}", json=body, headers=headers) as answer:
        await answer.read()


if __name__ == "__main__":
    asyncio.run(main())

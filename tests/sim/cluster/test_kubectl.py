"""The real kubectl against the simulated cluster, where one is installed: what an operator would type."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.sim.cluster import kinds
from bot.sim.cluster.server import ClusterSim

KUBECTL = shutil.which("kubectl")
pytestmark = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")


@dataclass(frozen=True, slots=True)
class Outcome:
    out: str
    err: str
    code: int


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal with a kubeconfig for each account."""

    sim: ClusterSim
    home: Path

    async def kubectl(self, *words: str, account: str = "oncall") -> Outcome:
        config = self.home / account
        config.write_text(self.sim.kubeconfig(account))
        environment = dict(os.environ) | {"KUBECONFIG": str(config), "HOME": str(self.home)}
        process = await asyncio.create_subprocess_exec(
            str(KUBECTL),
            *words,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(30):
            out, err = await process.communicate()
        return Outcome(out.decode(), err.decode(), process.returncode or 0)


@pytest.fixture
async def terminal(tmp_path: Path) -> AsyncIterator[Terminal]:
    sim = ClusterSim(life_interval_seconds=0.05, ready_after_seconds=0.2)
    await sim.start()
    yield Terminal(sim, tmp_path)
    await sim.stop()


async def test_get_prints_what_there_is(terminal: Terminal) -> None:
    found = await terminal.kubectl("get", "pods", "-l", "app=worker", "-o", "wide")
    header, *rows = found.out.splitlines()
    assert header.split()[:5] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert [row.split()[1:3] for row in rows] == [["1/1", "Running"]] * 3
    phase = await terminal.kubectl("get", "pod", "postgres-0", "-o", "jsonpath={.status.phase}")
    assert phase.out == "Running"


async def test_describe_tells_of_a_crash_loop(terminal: Terminal) -> None:
    terminal.sim.faults.plant("bad-image")
    world = terminal.sim.world
    await terminal.sim.wait_until(
        lambda: any(world.kubelet.restarts_of(p["metadata"]["uid"]) for p in world.pods_of("checkout")), timeout=10
    )
    found = await terminal.kubectl("describe", "pods", "-l", "app=checkout")
    assert "Back-off restarting failed container checkout" in found.out
    deployment = await terminal.kubectl("describe", "deployment", "checkout")
    assert "1 updated | 4 total | 3 available" in deployment.out
    assert (await terminal.kubectl("describe", "node", "node-2")).code == 0


async def test_logs_and_exec_reach_the_container(terminal: Terminal) -> None:
    logs = await terminal.kubectl("logs", "deploy/redis-primary", "--tail=1")
    assert logs.out == 'level=info msg="listening on :8080"\n'
    exec_ = ("exec", "-n", "production", "deploy/redis-primary", "--")
    assert await terminal.kubectl(*exec_, "redis-cli", "PING") == Outcome("PONG\n", "", 0)
    assert (await terminal.kubectl(*exec_, "false")).code == 1
    missing = await terminal.kubectl(*exec_, "vim")
    assert (missing.code, "executable file not found in $PATH" in missing.err) == (127, True)


async def test_scale_restart_status_history_and_undo(terminal: Terminal) -> None:
    assert (await terminal.kubectl("scale", "deploy/frontend", "--replicas=4")).code == 0
    status = await terminal.kubectl("rollout", "status", "deploy/frontend", "--timeout=20s")
    assert "successfully rolled out" in status.out
    terminal.sim.faults.plant("bad-image")
    await terminal.sim.wait_until(lambda: _has_set(terminal, "checkout:1.9.2"))  # an undo before that goes too far back
    assert (await terminal.kubectl("rollout", "undo", "deploy/checkout")).code == 0
    assert (await terminal.kubectl("rollout", "restart", "deploy/checkout")).code == 0
    status = await terminal.kubectl("rollout", "status", "deploy/checkout", "--timeout=20s")
    assert "successfully rolled out" in status.out
    assert not terminal.sim.faults.is_active("bad-image")
    history = await terminal.kubectl("rollout", "history", "deploy/checkout")
    assert [line.split()[0] for line in history.out.splitlines()[2:] if line] == ["1", "2", "4", "5", "6"]


def _has_set(terminal: Terminal, image: str) -> bool:
    sets = terminal.sim.state.items(kinds.REPLICA_SETS, "production")
    return any(one["spec"]["template"]["spec"]["containers"][0]["image"] == image for one in sets)


async def test_a_server_dry_run_changes_nothing(terminal: Terminal) -> None:
    version = terminal.sim.state.version
    scaled = await terminal.kubectl("scale", "deploy/frontend", "--replicas=9", "--dry-run=server")
    assert scaled.out == "deployment.apps/frontend scaled (server dry run)\n"
    deleted = await terminal.kubectl("delete", "pod", "postgres-0", "--dry-run=server")
    assert deleted.out == 'pod "postgres-0" deleted (server dry run)\n'
    assert terminal.sim.state.version == version
    assert terminal.sim.writes == []
    pods = await terminal.kubectl("get", "deploy/frontend", "-o", "jsonpath={.spec.replicas}")
    assert pods.out == "2"


async def test_delete_waits_until_the_pod_is_gone(terminal: Terminal) -> None:
    (before,) = [pod["metadata"]["name"] for pod in terminal.sim.world.pods_of("redis-primary")]
    deleted = await terminal.kubectl("delete", "pod", before)
    assert deleted.out == f'pod "{before}" deleted\n'
    assert (await terminal.kubectl("get", "pod", before)).err.startswith("Error from server (NotFound)")


async def test_cordon_and_drain_empty_a_node(terminal: Terminal) -> None:
    assert (await terminal.kubectl("cordon", "node-2")).out == "node/node-2 cordoned\n"
    drained = await terminal.kubectl("drain", "node-2", "--ignore-daemonsets", "--timeout=25s")
    assert (drained.code, "node/node-2 drained" in drained.out) == (0, True)
    nodes = await terminal.kubectl("get", "nodes")
    assert "Ready,SchedulingDisabled" in nodes.out
    left = await terminal.kubectl("get", "pods", "-A", "--field-selector=spec.nodeName=node-2", "-o", "name")
    assert [name.startswith("pod/kube-proxy-") for name in left.out.split()] == [True]


@pytest.mark.parametrize(
    ("account", "words", "answer"),
    [
        ("oncall", ("delete", "pods"), "yes"),
        ("oncall", ("create", "pods", "--subresource=exec"), "yes"),
        ("oncall", ("get", "secrets"), "no"),
        ("reader", ("delete", "pods"), "no"),
        ("reader", ("get", "pods", "--subresource=log"), "yes"),
    ],
)
async def test_auth_can_i_tells_the_truth(
    terminal: Terminal, account: str, words: tuple[str, ...], answer: str
) -> None:
    found = await terminal.kubectl("auth", "can-i", *words, account=account)
    assert found.out == f"{answer}\n"
    assert found.code == (0 if answer == "yes" else 1)


async def test_a_refusal_reads_as_it_does_on_a_real_cluster(terminal: Terminal) -> None:
    refused = await terminal.kubectl("get", "secrets")
    assert refused.err == (
        'Error from server (Forbidden): secrets is forbidden: User "system:serviceaccount:production:oncall" '
        'cannot list resource "secrets" in API group "" in the namespace "production"\n'
    )

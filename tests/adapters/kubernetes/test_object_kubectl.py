"""The real kubectl, where one is installed, and the executor make the same of the same object.

Left out: what kubectl sends in a form that the simulated cluster does not read (create configmap and create job send
protobuf, autoscale the v1 API).
"""

import asyncio
import json
import os
import shlex
import shutil
from pathlib import Path

import pytest
import yaml

from bot.adapters.kubernetes.object_differences import content
from bot.sim.cluster import kinds
from bot.sim.cluster.server import ClusterSim
from tests.adapters.kubernetes.conftest import Cluster, Obj
from tests.adapters.kubernetes.test_objects import MANIFESTS, run

KUBECTL = shutil.which("kubectl")
pytestmark = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")

IMAGE = {"spec": {"template": {"spec": {"containers": [{"name": "worker", "image": "worker:3"}]}}}}
SAME = (
    ("kubectl label deploy/worker seen=yes app=other --overwrite", "deployments", "worker"),
    ("kubectl label deploy/worker app-", "deployments", "worker"),
    ("kubectl annotate cm api-gateway note='it is late'", "configmaps", "api-gateway"),
    ("kubectl taint nodes node-1 broken=yes:NoSchedule other:PreferNoSchedule", "nodes", "node-1"),
    ("kubectl set image deploy/checkout checkout=checkout:1.9.2", "deployments", "checkout"),
    ("kubectl set image deploy/checkout '*=checkout:1.9.2'", "deployments", "checkout"),
    ("kubectl set env deploy/checkout MODE=slow LEVEL=debug", "deployments", "checkout"),
    ("kubectl set resources deploy/checkout --limits=memory=1Gi --requests=cpu=200m", "deployments", "checkout"),
    ("kubectl rollout pause deploy/checkout", "deployments", "checkout"),
    ("""kubectl patch deploy/worker -p '{"spec":{"minReadySeconds":3}}'""", "deployments", "worker"),
    (
        f"kubectl patch deploy/worker -p '{json.dumps(IMAGE)}'",
        "deployments",
        "worker",
    ),
    (
        """kubectl patch deploy/worker --type=json -p '[{"op":"replace","path":"/spec/replicas","value":5}]'""",
        "deployments",
        "worker",
    ),
    ("""kubectl patch cm api-gateway --type=merge -p '{"data":{"A":"1"}}'""", "configmaps", "api-gateway"),
    ("kubectl create -f manifests/two.yaml", "configmaps", "second"),
    ("kubectl apply --server-side -f manifests/limit.yaml", "configmaps", "api-gateway"),
    ("kubectl apply --server-side -f manifests/two.yaml", "configmaps", "first"),
    ("kubectl replace -f manifests/taken.yaml", "configmaps", "api-gateway"),
    ("kubectl expose deploy/worker --port=80 --target-port=8080 --name=web", "services", "web"),
    ("kubectl delete deploy worker", "deployments", "worker"),
    ("kubectl delete cm --all", "configmaps", "api-gateway"),
)


async def _type(sim: ClusterSim, text: str, home: Path) -> None:
    """What an operator would type, with the manifests beside it."""
    for name, documents in MANIFESTS.items():
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_text(yaml.safe_dump_all(documents))
    (home / "config").write_text(sim.kubeconfig("admin"))
    argv = (
        [*shlex.split(text)[1:], "--validate=false"]
        if " -f " in text and " delete " not in text
        else shlex.split(text)[1:]
    )
    process = await asyncio.create_subprocess_exec(
        str(KUBECTL),
        *argv,
        cwd=home,
        env=dict(os.environ) | {"KUBECONFIG": str(home / "config"), "HOME": str(home)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()


def _found(sim: ClusterSim, plural: str, name: str) -> Obj | None:
    resource = kinds.by_word(plural)
    assert resource is not None
    found = sim.state.find(resource, "production", name)
    if found is None:
        return None
    return content(found)


@pytest.mark.parametrize(("text", "plural", "name"), SAME)
async def test_kubectl_and_the_executor_make_the_same_of_it(
    cluster: Cluster, tmp_path: Path, text: str, plural: str, name: str
) -> None:
    other = ClusterSim(life_interval_seconds=0.05, ready_after_seconds=0.1)
    await other.start()
    try:
        await _type(other, text, tmp_path)
        await run(cluster, text)
        assert _found(cluster.sim, plural, name) == _found(other, plural, name)
    finally:
        await other.stop()

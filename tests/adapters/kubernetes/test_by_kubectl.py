"""Reads that kubectl itself answers: how it is started, and the real one against the simulated cluster."""

import shutil
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.kubernetes import by_kubectl
from bot.adapters.kubernetes.by_kubectl import Kubectl
from bot.adapters.kubernetes.client import Credentials
from bot.adapters.kubernetes.executor import Kubernetes
from bot.adapters.programs import running
from bot.adapters.system_clock import SystemClock
from bot.core.previews import Outcome, Performed
from tests.adapters.kubernetes.conftest import SOON, Cluster, operation

MANY = "kubectl get deployments,statefulsets -n production -o name"
needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")


@dataclass(slots=True)
class Recorded:
    """What would have been started, and what it is said to have answered."""

    answer: Performed = field(default_factory=lambda: Performed(Outcome.SUCCEEDED, output="fine"))
    started: list[tuple[str, ...]] = field(default_factory=list)

    async def run(self, argv: tuple[str, ...], /, *, timeout: timedelta) -> Performed:
        assert timeout <= SOON
        self.started.append(argv)
        return self.answer


def executor(
    cluster: Cluster, kubectl: Kubectl | None, account: str = "oncall", user: str = "", group: str = ""
) -> Kubernetes:
    file = cluster.folder / f"{account}.yaml"
    file.write_text(cluster.sim.kubeconfig(account))
    credentials = Credentials(str(file), impersonate=user, impersonate_group=group)
    made = Kubernetes(credentials, clock=SystemClock(), kubectl=kubectl)
    cluster.opened.append(made)
    return made


async def answered(made: Kubernetes, text: str) -> Performed:
    wanted = operation(text)
    shown = await made.preview(wanted, timeout=SOON)
    assert shown.problems == ()
    return await made.perform(wanted, shown, key="k", timeout=SOON)


async def test_kubectl_gets_our_credentials_and_namespace_and_nothing_else(cluster: Cluster) -> None:
    program = Recorded()
    made = executor(cluster, Kubectl("/bin/kubectl", program.run), user="jo", group="ops")
    wanted = operation("kubectl get po,svc -o name")

    await made.perform(wanted, await made.preview(wanted, timeout=SOON), key="k", timeout=SOON)

    [(program_path, *words)] = program.started
    assert program_path == "/bin/kubectl"
    assert words[:3] == ["get", "po,svc", "--output=name"]
    assert f"--kubeconfig={cluster.folder / 'oncall.yaml'}" in words
    assert {"--as=jo", "--as-group=ops", "--namespace=production"} < set(words)
    assert all(word.startswith("--") for word in words[2:])


async def test_without_kubectl_the_step_says_so_and_nothing_is_started(cluster: Cluster) -> None:
    for kubectl in (None, Kubectl("", Recorded().run)):
        made = executor(cluster, kubectl)

        assert (await made.preview(operation(MANY), timeout=SOON)).problems == (by_kubectl.NOT_INSTALLED,)


async def test_a_missing_permission_is_told_before_anybody_is_asked(cluster: Cluster) -> None:
    made = executor(cluster, Kubectl("/bin/kubectl", Recorded().run))

    shown = await made.preview(operation("kubectl get secrets,pods -n kube-system"), timeout=SOON)

    assert any("may not list secrets in namespace kube-system" in problem for problem in shown.problems)


async def test_a_refused_query_starts_nothing(cluster: Cluster) -> None:
    program = Recorded()
    made = executor(cluster, Kubectl("/bin/kubectl", program.run))
    wanted = operation("kubectl get po,svc --token=x")
    shown = await made.preview(wanted, timeout=SOON)

    await made.perform(wanted, shown, key="k", timeout=SOON)

    assert shown.problems
    assert program.started == []


async def test_no_from_can_i_is_an_answer_and_another_failure_is_not(cluster: Cluster) -> None:
    for said, outcome in (("no\n", Outcome.SUCCEEDED), ("error: down", Outcome.FAILED)):
        program = Recorded(Performed(Outcome.FAILED, output=said, detail="exit code 1"))
        made = executor(cluster, Kubectl("/bin/kubectl", program.run))

        assert (await answered(made, "kubectl auth can-i delete nodes")).outcome is outcome


def test_in_a_pod_the_written_kubeconfig_names_the_token_file_only() -> None:
    with by_kubectl._kubeconfig(Credentials(in_cluster=True)) as path:
        written = Path(path).read_text("utf-8")

    assert "https://kubernetes.default.svc" in written
    assert '"tokenFile"' in written
    assert not Path(path).exists()


@needs_kubectl
@pytest.mark.parametrize(
    ("text", "part"),
    [
        (MANY, "deployment.apps/api-gateway\n"),
        ("kubectl get deploy/api-gateway sts/postgres -n production -o name", "statefulset.apps/postgres"),
        (
            "kubectl get deploy -n production -o go-template='{{range .items}}[{{.metadata.name}}]{{end}}'",
            "[api-gateway]",
        ),
        ("kubectl get deploy -n production -o jsonpath='{range .items[*]}<{.metadata.name}>{end}'", "<api-gateway>"),
        ("kubectl auth can-i list pods -n production", "yes"),
        ("kubectl auth whoami", "oncall"),
        ("kubectl api-versions", "apps/v1"),
        ("kubectl api-resources", "deployments"),
        ("kubectl wait deployment/api-gateway -n production --for=jsonpath='{.kind}'=Deployment", "condition met"),
    ],
)
async def test_the_real_kubectl_answers(text: str, part: str, cluster: Cluster) -> None:
    made = executor(cluster, Kubectl.found(running.run))
    cluster.forget()

    done = await answered(made, text)

    assert done.outcome is Outcome.SUCCEEDED, done
    assert part in done.output
    changing = [
        each for each in cluster.sim.requests if each.method not in ("GET", "HEAD") and "review" not in each.path
    ]
    assert changing == []


@needs_kubectl
async def test_a_type_that_the_cluster_does_not_have_is_a_failure_in_the_servers_words(cluster: Cluster) -> None:
    done = await answered(executor(cluster, Kubectl.found(running.run)), "kubectl get certificates.cert-manager.io")

    assert done.outcome is Outcome.FAILED
    assert "resource type" in done.output

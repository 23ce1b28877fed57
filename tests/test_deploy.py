"""What the image, the manifests for Kubernetes and the lock files promise, read from the files themselves."""

import re
import shlex
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from bot import app, settings
from bot.adapters.alerts.server import Webhooks
from bot.adapters.kubernetes import preview, resources
from bot.adapters.kubernetes.client import Credentials
from bot.adapters.kubernetes.executor import Kubernetes
from bot.adapters.system_clock import SystemClock
from bot.core.commands import kubectl
from bot.core.operations import Operation
from bot.core.previews import Outcome
from bot.sim.cluster import kinds
from bot.sim.cluster.access import Binding, Rule
from bot.sim.cluster.server import ClusterSim
from bot.sim.cluster.writing import Options, Target
from tests.adapters.kubernetes.test_objects import NIGHTLY
from tests.test_architecture import ROOT

Obj = dict[str, Any]
"""A manifest as YAML gives it."""

SOON = timedelta(seconds=10)
OWNER = "pageturner"
SETTING = re.compile(r"\b(?:(?:PAGETURNER|SLACK)_[A-Z][A-Z_]*[A-Z]|KUBECONFIG)\b")

LEFT_OUT = {
    "secrets": "nobody reads them through a chat",
    "serviceaccounts": "identities",
    "roles": "who may do what",
    "rolebindings": "who may do what",
    "clusterroles": "who may do what",
    "clusterrolebindings": "who may do what",
    "certificatesigningrequests": "identities",
    "mutatingwebhookconfigurations": "the cluster's own set-up",
    "validatingwebhookconfigurations": "the cluster's own set-up",
    "customresourcedefinitions": "the cluster's own set-up",
    "apiservices": "the cluster's own set-up",
    "componentstatuses": "deprecated since 1.19",
    "controllerrevisions": "no runbook needs it",
    "endpointslices": "no runbook needs it",
    "ingressclasses": "no runbook needs it",
    "ingresses": "no runbook needs it",
    "leases": "no runbook needs it",
    "limitranges": "no runbook needs it",
    "networkpolicies": "no runbook needs it",
    "persistentvolumes": "no runbook needs it",
    "podtemplates": "no runbook needs it",
    "priorityclasses": "no runbook needs it",
    "resourcequotas": "no runbook needs it",
    "runtimeclasses": "no runbook needs it",
    "storageclasses": "no runbook needs it",
    "volumeattachments": "no runbook needs it",
}
"""Resource types that the grammar knows and that the shipped roles do not let anybody read: add what runbooks use."""

COMMANDS = (
    "kubectl get pods -n production -l app=api-gateway",
    "kubectl get events -n production",
    "kubectl get hpa -n production",
    "kubectl get pdb -n production",
    "kubectl get nodes",
    "kubectl describe deployment/api-gateway -n production",
    "kubectl describe pod/postgres-0 -n production",
    "kubectl describe statefulset/postgres -n production",
    "kubectl logs deployment/api-gateway -n production --tail=5",
    "kubectl logs postgres-0 -n production",
    "kubectl version",
    "kubectl rollout status deployment/api-gateway -n production",
    "kubectl rollout history deployment/checkout -n production",
    "kubectl exec -n production deploy/redis-primary -- redis-cli PING",
    "kubectl exec -n production statefulset/postgres -- pg_isready",
    "kubectl exec -n production postgres-0 -- pg_isready",
    "kubectl delete pod postgres-0 -n production",
    "kubectl delete pod -n production -l app=worker",
    "kubectl rollout restart deployment/worker -n production",
    "kubectl rollout restart statefulset/postgres -n production",
    "kubectl rollout undo deployment/checkout -n production",
    "kubectl scale deployment/frontend -n production --replicas=3",
    "kubectl scale statefulset/log-archiver -n production --replicas=1",
    "kubectl label pod postgres-0 -n production looked-at=yes",
    "kubectl annotate deployment/worker -n production note=seen",
    "kubectl set image deployment/worker -n production worker=worker:2.3.1",
    "kubectl set env deployment/worker -n production MODE=slow",
    "kubectl set resources deployment/worker -n production --limits=memory=1Gi",
    "kubectl rollout pause deployment/worker -n production",
    "kubectl rollout resume deployment/worker -n production",
    """kubectl patch deployment/worker -n production -p '{"spec": {"minReadySeconds": 5}}'""",
    "kubectl autoscale deployment/worker -n production --max=5",
    "kubectl expose deployment/worker -n production --port=80 --name=worker-web",
    "kubectl create configmap notes -n production --from-literal=a=b",
    "kubectl create job now -n production --from=cronjob/nightly",
    "kubectl create -n production -f manifests/new.yaml",
    "kubectl apply -n production -f manifests/new.yaml",
    "kubectl diff -n production -f manifests/new.yaml",
    "kubectl replace -n production -f manifests/old.yaml",
    "kubectl delete configmap api-gateway -n production",
)
MANIFESTS: Mapping[str, tuple[Obj, ...]] = {
    f"manifests/{file}.yaml": (
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"A": "1"}},
    )
    for file, name in {"new": "fresh", "old": "api-gateway"}.items()
}
NODES = ("kubectl cordon node-1", "kubectl uncordon node-1", "kubectl taint nodes node-1 looked-at=yes:NoSchedule")
NOT_GRANTED = {
    "create_namespace": "namespaces belong to whoever owns the cluster",
    "drain": "it evicts pods of every namespace: who wants that grants it on purpose",
}
NOT_SERVED = {"top": "the simulated cluster serves no metrics"}


def documents() -> dict[str, list[Obj]]:
    """By kind."""
    found: dict[str, list[Obj]] = {}
    for path in sorted((ROOT / "deploy").glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text("utf-8")):
            found.setdefault(document["kind"], []).append(document)
    return found


def one(kind: str, name: str = OWNER) -> Obj:
    (found,) = [each for each in documents()[kind] if each["metadata"]["name"] == name]
    return found


def pod() -> Obj:
    return dict(one("Deployment")["spec"]["template"]["spec"])


def container() -> Obj:
    (only,) = pod()["containers"]
    return dict(only)


def environment() -> dict[str, str]:
    return {each["name"]: each["value"] for each in container()["env"]}


def served() -> set[str]:
    """The paths that the real server answers a GET on."""
    webhooks = Webhooks(_never, SystemClock(), tokens=(), checks=dict, registry=CollectorRegistry())
    return {
        route.resource.canonical for route in webhooks.application().router.routes()
        if route.method == "GET" and route.resource is not None
    }  # fmt: skip


async def _never(_: object) -> int:
    raise AssertionError("nothing is posted here")


# --- the pod ----------------------------------------------------------------------------------------------------------


def test_the_pod_meets_the_restricted_pod_security_standard() -> None:
    outer, inner = pod()["securityContext"], container()["securityContext"]

    assert outer["runAsNonRoot"] is True and outer["runAsUser"] > 0 and outer["runAsGroup"] > 0
    assert outer["seccompProfile"] == {"type": "RuntimeDefault"}
    assert inner == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod())
    assert {"emptyDir", "persistentVolumeClaim", "configMap", "secret"} >= {
        kind for volume in pod()["volumes"] for kind in volume if kind != "name"
    }
    assert one("Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_F87_one_process_owns_the_database_during_an_update_too() -> None:
    assert one("Deployment")["spec"]["replicas"] == 1
    assert one("Deployment")["spec"]["strategy"] == {"type": "Recreate"}
    assert one("PersistentVolumeClaim", "pageturner-data")["spec"]["accessModes"] == ["ReadWriteOnce"]


def test_what_is_written_goes_to_a_volume_and_everything_else_is_mounted_to_be_read() -> None:
    mounts = {each["mountPath"]: each for each in container()["volumeMounts"]}

    assert {path for path, each in mounts.items() if not each.get("readOnly")} == {"/data", "/tmp"}  # noqa: S108
    assert environment()["PAGETURNER_DATABASE"].startswith("/data/")
    assert environment()["PAGETURNER_RUNBOOKS"] in mounts
    assert {each["name"] for each in mounts.values()} == {each["name"] for each in pod()["volumes"]}


def test_F90_secrets_come_as_files_that_the_settings_accept() -> None:
    files = {name: value for name, value in environment().items() if name.endswith("_FILE")}
    (volume,) = [each for each in pod()["volumes"] if "secret" in each]

    assert set(files) <= {f"{name}_FILE" for name in settings.SECRETS}
    assert {f"{name}_FILE" for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "PAGETURNER_WEBHOOK_TOKEN")} <= set(files)
    assert all(path.startswith("/secrets/") for path in files.values())
    assert volume["secret"]["defaultMode"] & 0o004 == 0, "world-readable secrets are refused at start"
    assert volume["secret"]["defaultMode"] & 0o040, "the process reads them through its group"
    assert not set(environment()) & set(settings.SECRETS), "no secret stands in a manifest"


def test_the_probes_ask_where_the_server_answers() -> None:
    probes = {name: container()[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")}
    (port,) = container()["ports"]

    assert {each["path"] for each in probes.values()} <= served()
    assert {each["port"] for each in probes.values()} == {port["name"]}
    assert probes["liveness"]["path"] == "/healthz", "a Slack outage must not kill what is running"
    assert environment()["PAGETURNER_LISTEN"].rpartition(":")[2] == str(port["containerPort"])


def test_F15_a_stopping_pod_is_given_the_time_that_a_running_step_was_promised() -> None:
    grace = float(environment()["PAGETURNER_GRACE_SECONDS"])

    assert pod()["terminationGracePeriodSeconds"] > grace + app.LAST_WORDS_SECONDS


def test_the_settings_of_the_manifest_are_read_as_they_stand(tmp_path: Path) -> None:
    given = {name: value for name, value in environment().items() if not name.endswith("_FILE")}
    tokens = {"SLACK_BOT_TOKEN": "xoxb-anything", "SLACK_APP_TOKEN": "xapp-anything"}

    assert settings.read({**given, **tokens}).grace_seconds == float(given["PAGETURNER_GRACE_SECONDS"])
    assert settings.unknown(environment()) == ()


def test_every_image_has_a_version_and_the_pod_asks_for_what_it_needs() -> None:
    images = [container()["image"], *re.findall(r"^FROM (\S+)", _text("Dockerfile"), re.MULTILINE)]

    assert all(re.search(r":\d+\.\d+[\w.-]*$", image) for image in images)
    assert set(container()["resources"]) == {"requests", "limits"}
    assert "memory" in container()["resources"]["limits"]


def test_only_monitoring_reaches_the_pod_and_it_reaches_names_and_tls_only() -> None:
    policy = one("NetworkPolicy")["spec"]
    ((source,), (ingress,)) = (policy["ingress"][0]["from"], policy["ingress"])

    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    assert policy["podSelector"]["matchLabels"] == one("Deployment")["spec"]["selector"]["matchLabels"]
    assert source["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "monitoring"}
    assert [each["port"] for each in ingress["ports"]] == [container()["ports"][0]["containerPort"]]
    assert {each["port"] for rule in policy["egress"] for each in rule["ports"]} == {53, 443, 6443}


def test_kustomize_takes_every_manifest_and_they_all_stand_in_one_namespace() -> None:
    folder = {path.name for path in (ROOT / "deploy").glob("*.yaml")}
    listed = yaml.safe_load(_text("deploy/kustomization.yaml"))["resources"]

    assert {*listed, "kustomization.yaml"} == folder
    outside = {"Namespace", "ClusterRole", "ClusterRoleBinding", "RoleBinding", "Kustomization"}
    placed = [each for kind, found in documents().items() if kind not in outside for each in found]
    assert {each["metadata"]["namespace"] for each in placed} == {OWNER}
    assert one("Service")["spec"]["selector"] == one("Deployment")["spec"]["selector"]["matchLabels"]


# --- permissions ------------------------------------------------------------------------------------------------------


def rules() -> Iterator[tuple[str, Obj]]:
    for role in documents()["ClusterRole"]:
        yield from ((role["metadata"]["name"], rule) for rule in role["rules"])


def test_no_role_has_a_wildcard_or_reaches_secrets_or_can_raise_itself() -> None:
    forbidden = {
        "secrets",
        "serviceaccounts",
        "serviceaccounts/token",
        "nodes/proxy",
        "pods/attach",
        "pods/portforward",
    }
    escalating = {"escalate", "bind", "impersonate", "deletecollection"}
    for name, rule in rules():
        assert set(rule) == {"apiGroups", "resources", "verbs"}, name
        assert not any("*" in word for words in rule.values() for word in words), name
        assert not forbidden & set(rule["resources"]), name
        assert "rbac.authorization.k8s.io" not in rule["apiGroups"], name
        assert not escalating & set(rule["verbs"]), name


def test_changes_are_bound_to_namespaces_and_only_reads_to_the_cluster() -> None:
    everywhere = {each["roleRef"]["name"] for each in documents()["ClusterRoleBinding"]}
    verbs = {verb for name, rule in rules() if name in everywhere for verb in rule["verbs"]}

    assert verbs == {"get", "list", "watch"}
    for binding in (*documents()["ClusterRoleBinding"], *documents()["RoleBinding"]):
        assert binding["roleRef"]["name"] in {name for name, _ in rules()}
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": OWNER, "namespace": OWNER}]
    assert pod()["serviceAccountName"] == one("ServiceAccount")["metadata"]["name"]


def operation(text: str) -> Operation:
    return kubectl.parse(shlex.split(text), text=text, manifests=MANIFESTS)


def _bound() -> Iterator[Binding]:
    by_role: dict[str, list[Rule]] = {}
    for name, rule in rules():
        by_role.setdefault(name, []).append(
            Rule(tuple(rule["verbs"]), tuple(rule["apiGroups"]), tuple(rule["resources"]))
        )
    for each in (*documents()["ClusterRoleBinding"], *documents()["RoleBinding"]):
        role = each["roleRef"]["name"]
        place = each["metadata"].get("namespace", "")
        yield Binding(role, role, "ServiceAccount", f"{OWNER}:{OWNER}", tuple(by_role[role]), place)


@pytest.fixture
async def cluster() -> AsyncIterator[ClusterSim]:
    """A cluster in which the bot's account has just what deploy/ gives it."""
    sim = ClusterSim(life_interval_seconds=0.05, ready_after_seconds=0.1)
    await sim.start()
    sim.world.writer.create(Target(kinds.CRON_JOBS, "production"), NIGHTLY, Options())
    sim.access.add_account(OWNER, OWNER)
    for binding in _bound():
        sim.access.grant(binding)
    yield sim
    await sim.stop()


@pytest.fixture
async def bot(cluster: ClusterSim, tmp_path: Path) -> AsyncIterator[Kubernetes]:
    file = tmp_path / "kubeconfig"
    file.write_text(cluster.kubeconfig(OWNER))
    made = Kubernetes(Credentials(str(file)), clock=SystemClock())
    yield made
    await made.close()


def test_the_commands_here_are_all_that_the_adapter_can_do() -> None:
    tried = {operation(text).kind.removeprefix("kubernetes.") for text in (*COMMANDS, *NODES)}

    assert tried | set(NOT_SERVED) | set(NOT_GRANTED) == set(preview.PREVIEWERS)


@pytest.mark.parametrize("text", COMMANDS)
async def test_F89_what_the_adapter_can_do_the_roles_allow(text: str, bot: Kubernetes, cluster: ClusterSim) -> None:
    wanted = operation(text)

    shown = await bot.preview(wanted, timeout=SOON)
    assert shown.problems == ()
    done = await bot.perform(wanted, shown, key="k", timeout=SOON)

    assert done.outcome is Outcome.SUCCEEDED, done
    assert [each.path for each in cluster.requests if each.status == 403] == []


@pytest.mark.parametrize("text", NODES)
async def test_F89_nodes_need_the_role_that_is_bound_by_hand(text: str, bot: Kubernetes, cluster: ClusterSim) -> None:
    refused = await bot.preview(operation(text), timeout=SOON)
    assert "may not patch nodes" in refused.problems[0]

    granted = [
        Rule(tuple(rule["verbs"]), tuple(rule["apiGroups"]), tuple(rule["resources"]))
        for name, rule in rules() if name == "pageturner-nodes"
    ]  # fmt: skip
    cluster.access.grant(Binding("nodes", "nodes", "ServiceAccount", f"{OWNER}:{OWNER}", tuple(granted)))
    shown = await bot.preview(operation(text), timeout=SOON)
    assert shown.problems == ()
    assert (await bot.perform(operation(text), shown, key="k", timeout=SOON)).outcome is Outcome.SUCCEEDED


async def test_F89_what_may_not_be_read_is_what_was_left_out(bot: Kubernetes, cluster: ClusterSim) -> None:
    refused = set()
    for plural in sorted(resources._BY_PLURAL):
        shown = await bot.preview(_reading(plural), timeout=SOON)
        if shown.problems:
            assert "Missing permission" in shown.problems[0]
            refused.add(plural)

    assert refused == set(LEFT_OUT)
    assert cluster.writes == []


async def test_F89_what_needs_more_than_the_roles_says_so_before_anybody_is_asked(bot: Kubernetes) -> None:
    shown = await bot.preview(operation("kubectl get secrets -n production"), timeout=SOON)

    assert shown.problems and "may not list secrets in namespace production" in shown.problems[0]


def _reading(plural: str) -> Operation:
    return operation(f"kubectl get {plural} -n production")


# --- the image --------------------------------------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n", " ", _text("Dockerfile"))
    lines = [line.split(None, 1) for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return [(name.upper(), " ".join(rest.split())) for name, rest in lines]


def _image_environment() -> Mapping[str, str]:
    pairs = [pair for name, rest in instructions() if name == "ENV" for pair in rest.split()]
    return dict(pair.split("=", 1) for pair in pairs)


def test_the_image_runs_as_a_user_without_name_or_home_and_nothing_runs_after_that_as_root() -> None:
    names = [name for name, _ in instructions()]
    (user,) = [rest for name, rest in instructions() if name == "USER"]

    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert int(user.partition(":")[0]) == pod()["securityContext"]["runAsUser"]
    assert not {"RUN", "COPY", "ADD"} & set(names[names.index("USER") :])
    assert dict(instructions())["ENTRYPOINT"].startswith("["), "signals reach the process itself (F15)"


def test_the_image_holds_what_is_named_only_and_installs_by_hash() -> None:
    copied = [rest.split()[0] for name, rest in instructions() if name == "COPY" and "--from" not in rest]
    allowed = {line.removeprefix("!") for line in _text(".dockerignore").splitlines() if line.startswith("!")}

    assert set(copied) == allowed
    assert all((ROOT / each).exists() for each in copied)
    installs = [rest for name, rest in instructions() if name == "RUN" and "pip install" in rest]
    assert installs and all("--require-hashes" in each for each in installs)
    assert not set(_image_environment()) & {*settings.SECRETS}


def test_the_image_listens_where_it_says_and_asks_itself_where_it_answers() -> None:
    port = _image_environment()["PAGETURNER_LISTEN"].rpartition(":")[2]
    (asked,) = re.findall(r"http://127\.0\.0\.1:(\d+)(/\w+)", dict(instructions())["HEALTHCHECK"])

    assert dict(instructions())["EXPOSE"] == port == asked[0]
    assert asked[1] in served()
    assert dict(instructions())["VOLUME"] == str(Path(_image_environment()["PAGETURNER_DATABASE"]).parent)


# --- names and versions -----------------------------------------------------------------------------------------------


def known() -> set[str]:
    return {name for name in _aliases() if name} | {f"{name}_FILE" for name in settings.SECRETS}


def _aliases() -> list[str]:
    return [str(field.alias or "") for field in settings.Settings.model_fields.values()]


@pytest.mark.parametrize("name", ["Dockerfile", "README.md", "manifest.yml", "deploy/*.yaml", "Makefile"])
def test_every_variable_that_is_named_is_a_setting(name: str) -> None:
    found = {word for path in ROOT.glob(name) for word in SETTING.findall(path.read_text("utf-8"))}

    assert {each for each in found if not each.startswith("PAGETURNER_SECRET")} <= known()


def test_the_readme_documents_every_setting() -> None:
    documented = set(re.findall(r"^\| `([A-Z_]+)(?:<NAME>)?` \|", _text("README.md"), re.MULTILINE))

    assert documented == {name for name in _aliases() if name} | {"PAGETURNER_SECRET_", "PAGETURNER_SQL_"}


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_holds_exact_versions_with_hashes_and_names_no_host(name: str) -> None:
    text = _text(name)
    entries = re.split(r"\n(?=[A-Za-z0-9])", text.strip())

    for entry in entries:
        first, *rest = entry.splitlines()
        assert re.match(r"[a-z0-9._-]+(\[[a-z,-]+\])?==[\w.+!-]+( ; .+)? \\$", first), first
        hashes = [line for line in rest if "--hash=" in line]
        assert hashes, first
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in hashes), first
        assert all(line.lstrip().startswith("#") for line in rest if line not in hashes), first
    assert "://" not in text
    assert not re.search(r"--(?:index|extra-index|find-links|trusted-host)|@ file|\.(?:com|org|io|net)\b", text)


def test_everything_that_is_asked_for_is_locked() -> None:
    project = _text("pyproject.toml")
    block = project.partition("dependencies = [")[2].partition("]")[0]
    asked = {re.split(r"[><=\[]", name)[0].lower() for name in re.findall(r'"([^"]+)"', block)}
    locked = set(re.findall(r"^([a-z0-9._-]+)(?:\[.*?\])?==", _text("requirements.lock"), re.MULTILINE))

    assert asked <= locked
    develop = set(re.findall(r"^([a-z0-9._-]+)(?:\[.*?\])?==", _text("requirements-dev.lock"), re.MULTILINE))
    assert locked <= develop


def _text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")

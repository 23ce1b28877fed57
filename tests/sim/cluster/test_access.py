"""Who may do what: accounts, subresources, impersonation and reviews."""

import pytest

from bot.sim.cluster.access import Binding, Rule
from tests.sim.cluster.conftest import Cluster

PODS = "/api/v1/namespaces/production/pods"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@pytest.mark.parametrize(
    ("account", "verb", "group", "resource", "subresource", "allowed"),
    [
        ("oncall", "delete", "", "pods", "", True),
        ("oncall", "create", "", "pods", "exec", True),
        ("oncall", "get", "", "pods", "exec", True),
        ("oncall", "patch", "apps", "deployments", "scale", True),
        ("oncall", "patch", "", "nodes", "", True),
        ("oncall", "get", "", "secrets", "", False),
        ("oncall", "create", "", "pods", "", False),
        ("oncall", "delete", "apps", "deployments", "", False),
        ("reader", "get", "", "pods", "log", True),
        ("reader", "list", "apps", "deployments", "", True),
        ("reader", "get", "", "pods", "exec", False),
        ("reader", "delete", "", "pods", "", False),
        ("reader", "list", "", "secrets", "", False),
        ("admin", "list", "", "secrets", "", True),
    ],
)
async def test_a_review_tells_each_account_its_rights(
    cluster: Cluster, *, account: str, verb: str, group: str, resource: str, subresource: str, allowed: bool
) -> None:
    wanted = {"namespace": "production", "verb": verb, "group": group, "resource": resource}
    body = {"spec": {"resourceAttributes": wanted | {"subresource": subresource}}}
    answer = await cluster.ask("POST", REVIEWS, body, account=account)
    assert answer.status == 201
    assert answer.body["status"]["allowed"] is allowed
    assert cluster.sim.writes == []


async def test_a_right_on_pods_is_no_right_on_their_subresources(cluster: Cluster) -> None:
    cluster.sim.access.add_account("staging", "narrow", [Rule(("*",), ("",), ("pods",))])
    assert (await cluster.ask("GET", PODS, account="narrow")).status == 200
    log = await cluster.ask("GET", f"{PODS}/postgres-0/log", account="narrow")
    assert (log.status, log.reason) == (403, "Forbidden")


async def test_a_role_binding_reaches_no_other_namespace(cluster: Cluster) -> None:
    cluster.sim.access.add_account("staging", "local")
    rules = (Rule(("list",), ("",), ("pods",)),)
    binding = Binding("local", "local", "ServiceAccount", "staging:local", rules, "staging")
    cluster.sim.access.grant(binding)
    assert (await cluster.ask("GET", "/api/v1/namespaces/staging/pods", account="local")).status == 200
    assert (await cluster.ask("GET", PODS, account="local")).status == 403
    assert (await cluster.ask("GET", "/api/v1/pods", account="local")).status == 403


async def test_an_impersonated_person_has_their_own_rights_and_not_the_bots(cluster: Cluster) -> None:
    headers = {"Impersonate-User": "alice", "Impersonate-Group": "oncall"}
    as_alice = await cluster.ask("DELETE", f"{PODS}/postgres-0", account="bot", headers=headers)
    assert as_alice.status == 200
    as_bot = await cluster.ask("DELETE", f"{PODS}/postgres-0", account="bot")
    assert as_bot.status == 403
    without_group = await cluster.ask("GET", PODS, account="bot", headers={"Impersonate-User": "alice"})
    assert without_group.status == 403


async def test_a_revoked_token_is_unauthorized(cluster: Cluster) -> None:
    cluster.sim.access.revoke_token("oncall")
    assert (await cluster.ask("GET", PODS, account="oncall")).status == 401


async def test_the_path_that_stands_for_a_token_is_for_kubectl_alone(cluster: Cluster) -> None:
    path = f"/as/oncall{PODS}"
    assert (await cluster.ask("GET", path, account="")).status == 401
    headers = {"User-Agent": "kubectl/v1.32.4 (linux/amd64)"}
    assert (await cluster.ask("GET", path, account="", headers=headers)).status == 200
    assert (await cluster.ask("GET", path, account="reader")).status == 200
    assert cluster.sim.requests[-1].user.endswith(":reader")

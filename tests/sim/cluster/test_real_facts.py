"""Facts seen on a real v1.32 server, distilled: what is asked, and the status, reason and words that come back."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.sim.cluster.conftest import Cluster, Obj

PRODUCTION = "/apis/apps/v1/namespaces/production"
WEB = f"{PRODUCTION}/deployments/frontend"
PODS = "/api/v1/namespaces/production/pods"
ONCALL = "system:serviceaccount:production:oncall"
READER = "system:serviceaccount:production:reader"
ZERO = "00000000-0000-0000-0000-000000000000"
MERGE = {"Content-Type": "application/merge-patch+json"}


@dataclass(frozen=True, slots=True)
class Fact:
    note: str
    method: str
    path: str
    status: int
    reason: str
    message: str
    body: Any = None
    account: str = "admin"
    headers: dict[str, str] = field(default_factory=dict)
    details: Obj | None = None


def deployment(name: str) -> Obj:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": "web:1"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


FRONTEND = {"name": "frontend", "group": "apps", "kind": "deployments"}
MODIFIED = (
    'Operation cannot be fulfilled on deployments.apps "frontend": the object has been modified; '
    "please apply your changes to the latest version and try again"
)

FACTS = [
    Fact("no credentials", "GET", PODS, 401, "Unauthorized", "Unauthorized", account=""),
    Fact(
        "a missing pod",
        "GET",
        f"{PODS}/nope",
        404,
        "NotFound",
        'pods "nope" not found',
        details={"name": "nope", "kind": "pods"},
    ),
    Fact(
        "an existing name, even in a dry run",
        "POST",
        f"{PRODUCTION}/deployments?dryRun=All",
        409,
        "AlreadyExists",
        'deployments.apps "frontend" already exists',
        body=deployment("frontend"),
        details=FRONTEND,
    ),
    Fact(
        "a dryRun that is not All",
        "POST",
        f"{PRODUCTION}/deployments?dryRun=yes",
        422,
        "Invalid",
        'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: []string{"yes"}: supported values: "All"',
        body=deployment("web2"),
    ),
    Fact(
        "a namespace that does not exist",
        "POST",
        "/apis/apps/v1/namespaces/nowhere/deployments",
        404,
        "NotFound",
        'namespaces "nowhere" not found',
        body=deployment("web2"),
    ),
    Fact(
        "a list without the right",
        "GET",
        "/api/v1/namespaces/production/secrets",
        403,
        "Forbidden",
        f'secrets is forbidden: User "{ONCALL}" cannot list resource "secrets" in API group "" '
        'in the namespace "production"',
        account="oncall",
        details={"kind": "secrets"},
    ),
    Fact(
        "a dry-run scale without the right",
        "PATCH",
        f"{WEB}/scale?dryRun=All",
        403,
        "Forbidden",
        f'deployments.apps "frontend" is forbidden: User "{READER}" cannot patch resource "deployments/scale" '
        'in API group "apps" in the namespace "production"',
        body={"spec": {"replicas": 3}},
        account="reader",
        headers=MERGE,
        details=FRONTEND,
    ),
    Fact(
        "a cluster-scoped refusal",
        "PATCH",
        "/api/v1/nodes/node-1",
        403,
        "Forbidden",
        f'nodes "node-1" is forbidden: User "{READER}" cannot patch resource "nodes" in API group "" '
        "at the cluster scope",
        body={"spec": {"unschedulable": True}},
        account="reader",
        headers=MERGE,
    ),
    Fact(
        "an impersonation without the right",
        "GET",
        PODS,
        403,
        "Forbidden",
        'users "root" is forbidden: User "system:serviceaccount:chatops:bot" cannot impersonate resource "users" '
        'in API group "" at the cluster scope',
        account="bot",
        headers={"Impersonate-User": "root"},
        details={"name": "root", "kind": "users"},
    ),
    Fact(
        "a stale resourceVersion in a patch",
        "PATCH",
        WEB,
        409,
        "Conflict",
        MODIFIED,
        body={"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 1}},
        headers=MERGE,
        details=FRONTEND,
    ),
    Fact(
        "a wrong UID in a patch",
        "PATCH",
        WEB,
        422,
        "Invalid",
        f'Deployment.apps "frontend" is invalid: metadata.uid: Invalid value: "{ZERO}": field is immutable',
        body={"metadata": {"uid": ZERO}},
        headers=MERGE,
    ),
    Fact(
        "a JSON patch whose test fails",
        "PATCH",
        WEB,
        422,
        "Invalid",
        "the server rejected our request due to an error in our request",
        body=[{"op": "test", "path": "/spec/replicas", "value": 77}],
        headers={"Content-Type": "application/json-patch+json"},
        details={},
    ),
    Fact(
        "negative replicas",
        "PATCH",
        WEB,
        422,
        "Invalid",
        'Deployment.apps "frontend" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
        body={"spec": {"replicas": -1}},
        headers=MERGE,
    ),
    Fact(
        "a patch of no known type",
        "PATCH",
        WEB,
        415,
        "UnsupportedMediaType",
        "415: Unsupported Media Type",
        body={"spec": {}},
        details={},
    ),
    Fact(
        "an unknown field under Strict",
        "POST",
        f"{PRODUCTION}/deployments?fieldValidation=Strict",
        400,
        "BadRequest",
        'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: '
        'unknown field "spec.replicaz"',
        body=deployment("web2") | {"spec": deployment("web2")["spec"] | {"replicaz": 1}},
    ),
    Fact(
        "a number where a string is",
        "PATCH",
        WEB,
        400,
        "BadRequest",
        'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into '
        "Go struct field Deployment.spec.replicas of type int32",
        body={"spec": {"replicas": "three"}},
        headers=MERGE,
    ),
    Fact(
        "a selector that the template does not carry",
        "POST",
        f"{PRODUCTION}/deployments",
        422,
        "Invalid",
        'Deployment.apps "web2" is invalid: spec.template.metadata.labels: Invalid value: '
        'map[string]string{"app":"web2"}: `selector` does not match template `labels`',
        body=deployment("web2") | {"spec": deployment("web2")["spec"] | {"selector": {"matchLabels": {"app": "x"}}}},
    ),
    Fact(
        "a log of a container that is not there",
        "GET",
        f"{PODS}/log-archiver-0/log?container=zz",
        400,
        "BadRequest",
        "container zz is not valid for pod log-archiver-0",
    ),
    Fact(
        "an exec without an upgrade",
        "POST",
        f"{PODS}/log-archiver-0/exec?command=true&stdout=1",
        400,
        "BadRequest",
        "Upgrade request required",
    ),
    Fact(
        "a resource that is not served",
        "GET",
        "/apis/example.com/v1/namespaces/production/widgets",
        404,
        "NotFound",
        "the server could not find the requested resource",
        details={},
    ),
    Fact(
        "a field that cannot be selected by",
        "GET",
        f"{PODS}?fieldSelector=spec.hostname%3Dx",
        400,
        "BadRequest",
        "field label not supported: spec.hostname",
    ),
    Fact(
        "a change of a pod's spec",
        "PATCH",
        f"{PODS}/log-archiver-0",
        422,
        "Invalid",
        'Pod "log-archiver-0" is invalid: spec: Forbidden: pod updates may not change fields other than '
        "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
        "`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
        "(allow it to be set to 1 if it was previously negative)",
        body={"spec": {"restartPolicy": "Never"}},
        headers=MERGE,
    ),
]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.note)
async def test_the_server_refuses_as_the_real_one_does(cluster: Cluster, fact: Fact) -> None:
    before = cluster.sim.state.version
    answer = await cluster.ask(fact.method, fact.path, fact.body, account=fact.account, headers=fact.headers)
    assert (answer.status, answer.reason, answer.body["message"]) == (fact.status, fact.reason, fact.message)
    assert answer.body["code"] == fact.status
    if fact.details is not None:
        assert answer.body["details"] == fact.details
    assert cluster.sim.state.version == before


async def test_a_delete_whose_preconditions_do_not_hold_is_a_conflict(cluster: Cluster) -> None:
    path = f"{PODS}/log-archiver-0"
    uid = (await cluster.get(path)).body["metadata"]["uid"]
    wrong = await cluster.ask("DELETE", path, {"preconditions": {"uid": ZERO}})
    assert (wrong.status, wrong.reason) == (409, "Conflict")
    assert wrong.body["message"] == (
        f'Operation cannot be fulfilled on Pod "log-archiver-0": the UID in the precondition ({ZERO}) does not match '
        f"the UID in record ({uid}). The object might have been deleted and then recreated"
    )
    assert wrong.body["details"] == {"name": "log-archiver-0", "kind": "Pod"}
    old = await cluster.ask("DELETE", path, {"preconditions": {"resourceVersion": "1"}})
    assert (old.status, old.reason) == (409, "Conflict")
    right = await cluster.ask("DELETE", path, {"preconditions": {"uid": uid}})
    assert right.status == 200
    assert right.body["metadata"]["deletionGracePeriodSeconds"] == 30


async def test_an_eviction_that_a_budget_blocks_is_too_many_requests(cluster: Cluster) -> None:
    budget = "/apis/policy/v1/namespaces/production/poddisruptionbudgets/api-gateway"
    await cluster.patch(budget, {"spec": {"minAvailable": 3}})
    name = (await cluster.names("api-gateway"))[0]
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    blocked = await cluster.ask("POST", f"{PODS}/{name}/eviction", eviction)
    assert (blocked.status, blocked.reason) == (429, "TooManyRequests")
    cause = "The disruption budget api-gateway needs 3 healthy pods and has 3 currently"
    assert blocked.body["details"] == {"causes": [{"reason": "DisruptionBudget", "message": cause}]}
    await cluster.patch(budget, {"spec": {"minAvailable": 2}})
    dry = await cluster.ask("POST", f"{PODS}/{name}/eviction?dryRun=All", eviction)
    assert (dry.status, dry.body["status"]) == (201, "Success")
    assert "deletionTimestamp" not in (await cluster.get(f"{PODS}/{name}")).body["metadata"]
    assert (await cluster.ask("POST", f"{PODS}/{name}/eviction", eviction)).status == 201
    assert "deletionTimestamp" in (await cluster.get(f"{PODS}/{name}")).body["metadata"]
    other = (await cluster.names("api-gateway"))[1]
    second = await cluster.ask("POST", f"{PODS}/{other}/eviction", eviction | {"metadata": {"name": other}})
    assert second.status == 429


async def test_an_unknown_field_under_warn_is_a_warning_and_is_dropped(cluster: Cluster) -> None:
    answer = await cluster.patch(f"{WEB}?fieldValidation=Warn&dryRun=All", {"spec": {"replicaz": 1}})
    assert answer.status == 200
    assert answer.headers["Warning"] == '299 - "unknown field \\"spec.replicaz\\""'
    assert "replicaz" not in answer.body["spec"]


async def test_nothing_is_created_in_a_namespace_that_is_going(cluster: Cluster) -> None:
    await cluster.ask("DELETE", "/api/v1/namespaces/staging")
    path = "/apis/apps/v1/namespaces/staging/deployments"
    refused = await cluster.ask("POST", path, deployment("web2"))
    assert (refused.status, refused.reason) == (403, "Forbidden")
    assert refused.body["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    cluster.pass_seconds(4)
    assert (await cluster.get("/api/v1/namespaces/staging")).status == 404

"""Edits, differences and ways back as pure functions: every write is held to one version, every difference is told."""

import json
import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.kubernetes import object_differences, object_edits, object_undo
from bot.adapters.kubernetes.asking import Asked
from bot.adapters.kubernetes.client import Connection, Credentials
from bot.adapters.kubernetes.cluster import Cluster, Object
from bot.adapters.kubernetes.object_edits import Item
from bot.adapters.kubernetes.resources import named
from bot.adapters.system_clock import SystemClock
from bot.sim.cluster import patches
from tests.adapters.kubernetes.conftest import Obj
from tests.adapters.kubernetes.test_objects import operation

CURRENT: Obj = {
    "kind": "Deployment",
    "metadata": {"name": "x", "namespace": "n", "uid": "u-1", "resourceVersion": "77", "labels": {"app": "x"}},
    "spec": {"template": {"spec": {"containers": [{"name": "c", "image": "c:1"}]}}},
}


def asked(text: str) -> Asked:
    cluster = Cluster(Connection(Credentials()), clock=SystemClock(), seconds=1)
    return Asked(operation(text), cluster, namespace="n")


def item(manifest: Obj | None = None, plural: str = "deployments") -> Item:
    return Item(Object(named(plural), "n", "x"), CURRENT, manifest)


@pytest.mark.parametrize(
    "text",
    [
        "kubectl label deploy/x a=b",
        "kubectl annotate deploy/x a=b",
        "kubectl taint nodes x a=b:NoSchedule",
        "kubectl set image deploy/x c=d",
        "kubectl set env deploy/x A=b",
        "kubectl set resources deploy/x --limits=cpu=1",
        "kubectl rollout pause deploy/x",
        "kubectl rollout resume deploy/x",
        """kubectl patch deploy/x -p '{"metadata":{"labels":{"a":"b"}}}'""",
        """kubectl patch deploy/x --type=merge -p '{"spec":{"replicas":2}}'""",
        """kubectl patch deploy/x --type=json -p '[{"op":"remove","path":"/spec/replicas"}]'""",
        "kubectl apply -f manifests/limit.yaml",
        "kubectl replace -f manifests/limit.yaml",
    ],
)
def test_F63_every_write_of_what_exists_is_held_to_its_uid_and_its_version(text: str) -> None:
    wanted = asked(text)
    kind = wanted.operation.kind.removeprefix("kubernetes.")
    edit = object_edits.EDITS[kind](wanted, item({"metadata": {"name": "x"}}))
    if isinstance(edit.body, list):
        assert edit.body[0] == {"op": "test", "path": "/metadata/uid", "value": "u-1"}
        assert edit.body[1] == {"op": "replace", "path": "/metadata/resourceVersion", "value": "77"}
    else:
        assert isinstance(edit.body, dict)
        metadata: dict[str, Any] = edit.body["metadata"]
        assert (metadata["uid"], metadata["resourceVersion"]) == ("u-1", "77")


def test_a_manifest_cannot_choose_another_version_to_be_held_to() -> None:
    text = """kubectl patch deploy/x -p '{"metadata":{"uid":"other","resourceVersion":"1","labels":{"a":"b"}}}'"""
    edit = object_edits.EDITS["patch"](asked(text), item())
    assert isinstance(edit.body, dict)
    assert edit.body["metadata"] == {"uid": "u-1", "resourceVersion": "77", "labels": {"a": "b"}}


def test_variables_keep_their_order_and_a_value_replaces_a_reference() -> None:
    container: Obj = {"name": "c", "image": "c:1", "env": [{"name": "A", "valueFrom": {}}, {"name": "B", "value": "1"}]}
    current = {**CURRENT, "spec": {"template": {"spec": {"containers": [container]}}}}
    edit = object_edits.EDITS["set_env"](
        asked("kubectl set env deploy/x C=3 A=2 B-"), Item(Object(named("deployments"), "n", "x"), current)
    )
    assert isinstance(edit.body, list)
    (after,) = edit.body[-1]["value"]["spec"]["containers"]
    assert after["env"] == [{"name": "A", "value": "2"}, {"name": "C", "value": "3"}]
    assert container["env"][0] == {"name": "A", "valueFrom": {}}, "what was read is not changed"


# --- differences ------------------------------------------------------------------------------------------------------


def found(**changed: Any) -> Obj:
    return {"kind": "Thing", "metadata": {"name": "x", "uid": "u"}, **changed}


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ({"spec": {"a": 1}}, {"spec": {"a": 2}}, ["a  1 -> 2"]),
        ({"spec": {"on": True, "a": 1}}, {"spec": {"a": 1}}, ["on  true -> (none)"]),
        ({"spec": {"volume": {}, "a": 1}}, {"spec": {"a": 1}}, ["volume  {} -> (none)"]),
        ({"data": {"a": "1\n2"}}, {"data": {"a": "1"}}, ["data.a  1\\n2 -> 1"]),
        (
            {"subjects": [{"kind": "User", "name": "ann"}]},
            {"subjects": [{"kind": "User", "name": "bob"}]},
            ["subjects.ann.kind  User -> (none)", "subjects.bob.kind  (none) -> User"],
        ),
        ({"roleRef": {"name": "view"}}, {"roleRef": {"name": "admin"}}, ["roleRef.name  view -> admin"]),
        ({"spec": {"list": ["a", "b"]}}, {"spec": {"list": ["b"]}}, ["list.0  a -> b", "list.1  b -> (none)"]),
        ({"status": {"a": 1}}, {"status": {"a": 2}}, []),
        ({"data": {"apiToken": "one"}}, {"data": {"apiToken": "two"}}, ["data.apiToken  (not shown, digest "]),
    ],
)
def test_every_difference_is_told_in_one_line(before: Obj, after: Obj, lines: list[str]) -> None:
    told = object_differences.differences(found(**before), found(**after))
    assert len(told) == len(lines)
    assert all(line.startswith(wanted) for line, wanted in zip(told, lines, strict=True)), told


KEY = st.text("xyz", min_size=1, max_size=2)
JSON = st.recursive(
    st.one_of(st.booleans(), st.integers(0, 9), st.text("abc", max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEY, inner, max_size=3)),
    max_leaves=8,
)  # fmt: skip
SPEC = st.dictionaries(KEY, JSON, max_size=4)


@given(SPEC, SPEC)
def test_nothing_that_differs_is_silent(before: Obj, after: Obj) -> None:
    told = object_differences.differences(found(spec=before), found(spec=after))
    assert bool(told) is (object_differences.state(found(spec=before)) != object_differences.state(found(spec=after)))


@given(SPEC, SPEC)
def test_the_patch_that_goes_back_leads_to_what_was_there(before: Obj, after: Obj) -> None:
    old, new = (
        {**found(spec=spec), "metadata": {"name": "x", "namespace": "n", "uid": "u", "resourceVersion": "1"}}
        for spec in (before, after)
    )
    target = Object(named("configmaps"), "n", "x")
    command = object_undo.text(asked("kubectl patch cm/x -p '{\"a\":1}'"), [(Item(target, old), new)])
    if before == after:
        assert command == ""
    elif command:
        words = shlex.split(command)
        patch = json.loads(words[words.index("-p") + 1])
        assert patches.merge(new, patch)["spec"] == before

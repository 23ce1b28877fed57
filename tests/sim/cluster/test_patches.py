"""The three patch kinds, as pure functions."""

from typing import Any

import pytest

from bot.sim.cluster import patches, statuses

# The examples of RFC 7396, appendix A, whose result is an object.
MERGES: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("document", "patch", "result"), MERGES)
def test_a_merge_patch_follows_the_rfc(document: Any, patch: Any, result: Any) -> None:
    assert patches.merge(document, patch) == result


def test_a_patch_leaves_the_document_alone() -> None:
    document = {"spec": {"containers": [{"name": "a", "image": "a:1"}]}}
    patches.strategic(document, {"spec": {"containers": [{"name": "a", "image": "a:2"}]}})
    patches.json_patch(document, [{"op": "remove", "path": "/spec/containers/0"}])
    patches.merge(document, {"spec": None})
    assert document == {"spec": {"containers": [{"name": "a", "image": "a:1"}]}}


def test_a_strategic_patch_deletes_and_replaces_by_directive() -> None:
    document = {"containers": [{"name": "a"}, {"name": "b"}], "strategy": {"type": "RollingUpdate", "x": 1}}
    patch = {
        "containers": [{"name": "a", "$patch": "delete"}],
        "strategy": {"$patch": "replace", "type": "Recreate"},
    }
    assert patches.strategic(document, patch) == {"containers": [{"name": "b"}], "strategy": {"type": "Recreate"}}


def test_a_strategic_patch_keeps_only_retained_keys() -> None:
    document = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}
    patch = {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}
    assert patches.strategic(document, patch) == {"strategy": {"type": "Recreate"}}


OPERATIONS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"op": "add", "path": "/list/1", "value": 9}, {"list": [1, 9, 2], "a/b": 1}),
    ({"op": "add", "path": "/list/-", "value": 9}, {"list": [1, 2, 9], "a/b": 1}),
    ({"op": "remove", "path": "/a~1b"}, {"list": [1, 2]}),
    ({"op": "replace", "path": "/list/0", "value": 9}, {"list": [9, 2], "a/b": 1}),
    ({"op": "move", "from": "/a~1b", "path": "/list/0"}, {"list": [1, 1, 2]}),
    ({"op": "copy", "from": "/list/0", "path": "/c"}, {"list": [1, 2], "a/b": 1, "c": 1}),
    ({"op": "test", "path": "/list", "value": [1, 2]}, {"list": [1, 2], "a/b": 1}),
]


@pytest.mark.parametrize(("operation", "result"), OPERATIONS)
def test_a_json_patch_does_each_operation(operation: dict[str, Any], result: dict[str, Any]) -> None:
    assert patches.json_patch({"list": [1, 2], "a/b": 1}, [operation]) == result


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/a", "value": 2},
        {"op": "replace", "path": "/missing", "value": 1},
        {"op": "remove", "path": "/missing"},
        {"op": "add", "path": "/list/7", "value": 1},
        {"op": "add", "path": "a", "value": 1},
    ],
)
def test_a_json_patch_that_cannot_be_done_is_invalid(operation: dict[str, Any]) -> None:
    with pytest.raises(statuses.StatusError) as refusal:
        patches.json_patch({"a": 1, "list": []}, [operation])
    assert refusal.value.code == 422

"""The pure parts: jsonpath, what differs between templates, how a rollout goes, and ages."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.adapters.kubernetes import changes, describing, jsonpath, rendering, rollouts, templates
from bot.core.errors import Invalid

DOCUMENT = {
    "a": {"b": [{"c": 1}, {"c": "two"}], "x.y/z": True},
    "items": [{"metadata": {"name": "one"}}, {"metadata": {"name": "two"}}],
}


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ("{.a.b[0].c}", "1"),
        ("{.a.b[-1].c}", "two"),
        ("{$.a.b[1].c}", "two"),
        ("{a.b[1].c}", "two"),
        (r"{.a.x\.y/z}", "true"),
        ("{.a['x.y/z']}", "true"),
        ("{.items[*].metadata.name}", "one two"),
        ('{.a.b[0].c}{"\\n"}end', "1\nend"),
        ("{.missing.deep}", ""),
        ("{.a.b[7].c}", ""),
        ("{.a.b[0]}", '{"c":1}'),
        ("plain", "plain"),
    ],
)
def test_plain_jsonpath_is_filled_in(template: str, wanted: str) -> None:
    assert jsonpath.render(template, DOCUMENT) == wanted


@pytest.mark.parametrize("template", ["{range .items[*]}", "{.a.b[?(@.c==1)]}", "{..name}", "{.a.b[0:2]}", "{.a|x}"])
def test_other_jsonpath_is_refused_with_a_remedy(template: str) -> None:
    with pytest.raises(Invalid, match="not supported here"):
        jsonpath.render(template, DOCUMENT)


def template(image: str, *, env: dict[str, str] | None = None, memory: str = "1Gi", sidecar: str = "") -> Any:
    containers: list[dict[str, Any]] = [
        {
            "name": "api",
            "image": image,
            "env": [{"name": key, "value": value} for key, value in (env or {}).items()],
            "resources": {"limits": {"memory": memory}},
        }
    ]
    if sidecar:
        containers.append({"name": "proxy", "image": sidecar})
    metadata = {"labels": {"app": "api", "pod-template-hash": image}, "creationTimestamp": None}
    return {"metadata": metadata, "spec": {"containers": containers}}


def test_differences_read_like_a_sentence() -> None:
    old = template("api:2", env={"MODE": "fast", "DB_PASSWORD": "a"}, memory="2Gi")
    new = template("api:1", env={"MODE": "slow", "DB_PASSWORD": "b"})
    assert templates.differences(old, new) == (
        "image  api:2 -> api:1",
        "env DB_PASSWORD  (not shown) -> (not shown)",
        "env MODE  fast -> slow",
        "resources.limits.memory  2Gi -> 1Gi",
    )
    assert templates.differences(old, old) == ()


def test_with_several_containers_each_line_says_whose_it_is() -> None:
    assert templates.differences(template("api:2", sidecar="envoy:1"), template("api:2", sidecar="envoy:2")) == (
        "image of proxy  envoy:1 -> envoy:2",
    )


def test_what_controllers_write_is_no_difference() -> None:
    one, two = template("api:1"), template("api:1")
    two["metadata"]["labels"]["pod-template-hash"] = "other"
    two["metadata"]["annotations"] = {"kubectl.kubernetes.io/restartedAt": "now"}
    assert templates.differences(one, two) == () and templates.digest(one) == templates.digest(two)
    assert templates.digest(one) != templates.digest(template("api:3"))


def test_many_differences_are_counted() -> None:
    lines = templates.differences(template("a", env={f"V{n}": "1" for n in range(30)}), template("a"))
    assert len(lines) == templates.MOST_LINES + 1 and lines[-1] == "and 18 more differences"


@pytest.mark.parametrize(
    ("strategy", "replicas", "words"),
    [
        ({"rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}, 3, ", one after another"),
        ({"rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}, 10, ", up to 5 at a time"),
        ({"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}, 40, ", one after another"),
        ({"type": "Recreate"}, 3, ", all at once: the old ones stop before new ones start"),
        ({"rollingUpdate": {}}, 1, ""),
    ],
)
def test_the_pace_of_a_rollout_is_told(strategy: dict[str, Any], replicas: int, words: str) -> None:
    assert changes.pace({"kind": "Deployment", "spec": {"replicas": replicas, "strategy": strategy}}) == words


def rollout(generation: int = 2, **status: Any) -> Any:
    metadata = {"name": "api", "generation": generation}
    return {"kind": "Deployment", "metadata": metadata, "spec": {"replicas": 3}, "status": status}


@pytest.mark.parametrize(
    ("workload", "said", "is_complete"),
    [
        (rollout(observedGeneration=1), "Waiting for the cluster to see", False),
        (rollout(observedGeneration=2, updatedReplicas=1, replicas=3), "1 of 3 pods of api have been updated", False),
        (rollout(observedGeneration=2, updatedReplicas=3, replicas=4), "1 old pods of api are still ending", False),
        (rollout(observedGeneration=2, updatedReplicas=3, replicas=3, availableReplicas=2), "2 of 3 updated", False),
        (rollout(observedGeneration=2, updatedReplicas=3, replicas=3, availableReplicas=3), "successfully", True),
    ],
)
def test_progress_is_judged_as_kubectl_does(workload: Any, said: str, *, is_complete: bool) -> None:
    progress = rollouts.judge(workload)
    assert said in progress.said and progress.is_complete is is_complete


def test_a_rollout_past_its_deadline_has_failed() -> None:
    conditions = [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]
    assert rollouts.judge(rollout(observedGeneration=2, conditions=conditions)).is_failed


@pytest.mark.parametrize(
    ("stamp", "words"), [("2026-01-01T00:00:00Z", "2d"), ("2026-01-02T23:59:18Z", "42s"), ("", "<unknown>")]
)
def test_ages_are_short(stamp: str, words: str) -> None:
    assert describing.age(stamp, datetime(2026, 1, 3, tzinfo=UTC)) == words


def test_usage_is_added_up_over_containers() -> None:
    pod = {
        "containers": [{"usage": {"cpu": "250m", "memory": "64Mi"}}, {"usage": {"cpu": "1500000n", "memory": "1Gi"}}]
    }
    used = rendering.usage(pod)
    assert rendering.cpu(used) == pytest.approx(251.5) and rendering.memory(used) == 1088 * 2**20

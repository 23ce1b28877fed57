"""Every hostile value in every slot of every kind of step, through the very executors of the running bot.

The parameter's own pattern lets everything pass, so nothing but the bot stands between the value and what it reaches.
SQL has its own round in tests/adapters/sql, because it needs real servers.
"""

import json
import os
import re
import shutil
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest

from bot import outside, settings
from bot.adapters.pipelines.filters import Filters
from bot.adapters.programs import running
from bot.adapters.programs.executor import Programs
from bot.adapters.system_clock import SystemClock
from bot.core import risk
from bot.core.commands import parsing
from bot.core.errors import Invalid
from bot.core.operations import Effect, Family, Operation, Tier
from bot.core.previews import Outcome, Performed
from bot.core.runbooks import Action, AllowedProgram, Checkpoint, Command, HttpCall, Library, Parameter
from bot.ports import Executor
from bot.sim.cluster.server import ClusterSim, RecordedRequest
from tests.adapters.http_calls.conftest import Receiver
from tests.adapters.http_calls.conftest import receiver as receiver
from tests.core import hostile

SOON = timedelta(seconds=10)
MOST = 10_000 if os.environ.get("TEST_EVERY_HOSTILE_VALUE") else 12
"""Every value is held against the text of every slot; so many of those that pass, spread evenly, go on to what runs."""

ANYTHING = {"v": Parameter("v", r"[\s\S]*")}
PATH = re.compile(
    r"/(?:api|apis|version|openapi/v[23])|/(?:api/v1|apis/[a-z0-9.]+(?:/v\d\w*)?)"
    r"(?:/(?:namespaces/[^/]+/)?[a-z]+(?:/[^/]+(?:/[a-z]+)?)?)?"
)

CLUSTER_SLOTS = [
    "kubectl get pods {v} -n production",
    "kubectl get pods -n {v}",
    "kubectl get {v} -n production",
    "kubectl get pods -n production -l {v}",
    "kubectl get pods -n production -l app={v}",
    "kubectl get pods -n production --field-selector=metadata.name={v}",
    "kubectl get deploy checkout -n production -o jsonpath={.metadata.labels.{v}}",
    "kubectl describe deploy/{v} -n production",
    "kubectl logs {v} -n production --tail=5",
    "kubectl logs deploy/checkout -n production -c {v} --tail=5",
    "kubectl top pod {v} -n production",
    "kubectl rollout history deploy/{v} -n production",
    "kubectl rollout restart deploy/{v} -n production",
    "kubectl scale deploy/{v} -n production --replicas=2",
    "kubectl delete pod {v} -n production",
    "kubectl delete pod -n production -l app={v}",
    "kubectl delete deploy {v} -n production",
    "kubectl exec -n production deploy/{v} -- redis-cli PING",
    "kubectl exec -n production deploy/redis-primary -c {v} -- redis-cli PING",
    "kubectl exec -n production deploy/redis-primary -- redis-cli GET {v}",
    "kubectl exec -n production deploy/redis-primary -- sh -c 'redis-cli GET {v}'",
    "kubectl label deploy/{v} -n production reviewed=yes",
    "kubectl set image deploy/{v} -n production checkout=checkout:1.9.0",
    "kubectl cordon {v}",
    "kubectl drain {v}",
    "kubectl wait pod/{v} -n production --for=condition=Ready --timeout=1s",
]
"""Of what changes something, those whose target is the value: no value is the name of anything here."""

SHOWN_SLOTS = [
    "kubectl rollout undo deploy/checkout -n production --to-revision={v}",
    "kubectl scale deploy/checkout -n production --replicas={v}",
    "kubectl label deploy/checkout -n production reviewed={v}",
    "kubectl annotate deploy/checkout -n production reviewed={v}",
    "kubectl set image deploy/checkout -n production checkout={v}",
    "kubectl set env deploy/checkout -n production MODE={v}",
    'kubectl patch deploy checkout -n production -p \'{"metadata":{"labels":{"x":"{v}"}}}\'',
    "kubectl taint node node-1 reviewed={v}:NoSchedule",
]
"""Of what changes something that exists: only its dry run is made."""


def operations(action: Action, programs: tuple[AllowedProgram, ...] = ()) -> list[tuple[str, Operation]]:
    """Values that get through the text, with the operation each gives."""
    found = list(_understood(action, programs))
    return found[:: -(-len(found) // MOST) or 1]


def _understood(action: Action, programs: tuple[AllowedProgram, ...]) -> Iterator[tuple[str, Operation]]:
    """What is refused is refused as Invalid, and nothing is judged less careful than a plain value."""
    plain = parsing.operation(action, values={"v": "plain"}, parameters=ANYTHING, programs=programs)
    lowest = risk.judge(plain)
    for value in hostile.VALUES:
        try:
            found = parsing.operation(action, values={"v": value}, parameters=ANYTHING, programs=programs)
        except Invalid as refusal:
            assert refusal.problem
            continue
        judgement = risk.judge(found)
        order = [*Tier]
        assert order.index(judgement.tier) >= order.index(lowest.tier) or not lowest.is_runnable, value
        assert found.kind == plain.kind or not judgement.is_runnable, (value, found.kind)
        if judgement.is_runnable:
            yield value, found


@pytest.fixture
async def cluster() -> AsyncIterator[ClusterSim]:
    sim = ClusterSim(life_interval_seconds=0)
    await sim.start()
    yield sim
    await sim.stop()


@pytest.fixture
async def executors(cluster: ClusterSim, receiver: Receiver, tmp_path: Path) -> AsyncIterator[dict[Family, Executor]]:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(cluster.kubeconfig("oncall"), "utf-8")
    allow = f"127.0.0.1:{receiver.port}"
    configured = settings.read_local({"KUBECONFIG": str(kubeconfig), "PAGETURNER_HTTP_ALLOW": allow})
    async with AsyncExitStack() as stack:
        yield outside.executors(configured, SystemClock(), stack, library=lambda: Library({}))


async def run(executor: Executor, operation: Operation) -> Performed | None:
    """None where the dry run already says that it cannot be done."""
    shown = await executor.preview(operation, timeout=SOON)
    if shown.problems:
        return None
    return await executor.perform(operation, shown, key="k", timeout=SOON)


def stays_in_place(request: RecordedRequest) -> bool:
    """One value is at most one segment of a path, and no path is walked out of."""
    segments = request.path.split("/")
    return PATH.fullmatch(request.path) is not None and ".." not in segments and "." not in segments


@pytest.mark.parametrize("text", CLUSTER_SLOTS)
async def test_F73_a_hostile_value_reaches_the_cluster_as_one_name_or_not_at_all(
    text: str, executors: dict[Family, Executor], cluster: ClusterSim
) -> None:
    is_exec = " exec " in text
    for value, operation in operations(Command(text)):
        done = await run(executors[Family.KUBERNETES], operation)
        assert done is None or done.outcome in (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.REFUSED), value
        assert all(stays_in_place(each) for each in cluster.requests), (value, [each.path for each in cluster.requests])
        changed = [each for each in cluster.writes if each.status < 300 and not (is_exec and "/exec" in each.path)]
        assert changed == [], value
        cluster.requests.clear()


@pytest.mark.parametrize("text", SHOWN_SLOTS)
async def test_F73_a_dry_run_with_a_hostile_value_changes_nothing_and_leaves_its_place(
    text: str, executors: dict[Family, Executor], cluster: ClusterSim
) -> None:
    before = cluster.state.version
    for value, operation in operations(Command(text)):
        await executors[Family.KUBERNETES].preview(operation, timeout=SOON)
        assert all(stays_in_place(each) for each in cluster.requests), value
        assert cluster.writes == [] and cluster.state.version == before, value
        cluster.requests.clear()


HTTP_SLOTS = [
    HttpCall("GET", "{base}/state/{v}/now"),
    HttpCall("GET", "{base}/state?name={v}&x=1"),
    HttpCall("GET", "{base}/state", headers={"X-Team": "{v}"}),
    HttpCall("POST", "{base}/state", json={"name": "{v}", "on": True}),
    HttpCall("POST", "{base}/state", body="name {v}."),
    HttpCall("GET", "http://{v}/state"),
]


@pytest.mark.parametrize("call", HTTP_SLOTS, ids=["path", "query", "header", "json", "body", "host"])
async def test_F73_a_hostile_value_stays_in_its_part_of_the_request(
    call: HttpCall, executors: dict[Family, Executor], receiver: Receiver
) -> None:
    base = f"http://127.0.0.1:{receiver.port}"
    placed = HttpCall(
        call.method, call.url.replace("{base}", base), headers=call.headers, json=call.json, body=call.body
    )
    for value, operation in operations(placed):
        receiver.seen.clear()
        await run(executors[Family.HTTP], operation)
        assert len(receiver.seen) <= 1, value
        for seen in receiver.seen:
            arrived(value, call, seen.path, seen.headers, seen.body)
            assert seen.method == call.method and seen.headers["Host"] == f"127.0.0.1:{receiver.port}"
    assert "{v}" not in call.url.partition("//")[2].partition("/")[0] or receiver.seen == []


def arrived(value: str, call: HttpCall, path: str, headers: dict[str, str], body: bytes) -> None:
    """Decoded at the other end, it is the value again, and nothing else has changed."""
    where, _, query = path.partition("?")
    if "/{v}/" in call.url:
        assert where.count("/") == 3 and unquote(where.split("/")[2]) == value
    elif "{v}" in call.url:
        assert query.count("&") == 1 and unquote(query.partition("&")[0].partition("=")[2]) == value
    else:
        assert path == "/state"
    if call.headers:
        # RFC 9110, section 5.5: white space around a field's value is not part of it
        assert headers["X-Team"].encode("utf-8", "surrogateescape").decode("utf-8") == value.strip(" \t")
    if call.json:
        assert json.loads(body) == {"name": value, "on": True}
    if call.body:
        assert body.decode() == f"name {value}."


@pytest.mark.parametrize("template", ["count {v}", "count --name={v}", "count x{v}y"])
async def test_F73_a_hostile_value_is_one_argument_of_a_declared_program(template: str, tmp_path: Path) -> None:
    script = tmp_path / "count"
    script.write_text('#!/bin/sh\nprintf "%s:%s" "$#" "$1"\n', "utf-8")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    words = tuple(template.split(" "))
    declared = AllowedProgram("count", words, Effect.WRITE, Tier.MEDIUM, parameters=ANYTHING)
    executor = Programs(lambda: ("count",), search_path=str(tmp_path))
    met = 0
    for value, operation in operations(Command(template), (declared,)):
        done = await run(executor, operation)
        assert done is not None
        assert done.output == f"1:{words[1].replace('{v}', value)}".rstrip("\n") or value != value.strip(), value
        met += 1
    assert met >= MOST // 2 or met > 50


FILTER_SLOTS = [
    "grep {v}",
    "grep -e {v}",
    "head -n {v}",
    "cut -d {v} -f1",
    "tr {v} x",
    "sort -k {v}",
    "awk '{print \"{v}\"}'",
    "sed s/x/{v}/",
    "sed {v}",
    "awk {v}",
    "jq .{v}",
    "jq -r '.[\"{v}\"]'",
]


@pytest.mark.parametrize("stage", FILTER_SLOTS)
async def test_F73_a_hostile_value_behind_a_pipe_sees_only_the_text_and_leaves_nothing(
    stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGETURNER_SECRET_CANARY", "canary-in-the-environment")
    monkeypatch.chdir(tmp_path)
    filters = Filters(running.run)
    for value, operation in operations(Command(f"kubectl get pods -n production | {stage}")):
        done = await filters.apply(operation.stages, '{"x": "a line"}\n', timeout=SOON)
        assert "root:" not in done.output and "canary" not in done.output, value
        assert done.outcome in (Outcome.SUCCEEDED, Outcome.FAILED), value
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - no path object, no blocking call of one


async def test_F73_a_hostile_value_in_a_question_is_only_text(executors: dict[Family, Executor]) -> None:
    for value, operation in operations(Checkpoint("Is {v} healthy?")):
        assert operation.text == f"Is {value} healthy?"
        done = await run(executors[Family.BOT], operation)
        assert done is not None and done.outcome is Outcome.SUCCEEDED


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
@pytest.mark.parametrize("text", ["kubectl get deploy,sts -n production -l app={v}", "kubectl get widgets {v} -n shop"])
async def test_F73_a_hostile_value_reaches_the_real_kubectl_as_one_argument(
    text: str, executors: dict[Family, Executor], cluster: ClusterSim
) -> None:
    for value, operation in operations(Command(text))[::4]:
        await run(executors[Family.KUBERNETES], operation)
        asked = [each for each in cluster.requests if not each.path.startswith("/as/")]
        assert all(stays_in_place(each) for each in asked), (value, [each.path for each in asked])
        assert cluster.writes == []
        cluster.requests.clear()

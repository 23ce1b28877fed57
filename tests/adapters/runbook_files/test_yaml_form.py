"""A YAML runbook becomes the core model, or says line by line what is wrong."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.runbook_files import yaml_form
from bot.core.alerts import Severity
from bot.core.ids import Digest
from bot.core.operations import Replay, Tier
from bot.core.runbooks import (
    Bound,
    Capture,
    Checkpoint,
    Command,
    Expectation,
    HttpCall,
    Level,
    OnFailure,
    Patience,
    Pause,
    Problem,
    Runbook,
    StepSpec,
    Verification,
)

WHOLE = """\
name: redis-connection-timeout
title: Redis connection timeout
owner: S0SRE                      # Slack user group id
match:
  all_words: [redis, connection, timeout]
  any_words: pool
  alert_names: [RedisConnectionTimeout]
  regex: 'pool of \\d+'
  labels: {team: payments}
  severity: [critical, P2]
  service: [api-gateway, user-service]
  environment: production
parameters:
  namespace: {from: labels.namespace, default: production, pattern: '[a-z0-9-]{1,63}', description: where}
max_level: 2
limits: {max_pod_restarts: 0, cache_operations: 1}
time_limit: 10m
approval_window: 90s
approvers:
  medium: {groups: [S0SRE]}
  high: {users: [U0ANA, W0BEN], quorum: 2, not_requester: true}
steps:
  - name: Flush the connection pool
    run: kubectl exec -n {namespace} deploy/redis-primary -- redis-cli FLUSHDB
    expect: {equals: OK}
    on_failure: continue
    timeout: 30s
    attempts: 1
  - name: Turn the fallback off
    risk: medium
    http: {method: post, url: 'http://flags.internal/api/redis-fallback', json: {on: false, n: 1}, replay: idempotent}
    expect: {status: 200, json_path: '$.on', equals: 'false'}
    undo: {http: {method: POST, url: 'http://flags.internal/api/redis-fallback', json: {on: true}}}
    verify:
      http: {url: 'http://flags.internal/api/redis-fallback'}
      expect: {contains: 'false'}
      within: 1m
    on_failure: undo
escalation: primary
notes: |
  Page the owners of redis.
"""
SMALL = "name: a\nsteps:\n  - name: b\n    run: kubectl get pods\n"


def problems(text: str) -> list[Problem]:
    loaded = yaml_form.load(text, path="x.yaml", digest=Digest("d"))
    assert (loaded.runbook is None) == bool(loaded.problems)
    return list(loaded.problems)


def runbook(text: str) -> Runbook:
    loaded = yaml_form.load(text, path="x.yaml", digest=Digest("d"))
    assert loaded.problems == ()
    assert loaded.runbook
    return loaded.runbook


def test_every_key_reaches_the_model() -> None:
    book = runbook(WHOLE)
    assert (book.name, book.title, book.owner, book.path, book.digest) == (
        "redis-connection-timeout", "Redis connection timeout", "S0SRE", "x.yaml", "d",
    )  # fmt: skip
    assert book.match.all_words == ("redis", "connection", "timeout")
    assert book.match.any_words == ("pool",)
    assert book.match.severity == (Severity.CRITICAL, Severity.HIGH)
    assert book.match.labels == {"team": "payments"}
    assert book.match.environment == ("production",)
    assert book.parameters["namespace"].origin == "labels.namespace"
    assert book.max_level is Level.CONDITIONAL
    assert book.limits == {"pod_restarts": 0, "cache_operations": 1}
    assert (book.time_limit, book.approval_window) == (timedelta(minutes=10), timedelta(seconds=90))
    assert book.approvers[Tier.MEDIUM].groups == {"S0SRE"}
    assert (book.approvers[Tier.HIGH].quorum, book.approvers[Tier.HIGH].not_requester) == (2, True)
    assert (book.escalation, book.notes) == ("primary", "Page the owners of redis.")


def test_every_key_of_a_step_reaches_the_model() -> None:
    flush, fallback = runbook(WHOLE).steps
    assert flush.action == Command("kubectl exec -n {namespace} deploy/redis-primary -- redis-cli FLUSHDB")
    assert (flush.expect.equals, flush.on_failure, flush.attempts) == ("OK", OnFailure.CONTINUE, 1)
    assert (flush.timeout, flush.line) == (timedelta(seconds=30), 23)
    assert isinstance(fallback.action, HttpCall)
    assert (fallback.action.method, fallback.action.json) == ("POST", {"on": False, "n": 1})
    assert (fallback.action.replay, fallback.risk) == (Replay.IDEMPOTENT, Tier.MEDIUM)
    assert isinstance(fallback.undo, HttpCall)
    assert fallback.undo.json == {"on": True}
    assert fallback.verify
    assert fallback.verify.within == timedelta(minutes=1)
    assert (fallback.expect.status, fallback.on_failure) == (200, OnFailure.UNDO)


def test_what_is_left_out_gets_the_careful_default() -> None:
    book = runbook(SMALL)
    assert (book.title, book.max_level, book.limits, book.approvers) == ("A", Level.ASSISTED, {}, {})
    assert book.steps[0].on_failure is OnFailure.ESCALATE


def test_the_runbook_of_the_guide_loads() -> None:
    guide = (Path(__file__).parents[3] / "runbooks" / "README.md").read_text()
    examples = re.findall(r"```yaml\n(name: .*?)```", guide, re.DOTALL)
    assert examples
    for example in examples:
        runbook(example)


@pytest.mark.parametrize(
    ("text", "line", "key", "remedy"),
    [
        (SMALL + "titel: x\n", 5, "titel", 'did you mean "title"?'),
        (SMALL + "match: {all_word: [x]}\n", 5, "match.all_word", 'did you mean "all_words"?'),
        (SMALL + "match:\n  severity: hgih\n", 6, "match.severity[1]", 'did you mean "high"?'),
        (SMALL + "match: {regex: (a+)+$}\n", 5, "match.regex", "bound"),
        (SMALL + "match: {all_words: ['%%']}\n", 5, "match.all_words[1]", "a word"),
        (SMALL + "parameters:\n  ns: {form: labels.x}\n", 6, "parameters.ns.form", 'did you mean "from"?'),
        (SMALL + "parameters: {ns: {from: label.x}}\n", 5, "parameters.ns.from", "labels.NAME"),
        (SMALL + "parameters: {ns: {pattern: '[a'}}\n", 5, "parameters.ns.pattern", "re.html"),
        (SMALL + "parameters: {ns: {pattern: '(a*)*'}}\n", 5, "parameters.ns.pattern", "bound"),
        (SMALL + "parameters: {9x: {}}\n", 5, "parameters.9x", "letters"),
        (SMALL + "max_level: 4\n", 5, "max_level", "0 advisory"),
        (SMALL + "max_level: true\n", 5, "max_level", "0 advisory"),
        (SMALL + "limits: {pod_restarts: -1}\n", 5, "limits.pod_restarts", ""),
        (SMALL + "limits: {pod_restarts: '1'}\n", 5, "limits.pod_restarts", "without quotes"),
        (SMALL + "limits: {pod_restarts: 1, max_pod_restarts: 2}\n", 5, "limits", "one of them"),
        (SMALL + "limits: {replicas: {incidents: 1}}\n", 5, "limits.replicas.incidents", 'did you mean "incident"'),
        (SMALL + "limits: {pod_restarts: {percent: 101}}\n", 5, "limits.pod_restarts.percent", ""),
        (SMALL + "limits: {pod_restarts: {windows: {1d: 3}}}\n", 5, "limits.pod_restarts.windows.1d", "90s, 10m"),
        (SMALL + "limits: {pod_restarts: {windows: {25h: 3}}}\n", 5, "limits.pod_restarts.windows.25h", "24h"),
        (SMALL + "time_limit: 600\n", 5, "time_limit", "10m"),
        (SMALL + "time_limit: soon\n", 5, "time_limit", "10m"),
        (SMALL + "approvers: {medium: {}}\n", 5, "approvers.medium", "default"),
        (SMALL + "approvers: {medium: {groups: []}}\n", 5, "approvers.medium", "default"),
        (SMALL + "approvers: {low: {users: [U0ANA]}}\n", 5, "approvers.low", "medium or high"),
        (SMALL + "approvers: {medium: {groups: [sre]}}\n", 5, "approvers.medium.groups[1]", "never a name"),
        (SMALL + "approvers: {high: {users: [U0ANA, U0ANA], quorum: 2}}\n", 5, "approvers.high", "quorum"),
        (SMALL + "    on_failure: panic\n", 5, "steps[1].on_failure", "continue"),
        (SMALL + "    expect: {equal: OK}\n", 5, "steps[1].expect.equal", 'did you mean "equals"?'),
        (SMALL + "    expect: {equals: 1}\n", 5, "steps[1].expect.equals", "quotes"),
        (SMALL + "    expect: {regex: '(a*)*b'}\n", 5, "steps[1].expect.regex", "bound"),
        (SMALL + "    expect: {json_path: 'a b'}\n", 5, "steps[1].expect.json_path", "$.status"),
        (SMALL + "    expect: {status: 200}\n", 5, "steps[1].expect.status", "exit_code"),
        (SMALL + "    http: {url: http://x}\n", 3, "steps[1]", "one of them"),
        (SMALL + "    undo: {}\n", 5, "steps[1].undo", "one of them"),
        (SMALL + "    verify: {run: kubectl get pods}\n", 5, "steps[1].verify", "expect"),
        (SMALL + "    attempts: 0\n", 5, "steps[1].attempts", ""),
        (SMALL + "    risk: extreme\n", 5, "steps[1].risk", "medium"),
        (SMALL + "name: twice\n", 5, "name", "remove"),
        ("name: Bad Name\nsteps: [{name: b, run: x}]\n", 1, "name", "lower-case"),
        ("name: a\n", 1, "steps", "add it"),
        ("name: a\nsteps: []\n", 2, "steps", "at least one"),
        ("name: a\nsteps: {name: b}\n", 2, "steps", "dash"),
        ("name: a\nsteps: [b]\n", 2, "steps[1]", "below it"),
        ("- name: a\n", 1, "", "begin with name"),
        ("", 1, "", "begin with name"),
    ],
)  # fmt: skip
def test_F62_every_problem_names_line_key_and_remedy(text: str, line: int, key: str, remedy: str) -> None:
    found = problems(text)
    assert [(problem.path, problem.line, problem.key) for problem in found] == [("x.yaml", line, key)]
    assert remedy in found[0].remedy


def test_all_problems_of_a_file_are_reported_at_once() -> None:
    found = problems("name: A B\ntitel: x\nsteps:\n  - run: y\n    on_failure: panic\n")
    assert [problem.line for problem in found] == [1, 2, 4, 5]


@given(st.text(max_size=300))
def test_F62_no_text_whatever_breaks_the_loader(text: str) -> None:
    loaded = yaml_form.load(f"{text}\n", path="x.yaml", digest=Digest("d"))
    assert loaded.runbook is None
    assert loaded.problems


def test_a_limit_may_reach_beyond_the_incident() -> None:
    pods = "pod_restarts: {incident: 3, percent: 50, windows: {1h: 6, 24h: 20}}"
    book = runbook(f"{SMALL}limits: {{{pods}, nodes_drained: {{windows: {{1h: 1}}}}}}\n")
    assert book.limits == {"pod_restarts": 3}
    hour, day = timedelta(hours=1), timedelta(hours=24)
    assert book.bounds == {"nodes_drained": Bound(None, {hour: 1}), "pod_restarts": Bound(50, {hour: 6, day: 20})}


STEPS = "name: a\nsteps:\n"


def _seconds(count: int) -> timedelta:
    return timedelta(seconds=count)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("checkpoint: Is it safe?", StepSpec("s", Checkpoint("Is it safe?"), line=3)),
        (
            "wait: {for: 30s}",
            StepSpec("s", Pause(_seconds(30)), patience=Patience(_seconds(30), _seconds(30)), line=3),
        ),
        (
            "wait: {until: {run: kubectl get pods, expect: {contains: Running}}, within: 2m, every: 10s}",
            StepSpec(
                "s",
                Command("kubectl get pods"),
                Expectation(contains="Running"),
                patience=Patience(_seconds(120), _seconds(10)),
                line=3,
            ),
        ),
        (
            "run: kubectl get pods -o name\n    capture: {name: pod, pattern: '[a-z/]+'}",
            StepSpec("s", Command("kubectl get pods -o name"), capture=Capture("pod", "[a-z/]+"), line=3),
        ),
        (
            "run: kubectl cordon n\n    probe: {run: kubectl get node n, expect: {contains: Disabled}}",
            StepSpec(
                "s",
                Command("kubectl cordon n"),
                probe=Verification(Command("kubectl get node n"), Expectation(contains="Disabled"), _seconds(0)),
                line=3,
            ),
        ),
    ],
)
def test_a_step_may_ask_wait_find_and_probe(step: str, expected: StepSpec) -> None:
    assert runbook(f"{STEPS}  - name: s\n    {step}\n").steps == (expected,)


@pytest.mark.parametrize(
    ("step", "key", "remedy"),
    [
        ("checkpoint: Is it?\n    run: kubectl get pods", "steps[1]", "keep one"),
        ("checkpoint: Is it?\n    expect: {equals: x}", "steps[1].expect", "leave it out"),
        ("wait: {for: 30s}\n    expect: {equals: x}", "steps[1].expect", "under until"),
        ("wait: {for: 30s, within: 1m}", "steps[1].wait", "leave them out"),
        ("wait: {}", "steps[1].wait", "keep one"),
        ("wait: {until: {run: kubectl get pods}}", "steps[1].wait.until", "add expect"),
        ("wait: {until: {run: kubectl get pods, expect: {equals: x}}, every: 1s}", "steps[1].wait.every", "5s"),
        ("wait: {until: {run: kubectl get pods, expect: {equals: x}}, within: 2h}", "steps[1].wait.within", "1h"),
        ("run: kubectl get pods\n    capture: {nam: x}", "steps[1].capture.nam", 'mean "name"'),
        ("run: kubectl get pods\n    capture: {name: x, pattern: '(a+)+'}", "steps[1].capture.pattern", "bound"),
        ("run: kubectl cordon n\n    probe: {run: kubectl get node n}", "steps[1].probe", "add expect"),
    ],
)
def test_a_question_a_wait_and_a_search_have_only_what_means_something(step: str, key: str, remedy: str) -> None:
    found = problems(f"{STEPS}  - name: s\n    {step}\n")
    assert any(each.key == key and remedy in each.remedy for each in found), [str(each) for each in found]

"""Markdown runbooks as teams write them: forgiving in layout, strict in meaning."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.runbook_files import markdown_form, markdown_steps
from bot.core.alerts import Severity
from bot.core.errors import Invalid
from bot.core.ids import Digest
from bot.core.operations import Tier
from bot.core.runbooks import Checkpoint, Command, Expectation, Level, OnFailure, Patience, Pause, Problem, Runbook

FLUSH = "kubectl exec -n production deploy/redis-primary -- redis-cli FLUSHDB"
HEALTH = "kubectl exec -n production deploy/api-gateway -- curl -s localhost:8080/health | jq .redis"
PLAIN = f"""\
# Runbook: Redis Connection Timeout

## Trigger Conditions
- Alert contains: "redis", "connection", "timeout"
- Severity: high or critical
- Service: api-gateway, user-service

## Blast Radius
- max_pod_restarts: 0
- max_cache_operations: 1
- requires_human_approval: false

## Steps

### Step 1: Flush connection pool
```bash
{FLUSH}
```
Expected output: "OK"
Failure action: continue

### Step 2: Verify connections restored
```bash
{HEALTH}
```
Expected output: contains "connected"
Failure action: escalate

## Escalation
If step 2 fails, page the owners of redis.
"""
OTHER_LAYOUTS: dict[str, list[tuple[str, str]]] = {
    "fences left open": [("```\nExpected", "Expected")],
    "a fence left open before the next heading": [
        ('```\nExpected output: "OK"\nFailure action: continue\n', 'Expected output: "OK"\nFailure action: continue\n')
    ],
    "both facts on one line": [("\nFailure action", " Failure action")],
    "facts with full stops": [('"OK"\nFailure action: continue', '"OK". Failure action: continue.')],
    "facts in a list": [("Expected output", "- Expected output"), ("Failure action", "- Failure action")],
    "facts in bold": [("Expected output:", "**Expected output:**"), ("Failure action:", "**Failure action**:")],
    "facts in a list in bold": [
        ("Expected output:", "\n* **Expected output**:"),
        ("Failure action:", "* *Failure action:*"),
    ],
    "facts as code": [('"OK"', "`OK`"), ('"connected"', "`connected`"), (": continue", ": `continue`")],
    "without quotes": [('"OK"', "OK"), ('"connected"', "connected")],
    "typographic quotes": [('"redis"', "“redis”"), ('"OK"', "“OK”")],
    "other case": [
        ("Expected output", "EXPECTED OUTPUT"),
        ("escalate", "Escalate"),
        ("## Trigger Conditions", "## TRIGGER conditions"),
    ],
    "colons on headings": [("## Steps", "## Steps:"), ("## Blast Radius", "## Blast radius:")],
    "other bullets": [("\n- ", "\n* ")],
    "numbered conditions": [("\n- Alert", "\n1. Alert"), ("\n- Severity", "\n2. Severity")],
    "bold keys": [("- Severity:", "- **Severity**:"), ("- max_pod_restarts:", "- **max_pod_restarts:**")],
    "keys as code": [
        ("max_pod_restarts:", "`max_pod_restarts`:"),
        ("max_cache_operations: 1", "`max_cache_operations: 1`"),
    ],
    "remarks behind values": [("operations: 1", "operations: 1 (one flush)"), ("restarts: 0", "restarts: 0  # none")],
    "keys in words": [
        ("max_pod_restarts", "Max pod restarts"),
        ("requires_human_approval: false", "Requires human approval: no"),
    ],
    "contains without a colon": [("Alert contains:", "Alert contains")],
    "words joined by and": [('"redis", "connection", "timeout"', '"redis" and "connection" and "timeout"')],
    "conditions on one line": [("\n- Service", "; Service")],
    "steps as bold text": [
        ("### Step 1: Flush connection pool", "**Step 1: Flush connection pool**\n"),
        ("### Step 2: Verify connections restored", "**Step 2: Verify connections restored**\n"),
    ],
    "steps with other signs": [("Step 1:", "Step 1 -"), ("Step 2:", "Step 2.")],
    "numbered headings": [("Step 1:", "1."), ("Step 2:", "2)")],
    "steps one level up": [("### Step", "## Step")],
    "deeper steps": [("### Step", "#### Step")],
    "another kind of fence": [("```bash", "~~~sh"), ("```", "~~~")],
    "a prompt": [("\nkubectl", "\n$ kubectl")],
    "comments in the fence": [("```bash", "```bash\n# careful now\n")],
    "a command over two lines": [(" -- redis-cli", " \\\n    -- redis-cli"), (" | jq", " |\n  jq")],
    "a bar on the next line": [(" | jq", "\n  | jq")],
    "fences in a list": [(f"```bash\n{FLUSH}\n```", f"- run this:\n\n  ```bash\n  {FLUSH}\n  ```\n")],
    "carriage returns": [("\n", "\r\n")],
    "rules between sections": [("\n## Steps", "\n---\n\n## Steps")],
    "a rule right below a fact": [("action: continue\n", "action: continue\n---\n")],
    "remarks in HTML": [("## Steps", "<!-- below: what to do -->\n\n## Steps")],
    "prose everywhere": [
        ("## Trigger Conditions\n", "## Trigger Conditions\nThis applies when all of this is true:\n\n"),
        ("```bash", "This is safe.\n\n```bash"),
    ],
    "an expected block": [('Expected output: "OK"', "Expected output:\n\n```\nOK\n```\n")],
    "a title without the word": [("# Runbook: ", "# ")],
    "a background section": [("## Steps", "## Background\nRead this first.\n\n## Steps")],
}
"""What is replaced by what in the plain form."""


def load(text: str) -> tuple[Runbook | None, list[Problem]]:
    loaded = markdown_form.load(text, path="x.md", digest=Digest("d"))
    return loaded.runbook, list(loaded.problems)


def runbook(text: str) -> Runbook:
    book, problems = load(text)
    assert problems == []
    assert book
    return book


def meaning(book: Runbook) -> object:
    steps = [(s.name, s.action, s.expect, s.on_failure) for s in book.steps]
    return book.name, book.title, book.match, book.limits, book.max_level, steps


def test_the_plain_form_means_what_it_says() -> None:
    book = runbook(PLAIN)
    assert (book.name, book.title) == ("redis-connection-timeout", "Redis Connection Timeout")
    assert book.match.all_words == ("redis", "connection", "timeout")
    assert book.match.severity == (Severity.HIGH, Severity.CRITICAL)
    assert book.match.service == ("api-gateway", "user-service")
    assert book.limits == {"pod_restarts": 0, "cache_operations": 1}
    assert book.max_level is Level.CONDITIONAL
    assert book.notes == "If step 2 fails, page the owners of redis."
    flush, verify = book.steps
    assert (flush.name, flush.action, flush.on_failure) == ("Flush connection pool", Command(FLUSH), OnFailure.CONTINUE)
    assert (flush.expect, flush.line) == (Expectation(equals="OK"), 17)
    assert (verify.action, verify.on_failure) == (Command(HEALTH), OnFailure.ESCALATE)
    assert verify.expect == Expectation(contains="connected")


@pytest.mark.parametrize("layout", OTHER_LAYOUTS)
def test_another_layout_means_the_same(layout: str) -> None:
    changed = PLAIN
    for old, new in OTHER_LAYOUTS[layout]:
        assert old in changed
        changed = changed.replace(old, new)
    book = runbook(changed)
    assert meaning(book) == meaning(runbook(PLAIN))


def test_required_approval_asks_for_level_one() -> None:
    assert runbook(PLAIN.replace("approval: false", "approval: true")).max_level is Level.ASSISTED
    assert runbook(PLAIN.replace("- requires_human_approval: false\n", "")).max_level is Level.ASSISTED


def test_an_unknown_maximum_is_a_counter_of_its_own() -> None:
    assert runbook(PLAIN.replace("max_pod_restarts: 0", "max_flag_changes: 3")).limits["flag_changes"] == 3


def test_or_between_words_means_any_of_them() -> None:
    book = runbook(PLAIN.replace('"redis", "connection", "timeout"', '"redis" or "valkey"'))
    assert (book.match.all_words, book.match.any_words) == ((), ("redis", "valkey"))


def test_other_conditions_are_read() -> None:
    more = (
        "- Environment: production\n- Alert name: RedisDown\n- Alert matches: /pool of \\d+/\n"
        "- Labels: team=payments, tier: 1\n"
    )
    match = runbook(PLAIN.replace("## Blast", more + "\n## Blast")).match
    assert (match.environment, match.alert_names, match.regex) == (("production",), ("RedisDown",), r"pool of \d+")
    assert match.labels == {"team": "payments", "tier": "1"}


def test_several_lines_in_a_fence_are_several_steps_in_order() -> None:
    book = runbook(PLAIN.replace(FLUSH, f"kubectl get pods -n production\n{FLUSH}"))
    assert [step.name for step in book.steps] == [
        "Flush connection pool (1a)", "Flush connection pool (1b)", "Verify connections restored",
    ]  # fmt: skip
    assert [step.expect for step in book.steps[:2]] == [Expectation(), Expectation(equals="OK")]
    assert [step.on_failure for step in book.steps[:2]] == [OnFailure.CONTINUE, OnFailure.CONTINUE]
    assert [step.line for step in book.steps] == [17, 18, 25]


def test_placeholders_become_parameters_from_the_labels_of_the_alert() -> None:
    book = runbook(PLAIN.replace("-n production deploy/redis", "-n {namespace} deploy/{service}"))
    assert book.parameters["namespace"].origin == "labels.namespace"
    assert book.parameters["namespace"].pattern == "[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?"
    assert book.parameters["service"].origin == "service"


def test_declared_parameters_keep_what_they_say() -> None:
    declared = "- `namespace`: from labels.ns, default production, pattern `[a-z]+`, where redis lives"
    section = f"## Parameters\n{declared}\n\n## Steps"
    book = runbook(PLAIN.replace("## Steps", section).replace("-n production", "-n {namespace}"))
    parameter = book.parameters["namespace"]
    assert (parameter.origin, parameter.default, parameter.pattern) == ("labels.ns", "production", "[a-z]+")
    assert parameter.description == "where redis lives"


def test_approvers_owner_and_times_are_read() -> None:
    text = PLAIN.replace("## Trigger", "Owner: S0SRE. Time limit: 5 minutes\n\n## Trigger", 1).replace(
        "## Steps", "## Approvers\n- Medium: S0SRE, U0ANA\n- high: S0LEADS, quorum 2, not the requester\n\n## Steps"
    )
    book = runbook(text)
    assert (book.owner, book.time_limit) == ("S0SRE", timedelta(minutes=5))
    assert str(book.approvers[Tier.MEDIUM]) == "S0SRE, U0ANA"
    assert (book.approvers[Tier.HIGH].quorum, book.approvers[Tier.HIGH].not_requester) == (2, True)


def test_risk_undo_timeout_and_attempts_are_read() -> None:
    facts = 'Expected output: "OK"\nRisk: high\nUndo: `kubectl get pods`\nTimeout: 90s\nAttempts: 1'
    step = runbook(PLAIN.replace('Expected output: "OK"', facts)).steps[0]
    assert (step.risk, step.undo, step.attempts) == (Tier.HIGH, Command("kubectl get pods"), 1)
    assert step.timeout == timedelta(seconds=90)


def test_the_escalation_names_its_policy() -> None:
    assert runbook(PLAIN.replace("If step 2", "Escalate to: primary\n\nIf step 2")).escalation == "primary"


@pytest.mark.parametrize(
    ("old", "new", "line", "remedy"),
    [
        ("Failure action: continue", "Failure action: panic", 20, "continue"),
        ("Failure action: continue", "Failure acton: continue", 20, 'did you mean "failure action"?'),
        ("Failure action: continue", "Failure action: continue\nFailure action: escalate", 21, "one of them"),
        ('Expected output: "OK"', "Expected output: the cache is empty", 19, "quotes"),
        ('Expected output: "OK"', "Expected output: contains one of these", 19, "quotes"),
        ('Expected output: "OK"', "Expected output: matches /(a+)+$/", 19, "bound"),
        ('Expected output: "OK"', "Expected output: exit code 900", 19, "digits"),
        ('Expected output: "OK"', 'Expected output: "OK" and "fine"', 19, "two steps"),
        (f"```bash\n{FLUSH}\n```\n", "", 15, "fenced block"),
        (f"```bash\n{FLUSH}", f"```python\n{FLUSH}", 16, "bash"),
        ("max_pod_restarts: 0", "max_pod_restarts: few", 9, "digits"),
        ("max_pod_restarts: 0", "max_pod_restarts: -1", 9, "digits"),
        ("max_pod_restarts: 0", "pod_restarts: 0", 9, "max_pod_restarts"),
        ("max_pod_restarts: 0", "as little as possible", 9, "max_<counter>"),
        ("approval: false", "approval: maybe", 11, "true or false"),
        ("Severity: high or critical", "Severity: hgih", 5, 'did you mean "high"?'),
        ("Severity: high or critical", "Sevrity: high", 5, 'did you mean "severity"?'),
        ("Severity: high or critical", "Error rate above 5%", 5, "Notes"),
        ("Severity: high or critical", "Alert matches: /(a+)+$/", 5, "bound"),
        ('"redis", "connection"', '"redis" or "connection" and "x"', 4, "one line for all"),
        ("Service: api-gateway, user-service", "Service: the api gateway", 6, "commas"),
        ("## Trigger Conditions", "## Triger Condition", 3, 'did you mean "trigger condition"?'),
        ("## Escalation", "## Rollback\n```bash\nkubectl get pods\n```\n## Escalation", 30, "## Steps"),
        ("## Escalation", "## Approvers\n- sre: S0SRE\n## Escalation", 30, "medium"),
        ("## Escalation", "## Approvers\n- medium: ana\n## Escalation", 30, "Slack ids"),
        ("## Escalation", "## Parameters\n- namespace: from nowhere\n## Escalation", 30, "labels.X"),
        ("# Runbook: Redis Connection Timeout\n", "\n", 1, "begin with"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_a_problem_with_line_and_remedy(old: str, new: str, line: int, remedy: str) -> None:
    assert old in PLAIN
    book, problems = load(PLAIN.replace(old, new, 1))
    assert book is None
    assert any(problem.line == line and remedy in problem.remedy for problem in problems), problems


def test_a_file_without_steps_is_a_problem() -> None:
    _, problems = load("# Runbook: x\n\n## Trigger\n- Severity: high\n")
    assert [problem.key for problem in problems] == ["steps"]


def test_prose_about_a_dry_run_is_no_command() -> None:
    book = runbook(PLAIN.replace("### Step 2", "Dry run: see the wiki.\n\n### Step 2"))
    assert len(book.steps) == 2


def test_a_label_inside_a_command_stays_in_the_command() -> None:
    command = "kubectl logs -n production deploy/api-gateway | grep 'Expected output: 3'"
    assert runbook(PLAIN.replace(FLUSH, command)).steps[0].action == Command(command)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"OK"', Expectation(equals="OK")),
        ('`"OK"`', Expectation(equals="OK")),
        ("equals `a and b`", Expectation(equals="a and b")),
        ('contains "a", exit code 0', Expectation(contains="a", exit_code=0)),
        ("matches /^ready: [0-9]+$/ and exit status 1", Expectation(regex="^ready: [0-9]+$", exit_code=1)),
        ("The output includes “ready”", Expectation(contains="ready")),
        ("empty", Expectation(equals="")),
        ("3", Expectation(equals="3")),
    ],
)
def test_expectations_are_read_as_written(value: str, expected: Expectation) -> None:
    assert markdown_steps.expectation(value) == expected


@pytest.mark.parametrize("value", ["", "it works", "does not contain x", 'contains "a" or "b"', "status 200"])
def test_expectations_that_could_mean_anything_are_refused(value: str) -> None:
    with pytest.raises(Invalid) as refusal:
        markdown_steps.expectation(value)
    assert refusal.value.remedy


@given(st.text(alphabet=st.characters(exclude_characters='"\n\r', exclude_categories=["Cs", "Cc"]), max_size=60))
def test_whatever_stands_in_quotes_is_expected_to_the_letter(text: str) -> None:
    read = markdown_steps.expectation(f'contains "x{text}x"')
    assert read == Expectation(contains=f"x{text}x")


@given(st.text(max_size=300))
def test_F62_no_text_whatever_breaks_the_loader(text: str) -> None:
    book, problems = load(text)
    assert book is None
    assert problems


PARTS = [line for line in PLAIN.splitlines() if line]


@given(st.lists(st.sampled_from([*PARTS, "", "```", "- ", "**", "> quote", "    indented", "Step 3: x"]), max_size=25))
def test_lines_in_any_order_load_or_say_why_not(lines: list[str]) -> None:
    book, problems = load("\n".join(lines))
    assert (book is None) == bool(problems)
    assert all(1 <= problem.line <= max(1, len(lines)) for problem in problems)


def test_the_shipped_redis_runbook_has_this_form() -> None:
    text = (Path(__file__).parents[3] / "runbooks" / "redis-connection-timeout.md").read_text()
    book = runbook(text)
    assert [step.action for step in book.steps] == [Command(FLUSH), Command(HEALTH)]


# --- what a shell would string together ------------------------------------------------------------------------------

SHELL = """\
# Runbook: Stuck pod
## Trigger Conditions
- Alert name: PodStuck
## Steps
### Step 1: Find it
```bash
NS=production
export POD="$(kubectl get pods -n $NS -l app=api -o name | head -1)"
kubectl describe $POD -n ${NS} && kubectl logs "$POD" -n $NS 2>/dev/null | tail -5
```
### Step 2: Ask
Checkpoint: Is it really stuck?
### Step 3: Replace it
```bash
kubectl delete pod $(kubectl get pods -n $NS -l app=api -o name | head -1 | cut -d/ -f2) -n $NS
```
### Step 4: Let it start
Wait: 30s
### Step 5: See it run
```bash
kubectl get pods -n production
```
Expected output: contains "Running"
Wait: up to 3m, every 20s
"""


def test_variables_and_strung_commands_become_steps_that_are_each_shown() -> None:
    book = runbook(SHELL)
    pods = "kubectl get pods -n production -l app=api -o name | head -1"
    assert [(step.action, step.capture.name if step.capture else "") for step in book.steps] == [
        (Command(pods), "POD"),
        (Command("kubectl describe {POD} -n production"), ""),
        (Command("kubectl logs {POD} -n production | tail -5"), ""),
        (Checkpoint("Is it really stuck?"), ""),
        (Command(f"{pods} | cut -d/ -f2"), "found_1"),
        (Command("kubectl delete pod {found_1} -n production"), ""),
        (Pause(timedelta(seconds=30)), ""),
        (Command("kubectl get pods -n production"), ""),
    ]
    assert book.parameters == {}
    assert book.steps[0].name == "Find it (1a)" and book.steps[2].name == "Find it (1c)"
    assert book.steps[7].patience == Patience(timedelta(minutes=3), timedelta(seconds=20))
    assert book.steps[7].expect == Expectation(contains="Running")


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        ("Wait: soon", "not a wait"),
        ("Wait: up to 3m, every 1s", "out of range"),
        ("Wait: up to 3h", "out of range"),
        ("Checkpoint: Really?", "a step of its own"),
    ],
)
def test_a_wait_and_a_question_that_mean_nothing_are_told(fact: str, said: str) -> None:
    found = load(SHELL.replace("Wait: up to 3m, every 20s", fact))[1]
    assert any(said in each.message for each in found)

"""Seeded bugs: each guard is taken out in turn, in a copy of the code, and a named test must fall.

Run by hand: `python -m tests.mutations [WORD]`. Prints a table of guard and fallen test; exits 1 when a bug survives or
a guard is not where it was. Guards that stand twice are not listed: that high steps never run alone is held by the
ladder, by `_may_run_alone` and by the guards, and taking out one of them changes nothing.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("bot", "tests", "runbooks", "pyproject.toml", "manifest.yml", "README.md", "deploy")
_FALLEN = re.compile(r"^FAILED \S+?::(\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Mutant:
    """`before` stands exactly once in the file; `tests` are what is run against the bug."""

    guard: str
    path: str
    before: str
    after: str
    tests: str


ACCOUNTS = "tests/flow/test_accounting.py"
SPOKEN = "tests/flow/test_announcing.py"
NIGHTS, RUNNER = "tests/simulation/test_night.py", "bot/flow/executing.py"
POLICIES, GUARDS, EARNING = "bot/core/policies.py", "bot/core/guards.py", "bot/flow/earning.py"
LADDER, LEVELS, STOPS, ROAD, WAVES, RECORD, FLOODS = (
    "tests/core/test_policies.py",
    "tests/flow/test_earning.py",
    "tests/flow/test_freezing.py",
    "tests/flow/test_road.py",
    "tests/flow/test_waves.py",
    "tests/flow/test_attesting.py",
    "tests/flow/test_floods.py",
)

MUTANTS = (
    Mutant(
        "the chain",
        "bot/core/chaining.py",
        "if not hmac.compare_digest(",
        "if False and (",
        RECORD,
    ),
    Mutant(
        "high-water mark",
        "bot/flow/intake.py",
        "if self.backlog + len(deliveries) > self.high_water:",
        "if False:",
        FLOODS,
    ),
    Mutant("a key of ours", "bot/core/chaining.py", "            if self.keys:", "            if False:", RECORD),
    Mutant("newest entries keyed", "bot/flow/attesting.py", "and not walked.last_key:", "and False:", RECORD),
    Mutant("a chain taken away", "bot/flow/attesting.py", "if self._is_rechained else []", "if False else []", RECORD),
    Mutant("glass and the record", "bot/flow/freezing.py", "or each.by == freezes.RECORD", "or False", STOPS),
    Mutant("checkpoints", "bot/core/checkpoints.py", "if each.count > count:", "if False:", RECORD),
    Mutant("the key of the chain", "bot/core/chaining.py", "if not entry.key and self.was_keyed:", "if False:", RECORD),
    Mutant(
        "policies of the service",
        "bot/adapters/cedar/slices.py",
        "for name in (None, *resources)",
        "for name in (None,)",
        "tests/adapters/cedar/test_slices.py",
    ),
    Mutant(
        "types of what policy is asked",
        "bot/adapters/cedar/policies.py",
        "return type(value).__name__",
        "return None",
        "tests/adapters/cedar/test_policies.py",
    ),
    Mutant(
        "one version's texts",
        "bot/flow/reading.py",
        "known is None or known.runbook is not runbook",
        "known is None",
        "tests/flow/test_reading.py",
    ),
    Mutant(
        "a redelivered alert",
        "bot/adapters/sqlite/writes.py",
        "if delivery.key and _is_seen(known, _key(delivery), delivery.received_at):",
        "if False:",
        "tests/adapters/sqlite/test_store.py",
    ),
    Mutant(
        "compare and set",
        "bot/adapters/sqlite/writes.py",
        "if stored != commit.expected_version:",
        "if False:",
        "tests/adapters/sqlite/test_store.py",
    ),
    Mutant("limits at the claim", RUNNER, "        if not over:", "        if True:", ACCOUNTS),
    Mutant(
        "secrets in what is stored",
        RUNNER,
        "return inert(self._redactor.redact(text), limit)",
        "return inert(text, limit)",
        ROAD,
    ),
    Mutant(
        "control characters", "bot/core/inert.py", 'text = _HIDDEN.sub("", text)', "pass", "tests/core/test_inert.py"
    ),
    Mutant(
        "escaping",
        "bot/adapters/slack/inert.py",
        'return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")',
        "return text",
        "tests/adapters/slack",
    ),
    Mutant("signatures", "bot/adapters/alerts/signatures.py", "if any(fits)", "if True", "tests/adapters/alerts"),
    Mutant(
        "tokens",
        "bot/adapters/alerts/admission.py",
        "hmac.compare_digest(digest, ",
        "bool(digest and ",
        "tests/adapters/alerts",
    ),
    Mutant("what may be repeated", RUNNER, "Replay.READ, Replay.IDEMPOTENT}", "*Replay}", NIGHTS),
    Mutant("freezes, at night", "bot/flow/freezing.py", "if found is None:", "if True:", NIGHTS),
    Mutant("one incident, one target", RUNNER, "if held is not None:", "if False:", NIGHTS),
    Mutant("voters at the claim", RUNNER, "stale = unfit or ", "stale = ", NIGHTS),
    Mutant(
        "stored before it is sent",
        RUNNER,
        "claimed = True\n            return self._intent(now, step, fresh)",
        "claimed = True\n            return []",
        NIGHTS,
    ),
    Mutant(
        "a post that was found",
        "bot/flow/announcing.py",
        "await self._note(shown, found)  # at once",
        "pass  # at once",
        NIGHTS,
    ),
    Mutant(
        "one page for a call",
        "bot/core/incidents.py",
        "if call in latest else call",
        "if call is incident.escalation else call",
        "tests/core/test_moves.py",
    ),
    Mutant(
        "calls in their order",
        "bot/core/moves.py",
        "and each.sequence > since]",
        "and each.at >= (incident.state_since or now)]",
        "tests/core/test_moves.py",
    ),
    Mutant(
        "what was pending",
        "bot/flow/intake.py",
        "self._waiting.put_nowait(item)\n\n    @property",
        "pass\n\n    @property",
        NIGHTS,
    ),
    Mutant(
        "another try's ending",
        "bot/adapters/programs/keeping.py",
        'or float(str(found["began"])) < since.timestamp() - _SKEW_SECONDS',
        "",
        "tests/adapters/programs/test_keeping.py",
    ),
    Mutant(
        "a person at the pager",
        "bot/adapters/alerts/pagerduty.py",
        'or found.agent.type != "user_reference"',
        "",
        "tests/adapters/alerts/test_sources.py",
    ),
    Mutant("an edit in doubt", "bot/flow/announcing.py", "await self._doubt(shown, posted)", "pass", SPOKEN),
    Mutant("searched again", "bot/flow/announcing.py", "and tries < SEARCHES", "and False", SPOKEN),
    Mutant("told to be over", "bot/core/paging.py", "in reached - told", "in reached", "tests/core/test_moves.py"),
    Mutant("flapping", GUARDS, "if situation.is_flapping:", "if False:", LADDER),
    Mutant("came back", GUARDS, "if situation.has_come_back:", "if False:", LADDER),
    Mutant("loop breaker", GUARDS, "if situation.cures >= MOST_CURES:", "if False:", LADDER),
    Mutant("confidence of the match", GUARDS, "elif situation.confidence < THRESHOLD:", "elif False:", LADDER),
    Mutant("a person chose", GUARDS, "if situation.is_chosen_by_person:", "if False:", LADDER),
    Mutant("evidence that failed", GUARDS, "return [*found, *situation.doubts]", "return found", LADDER),
    Mutant(
        "a way back",
        GUARDS,
        "if not (step.judgement.is_reversible or step.undo is not None or step.preview.undo):",
        "if False:",
        LADDER,
    ),
    Mutant("verification", GUARDS, "if not is_verified:", "if False:", LADDER),
    Mutant("change window", GUARDS, "not scope.window.contains(local)", "False", LADDER),
    Mutant("one target first", GUARDS, "if first or count <= 1:", "if True:", LADDER),
    Mutant("the first target's check", GUARDS, "if first is False:", "if False:", WAVES),
    Mutant(
        "no going on after the first", "bot/core/waves.py", "goes_on = wave is not Wave.FIRST", "goes_on = True", WAVES
    ),
    Mutant("guards are law", POLICIES, "case.level >= Level.CONDITIONAL and not case.unmet", "True", LADDER),
    Mutant("default deny", POLICIES, "    if not asked.is_allowed:", "    if False:", LADDER),
    Mutant("production by namespace", POLICIES, "if each.lower() in risk.PRODUCTION", "if False", LADDER),
    Mutant("limits", POLICIES, "    if case.violations:", "    if False:", LADDER),
    Mutant("policy at the vote", POLICIES, "    if not answer.is_allowed:", "    if False:", LEVELS),
    Mutant(
        "policies in the digest",
        "bot/core/plans.py",
        '        "policy": step.decision.policy,\n',
        "",
        LEVELS,
    ),
    Mutant("demotion", EARNING, "trouble.at >= grant.at:", "False:", LEVELS),
    Mutant("a changed frame", "bot/core/levels.py", "if self.grant.frame != frame(runbook):", "if False:", LEVELS),
    Mutant("a changed step", "bot/core/levels.py", "or step_digest(spec) in self.grant.steps:", "or True:", LEVELS),
    Mutant(
        "thirty clean days", "bot/core/track_records.py", "if self.bad_since(now - CLEAN_FOR):", "if False:", LEVELS
    ),
    Mutant(
        "owners grant",
        EARNING,
        "if user not in rule.users and not (standing.groups & rule.groups):",
        "if False:",
        LEVELS,
    ),
    Mutant(
        "freeze at the claim",
        "bot/flow/executing.py",
        "        frozen = self._freezer.why_held(incident)\n        if frozen:",
        "        frozen = ''\n        if frozen:",
        STOPS,
    ),
    Mutant(
        "freeze before the run",
        "bot/flow/executing.py",
        "        frozen = self._freezer.why_held(known)",
        "        frozen = ''",
        STOPS,
    ),
    Mutant(
        "the calendar",
        "bot/flow/freezing.py",
        "return [*self._freezes, *self._calendar()]",
        "return [*self._freezes]",
        STOPS,
    ),
    Mutant(
        "glass needs two", "bot/flow/desk.py", "if asked is not None and asked.asked_by == user:", "if False:", STOPS
    ),
    Mutant(
        "voters looked up at the claim",
        "bot/flow/executing.py",
        "        unfit = await self._unfit_voter(incident)",
        "        unfit = ''",
        ROAD,
    ),
    Mutant(
        "the digest at the claim",
        "bot/flow/executing.py",
        'return "" if now == asked.digest else',
        'return "" if True else',
        ROAD,
    ),
    Mutant(
        "expiry at the claim",
        "bot/flow/executing.py",
        "if self._clock.now() >= asked.expires_at:",
        "if False:",
        "tests/flow/test_steps.py",
    ),
    Mutant("quorum", "bot/core/approvals.py", ">= self.rule.quorum", ">= 1", "tests/core/test_approvals.py"),
    Mutant(
        "four eyes",
        "bot/core/approvals.py",
        "if rule.not_requester and requester == person.id:",
        "if False:",
        "tests/core/test_approvals.py",
    ),
)


def main() -> None:
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    survived = 0
    for mutant in MUTANTS:
        if word not in mutant.guard:
            continue
        fallen = _fallen(mutant)
        survived += not fallen
        first = fallen[0].partition("[")[0] if fallen else "NOTHING: the bug survives"
        print(f"{mutant.guard:32} {len(fallen):3} fall, first {first}", flush=True)
    sys.exit(1 if survived else 0)


def _fallen(mutant: Mutant) -> list[str]:
    """The tests that fail once the guard is gone, in a copy: nothing here is ever changed."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = Path(folder)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / name)
        file = copy / mutant.path
        text = file.read_text("utf-8")
        if text.count(mutant.before) != 1:
            sys.exit(
                f"{mutant.guard}: {mutant.path} holds {mutant.before!r} {text.count(mutant.before)} times, not once"
            )
        file.write_text(text.replace(mutant.before, mutant.after), "utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", mutant.tests]
        ran = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
        return sorted(_FALLEN.findall(ran.stdout))


if __name__ == "__main__":
    main()

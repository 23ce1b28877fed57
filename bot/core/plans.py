"""The resolved steps of one run, each with its preview, tier, decision and the digest of what a person would see."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.authorization import Deciding
from bot.core.ids import Digest, RunbookName, StepId, UserId
from bot.core.operations import Judgement, Operation, Tier
from bot.core.previews import Preview
from bot.core.runbooks import ApproverRule, Bound, Capture, Expectation, Level, OnFailure, Patience


class Verdict(StrEnum):
    ALLOW = "allow"  # runs at once
    ASK = "ask"  # waits for people
    SHOW = "show"  # level 0: shown to copy, never run
    DENY = "deny"  # a limit, a policy or a problem blocks it


@dataclass(frozen=True, slots=True)
class Decision:
    """Policy's answer for one step. `policy`: hash of ladder and policies; `reasons`: in order, ready to show.

    `deciding` are the policies that permitted it, or forbade it.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    policy: Digest
    rule: ApproverRule | None = None
    window: timedelta = timedelta(minutes=15)
    deciding: tuple[Deciding, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedVerification:
    operation: Operation
    expect: Expectation
    within: timedelta


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step as it would run now. `undo` is the declared or known way back: an operation with its own tier.

    `awaits` names the values that earlier steps have not found yet: until then this is a template, and does not run.
    """

    id: StepId
    name: str
    operation: Operation
    judgement: Judgement
    tier: Tier
    decision: Decision
    preview: Preview
    expect: Expectation = Expectation()
    on_failure: OnFailure = OnFailure.ESCALATE
    verify: PlannedVerification | None = None
    undo: Operation | None = None
    timeout: timedelta = timedelta(seconds=60)
    attempts: int = 2
    probe: PlannedVerification | None = None
    capture: Capture | None = None
    patience: Patience | None = None
    awaits: tuple[str, ...] = ()

    @property
    def needs_confirmation(self) -> bool:
        """High steps are typed and reasoned; medium ones are one press."""
        return self.tier is Tier.HIGH


@dataclass(frozen=True, slots=True)
class Plan:
    runbook: RunbookName
    runbook_digest: Digest
    title: str
    level: Level
    parameters: Mapping[str, str]
    limits: Mapping[str, int]
    steps: tuple[PlannedStep, ...]
    deadline: datetime
    requester: UserId | None = None
    notes: str = ""
    escalation: str = ""
    level_reasons: tuple[str, ...] = field(default_factory=tuple)
    bounds: Mapping[str, Bound] = field(default_factory=dict)
    reading_until: datetime | None = None


def content(step: PlannedStep) -> dict[str, object]:
    """All of a step that a person's yes is about. Whatever is in here and changes makes the approval stale."""
    return {
        "step": step.id,
        "operation": [step.operation.kind, step.operation.text, step.operation.arguments],
        "stages": [list(stage.argv) for stage in step.operation.stages],
        "targets": sorted(
            [t.kind, t.namespace, t.name, t.uid, t.resource_version if t.pins_version else ""]
            for t in step.preview.targets
        ),
        "facts": dict(sorted(step.preview.facts.items())),
        "counters": dict(sorted(step.preview.counters.items())),
        "identity": step.preview.identity,
        "tier": step.tier,
        "replay": step.judgement.replay,
        "rule": str(step.decision.rule) if step.decision.rule else "",
        "policy": step.decision.policy,
        "undo": step.undo.text if step.undo else "",
        "verify": [step.verify.operation.text, str(step.verify.expect)] if step.verify else [],
        "probe": [step.probe.operation.text, str(step.probe.expect)] if step.probe else [],
        "capture": str(step.capture or ""),
        "patience": str(step.patience or ""),
        "expect": str(step.expect),
        "on_failure": step.on_failure,
        "timeout": step.timeout.total_seconds(),
    }


def digest(payload: Mapping[str, object]) -> Digest:
    """BLAKE2b-256 over canonical JSON (sorted keys, no spaces, ASCII)."""
    canonical = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return Digest(hashlib.blake2b(canonical.encode(), digest_size=32).hexdigest())


def content_digest(step: PlannedStep, runbook: Digest) -> Digest:
    return digest({"runbook": runbook, **content(step)})


def short(value: Digest) -> str:
    return value[:6]

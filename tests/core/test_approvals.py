"""Who may vote, and on what: ids only, default deny, one digest."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core import approvals, plans
from bot.core.approvals import Approval, Choice, Vote
from bot.core.errors import Refused
from bot.core.ids import Digest, IncidentId, UserId
from bot.core.operations import Replay, Tier
from bot.core.plans import PlannedStep
from bot.core.previews import Target
from bot.core.runbooks import ApproverRule, Expectation, OnFailure
from tests import builders as b

MEDIUM = b.step(1, Tier.MEDIUM)
HIGH = b.step(1, Tier.HIGH)


@pytest.mark.parametrize("mark", ["is_bot", "is_deleted", "is_guest", "is_foreign"])
def test_F49_bots_guests_deactivated_and_foreign_people_never_approve(mark: str) -> None:
    rule = ApproverRule(frozenset({b.ANA}), frozenset({b.SRE}))
    with pytest.raises(Refused) as refused:
        approvals.check_authority(b.standing(b.ANA, "S0SRE", **{mark: True}), rule, None)
    assert refused.value.rule == "approver.person"


def test_a_member_of_a_named_group_may_approve() -> None:
    approvals.check_authority(b.standing(b.ANA, "S0SRE"), b.RULE, None)


def test_a_named_user_may_approve_without_any_group() -> None:
    approvals.check_authority(b.standing(b.ANA), ApproverRule(frozenset({b.ANA}), frozenset()), None)


def test_anybody_else_is_refused_and_told_who_could() -> None:
    with pytest.raises(Refused, match="S0SRE"):
        approvals.check_authority(b.standing(b.CHI, "S0DEV"), b.RULE, None)


def test_F50_the_requester_is_refused_where_four_eyes_are_asked() -> None:
    rule = replace(b.RULE, not_requester=True)
    with pytest.raises(Refused):
        approvals.check_authority(b.standing(b.ANA, "S0SRE"), rule, b.ANA)
    approvals.check_authority(b.standing(b.BEN, "S0SRE"), rule, b.ANA)


def _check(approval: Approval, voter: UserId = b.ANA, **changes: object) -> None:
    arguments = {"choice": Choice.APPROVE, "now": b.T0, "typed": "", "reason": "", **changes}
    approvals.check_vote(approval, voter, **arguments)  # type: ignore[arg-type]


def test_F83_a_vote_at_the_moment_of_expiry_is_late_and_one_before_is_not() -> None:
    approval = b.approval(MEDIUM)
    _check(approval, now=approval.expires_at - timedelta(microseconds=1))
    with pytest.raises(Refused):
        _check(approval, now=approval.expires_at)


def test_nobody_counts_twice_towards_a_quorum() -> None:
    approval = replace(b.approval(MEDIUM, rule=replace(b.RULE, quorum=2)), votes=(Vote(b.ANA, Choice.APPROVE, b.T0),))
    assert not approval.is_granted
    with pytest.raises(Refused):
        _check(approval, b.ANA)
    doubled = replace(approval, votes=(*approval.votes, *approval.votes))
    assert not doubled.is_granted
    both = replace(approval, votes=(*approval.votes, Vote(b.BEN, Choice.APPROVE, b.T0)))
    assert both.is_granted


def test_one_reject_is_a_veto() -> None:
    approval = replace(
        b.approval(MEDIUM), votes=(Vote(b.ANA, Choice.APPROVE, b.T0), Vote(b.BEN, Choice.REJECT, b.T0, "no"))
    )
    assert not approval.is_granted


@pytest.mark.parametrize(
    ("typed", "reason", "rule"),
    [
        ("", "bad image since 04:05", "confirm.typed"),
        ("API", "bad image since 04:05", "confirm.typed"),
        ("api", "", "confirm.reason"),
        ("api", "too short", "confirm.reason"),
        ("api", "          ", "confirm.reason"),
    ],
)
def test_a_high_step_needs_the_exact_name_and_a_real_reason(typed: str, reason: str, rule: str) -> None:
    approval = b.approval(HIGH)
    assert approval.typed_name == "api"
    with pytest.raises(Refused) as refused:
        _check(approval, typed=typed, reason=reason)
    assert refused.value.rule == rule


def test_a_high_step_with_name_and_reason_is_accepted() -> None:
    _check(b.approval(HIGH), typed=" api ", reason="bad image since 04:05")


MUTATIONS: list[PlannedStep] = [
    replace(MEDIUM, operation=replace(MEDIUM.operation, text="kubectl delete pod web-2")),
    replace(MEDIUM, operation=replace(MEDIUM.operation, kind="kubernetes.scale")),
    replace(MEDIUM, operation=replace(MEDIUM.operation, arguments={"name": "other"})),
    replace(MEDIUM, preview=replace(MEDIUM.preview, targets=(Target("Pod", "web-1", "production", uid="uid-2"),))),
    replace(MEDIUM, preview=replace(MEDIUM.preview, targets=())),
    replace(MEDIUM, preview=replace(MEDIUM.preview, targets=(*MEDIUM.preview.targets, Target("Pod", "web-2")))),
    replace(MEDIUM, preview=replace(MEDIUM.preview, facts={"replicas": "3"})),
    replace(MEDIUM, preview=replace(MEDIUM.preview, counters={"pod_restarts": 2})),
    replace(MEDIUM, preview=replace(MEDIUM.preview, identity="somebody")),
    replace(MEDIUM, tier=Tier.HIGH),
    replace(MEDIUM, judgement=replace(MEDIUM.judgement, replay=Replay.IDEMPOTENT)),
    replace(MEDIUM, decision=replace(MEDIUM.decision, rule=ApproverRule(frozenset({b.CHI}), frozenset()))),
    replace(MEDIUM, decision=replace(MEDIUM.decision, policy=Digest("0" * 64))),
    replace(MEDIUM, undo=b.operation("kubectl uncordon n")),
    replace(MEDIUM, expect=Expectation(equals="x")),
    replace(MEDIUM, on_failure=OnFailure.CONTINUE),
    replace(MEDIUM, timeout=timedelta(seconds=61)),
]


@pytest.mark.parametrize("changed", MUTATIONS)
def test_F82_any_change_of_what_was_shown_changes_the_digest(changed: PlannedStep) -> None:
    assert b.content_digest(changed) != b.content_digest(MEDIUM)


def test_F82_incident_moment_nonce_and_runbook_are_bound_as_well() -> None:
    def bound(incident: str = "INC-1", runbook: str = "d", minutes: int = 15, nonce: str = "n") -> Digest:
        expires_at = b.T0 + timedelta(minutes=minutes)
        return approvals.bound_digest(IncidentId(incident), MEDIUM, Digest(runbook), expires_at=expires_at, nonce=nonce)

    base = bound()
    assert base == bound()
    assert len({base, bound(incident="INC-2"), bound(runbook="e"), bound(minutes=16), bound(nonce="m")}) == 5


def test_what_the_target_says_of_itself_meanwhile_does_not_make_an_approval_stale() -> None:
    moved = replace(
        MEDIUM, preview=replace(MEDIUM.preview, targets=(replace(MEDIUM.preview.targets[0], resource_version="9"),))
    )
    pinned = replace(
        moved, preview=replace(moved.preview, targets=(replace(moved.preview.targets[0], pins_version=True),))
    )
    assert b.content_digest(moved) == b.content_digest(MEDIUM)
    assert b.content_digest(pinned) != b.content_digest(MEDIUM)


def test_digests_do_not_depend_on_the_order_of_targets_or_keys() -> None:
    one, two = Target("Pod", "a", uid="1"), Target("Pod", "b", uid="2")
    first = replace(MEDIUM, preview=replace(MEDIUM.preview, targets=(one, two), counters={"a": 1, "b": 2}))
    second = replace(MEDIUM, preview=replace(MEDIUM.preview, targets=(two, one), counters={"b": 2, "a": 1}))
    assert b.content_digest(first) == b.content_digest(second)
    assert len(plans.short(b.content_digest(first))) == 6

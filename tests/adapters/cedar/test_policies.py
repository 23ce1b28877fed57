"""The policies as Cedar decides them: the ladder, the operators' files, what is wrong with one, and a new one."""

import os
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.cedar import policies
from bot.adapters.cedar.policies import CedarSet, PolicyFiles, Source
from bot.core import authorization
from bot.core.authorization import BOT, Action, Entity, Request
from bot.core.errors import Invalid
from tests import builders as b

ROOT = Path(__file__).parents[3]
EXAMPLES = CedarSet(policies.sources(ROOT / "runbooks")[0])
LADDER = CedarSet([])
STEP = authorization.step("redis", "1", service="payments", environment="production")
SITUATION: dict[str, Any] = {
    "approval": "approved", "tier": "medium", "level": 1, "effect": "write", "operation": "kubernetes.delete_pod",
    "reversible": True, "guarded": True, "environment": "production", "service": "payments", "severity": "high",
    "serviceTier": "",
    "confidence": 90, "flapping": False, "targets": 1, "counters": {}, "lastHour": {},
    "now": {"date": "2026-11-25", "weekday": "wed", "hour": 11, "minute": 660, "windows": []},
}  # fmt: skip


def execute(found: CedarSet, **changes: Any) -> authorization.Answer:
    return found.authorize(Request(BOT, Action.EXECUTE, STEP, {**SITUATION, **changes}))


def approve(found: CedarSet, *groups: str, operation: str = "sql.update") -> authorization.Answer:
    who = Entity("User", b.ANA, tuple(Entity("Group", group) for group in groups))
    context = {
        "named": True, "tier": "high", "operation": operation, "environment": "production", "service": "orders",
        "serviceTier": "", "now": SITUATION["now"],
    }  # fmt: skip
    return found.authorize(Request(who, Action.APPROVE, STEP, context))


def test_an_answer_names_the_policies_that_decided_and_their_reasons() -> None:
    answer = execute(LADDER)
    assert answer.is_allowed
    assert [(each.id, each.forbids) for each in answer.deciding] == [("medium-approved", False)]
    assert answer.deciding[0].reason == "medium takes one approval"


def test_nothing_is_done_that_no_policy_permits() -> None:
    for unpermitted in ({"approval": "none"}, {"tier": "high"}, {"level": 0}, {"tier": "odd"}):
        answer = execute(LADDER, **unpermitted)
        assert not answer.is_allowed and answer.reasons == ("no policy permits this",)


def test_a_forbid_wins_and_its_reason_is_what_people_read() -> None:
    answer = execute(EXAMPLES, now={**SITUATION["now"], "hour": 17})
    assert not answer.is_allowed
    assert "10:00 to 16:00 (policy payments-window)" in answer.reasons[0]
    assert execute(EXAMPLES).is_allowed


def test_the_examples_do_what_they_say() -> None:
    friday = {**SITUATION["now"], "weekday": "fri"}
    elsewhere: dict[str, Any] = {"level": 3, "approval": "none", "now": friday}
    step = authorization.step("redis", "1", service="api", environment="production")
    alone = EXAMPLES.authorize(Request(BOT, Action.EXECUTE, step, {**SITUATION, **elsewhere, "service": "api"}))
    approved = EXAMPLES.authorize(Request(BOT, Action.EXECUTE, step, {**SITUATION, "now": friday, "service": "api"}))
    assert not alone.is_allowed and "Fridays" in alone.reasons[0] and approved.is_allowed
    assert execute(EXAMPLES, counters={"pod_restarts": 1}, lastHour={"pod_restarts": 1}).is_allowed
    assert not execute(EXAMPLES, counters={"pod_restarts": 2}, lastHour={"pod_restarts": 1}).is_allowed
    assert approve(EXAMPLES, "S0DATA").is_allowed and not approve(EXAMPLES, "S0SRE").is_allowed
    assert approve(EXAMPLES, "S0SRE", operation="kubernetes.scale").is_allowed


def test_a_request_that_does_not_fit_the_schema_is_denied_and_says_so() -> None:
    answer = execute(LADDER, surprise=1)
    assert not answer.is_allowed and "surprise" in answer.error


@pytest.mark.parametrize(
    "changes",
    [
        {"surprise": 1}, {"level": "1"}, {"level": True}, {"level": 2**63}, {"flapping": 0}, {"environment": 7},
        {"environment": None}, {"counters": {"pod_restarts": "1"}}, {"counters": {"odd": 1}}, {"counters": []},
        {"now": {**SITUATION["now"], "windows": [1]}}, {"now": {**SITUATION["now"], "windows": ["a", 1]}},
        {"now": {**SITUATION["now"], "windows": ""}}, {"now": {}},
    ],
)  # fmt: skip
def test_a_misfit_is_denied_whatever_was_asked_before(changes: dict[str, Any]) -> None:
    found = CedarSet([Source("x", '@id("all") @reason("all") permit (principal, action, resource);')])
    for known in ({}, {"counters": {"pod_restarts": 1}}, {"now": {**SITUATION["now"], "windows": ["a"]}}):
        assert execute(found, **known).is_allowed
    for _ in range(2):
        answer = execute(found, **changes)
        assert not answer.is_allowed and answer.error
    assert execute(found).is_allowed


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('permit (principal is Bot action == Action::"execute", resource);', 1, "is not Cedar"),
        ('@id("a") @reason("b")\npermit (principal, action, resource);\n\nforbid (oops);', 4, "is not Cedar"),
        ("permit (principal, action, resource);", 1, "has no @id"),
        ('@id("x")\npermit (principal, action, resource);', 1, "has no @reason"),
        (
            '// permit ( in a comment\n@id("x") @reason("y")\npermit (principal, action == Action::"execute", resource)'
            ' when { context.tierr == "low" };',
            2,
            "tierr",
        ),
        ('@id("x") @reason("y")\npermit (principal, action == Action::"wipe", resource);', 1, "wipe"),
        (
            '@id("x") @reason("y")\nforbid (principal == User::"a", action == Action::"execute", resource is Team);',
            1,
            "Team",
        ),
        ('@id("reads") @reason("y")\npermit (principal, action, resource);', 1, "also used by the ladder"),
    ],
)
def test_a_bad_policy_is_named_with_its_file_and_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    (tmp_path / "policies").mkdir()
    file = tmp_path / "policies" / "bad.cedar"
    file.write_text(text, "utf-8")
    problems = policies.check(tmp_path)
    assert problems and problems[0].path == str(file)
    assert any(each.line == line and says in each.message for each in problems), problems
    with pytest.raises(Invalid, match=r"bad\.cedar"):
        PolicyFiles(tmp_path)


def test_a_new_set_is_taken_up_and_a_bad_one_leaves_the_last_good_in_force(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    file = tmp_path / "policies" / "ours.cedar"
    found = PolicyFiles(tmp_path)
    before = found.rules().digest
    file.write_text(
        '@id("no") @reason("not today") forbid (principal, action == Action::"execute", resource);', "utf-8"
    )
    assert found.reload_if_changed() and not found.reload_if_changed()
    strict = found.rules()
    assert strict.digest != before
    assert strict.authorize(Request(BOT, Action.EXECUTE, STEP, SITUATION)).reasons == ("not today (policy no)",)
    file.write_text("forbid (", "utf-8")
    os.utime(file, ns=(1, 1))
    assert found.reload_if_changed() and found.problems
    assert found.rules() is strict
    file.unlink()
    assert found.reload_if_changed() and found.problems == ()
    assert found.rules().digest == before


def test_policies_may_lie_flat_beside_the_runbooks(tmp_path: Path) -> None:
    text = '@id("no") @reason("not today") forbid (principal, action == Action::"execute", resource);'
    (tmp_path / "ours.cedar").write_text(text, "utf-8")
    rules = PolicyFiles(tmp_path).rules()
    assert rules.authorize(Request(BOT, Action.EXECUTE, STEP, SITUATION)).reasons == ("not today (policy no)",)


def test_the_ladder_itself_is_valid() -> None:
    assert policies.check(ROOT / "nowhere") == []
    assert policies._problems(Source("ladder", policies.ladder().text)) == []

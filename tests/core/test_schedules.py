"""Who is on call, and that a turn which changes makes what was asked before be asked anew."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.adapters.runbook_files import report, schedule_file, side_files
from bot.adapters.runbook_files.library import RunbookFiles
from bot.core import checking, policies
from bot.core.authorization import Surroundings
from bot.core.guards import Situation
from bot.core.ids import RunbookName
from bot.core.operations import Tier
from bot.core.plans import Verdict
from bot.core.runbooks import ApproverRule, Level
from bot.core.schedules import Override, Schedule
from tests import builders as b
from tests.fakes.world import World
from tests.flow.test_road import CHANGE, FLUSH, VERIFY

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 3, 2, 9, 0)  # noqa: DTZ001 - a wall clock has no zone
WEEKLY = Schedule(
    "primary",
    (b.ANA, b.BEN),
    START,
    timedelta(days=7),
    (Override(b.CHI, datetime(2026, 3, 10, 0, 0), datetime(2026, 3, 11, 0, 0)),),  # noqa: DTZ001
)
GOOD = """\
primary:
  rotation: [U0ANA, U0BEN]
  starts: '2026-03-02 09:00'
  every: 168h
  overrides:
    - {user: U0CHI, from: '2026-03-10 00:00', to: '2026-03-11 00:00'}
"""
RUNBOOK = """\
name: x
title: X
match: {all_words: [x]}
approvers:
  medium: {oncall: primary}
steps:
  - {name: Kill, run: kubectl delete pod web-1 -n shop}
"""


@pytest.mark.parametrize(
    ("day", "hour", "wanted"),
    [(2, 8, None), (2, 9, b.ANA), (9, 8, b.ANA), (9, 9, b.BEN), (10, 3, b.CHI), (11, 0, b.BEN), (16, 9, b.ANA)],
)
def test_turns_begin_on_the_wall_clock_and_overrides_win(day: int, hour: int, wanted: str | None) -> None:
    assert WEEKLY.on_call(datetime(2026, 3, day, hour, tzinfo=BERLIN)) == wanted


def test_a_turn_begins_at_nine_when_clocks_have_changed_too() -> None:
    assert WEEKLY.on_call(datetime(2026, 3, 30, 8, 59, tzinfo=BERLIN)) == b.BEN  # summer time since the 29th
    assert WEEKLY.on_call(datetime(2026, 3, 30, 9, 0, tzinfo=BERLIN)) == b.ANA


def test_the_file_is_read_as_it_is_meant(tmp_path: Path) -> None:
    (tmp_path / "schedules.yaml").write_text(GOOD, "utf-8")
    (tmp_path / "x.yaml").write_text(RUNBOOK, "utf-8")
    runbook = RunbookFiles(tmp_path).current().runbooks[RunbookName("x")]
    assert runbook.schedules == {"primary": WEEKLY}
    rule = policies.rule_for(runbook, Tier.MEDIUM, frozenset(), datetime(2026, 3, 2, 9, tzinfo=BERLIN))
    assert rule == ApproverRule(frozenset({b.ANA}), frozenset())


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        (GOOD.replace("168h", "90m"), "primary.every", "whole number of hours"),
        (GOOD.replace("[U0ANA, U0BEN]", "[]"), "primary.rotation", "empty"),
        (GOOD.replace("U0BEN", "ben"), "primary.rotation[2]", "not a Slack user id"),
        (GOOD.replace("'2026-03-11 00:00'", "'2026-03-09 00:00'"), "primary.overrides[1].to", "ends before it begins"),
        (GOOD.replace("starts", "start"), "primary.start", "not known here"),
    ],
)
def test_a_bad_schedule_is_named(tmp_path: Path, text: str, key: str, says: str) -> None:
    path = tmp_path / "schedules.yaml"
    path.write_text(text, "utf-8")
    found, problems = side_files.load(path, schedule_file.read)
    assert found is None and any(each.key == key and says in each.message for each in problems), problems


def test_a_rule_that_names_no_schedule_does_not_load(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(RUNBOOK, "utf-8")
    assert RunbookFiles(tmp_path).current().runbooks == {}
    (problem,) = report.check([tmp_path])
    assert "there is no schedule primary" in problem.message


async def test_whoever_is_on_call_approves_and_a_change_of_turn_asks_anew() -> None:
    daily = Schedule("primary", (b.ANA, b.CHI), datetime(2026, 3, 14, 3, 20), timedelta(hours=1))  # noqa: DTZ001
    rule = ApproverRule(frozenset(), frozenset(), oncall=("primary",))
    world = World(replace(b.runbook(CHANGE, VERIFY), approvers={Tier.MEDIUM: rule}, schedules={"primary": daily}))
    async with world.alive():
        await world.fire()
        first = (await world.incident()).approval
        assert first is not None and first.rule.users == {b.ANA}
        world.clock.time = b.T0.replace(minute=21)  # from 04:20 on it is Chi's turn
        await world.desk.vote_approve(first.id, b.ANA)
        await world.rest()
        asked = (await world.incident()).approval
        assert asked is not None and asked.rule.users == {b.CHI} and FLUSH not in world.executor.performed
        await world.desk.vote_approve(asked.id, b.CHI)
        await world.rest()
        assert FLUSH in world.executor.performed


def test_a_schedule_of_pagerduty_lets_in_whom_it_names_now_and_says_so_when_it_cannot() -> None:
    rule = ApproverRule(frozenset(), frozenset(), oncall=("pagerduty/PI7DH85",))
    runbook = b.runbook(approvers={Tier.MEDIUM: rule})
    known = Surroundings(on_call={"pagerduty/PI7DH85": frozenset({b.ANA})})
    asked = policies.rule_for(runbook, Tier.MEDIUM, frozenset({"S0SRE"}), b.T0, around=known)
    assert asked == ApproverRule(frozenset({b.ANA}), frozenset())
    assert policies.rule_for(runbook, Tier.MEDIUM, frozenset({"S0SRE"}), b.T0) is None
    assert checking.check(runbook) == []
    silent, empty = Surroundings(), Surroundings(on_call={"pagerduty/PI7DH85": frozenset()})
    for around, said in ((silent, "could not be asked"), (empty, "nobody in Slack")):
        case = policies.Case(runbook, b.step(1, Tier.MEDIUM), Level.ASSISTED, Situation(), b.T0, around=around)
        decision = policies.decide(case, b.RULES)
        assert decision.verdict is Verdict.DENY and said in decision.reasons[0] and "PI7DH85" in decision.reasons[0]


@pytest.mark.parametrize("name", ["pagerduty/", "pagerduty/pi7dh85", "pagerduty/PI7DH85/x", "opsgenie/X", "nowhere"])
def test_a_schedule_that_nobody_keeps_is_a_finding(name: str) -> None:
    rule = ApproverRule(frozenset(), frozenset(), oncall=(name,))
    assert "there is no schedule" in checking.check(b.runbook(approvers={Tier.MEDIUM: rule}))[0].message

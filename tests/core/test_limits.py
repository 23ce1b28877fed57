"""Blast radius: per incident, as a share of what exists, and over time."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core import limits
from bot.core.operations import Tier
from bot.core.runbooks import Bound
from tests import builders as b

HOUR, DAY = timedelta(hours=1), timedelta(hours=24)


@pytest.mark.parametrize(("used", "is_over"), [(0, False), (2, False), (3, True)])
def test_F66_an_incident_may_use_exactly_its_limit(used: int, is_over: bool) -> None:
    found = limits.violations({"pod_restarts": used}, {"pod_restarts": 3}, {"pod_restarts": 5})
    assert bool(found) is is_over


@pytest.mark.parametrize(("count", "whole", "is_over"), [(5, 10, False), (6, 10, True), (1, 1, True), (9, 0, False)])
def test_F66_a_share_is_of_what_exists(count: int, whole: int, is_over: bool) -> None:
    step = b.step(1, Tier.MEDIUM, pod_restarts=count)
    counted = replace(step, preview=replace(step.preview, totals={"pod_restarts": whole}))
    found = limits.beyond(counted, {"pod_restarts": Bound(percent=50)}, {})
    assert bool(found) is is_over
    assert not is_over or found == (f"pod restarts: would be {count} of {whole}, the runbook allows 50 %",)


@pytest.mark.parametrize(
    ("lately", "is_over"),
    [
        ({}, False),
        ({HOUR: {"pod_restarts": 2}}, False),
        ({HOUR: {"pod_restarts": 3}}, True),
        ({DAY: {"pod_restarts": 8}}, True),
    ],
)
def test_F66_a_window_counts_what_others_used(lately: Mapping[timedelta, Mapping[str, int]], is_over: bool) -> None:
    step = b.step(1, Tier.MEDIUM, pod_restarts=2)
    bound = Bound(windows={HOUR: 4, DAY: 9})
    assert bool(limits.beyond(step, {"pod_restarts": bound}, lately)) is is_over


def test_a_counter_without_a_bound_is_not_bounded() -> None:
    step = b.step(1, Tier.MEDIUM, pod_restarts=2)
    assert limits.beyond(step, {"nodes_drained": Bound(windows={HOUR: 0})}, {}) == ()


def test_all_limits_of_a_runbook_are_said_on_one_line() -> None:
    said = limits.allowed(
        {"pod_restarts": 3}, {"pod_restarts": Bound(50, {HOUR: 6}), "nodes_drained": Bound(None, {DAY: 1})}
    )
    assert said == "nodes drained 1 within 24 h; pod restarts 3, 50 % at once, 6 within 1 h"

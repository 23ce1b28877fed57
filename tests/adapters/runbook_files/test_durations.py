"""Durations as people write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.runbook_files import durations
from bot.core.errors import Invalid


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("1h", 3600), ("1h30m", 5400), ("1h 5m 3s", 3903), ("10 min", 600), ("2 hours", 7200),
     ("10 Minutes", 600), ("45 sec", 45)],
)  # fmt: skip
def test_a_duration_is_numbers_with_units(text: str, seconds: int) -> None:
    assert durations.parse(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "10", "m", "-5m", "1.5h", "0s", "10x", "5m1h", "999h", "1 fortnight", "١٠m", "9" * 99]
)
def test_anything_else_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        durations.parse(text)
    assert refusal.value.remedy


@given(st.integers(1, 7 * 24 * 3600).map(lambda seconds: timedelta(seconds=seconds)))
def test_what_is_rendered_is_read_back(duration: timedelta) -> None:
    assert durations.parse(durations.render(duration)) == duration

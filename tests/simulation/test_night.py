"""Some simulated nights in every run of the tests; `python -m tests.simulation` runs as many as are asked for."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.simulation.night import night

NIGHTS = int(os.environ.get("TEST_NIGHTS", "150"))
LOTS = 6
"""Tests that share the nights, so that both cores have some."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("lot", range(LOTS))
def test_no_night_ends_with_something_lost_done_twice_or_unapproved(lot: int) -> None:
    seen = [night(seed) for seed in range(lot, NIGHTS, LOTS)]
    assert [(each.seed, each.violations) for each in seen if each.violations] == []
    assert sum(each.effects for each in seen) > len(seen) / 4, "hardly anything was changed: these nights prove nothing"
    assert sum(each.deaths.total() for each in seen) > len(seen) / 2, "hardly any bot has died"
    assert sum((each.fates["LOST_AFTER"] + each.fates["SILENT_AFTER"]) for each in seen), "no answer was lost"


def test_the_same_seed_is_the_same_night_in_another_process() -> None:
    told = "from tests.simulation.night import night; print(night(7))"
    runs = {
        subprocess.run(
            [sys.executable, "-c", told],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(runs) == 1

"""Which night was judged last."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trendwarte.types import RunReport, Verdict
from warehouse import Warehouse

FIRST = datetime(2025, 1, 10, 23, 59, 59, tzinfo=UTC)
NIGHTS = [FIRST + timedelta(days=n) for n in range(4)]


@pytest.fixture
def house():
    with Warehouse(Path(":memory:")) as opened:
        yield opened


def ran(house, run_id, as_of, outcome="ok", *, is_judged=True, started_at=None):
    report = RunReport(run_id, as_of, outcome)
    started_at = started_at or as_of
    house.runs.begin(report, started_at=started_at, engine="rules", fingerprint="f", reader="r")
    if is_judged:
        told = Verdict(as_of, "klinikum", "x", "earned_pr", "test", 50.0, "test")
        house.verdicts.store([told], run_id, is_baseline=False)
    if outcome != "running":
        house.runs.finish(report, started_at)


def last(house):
    found = house.runs.last_judged()
    return found and found["run_id"]


def test_before_the_first_night_none_was_judged(house):
    assert last(house) is None
    ran(house, "a", NIGHTS[0], is_judged=False)
    ran(house, "b", NIGHTS[1], is_judged=False)
    assert last(house) is None


def test_nights_without_verdicts_are_passed_over_to_the_newest_that_has_some(house):
    ran(house, "a", NIGHTS[0])
    ran(house, "b", NIGHTS[1], "degraded")
    ran(house, "c", NIGHTS[2], is_judged=False)
    ran(house, "d", NIGHTS[3], "degraded", is_judged=False)
    assert last(house) == "b"


@pytest.mark.parametrize("outcome", ["running", "failed", "unchanged"])
def test_a_night_that_did_not_end_well_is_not_the_last_one(house, outcome):
    ran(house, "a", NIGHTS[0])
    ran(house, "b", NIGHTS[1], outcome)
    assert last(house) == "a"


def test_of_nights_at_the_same_moment_every_one_is_looked_at_and_the_last_one_started_comes_first(house):
    ran(house, "a", NIGHTS[0], is_judged=False, started_at=NIGHTS[2])
    ran(house, "b", NIGHTS[0], started_at=NIGHTS[3])
    assert last(house) == "b"


@pytest.mark.parametrize("judged", range(5))
def test_of_nights_that_even_started_together_the_one_with_verdicts_is_found(house, judged):
    for number in range(5):
        ran(house, f"r{number}", NIGHTS[0], is_judged=number == judged)
    assert last(house) == f"r{judged}"

"""How still the bands lay, counted by hand, and what stillness costs in time."""

from datetime import timedelta

import pytest

from tests.judgement.backtest_facts import SETTINGS, day, night, row, seen
from trendwarte.measuring import BandMove
from trendwarte.rules import Boundary
from trendwarte.stability import stability_figures, trade_off

PAIR = ("snack-us", "tiktok", "advertising")
#: One boundary at 50 with no gap: below it *watch*, at or above it *test*.
SHARP = SETTINGS.scoring.model_copy(
    update={"boundaries": [Boundary(band="test", leave=50.0, enter=50.0)], "nights_up": 1, "nights_down": 1}
)


def move(on, before, after, **more):
    values = {"client": "snack-us", "platform": "tiktok", "purpose": "advertising"}
    return BandMove(on=day(on), from_band=before, to_band=after, **values | more)


def figures(*moves, laws=(), years=1.0, pairs=1):
    scored = {(f"c{n}", "tiktok", "advertising"): [] for n in range(pairs)}
    return stability_figures(seen(*laws, moves=moves, scored=scored), years, SETTINGS.clients, SETTINGS.jurisdictions)


# --- stability -------------------------------------------------------------------------------


def test_changes_are_counted_per_pair_and_year():
    got = figures(move("1", "test", "watch"), move("20", "watch", "avoid"), years=0.5, pairs=4)
    assert (got["changes"], got["pairs"], got["changes_per_pair_year"]) == (2, 4, 1.0)
    assert got["unprompted_per_pair_year"] == 1.0 and got["worst_pair_unprompted_per_year"] == 4.0
    assert got["worst_pair"] == "snack-us tiktok advertising"


@pytest.mark.parametrize(
    ("known", "platform", "unprompted"),
    [("10", "tiktok", 0.0), ("02-03", "tiktok", 0.0), ("02-02", "tiktok", 1.0), ("11", "tiktok", 1.0),
     ("10", "x", 1.0), ("10", "all_social", 0.0)],
)  # fmt: skip
def test_a_step_of_the_law_on_the_platform_prompts_changes_for_five_weeks(known, platform, unprompted):
    got = figures(move("10", "test", "watch"), laws=[row("enforced", known, platform=platform)])
    assert got["unprompted_per_pair_year"] == unprompted and got["changes"] == 1


@pytest.mark.parametrize(
    ("place", "unprompted"), [("US", 0.0), ("US-MT", 0.0), ("GLOBAL", 0.0), ("IN", 1.0), ("EU", 1.0)]
)
def test_a_step_elsewhere_prompts_nothing(place, unprompted):
    got = figures(move("10", "test", "watch"), laws=[row("enforced", "9", jurisdiction=place)])
    assert got["unprompted_per_pair_year"] == unprompted


def test_a_way_back_within_thirty_days_is_a_reversal():
    there, back = move("1", "test", "watch"), move("31", "watch", "test")
    assert figures(there, back)["reversals"] == 1 and figures(there, back)["reversal_share"] == 0.5
    assert figures(there, move("04-01", "watch", "test"))["reversals"] == 0, "a day later"
    assert figures(there, move("20", "watch", "avoid"))["reversals"] == 0, "another way"
    assert figures(there, move("20", "watch", "test", purpose="community"))["reversals"] == 0, "another pair"
    assert figures(there, back, laws=[row("lifted", "30")])["reversals"] == 0, "the law took it back"


def test_a_replay_without_pairs_or_moves_divides_by_nothing():
    got = stability_figures(seen(), 1.0, SETTINGS.clients, SETTINGS.jurisdictions)
    assert got["changes_per_pair_year"] == got["reversal_share"] == 0.0 and got["worst_pair"] == ""


# --- timeliness ------------------------------------------------------------------------------


def trade(scores, *, up=1, down=1, gap=0.0):
    scoring = SHARP.model_copy(
        update={
            "boundaries": [Boundary(band="test", leave=50.0 - gap, enter=50.0 + gap)], "nights_up": up, "nights_down": down
        }
    )  # fmt: skip
    nights = [night(day("1") + timedelta(days=n), score=score) for n, score in enumerate(scores)]
    return trade_off(seen(scored={PAIR: nights}), scoring, 1.0)


def test_a_lasting_fall_waits_as_many_nights_as_the_trigger_asks_for_less_one():
    fall = [60] * 3 + [40] * 20
    assert trade(fall) == {"changes_per_pair_year": 1.0, "mean_wait_nights": 0.0, "falls": 1}
    assert trade(fall, down=3) == {"changes_per_pair_year": 1.0, "mean_wait_nights": 2.0, "falls": 1}


def test_a_dip_changes_a_hasty_band_twice_and_is_no_lasting_fall():
    dip = [60] * 3 + [40] * 13 + [60] * 3
    assert trade(dip) == {"changes_per_pair_year": 2.0, "mean_wait_nights": 0.0, "falls": 0}
    assert trade([60] * 3 + [40] * 14 + [60] * 3)["falls"] == 1, "two weeks are lasting"


def test_a_fall_that_a_wide_gap_never_shows_has_waited_to_its_end():
    shallow = [60] * 3 + [48] * 20
    assert trade(shallow, gap=1.0)["mean_wait_nights"] == 0.0
    assert trade(shallow, gap=5.0) == {"changes_per_pair_year": 0.0, "mean_wait_nights": 19.0, "falls": 1}


def test_which_falls_are_lasting_does_not_depend_on_the_trigger():
    scores = [60] * 3 + [48] * 20 + [60] * 9 + [30] * 20
    found = [trade(scores, up=up, down=down, gap=gap) for up, down in ((1, 1), (7, 5)) for gap in (0.0, 5.0)]
    assert {one["falls"] for one in found} == {2}
    # By hand: at once; 19 nights and at once; five nights each less one; 19 nights and 4.
    assert [one["mean_wait_nights"] for one in found] == [0.0, 9.5, 4.0, 11.5]


def test_a_score_that_was_low_from_the_first_night_did_not_fall():
    assert trade([40] * 30) == {"changes_per_pair_year": 0.0, "mean_wait_nights": 0.0, "falls": 0}


def test_nights_without_a_score_are_passed_over_and_none_at_all_is_no_division():
    assert trade([60, None, 60] + [40, None] * 10)["falls"] == 1
    assert trade([None] * 5) == trade([]) == {"changes_per_pair_year": 0.0, "mean_wait_nights": 0.0, "falls": 0}

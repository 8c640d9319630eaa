"""How a band moves: quickly down, slowly up, and never back and forth."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from trendwarte.config_files import load_settings
from trendwarte.floors import rank
from trendwarte.suitability import Calm, judge, profile
from trendwarte.types import LegalStatus, RiskScore, Verdict
from trendwarte.vocabulary import DIMENSIONS

SETTINGS = load_settings(Path(__file__).parents[2] / "config", {})
SCORING = SETTINGS.scoring
FIRST = datetime(2025, 1, 1, 4, tzinfo=UTC)
CLIENT = SETTINGS.clients["bank-frankfurt"].model_copy(update={"presence": {"linkedin": "active"}})


def judged(levels, *, laws=()):
    """Verdicts of a night after the other, with brand safety at the given levels and all else at nothing."""
    found, before = [], None
    for number, level in enumerate(levels):
        as_of = FIRST + timedelta(days=number)
        risks = {
            (market.jurisdiction, d): RiskScore(
                "linkedin", market.jurisdiction, d, level if d == "brand_safety" else 0, 0, 100, 0.9
            )
            for market in CLIENT.markets
            for d in DIMENSIONS
        }
        known = profile(
            CLIENT, SETTINGS.platforms["linkedin"], as_of.date(), risks, tuple(laws), SETTINGS.jurisdictions, SCORING
        )
        since = as_of - timedelta(days=SCORING.rise_days)
        scores = [v.score for v in found if v.as_of >= since]
        calm = Calm(min(scores, default=100.0), FIRST)
        before = judge(known, CLIENT.purposes[0], before, as_of, is_degraded=False, calm=calm)
        found.append(before)
    return found


CALM, BAD = 5.0, 80.0


def test_a_fall_takes_two_nights_and_the_way_back_a_month():
    found = judged([CALM] * 5 + [BAD] * 4 + [CALM] * 60)
    changed = [n for n, (a, b) in enumerate(pairwise(found), 1) if a.band != b.band]
    assert changed[0] == 6
    back = [n for n in changed if rank(found[n].band) > rank(found[n - 1].band)]
    assert back and back[0] >= 9 + SCORING.rise_days
    assert found[-1].band == found[0].band, "nothing is lost by waiting"


def test_good_days_between_bad_ones_lift_nothing():
    wave = ([CALM] * 12 + [BAD] * 6) * 6
    found = judged([CALM] * 3 + [BAD] * 10 + wave)
    lowest = min(rank(v.band) for v in found[:13])
    assert all(rank(v.band) <= lowest for v in found[13:])


def test_after_a_step_of_the_law_the_score_decides_in_three_nights():
    moved = LegalStatus(
        "linkedin", "DE", "de-x", "dsa", "resolved", date(2025, 1, 12), datetime(2025, 1, 12, 4, tzinfo=UTC), from_state="proceedings"
    )  # fmt: skip
    found = judged([CALM] * 3 + [BAD] * 8 + [CALM] * 6, laws=[moved])
    assert rank(found[-1].band) > min(rank(v.band) for v in found)


def test_an_exit_by_a_low_score_is_left_at_a_higher_one():
    before = Verdict(
        FIRST, CLIENT.id, "linkedin", CLIENT.purposes[0], "exit", 24.0, "avoid", low_since=date(2024, 12, 1)
    )  # fmt: skip
    after = {}
    for level in (35.0, 38.0, 42.0, 45.0, 48.0, 55.0):
        risks = {
            (m.jurisdiction, d): RiskScore("linkedin", m.jurisdiction, d, level, 0, 100, 0.9)
            for m in CLIENT.markets
            for d in DIMENSIONS
        }
        known = profile(
            CLIENT, SETTINGS.platforms["linkedin"], date(2025, 1, 2), risks, (), SETTINGS.jurisdictions, SCORING
        )
        one = judge(known, CLIENT.purposes[0], before, FIRST + timedelta(days=1), is_degraded=False)
        after[one.score] = one.band
    between = [band for score, band in after.items() if SCORING.exit_score <= score < SCORING.exit_leave]
    above = [band for score, band in after.items() if score >= SCORING.exit_leave]
    assert between and set(between) == {"exit"}
    assert "exit" not in above


@given(st.lists(st.floats(0, 95), min_size=30, max_size=90))
def test_no_series_of_risks_takes_a_fall_back_within_a_month(levels):
    found = judged(levels)
    fell = None
    for earlier, later in pairwise(found):
        if rank(later.band) < rank(earlier.band):
            fell = later
        if fell and rank(later.band) > rank(earlier.band) and earlier.band != "exit":
            assert (later.as_of - fell.as_of).days >= SCORING.rise_days - 1

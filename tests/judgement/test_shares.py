"""What moved is told, not what merely gave up its share of the maximum; the sums stay exact."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.judge import _pair
from tests.flows.test_explaining import explained
from trendwarte.alerting import decide_alerts
from trendwarte.causes import Lately
from trendwarte.config_files import load_settings
from trendwarte.explaining import TermShift, settled_shifts
from trendwarte.settings import Market
from trendwarte.shares import carried_over
from trendwarte.suitability import judge, profile
from trendwarte.types import RiskScore
from trendwarte.vocabulary import DIMENSIONS

SETTINGS = load_settings(Path(__file__).parents[2] / "config", {})
PLATFORM = SETTINGS.platforms["tiktok"]
NIGHT = datetime(2026, 3, 4, 4, tzinfo=UTC)
QUIET = {"data": 40.0, "youth": 35.0, "brand_safety": 20.0, "governance": 20.0, "viability": 5.0, "legal": 10.0}


def client(us=0.7):
    markets = [Market(jurisdiction="US", weight=us), Market(jurisdiction="BR", weight=1 - us)]
    return SETTINGS.clients["snack-us"].model_copy(update={"markets": markets, "presence": {"tiktok": "active"}})


def verdict(one, at, us, br=QUIET):
    levels = {"US": us, "BR": br}
    risks = {
        (place, d): RiskScore("tiktok", place, d, levels[place][d], 0, 100, 0.9) for place in levels for d in DIMENSIONS
    }
    known = profile(one, PLATFORM, at.date(), risks, (), SETTINGS.jurisdictions, SETTINGS.scoring)
    return judge(known, "advertising", None, at, is_degraded=False)


def shifts(one, us, br=QUIET, *, was=QUIET):
    """Points by which each term moved from a night to the next."""
    before, after = verdict(one, NIGHT - timedelta(days=1), was), verdict(one, NIGHT, us, br)
    old = {t.name: t.points for t in carried_over(before.terms, after.terms, one, SETTINGS.scoring)}
    new = {t.name: t.points for t in after.terms}
    found = {name: new.get(name, 0.0) - old.get(name, 0.0) for name in old.keys() | new.keys()}
    assert sum(found.values()) == pytest.approx(after.score - before.score, abs=1e-9)
    return {name: points for name, points in found.items() if abs(points) > 1e-9}


@pytest.mark.parametrize("us", [0.7, 0.25], ids=["its market speaks for all", "markets are averaged"])
def test_a_law_that_becomes_the_worst_risk_improves_no_other(us):
    assert set(shifts(client(us), QUIET | {"legal": 90.0})) == {"legal:US"}


def test_what_really_fell_beside_it_is_still_told():
    found = shifts(client(), QUIET | {"legal": 90.0, "data": 20.0})
    assert set(found) == {"legal:US", "data:US"} and found["data:US"] > 0 > found["legal:US"]


levels = st.fixed_dictionaries({d: st.floats(0, 99) for d in DIMENSIONS})


@given(was=levels, us=levels, br=levels, weight=st.sampled_from([0.25, 0.5, 0.7]))
def test_the_shifts_sum_to_the_change_of_the_score_whoever_takes_over(was, us, br, weight):
    shifts(client(weight), us, br, was=was)


@given(was=levels, dimension=st.sampled_from(DIMENSIONS), level=st.floats(0, 99))
def test_one_thing_that_moved_is_one_shift(was, dimension, level):
    assert len(shifts(client(), was | {dimension: level}, was=was)) <= 1


@given(was=levels, dimension=st.sampled_from(DIMENSIONS), level=st.floats(0, 99))
def test_only_what_moved_has_a_shift(was, dimension, level):
    alone = client().model_copy(update={"markets": [Market(jurisdiction="US", weight=1.0)]})
    assert set(shifts(alone, was | {dimension: level}, was=was)) <= {f"{dimension}:US"}


def test_a_market_that_calms_down_is_told_as_what_calmed_down_there():
    found = shifts(client(), QUIET, was=QUIET | {"legal": 90.0})
    assert set(found) == {"legal:US"} and found["legal:US"] > 5


def test_the_letter_of_a_ban_tells_no_good_news_that_nobody_reported():
    one = client()
    before, after = verdict(one, NIGHT - timedelta(days=1), QUIET), verdict(one, NIGHT, QUIET | {"legal": 90.0})
    pair = _pair(before, after, 0, before.terms, SETTINGS)
    (alert,) = decide_alerts(
        [pair], {one.id: one}, SETTINGS.jurisdictions, [], [], "run", SETTINGS.scoring, SETTINGS.alerts,
        Lately(NIGHT - timedelta(days=7)),
    )  # fmt: skip
    told = [(r.dimension, r.points) for r in alert.reasons if r.code == "risk_change"]
    assert [dimension for dimension, _ in told] == ["legal"] and told[0][1] < 0


@pytest.mark.parametrize("us", [0.7, 0.25, 1.0])
def test_an_explanation_tells_the_same_and_its_shifts_sum_exactly(us):
    one = client(us) if us < 1 else client().model_copy(update={"markets": [Market(jurisdiction="US", weight=1.0)]})
    before, after = verdict(one, NIGHT - timedelta(days=1), QUIET), verdict(one, NIGHT, QUIET | {"legal": 90.0})
    old, new = ({(t.kind, t.name): t.points for t in v.terms} for v in (before, after))
    raw = tuple(TermShift(*key, old.get(key, 0.0), new.get(key, 0.0)) for key in old | new)
    found = settled_shifts(explained(terms=after.terms, shifts=raw, before_at=before.as_of), one, SETTINGS.scoring)
    assert sum(s.points for s in found) == pytest.approx(after.score - before.score, abs=1e-9)
    assert [s.name for s in found if abs(s.points) > 1e-9] == ["legal:US"]


def test_a_fit_that_falls_eases_no_risk():
    one = client()
    before, after = verdict(one, NIGHT - timedelta(days=1), QUIET), verdict(one, NIGHT, QUIET)
    fewer = tuple(
        replace(t, points=t.points / 2) if t.name == "audience" else t for t in before.terms if t.kind == "fit"
    )
    share = sum(t.points for t in fewer) / sum(t.points for t in before.terms if t.kind == "fit")
    lower = (*fewer, *(replace(t, points=t.points * share) for t in after.terms if t.kind == "risk"))
    old = {t.name: t.points for t in carried_over(before.terms, lower, one, SETTINGS.scoring)}
    moved = {t.name: t.points - old[t.name] for t in lower if abs(t.points - old[t.name]) > 1e-9}
    assert set(moved) == {"audience"}
    assert moved["audience"] == pytest.approx(sum(t.points for t in lower) - before.score)

"""How sure a verdict is: by what deducts most, not by what is known best."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from trendwarte.config_files import load_settings
from trendwarte.suitability import profile
from trendwarte.types import LegalStatus, RiskScore
from trendwarte.vocabulary import DIMENSIONS

SETTINGS = load_settings(Path(__file__).parents[2] / "config", {})
CLIENT = SETTINGS.clients["snack-us"]
PLATFORM = SETTINGS.platforms["tiktok"]
DAY = date(2026, 3, 1)


def risk(place, dimension, value, confidence):
    return RiskScore("tiktok", place, dimension, value, 0, 100, confidence)


def sureness(*known, laws=(), client=CLIENT):
    """Confidence with base rates alone, but for the risks that are named."""
    risks = {
        (m.jurisdiction, d): risk(m.jurisdiction, d, PLATFORM.base_rates.get(d, 0.0), 0.0)
        for m in client.markets
        for d in DIMENSIONS
    }
    risks |= {(one.jurisdiction, one.dimension): one for one in known}
    return profile(client, PLATFORM, DAY, risks, laws, SETTINGS.jurisdictions, SETTINGS.scoring)


def test_a_small_risk_that_is_well_known_does_not_vouch_for_a_large_one_that_nobody_reported():
    known = sureness(risk("US", "legal", 12.0, 0.99))
    legal = sum(cost.points for cost in known.costs if cost.name == "legal:US")
    assert 0 < legal < known.risk / 5
    assert known.confidence == pytest.approx(0.99 * legal / known.risk)


def test_what_deducts_most_decides_how_sure_the_whole_is():
    assert sureness(risk("US", "legal", 95.0, 0.98)).confidence > 0.7
    assert sureness().confidence == 0


def test_the_share_is_weighted_by_the_points_of_each_term():
    known = sureness(risk("US", "legal", 60.0, 0.9), risk("US", "data", 70.0, 0.5))
    points = {cost.name: cost.points for cost in known.costs}
    expected = (0.9 * points["legal:US"] + 0.5 * points["data:US"]) / sum(points.values())
    assert known.confidence == pytest.approx(expected)


def test_a_base_rate_that_weak_reports_do_not_lift_carries_itself():
    base = PLATFORM.base_rates["governance"]
    assert sureness(risk("US", "governance", base, 0.6)).confidence == 0
    assert sureness(risk("US", "governance", base + 20, 0.6)).confidence > 0


def test_an_age_limit_is_as_sure_as_the_step_that_set_it():
    young = CLIENT.model_copy(update={"targets": [t.model_copy(update={"age": (10, 15)}) for t in CLIENT.targets]})
    law = LegalStatus("tiktok", "US", "us-x", "age_limit", "in_force", DAY, None, age_limit=18, credibility=0.96)
    strong, weak = (sureness(laws=(replace(law, credibility=c),), client=young).confidence for c in (0.96, 0.48))
    assert weak == pytest.approx(strong / 2) and strong > 0.2


def test_nothing_known_and_nothing_deducted_is_no_confidence():
    bare = PLATFORM.model_copy(update={"base_rates": {}})
    assert profile(CLIENT, bare, DAY, {}, (), SETTINGS.jurisdictions, SETTINGS.scoring).confidence == 0

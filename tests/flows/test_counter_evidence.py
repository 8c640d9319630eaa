"""What speaks against a rise that only time brought: recent bad news of the risk that fell, or nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.house import opened
from flows.judge import _Shown
from tests.judgement.test_causes import event
from tests.judgement.test_events import signal
from trendwarte.config_files import load_settings
from trendwarte.types import Alert, Document, Reason
from warehouse import load_configuration

NIGHT = datetime(2026, 5, 12, 23, 59, 59, tzinfo=UTC)
FADED = (
    Reason("faded"),
    Reason("risk_change", points=4.0, dimension="data", jurisdiction="US", event_id="e-1"),
    Reason("risk_change", points=-1.5, dimension="legal", jurisdiction="US", event_id="e-1"),
)
RISE = Alert(
    "a-1", "run", NIGHT, "snack-us", "tiktok", "advertising", "note", "band_change", "test", "recommend", "t",
    reasons=FADED, event_ids=("e-1",), status="digest",
)  # fmt: skip


@pytest.fixture
def house(tmp_path):
    with opened(load_settings(Path(__file__).parents[2] / "config", {}), tmp_path / "state") as found:
        load_configuration(found.warehouse.con, found.settings)
        yield found


def counter_of(house, alert=RISE, *, days_ago=20, **more):
    """The counter-evidence of a rise behind which one event stands, told as long ago as it happened."""
    at = NIGHT - timedelta(days=days_ago)
    document = Document(
        "d1", "archive:a", "https://a.example/1", "Half a billion records are for sale", "", "a", "quality_press", at, at, "h",
        lang="en",
    )  # fmt: skip
    told = signal(1, day=at, topic="security", verb=None, measure=None, legal_stage="none", evidence=document.title)
    happened = event(**{"event_date": at.date(), "first_seen_at": at, "last_seen_at": at} | more)
    with house.warehouse.transaction():
        house.warehouse.documents.store([document])
        house.warehouse.events.add_signals([told], {"s1": "e-1"}, "reader")
        house.warehouse.events.put([happened], at)
        return [quote.quote for quote in _Shown(house).with_evidence(alert).counter_evidence]


def test_recent_bad_news_of_the_risk_that_fell_speaks_against_the_rise(house):
    assert counter_of(house) == ["Half a billion records are for sale"]


@pytest.mark.parametrize("code", ["faded", "calmer"])
@pytest.mark.parametrize(
    "more",
    [{"days_ago": 91}, {"days_ago": 2000}, {"polarity": "positive"}, {"polarity": "neutral"}, {"dimension": "legal"}],
    ids=["a quarter ago", "years ago", "good news", "no news", "a risk that grew"],
)  # fmt: skip
def test_what_is_old_or_good_or_of_another_risk_speaks_against_nothing(house, code, more):
    alert = replace(RISE, reasons=(Reason(code), *FADED[1:]))
    assert counter_of(house, alert, **more) == []


def test_an_old_event_that_is_retold_today_is_still_old(house):
    long_ago = (NIGHT - timedelta(days=2000)).date()
    assert counter_of(house, days_ago=1, event_date=long_ago) == []


def test_where_no_risk_fell_by_a_point_those_that_weigh_most_are_looked_at(house):
    weighs = Reason("standing_risk", points=-9.0, dimension="data", jurisdiction="US", event_id="e-1")
    assert counter_of(house, replace(RISE, reasons=(Reason("faded"), weighs)))

"""Who is called: a step of the law, or one grave event that is new; what only adds up stands in the digest."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from trendwarte.alerting import Pair, Told, decide_alerts
from trendwarte.causes import Heard, Lately
from trendwarte.config_files import load_settings
from trendwarte.types import Event, Floor, LegalStatus, Term, Verdict

SETTINGS = load_settings(Path(__file__).parents[2] / "config", {})
NIGHT = datetime(2025, 6, 30, 4, tzinfo=UTC)
DAY = timedelta(days=1)
TERMS = (Term("fit", "audience", 60.0), Term("risk", "data:US", -14.0, event_ids=("e-1",)))


def verdict(band, *, at=NIGHT, platform="tiktok", purpose="advertising", terms=TERMS, **more):
    score = {"recommend": 70.0, "test": 58.0, "watch": 44.0, "avoid": 30.0, "exit": 20.0}[band]
    values = {"raw_band": band, "score": score, "terms": terms}
    return Verdict(at, "snack-us", platform, purpose, band, **values | more)


def event(**more):
    values = {
        "event_id": "e-1", "platform": "tiktok", "jurisdiction": "GLOBAL", "dimension": "data", "topic": "security",
        "legal_stage": "none", "factuality": "asserted", "polarity": "negative", "event_date": date(2025, 6, 27),
        "first_seen_at": NIGHT - 3 * DAY, "last_seen_at": NIGHT - DAY, "title": "Half a billion records are for sale",
        "severity": 3, "credibility": 0.97, "origins": 4, "reach": 1.0,
    }  # fmt: skip
    return Event(**values | more)


def heard(first_days_ago=3, last_days_ago=1, **more):
    return Heard(event(**more), NIGHT - first_days_ago * DAY, NIGHT - last_days_ago * DAY)


STEP = LegalStatus("tiktok", "US", "us-pafaca", "forced_sale", "proposed", date(2025, 6, 28), NIGHT - 2 * DAY)
LIMIT = Floor("F3", "watch", "US", "us-pafaca", "scheduled", date(2025, 9, 1))


def alert_of(before, after, *, events=(), lately=(), moved=(), presence="active", since=NIGHT - 7 * DAY):
    one = SETTINGS.clients["snack-us"].model_copy(update={"presence": {after.platform: presence}})
    old = replace(before, as_of=NIGHT - DAY)
    (found,) = decide_alerts(
        [Pair(old, after, 0, old.terms)], {"snack-us": one}, SETTINGS.jurisdictions, moved, [], "run", SETTINGS.scoring,
        SETTINGS.alerts, Lately(since, [*lately, *moved], events),
    )  # fmt: skip
    return found


def codes(alert):
    return [reason.code for reason in alert.reasons]


def test_a_new_grave_event_told_by_several_houses_asks_to_decide_and_is_named():
    found = alert_of(verdict("test"), verdict("watch"), events=[heard()])
    assert (found.severity, found.status) == ("decide", "queued")
    assert found.reasons[0].code == "event" and event().title not in str(found.reasons), (
        "its headline can be erased, a reason not"
    )
    assert found.event_ids[0] == "e-1", "its quotes come first"


@pytest.mark.parametrize(
    "small",
    [
        heard(reach=0.7),
        heard(credibility=0.5),
        heard(severity=1),
        heard(first_days_ago=20),
        heard(polarity="positive"),
        heard(factuality="speculated"),
        heard(jurisdiction="IN"),
        heard(dimension="youth"),
        heard(platform="x"),
    ],
    ids=["one house of many", "hardly believed", "slight", "old", "good news", "feared only", "elsewhere",
         "weighs nothing", "another platform"],
)  # fmt: skip
def test_reports_that_only_add_up_stand_in_the_digest_and_say_so(small):
    found = alert_of(verdict("test"), verdict("watch"), events=[small])
    assert (found.severity, found.status, found.to_band) == ("note", "digest", "watch")
    assert "many_reports" in codes(found) and "event" not in codes(found)


def test_who_is_not_there_reads_of_an_event_in_the_digest_and_of_a_law_at_once():
    assert alert_of(verdict("test"), verdict("watch"), events=[heard()], presence="none").severity == "note"
    assert alert_of(verdict("test"), verdict("watch"), lately=[STEP], presence="none").severity == "decide"


def test_who_is_not_there_and_had_nothing_planned_has_nothing_to_decide():
    assert alert_of(verdict("watch"), verdict("avoid"), moved=[STEP], presence="none").severity == "note"
    assert alert_of(verdict("watch"), verdict("avoid"), moved=[STEP], presence="active").severity == "decide"


def test_a_step_two_nights_ago_is_the_cause_of_the_change_it_made_tonight():
    found = alert_of(verdict("test"), verdict("watch"), lately=[STEP])
    assert found.severity == "decide" and codes(found)[0] == "ledger_transition"


def test_a_limit_that_comes_nearer_by_its_date_needs_no_new_report():
    nearer = replace(LIMIT, cap="avoid")
    found = alert_of(verdict("watch", floors=(LIMIT,)), verdict("exit", floors=(nearer,), raw_band="watch"))
    assert (found.severity, found.status) == ("act", "queued")


def test_a_limit_that_eases_because_nobody_confirmed_a_date_calls_nobody():
    eased = replace(LIMIT, cap="watch")
    found = alert_of(
        verdict("avoid", floors=(replace(LIMIT, rule="F1", cap="avoid"),)), verdict("watch", floors=(eased,))
    )
    assert (found.severity, found.status) == ("note", "digest")


def test_the_limit_for_supervised_houses_needs_the_cause_its_risk_has():
    floor = Floor("F7", "watch", "US", detail="data")
    assert alert_of(verdict("test"), verdict("watch", floors=(floor,))).severity == "note"
    assert alert_of(verdict("test"), verdict("watch", floors=(floor,)), events=[heard()]).severity == "decide"


def test_a_rise_is_by_time_alone_although_older_events_take_the_place_of_faded_ones():
    old_terms = (TERMS[0], Term("risk", "data:US", -15.0, event_ids=("e-2", "e-3")))
    found = alert_of(verdict("test", terms=old_terms), verdict("recommend"), events=[heard(30, 30)])
    assert found.severity == "note" and codes(found)[0] == "faded"


def test_a_rise_in_spite_of_a_report_of_tonight_does_not_claim_that_nothing_was_reported():
    found = alert_of(verdict("test"), verdict("recommend"), events=[heard(30, 0)])
    assert found.severity == "note" and codes(found)[0] == "calmer"


def test_the_cause_of_a_fall_may_lie_before_nights_that_were_missed():
    told = [heard(first_days_ago=13, last_days_ago=12)]
    assert codes(alert_of(verdict("test"), verdict("watch"), events=told))[0] == "many_reports"
    found = alert_of(verdict("test"), verdict("watch"), events=told, since=NIGHT - 16 * DAY)
    assert found.severity == "decide" and "event" in codes(found)


def test_a_step_that_weighs_little_is_no_cause_of_a_fall():
    inquiry = replace(STEP, instrument="us-inquiry", measure="fine", state="proceedings")
    found = alert_of(verdict("test"), verdict("watch"), lately=[inquiry])
    assert (found.severity, codes(found)[0]) == ("note", "many_reports")
    assert alert_of(verdict("test"), verdict("watch"), lately=[STEP]).severity == "decide"


BUDGET = SETTINGS.alerts.budget_per_month


def alerts_of(falls, told=()):
    """Alerts of a night on which bands fall by a grave event each: (platform, purpose, band before, band after)."""
    pairs, events = [], []
    for number, (platform, purpose, low, high) in enumerate(falls):
        old = verdict(low, at=NIGHT - DAY, platform=platform, purpose=purpose)
        pairs.append(Pair(old, verdict(high, platform=platform, purpose=purpose), 0, TERMS))
        events.append(heard(event_id=f"e-{number}", platform=platform))
    platforms = {platform: "active" for platform, *_ in falls}
    one = SETTINGS.clients["snack-us"].model_copy(update={"presence": platforms})
    return decide_alerts(
        pairs, {"snack-us": one}, SETTINGS.jurisdictions, [], list(told), "run", SETTINGS.scoring, SETTINGS.alerts,
        Lately(NIGHT - 7 * DAY, [], events),
    )  # fmt: skip


PLATFORMS = [f"p{number}" for number in range(BUDGET + 2)]


def call(platform, days_ago, purpose="advertising"):
    """A call of an earlier night."""
    return Told("snack-us", platform, purpose, "band_change", "watch", "decide", NIGHT - days_ago * DAY, "queued")


def test_the_budget_of_a_month_holds_within_one_night():
    found = alerts_of([(platform, "advertising", "test", "watch") for platform in PLATFORMS])
    assert {alert.severity for alert in found} == {"decide"}
    assert [alert.status for alert in found] == ["queued"] * BUDGET + ["digest"] * 2
    assert found[-1].status_reason == "monthly budget is spent"


def test_calls_of_earlier_nights_of_the_month_and_of_tonight_spend_one_budget():
    falls = [(platform, "advertising", "test", "watch") for platform in PLATFORMS]
    told = [call("x1", 3), call("x1", 3, "community"), call("x2", 2), call("x3", 40)]
    queued = [alert for alert in alerts_of(falls, told) if alert.status == "queued"]
    assert len(queued) == BUDGET - 2, "x1 was one call for two purposes, x3 one of another month"


def test_several_purposes_of_a_platform_in_a_night_are_one_call():
    falls = [(p, purpose, "test", "watch") for p in PLATFORMS for purpose in ("advertising", "community", "earned_pr")]
    found = alerts_of(falls)
    assert len({alert.platform for alert in found if alert.status == "queued"}) == BUDGET
    assert sum(alert.status == "queued" for alert in found) == 3 * BUDGET


def test_what_cannot_wait_is_told_first_and_past_the_budget():
    falls = [(platform, "advertising", "recommend", "watch") for platform in PLATFORMS[:-1]]
    found = alerts_of([(PLATFORMS[-1], "advertising", "test", "watch"), *falls])
    assert [(alert.severity, alert.status) for alert in found] == [("act", "queued")] * (BUDGET + 1) + [
        ("decide", "digest")
    ]


def test_what_weighs_on_a_score_that_hardly_moved_is_told_apart_by_who_reported_it():
    terms = (
        Term("risk", "governance:US", -9.0), Term("risk", "data:US", -8.0, event_ids=("e-1",)),
        Term("risk", "youth:AU", -7.0, instruments=("au-smma",)),
    )  # fmt: skip
    found = alert_of(verdict("test", terms=terms), verdict("watch", terms=terms))
    standing = [(r.code, r.dimension, r.jurisdiction, r.points) for r in found.reasons if r.code.startswith("standing")]
    assert standing == [
        ("standing_base", "governance", "US", -9.0), ("standing_risk", "data", "US", -8.0),
        ("standing_risk", "youth", "AU", -7.0),
    ]  # fmt: skip

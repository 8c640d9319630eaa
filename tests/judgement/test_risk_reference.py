"""Risk in SQL against a slow reference in plain Python, on random worlds; and what no world may break."""

import os
from collections import defaultdict
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, time, timedelta
from math import exp, log
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trendwarte.config_files import load_settings
from trendwarte.ledger import CLOSED, activity
from trendwarte.types import Event, LegalStatus
from trendwarte.vocabulary import DIMENSIONS, LEGAL_STATES
from warehouse import Warehouse, load_configuration, score_risk
from warehouse.connection import insert

SETTINGS = load_settings(Path(__file__).parents[2] / "config", {})
S = SETTINGS.scoring
PLATFORMS = ("tiktok", "x", "clubhouse")
PLACES = ("DE", "EU", "GLOBAL", "US", "US-MT")
TODAY = date(2025, 6, 30)
ADVANCED = {"passed_chamber", "adopted", "scheduled", "in_force", "enforced", "delayed", "non_enforced", "stayed"}
EXAMPLES = int(os.environ.get("TRENDWARTE_WORLDS", "8"))
WORLDS = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


def at(day):
    return datetime.combine(day, time(23, 59, 59), UTC)


@st.composite
def events(draw, number=None):
    support, denial = draw(st.floats(0.01, 0.99)), draw(st.sampled_from([0.0, 0.0, 0.3, 0.72]))
    day = TODAY - timedelta(days=draw(st.integers(0, 500)))
    dimension = draw(st.sampled_from([*DIMENSIONS, "momentum"]))
    return Event(
        event_id=f"e-{draw(st.uuids())}" if number is None else f"e-{number}",
        platform=draw(st.sampled_from([*PLATFORMS, "all_social"])), jurisdiction=draw(st.sampled_from(PLACES)),
        dimension=dimension, topic="security", legal_stage="none", factuality="asserted",
        polarity=draw(st.sampled_from(["negative", "negative", "positive", "neutral"])), event_date=day,
        first_seen_at=at(day + timedelta(days=draw(st.integers(0, 3)))), last_seen_at=at(day), title="t",
        severity=draw(st.integers(1, 5)), credibility=support * (1 - denial), denial=denial,
        mass=draw(st.floats(0.05, 6)), reach=draw(st.sampled_from([0.4, 0.7, 1.0])),
        novelty=draw(st.sampled_from([0.25, 0.5625, 0.75, 1.0])), origins=1, documents=1,
        attention=draw(st.sampled_from([0.05, 0.4, 1.0, 1.0])),
    )  # fmt: skip


@st.composite
def laws(draw):
    since = TODAY - timedelta(days=draw(st.sampled_from([0, 2, 3, 4, 40, 364, 366, 900])))
    due = draw(st.none() | st.integers(0, 700).map(lambda n: since + timedelta(days=n)))
    return LegalStatus(
        draw(st.sampled_from([*PLATFORMS, "all_social"])), draw(st.sampled_from(["DE", "EU", "US", "US-MT"])),
        f"i-{draw(st.integers(0, 3))}", draw(st.sampled_from(sorted(S.gravities))), draw(st.sampled_from(LEGAL_STATES)),
        since, at(since), due, credibility=draw(st.sampled_from([0.65, 0.9])),
        is_challenged=draw(st.booleans()), is_due_unverified=draw(st.booleans()),
    )  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def world():
    """One warehouse for all worlds: opening one costs more than judging it."""
    with Warehouse(Path(":memory:")) as warehouse:
        warehouse.con.execute("SET threads = 1")
        load_configuration(warehouse.con, SETTINGS)
        warehouse.con.execute("DELETE FROM platforms WHERE platform NOT IN (SELECT unnest(?))", [list(PLATFORMS)])
        _WORLD.append(warehouse)
        yield warehouse


_WORLD = []


def scored(told, statuses, day=TODAY, *, nights=(), is_degraded=False):
    """Scores in SQL; ``nights`` are judged before, in the same warehouse."""
    warehouse = _WORLD[0]
    for table in ("events", "ledger", "risk_daily"):
        warehouse.con.execute(f"DELETE FROM {table}")
    # Not by `Events.put`, which sets novelty by the neighbours: here each event keeps the one it was given.
    insert(warehouse.con, "events", [_row(event) for event in told])
    warehouse.ledger.append(list(statuses), [], "run", at(TODAY))
    for night in nights:
        score_risk(warehouse.con, at(night), "run", PLACES, is_degraded=False)
    scores = score_risk(warehouse.con, at(day), "run", PLACES, is_degraded=is_degraded)
    return {(s.platform, s.jurisdiction, s.dimension): s for s in scores if s.platform in PLATFORMS}


def _row(event):
    row = asdict(event)
    row["is_recap"] = row.pop("recap")
    return row


# --- the reference ---------------------------------------------------------------------------


def share_left(event, day):
    rule = S.decay[event.dimension]
    return 2 ** -(max(0, (day - event.event_date).days - rule.plateau_days) / rule.half_life_days)


def value(event):
    believed = 1 - (1 - event.credibility) ** event.attention
    return believed * (event.severity / 5 * event.reach * event.novelty) ** (1 / 3)


def damped(parts):
    ranked = sorted((min(part, 0.999) for part in parts), reverse=True)
    return 100 * (1 - exp(sum(log(1 - part) / k**S.damping_exponent for k, part in enumerate(ranked, 1))))


def reference_own(told, statuses, platform, place, dimension, day):
    def is_felt(event):
        is_named = event.platform == platform or (event.platform == "all_social" and dimension in ("legal", "youth"))
        is_known = event.event_date <= day and event.first_seen_at <= at(day)
        is_here = event.jurisdiction == place and event.dimension == dimension
        return is_named and is_known and is_here and share_left(event, day) > 0.004

    felt = [event for event in told if is_felt(event)]
    heat, reports = [], 0.0
    for event in felt:
        if event.polarity != "negative":
            continue
        after = [value(one) for one in felt if one.polarity == "positive" and one.event_date >= event.event_date]
        relief = S.positive_heat_factor * max(after, default=0.0)
        heat.append(value(event) * share_left(event, day) * (1 - relief))
        believed = -log(1 - min(event.credibility, 0.999)) * event.attention
        reports += S.report_weight * believed * share_left(event, day)
    if dimension == "legal":
        return max(reference_law(statuses, platform, place, day), reference_talk(heat, statuses, platform, place, day))
    base = float(SETTINGS.platforms[platform].base_rates.get(dimension, 0))
    return base + max(0.0, damped(heat) - base) * reports / (reports + S.shrinkage_k0)


def open_laws(statuses, platform, place, day):
    newest = {}
    # What was known last counts; of rows known at once, the one written last.
    for one in sorted(statuses, key=lambda status: status.known_from):
        if one.valid_from <= day:
            newest[one.platform, one.jurisdiction, one.instrument] = one
    return [s for (p, j, _), s in newest.items()
            if p in (platform, "all_social") and j == place and s.measure != "age_limit"]  # fmt: skip


def reference_law(statuses, platform, place, day):
    return damped([activity(s, day, S) for s in open_laws(statuses, platform, place, day)])


def reference_talk(heat, statuses, platform, place, day):
    states = {s.state for s in open_laws(statuses, platform, place, day)}
    if states & ADVANCED:
        ceiling = 100.0
    else:
        ceiling = S.heat_ceiling_early_stage if states - CLOSED else S.heat_ceiling_no_instrument
    return min(S.legal_heat_factor * damped(heat), ceiling)


def reference(told, statuses, day):
    own = {
        (p, j, d): reference_own(told, statuses, p, j, d, day) for p in PLATFORMS for j in PLACES for d in DIMENSIONS
    }
    above = defaultdict(dict)
    for place in PLACES:
        above[place][place] = 1.0
        parent = SETTINGS.jurisdictions[place].parent
        if parent and parent != "GLOBAL":
            above[place][parent] = S.spill_parent
        if parent:
            above[place]["GLOBAL"] = S.spill_global
    return {
        (p, j, d): min(100.0, max(own[p, origin, d] * share for origin, share in above[j].items() if origin in PLACES))
        for p, j, d in own
    }


# --- and what must hold ----------------------------------------------------------------------


@WORLDS
@given(st.lists(events(), max_size=14, unique_by=lambda e: e.event_id), st.lists(laws(), max_size=5))
def test_sql_says_what_the_reference_says(told, statuses):
    expected = reference(told, statuses, TODAY)
    found = scored(told, statuses)
    assert found.keys() == expected.keys()
    for key, score in found.items():
        assert score.value == pytest.approx(expected[key], abs=1e-9), key
        assert 0 <= score.low <= score.value <= score.high <= 100


@WORLDS
@given(st.lists(events(), max_size=10, unique_by=lambda e: e.event_id), events(number="new"))
def test_an_adverse_event_more_never_lowers_a_risk(told, more):
    before = scored(told, [])
    after = scored([*told, replace(more, polarity="negative")], [])
    assert all(after[key].value >= before[key].value - 1e-9 for key in before)


@WORLDS
@given(st.lists(events(), max_size=10, unique_by=lambda e: e.event_id), st.integers(1, 400))
def test_fading_alone_never_raises_a_risk(told, days):
    told = [replace(event, first_seen_at=at(event.event_date)) for event in told]
    before, after = scored(told, []), scored(told, [], TODAY + timedelta(days=days))
    assert all(after[key].value <= before[key].value + 1e-9 for key in before)


@WORLDS
@given(st.lists(events(), min_size=1, max_size=10, unique_by=lambda e: e.event_id), st.sampled_from([0.3, 0.65, 0.9]))
def test_a_denial_never_raises_a_risk(told, q):
    first = told[0]
    denied = replace(first, polarity="negative", credibility=first.credibility * (1 - q), mass=first.mass + q,
                     denial=1 - (1 - first.denial) * (1 - q))  # fmt: skip
    before, after = scored([replace(first, polarity="negative"), *told[1:]], []), scored([denied, *told[1:]], [])
    assert all(after[key].value <= before[key].value + 1e-9 for key in before)


@WORLDS
@given(st.lists(events(), max_size=10, unique_by=lambda e: e.event_id), st.lists(laws(), max_size=3))
def test_night_by_night_is_the_same_as_all_at_once(told, statuses):
    nights = [TODAY - timedelta(days=n) for n in (40, 12, 3, 1)]
    by_night, at_once = scored(told, statuses, nights=nights), scored(told, statuses)
    assert all(by_night[key].value == at_once[key].value for key in at_once)


class KilledError(Exception):
    """A night that ends before its transaction does."""


def kept_after(told, nights, *, looked_up):
    """What ``risk_daily`` holds after nights that end well, are killed, or run again later."""
    warehouse = _WORLD[0]
    for table in ("events", "ledger", "risk_daily"):
        warehouse.con.execute(f"DELETE FROM {table}")
    insert(warehouse.con, "events", [_row(event) for event in told])
    for ago, how in nights:
        if looked_up:
            warehouse.con.execute("DROP TABLE IF EXISTS risk_left")
        night = at(TODAY - timedelta(days=ago))
        with suppress(KilledError), warehouse.transaction():
            if how == "again":
                warehouse.con.execute("DELETE FROM risk_daily WHERE as_of = ?", [night])
            score_risk(warehouse.con, night, "run", PLACES[: 5 - ago % 2], is_degraded=False)
            if how == "killed":
                raise KilledError
    return warehouse.con.execute("FROM risk_daily ORDER BY ALL").fetchall()


@WORLDS
@given(
    st.lists(events(), max_size=10, unique_by=lambda e: e.event_id),
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["well", "well", "killed", "again"])), max_size=9),
    st.booleans(),
)
def test_what_a_night_keeps_is_the_same_whether_the_last_scores_are_carried_on_or_looked_up(told, nights, in_order):
    nights = sorted(nights, reverse=True) if in_order else nights
    assert kept_after(told, nights, looked_up=False) == kept_after(told, nights, looked_up=True)


@WORLDS
@given(st.lists(events(), max_size=10, unique_by=lambda e: e.event_id))
def test_when_sources_are_silent_nothing_falls(told):
    later = TODAY + timedelta(days=30)
    before = scored(told, [])
    silent = scored(told, [], later, nights=[TODAY], is_degraded=True)
    assert all(silent[key].value >= before[key].value - 0.05 for key in before)


@WORLDS
@given(st.lists(events(), max_size=14, unique_by=lambda e: e.event_id))
def test_a_risk_above_its_base_rate_names_the_events_that_make_it(told):
    found = scored(told, [])
    calm = {key: score.value for key, score in scored([], []).items()}
    for (platform, place, dimension), score in found.items():
        if score.value >= calm[platform, place, dimension] + 1:
            named = [e for event_id in score.event_ids for e in told if e.event_id == event_id]
            assert named and {(e.jurisdiction, e.dimension) for e in named} == {(score.told_in, dimension)}
            assert {e.platform for e in named} <= {platform, "all_social"}

"""Evidence as running sums: what nights learned, changed and withdrew, against plain Python over what each of them saw."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from math import floor
from pathlib import Path
from random import Random

import pytest

import warehouse.evidence as summing
from trendwarte.config_files import load_settings
from trendwarte.types import Event
from warehouse import (
    Warehouse,
    evidence_days,
    evidence_days_of_events,
    load_configuration,
    open_published,
    publish,
    query,
)
from warehouse.checks import run_checks
from warehouse.connection import query_text

SETTINGS = load_settings(Path(__file__).parents[2] / "config", {})
FIRST, LAST = date(2025, 1, 1), date(2025, 4, 2)
NIGHTS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
SUMS = "FROM mart.evidence_between(?, ?)"


def at(day):
    return datetime.combine(day, time(20), UTC)


def told(chance, number, night):
    # Some are announced before they happen, some found out weeks later; the first night brings the past along.
    late = chance.randint(0, 300) if night == FIRST else chance.choice([-3, 0, 0, 0, 1, 2, 40])
    return Event(
        f"e-{number}", chance.choice(["tiktok", "x"]), chance.choice(["DE", "US"]), chance.choice(["legal", "data"]),
        "security", "none", "asserted", "negative", night - timedelta(days=late), at(night), at(night), "t", 3,
        credibility=0.5, origins=1, documents=1, mass=chance.uniform(0.1, 4),
    )  # fmt: skip


def changed(chance, event):
    """A report joins: more weight, an earlier day, or another reading of what it was about."""
    change = chance.choice(["mass", "day", "dimension"])
    if change == "mass":
        return replace(event, mass=event.mass + chance.uniform(0, 2))
    if change == "day":
        return replace(event, event_date=event.event_date - timedelta(days=chance.randint(1, 30)))
    return replace(event, dimension="data" if event.dimension == "legal" else "legal")


def live(warehouse, chance, nights, known):
    """Let nights happen to the ``known`` events; gives what stood in the warehouse after each."""
    seen = {}
    for night in nights:
        count = 60 if night == FIRST else chance.choice([0, 1, 3, 9])
        new = [told(chance, f"{night}-{n}", night) for n in range(count)]
        grown = [changed(chance, event) for event in chance.sample(sorted(known.values(), key=str), min(2, len(known)))]
        gone = chance.sample(sorted(known), 1) if len(known) > 70 else []
        known |= {event.event_id: event for event in [*new, *grown]}
        warehouse.events.put([known[event.event_id] for event in [*new, *grown]], at(night))
        warehouse.events.drop_empty(gone, at(night))
        for event_id in gone:
            del known[event_id]
        seen[night] = dict(known)
    return seen


def reference(events, day):
    """What was known on a day, and what was left of it."""
    sums = {}
    for event in events.values():
        rule, age = SETTINGS.scoring.decay[event.dimension], (day - event.event_date).days
        if age >= 0:
            left = 1 if age <= rule.plateau_days else 2 ** -((age - rule.plateau_days) / rule.half_life_days)
            key = (event.platform, event.jurisdiction, event.dimension, day)
            sums[key] = sums.get(key, 0) + event.mass * left
    return sums


def evidence(copy, first, last):
    return {row[:4]: row[4] for row in query(copy, SUMS, [first, last])[1]}


def as_days(copy, first, last, days_of=evidence_days):
    with open_published(copy) as con:
        found = days_of(con, first, last)
    assert found.mass.shape == ((last - first).days + 1, len(found.series))
    return {
        (*series, first + timedelta(days=day)): mass
        for day, row in enumerate(found.mass)
        for series, mass in zip(found.series, row.tolist(), strict=True)
    }


def as_events_stand(events, first, last):
    """Each event counts as it is now, from its first report on."""
    sums = {}
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        sums |= reference({key: e for key, e in events.items() if e.first_seen_at.date() <= day}, day)
    return sums


def fails(warehouse):
    found = {one.name for one in run_checks(warehouse.con, "run")}
    return "warn_evidence_misses_the_events" in found


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """A warehouse of ninety nights, copies of two of them and of the last, and what each night saw."""
    folder, chance = tmp_path_factory.mktemp("evidence"), Random(7)
    with Warehouse(folder / "warehouse.duckdb") as warehouse:
        load_configuration(warehouse.con, SETTINGS)
        known, seen, copies = {}, {}, {}
        for begin, end in ((0, 41), (41, 70), (70, len(NIGHTS))):
            seen |= live(warehouse, chance, NIGHTS[begin:end], known)
            name = f"published-{NIGHTS[end - 1]}"
            copies[NIGHTS[end - 1]] = publish(warehouse.con, folder / name, has_parquet=False)
        yield warehouse, copies, seen


@pytest.mark.parametrize(
    ("first", "last"), [(FIRST, LAST), (LAST, LAST), (date(2025, 2, 16), LAST), (date(2025, 2, 17), date(2025, 2, 17))]
)
def test_each_day_has_what_was_known_that_night(lived, first, last):
    _, copies, seen = lived
    days = [night for night in NIGHTS if first <= night <= last]
    expected = {}
    for day in days:
        expected |= reference(seen[day], day)
    found = evidence(copies[LAST], first, last)
    assert len(found) >= len(expected) > 0
    assert found == pytest.approx(dict.fromkeys(found, 0) | expected, rel=1e-9, abs=1e-9)
    dense = as_days(copies[LAST], first, last)
    assert dense == pytest.approx(dict.fromkeys(dense, 0) | expected, rel=1e-9, abs=1e-9)


def test_what_was_published_for_a_day_is_what_its_replay_says(lived):
    _, copies, _ = lived
    for night in copies:
        then = evidence(copies[night], night, night)
        assert evidence(copies[LAST], night, night) == pytest.approx(then, rel=1e-12)


def test_a_day_asked_alone_is_that_day_of_the_year(lived):
    _, copies, _ = lived
    whole = evidence(copies[LAST], FIRST, LAST)
    for day in (date(2025, 1, 5), date(2025, 1, 6), date(2025, 3, 2), LAST):
        alone = evidence(copies[LAST], day, day)
        assert alone == pytest.approx({key: mass for key, mass in whole.items() if key[3] == day}, rel=1e-9, abs=1e-9)


def test_the_sums_of_all_nights_are_those_of_the_events_themselves(lived):
    warehouse, _, seen = lived
    kept = warehouse.con.execute(
        "SELECT platform, jurisdiction, dimension, event_date, sum(mass)::BIGINT FROM evidence_moves"
        " JOIN evidence_series USING (series) GROUP BY ALL HAVING sum(mass) <> 0"
    ).fetchall()
    sums = {}
    for event in seen[LAST].values():
        key = (event.platform, event.jurisdiction, event.dimension, event.event_date)
        sums[key] = sums.get(key, 0) + floor(event.mass * 1e12)
    assert {row[:4]: row[4] for row in kept} == sums
    assert not fails(warehouse)


@pytest.mark.parametrize(
    ("first", "last"), [(FIRST, LAST), (LAST, LAST), (date(2024, 11, 1), LAST), (date(2025, 2, 10), date(2025, 3, 1))]
)
def test_a_span_from_the_events_themselves_counts_them_as_they_stand(lived, first, last):
    _, copies, seen = lived
    found = as_days(copies[LAST], first, last, evidence_days_of_events)
    expected = as_events_stand(seen[LAST], first, last)
    assert len(expected) > 0
    assert found == pytest.approx(dict.fromkeys(found, 0) | expected, rel=1e-9, abs=1e-9)


def test_how_many_events_are_read_at_once_and_how_they_are_summed_changes_nothing(lived, monkeypatch):
    _, copies, _ = lived
    by_hash = as_days(copies[LAST], FIRST, LAST, evidence_days_of_events)
    array_of = summing._array_of
    monkeypatch.setattr(summing, "_array_of", lambda con, bits: array_of(con, 24))
    monkeypatch.setattr(summing, "_READ_AT_ONCE", 30)
    with open_published(copies[LAST]) as con:
        with summing._array_of(con, 0):
            plan = con.execute("EXPLAIN " + query_text("evidence_timely"), {"first": FIRST, "last": LAST}).fetchall()
        assert "PERFECT_HASH_GROUP_BY" in plan[0][1]
    in_an_array = as_days(copies[LAST], FIRST, LAST, evidence_days_of_events)
    assert in_an_array == pytest.approx(by_hash, rel=1e-12, abs=1e-12)


def test_for_the_newest_night_the_events_and_the_sums_say_the_same(lived):
    _, copies, _ = lived
    for night in copies:
        from_events = as_days(copies[night], night, night, evidence_days_of_events)
        assert from_events == pytest.approx(as_days(copies[night], night, night), rel=1e-12, abs=1e-12)


def test_of_events_that_never_changed_every_day_is_the_same_from_events_and_from_sums(tmp_path):
    chance = Random(11)
    with Warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        load_configuration(warehouse.con, SETTINGS)
        for night in NIGHTS:
            warehouse.events.put([told(chance, f"{night}-{n}", night) for n in range(5)], at(night))
        momentum = replace(told(chance, "m", LAST), dimension="momentum")
        warehouse.events.put([momentum], at(LAST))
        copy = publish(warehouse.con, tmp_path / "published", has_parquet=False)
    from_events = as_days(copy, FIRST, LAST, evidence_days_of_events)
    assert from_events == pytest.approx(as_days(copy, FIRST, LAST), rel=1e-12, abs=1e-12)
    assert from_events[momentum.platform, momentum.jurisdiction, "momentum", LAST] == 0


def test_every_event_has_the_number_of_its_series_wherever_it_was_filed_since(lived):
    warehouse, _, seen = lived
    rows = warehouse.con.execute(
        "SELECT e.event_id, s.platform, s.jurisdiction, s.dimension FROM events e JOIN evidence_series s USING (series)"
    ).fetchall()
    assert {row[0]: row[1:] for row in rows} == {
        key: (event.platform, event.jurisdiction, event.dimension) for key, event in seen[LAST].items()
    }


@pytest.mark.parametrize("change", ["series = NULL", "series = series % 8 + 1", "platform = 'elsewhere'"])
def test_an_event_under_the_number_of_another_series_or_none_is_found(lived, change):
    warehouse, _, _ = lived
    assert not fails(warehouse)
    warehouse.con.execute("BEGIN")
    warehouse.con.execute(f"UPDATE events SET {change} WHERE event_id = (SELECT min(event_id) FROM events)")
    assert fails(warehouse)
    warehouse.con.execute("ROLLBACK")


def test_what_an_analyst_sees_of_events_is_without_the_number(lived):
    _, copies, _ = lived
    assert "series" not in query(copies[LAST], "FROM mart.events LIMIT 0")[0]


def test_the_sundays_kept_only_save_time(lived, tmp_path):
    warehouse, copies, _ = lived
    marks = warehouse.con.execute(
        "SELECT count(DISTINCT marked_on), min(isodow(marked_on)) FROM evidence_marks"
    ).fetchone()
    assert marks == (14, 7)
    warehouse.con.execute("CREATE TEMP TABLE kept AS FROM evidence_marks")
    warehouse.con.execute("DELETE FROM evidence_marks WHERE marked_on > ?", [date(2025, 2, 1)])
    bare = publish(warehouse.con, tmp_path / "bare", has_parquet=False)
    warehouse.con.execute("DELETE FROM evidence_marks; INSERT INTO evidence_marks FROM kept")
    for span in ((LAST, LAST), (date(2025, 3, 1), date(2025, 3, 12))):
        assert evidence(bare, *span) == pytest.approx(evidence(copies[LAST], *span), rel=1e-9, abs=1e-9)


def test_a_night_that_runs_again_adds_nothing_and_one_of_the_past_is_counted_in_its_week(tmp_path):
    chance, known = Random(3), {}
    with Warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        load_configuration(warehouse.con, SETTINGS)
        live(warehouse, chance, NIGHTS[:40], known)
        moves = warehouse.con.execute("FROM evidence_moves").fetchall()
        warehouse.events.put(list(known.values()), at(NIGHTS[39]))
        assert warehouse.con.execute("FROM evidence_moves").fetchall() == moves
        past = replace(told(chance, "past", NIGHTS[20]), event_date=NIGHTS[3])
        warehouse.events.put([past], at(NIGHTS[20]))
        assert not fails(warehouse)
        copy = publish(warehouse.con, tmp_path / "published", has_parquet=False)
    rest = evidence(copy, NIGHTS[39], NIGHTS[39])
    assert as_days(copy, NIGHTS[39], NIGHTS[39]) == pytest.approx(rest, rel=1e-9, abs=1e-9)
    assert rest == pytest.approx(reference(known | {"past": past}, NIGHTS[39]), rel=1e-9, abs=1e-9)


def test_another_decay_reads_the_same_sums_anew(tmp_path):
    known, scoring = {}, SETTINGS.scoring
    with Warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        load_configuration(warehouse.con, SETTINGS)
        live(warehouse, Random(5), NIGHTS[:30], known)
        slow = {
            key: rule.model_copy(update={"half_life_days": 500, "plateau_days": 21})
            for key, rule in scoring.decay.items()
        }
        changed_to = SETTINGS.model_copy(
            update={"scoring": scoring.model_copy(update={"decay": slow}), "fingerprint": "new"}
        )
        load_configuration(warehouse.con, changed_to)
        copy = publish(warehouse.con, tmp_path / "published", has_parquet=False)
    expected = 0.0
    for event in known.values():
        age = (NIGHTS[29] - event.event_date).days
        expected += event.mass * 2 ** -(max(0, age - 21) / 500) if age >= 0 else 0
    assert sum(evidence(copy, NIGHTS[29], NIGHTS[29]).values()) == pytest.approx(expected, rel=1e-9)
    assert sum(as_days(copy, NIGHTS[29], NIGHTS[29]).values()) == pytest.approx(expected, rel=1e-9)


def test_before_the_first_report_and_where_there_is_none_is_no_evidence(lived, tmp_path):
    _, copies, _ = lived
    before = as_days(copies[LAST], date(2020, 1, 1), date(2020, 2, 1))
    assert before
    assert set(before.values()) == {0.0}
    with Warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        load_configuration(warehouse.con, SETTINGS)
        copy = publish(warehouse.con, tmp_path / "published", has_parquet=False)
    assert as_days(copy, FIRST, LAST) == {}

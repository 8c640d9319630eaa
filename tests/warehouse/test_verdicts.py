"""What is kept of verdicts, and what judging a night again may not change."""

from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from trendwarte.types import Alert, Reason, Term, Verdict
from warehouse import Warehouse
from warehouse.connection import rows_of
from warehouse.verdicts import alert_of, reason_of

FIRST = datetime(2025, 1, 10, 23, 59, 59, tzinfo=UTC)
NIGHTS = [FIRST + timedelta(days=n) for n in range(3)]


def verdict(night, platform, points):
    return Verdict(
        night, "klinikum", platform, "earned_pr", "test", points, "test", terms=(Term("fit", "audience", points),)
    )


def store(warehouse, night, changing):
    """Terms of TikTok change every night (``changing``), those of X never."""
    with warehouse.transaction():
        warehouse.verdicts.forget(night)
        warehouse.verdicts.store(
            [verdict(night, "tiktok", changing), verdict(night, "x", 50.0)], "run", is_baseline=False
        )


def totals(warehouse):
    return warehouse.con.execute(
        "SELECT v.as_of, v.platform, v.score, sum(t.points) FROM verdicts v LEFT JOIN score_terms t"
        " ON t.as_of = v.terms_as_of AND t.client = v.client AND t.platform = v.platform AND t.purpose = v.purpose"
        " GROUP BY ALL ORDER BY ALL"
    ).fetchall()


@pytest.mark.parametrize("again", NIGHTS)
def test_judging_a_night_again_leaves_every_verdict_its_own_terms(again):
    with Warehouse(Path(":memory:")) as warehouse:
        for number, night in enumerate(NIGHTS):
            store(warehouse, night, 40.0 + number)
        before = totals(warehouse)
        store(warehouse, again, 40.0 + NIGHTS.index(again))
        assert totals(warehouse) == before
        assert all(score == total for _, _, score, total in before)


def test_a_night_that_was_rolled_back_is_not_taken_for_last_night():
    with Warehouse(Path(":memory:")) as warehouse:
        store(warehouse, NIGHTS[0], 40.0)
        with pytest.raises(RuntimeError), warehouse.transaction():
            warehouse.verdicts.forget(NIGHTS[0])
            warehouse.verdicts.store([verdict(NIGHTS[0], "tiktok", 99.0)], "run", is_baseline=False)
            raise RuntimeError("killed")
        held = warehouse.verdicts.latest(NIGHTS[1])
        assert held["klinikum", "tiktok", "earned_pr"].score == 40.0
        assert ("klinikum", "x", "earned_pr") in held


def test_what_was_just_stored_is_the_same_as_what_is_read_back():
    told = replace(verdict(NIGHTS[0], "tiktok", 40.0), relaxing=(("F1:US:us-pafaca:watch", FIRST.date()),))
    with Warehouse(Path(":memory:")) as warehouse:
        warehouse.verdicts.store([told], "run", is_baseline=False)
        remembered = warehouse.verdicts.latest(NIGHTS[1])
        warehouse.verdicts.read_anew()
        read = warehouse.verdicts.latest(NIGHTS[1])
    assert [replace(v, terms=()) for v in remembered.values()] == list(read.values())


@pytest.mark.parametrize("is_read_back", [False, True])
def test_a_score_that_has_no_terms_any_more_keeps_none_of_the_night_before(is_read_back):
    with Warehouse(Path(":memory:")) as warehouse:
        warehouse.verdicts.store([verdict(NIGHTS[0], "tiktok", 40.0)], "run", is_baseline=False)
        if is_read_back:
            warehouse.verdicts.read_anew()
        bare = replace(verdict(NIGHTS[1], "tiktok", 40.0), score=None, terms=())
        warehouse.verdicts.store([bare], "run", is_baseline=False)
        since = warehouse.con.execute("SELECT as_of, terms_as_of, terms_hash FROM verdicts ORDER BY 1").fetchall()
    (_, first, full), (_, second, empty) = since
    assert (first, second) == (NIGHTS[0], NIGHTS[1])
    assert full != empty


def test_terms_are_those_of_last_night_whenever_they_were_written():
    """What X was told for is written once; the term of TikTok is another one each night."""
    tiktok, x = ("klinikum", "tiktok", "earned_pr"), ("klinikum", "x", "earned_pr")
    with Warehouse(Path(":memory:")) as warehouse:
        for number, night in enumerate(NIGHTS):
            store(warehouse, night, 40.0 + number)
        written = warehouse.con.execute("SELECT as_of FROM score_terms WHERE platform = 'x'").fetchall()
        assert written == [(NIGHTS[0],)]
        for number, night in enumerate(NIGHTS):
            after = night + timedelta(hours=1)
            told = {tiktok: (Term("fit", "audience", 40.0 + number),), x: (Term("fit", "audience", 50.0),)}
            assert warehouse.verdicts.terms([tiktok, x], after) == told
            assert warehouse.verdicts.terms([tiktok], after) == {tiktok: told[tiktok]}
        assert warehouse.verdicts.terms([tiktok, x], NIGHTS[0]) == {}
        assert warehouse.verdicts.terms([], NIGHTS[2]) == {}


def test_who_was_not_judged_last_night_has_no_terms_of_it():
    with Warehouse(Path(":memory:")) as warehouse:
        store(warehouse, NIGHTS[0], 40.0)
        warehouse.verdicts.store([verdict(NIGHTS[1], "x", 50.0)], "run", is_baseline=False)
        keys = [("klinikum", name, "earned_pr") for name in ("tiktok", "x")]
        assert set(warehouse.verdicts.terms(keys, NIGHTS[2])) == {("klinikum", "x", "earned_pr")}


def test_every_term_of_a_verdict_comes_back():
    terms = tuple(Term("risk", f"regulatory:{n}", -float(n)) for n in range(7))
    with Warehouse(Path(":memory:")) as warehouse:
        warehouse.verdicts.store([replace(verdict(FIRST, "x", 50.0), terms=terms)], "run", is_baseline=False)
        ((_, told),) = warehouse.verdicts.terms([("klinikum", "x", "earned_pr")], NIGHTS[1]).items()
    assert sorted(told, key=lambda term: term.name) == list(terms)


REASONS = (
    Reason("floor_set", floor="F9", floor_detail="fading", due_date=date(2025, 1, 19)),
    Reason("spark", jurisdiction="US", bursting="mentions page_views"),
    Reason("standing_base", points=-3.5, dimension="data", jurisdiction="DE"),
)


def test_the_reasons_of_an_alert_are_read_as_they_were_stored(tmp_path):
    told = Alert(
        "a-1", "run", FIRST, "klinikum", "tiktok", "earned_pr", "note", "spark", "test", "watch", "t", reasons=REASONS
    )
    with Warehouse(tmp_path / "w.duckdb") as warehouse:
        with warehouse.transaction():
            warehouse.verdicts.store_alerts([told])
        (row,) = rows_of(warehouse.con, "SELECT * FROM alerts")
        assert alert_of(row).reasons == REASONS


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.code)
def test_a_reason_of_the_time_when_one_field_held_everything_says_the_same(reason):
    raw = asdict(reason) | {"due_date": reason.due_date and reason.due_date.isoformat()}
    raw["title"] = raw.pop("floor_detail") or raw.pop("bursting", "")
    raw.pop("bursting", None)
    assert reason_of(raw) == reason
    assert reason_of(raw | {"code": "event", "title": "A headline"}) == replace(
        reason, code="event", floor_detail="", bursting=""
    )

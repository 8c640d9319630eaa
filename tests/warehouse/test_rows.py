"""Rows go in as they are, whatever strangers write."""

from datetime import UTC, date, datetime, timedelta, timezone

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trendwarte.errors import WarehouseError
from warehouse.connection import insert, transaction


def table():
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'; CREATE TABLE rows (told VARCHAR, x DOUBLE, n BIGINT, is_so BOOLEAN, day DATE,"
                " seen_at TIMESTAMPTZ, parts JSON, raw BLOB)")  # fmt: skip
    return con


def row(**changed):
    return {"told": None, "x": None, "n": None, "is_so": None, "day": None, "seen_at": None, "parts": None,
            "raw": None} | changed  # fmt: skip


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXTS, st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**63), 2**63 - 1), st.binary())
def test_what_goes_in_comes_out(told, x, n, raw):
    with table() as con:
        insert(con, "rows", [row(told=told, x=x, n=n, raw=raw), row()])
        first, second = con.execute("SELECT told, x, n, raw FROM rows").fetchall()
    assert first == (told, x, n, raw) and second == (None,) * 4


def test_times_keep_their_moment_and_json_stays_json():
    berlin = timezone(timedelta(hours=2))
    with table() as con:
        insert(con, "rows", [row(day=date(2024, 2, 29), seen_at=datetime(2024, 8, 30, 1, 2, 3, 456789, berlin),
                                 parts='{"a": ["ü", null]}', is_so=True)])  # fmt: skip
        ((day, moment, said, is_so),) = con.execute("SELECT day, seen_at, parts->>'$.a[0]', is_so FROM rows").fetchall()
    assert (day, said, is_so) == (date(2024, 2, 29), "ü", True)
    assert moment == datetime(2024, 8, 29, 23, 2, 3, 456789, UTC)


def test_half_a_surrogate_pair_from_a_strangers_json_does_not_stop_a_night():
    with table() as con:
        insert(con, "rows", [row(told="broken \ud83d emoji")])
        assert con.execute("SELECT told FROM rows").fetchall() == [("broken ? emoji",)]


def test_a_number_that_is_none_is_refused():
    with table() as con, pytest.raises(ValueError, match="JSON"):
        insert(con, "rows", [row(x=float("nan"))])


def test_a_refused_statement_takes_the_whole_step_back_and_says_so():
    with table() as con:
        with pytest.raises(WarehouseError, match="nothing of this step was kept"), transaction(con):
            insert(con, "rows", [row(n=1)])
            con.execute("INSERT INTO nowhere VALUES (1)")
        assert con.execute("SELECT count(*) FROM rows").fetchall() == [(0,)]

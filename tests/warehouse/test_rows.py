"""Rows go in as they are, whatever strangers write."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trendwarte.errors import WarehouseError
from trendwarte.types import Document
from warehouse import Warehouse
from warehouse.connection import insert, offered, texts, transaction


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


CELLS = {"told": TEXTS, "x": st.floats(allow_nan=False, allow_infinity=False), "n": st.integers(-(2**63), 2**63 - 1),
         "day": st.dates(), "seen_at": st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
         "parts": st.none() | st.just('{"a": "ü"}'), "is_so": st.booleans(), "raw": st.binary()}  # fmt: skip


@settings(max_examples=150)
@given(st.sets(st.sampled_from(sorted(CELLS)), min_size=1), st.data())
def test_many_rows_come_out_as_they_went_in_whatever_is_missing(columns, data):
    some = [
        row(**{name: data.draw(st.none() | CELLS[name]) for name in columns})
        for _ in range(data.draw(st.integers(1, 5)))
    ]
    rows = (some * 250)[:250]
    with table() as con:
        insert(con, "rows", rows)
        found = con.execute("FROM rows").fetchall()
    assert found == [tuple(one.values()) for one in rows]


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


@pytest.mark.parametrize("rows", [1, 2, 300])
def test_a_number_that_is_none_is_refused(rows):
    with table() as con, pytest.raises(ValueError, match="JSON"):
        insert(con, "rows", [row(x=float(n)) for n in range(rows - 1)] + [row(x=float("nan"))])


def test_a_refused_statement_takes_the_whole_step_back_and_says_so():
    with table() as con:
        with pytest.raises(WarehouseError, match="nothing of this step was kept"), transaction(con):
            insert(con, "rows", [row(n=1)])
            con.execute("INSERT INTO nowhere VALUES (1)")
        assert con.execute("SELECT count(*) FROM rows").fetchall() == [(0,)]


def test_half_a_surrogate_pair_does_not_close_the_file_either_where_python_s_memory_is_read():
    with table() as con:
        with offered(con, "arriving", {"told": texts(["broken \ud83d emoji", "ü"])}):
            con.execute("INSERT INTO rows (told) SELECT told FROM arriving")
        assert con.execute("SELECT told FROM rows ORDER BY told").fetchall() == [("broken ? emoji",), ("ü",)]


def test_what_is_offered_is_gone_after_a_refused_statement_too():
    with table() as con:
        with pytest.raises(WarehouseError), transaction(con), offered(con, "arriving", {"told": texts(["a"])}):
            con.execute("INSERT INTO nowhere FROM arriving")
        with pytest.raises(duckdb.Error):
            con.execute("FROM arriving")


TIMES = st.none() | st.datetimes(datetime(1990, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with Warehouse(tmp_path_factory.mktemp("house") / "w.duckdb") as opened:
        yield opened


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS, st.none() | TEXTS.filter(bool), TIMES, TIMES), min_size=1, max_size=4))
def test_a_document_comes_back_as_it_was_stored_and_an_edit_keeps_when_it_was_first_seen(house, told):
    now = datetime(2026, 6, 10, 12, 0, 0, 1, UTC)
    documents = [
        Document(f"d{n}", "s", f"https://a.example/{n}", title, summary, "o", "blog", published, now, f"h{n}", guid, text,
                 "summary", "de", "raw", updated, ("undated",) if published is None else (), None)
        for n, (title, summary, text, guid, published, updated) in enumerate(told)
    ]  # fmt: skip
    house.con.execute("DELETE FROM documents")
    assert len(house.documents.store(documents).new) == len(documents)
    ids = [d.document_id for d in documents]
    assert {d.document_id: d for d in house.documents.of_ids(ids)} == {d.document_id: d for d in documents}
    assert house.documents.store(documents).unchanged == len(documents)
    edited = replace(documents[0], title="neu", content_hash="other", first_seen_at=now + timedelta(days=1))
    intake = house.documents.store([edited, *documents[1:]])
    assert (intake.new, intake.changed, intake.unchanged) == ((), ("d0",), len(documents) - 1)
    (found,) = house.documents.of_ids(["d0"])
    assert (found.title, found.first_seen_at, found.published_at) == ("neu", now, documents[0].published_at)

"""Rows go in as they are, whatever strangers write."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from unittest.mock import patch

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trendwarte.errors import WarehouseError
from trendwarte.types import Document
from warehouse import Warehouse, connection
from warehouse.connection import insert, offered, texts, transaction


def table():
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'; CREATE TABLE rows (raw BLOB, is_so BOOLEAN, told VARCHAR, x DOUBLE, n BIGINT,"
                " k INTEGER, day DATE, seen_at TIMESTAMPTZ, parts JSON)")  # fmt: skip
    return con


def row(**changed):
    return {"raw": None, "is_so": None, "told": None, "x": None, "n": None, "k": None, "day": None, "seen_at": None,
            "parts": None} | changed  # fmt: skip


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@settings(deadline=None)
@given(TEXTS, st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**63), 2**63 - 1), st.binary())
def test_what_goes_in_comes_out(told, x, n, raw):
    with table() as con:
        insert(con, "rows", [row(told=told, x=x, n=n, raw=raw), row()])
        first, second = con.execute("SELECT told, x, n, raw FROM rows").fetchall()
    assert first == (told, x, n, raw) and second == (None,) * 4


@cache
def kept_open():
    return table()


def emptied():
    con = kept_open()
    con.execute("TRUNCATE rows")
    return con


def all_of(rows):
    """The rows as one statement stores them, and whether they went as arrays."""
    con = emptied()
    with patch.object(connection, "offered", wraps=offered) as offers:
        insert(con, "rows", rows)
    return con.execute("FROM rows").fetchall(), offers.called


def one_by_one(rows):
    """The rows as they are stored where nothing is gathered."""
    con = emptied()
    for one in rows:
        insert(con, "rows", [one])
    return con.execute("FROM rows").fetchall()


# Of each kind also the values that stand for NULL in an array.
ABSENT = {"told": "\0", "x": -1e308, "day": date.min, "parts": "\0"}
AS_ARRAYS = {
    "told": TEXTS | st.just("\0"), "x": st.floats(allow_nan=False, allow_infinity=False) | st.just(-1e308),
    "n": st.integers(-(2**63), 2**63 - 1), "k": st.integers(-(2**31), 2**31 - 1), "day": st.dates(),
    "seen_at": st.datetimes(datetime(1700, 1, 1), datetime(2500, 1, 1), timezones=st.just(UTC)),
    "parts": st.sampled_from(['{"a": "ü"}', "[]"]),
}  # fmt: skip
NEVER = {"is_so": st.booleans(), "raw": st.binary()}


def goes_as_arrays(rows):
    """Whether the rule of decision 0021 lets rows go as arrays; rows hold the drawn columns only."""
    varied = {name for name in rows[0] if any(one[name] != rows[0][name] for one in rows)}
    last = list(rows[0])[-1]
    for name in varied | {last}:
        cells = [one[name] for one in rows]
        no_null = name == "n" or (name in ABSENT and ABSENT[name] in cells)
        if name in NEVER or (None in cells and no_null):
            return False
    return True


@settings(max_examples=150, deadline=None)
@given(st.sets(st.sampled_from(sorted(AS_ARRAYS)), min_size=1), st.sets(st.sampled_from(sorted(NEVER)), max_size=1),
       st.booleans(), st.data())  # fmt: skip
def test_many_rows_come_out_as_one_by_one_whatever_is_missing(arrays, others, with_others, data):
    cells = {n: AS_ARRAYS[n] for n in sorted(arrays)}
    if with_others:
        cells = {n: NEVER[n] for n in sorted(others)} | cells
    is_missing = {n: data.draw(st.booleans()) for n in cells}
    drawn = st.fixed_dictionaries({n: st.none() | cell if is_missing[n] else cell for n, cell in cells.items()})
    some = data.draw(st.lists(drawn, min_size=1, max_size=5))
    rows = (some * 250)[:250]
    found, as_arrays = all_of(rows)
    assert found == (one_by_one(some) * 250)[:250]
    assert found == [tuple(row(**one).values()) for one in rows]
    assert as_arrays == goes_as_arrays(rows)


ORDINARY = {"told": "a", "x": 0.5, "n": 2**40, "k": 7, "day": date(2024, 2, 29), "parts": "[]",
            "seen_at": datetime(2024, 2, 29, 12, tzinfo=UTC)}  # fmt: skip


@pytest.mark.parametrize("name", ORDINARY)
def test_many_rows_of_each_kind_go_as_arrays_also_where_some_are_missing(name):
    rows = [{"told": f"{n}", name: ORDINARY[name]} for n in range(300)]
    found, as_arrays = all_of(rows)
    assert as_arrays and found == one_by_one(rows[:1]) + found[1:]
    rows[7] = rows[7] | {name: None}
    found, as_arrays = all_of(rows)
    assert as_arrays == (name != "n") and found[7] == tuple(row(**rows[7]).values())


@pytest.mark.parametrize("name", ABSENT)
def test_the_value_that_stands_for_null_is_stored_as_itself(name):
    # In JSON it is no valid text, and every way refuses it.
    if name == "parts":
        with pytest.raises(duckdb.Error):
            all_of([{"k": n, name: [None, "[]", ABSENT[name]][n % 3]} for n in range(300)])
        return
    rows = [{"k": n, name: [None, ORDINARY[name], ABSENT[name]][n % 3]} for n in range(300)]
    found, as_arrays = all_of(rows)
    assert not as_arrays and found == one_by_one(rows)


BERLIN = timezone(timedelta(hours=2))
ODD_CELLS = [
    ("k", 1.5), ("k", 2.5), ("k", True), ("k", "7"), ("k", "x"), ("k", 2**31), ("k", 2**40), ("k", -(2**40)), ("k", 2**70),
    ("k", np.int64(3)), ("n", 1.5), ("n", 2**63), ("n", 2**70), ("n", True), ("x", 1), ("x", 2**60 + 1), ("x", True),
    ("x", "1.5"), ("x", "x"), ("x", np.float32(0.1)), ("day", datetime(2024, 1, 1, 23, 30)), ("day", "2024-1-1"),
    ("day", datetime(2024, 1, 1, 0, 30, tzinfo=BERLIN)), ("day", datetime(2024, 1, 1, 23, tzinfo=timezone(-timedelta(hours=5)))),
    ("day", "odd"), ("day", "0"), ("day", 5), ("seen_at", "2024-01-01T00:00:00+02:00"), ("seen_at", "odd"),
    ("seen_at", datetime(2024, 1, 1)), ("seen_at", datetime(2400, 1, 1, 1, 2, 3, 456789, BERLIN)), ("seen_at", date(2024, 1, 1)),
    ("seen_at", 5), ("told", 5), ("told", 1.5), ("told", True), ("told", date(2024, 1, 1)), ("told", ["a"]),
    ("told", {"a": 1}), ("parts", 5), ("parts", ["a"]), ("parts", {"a": 1}), ("parts", "odd"),
    ("x", float("nan")), ("x", float("inf")), ("x", np.float32("nan")), ("x", np.float64("-inf")),
]  # fmt: skip


@pytest.mark.parametrize("is_missing", [False, True])
@pytest.mark.parametrize(("name", "cell"), ODD_CELLS)
def test_a_cell_of_another_type_becomes_the_same_in_one_few_and_many_rows(name, cell, is_missing):
    outcomes = []
    for others in (0, 1, 100, 300):
        rows = [{"told": f"{n}", "k": n} | {name: ORDINARY[name]} for n in range(others)]
        if is_missing and others > 1:
            rows[0][name] = None
        try:
            outcomes.append(all_of([*rows, {"told": "last", "k": others} | {name: cell}])[0][-1])
        except (ValueError, duckdb.Error) as refused:
            outcomes.append("no number" if isinstance(refused, ValueError) else "refused")
    place = list(row()).index(name)
    assert len({repr(one if isinstance(one, str) else one[place]) for one in outcomes}) == 1


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


@pytest.mark.parametrize("number", [float("nan"), float("inf"), np.float32("nan"), np.float64("-inf")])
@pytest.mark.parametrize("rows", [1, 2, 300])
def test_a_number_that_is_none_is_refused(rows, number):
    with table() as con, pytest.raises(ValueError, match="JSON"):
        insert(con, "rows", [{"x": float(n)} for n in range(rows - 1)] + [{"x": number}])


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

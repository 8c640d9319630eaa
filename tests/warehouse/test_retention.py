"""What is forgotten and what is erased; what stays explains and reproduces every score."""

from datetime import UTC, datetime, timedelta

import pytest

from trendwarte.config_files import load_settings
from trendwarte.reading import READER_VERSION
from warehouse import Periods, Warehouse, compacted, erase, forget_old, score_risk
from warehouse.documents import Documents

NOW = datetime(2024, 8, 31, 12, tzinfo=UTC)
LATER = datetime(2024, 8, 30, 23, 59, 59, tzinfo=UTC)


def one(con, sql, *parameters):
    return con.execute(sql, list(parameters)).fetchone()[0]


def scores(con):
    places = [row[0] for row in con.execute("SELECT DISTINCT jurisdiction FROM risk_daily ORDER BY 1").fetchall()]
    con.execute("BEGIN")
    found = [
        (s.platform, s.jurisdiction, s.dimension, round(s.value, 9))
        for s in score_risk(con, LATER, "again", places, is_degraded=False)
    ]
    con.execute("ROLLBACK")
    return found


def test_each_kind_of_content_has_its_own_period(own_story):
    with Warehouse(own_story / "warehouse.duckdb") as house:
        con = house.con
        con.execute("UPDATE documents SET text = 'long text'")
        before = scores(con)
        assert forget_old(con, NOW, Periods(9999, 9999, 9999, 9999)) == {
            "payloads": 0,
            "texts": 0,
            "quotes": 0,
            "letters": 0,
        }
        done = forget_old(con, NOW + timedelta(days=40), Periods(30, 9999, 9999, 9999))
        assert done["payloads"] > 0 and one(con, "SELECT count(*) FROM payloads") == 0
        assert one(con, "SELECT count(*) FROM documents WHERE text = ''") == 0
        done = forget_old(con, NOW + timedelta(days=100), Periods(30, 90, 365, 365))
        assert done["texts"] > 0 and done["quotes"] == 0
        done = forget_old(con, NOW + timedelta(days=400), Periods(30, 90, 365, 365))
        assert done["quotes"] > 0 and done["letters"] > 0
        assert one(con, "SELECT count(*) FROM messages WHERE target <> '' OR octet_length(body) > 0") == 0
        assert one(con, "SELECT count(*) FROM documents WHERE title = ''") == 0
        assert scores(con) == before


def test_an_erased_document_is_nowhere_and_the_scores_stay_what_they_were(own_story):
    path = own_story / "warehouse.duckdb"
    with Warehouse(path) as house:
        con = house.con
        key, title, quote = con.execute(
            "SELECT d.document_id, d.title, s.evidence FROM documents d JOIN signals s USING (document_id) JOIN alerts a"
            " ON list_contains(json_extract_string(a.evidence, '$[*].document_id'), d.document_id) WHERE a.status = 'queued'"
            " ORDER BY 1 LIMIT 1"
        ).fetchone()
        con.execute("UPDATE documents SET title = title || ' zk81q', summary = 'zk81q' WHERE document_id = ?", [key])
        con.execute("UPDATE events SET title = title || ' zk81q' WHERE title = ?", [title])
        before = scores(con)
        done = erase(con, "document", key, "request of 3 May", NOW)
        assert done == {"documents": 1, "signals": one(con, "SELECT count(*) FROM signals WHERE document_id = ?", key)}
        assert scores(con) == before
        row = con.execute(
            "SELECT title, url, content_hash <> '', source_id <> '' FROM documents WHERE document_id = ?", [key]
        ).fetchone()
        assert row == ("", "", True, True)
        assert one(con, "SELECT count(*) FROM alerts WHERE contains(evidence::VARCHAR, ?)", key) == 0
        assert one(con, "SELECT count(*) FROM signals WHERE document_id = ? AND evidence <> ''", key) == 0
        assert one(con, "SELECT count(*) FROM erasures WHERE target = ?", key) == 1
    compacted(path)
    assert b"zk81q" not in path.read_bytes() and quote


def test_an_erased_document_does_not_come_back_and_is_not_read_again(own_story):
    with Warehouse(own_story / "warehouse.duckdb") as house:
        document = house.documents.of_ids(house.documents.unread_ids("another reader", NOW)[:1])[0]
        erase(house.con, "document", document.document_id, "request", NOW)
        edited = type(document)(
            **{name: getattr(document, name) for name in document.__slots__} | {"content_hash": "new", "title": "back"}
        )
        house.documents.store([edited])
        assert one(house.con, "SELECT title FROM documents WHERE document_id = ?", document.document_id) == ""
        assert document.document_id not in house.documents.unread_ids("another reader", NOW)
        assert isinstance(house.documents, Documents) and READER_VERSION


def test_a_whole_source_can_go(own_story):
    with Warehouse(own_story / "warehouse.duckdb") as house:
        source = one(house.con, "SELECT source_id FROM documents GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
        done = erase(house.con, "source", source, "licence ended", NOW)
        assert done["documents"] == one(house.con, "SELECT count(*) FROM documents WHERE source_id = ?", source) > 1
        assert one(house.con, "SELECT count(*) FROM payloads WHERE source_id = ?", source) == 0
        with pytest.raises(KeyError):
            erase(house.con, "source", "no-such-source", "x", NOW)


def test_compacting_keeps_every_row_and_the_order_of_the_ledger_goes_on(own_story):
    path = own_story / "warehouse.duckdb"
    with Warehouse(path) as house:
        before = {
            t: one(house.con, f"SELECT count(*) FROM {t}") for t in ("documents", "ledger", "verdicts", "payloads")
        }
        newest = one(house.con, "SELECT max(row_id) FROM ledger")
        house.con.execute("DELETE FROM score_terms")
    was, now_is = compacted(path)
    assert now_is < was and path.with_name("warehouse.backup.duckdb").exists()
    with Warehouse(path) as house:
        assert before == {t: one(house.con, f"SELECT count(*) FROM {t}") for t in before}
        assert one(house.con, "SELECT nextval('ledger_row')") == newest + 1


def test_the_shipped_periods_are_separate():
    from pathlib import Path

    runtime = load_settings(Path(__file__).parents[2] / "config", {}).runtime
    assert runtime.keep_payload_days < runtime.keep_text_days < runtime.keep_letter_days < runtime.keep_quote_days

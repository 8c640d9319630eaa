"""What is forgotten and what is erased; what stays explains and reproduces every score."""

import json
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

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


def test_no_column_of_any_table_and_no_letter_holds_a_headline_of_an_erased_source(own_story):
    with Warehouse(own_story / "warehouse.duckdb") as house:
        con = house.con
        (source,) = con.execute(
            "SELECT d.source_id FROM alerts a, unnest(json_extract_string(a.evidence, '$[*].document_id')) AS e(document_id)"
            " JOIN documents d USING (document_id) WHERE a.status = 'queued' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
        ).fetchone()
        titles = {title for (title,) in con.execute(
            "SELECT title FROM documents d WHERE source_id = $source AND length(title) > 25 AND NOT EXISTS (FROM documents o"
            " WHERE o.source_id <> $source AND contains(concat_ws(' ', o.title, o.summary, o.text), d.title))", {"source": source}
        ).fetchall()}  # fmt: skip
        document, title = con.execute(
            "SELECT document_id, title FROM documents WHERE title IN ?", [sorted(titles)]
        ).fetchone()
        told = {"document_id": document, "title": title, "quote": title}
        con.execute("INSERT INTO radar_contexts SELECT document_id, 'zk', 'social', 'Zk', 1, title, 'o', 'o', DATE '2024-05-01', ?"
                    " FROM documents WHERE document_id = ?", [LATER, document])  # fmt: skip
        con.execute("INSERT INTO candidates VALUES (?, 'zk', 'Zk', 'candidate', 1, 50, 1, 1, '2024-05-01', '2024-05-01', NULL, '[]', ?)",
                    [LATER, json.dumps([told])])  # fmt: skip
        con.execute("UPDATE alerts SET counter_evidence = ?, reasons = ? WHERE alert_id = (SELECT min(alert_id) FROM alerts)",
                    [json.dumps([told]), json.dumps([{"code": "caught_up", "title": title}])])  # fmt: skip
        assert len(holding(con, titles)) >= 7, "the words of a source stand in many places"
        erase(con, "source", source, "licence ended", NOW)
        assert holding(con, titles) == set()


def holding(con, titles):
    """Columns that hold one of some headlines; letters are opened."""
    found = set()
    columns = con.execute("SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
                          " AND schema_name = 'main' AND data_type IN ('VARCHAR', 'JSON', 'BLOB')").fetchall()  # fmt: skip
    for table, column, kind in columns:
        for (cell,) in con.execute(f'SELECT DISTINCT "{column}" FROM "{table}"').fetchall():
            if cell and any(title in said(cell, kind) for title in titles):
                found.add((table, column))
                break
    return found


def said(cell, kind):
    """A cell as text: a letter as its reader sees it, anything else as it is."""
    if kind != "BLOB":
        return cell
    letter = message_from_bytes(cell, policy=policy.default)
    if letter["Message-ID"] is None:
        return cell.decode("utf-8", "replace")
    return " ".join(part.get_content() for part in letter.walk() if part.get_content_maintype() == "text")


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

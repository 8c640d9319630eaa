"""What analysts open: complete, explained, readable by older tools, never half."""

import json
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import get_args, get_type_hints

import duckdb
import pytest
from ruamel.yaml import YAML

from trendwarte.errors import WarehouseError
from trendwarte.types import Document
from trendwarte.vocabulary import (
    DIMENSIONS,
    LEGAL_STAGES,
    MEASURES,
    SOURCE_KINDS,
    Band,
    Factuality,
    Polarity,
    Presence,
    Role,
)
from warehouse import QueryError, Warehouse, described, dictionary, examples, open_published, publish, query, search
from warehouse.publish import FILE

ROOT = Path(__file__).parents[2]
CONTRACT = {
    "documents", "signals", "events", "ledger", "legal_status", "risk_daily", "verdicts", "verdict_changes", "alerts",
    "deliveries", "runs", "source_health", "score_terms", "platforms", "clients",
}  # fmt: skip


@pytest.fixture
def published(short_story):
    return short_story / "published" / FILE


def test_every_view_macro_and_column_is_explained(published):
    assert {
        view for (view,) in query(published, "SELECT view_name FROM duckdb_views() WHERE schema_name = 'mart'")[1]
    } >= CONTRACT
    for listing in (
        "SELECT view_name FROM duckdb_views() WHERE schema_name = 'mart' AND coalesce(comment, '') = ''",
        "SELECT function_name FROM duckdb_functions() WHERE schema_name = 'mart' AND coalesce(comment, '') = ''",
        "SELECT table_name || '.' || column_name FROM duckdb_columns() WHERE schema_name = 'mart'"
        " AND coalesce(comment, '') = '' ORDER BY 1",
    ):
        assert query(published, listing)[1] == [], "explain it in warehouse/marts/columns.yaml or views.sql"


@pytest.fixture(scope="module")
def meanings(tmp_path_factory):
    """(view, column) -> comment, of an empty warehouse."""
    folder = tmp_path_factory.mktemp("empty")
    with Warehouse(folder / "warehouse.duckdb") as house:
        publish(house.con, folder / "published", has_parquet=False)
    return {(view, column): said for view, column, _, said in described(folder / "published" / FILE)[1]}


def test_a_meaning_beside_the_view_is_not_written_over_by_the_general_one(meanings):
    beside = {
        (view, column): said.replace("''", "'")
        for path in (ROOT / "warehouse" / "marts").glob("*.sql")
        for view, column, said in re.findall(
            r"COMMENT ON COLUMN mart\.(\w+)\.(\w+) IS '((?:[^']|'')*)';", path.read_text("utf-8")
        )
    }
    assert len(beside) > 30 and {key: meanings[key] for key in beside} == beside


def test_every_word_of_the_dictionary_has_a_column(meanings):
    known = YAML(typ="safe").load((ROOT / "warehouse" / "marts" / "columns.yaml").read_text("utf-8"))
    columns = {f"{view}.{column}" for view, column in meanings} | {column for _, column in meanings}
    assert set(known) <= columns


LISTED = {
    "measure": MEASURES, "role": get_args(Role), "source_kind": SOURCE_KINDS, "legal_stage": LEGAL_STAGES,
    "factuality": get_args(Factuality), "polarity": get_args(Polarity), "dimension": DIMENSIONS,
    "band": get_args(Band), "presence": get_args(Presence), "outlook": ("positive", "stable", "negative"),
    "text_quality": get_args(get_type_hints(Document)["text_quality"]),
    "access_state": ("reachable", "throttled", "unreachable"),
}  # fmt: skip


def test_a_meaning_that_lists_words_lists_those_of_the_vocabulary(meanings):
    found = dict.fromkeys(LISTED, 0)
    for (view, column), said in meanings.items():
        if column in LISTED and (told := re.search(r"one of ((?:\w+, )*\w+)", said, re.IGNORECASE)):
            assert set(told[1].split(", ")) == set(LISTED[column]), (view, column)
            found[column] += 1
    assert all(found.values()), found


def test_the_published_values_are_among_the_listed_ones(published):
    for view, column in (("events", "measure"), ("alerts", "presence"), ("documents", "source_kind"),
                         ("documents", "text_quality"), ("signals", "role"), ("events", "factuality")):  # fmt: skip
        _, rows = query(published, f"SELECT DISTINCT {column} FROM mart.{view} WHERE {column} IS NOT NULL")
        assert {value for (value,) in rows} <= set(LISTED[column]), (view, column)


@pytest.mark.parametrize(
    ("view", "column", "said"),
    [
        ("candidates", "place", "Rank of the night"), ("candidates", "score", "for ranking only"),
        ("term_evidence", "place", "Rank of the quote"), ("verdicts", "score", "Suitability"),
        ("term_evidence", "name", "DIMENSION:PLACE"), ("clients", "name", "Name for people"),
        ("clients", "presence", "as JSON"), ("ledger", "rule", "VERB:BEFORE->AFTER"),
    ],
)  # fmt: skip
def test_columns_of_one_name_that_mean_different_things_say_so(meanings, view, column, said):
    assert said in meanings[view, column]


def test_the_dictionary_in_the_docs_is_the_one_of_the_program(tmp_path):
    with Warehouse(tmp_path / "warehouse.duckdb") as house:
        publish(house.con, tmp_path / "published", has_parquet=False)
    said = dictionary(tmp_path / "published" / FILE)
    assert (ROOT / "docs" / "warehouse.md").read_text("utf-8") == said, (
        "run: trendwarte query --describe --state STATE > docs/warehouse.md"
    )


def test_tools_from_duckdb_1_0_on_can_open_it(published):
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{published}' AS other (READ_ONLY)")
        ((tags,),) = con.execute("SELECT tags FROM duckdb_databases() WHERE database_name = 'other'").fetchall()
    assert tags["storage_version"].startswith("v1.0.0")


@pytest.mark.parametrize("name", examples())
def test_every_example_query_answers(name, published):
    columns, _ = query(published, examples()[name])
    assert examples()[name].startswith("-- ") and columns


def test_examples_find_something_in_the_story(published):
    found = {name: len(query(published, sql)[1]) for name, sql in examples().items()}
    assert [name for name in ("law-by-platform", "verdicts-today", "changes-of-90-days", "alerts-and-silence", "nights",
                              "quotes-behind-an-event") if not found[name]] == []  # fmt: skip


def test_parquet_beside_it_holds_the_same_rows(published):
    for view in ("verdicts", "ledger", "signals"):
        ((rows,),) = duckdb.sql(f"SELECT count(*) FROM '{published.parent}/parquet/{view}.parquet'").fetchall()
        assert [(rows,)] == query(published, f"SELECT count(*) FROM mart.{view}")[1]


def test_the_pointer_names_the_night_and_a_file_that_is_there(published):
    told = json.loads((published.parent / "latest.json").read_text("utf-8"))
    assert told["run_id"] == "night-20240830T235959Z"
    assert (published.parent / told["file"]).samefile(published)


def test_only_the_last_copies_are_kept_and_an_open_reader_keeps_its_own(own_story):
    folder = own_story / "published"
    with open_published(folder / FILE) as reader, Warehouse(own_story / "warehouse.duckdb") as house:
        for number in range(4):
            house.con.execute("UPDATE runs SET engine = ?", [f"copy-{number}"])
            publish(house.con, folder, keep=2, has_parquet=False)
        assert reader.execute("SELECT DISTINCT engine FROM mart.runs").fetchall() == [("plain",)]
    assert query(folder / FILE, "SELECT DISTINCT engine FROM mart.runs")[1] == [("copy-3",)]
    assert len(list((folder / "snapshots").iterdir())) == 2


def test_a_reader_in_a_loop_never_meets_a_half_copy_and_never_makes_the_writer_wait(own_story):
    folder, errors, seen, is_over = own_story / "published", [], set(), threading.Event()

    def analyst():
        asking = ("import sys, time\nfrom pathlib import Path\nfrom warehouse import query\n"
                  "end = time.monotonic() + 60\n"
                  f"while not Path({str(own_story / 'over')!r}).exists() and time.monotonic() < end:\n"
                  f"    print(query(Path({str(folder / FILE)!r}), 'SELECT count(*), count(DISTINCT engine) FROM mart.runs')[1][0][1])\n")  # fmt: skip
        done = subprocess.run([sys.executable, "-c", asking], capture_output=True, text=True, cwd=ROOT, check=False)
        errors.extend(done.stderr.splitlines())
        seen.update(done.stdout.split())
        is_over.set()

    thread = threading.Thread(target=analyst)
    thread.start()
    with Warehouse(own_story / "warehouse.duckdb") as house:
        for number in range(12):
            house.con.execute("UPDATE runs SET engine = ?", [f"copy-{number}"])
            publish(house.con, folder, keep=2, has_parquet=False)
    (own_story / "over").touch()
    thread.join()
    assert errors == [] and seen == {"1"}


def test_a_place_that_takes_no_copy_leaves_the_former_one_as_it_was(own_story):
    folder = own_story / "published"
    before = (folder / FILE).stat().st_ino
    # Rights do not stop root: a file in the place of a folder does.
    (folder / "snapshots").rename(folder / "kept")
    (folder / "snapshots").write_text("in the way", "utf-8")
    with (
        Warehouse(own_story / "warehouse.duckdb") as house,
        pytest.raises(WarehouseError, match="the free space and rights there"),
    ):
        publish(house.con, folder)
    assert (folder / FILE).stat().st_ino == before and query(folder / FILE, "FROM mart.runs")[1]


def test_words_are_found_with_and_without_the_extension(own_story):
    folder = own_story / "published"
    with Warehouse(own_story / "warehouse.duckdb") as house:
        publish(house.con, folder, has_parquet=False, has_text_index=True)
        _, ranked = search(folder / FILE, "Brasilien sperrt")
        publish(house.con, folder, has_parquet=False, has_text_index=False)
        _, plain = search(folder / FILE, "Brasilien sperrt")
    for rows in (ranked, plain):
        assert rows and "Brasilien" in rows[0][3] and "sperr" in rows[0][3].lower()
    pytest.importorskip("duckdb_extension_fts", reason="duckdb-extension-fts is not installed")
    assert {row[5] for row in ranked} != {row[5] for row in plain}


def test_accents_and_case_do_not_matter_to_the_search(published):
    assert search(published, "BRASILIEN richter")[1] == search(published, "brasilien Richter")[1] != []
    assert search(published, "läßt")[1] == search(published, "laßt")[1]


def test_a_query_leaves_a_connection_that_is_held_open_as_it_was(published):
    with open_published(published) as con:
        query(published, "FROM mart.runs")
        con.execute("SET TimeZone = 'Europe/Berlin'")
        assert query(published, "SELECT 1")[1] == [(1,)]


def test_a_query_reads_and_does_nothing_else(published, tmp_path):
    for sql in ("DELETE FROM main.runs", "SELECT * FROM read_text('/etc/hostname')", "INSTALL httpfs", f"ATTACH '{tmp_path / 'x.duckdb'}' AS m",
                f"COPY (SELECT 1) TO '{tmp_path / 'x.csv'}'", "SET enable_external_access = true", "FROM published"):  # fmt: skip
        with pytest.raises(QueryError):
            query(published, sql)
    assert list(tmp_path.iterdir()) == []

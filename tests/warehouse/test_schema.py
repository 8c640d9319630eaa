"""The schema grows forward only, and a warehouse of every earlier version opens."""

import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
import zstandard

import warehouse.schema as schema
from trendwarte.errors import WarehouseError
from warehouse import Warehouse, run_checks
from warehouse.connection import rows_of
from warehouse.schema import Migration, migrate, migrations, schema_version
from warehouse.verdicts import alert_of

KEPT = Path(__file__).parents[1] / "data" / "warehouses"
OLD = sorted(KEPT.glob("*.duckdb.zst"))


@pytest.fixture(params=OLD, ids=lambda path: path.name)
def old(request, tmp_path):
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(zstandard.decompress(request.param.read_bytes()))
    return path


def counts(con):
    tables = con.execute("SELECT table_name FROM duckdb_tables() WHERE table_name <> 'schema_migrations'").fetchall()
    return {t: con.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for (t,) in tables}


def test_every_earlier_version_is_kept():
    assert [path.name[:4] for path in OLD] == [f"{one.version:04d}" for one in migrations()[:-1]], (
        "run: python tests/data/warehouses/make.py STATE"
    )


def test_an_old_warehouse_is_migrated_keeps_its_rows_and_leaves_a_copy(old):
    with duckdb.connect(str(old), read_only=True) as con:
        before, version = counts(con), schema_version(con)
    assert before["documents"] > 100 and before["ledger"] > 1
    said = []
    with Warehouse(old, said.append) as house:
        after = counts(house.con)
        assert schema_version(house.con) == migrations()[-1].version
        assert house.runs.last_judged() is not None
    assert {table: after[table] for table in before} == before
    (copy,) = old.parent.glob("warehouse.before-*.duckdb")
    with duckdb.connect(str(copy), read_only=True) as con:
        assert schema_version(con) == version and counts(con) == before
    assert str(copy) in said[0]


def test_the_alerts_of_an_old_warehouse_are_read(old):
    with Warehouse(old) as house:
        rows = rows_of(house.con, "SELECT * FROM alerts")
        limits = [one for row in rows for one in alert_of(row).reasons if one.floor == "F9"]
    assert rows and (not limits or any(one.floor_detail for one in limits))


def test_the_events_of_an_old_warehouse_get_the_numbers_of_their_series_and_its_next_night_goes_on(old):
    with Warehouse(old) as house:
        events, strayed = house.con.execute(
            "SELECT count(*), count(*) FILTER ((e.platform, e.jurisdiction, e.dimension)"
            " IS DISTINCT FROM (s.platform, s.jurisdiction, s.dimension))"
            " FROM events e LEFT JOIN evidence_series s USING (series)"
        ).fetchone()
        assert events > 50 and strayed == 0
        one = house.events.recent("x", date(2020, 1, 1))[0]
        night = house.runs.last_judged()["as_of"] + timedelta(days=1)
        house.events.put([replace(one, jurisdiction="NZ", mass=one.mass + 1)], night)
        assert [found.name for found in run_checks(house.con, "next") if "evidence" in found.name] == []


def test_opening_again_migrates_nothing_and_copies_nothing(tmp_path):
    for _ in range(2):
        Warehouse(tmp_path / "warehouse.duckdb").con.close()
    assert list(tmp_path.glob("*.before-*")) == []


def test_a_migration_that_fails_leaves_nothing_behind(monkeypatch):
    broken = Migration(9000, "9000_broken.sql", "CREATE TABLE half (a INTEGER); INSERT INTO nowhere VALUES (1);")
    known = migrations()
    monkeypatch.setattr(schema, "migrations", lambda: [*known, broken])
    with duckdb.connect() as con:
        with pytest.raises(duckdb.Error):
            migrate(con)
        assert schema_version(con) == known[-1].version
        assert con.execute("FROM duckdb_tables() WHERE table_name = 'half'").fetchall() == []


def test_a_newer_warehouse_and_a_changed_migration_are_refused(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    Warehouse(path).con.close()
    with duckdb.connect(str(path)) as con:
        con.execute("UPDATE schema_migrations SET checksum = 'other' WHERE version = 1")
    with pytest.raises(WarehouseError, match=r"0001_first_night\.sql was changed"):
        Warehouse(path)
    with duckdb.connect(str(path)) as con:
        con.execute("INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, 'x', 'x')")
    with pytest.raises(WarehouseError, match="update the program"):
        Warehouse(path)


def test_a_process_killed_after_its_first_opening_leaves_a_warehouse_that_opens(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    code = f"import os; from pathlib import Path; from warehouse import Warehouse; Warehouse(Path({str(path)!r})); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False)
    said = []
    with Warehouse(path, said.append) as house:
        assert schema_version(house.con) == migrations()[-1].version
    assert said == []

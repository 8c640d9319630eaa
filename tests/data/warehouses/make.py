"""Keep a small warehouse of every schema version but the newest: ``python tests/data/warehouses/make.py STATE``.

STATE is a folder that a demo or a night left. A file that exists is never written anew: it shows what that version
really wrote. Run it in the change that adds a migration.
"""

import sys
import tempfile
from pathlib import Path

import duckdb
import zstandard

from warehouse.schema import migrate, migrations

HERE = Path(__file__).parent
_SOME = "client = 'snack-us' AND platform IN ('tiktok', 'x')"
_FEW = {"verdicts": _SOME, "score_terms": _SOME, "verdict_changes": _SOME, "momentum": "platform = 'clubhouse'", "payloads": "false"}


def kept(version: int, state: Path) -> None:
    """Write the fixture of one version with the rows of ``state`` that it could hold."""
    path = Path(tempfile.mkdtemp()) / "old.duckdb"
    with duckdb.connect(str(path)) as con:
        migrate(con, until=version)
        con.execute(f"ATTACH '{state / 'warehouse.duckdb'}' AS story (READ_ONLY)")
        for (table,) in con.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'old' AND table_name <> 'schema_migrations'"
        ).fetchall():
            columns = ", ".join(f'"{name}"' for (name,) in con.execute(
                "SELECT column_name FROM duckdb_columns() WHERE database_name = 'old' AND table_name = ?", [table]
            ).fetchall())  # fmt: skip
            con.execute(f'INSERT INTO "{table}" ({columns}) SELECT {columns} FROM story."{table}"'
                        f" WHERE {_FEW.get(table, 'true')}")  # fmt: skip
        con.execute("DETACH story")
    (HERE / f"{version:04d}.duckdb.zst").write_bytes(zstandard.ZstdCompressor(level=19).compress(path.read_bytes()))


if __name__ == "__main__":
    for one in migrations()[:-1]:
        if not (HERE / f"{one.version:04d}.duckdb.zst").exists():
            kept(one.version, Path(sys.argv[1]))
            print(f"kept version {one.version}")

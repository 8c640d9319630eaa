"""The schema and how it grew: numbered migrations, forward only, each in a transaction, each with its checksum."""

import shutil
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import duckdb

from trendwarte.errors import WarehouseError


class Migration(NamedTuple):
    """One step of the schema; its number is the beginning of its file name."""

    version: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of its text: a migration is never changed once it was applied somewhere."""
        return sha256(self.text.encode()).hexdigest()


def migrations() -> list[Migration]:
    """Every known migration in order."""
    folder = files("warehouse") / "migrations"
    found = [
        Migration(int(path.name.partition("_")[0]), path.name, path.read_text("utf-8"))
        for path in folder.iterdir()
        if path.name.endswith(".sql")
    ]
    return sorted(found)


def schema_version(con: duckdb.DuckDBPyConnection) -> int:
    """Number of the newest migration the open warehouse has; 0 for an empty file."""
    return max(_applied(con), default=0)


def is_behind(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether a migration is missing.

    Raises:
        WarehouseError: the warehouse is newer than this program, or a migration was changed after it was applied.
    """
    applied, known = _applied(con), migrations()
    if applied and max(applied) > known[-1].version:
        raise WarehouseError(
            f"the warehouse has schema {max(applied)}, this program knows {known[-1].version}: update the program"
        )
    for one in known:
        if applied.get(one.version, one.checksum) != one.checksum:
            raise WarehouseError(f"migration {one.name} was changed after it was applied; add a new one instead")
    return any(one.version not in applied for one in known)


def has_history(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether anything was ever migrated: a new file needs no copy."""
    return bool(_applied(con))


def migrate(con: duckdb.DuckDBPyConnection, until: int | None = None) -> None:
    """Apply the migrations that are missing (up to number ``until``), one transaction each."""
    con.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations "
        "(version INTEGER PRIMARY KEY, name VARCHAR NOT NULL, checksum VARCHAR NOT NULL)"
    )
    applied = _applied(con)
    for one in migrations():
        if one.version in applied or (until is not None and one.version > until):
            continue
        con.execute("BEGIN")
        try:
            con.execute(one.text)
            con.execute("INSERT INTO schema_migrations (version, name, checksum) VALUES (?, ?, ?)",
                        [one.version, one.name, one.checksum])  # fmt: skip
        except BaseException:
            con.execute("ROLLBACK")
            raise
        con.execute("COMMIT")


def backed_up(path: Path) -> Path:
    """Copy a closed warehouse beside itself and give the copy; never while a connection of this process holds it.

    Opening the file by other means makes this process lose DuckDB's lock on it, silently.
    """
    copy = path.with_name(f"{path.stem}.before-{migrations()[-1].version:04d}.duckdb")
    draft = copy.with_suffix(".draft")
    shutil.copyfile(path, draft)
    draft.replace(copy)
    return copy


def _applied(con: duckdb.DuckDBPyConnection) -> dict[int, str]:
    exists = con.execute("FROM duckdb_tables() WHERE table_name = 'schema_migrations'").fetchall()
    if not exists:
        return {}
    return dict(con.execute("SELECT version, checksum FROM schema_migrations").fetchall())

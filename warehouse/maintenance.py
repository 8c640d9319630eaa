"""Care of the warehouse file: compaction with a backup, and what schema a file has."""

from pathlib import Path

import duckdb

from trendwarte.errors import WarehouseError
from warehouse.publish import quoted
from warehouse.schema import migrations, schema_version


def compacted(path: Path) -> tuple[int, int]:
    """Write a closed warehouse anew without the holes that deleted rows left; gives bytes before and after.

    The former file stays as ``NAME.backup.duckdb`` until the next time. Content that was erased is gone from the new
    file; from the backup it goes with the next compaction (docs/operations.md).

    Raises:
        WarehouseError: another process holds the file, or the disk is full; the file stays what it was.
    """
    draft, backup = path.with_name(f"{path.stem}.draft.duckdb"), path.with_name(f"{path.stem}.backup.duckdb")
    draft.unlink(missing_ok=True)
    before = path.stat().st_size
    try:
        with duckdb.connect() as con:
            con.execute(f"ATTACH '{quoted(path)}' AS former; ATTACH '{quoted(draft)}' AS fresh")
            con.execute("COPY FROM DATABASE former TO fresh; CHECKPOINT fresh")
    except duckdb.Error as error:
        draft.unlink(missing_ok=True)
        raise WarehouseError(f"{path} could not be compacted: {error}") from error
    path.replace(backup)
    draft.replace(path)
    return before, path.stat().st_size


def schema_of(path: Path) -> int:
    """Number of the newest migration of a closed warehouse.

    Raises:
        WarehouseError: it cannot be opened; the text names the process that holds it.
    """
    try:
        with duckdb.connect(str(path), read_only=True) as con:
            return schema_version(con)
    except duckdb.Error as error:
        raise WarehouseError(str(error)) from error


def newest_schema() -> int:
    """Number of the newest migration this program knows."""
    return migrations()[-1].version

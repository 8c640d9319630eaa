"""Publishing: a read-only copy in a file format older tools open, Parquet beside it, replaced in one step.

``published/`` holds::

    trendwarte.duckdb      the newest copy, what everybody opens
    parquet                link to the newest copy as one Parquet file per view
    latest.json            which night that is, and which versions wrote it
    snapshots/RUN/         the last copies, the newest among them
"""

import json
import os
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from trendwarte.errors import WarehouseError
from warehouse.asking import QueryError, query
from warehouse.connection import Connection, load_extension
from warehouse.dictionary import comment_columns
from warehouse.schema import schema_version

#: Opens in DuckDB from 1.0 on; the writer's own format may be newer.
STORAGE_VERSION = "v1.0.0"
FILE = "trendwarte.duckdb"
# Not copied at all: a deleted row can be read out of a file's free blocks.
_LEFT_OUT = ("payloads",)
# What analysts see; views before what stands on them.
_MARTS = ("views.sql", "radar.sql", "search.sql")
_BLANKED = {"messages": "* REPLACE ('' AS target, ''::BLOB AS body)"}


def publish(
    con: Connection, folder: Path, *, keep: int = 1, has_parquet: bool = True, has_text_index: bool = False
) -> Path:
    """Write a new copy of the open warehouse into ``folder``; readers of the old one keep theirs.

    Message bodies, addresses and raw payloads stay behind. The copy appears under its name only when it is whole
    and on the disk. ``keep`` copies stay in ``snapshots``.

    Raises:
        WarehouseError: the folder cannot be written, or the disk is full; the former copy stays what it was.
    """
    night = _newest_night(con)
    draft = folder / "snapshots" / f".draft-{night['run_id']}"
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        _write_copy(con, draft / FILE, has_text_index=has_text_index)
        if has_parquet:
            export_parquet(draft / FILE, draft / "parquet")
        _settle(draft)
        final = _free_name(folder / "snapshots" / night["run_id"])
        draft.replace(final)
        _point(folder, final, night | {"schema_version": schema_version(con)}, has_parquet=has_parquet)
    except (duckdb.Error, OSError) as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise WarehouseError(
            f"publishing to {folder} failed: {error}; check the free space and rights there"
        ) from error
    _forget(folder, keep)
    return folder / FILE


def published_night(folder: Path) -> str | None:
    """Id of the newest judged night in the published copy; None when nothing is published yet."""
    try:
        _, rows = query(
            folder / FILE, "SELECT arg_max(run_id, as_of) FROM mart.runs WHERE outcome IN ('ok', 'degraded')"
        )
    except QueryError:
        return None
    return str(rows[0][0]) if rows else None


def export_parquet(published: Path, out: Path) -> None:
    """Write every view of ``mart`` as Parquet below ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(published), read_only=True) as con:
        con.execute("SET TimeZone = 'UTC'")
        views = con.execute("SELECT view_name FROM duckdb_views() WHERE schema_name = 'mart'").fetchall()
        for (view,) in views:
            con.execute(f"COPY (FROM mart.{view}) TO '{quoted(out / f'{view}.parquet')}' (FORMAT parquet)")


def quoted(value: Path | str) -> str:
    """A path, address or key inside a text of SQL."""
    return str(value).replace("'", "''")


def _newest_night(con: Connection) -> dict[str, Any]:
    row = con.execute(
        "SELECT run_id, as_of FROM runs WHERE outcome IN ('ok', 'degraded') ORDER BY as_of DESC, started_at DESC"
    ).fetchone()
    return {"run_id": row[0], "as_of": row[1].isoformat()} if row else {"run_id": "empty", "as_of": None}


def _write_copy(con: Connection, path: Path, *, has_text_index: bool) -> None:
    row = con.execute("SELECT current_database()").fetchone()
    own = str(row[0]) if row else "memory"
    con.execute(f"ATTACH '{quoted(path)}' AS published (STORAGE_VERSION '{STORAGE_VERSION}')")
    try:
        con.execute(f'COPY FROM DATABASE "{own}" TO published (SCHEMA)')
        tables = con.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = ?", [own]).fetchall()
        for (table,) in tables:
            if table not in _LEFT_OUT:
                chosen = _BLANKED.get(table, "*")
                con.execute(f'INSERT INTO published."{table}" SELECT {chosen} FROM "{own}"."{table}"')  # noqa: S608
        con.execute("USE published")
        for name in _MARTS:
            con.execute((files("warehouse") / "marts" / name).read_text("utf-8"))
        comment_columns(con)
        if has_text_index and load_extension(con, "fts"):
            con.execute("PRAGMA create_fts_index('main.documents', 'document_id', 'title', 'summary', stemmer='none',"
                        " stopwords='none', overwrite=1)")  # fmt: skip
        con.execute("CHECKPOINT published")
    finally:
        con.execute(f'USE "{own}"')
        con.execute("DETACH published")


def _settle(folder: Path) -> None:
    """Have every file of a folder on the disk: a name must never stand for bytes that a power cut takes."""
    for path in [*folder.rglob("*"), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _free_name(wanted: Path) -> Path:
    """``wanted``, or the next free name: a night that is published again must not pull files from under a reader."""
    number, free = 1, wanted
    while free.exists():
        number += 1
        free = wanted.with_name(f"{wanted.name}.{number}")
    return free


def _point(folder: Path, snapshot: Path, night: dict[str, Any], *, has_parquet: bool) -> None:
    """Let the public names stand for ``snapshot``, each in one step of the file system."""
    link = folder / ".link"
    link.unlink(missing_ok=True)
    try:
        os.link(snapshot / FILE, link)
    except OSError:  # a file system without hard links
        shutil.copyfile(snapshot / FILE, link)
    link.replace(folder / FILE)
    if has_parquet:
        if (folder / "parquet").is_dir() and not (folder / "parquet").is_symlink():
            shutil.rmtree(folder / "parquet")
        link.symlink_to(Path("snapshots") / snapshot.name / "parquet")
        link.replace(folder / "parquet")
    pointer = folder / ".latest"
    told = night | {
        "file": f"snapshots/{snapshot.name}/{FILE}", "storage_version": STORAGE_VERSION, "duckdb": duckdb.__version__,
    }  # fmt: skip
    pointer.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    pointer.replace(folder / "latest.json")


def _forget(folder: Path, keep: int) -> None:
    kept = [path for path in (folder / "snapshots").iterdir() if not path.name.startswith(".")]
    for path in sorted(kept, key=lambda p: p.stat().st_mtime_ns, reverse=True)[keep:]:
        shutil.rmtree(path, ignore_errors=True)

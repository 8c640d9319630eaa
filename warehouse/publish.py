"""Publishing: a read-only copy in a file format older tools open, Parquet beside it, replaced atomically."""

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from trendwarte.errors import TrendwarteError, WarehouseError
from warehouse.connection import Connection, rows_of

#: Opens in DuckDB from 1.0 on; the writer's own format may be newer.
_STORAGE_VERSION = "v1.0.0"
# Not copied at all: a deleted row can be read out of a file's free blocks.
_LEFT_OUT = ("payloads",)
_BLANKED = {"messages": "* REPLACE ('' AS target, ''::BLOB AS body)"}


def publish(con: Connection, folder: Path) -> Path:
    """Write ``folder/trendwarte.duckdb`` from the open warehouse; readers of the old file keep theirs.

    Message bodies, addresses and raw payloads stay behind.

    Raises:
        WarehouseError: the folder cannot be written, or the disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draft, final = folder / "trendwarte.draft.duckdb", folder / "trendwarte.duckdb"
    draft.unlink(missing_ok=True)
    row = con.execute("SELECT current_database()").fetchone()
    own = str(row[0]) if row else "memory"
    con.execute(f"ATTACH '{_quoted(draft)}' AS published (STORAGE_VERSION '{_STORAGE_VERSION}')")
    try:
        con.execute(f'COPY FROM DATABASE "{own}" TO published (SCHEMA)')
        tables = con.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = ?", [own]).fetchall()
        for (table,) in tables:
            if table not in _LEFT_OUT:
                chosen = _BLANKED.get(table, "*")
                con.execute(f'INSERT INTO published."{table}" SELECT {chosen} FROM "{own}"."{table}"')  # noqa: S608
        con.execute("USE published")
        marts = files("warehouse") / "marts"
        con.execute((marts / "views.sql").read_text("utf-8"))
        con.execute((marts / "radar.sql").read_text("utf-8"))
        con.execute("CHECKPOINT published")
    except duckdb.Error as error:
        raise WarehouseError(f"publishing to {final} failed: {error}; check the free space there") from error
    finally:
        con.execute(f'USE "{own}"')
        con.execute("DETACH published")
    draft.replace(final)
    return final


def published_night(folder: Path) -> str | None:
    """Id of the newest judged night in the published copy; None when nothing is published yet."""
    try:
        _, rows = query(
            folder / "trendwarte.duckdb",
            "SELECT arg_max(run_id, as_of) FROM mart.runs WHERE outcome IN ('ok', 'degraded')",
        )
    except QueryError:
        return None
    return str(rows[0][0]) if rows else None


def _export_parquet(published: Path, out: Path) -> None:
    """Write every view of ``mart`` as Parquet below ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(published), read_only=True) as con:
        con.execute("SET TimeZone = 'UTC'")
        views = con.execute("SELECT view_name FROM duckdb_views() WHERE schema_name = 'mart'").fetchall()
        for (view,) in views:
            con.execute(f"COPY (FROM mart.{view}) TO '{_quoted(out / f'{view}.parquet')}' (FORMAT parquet)")


class QueryError(TrendwarteError):
    """An ad-hoc query is wrong, or wants more than reading."""


def query(published: Path, sql: str, parameters: Sequence[Any] = ()) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Run one read-only query on the published warehouse; gives column names and rows.

    Files, network, settings and extensions are out of reach.

    Raises:
        QueryError: nothing is published yet, or DuckDB refuses the query.
    """
    if not published.is_file():
        raise QueryError(f"{published} does not exist; run a night first (trendwarte run, or trendwarte demo)")
    safe: dict[str, str | bool | int | float | list[str]] = {
        "enable_external_access": "false",
        "python_enable_replacements": "false",
    }
    try:
        with duckdb.connect(str(published), read_only=True, config=safe) as con:
            con.execute("SET TimeZone = 'UTC'; SET lock_configuration = true")
            cursor = con.execute(sql, list(parameters))
            return [column[0] for column in cursor.description or []], cursor.fetchall()
    except duckdb.Error as error:
        raise QueryError(str(error)) from error


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


_EXPORTS = {
    "events": """
        SELECT event_id, platform, jurisdiction, instrument, topic, legal_stage, factuality, polarity,
               severity AS importance, event_date, first_seen_at, credibility, origins, documents, title,
               (SELECT list(DISTINCT document_id ORDER BY document_id) FROM signals s WHERE s.event_id = e.event_id)
                   AS document_ids
        FROM mart.events e ORDER BY first_seen_at, event_id""",
    "ledger": """
        SELECT platform, jurisdiction, instrument, measure, state, due_date AS due, valid_from, known_from, event_id,
               credibility, rule FROM mart.ledger ORDER BY row_id""",
    "risk": """
        SELECT as_of, platform, jurisdiction, dimension, value, low, high, confidence FROM (
            SELECT *, lag(value) OVER (PARTITION BY platform, jurisdiction, dimension ORDER BY as_of) AS old
            FROM mart.risk_daily) WHERE old IS NULL OR abs(value - old) >= 0.5
        ORDER BY as_of, platform, jurisdiction, dimension""",
    "verdicts": """
        SELECT as_of, client, platform, purpose, to_band AS band, to_score AS score, to_floor AS floor,
               from_band AS previous_band, [cause] AS reasons
        FROM mart.verdict_changes ORDER BY as_of, client, platform, purpose""",
    "alerts": """
        SELECT alert_id, as_of, client, platform, purpose, severity, from_band, to_band, rule, event_ids, title,
               evidence, status, status_reason FROM mart.alerts ORDER BY as_of, alert_id""",
}


def export(published: Path, out: Path, summary: dict[str, Any]) -> None:
    """Write the contract files (JSON Lines, ``summary.json``) and Parquet of every ``mart`` view to ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(published), read_only=True) as con:
        con.execute("SET TimeZone = 'UTC'")
        for name, sql in _EXPORTS.items():
            with (out / f"{name}.jsonl").open("w", encoding="utf-8") as stream:
                for row in rows_of(con, sql):
                    stream.write(json.dumps(_shaped(name, row), ensure_ascii=False, default=_iso) + "\n")
    (out / "summary.json").write_text(json.dumps(summary, indent=1, ensure_ascii=False, default=_iso), "utf-8")
    _export_parquet(published, out / "parquet")


def _shaped(name: str, row: dict[str, Any]) -> dict[str, Any]:
    if name == "alerts":
        evidence = json.loads(row["evidence"])
        row["event_ids"] = json.loads(row["event_ids"])
        row["evidence"] = [
            {"title": e["title"], "url": e["url"], "source": e["outlet"], "published_at": e["published_at"]}
            for e in evidence
        ]
    return row


def _iso(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)

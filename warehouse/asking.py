"""Asking the published copy: read-only, nothing outside it in reach."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from trendwarte.errors import TrendwarteError
from warehouse.connection import load_extension


class QueryError(TrendwarteError):
    """An ad-hoc query is wrong, or wants more than reading."""


def query(published: Path, sql: str, parameters: Sequence[Any] = ()) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Run one read-only query on the published warehouse; gives column names and rows.

    Files, network, settings and extensions are out of reach.

    Raises:
        QueryError: nothing is published yet, or DuckDB refuses the query.
    """
    try:
        with _safe(published) as con:
            cursor = con.execute(_asked(con, sql), list(parameters))
            return [column[0] for column in cursor.description or []], cursor.fetchall()
    except duckdb.Error as error:
        raise QueryError(str(error)) from error


def query_to_file(published: Path, sql: str, target: Path) -> None:
    """Write the result of a read-only query as Parquet; only ``target`` can be written.

    Raises:
        QueryError: as ``query``.
    """
    try:
        with _beside(published) as con:
            con.execute(f"SET allowed_paths = [{_text(target)}]")
            _lock_down(con)
            con.execute(f"COPY ({_asked(con, sql).strip().rstrip(';')}\n) TO {_text(target)} (FORMAT parquet)")
    except duckdb.Error as error:
        raise QueryError(str(error)) from error


def search(published: Path, words: str, limit: int = 20) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Documents that hold ``words``, best first: BM25 where DuckDB's fts extension is installed, else by words found.

    Raises:
        QueryError: as ``query``.
    """
    by_rank = """
        SELECT d.published_at, d.outlet, d.lang, d.title, d.url, round(r.score, 3) AS score
        FROM (SELECT document_id, fts_main_documents.match_bm25(document_id, $words) AS score FROM mart.documents) r
        JOIN mart.documents d USING (document_id) WHERE r.score IS NOT NULL
        ORDER BY r.score DESC, d.published_at DESC LIMIT $limit"""
    by_words = """
        SELECT published_at, outlet, lang, title, url, score FROM mart.search($words)
        ORDER BY score DESC, published_at DESC LIMIT $limit"""
    try:
        with _beside(published) as con:
            has_ranking = load_extension(con, "fts")
            _lock_down(con)
            indexed = con.execute("FROM duckdb_schemas() WHERE schema_name = 'fts_main_documents'").fetchall()
            sql = by_rank if indexed and has_ranking else by_words
            cursor = con.execute(sql, {"words": words, "limit": limit})
            return [column[0] for column in cursor.description or []], cursor.fetchall()
    except duckdb.Error as error:
        raise QueryError(str(error)) from error


def open_published(published: Path) -> duckdb.DuckDBPyConnection:
    """A read-only connection for analysts: ``open_published(path).sql("FROM mart.runs").df()``.

    Times come out in UTC, and a misspelt table is an error instead of a Python variable of that name.

    Raises:
        QueryError: nothing is published there.
    """
    if not published.is_file():
        raise QueryError(f"{published} does not exist; run a night first (trendwarte run, or trendwarte demo)")
    con = duckdb.connect(str(published), read_only=True, config={"python_enable_replacements": "false"})
    con.execute("SET TimeZone = 'UTC'")
    return con


def _beside(published: Path) -> duckdb.DuckDBPyConnection:
    """The file in a DuckDB of its own: locking that down must not lock a connection the caller holds open."""
    if not published.is_file():
        raise QueryError(f"{published} does not exist; run a night first (trendwarte run, or trendwarte demo)")
    con = duckdb.connect(config={"python_enable_replacements": "false"})
    con.execute(f"SET TimeZone = 'UTC'; ATTACH {_text(published)} AS trendwarte (READ_ONLY); USE trendwarte")
    return con


def _asked(con: duckdb.DuckDBPyConnection, sql: str) -> str:
    """The query, when it is one: DuckDB answers nothing at all to nothing, and to half a character with a crash."""
    try:
        sql.encode()
    except UnicodeEncodeError as error:
        raise QueryError("the query is no text in UTF-8") from error
    if not con.extract_statements(sql):
        raise QueryError("the query is empty; write SQL, or the name of an example (trendwarte query --list)")
    return sql


def _safe(published: Path) -> duckdb.DuckDBPyConnection:
    con = _beside(published)
    _lock_down(con)
    return con


def _text(path: Path) -> str:
    return "'" + str(path.absolute()).replace("'", "''") + "'"


def _lock_down(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("SET enable_external_access = false; SET lock_configuration = true")


def examples() -> dict[str, str]:
    """The named example queries, name -> SQL; the first line of each says what it answers."""
    folder = files("warehouse") / "examples"
    found = {path.name.removesuffix(".sql"): path.read_text("utf-8") for path in folder.iterdir()}
    return dict(sorted(found.items()))

"""A DuckLake as the meeting place of many workers: each writes its batch itself, one process judges.

The catalogue is a PostgreSQL database, the rows are Parquet files in a folder or on S3. A batch is put in one
transaction and carries the mark of its attempt; when two attempts of one batch both came through (a worker that was
believed dead was not), only the first committed one counts. So nothing is lost and nothing is doubled.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import duckdb
import zstandard
from pydantic import TypeAdapter

from trendwarte.errors import WarehouseError
from trendwarte.types import Document, Measurement, Payload, Reading, SourceHealth, Validators
from warehouse.connection import load_extension, rows_of
from warehouse.publish import quoted

_SCHEMA = """
CREATE TABLE IF NOT EXISTS lake.batches (batch_id VARCHAR, run_id VARCHAR, attempt VARCHAR, put_at TIMESTAMPTZ,
    sources INTEGER, documents INTEGER);
CREATE TABLE IF NOT EXISTS lake.visits (batch_id VARCHAR, attempt VARCHAR, source_id VARCHAR, told VARCHAR, body BLOB);
CREATE TABLE IF NOT EXISTS lake.documents (batch_id VARCHAR, attempt VARCHAR, document_id VARCHAR, content_hash VARCHAR,
    source_id VARCHAR, lang VARCHAR, published_at TIMESTAMPTZ, first_seen_at TIMESTAMPTZ, title VARCHAR, told VARCHAR);
CREATE TABLE IF NOT EXISTS lake.readings (batch_id VARCHAR, attempt VARCHAR, document_id VARCHAR, content_hash VARCHAR,
    reader_version VARCHAR, told VARCHAR);
"""

# Without inlining: it reserves the column name row_id, and small tables would live in the catalogue only.
#: Attaching meets "already exists" when two workers create the tables in the same moment.
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class LakePlace:
    """Where a lake is: ``ducklake:postgres:...`` and the folder or s3:// address of its files."""

    url: str
    files: str


@dataclass(frozen=True, slots=True)
class Call:
    """One source as a worker found it."""

    source_id: str
    health: SourceHealth
    validators: Validators | None = None
    asked_wait_s: float | None = None
    payload: Payload | None = None
    document_ids: tuple[str, ...] = ()
    measurements: tuple[Measurement, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """What one worker brought in: its visits, the documents, and how it read them."""

    batch_id: str
    run_id: str
    attempt: str
    calls: tuple[Call, ...] = ()
    documents: tuple[Document, ...] = ()
    readings: tuple[Reading, ...] = ()
    pages: int = 0


@cache
def _form(kind: Any) -> TypeAdapter[Any]:
    """How one kind of thing is written as JSON; built when it is needed, for most processes never open a lake."""
    return TypeAdapter(kind)


@dataclass(slots=True)
class Gathered:
    """All batches of a night together."""

    calls: list[Call] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)


class Lake:
    """An attached DuckLake; use it as a context manager, one per process."""

    def __init__(self, place: LakePlace, environ: Mapping[str, str] = MappingProxyType({})) -> None:
        """Attach, and create the tables when they are missing; ``environ`` holds the keys of S3.

        Raises:
            WarehouseError: an extension is not installed, the catalogue or S3 does not answer, keys of S3 are missing.
        """
        self._con = duckdb.connect()
        self._con.execute("SET TimeZone = 'UTC'")
        is_on_s3 = place.files.startswith("s3://")
        for name in ("ducklake", "postgres_scanner", *(["httpfs"] if is_on_s3 else [])):
            if not load_extension(self._con, name):
                raise WarehouseError(
                    f"{name} is not installed for DuckDB {duckdb.__version__}: pip install '.[growth]'"
                )
        try:
            if is_on_s3:
                _hand_over_keys(self._con, environ)
            self._attach(place)
        except duckdb.Error as error:
            self._con.close()
            raise WarehouseError(f"the lake cannot be reached: {error}; see docs/operations.md, 'Growth'") from error

    def put(self, batch: Batch, reader_version: str, put_at: datetime) -> None:
        """Write a batch in one transaction.

        Raises:
            WarehouseError: the lake refused it; nothing of it was kept.
        """
        tag = {"batch_id": batch.batch_id, "attempt": batch.attempt}
        hashes = {d.document_id: d.content_hash for d in batch.documents}
        try:
            self._con.execute("BEGIN")
            self._insert("visits", [tag | _call_row(call) for call in batch.calls])
            self._insert("documents", [tag | _document_row(document) for document in batch.documents])
            self._insert("readings", [
                tag | {"document_id": r.document_id, "content_hash": hashes[r.document_id],
                       "reader_version": reader_version, "told": _form(Reading).dump_json(r).decode()}
                for r in batch.readings
            ])  # fmt: skip
            self._insert("batches", [tag | {"run_id": batch.run_id, "put_at": put_at, "sources": len(batch.calls),
                                            "documents": len(batch.documents)}])  # fmt: skip
            self._con.execute("COMMIT")
        except duckdb.Error as error:
            self._con.execute("ROLLBACK")
            raise WarehouseError(f"the lake refused batch {batch.batch_id}: {error}") from error

    def has(self, batch_id: str) -> bool:
        """Whether this batch came through already."""
        return bool(self._con.execute("FROM lake.batches WHERE batch_id = ?", [batch_id]).fetchall())

    def arriving(self, documents: Iterable[Document], batch_id: str) -> frozenset[str]:
        """Ids of those documents that no other batch brought in like this before."""
        hashes = {d.document_id: d.content_hash for d in documents}
        rows = self._con.execute(
            "SELECT document_id, content_hash FROM lake.documents WHERE batch_id <> ? AND document_id IN"
            " (SELECT unnest(?::VARCHAR[]))",
            [batch_id, list(hashes)],
        ).fetchall()
        known = set(rows)
        return frozenset(key for key, content_hash in hashes.items() if (key, content_hash) not in known)

    def gathered(self, run_id: str, reader_version: str) -> Gathered:
        """Everything the batches of a night brought in, each batch once."""
        first = (
            "(SELECT batch_id, arg_min(attempt, (put_at, attempt)) AS attempt FROM lake.batches WHERE run_id = $run_id"
            " GROUP BY batch_id)"
        )
        visits = rows_of(
            self._con, f"SELECT v.told, v.body FROM lake.visits v SEMI JOIN {first} USING (batch_id, attempt)"  # noqa: S608
            " ORDER BY source_id", {"run_id": run_id},
        )  # fmt: skip
        documents = rows_of(
            self._con, f"SELECT d.told FROM lake.documents d SEMI JOIN {first} USING (batch_id, attempt)"  # noqa: S608
            " ORDER BY document_id, batch_id", {"run_id": run_id},
        )  # fmt: skip
        readings = rows_of(
            self._con, f"SELECT r.told FROM lake.readings r SEMI JOIN {first} USING (batch_id, attempt)"  # noqa: S608
            " WHERE reader_version = $version ORDER BY document_id, batch_id",
            {"run_id": run_id, "version": reader_version},
        )  # fmt: skip
        return Gathered(
            [_call(row) for row in visits],
            [_form(Document).validate_json(row["told"]) for row in documents],
            [_form(Reading).validate_json(row["told"]) for row in readings],
        )

    def forget(self, before: datetime) -> None:
        """Drop batches put before a time: the judging file has what stays of them."""
        old = "(SELECT batch_id FROM lake.batches WHERE put_at < $before)"
        self._forget({f"DELETE FROM lake.{t} WHERE batch_id IN {old}": {"before": before}  # noqa: S608 (names below)
                      for t in ("visits", "documents", "readings", "batches")})  # fmt: skip

    def erase(self, document_ids: Sequence[str], source_ids: Sequence[str]) -> None:
        """Take out documents, what was read from them, and the raw answers of their sources."""
        ids, sources = list(document_ids), list(source_ids)
        self._forget({
            "DELETE FROM lake.documents WHERE document_id IN (SELECT unnest($ids::VARCHAR[]))": {"ids": ids},
            "DELETE FROM lake.readings WHERE document_id IN (SELECT unnest($ids::VARCHAR[]))": {"ids": ids},
            "DELETE FROM lake.visits WHERE source_id IN (SELECT unnest($ids::VARCHAR[]))": {"ids": sources},
        })  # fmt: skip

    def _forget(self, statements: Mapping[str, Mapping[str, Any]]) -> None:
        """Run deletions in one transaction, then delete the files that held the rows: a lake keeps its past."""
        try:
            self._con.execute("BEGIN")
            for sql, parameters in statements.items():
                self._con.execute(sql, parameters)
            self._con.execute("COMMIT")
            self._con.execute("CALL ducklake_expire_snapshots('lake', older_than => now())")
            self._con.execute("CALL ducklake_rewrite_data_files('lake', delete_threshold => 0)")
            self._con.execute("CALL ducklake_expire_snapshots('lake', older_than => now())")
            self._con.execute("CALL ducklake_cleanup_old_files('lake', cleanup_all => true)")
        except duckdb.Error as error:
            with suppress(duckdb.Error):
                self._con.execute("ROLLBACK")
            raise WarehouseError(f"the lake did not forget: {error}") from error

    def mirror(self, published: Path) -> None:
        """Put every view of the published copy into the schema ``mart`` of the lake, all in one transaction."""
        self._con.execute(f"ATTACH '{quoted(published)}' AS published (READ_ONLY)")
        try:
            self._con.execute("BEGIN; CREATE SCHEMA IF NOT EXISTS lake.mart")
            views = self._con.execute(
                "SELECT view_name FROM duckdb_views() WHERE database_name = 'published' AND schema_name = 'mart'"
            ).fetchall()
            for (view,) in views:
                self._con.execute(f"CREATE OR REPLACE TABLE lake.mart.{view} AS FROM published.mart.{view}")
            self._con.execute("COMMIT")
        except duckdb.Error as error:
            self._con.execute("ROLLBACK")
            raise WarehouseError(f"the lake did not take the published views: {error}") from error
        finally:
            self._con.execute("DETACH published")

    def _attach(self, place: LakePlace) -> None:
        for attempt in range(_ATTEMPTS):
            try:
                self._con.execute(
                    f"ATTACH IF NOT EXISTS '{quoted(place.url)}' AS lake"
                    f" (DATA_PATH '{quoted(place.files)}', DATA_INLINING_ROW_LIMIT 0)"
                )
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    self._con.execute(statement)
            except duckdb.Error:
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                return

    def _insert(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        if not rows:
            return
        columns = list(rows[0])
        types = {
            name: str(kind) for name, kind, *_ in self._con.execute(f"FROM lake.{table} LIMIT 0").description or []
        }
        self._con.execute(
            f"INSERT INTO lake.{table} ({', '.join(columns)}) SELECT "
            + ", ".join(f"unnest(?::{types[column]}[])" for column in columns),
            [[row[column] for row in rows] for column in columns],
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._con.close()


def _hand_over_keys(con: duckdb.DuckDBPyConnection, environ: Mapping[str, str]) -> None:
    """Give DuckDB the keys of S3 from the environment, named as AWS's own tools name them.

    ``AWS_ENDPOINT_URL_S3`` or ``AWS_ENDPOINT_URL`` leads to another S3 (MinIO, Ceph), addressed by path.

    Raises:
        WarehouseError: a key is missing.
    """
    missing = [name for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY") if not environ.get(name)]
    if missing:
        raise WarehouseError(f"the lake lies on S3 but {' and '.join(missing)} is not set in the environment")
    options = {
        "KEY_ID": environ["AWS_ACCESS_KEY_ID"],
        "SECRET": environ["AWS_SECRET_ACCESS_KEY"],
        "SESSION_TOKEN": environ.get("AWS_SESSION_TOKEN", ""),
        "REGION": environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION", ""),
    }
    endpoint = urlsplit(environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL", ""))
    if endpoint.netloc:
        options |= {"ENDPOINT": endpoint.netloc, "URL_STYLE": "path", "USE_SSL": str(endpoint.scheme == "https")}
    said = ", ".join(f"{name} '{quoted(value)}'" for name, value in options.items() if value)
    try:
        con.execute(f"CREATE SECRET (TYPE s3, {said})")
    except duckdb.Error:
        # Its words may hold the statement, and that the keys.
        raise WarehouseError("DuckDB refused the keys of S3: check the AWS_* variables of the environment") from None


def _call_row(call: Call) -> dict[str, Any]:
    body = (call.payload.body_zstd or zstandard.compress(call.payload.body)) if call.payload else None
    bare = replace(call, payload=replace(call.payload, body=b"", body_zstd=b"", pages=())) if call.payload else call
    return {"source_id": call.source_id, "told": _form(Call).dump_json(bare).decode(), "body": body}


def _call(row: dict[str, Any]) -> Call:
    call: Call = _form(Call).validate_json(row["told"])
    if call.payload is None:
        return call
    return replace(call, payload=replace(call.payload, body=zstandard.decompress(row["body"])))


def _document_row(document: Document) -> dict[str, Any]:
    return {
        "document_id": document.document_id, "content_hash": document.content_hash, "source_id": document.source_id,
        "lang": document.lang, "published_at": document.published_at, "first_seen_at": document.first_seen_at,
        "title": document.title,
        "told": json.dumps(_form(Document).dump_python(document, mode="json"), ensure_ascii=False),
    }  # fmt: skip

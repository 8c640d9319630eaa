"""Documents as sources told them: stored once, read once, found again by id."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from trendwarte.types import Document, Intake, Reading
from warehouse.connection import Connection, insert, rows_of

_COLUMNS = (
    "document_id, source_id, url, title, summary, outlet, source_kind, published_at, first_seen_at, content_hash,"
    " guid, text, text_quality, lang, published_raw, updated_at, flags, payload_hash"
)
_FIELDS = tuple(field.name for field in fields(Document))


class Documents:
    """The rows of ``documents``."""

    def __init__(self, con: Connection) -> None:
        self._con = con

    def store(self, documents: Iterable[Document]) -> Intake:
        """Keep new documents, replace edited ones (by content hash), leave the rest; storing twice is a no-op.

        An edited document keeps the time it was first seen and is read again. Some sources give the same entry a
        new id each time: with the address and the words of one they told before, it is that one.
        """
        arriving = {document.document_id: document for document in documents}
        known = self._known(arriving.values())
        new = [d for key, d in arriving.items() if key not in known]
        changed = [d for key, d in arriving.items() if key in known and known[key] != d.content_hash]
        changed = self._not_erased(changed)
        insert(self._con, "documents", [_row(d) for d in new])
        for document in changed:
            self._con.execute(
                "UPDATE documents SET title = ?, summary = ?, text = ?, text_quality = ?, content_hash = ?,"
                " updated_at = coalesce(?, updated_at), reader_version = NULL WHERE document_id = ?",
                [document.title, document.summary, document.text, document.text_quality, document.content_hash,
                 document.updated_at, document.document_id],
            )  # fmt: skip
        unchanged = len(arriving) - len(new) - len(changed)
        return Intake(tuple(d.document_id for d in new), tuple(d.document_id for d in changed), unchanged)

    def unread(self, reader_version: str, as_of: datetime) -> list[Document]:
        """Documents seen up to ``as_of`` that this reader has not read yet, oldest first.

        A later night that was killed may have stored its documents already: an earlier one must not know them.
        """
        rows = rows_of(
            self._con,
            f"SELECT {_COLUMNS} FROM documents WHERE reader_version IS DISTINCT FROM ? AND first_seen_at <= ?"  # noqa: S608
            " AND erased_at IS NULL"
            " ORDER BY coalesce(published_at, first_seen_at), document_id",
            [reader_version, as_of],
        )
        return [_document(row) for row in rows]

    def unread_ids(self, reader_version: str, as_of: datetime) -> list[str]:
        """Ids of what ``unread`` gives, in its order: a first night may have years to read, and no room for them."""
        rows = self._con.execute(
            "SELECT document_id FROM documents WHERE reader_version IS DISTINCT FROM ? AND first_seen_at <= ?"
            " ORDER BY coalesce(published_at, first_seen_at), document_id",
            [reader_version, as_of],
        ).fetchall()
        return [document_id for (document_id,) in rows]

    def of_ids(self, ids: Sequence[str]) -> list[Document]:
        """The documents with these ids, in order of publication."""
        rows = rows_of(
            self._con,
            f"SELECT {_COLUMNS} FROM documents WHERE document_id IN (SELECT unnest(?::VARCHAR[]))"  # noqa: S608
            " ORDER BY coalesce(published_at, first_seen_at), document_id",
            [list(ids)],
        )
        return [_document(row) for row in rows]

    def mark_read(self, readings: Sequence[Reading], reader_version: str) -> None:
        """Note what was read and whether it mattered."""
        columns = "document_id VARCHAR, lang VARCHAR, is_relevant BOOLEAN, is_recap BOOLEAN"
        rows = [
            {"document_id": r.document_id, "lang": r.lang, "is_relevant": r.relevant, "is_recap": r.recap}
            for r in readings
        ]
        self._con.execute(
            f"UPDATE documents SET reader_version = $version, lang = r.lang, is_relevant = r.is_relevant,"  # noqa: S608
            f" is_recap = r.is_recap FROM (SELECT unnest($rows::STRUCT({columns})[], recursive := true)) r"
            " WHERE documents.document_id = r.document_id",
            {"version": reader_version, "rows": rows},
        )

    def arriving(self, documents: Iterable[Document]) -> frozenset[str]:
        """Ids of those documents that are not stored yet, or were edited since."""
        held = list(documents)
        known = self._known(held)
        return frozenset(d.document_id for d in held if known.get(d.document_id) != d.content_hash)

    def forget_texts(self, before: datetime) -> int:
        """Drop full texts first seen before a time (storage limitation); quotes, summaries and hashes stay."""
        row = self._con.execute(
            "UPDATE documents SET text = '', text_quality = CASE WHEN summary = '' THEN 'title' ELSE 'summary' END"
            " WHERE first_seen_at < ? AND text <> ''",
            [before],
        ).fetchone()
        return int(row[0]) if row else 0

    def count(self) -> int:
        """How many documents there are."""
        found = self._con.execute("SELECT count(*) FROM documents").fetchone()
        return int(found[0]) if found else 0

    def _not_erased(self, documents: Sequence[Document]) -> list[Document]:
        """Those whose content was not taken out on request: an edit must not bring it back."""
        erased = {key for (key,) in self._con.execute(
            "SELECT document_id FROM documents WHERE erased_at IS NOT NULL AND document_id IN"
            " (SELECT unnest(?::VARCHAR[]))", [[d.document_id for d in documents]],
        ).fetchall()}  # fmt: skip
        return [d for d in documents if d.document_id not in erased]

    def _known(self, documents: Iterable[Document]) -> dict[str, str]:
        """Content hashes of those documents that are stored, by the id they arrive under."""
        held = list(documents)
        rows = self._con.execute(
            "SELECT document_id, content_hash FROM documents WHERE document_id IN (SELECT unnest(?::VARCHAR[]))",
            [[d.document_id for d in held]],
        ).fetchall()
        known = dict(rows)
        strangers = [d for d in held if d.document_id not in known and d.url and d.guid]
        rows = self._con.execute(
            "SELECT a.document_id, a.content_hash FROM (SELECT unnest($ids::VARCHAR[]) AS document_id,"
            " unnest($sources::VARCHAR[]) AS source_id, unnest($urls::VARCHAR[]) AS url,"
            " unnest($hashes::VARCHAR[]) AS content_hash) a SEMI JOIN documents d USING (source_id, url, content_hash)",
            {
                "ids": [d.document_id for d in strangers], "sources": [d.source_id for d in strangers],
                "urls": [d.url for d in strangers], "hashes": [d.content_hash for d in strangers],
            },
        ).fetchall()  # fmt: skip
        return known | dict(rows)


def published_or_seen(document: Document) -> datetime:
    """When a document speaks: its publication date, but never after we saw it."""
    if document.published_at is None:
        return document.first_seen_at
    return min(document.published_at, document.first_seen_at)


def _row(document: Document) -> dict[str, Any]:
    # Not asdict: it copies every value deeply, and took as long as the reading of the feed.
    return {name: getattr(document, name) for name in _FIELDS} | {"flags": " ".join(document.flags)}


def _document(row: dict[str, Any]) -> Document:
    return Document(**row | {"flags": tuple(row["flags"].split())})

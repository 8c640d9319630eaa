"""Documents as sources told them: stored once, read once, found again by id."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from trendwarte.types import Document, Intake, Reading
from warehouse.connection import Array, Connection, long_texts, moments, offered, query_text, rows_of, texts

_COLUMNS = (
    "document_id, source_id, url, title, summary, outlet, source_kind, published_at, first_seen_at, content_hash,"
    " guid, text, text_quality, lang, published_raw, updated_at, flags, payload_hash"
)
_ROWS_AT_A_TIME = 10_000
_LONG_TEXTS = ("title", "summary", "text")
_OPTIONAL_TEXTS = ("guid", "payload_hash")
_MOMENTS = ("published_at", "first_seen_at", "updated_at")
_TEXTS = tuple(
    field.name for field in fields(Document) if field.name not in (*_LONG_TEXTS, *_OPTIONAL_TEXTS, *_MOMENTS, "flags")
)


class Documents:
    """The rows of ``documents``."""

    def __init__(self, con: Connection) -> None:
        self._con = con

    def store(self, documents: Iterable[Document], known: Mapping[str, str] | None = None) -> Intake:
        """Keep new documents, replace edited ones (by content hash), leave the rest; storing twice is a no-op.

        An edited document keeps the time it was first seen and is read again. ``known`` is what ``known`` said of
        these documents, where it was asked already.
        """
        arriving = {document.document_id: document for document in documents}
        if known is None:
            known = self.known(arriving.values())
        new = [d for key, d in arriving.items() if key not in known]
        edited = [d for key, d in arriving.items() if key in known and known[key] != d.content_hash]
        # Columns hold a second copy of all words: not of a whole load.
        for start in range(0, len(new), _ROWS_AT_A_TIME):
            with offered(self._con, "arriving", _columns(new[start : start + _ROWS_AT_A_TIME])):
                self._con.execute(query_text("keep_documents"))
        changed: set[str] = set()
        if edited:
            with offered(self._con, "arriving", _columns(edited)):
                changed = {key for (key,) in self._con.execute(query_text("edit_documents")).fetchall()}
        unchanged = len(arriving) - len(new) - len(changed)
        kept = tuple(d.document_id for d in edited if d.document_id in changed)
        return Intake(tuple(d.document_id for d in new), kept, unchanged)

    def unread_ids(self, reader_version: str, as_of: datetime) -> list[str]:
        """Ids of documents seen up to ``as_of`` that this reader has not read yet, oldest first.

        A later night that was killed may have stored its documents already: an earlier one must not know them. Ids
        only: a first night may have years to read, and no room for them.
        """
        rows = self._con.execute(
            "SELECT document_id FROM documents WHERE reader_version IS DISTINCT FROM ? AND first_seen_at <= ?"
            " AND erased_at IS NULL ORDER BY coalesce(published_at, first_seen_at), document_id",
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

    def count(self) -> int:
        """How many documents there are."""
        found = self._con.execute("SELECT count(*) FROM documents").fetchone()
        return int(found[0]) if found else 0

    def known(self, documents: Iterable[Document]) -> dict[str, str]:
        """Content hashes of those documents that are stored, by the id they arrive under.

        Some sources give the same entry a new id each time: with the address and the words of one they told before,
        it is that one.
        """
        arriving = {document.document_id: document for document in documents}
        with offered(self._con, "arriving", {"document_id": texts(list(arriving))}):
            known = dict(self._con.execute(query_text("known_documents")).fetchall())
        # Without a guid the address is the id.
        rest = [d for key, d in arriving.items() if d.guid and key not in known]
        heard = self._heard({d.source_id for d in rest})
        rest = [d for d in rest if d.source_id in heard]
        if rest:
            columns = ("document_id", "source_id", "url", "content_hash")
            with offered(self._con, "arriving", {c: texts(list(map(attrgetter(c), rest))) for c in columns}):
                known |= dict(self._con.execute(query_text("renamed_documents")).fetchall())
        return known

    def _heard(self, sources: Set[str]) -> Set[str]:
        """Those sources that told anything before; to look for the words of the others takes three times as long."""
        if not sources:
            return sources
        with offered(self._con, "arriving", {"source_id": texts(list(sources))}):
            return {source for (source,) in self._con.execute(query_text("heard_sources")).fetchall()}


def published_or_seen(document: Document) -> datetime:
    """When a document speaks: its publication date, but never after we saw it."""
    if document.published_at is None:
        return document.first_seen_at
    return min(document.published_at, document.first_seen_at)


def _columns(documents: Sequence[Document]) -> dict[str, Array]:
    """Documents as columns; an empty guid or payload hash stands for none."""
    columns = {name: texts(list(map(attrgetter(name), documents))) for name in _TEXTS}
    columns |= {name: texts([cell or "" for cell in map(attrgetter(name), documents)]) for name in _OPTIONAL_TEXTS}
    columns |= {name: long_texts(list(map(attrgetter(name), documents))) for name in _LONG_TEXTS}
    columns |= {name: moments(list(map(attrgetter(name), documents))) for name in _MOMENTS}
    return columns | {"flags": texts([" ".join(d.flags) for d in documents])}


def _document(row: dict[str, Any]) -> Document:
    return Document(**row | {"flags": tuple(row["flags"].split())})

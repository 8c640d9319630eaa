"""Archives as others keep them: folders of saved feeds, and WARC files of feeds and article pages."""

import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from sources.archive_types import ArchiveProblem, Outlets
from sources.dates import parse_date
from sources.entries import documents_of
from sources.feeds import feed_entries
from sources.identity import address_of, content_hash, url_id
from sources.packed import unpacked
from sources.pages import read_page
from sources.text import TEXT_MAX, TITLE_MAX, plain_text, shortened, visible
from trendwarte.errors import ParseError
from trendwarte.settings import Source
from trendwarte.types import Document, Payload, Validators

_FILE_MAX = 50_000_000
_RECORD_MAX = 8_000_000
# A saved feed has no night of its own: an entry is known from the day it was published.
_END_OF_TIME = datetime(2100, 1, 1, tzinfo=UTC)
_FEED_TYPES = ("xml", "rss", "atom", "rdf", "feed+json")


def read_saved_feed(path: Path, known: Outlets) -> Iterator[Document | ArchiveProblem]:
    """Documents of one saved feed (.gz too); entries without a date are reported, for no night could know them."""
    try:
        if path.stat().st_size > _FILE_MAX:
            raise ParseError(f"larger than {_FILE_MAX} bytes")
        body = unpacked(path.read_bytes(), _FILE_MAX)
        yield from _feed_documents(body, "", path.name, str(path), known)
    except (ParseError, OSError) as error:
        yield ArchiveProblem(str(path), 0, str(error))


def read_warc(stream: IO[bytes], name: str, known: Outlets) -> Iterator[Document | ArchiveProblem]:
    """Documents of the responses in a WARC file; feeds give their entries, pages one document each.

    Pages behind a paywall or a consent wall are reported and left out, as are records that are too long.
    """
    from warcio.archiveiterator import ArchiveIterator
    from warcio.exceptions import ArchiveLoadFailed

    number = 0
    try:
        for number, record in enumerate(ArchiveIterator(stream), start=1):
            if record.rec_type == "response" and record.http_headers and record.http_headers.get_statuscode() == "200":
                try:
                    yield from _record_documents(record, name, known)
                except ParseError as error:
                    yield ArchiveProblem(name, number, str(error))
    except (ArchiveLoadFailed, OSError, EOFError, zlib.error, ValueError) as error:
        yield ArchiveProblem(name, number + 1, f"the file is damaged, nothing can be read from here on: {error}")


def _record_documents(record: Any, name: str, known: Outlets) -> Iterator[Document | ArchiveProblem]:
    url = address_of(record.rec_headers.get_header("WARC-Target-URI") or "")
    content_type = record.http_headers.get_header("Content-Type") or ""
    body = record.content_stream().read(_RECORD_MAX + 1)
    if len(body) > _RECORD_MAX:
        raise ParseError(f"{url}: longer than {_RECORD_MAX} bytes; skipped")
    if getattr(record.raw_stream, "limit", 0) > 0:
        raise ParseError(f"{url}: the record ends {record.raw_stream.limit} bytes too early; skipped")
    if "html" in content_type:
        yield _page_document(url, body, content_type, record.rec_headers.get_header("WARC-Date") or "", known)
    elif any(mark in content_type for mark in _FEED_TYPES):
        yield from _feed_documents(body, content_type, url, name, known)


def _feed_documents(
    body: bytes, content_type: str, url: str, name: str, known: Outlets
) -> Iterator[Document | ArchiveProblem]:
    source = Source(id=url, name=url, kind="feed", url=url, source_kind="aggregator", min_interval_s=0)
    payload = Payload(url, url, 200, content_type, body, _END_OF_TIME, Validators())
    for place, document in enumerate(documents_of(source, feed_entries(source, payload), payload, _END_OF_TIME), 1):
        if document.published_at is None:
            yield ArchiveProblem(name, place, f"entry without a date: {document.title[:60]!r}")
        else:
            outlet, grade = known.find(document.outlet, document.url)
            yield replace(document, outlet=outlet, source_kind=grade, first_seen_at=document.published_at)


def _page_document(url: str, body: bytes, content_type: str, raw_date: str, known: Outlets) -> Document:
    page = read_page(body, content_type, url, {})
    title, text = plain_text(page.title, TITLE_MAX), shortened(visible(page.text), TEXT_MAX)
    published_at = page.published_at or parse_date(raw_date)
    if page.wall or not title or published_at is None:
        raise ParseError(f"{url}: {page.wall or 'no title or no date'}; skipped")
    outlet, grade = known.find("", url)
    return Document(
        document_id=url_id(url),
        source_id=outlet,
        url=url,
        title=title,
        summary="",
        outlet=outlet,
        source_kind=grade,
        published_at=published_at,
        first_seen_at=published_at,
        content_hash=content_hash(title, "", text),
        text=text,
        text_quality="article" if text else "title",
        lang=page.lang[:2],
    )

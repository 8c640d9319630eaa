"""From what a source says about one entry to a document: one place decides text, address, dates and identity."""

from collections.abc import Sequence
from dataclasses import fields, make_dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal, NamedTuple

from sources.dates import parse_date
from sources.identity import Marks, address_of, content_hash, document_ids, host_of, registrable_domain
from sources.text import SUMMARY_MAX, TEXT_MAX, TITLE_MAX, plain_text, plain_texts, shortened, visible
from trendwarte.errors import ParseError
from trendwarte.settings import Source
from trendwarte.types import Document, Payload

# The largest real feed seen holds some 300 entries; 8 MB of empty ones would hold 300,000.
ENTRIES_MAX = 10_000
_TOLERANCE = timedelta(days=1)
_GUID_MAX = 500
_MADE_UP_TITLE_MAX = 120

TextQuality = Literal["article", "feed_content", "summary", "title"]


class Entry(NamedTuple):
    """One entry in the source's own words: markup, raw dates, absolute address.

    ``content`` is the full text where the source gives one.
    """

    title: str
    url: str
    guid: str = ""
    summary: str = ""
    content: str = ""
    published: str = ""
    updated: str = ""
    lang: str = ""
    outlet: str = ""


_Read = tuple[Entry, str, str, str, TextQuality]
# A document before it is frozen: to set eighteen fields of a frozen one takes six times as long, 150,000 times a night.
_Draft = make_dataclass("_Draft", [(field.name, Any) for field in fields(Document)], slots=True)


def documents_of(source: Source, entries: Sequence[Entry], payload: Payload, seen_at: datetime) -> list[Document]:
    """Documents in the order of the entries; entries without words are left out, repeated ones are kept once.

    Raises:
        ParseError: more entries than any honest source has.
    """
    if len(entries) > ENTRIES_MAX:
        raise ParseError(f"{source.id}: {len(entries)} entries, more than {ENTRIES_MAX}; refused")
    read = [one for one in map(_words, entries, *_bare(entries)) if one[1]]
    marks = [
        Marks(visible(entry.guid)[:_GUID_MAX], address_of(entry.url), title, parse_date(entry.published))
        for entry, title, _, _, _ in read
    ]
    payload_hash = payload.validators.body_hash or sha256(payload.body).hexdigest()
    documents: dict[str, Document] = {}
    for one, mark, document_id in zip(read, marks, document_ids(source.id, marks), strict=True):
        if document_id not in documents:
            documents[document_id] = _document(source, one, mark, document_id, payload_hash, seen_at)
    return list(documents.values())


def _document(
    source: Source, read: _Read, mark: Marks, document_id: str, payload_hash: str, seen_at: datetime
) -> Document:
    entry, title, summary, text, text_quality = read
    published_at, flags = _dated(mark.published_at, seen_at)
    updated_at = mark.published_at if entry.updated == entry.published else parse_date(entry.updated)
    draft: Any = _Draft(
        document_id, source.id, mark.url, title, summary, _outlet(source, entry, mark.url), source.source_kind,
        published_at, seen_at, content_hash(title, summary, text), mark.guid or None, text, text_quality,
        entry.lang or source.lang, visible(entry.published)[:100], updated_at, flags, payload_hash,
    )  # fmt: skip
    draft.__class__ = Document
    sealed: Document = draft
    return sealed


def _bare(entries: Sequence[Entry]) -> tuple[list[str], list[str]]:
    """Titles and summaries as plain text."""
    titles = plain_texts([entry.title for entry in entries], TITLE_MAX)
    return titles, plain_texts([entry.summary for entry in entries], SUMMARY_MAX)


def _words(entry: Entry, title: str, summary: str) -> _Read:
    """Title, summary, text and the rung of the ladder feed content > summary > title (an article comes later)."""
    text_quality: TextQuality = "summary" if summary else "title"
    text = plain_text(entry.content, TEXT_MAX) if entry.content else ""
    if not text or text == summary:
        text = ""
    elif not summary and len(text) <= SUMMARY_MAX:
        summary, text, text_quality = text, "", "feed_content"
    else:
        text_quality = "feed_content"
    return entry, title or shortened(summary or text, _MADE_UP_TITLE_MAX), summary, text, text_quality


def _dated(published_at: datetime | None, seen_at: datetime) -> tuple[datetime | None, tuple[str, ...]]:
    """The date to believe and its flags; a date in the future is not one (the raw words stay)."""
    if published_at is None:
        return None, ("undated",)
    if published_at > seen_at + _TOLERANCE:
        return None, ("future",)
    return published_at, ()


def _outlet(source: Source, entry: Entry, url: str) -> str:
    if source.source_kind == "aggregator" and (entry.outlet or url):
        return visible(entry.outlet)[:200] or registrable_domain(host_of(url))
    return source.owner or source.name

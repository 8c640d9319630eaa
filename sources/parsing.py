"""Payloads to documents: feeds, listings and two JSON interfaces, each entry kept or reported, never swallowed."""

import contextlib
import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from io import BytesIO
from typing import Any, Literal

import fastfeedparser
import feedparser

from sources.dates import parse_date
from sources.identity import Marks, canonical_url, content_hash, document_ids, host_of, registrable_domain
from sources.listing import article_text, entries_of
from sources.text import SUMMARY_MAX, TEXT_MAX, TITLE_MAX, plain_text
from trendwarte.errors import ParseError
from trendwarte.settings import Source
from trendwarte.types import Document, Payload

_LANGUAGES = {"english": "en", "german": "de"}
_FUTURE = timedelta(days=1)
# A feed with this declares entities; none of ours needs them, every bomb does.
_ENTITY = b"<!ENTITY"


@dataclass(frozen=True, slots=True)
class _Entry:
    title: str
    url: str
    guid: str = ""
    summary: str = ""
    text: str = ""
    text_quality: Literal["article", "feed_content", "summary", "title"] = "summary"
    raw_date: str = ""
    raw_updated: str = ""
    lang: str = ""
    outlet: str = ""


def parse(source: Source, payload: Payload, *, seen_at: datetime) -> list[Document]:
    """Documents of a payload, in its order; entries without any text are left out.

    Raises:
        ParseError: the bytes are not what the source declares (a challenge page, broken JSON, no feed).
    """
    reader = _READERS.get(source.kind)
    if reader is None:
        raise ParseError(f"{source.id}: no reader for kind '{source.kind}' yet")
    entries = [entry for entry in reader(source, payload) if entry.title or entry.summary]
    marks = [Marks(e.guid, canonical_url(e.url), e.title, parse_date(e.raw_date)) for e in entries]
    ids = document_ids(source.id, marks)
    payload_hash = sha256(payload.body).hexdigest()
    documents = [
        _document(source, entry, mark, document_id, payload_hash, seen_at)
        for entry, mark, document_id in zip(entries, marks, ids, strict=True)
    ]
    return list({document.document_id: document for document in documents}.values())


def _document(
    source: Source, entry: _Entry, mark: Marks, document_id: str, payload_hash: str, seen_at: datetime
) -> Document:
    flags = []
    published_at = mark.published_at
    if published_at is None:
        flags.append("undated")
    elif published_at > seen_at + _FUTURE:
        flags.append("future")
        published_at = None
    return Document(
        document_id=document_id,
        source_id=source.id,
        url=mark.url,
        title=entry.title,
        summary=entry.summary,
        outlet=entry.outlet or source.owner or source.name,
        source_kind=source.source_kind,
        published_at=published_at,
        first_seen_at=seen_at,
        content_hash=content_hash(entry.title, entry.summary, entry.text),
        guid=entry.guid or None,
        text=entry.text,
        text_quality=entry.text_quality if entry.text or entry.summary else "title",
        lang=entry.lang or source.lang,
        published_raw=entry.raw_date[:100],
        updated_at=parse_date(entry.raw_updated),
        flags=tuple(flags),
        payload_hash=payload_hash,
    )


def _feed(source: Source, payload: Payload) -> list[_Entry]:
    if _ENTITY in payload.body[:4096].upper():
        raise ParseError(f"{source.id}: the feed declares entities; refused")
    entries = _fast_entries(payload.body)
    if entries is None:
        entries = _tolerant_entries(source, payload)
    return [_feed_entry(entry) for entry in entries]


def _fast_entries(body: bytes) -> Sequence[Any] | None:
    """Entries by the fast parser, None when it gives up: about one odd feed in twenty."""
    try:
        return list(fastfeedparser.parse(body).entries)
    except Exception:
        return None


def _tolerant_entries(source: Source, payload: Payload) -> Sequence[Any]:
    with warnings.catch_warnings(), contextlib.suppress(Exception):
        warnings.simplefilter("ignore")
        parsed = feedparser.parse(BytesIO(payload.body), response_headers={"content-type": payload.content_type})
        if parsed.version or parsed.entries:
            return list(parsed.entries)
    raise ParseError(f"{source.id}: {payload.url} is no feed (it begins with {payload.body[:40]!r})")


def _feed_entry(entry: Any) -> _Entry:
    content = entry.get("content") or []
    markup = next((c.get("value", "") for c in content if isinstance(c, dict)), "") if isinstance(content, list) else ""
    summary = plain_text(_text(entry.get("summary") or entry.get("description")), SUMMARY_MAX)
    text = plain_text(_text(markup), TEXT_MAX)
    text = "" if text == summary else text
    return _Entry(
        title=plain_text(_text(entry.get("title")), TITLE_MAX),
        url=_text(entry.get("link")),
        guid=_text(entry.get("id")),
        summary=summary,
        text=text,
        text_quality="feed_content" if text else "summary",
        raw_date=_text(entry.get("published") or entry.get("updated") or entry.get("created")),
        raw_updated=_text(entry.get("updated")),
    )


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _listing(source: Source, payload: Payload) -> list[_Entry]:
    bodies = {page.url: article_text(source, page) for page in payload.pages}
    found = []
    for entry in entries_of(source, payload):
        text = bodies.get(entry.url, "")
        quality: Literal["article", "summary"] = "article" if text else "summary"
        found.append(_Entry(entry.title, entry.url, "", entry.summary, text, quality, entry.raw_date))
    return found


def _gdelt(source: Source, payload: Payload) -> list[_Entry]:
    articles = _json(source, payload).get("articles", [])
    return [
        _Entry(
            title=plain_text(_text(a.get("title")), TITLE_MAX),
            url=_text(a.get("url")),
            raw_date=_gdelt_date(_text(a.get("seendate"))),
            lang=_LANGUAGES.get(_text(a.get("language")).lower(), ""),
            outlet=_text(a.get("domain")) or registrable_domain(host_of(_text(a.get("url")))),
        )
        for a in _records(source, articles)
    ]


def _gdelt_date(raw: str) -> str:
    """``20240313T181500Z`` in the form every date parser knows."""
    return f"{raw[:4]}-{raw[4:6]}-{raw[6:11]}:{raw[11:13]}:{raw[13:]}" if len(raw) == 16 else raw


def _federal_register(source: Source, payload: Payload) -> list[_Entry]:
    return [
        _Entry(
            title=plain_text(_text(r.get("title")), TITLE_MAX),
            url=_text(r.get("html_url")),
            guid=_text(r.get("document_number")),
            summary=plain_text(_text(r.get("abstract")), SUMMARY_MAX),
            raw_date=_text(r.get("publication_date")),
            lang="en",
        )
        for r in _records(source, _json(source, payload).get("results", []))
    ]


def _json(source: Source, payload: Payload) -> dict[str, Any]:
    try:
        content = json.loads(payload.body)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"{source.id}: {payload.url} is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise ParseError(f"{source.id}: {payload.url} is JSON, but no object")
    return content


def _records(source: Source, found: Any) -> list[dict[str, Any]]:
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ParseError(f"{source.id}: a list of objects is expected in the answer")
    return found


_READERS: dict[str, Callable[[Source, Payload], list[_Entry]]] = {
    "feed": _feed,
    "html_listing": _listing,
    "gdelt": _gdelt,
    "federal_register": _federal_register,
}

"""Archived documents: JSON Lines, WARC, saved feeds; streamed, every bad line reported and none lost."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import orjson

from sources.archive_types import FEED_SUFFIXES, WARC_SUFFIX, ArchiveProblem, Outlets, Skimmed
from sources.dates import parse_date
from sources.identity import address_of, content_hash, title_id, url_id
from sources.lines import PACKED, numbered_lines, opened_lines
from sources.text import SUMMARY_MAX, TEXT_MAX, TITLE_MAX, plain_text
from trendwarte.settings import Outlet
from trendwarte.types import Document
from trendwarte.vocabulary import SOURCE_KINDS, SourceKind

# Of these the words of a line are made; of several names the first that says something counts.
_TEXTS = (("title",), ("published_at", "date"), ("source",), ("url",), ("lead", "text"), ("source_kind",), ("lang",))
_TEXT_TYPES = frozenset({str, type(None)})
_BOM = b"\xef\xbb\xbf"


def read_archive(paths: Sequence[Path], outlets: Mapping[str, Outlet]) -> Iterator[Document | ArchiveProblem]:
    """Documents of archive files in their order; memory stays flat.

    Args:
        paths: JSON Lines, WARC files (``.warc``), saved feeds (``.xml .rss .atom .rdf .json``), or folders of
            them; ``.gz`` and ``.zst`` are decompressed while reading.
        outlets: who is behind a ``source`` or ``url``, and how far it is trusted.
    """
    from sources.saved import read_saved_feed, read_warc  # the parsers behind them: lines of JSON need none

    known = Outlets(outlets)
    for path in _files_of(paths):
        kind = path.with_suffix("").suffix if path.suffix in PACKED else path.suffix
        if kind in FEED_SUFFIXES:
            yield from read_saved_feed(path, known)
            continue
        try:
            # Each record of a packed WARC is a gzip file of its own: its reader takes them one by one.
            is_warc = kind == WARC_SUFFIX
            with path.open("rb") if is_warc and path.suffix == ".gz" else opened_lines(path) as stream:
                yield from (read_warc if is_warc else read_lines)(stream, str(path), known)
        except OSError as error:
            yield ArchiveProblem(str(path), 0, f"cannot be read: {error.strerror or error}")


def _files_of(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from (found for found in sorted(path.rglob("*")) if found.is_file())
        else:
            yield path


def read_lines(stream: IO[bytes] | IO[str], name: str, known: Outlets) -> Iterator[Document | ArchiveProblem]:
    """Documents of JSON Lines; blank lines are skipped. A damaged compressed stream ends with a problem.

    Args:
        stream: UTF-8; of a text stream (``sys.stdin``) the bytes below it are read, whatever its encoding.
        name: what to call the stream in problems.
        known: the outlets.
    """
    for number, line, problem in numbered_lines(getattr(stream, "buffer", stream)):
        entry = ArchiveProblem(name, number, problem) if problem else read_line(line, number, name, known)
        if entry is not None:
            yield entry  # type: ignore[misc]


def read_line(
    line: str | bytes, number: int, name: str, known: Outlets, could_matter: Callable[[str], bool] | None = None
) -> Document | Skimmed | ArchiveProblem | None:
    """The document of one line, the problem with it, or None for a blank one; lines may be read in any order.

    A line whose words cannot matter is checked like any other, but only its id and language are given.
    """
    if not line or line.isspace():
        return None
    try:
        return _document(_record(line), known, could_matter)
    except (ValueError, RecursionError) as error:
        return ArchiveProblem(name, number, str(error))


def is_line_file(path: Path) -> bool:
    """Whether ``path`` is read line by line (no folder, feed or WARC)."""
    kind = path.with_suffix("").suffix if path.suffix in PACKED else path.suffix
    return not path.is_dir() and kind not in FEED_SUFFIXES and kind != WARC_SUFFIX


def _record(line: str | bytes) -> dict[str, Any]:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        record = _record_with_reason(line)
    if isinstance(record, dict) and isinstance(record.get("id"), float):
        record = _record_with_reason(line)  # a number of more than 64 bits
    if not isinstance(record, dict):
        raise ValueError("a JSON object is expected")
    return record


def _record_with_reason(line: str | bytes) -> Any:
    """The slower parser: it takes what the fast one is too strict for (NaN, a byte order mark, half a surrogate
    pair) and says in which column a line is broken.
    """
    try:
        text = line.removeprefix(_BOM).decode("utf-8") if isinstance(line, bytes) else line
        record = json.loads(text)
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start}; convert the file") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON at column {error.colno}: {error.msg}") from error
    if not isinstance(record, dict):
        return record
    return {name: _storable(value) if isinstance(value, str) else value for name, value in record.items()}


def _storable(text: str) -> str:
    """``text`` without halves of surrogate pairs, which JSON can spell and nothing can store."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _document(record: dict[str, Any], known: Outlets, could_matter: Callable[[str], bool] | None) -> Document | Skimmed:
    get = record.get
    if not _TEXT_TYPES.issuperset(map(type, record.values())):
        _check(record)
    title = plain_text(get("title") or "", TITLE_MAX)
    if not title:
        raise ValueError("'title' is missing or empty")
    raw_date = get("published_at") or get("date") or ""
    published_at = parse_date(raw_date) if len(raw_date) > _DAY_CHARS else _day(raw_date)
    if published_at is None:
        raise ValueError(f"'published_at' is missing or no date: {raw_date[:40]!r}")
    source, url = get("source") or "", address_of(get("url") or "")
    # A lead that is too long for a summary is a text.
    words = plain_text(get("lead") or get("text") or "", TEXT_MAX)
    summary, text = (words, "") if len(words) <= SUMMARY_MAX else ("", words)
    kind, lang, document_id = _kind(get("source_kind")), (get("lang") or "")[:35], _given_id(get("id"))
    if could_matter is not None and not could_matter(whole := f"{title}\n{summary}\n{text}"):
        own_id = document_id or (url_id(url) if url else title_id(known.find(source, url)[0], title, published_at))
        return Skimmed(own_id, lang, whole)
    outlet, grade = known.find(source, url)
    return Document(
        document_id=document_id or (url_id(url) if url else title_id(outlet, title, published_at)),
        source_id=f"archive:{outlet}",
        url=url,
        title=title,
        summary=summary,
        outlet=outlet,
        source_kind=kind or grade,
        published_at=published_at,
        first_seen_at=published_at,
        content_hash=content_hash(title, summary, text),
        text=text,
        text_quality="feed_content" if text else "summary" if summary else "title",
        lang=lang,
        published_raw=raw_date[:100],
    )


# An archive has thousands of items of one day, and few of one second.
_DAY_CHARS = len("2022-02-22")
_day = lru_cache(maxsize=4_096)(parse_date)


def _check(record: dict[str, Any]) -> None:
    """Raise for what should be a text and is none; what a record holds beside is its own affair."""
    for names in _TEXTS:
        for name in names:
            value = record.get(name)
            if type(value) not in _TEXT_TYPES:
                raise ValueError(f"{name!r} is no text but {type(value).__name__}")
            if value:
                break


def _kind(kind: str | None) -> SourceKind | None:
    if kind and kind not in SOURCE_KINDS:
        raise ValueError(f"'source_kind' {kind[:40]!r} is none of {', '.join(SOURCE_KINDS)}")
    return kind or None  # type: ignore[return-value]


def _given_id(given: Any) -> str:
    # Numbers are ids too. The caller's own id is given back as it is, so that readings can be joined to it.
    if type(given) not in (str, int, type(None)):
        raise ValueError(f"'id' is no text but {type(given).__name__}")
    return "" if given is None else str(given)

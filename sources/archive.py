"""Archived documents: JSON Lines, plain, .gz or .zst; streamed, every bad line reported and none lost."""

import gzip
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import zstandard

from sources.dates import parse_date
from sources.identity import Marks, canonical_url, content_hash, document_ids, host_of
from sources.text import SUMMARY_MAX, TITLE_MAX, plain_text
from trendwarte.settings import Outlet
from trendwarte.types import SOURCE_KINDS, Document, SourceKind


@dataclass(frozen=True, slots=True)
class ArchiveProblem:
    """A line that could not be read: where, and why."""

    path: str
    line: int
    reason: str


def read_archive(paths: Sequence[Path], outlets: Mapping[str, Outlet]) -> Iterator[Document | ArchiveProblem]:
    """Documents of archive files in their order; memory stays flat."""
    known = Outlets(outlets)
    for path in paths:
        try:
            with _opened(path) as stream:
                yield from read_lines(stream, str(path), known)
        except (OSError, EOFError, zstandard.ZstdError) as error:
            yield ArchiveProblem(str(path), 0, f"cannot be read: {error}")


def read_lines(stream: Iterable[str], name: str, known: "Outlets") -> Iterator[Document | ArchiveProblem]:
    """Documents of JSON Lines; blank lines are skipped."""
    for number, line in enumerate(stream, start=1):
        if not line.strip():
            continue
        try:
            yield _document(json.loads(line), known)
        except (ValueError, TypeError, RecursionError) as error:
            yield ArchiveProblem(name, number, str(error))


class Outlets:
    """Finds the outlet of an archive's ``source``: by name, else by the longest known domain suffix."""

    def __init__(self, outlets: Mapping[str, Outlet]) -> None:
        self._by_name = {name.casefold(): outlet for outlet in outlets.values() for name in (outlet.id, *outlet.names)}
        self._found: dict[tuple[str, str], tuple[str, SourceKind]] = {}

    def find(self, source: str, url: str) -> tuple[str, SourceKind]:
        """Outlet id and grade; an unknown one keeps its name and the grade ``unknown``."""
        hosts = (host_of(source), host_of(url))
        key = (source if not hosts[0] else hosts[0], hosts[1])
        if key not in self._found:
            self._found[key] = self._look_up(source, hosts)
        return self._found[key]

    def _look_up(self, source: str, hosts: tuple[str, str]) -> tuple[str, SourceKind]:
        if outlet := self._by_name.get(source.strip().casefold()):
            return outlet.id, outlet.kind
        for host in hosts:
            labels = host.split(".")
            for start in range(len(labels) - 1):
                if outlet := self._by_name.get(".".join(labels[start:])):
                    return outlet.id, outlet.kind
        return next((host for host in hosts if host), source.strip() or "unknown"), "unknown"


def _document(record: Any, known: Outlets) -> Document:
    if not isinstance(record, dict):
        raise ValueError("a JSON object is expected")
    title = plain_text(str(record.get("title") or ""), TITLE_MAX)
    if not title:
        raise ValueError("'title' is missing or empty")
    raw_date = str(record.get("published_at") or record.get("date") or "")
    published_at = parse_date(raw_date)
    if published_at is None:
        raise ValueError(f"'published_at' is missing or no date: {raw_date[:40]!r}")
    source, url = str(record.get("source") or ""), str(record.get("url") or "")
    outlet, grade = known.find(source, url)
    kind = record.get("source_kind") or grade
    if kind not in SOURCE_KINDS:
        raise ValueError(f"'source_kind' {kind!r} is none of {', '.join(SOURCE_KINDS)}")
    summary = plain_text(str(record.get("lead") or record.get("text") or ""), SUMMARY_MAX)
    given = str(record.get("id") or "")
    mark = Marks("", canonical_url(url) if url else "", title, published_at)
    return Document(
        document_id=given or document_ids(outlet, [mark])[0],
        source_id=f"archive:{outlet}",
        url=mark.url,
        title=title,
        summary=summary,
        outlet=outlet,
        source_kind=kind,
        published_at=published_at,
        first_seen_at=published_at,
        content_hash=content_hash(title, summary, ""),
        text_quality="summary" if summary else "title",
        lang=str(record.get("lang") or ""),
        published_raw=raw_date[:100],
    )


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    with path.open("rb") as raw:
        if path.suffix == ".gz":
            binary: Any = gzip.GzipFile(fileobj=raw)
        elif path.suffix == ".zst":
            binary = zstandard.ZstdDecompressor().stream_reader(raw)
        else:
            binary = raw
        with io.TextIOWrapper(binary, encoding="utf-8", errors="replace") as text:
            yield text

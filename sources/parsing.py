"""Payloads to documents and measurements: which reader reads which kind of source."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.metadata import entry_points
from typing import Any

from sources.answers import json_entries, json_measurements, jsonl_entries, shape_of
from sources.entries import Entry, documents_of
from sources.feeds import feed_entries
from sources.sitemaps import sitemap_entries
from sources.tables import csv_measurements
from trendwarte.errors import ParseError
from trendwarte.settings import Source
from trendwarte.types import Document, Measurement, Payload


def _listing_entries(source: Source, payload: Payload) -> list[Entry]:
    # bs4 takes a tenth of a second to load, and most nights and commands read no listing.
    from sources.listing import listing_entries

    return listing_entries(source, payload)


_Reader = Callable[[Source, Payload], list[Entry]]
_READERS: dict[str, _Reader] = {
    "feed": feed_entries,
    "sitemap": sitemap_entries,
    "html_listing": _listing_entries,
    "json": json_entries,
    "jsonl": jsonl_entries,
}
_MEASURERS: dict[str, Callable[[Source, Payload, datetime], list[Measurement]]] = {
    "json": json_measurements,
    "csv": csv_measurements,
}
#: Installed packages add a kind under this group: a function (source, payload) -> list of ``sources.Entry``.
ENTRY_POINT_GROUP = "trendwarte.source_kinds"


@dataclass(frozen=True, slots=True)
class Harvest:
    """What one payload held."""

    documents: tuple[Document, ...] = ()
    measurements: tuple[Measurement, ...] = ()

    def __len__(self) -> int:
        return len(self.documents) + len(self.measurements)


def is_readable(kind: str) -> bool:
    """Whether there is a reader for this kind of source."""
    return kind in _READERS or kind in _MEASURERS or kind in _added()


def harvest(source: Source, payload: Payload, *, seen_at: datetime) -> Harvest:
    """Documents and measurements of a payload, in its order; entries without any text are left out.

    Args:
        source: says how the bytes are to be read, and what is known about their origin.
        payload: as ``fetch`` gave it; its text is hostile until it has passed here.
        seen_at: when we learned of it, aware UTC; dates more than a day later are flagged ``future``.

    Raises:
        ParseError: the bytes are not what the source declares (a challenge page, broken JSON, no feed).
    """
    if source.kind in _MEASURERS and shape_of(source).series:
        return Harvest(measurements=tuple(_MEASURERS[source.kind](source, payload, seen_at)))
    return Harvest(documents=tuple(parse(source, payload, seen_at=seen_at)))


def parse(source: Source, payload: Payload, *, seen_at: datetime) -> list[Document]:
    """Documents of a payload; as ``harvest``, for a source that tells and does not measure."""
    reader = _READERS.get(source.kind) or _added().get(source.kind)
    if reader is None:
        raise ParseError(f"{source.id}: no reader for kind '{source.kind}' yet")
    return documents_of(source, reader(source, payload), payload, seen_at)


@lru_cache(maxsize=1)
def _added() -> dict[str, Any]:
    return {found.name: found.load() for found in entry_points(group=ENTRY_POINT_GROUP)}

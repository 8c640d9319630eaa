"""Payloads to documents: which reader reads which kind of source."""

from collections.abc import Callable
from datetime import datetime

from sources.entries import Entry, documents_of
from sources.feeds import feed_entries
from sources.interfaces import federal_register_entries, gdelt_entries, jsonl_entries
from sources.listing import listing_entries
from trendwarte.errors import ParseError
from trendwarte.settings import Source
from trendwarte.types import Document, Payload

_READERS: dict[str, Callable[[Source, Payload], list[Entry]]] = {
    "feed": feed_entries,
    "html_listing": listing_entries,
    "gdelt": gdelt_entries,
    "federal_register": federal_register_entries,
    "jsonl": jsonl_entries,
}
READABLE = frozenset(_READERS)


def parse(source: Source, payload: Payload, *, seen_at: datetime) -> list[Document]:
    """Documents of a payload, in its order; entries without any text are left out.

    Args:
        source: says how the bytes are to be read, and what is known about their origin.
        payload: as ``fetch`` gave it; its text is hostile until it has passed here.
        seen_at: when we learned of it, aware UTC; dates more than a day later are flagged ``future``.

    Raises:
        ParseError: the bytes are not what the source declares (a challenge page, broken JSON, no feed).
    """
    reader = _READERS.get(source.kind)
    if reader is None:
        raise ParseError(f"{source.id}: no reader for kind '{source.kind}' yet")
    return documents_of(source, reader(source, payload), payload, seen_at)

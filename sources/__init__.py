"""The world comes in: sources to payloads to documents, politely, safely, without losing an entry."""

from sources.archive import ArchiveProblem, Outlets, read_archive, read_lines
from sources.fetching import fetch
from sources.identity import canonical_url, content_hash
from sources.parsing import parse

__all__ = [
    "ArchiveProblem",
    "Outlets",
    "canonical_url",
    "content_hash",
    "fetch",
    "parse",
    "read_archive",
    "read_lines",
]

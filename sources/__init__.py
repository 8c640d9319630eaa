"""The world comes in: sources to payloads to documents, politely, safely, without losing an entry."""

from sources.archive import is_line_file, read_archive, read_line, read_lines
from sources.archive_types import ArchiveProblem, Outlets, Skimmed
from sources.charset import decoded, root_of
from sources.completions import completion
from sources.entries import Entry
from sources.fetching import fetch
from sources.identity import canonical_url, content_hash, host_of
from sources.lines import LineBlock, line_blocks, numbered_lines, opened_lines
from sources.opml import OpmlFeed, read_opml
from sources.packed import opened, packed
from sources.page_visits import fetch_pages, with_page
from sources.parsing import Harvest, harvest, is_readable, parse

__all__ = [
    "ArchiveProblem",
    "Entry",
    "Harvest",
    "LineBlock",
    "OpmlFeed",
    "Outlets",
    "Skimmed",
    "canonical_url",
    "completion",
    "content_hash",
    "decoded",
    "fetch",
    "fetch_pages",
    "harvest",
    "host_of",
    "is_line_file",
    "is_readable",
    "line_blocks",
    "numbered_lines",
    "opened",
    "opened_lines",
    "packed",
    "parse",
    "read_archive",
    "read_line",
    "read_lines",
    "read_opml",
    "root_of",
    "with_page",
]

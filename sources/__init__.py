"""The world comes in: sources to payloads to documents, politely, safely, without losing an entry."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sources.packed import opened, packed  # at once: a module has the same name

if TYPE_CHECKING:
    from sources.archive import is_line_file, read_archive, read_line, read_lines
    from sources.archive_types import ArchiveProblem, Outlets, Skimmed
    from sources.charset import decoded, root_of
    from sources.completions import completion
    from sources.entries import Entry
    from sources.fetching import fetch
    from sources.identity import canonical_url, content_hash, host_of
    from sources.lines import LineBlock, line_blocks, numbered_lines, opened_lines
    from sources.opml import OpmlFeed, read_opml
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

# What is behind a name is loaded when somebody asks for it: who reads an archive needs no HTTP and no parser of feeds,
# and a sixth of the time of a start went there.
_ROOMS = {
    "archive": "is_line_file read_archive read_line read_lines",
    "archive_types": "ArchiveProblem Outlets Skimmed",
    "charset": "decoded root_of",
    "completions": "completion",
    "entries": "Entry",
    "fetching": "fetch",
    "identity": "canonical_url content_hash host_of",
    "lines": "LineBlock line_blocks numbered_lines opened_lines",
    "opml": "OpmlFeed read_opml",
    "page_visits": "fetch_pages with_page",
    "parsing": "Harvest harvest is_readable parse",
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names.split()}


if not TYPE_CHECKING:  # else every misspelt name would pass the type checker

    def __getattr__(name: str) -> Any:
        if name not in _ROOM_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"{__name__}.{_ROOM_OF[name]}"), name)
        return value

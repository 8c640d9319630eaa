"""What all archive readers share: the problem of a line, and who is behind a source."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sources.identity import host_of, registrable_domain
from trendwarte.settings import Outlet
from trendwarte.vocabulary import SourceKind

#: Ends of the names of saved feeds and of WARC files; all else is lines.
FEED_SUFFIXES = frozenset({".xml", ".rss", ".atom", ".rdf", ".json"})
WARC_SUFFIX = ".warc"


@dataclass(frozen=True, slots=True)
class ArchiveProblem:
    """A line that could not be read: where (line 0 is the file itself), and why."""

    path: str
    line: int
    reason: str


@dataclass(slots=True)
class Skimmed:
    """A line that is a document and cannot matter: what its reading needs, and nothing more."""

    document_id: str
    lang: str
    text: str


_PLAIN_HOST = re.compile(r"https?://([a-z0-9.-]+[a-z])(?=[/?#]|$)")


def _host(url: str) -> str:
    plain = _PLAIN_HOST.match(url)
    return plain[1] if plain else host_of(url)


class Outlets:
    """Finds the outlet of an archive's ``source``: by name, else by the longest known domain suffix."""

    def __init__(self, outlets: Mapping[str, Outlet]) -> None:
        self._by_name = {name.casefold(): outlet for outlet in outlets.values() for name in (outlet.id, *outlet.names)}
        self._found: dict[tuple[str, str], tuple[str, SourceKind]] = {}

    def find(self, source: str, url: str) -> tuple[str, SourceKind]:
        """Outlet id and grade; an unknown one keeps its domain or name and the grade ``unknown``."""
        hosts = (_host(source), _host(url))
        key = (hosts[0] or source, hosts[1])
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
        if source.strip() and not hosts[0]:
            return source.strip()[:200], "unknown"
        return registrable_domain(hosts[0] or hosts[1]) or "unknown", "unknown"

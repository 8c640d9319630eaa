"""The fast path of feeds: sound XML whose entries hold nothing but text, walked over expat's tree.

Nine of ten feeds are like that, and expat's elements cost a third of lxml's to look at (docs/decisions/0011). What is
not sound or not plain (entities, XHTML inside, Base64, relative addresses, media groups) is left to ``sources.feeds``,
which must give the same entries for the rest.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

from sources.entries import Entry
from sources.identity import host_of, registrable_domain

# In lower case: writers disagree about the capitals.
_PREFIXES = {
    "": "",
    "http://www.w3.org/2005/atom": "",
    "http://purl.org/atom/ns#": "",
    "http://purl.org/rss/1.0/": "",
    "http://my.netscape.com/rdf/simple/0.9/": "",
    "http://backend.userland.com/rss2": "",
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/dc/terms/": "dcterms:",
    "http://search.yahoo.com/mrss/": "media:",
    "http://search.yahoo.com/mrss": "media:",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes:",
    "http://www.itunes.com/dtds/podcast-1.0.dtd/": "itunes:",
    "http://www.w3.org/1999/xhtml": "xhtml:",
}
ROOTS = frozenset({"rss", "feed", "rdf"})
ENTRY_TAGS = frozenset({"item", "entry"})
# In the order of trust; the first that has words counts.
TITLE = ("title", "dc:title", "media:title", "itunes:title")
SUMMARY = ("description", "summary", "dc:description", "media:description", "itunes:summary")
CONTENT = ("content:encoded", "content", "fullitem", "xhtml:body", "body")
PUBLISHED = ("pubDate", "published", "issued", "dc:date", "dcterms:issued", "created", "dcterms:created", "updated")
UPDATED = ("updated", "modified", "dcterms:modified")
RDF_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
# Atom 1.0, section 4.1.3.3: content of these types is text, of every other type it is Base64.
TEXT_TYPE = re.compile(r"^$|^(?:text|html|xhtml)$|^text/|[+/]xml$", re.I)
WEB = ("https://", "http://")

_MARKUP = frozenset({*TITLE, *SUMMARY, *CONTENT})
_READ = _MARKUP | {*PUBLISHED, *UPDATED, "link", "guid", "id", "dc:language", "source", "media:group", *ENTRY_TAGS}
_LANG = re.compile(r"[A-Za-z]{2,3}(?=[-_]|$)")
_NAMES_MAX = 4_096
# expat knows no limit of depth, lxml does: a monster of 300,000 elements inside one another takes it two seconds.
_SOUND_MAX = 1_000_000
_DOCTYPE = b"<!DOCTYPE"


class _NotPlain(Exception):  # noqa: N818 (not an error: the other path reads it)
    """Something an entry of plain elements does not have."""


def sound_entries(body: bytes, source_lang: str) -> list[Entry] | None:
    """Entries of a feed in UTF-8, in its order; None when the feed is not sound, not plain, or no feed.

    Args:
        body: as the server sent it; expat itself finds out whether it is UTF-8.
        source_lang: language the source declares; better than a feed's own word, real ones claim "en-US" for Polish.
    """
    # Whatever encoding expat is told, it believes a mark of UTF-16; a document type would be hidden in that.
    if len(body) > _SOUND_MAX or _DOCTYPE in body or b"\x00" in body:
        return None
    parser = ElementTree.XMLParser(encoding="utf-8")  # noqa: S314
    try:
        parser.feed(body.lstrip())
        root = parser.close()
        if tag_name(root.tag).lower() not in ROOTS:
            return None
        lang = "" if source_lang else feed_lang(root)
        tags = {tag for tag in {node.tag for node in root.iter()} if tag_name(tag) in ENTRY_TAGS}
        return [_entry(node, bool(source_lang), lang) for node in root.iter() if node.tag in tags]
    except (ElementTree.ParseError, _NotPlain, ValueError):
        return None


@lru_cache(maxsize=4_096)
def tag_name(tag: str) -> str:
    """Name of an element with our prefix for its namespace; unknown namespaces give ``?:name``."""
    space, _, local = tag.rpartition("}")
    if local.lower() == "rdf":
        return "rdf"
    return f"{_PREFIXES.get(space[1:].lower(), '?:')}{local}"


class _ReadNames(dict[str, str]):
    """``tag_name`` of what an entry is read for, empty for all else; a plain look-up for every tag seen before."""

    def __missing__(self, tag: str) -> str:
        name = tag_name(tag)
        name = name if name in _READ else ""
        if len(self) < _NAMES_MAX:
            self[tag] = name
        return name


_READ_NAMES = _ReadNames()


def lang_of(tag: str | None) -> str:
    """Language of a tag like ``de-AT``; empty when it is none."""
    match = _LANG.match(tag.strip()) if tag else None
    return match[0].lower() if match else ""


def feed_lang(root: Any) -> str:
    """Language a feed claims; root and elements as lxml or ElementTree have them."""
    for node in (root, *root):
        if lang := lang_of(node.get(XML_LANG)):
            return lang
        told = [c.text for c in node if isinstance(c.tag, str) and tag_name(c.tag) in ("language", "dc:language")]
        for text in told:
            if lang := lang_of(text):
                return lang
    return ""


def _entry(node: Any, is_lang_known: bool, lang: str) -> Entry:
    parts: dict[str, str] = {}
    links = []
    source = guid = None
    for child in node:
        name = _READ_NAMES[child.tag]
        if not name:
            continue
        if len(child):
            raise _NotPlain
        if name == "link":
            links.append(child)
        elif (text := child.text) and name not in parts:
            parts[name] = text
            if name in _MARKUP:
                if child.keys() and _is_packed(child):
                    raise _NotPlain
            elif name == "guid" or (name == "id" and guid is None):
                guid = child
            elif name == "source":
                source = child
    if not is_lang_known:
        lang = lang_of(node.get(XML_LANG)) or lang_of(_line(parts.get("dc:language", ""))) or lang
    title, outlet = first(parts, TITLE).strip(), ""
    if source is not None and (outlet_url := source.get("url")):
        outlet = registrable_domain(host_of(outlet_url))
        title = without_outlet(title, parts["source"])
    return Entry(
        title, _link(node, links, guid), _line(parts.get("guid") or parts.get("id", "")) or node.get(RDF_ABOUT, ""),
        first(parts, SUMMARY), first(parts, CONTENT), _line(first(parts, PUBLISHED)), _line(first(parts, UPDATED)),
        lang, outlet,
    )  # fmt: skip


def without_outlet(title: str, outlet_name: str) -> str:
    """``title`` without the outlet that an aggregator appends to it."""
    return title.removesuffix(f" - {outlet_name.strip()}") if outlet_name.strip() else title


def first(parts: Mapping[str, str], names: Iterable[str]) -> str:
    """The text under the first of ``names`` that there is."""
    for name in names:
        if name in parts:
            return parts[name]
    return ""


def _line(text: str) -> str:
    return " ".join(text.split()) if text else ""


def _is_packed(node: Any) -> bool:
    return node.get("mode") == "base64" or not TEXT_TYPE.search(node.get("type", ""))


def told_links(node: Any, links: Sequence[Any]) -> Iterator[tuple[Any, str]]:
    """The addresses that the ``links`` of an entry tell, each with its element, in the order of trust.

    Of RSS's own links the last counts, as for feedparser and gofeed, of Atom's alternates the first. Elements as lxml
    or ElementTree have them.
    """
    own = node.tag.removesuffix("item") + "link" if node.tag.endswith("item") else None
    for link in reversed(links):
        if link.tag == own and (told := _words(link) or _alternate(link)):
            yield link, told
    for told_of in (_alternate, _words):
        for link in links:
            if told := told_of(link):
                yield link, told


def _words(link: Any) -> str:
    return (link.text or "").strip()


def _alternate(link: Any) -> str:
    return link.get("href", "") if link.get("rel", "alternate") == "alternate" else ""


def _link(node: Any, links: list[Any], guid: Any) -> str:
    """Absolute address of an entry: its link, else the guid when that is an address."""
    if len(links) == 1 and (text := links[0].text) and not links[0].keys():
        url: str = text.strip()
        if url.startswith(WEB) and "[" not in url:
            return url
    for _, raw in told_links(node, links):
        return _whole(raw)
    if guid is not None and guid.get("isPermaLink", "true") != "false" and guid.text.strip().startswith("http"):
        return _whole(guid.text)
    return ""


def _whole(raw: str) -> str:
    url = raw.strip()
    if not url.startswith(WEB) or "[" in url:
        raise _NotPlain
    return url

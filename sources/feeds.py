"""Feeds: RSS 0.9x to 2.0, RSS 1.0 (RDF), Atom and JSON Feed: the fast path, then lxml, then feedparser.

``sources.sound_feeds`` reads what is sound and plain, lxml all other XML and what can be mended into it, feedparser
what is left.

Our own walk over the tree instead of fastfeedparser, for the dates: that one hands out a guess only and drops
the words it guessed from ("MESZ" becomes UTC, "02.06.2026" the 6th of February), and it loses xml:base and the
outlet behind an entry of an aggregator.
"""

import binascii
import re
import warnings
from contextlib import suppress
from html.entities import html5
from io import BytesIO
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree

from sources.answers import json_entries
from sources.charset import decoded
from sources.entries import Entry
from sources.identity import host_of, registrable_domain
from sources.sound_feeds import (
    CONTENT,
    ENTRY_TAGS,
    PUBLISHED,
    RDF_ABOUT,
    ROOTS,
    SUMMARY,
    TEXT_TYPE,
    TITLE,
    UPDATED,
    WEB,
    XML_LANG,
    feed_lang,
    lang_of,
    sound_entries,
    tag_name,
    told_links,
    without_outlet,
)  # fmt: skip
from trendwarte.errors import ParseError
from trendwarte.settings import Source
from trendwarte.types import Payload

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&(?:#(?:x([0-9A-Fa-f]+)|([0-9]+));?|([A-Za-z][A-Za-z0-9]{1,30});)?")
_FEED_MARK = re.compile(r"<(?:\w+:)?(?:rss|feed|rdf|channel)\b", re.I)
_HEAD_CHARS = 4_096
# feedparser reads at most some 8 MB a second, and far less where it is attacked.
_TOLERANT_MAX = 500_000


def feed_entries(source: Source, payload: Payload) -> list[Entry]:
    """Entries of a feed, in its order.

    Raises:
        ParseError: no feed, or one that declares entities (none of ours needs them, every bomb does).
    """
    found = sound_entries(payload.body, source.lang)
    return tolerated_entries(source, payload) if found is None else found


def tolerated_entries(source: Source, payload: Payload) -> list[Entry]:
    """Entries of a feed that may be broken, and of one that is not: as ``feed_entries``, without the fast path."""
    text = _ILLEGAL.sub("", decoded(payload.body, payload.content_type)).lstrip()
    if text.startswith("{"):
        return json_entries(source.model_copy(update={"shape": "json_feed"}), payload)
    root, is_sound = _tree(text, payload.url)
    if root is not None and _declares_entities(root):
        raise ParseError(f"{source.id}: the feed declares entities; refused")
    if root is not None and _name(root).lower() in ROOTS:
        found = _tree_entries(source, root)
        if found or is_sound:
            return found
    return _tolerant_entries(source, payload, text)


def _tree(text: str, base_url: str) -> tuple[Any, bool]:
    """Root of the document (None when nothing is left), and whether it was sound; a broken one is mended first."""
    text = _DECLARATION.sub("", text, count=1)
    root, is_sound = _parsed(text, base_url)
    if not is_sound:
        root, is_sound = _parsed(_mended(text), base_url)
    return root, is_sound


def _mended(text: str) -> str:
    """``text`` with sound references outside of CDATA sections, where an ampersand is just that."""
    # Searched by hand: a regular expression takes minutes over sections that nobody closes.
    pieces, done = [], 0
    while (begin := text.find("<![CDATA[", done)) >= 0 and (end := text.find("]]>", begin)) >= 0:
        pieces += [_REFERENCE.sub(_reference, text[done:begin]), text[begin : end + 3]]
        done = end + 3
    return "".join((*pieces, _REFERENCE.sub(_reference, text[done:])))


def _parsed(text: str, base_url: str) -> tuple[Any, bool]:
    """One pass of lxml that expands nothing and loads nothing; it recovers, but drops what it trips over."""
    parser = etree.XMLParser(
        encoding="utf-8", recover=True, resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False,
        remove_comments=True, remove_pis=True, collect_ids=False,
    )  # fmt: skip
    try:
        root = etree.fromstring(text.encode("utf-8"), parser, base_url=base_url)
    except (etree.XMLSyntaxError, ValueError):
        return None, False
    return root, not parser.error_log


def _reference(match: re.Match[str]) -> str:
    """A reference XML understands: ``&auml;`` as ``&#228;``, ``&`` alone as ``&amp;``, nothing for what is no sign."""
    in_hex, in_tens, name = match.groups()
    if match[0] == "&":
        return "&amp;"
    if name:
        signs = "" if name in ("amp", "lt", "gt", "quot", "apos") else html5.get(name + ";", "")
        return "".join(f"&#{ord(sign)};" for sign in signs) or match[0]
    digits = (in_hex or in_tens).lstrip("0")
    code = int(digits, 16 if in_hex else 10) if 0 < len(digits) < 8 else 0
    # lxml hands out half a surrogate pair as bytes it cannot decode itself.
    is_sign = code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code <= 0x10FFFF
    return f"&#{code};" if is_sign else ""


def _tree_entries(source: Source, root: Any) -> list[Entry]:
    # What the source declares is better than a feed's own word: real ones claim "en-US" for Polish.
    lang = "" if source.lang else feed_lang(root)
    try:
        return [_entry(source, node, lang) for node in root.iter(etree.Element) if _name(node) in ENTRY_TAGS]
    except UnicodeDecodeError as error:
        raise ParseError(f"{source.id}: the feed holds what is no text: {error}") from error


def _declares_entities(root: Any) -> bool:
    dtd = root.getroottree().docinfo.internalDTD
    return dtd is not None and any(True for _ in dtd.iterentities())


def _name(node: Any) -> str:
    """Name of an element with our prefix for its namespace; unknown namespaces give ``?:name``."""
    return tag_name(node.tag) if isinstance(node.tag, str) else ""


def _entry(source: Source, node: Any, claimed_lang: str) -> Entry:
    parts = _parts(node)
    title = _markup(_first(parts, TITLE)).strip()
    outlet_name, outlet_url = "", ""
    if (origin := parts.get("source")) is not None:
        outlet_name, outlet_url = (origin.text or "").strip(), origin.get("url") or ""
    if outlet_url:
        title = without_outlet(title, outlet_name)
    return Entry(
        title=title,
        url=_link(node, parts),
        guid=_plain(parts.get("guid", parts.get("id"))) or node.get(RDF_ABOUT, ""),
        summary=_markup(_first(parts, SUMMARY)),
        content=_markup(_first(parts, CONTENT)),
        published=_plain(_first(parts, PUBLISHED)),
        updated=_plain(_first(parts, UPDATED)),
        lang=""
        if source.lang
        else lang_of(node.get(XML_LANG)) or lang_of(_plain(parts.get("dc:language"))) or claimed_lang,
        outlet=registrable_domain(host_of(outlet_url)) if outlet_url else "",
    )


def _parts(node: Any) -> dict[str, Any]:
    """The first child of each name that holds anything; a media group's (video channels tell in it) come last."""
    parts: dict[str, Any] = {}
    groups = []
    for child in node:
        name = _name(child)
        if name == "media:group":
            groups.append(child)
        elif name and name not in parts and (child.text or len(child)):
            parts[name] = child
    for group in groups:
        parts = _parts(group) | parts
    return parts


def _first(parts: dict[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        if name in parts:
            return parts[name]
    return None


def _plain(node: Any) -> str:
    if node is None:
        return ""
    return " ".join((node.text or "" if len(node) == 0 else "".join(node.itertext())).split())


def _markup(node: Any) -> str:
    """Inner markup: escaped HTML as it is, child elements (XHTML, or HTML somebody forgot to escape) written out."""
    if node is None:
        return ""
    if len(node) == 0:
        return (_unpacked(node) if node.attrib else "") or node.text or ""
    return (node.text or "") + "".join(etree.tostring(child, encoding="unicode") for child in node)


def _unpacked(node: Any) -> str:
    """Text of an element that says it is Base64 (Atom 0.3 ``mode``, Atom 1.0 by its type); empty when it is not."""
    if node.get("mode") != "base64" and TEXT_TYPE.search(node.get("type", "")):
        return ""
    try:
        return _ILLEGAL.sub("", binascii.a2b_base64(node.text or "", strict_mode=False).decode("utf-8"))
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _link(node: Any, parts: dict[str, Any]) -> str:
    """Absolute address of an entry: its link, else the guid when that is an address."""
    for link, raw in told_links(node, [child for child in node if _name(child) == "link"]):
        if url := _absolute(raw, link):
            return url
    guid = parts.get("guid", parts.get("id"))
    if guid is not None and guid.get("isPermaLink", "true") != "false" and (guid.text or "").strip().startswith("http"):
        return _absolute(guid.text, None)
    return ""


def _absolute(raw: str, link: Any) -> str:
    """``raw`` as an address of the web, against the base of its element; empty when it is none."""
    url = raw.strip()
    # Nearly every one is whole as it stands; asking lxml for its base is slow.
    if url.startswith(WEB) and "[" not in url:
        return url
    with suppress(ValueError):
        url = urljoin("" if link is None else link.base or "", url)
        if urlsplit(url).scheme in ("http", "https"):
            return url
    return ""


def _tolerant_entries(source: Source, payload: Payload, text: str) -> list[Entry]:
    problem = ParseError(f"{source.id}: {payload.url} is no feed; it begins with {text[:60]!r}")
    if len(text) > _TOLERANT_MAX or not _FEED_MARK.search(text[:_HEAD_CHARS]) or "<!ENTITY" in text.upper():
        raise problem
    import feedparser

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # A stream, not a string: a string could be taken for a file name or an address.
            stream = BytesIO(_DECLARATION.sub("", text, count=1).encode("utf-8"))
            parsed = feedparser.parse(stream, sanitize_html=False, resolve_relative_uris=False)
        except Exception as error:
            # Its ill-formed path runs regular expressions over anything; whatever it trips over is no feed.
            raise problem from error
    if not parsed.entries:
        raise problem
    return [_tolerant_entry(found, payload.url) for found in parsed.entries]


def _tolerant_entry(found: Any, base_url: str) -> Entry:
    url = ""
    with suppress(ValueError):
        url = urljoin(base_url, str(found.get("link") or ""))
    contents = found.get("content") or [{}]
    return Entry(
        title=str(found.get("title") or ""),
        url=url if found.get("link") else "",
        guid=str(found.get("id") or ""),
        summary=str(found.get("summary") or ""),
        content=str(contents[0].get("value") or ""),
        published=str(found.get("published") or found.get("updated") or found.get("created") or ""),
        updated=str(found.get("updated") or ""),
    )

"""Sitemaps: the news extension with titles and dates, plain ones with an address and a day, and indexes of both."""

from urllib.parse import unquote, urljoin, urlsplit

from lxml import etree

from sources.charset import decoded
from sources.dates import parse_date
from sources.entries import ENTRIES_MAX, Entry
from sources.packed import unpacked
from trendwarte.errors import ParseError
from trendwarte.settings import Source
from trendwarte.types import Payload

_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
# The newest parts of an index; the others hold the archive.
_PARTS_MAX = 3
_UNPACKED_MAX = 50_000_000  # the protocol's own limit
_WORDS_IN_A_SLUG = 3


def sitemap_entries(source: Source, payload: Payload) -> list[Entry]:
    """Entries of a sitemap, newest first, or of the parts of an index that were fetched with it.

    A plain sitemap has no titles: the words of the address stand in until the page has been read.

    Raises:
        ParseError: no sitemap, or one that declares entities.
    """
    root = _root(source, payload)
    if _local(root) == "sitemapindex":
        return [entry for part in payload.pages for entry in sitemap_entries(source, part)]
    found = [entry for node in root if _local(node) == "url" and (entry := _entry(payload, node))]
    return sorted(found, key=lambda entry: entry.published, reverse=True)[:ENTRIES_MAX]


def parts_of(source: Source, payload: Payload) -> list[str]:
    """Addresses of the newest parts of a sitemap index; nothing for a sitemap itself.

    Raises:
        ParseError: as ``sitemap_entries``.
    """
    root = _root(source, payload)
    if _local(root) != "sitemapindex":
        return []
    parts = [
        (_text(node, "lastmod"), place, urljoin(payload.url, _text(node, "loc")))
        for place, node in enumerate(root)
        if _local(node) == "sitemap" and _text(node, "loc")
    ]
    # Without days the last parts are the newest: archives are numbered upwards.
    return [url for _, _, url in sorted(parts, reverse=True)[:_PARTS_MAX]]


def _root(source: Source, payload: Payload) -> etree._Element:
    text = decoded(unpacked(payload.body, _UNPACKED_MAX), payload.content_type).lstrip()
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, recover=True,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    if text.startswith("<?xml"):
        text = text.partition("?>")[2]
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None or _local(root) not in ("urlset", "sitemapindex"):
        raise ParseError(f"{source.id}: {payload.url} is no sitemap; it begins with {text[:60]!r}")
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.iterentities()):
        raise ParseError(f"{source.id}: the sitemap declares entities; refused")
    return root


def _entry(payload: Payload, node: etree._Element) -> Entry | None:
    url = urljoin(payload.url, _text(node, "loc"))
    if urlsplit(url).scheme not in ("http", "https"):
        return None
    news = next((child for child in node if child.tag == f"{{{_NEWS}}}news"), None)
    if news is not None:
        publication = next((child for child in news if child.tag == f"{{{_NEWS}}}publication"), None)
        return Entry(
            title=_text(news, "title"),
            url=url,
            published=_text(news, "publication_date"),
            updated=_text(node, "lastmod"),
            lang=_text(publication, "language")[:2] if publication is not None else "",
        )
    title = _slug_words(url)
    return Entry(title=title, url=url, published=_day_words(node)) if title else None


def _slug_words(url: str) -> str:
    """``/news/2026/regulator-fines-platform-1234.html`` as "regulator fines platform"; empty for a section page."""
    slug = unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2]).rpartition(".")
    words = [word for word in (slug[0] or slug[2]).replace("_", "-").split("-") if word and not word.isdigit()]
    return " ".join(words) if len(words) >= _WORDS_IN_A_SLUG else ""


def _day_words(node: etree._Element) -> str:
    raw = _text(node, "lastmod")
    return raw if parse_date(raw) else ""


def _text(node: etree._Element, name: str) -> str:
    return next((" ".join((child.text or "").split()) for child in node if _local(child) == name), "")


def _local(node: etree._Element) -> str:
    return str(node.tag).rpartition("}")[2] if isinstance(node.tag, str) else ""

"""Listing pages declared by CSS selectors, and the articles behind them."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urljoin

from bs4 import BeautifulSoup, Tag
from soupsieve import SelectorSyntaxError

from sources.charset import decoded
from sources.entries import Entry
from sources.guard import check_url
from trendwarte.errors import FetchError, ParseError
from trendwarte.settings import Source
from trendwarte.types import Payload

_NEEDED = ("item", "title", "link")
# Where the text of an article stands when the source does not say it.
_BODY = "article, main, [role=main]"


def listing_entries(source: Source, payload: Payload) -> list[Entry]:
    """Entries of a listing page, in its order, with the markup of the article pages that were fetched.

    Raises:
        ParseError: a selector is missing or no CSS, or nothing matches: the page changed, or it is not the page.
    """
    missing = [name for name in _NEEDED if name not in source.selectors]
    if missing:
        raise ParseError(f"{source.id}: selectors lack {', '.join(missing)}; add them to the source")
    with _quiet(source):
        articles = {page.url: _article(source, page) for page in payload.pages}
        soup = _soup(payload)
        home = soup.find("base", href=True)
        base = (_joined(payload.url, str(home["href"])) if home else "") or payload.url
        nodes = soup.select(source.selectors["item"])
        found = [entry for node in nodes if (entry := _entry(source, base, node, articles))]
    if not found:
        raise ParseError(f"{source.id}: no entry matches '{source.selectors['item']}'; the page may have changed")
    return found


def links_of(source: Source, listing: Payload) -> list[str]:
    """Addresses of the articles of a listing page, each once, in its order.

    Raises:
        ParseError: as ``listing_entries``.
    """
    return list(dict.fromkeys(entry.url for entry in listing_entries(source, listing)))


@contextmanager
def _quiet(source: Source) -> Iterator[None]:
    """bs4 warns about pages that look like XML or an address; what it cannot read is a ``ParseError``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except SelectorSyntaxError as error:
            raise ParseError(f"{source.id}: a selector is no CSS: {str(error).splitlines()[0]}") from error
        except (ValueError, RecursionError, AssertionError) as error:
            raise ParseError(f"{source.id}: the page cannot be read: {error}") from error


def _soup(payload: Payload) -> BeautifulSoup:
    return BeautifulSoup(decoded(payload.body, payload.content_type), "lxml")


def _article(source: Source, page: Payload) -> str:
    node = _soup(page).select_one(source.selectors.get("body", _BODY))
    return str(node) if node else ""


def _entry(source: Source, base: str, node: Tag, articles: dict[str, str]) -> Entry | None:
    title, link = _part(source, node, "title"), _part(source, node, "link")
    if title is None or link is None or not link.get("href"):
        return None
    url = _joined(base, str(link["href"]))
    if not url:
        return None
    date, teaser = _part(source, node, "date"), _part(source, node, "summary")
    return Entry(
        title=str(title),
        url=url,
        summary=str(teaser) if teaser else "",
        article=articles.get(url, ""),
        published=str(date.get("datetime") or date.get_text(" ", strip=True)) if date else "",
    )


def _part(source: Source, node: Any, name: str) -> Any:
    selector = source.selectors.get(name)
    if not selector:
        return None
    # A list of bare anchors is a common listing: then the item itself is the link.
    return node.select_one(selector) or (node if node.css.match(selector) else None)


def _joined(base: str, href: str) -> str:
    try:
        url = urljoin(base, href.strip())
        check_url(url)
    except (ValueError, FetchError):
        return ""
    return url

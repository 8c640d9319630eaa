"""Listing pages declared by CSS selectors, and the articles behind them."""

from dataclasses import dataclass
from urllib.parse import urljoin

from bs4 import BeautifulSoup, Tag

from sources.guard import check_url
from sources.text import SUMMARY_MAX, TEXT_MAX, TITLE_MAX, plain_text
from trendwarte.errors import FetchError, ParseError
from trendwarte.settings import Source
from trendwarte.types import Payload

_NEEDED = ("item", "title", "link")


@dataclass(frozen=True, slots=True)
class ListingEntry:
    """One entry of a listing: absolute address, title, raw date, teaser."""

    url: str
    title: str
    raw_date: str
    summary: str


def entries_of(source: Source, listing: Payload) -> list[ListingEntry]:
    """Entries of a listing page, in its order.

    Raises:
        ParseError: the selectors find nothing: the page changed, or it is not the page.
    """
    missing = [name for name in _NEEDED if name not in source.selectors]
    if missing:
        raise ParseError(f"{source.id}: selectors lack {', '.join(missing)}; add them to the source")
    soup = BeautifulSoup(listing.body, "lxml")
    found = [entry for node in soup.select(source.selectors["item"]) if (entry := _entry(source, listing, node))]
    if not found:
        raise ParseError(f"{source.id}: no entry matches '{source.selectors['item']}'; the page may have changed")
    return found


def links_of(source: Source, listing: Payload) -> list[str]:
    """Addresses of the articles of a listing page."""
    return [entry.url for entry in entries_of(source, listing)]


def article_text(source: Source, page: Payload) -> str:
    """Text of an article page under the ``body`` selector; empty when it is not there."""
    selector = source.selectors.get("body")
    node = BeautifulSoup(page.body, "lxml").select_one(selector) if selector else None
    return plain_text(str(node), TEXT_MAX) if node else ""


def _entry(source: Source, listing: Payload, node: Tag) -> ListingEntry | None:
    title = node.select_one(source.selectors["title"])
    link = node.select_one(source.selectors["link"])
    if title is None or link is None or not link.get("href"):
        return None
    url = urljoin(listing.url, str(link["href"]))
    try:
        check_url(url)
    except FetchError:
        return None
    date = node.select_one(source.selectors["date"]) if "date" in source.selectors else None
    raw_date = str(date.get("datetime") or date.get_text(" ", strip=True)) if date else ""
    teaser = node.select_one(source.selectors["summary"]) if "summary" in source.selectors else None
    summary = plain_text(str(teaser), SUMMARY_MAX) if teaser else ""
    return ListingEntry(url, plain_text(str(title), TITLE_MAX), raw_date, summary)

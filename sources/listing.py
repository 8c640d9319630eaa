"""Listing pages: entries by declared CSS selectors, or the longest list of headlines a page has."""

import re
import warnings
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urljoin

from bs4 import BeautifulSoup, Tag
from soupsieve import SelectorSyntaxError

from sources.charset import decoded
from sources.entries import Entry
from sources.guard import check_url
from sources.identity import host_of, registrable_domain
from trendwarte.errors import FetchError, ParseError
from trendwarte.settings import Source
from trendwarte.types import Payload

_NEEDED = ("item", "title", "link")
# What holds one entry of a list on nearly every page: more ancestors would hold its neighbours too.
_LEVELS_UP = 5
# A headline; shorter links are menus, tags and "read more".
_HEADLINE_MIN, _HEADLINE_MAX = 20, 300
_LIST_MIN = 3
_TEASER_MIN, _TEASER_MAX = 40, 2_000
_AROUND = ["nav", "footer", "header", "aside", "form"]
_DATE_WORDS = re.compile(
    r"\b\d{1,2}\.\s?(?:\d{1,2}\.|[^\W\d]{3,9}\.?)\s?\d{4}\b|\b\d{1,2} [A-Z][a-z]{2,8}\.? \d{4}\b"
    r"|\b[A-Z][a-z]{2,8}\.? \d{1,2}, \d{4}\b|\b\d{4}-\d{2}-\d{2}\b"
)


def listing_entries(source: Source, payload: Payload) -> list[Entry]:
    """Entries of a listing page, in its order: by the selectors of the source, else the longest list of headlines.

    Raises:
        ParseError: a selector is missing or no CSS, or nothing matches: the page changed, or it is not the page.
    """
    missing = [name for name in _NEEDED if name not in source.selectors] if source.selectors else []
    if missing:
        raise ParseError(f"{source.id}: selectors lack {', '.join(missing)}; add them to the source")
    with _quiet(source):
        soup = BeautifulSoup(decoded(payload.body, payload.content_type), "lxml")
        home = soup.find("base", href=True)
        base = (_joined(payload.url, str(home["href"])) if home else "") or payload.url
        if not source.selectors:
            return _headlines(source, soup, base)
        nodes = soup.select(source.selectors["item"])
        found = [entry for node in nodes if (entry := _entry(source, base, node))]
    if not found:
        raise ParseError(f"{source.id}: no entry matches '{source.selectors['item']}'; the page may have changed")
    return found


def _headlines(source: Source, soup: BeautifulSoup, base: str) -> list[Entry]:
    """The list of headlines with the most words among all links of one build and place on the page."""
    lists: dict[tuple[str, ...], dict[str, Tag]] = defaultdict(dict)
    for link in soup.find_all("a", href=True):
        url = _joined(base, str(link["href"]))
        words = link.get_text(" ", strip=True)
        is_own = registrable_domain(host_of(url)) == registrable_domain(host_of(base))
        if is_own and _HEADLINE_MIN <= len(words) <= _HEADLINE_MAX and link.find_parent(_AROUND) is None:
            lists[_build(link)].setdefault(url, link)
    best = max(lists.values(), key=lambda links: sum(len(link.get_text()) for link in links.values()), default={})
    if len(best) < _LIST_MIN:
        raise ParseError(f"{source.id}: no list of headlines on {base}; declare selectors (item, title, link)")
    chosen = set(map(id, best.values()))
    return [_found(url, link, _frame(link, chosen)) for url, link in best.items()]


def _build(link: Tag) -> tuple[str, ...]:
    """Names and classes from a link upwards: the same for all entries of one list."""
    above = [link, *list(link.parents)[:_LEVELS_UP]]
    # Class names made by a build tool or counted per entry differ from one entry to the next; the tags do not.
    return tuple(f"{node.name}.{(node.get('class') or [''])[0]}" if node.name != "a" else "a" for node in above)


def _frame(link: Tag, chosen: set[int]) -> Tag:
    """The largest element around a link that holds no other headline of the list."""
    frame = link
    for node in list(link.parents)[:_LEVELS_UP]:
        if any(id(other) in chosen and other is not link for other in node.find_all("a", href=True)):
            break
        frame = node
    return frame


def _found(url: str, link: Tag, frame: Tag) -> Entry:
    title = link.get_text(" ", strip=True)
    time = frame.find("time")
    date = str(time.get("datetime") or time.get_text(" ", strip=True)) if isinstance(time, Tag) else ""
    if not date and (written := _DATE_WORDS.search(frame.get_text(" ", strip=True))):
        date = written[0]
    teasers = (p.get_text(" ", strip=True) for p in frame.find_all("p") if p.find_parent("a") is None)
    teaser = next((words for words in teasers if _TEASER_MIN <= len(words) <= _TEASER_MAX and words != title), "")
    return Entry(title=title, url=url, summary=teaser, published=date)


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


def _entry(source: Source, base: str, node: Tag) -> Entry | None:
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

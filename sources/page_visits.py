"""Article pages: fetched only for the documents that deserve it, one host at a time, and only where mining is free."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sources.fetching import ask, payload_of
from sources.pages import read_page, reserves
from sources.text import TEXT_MAX, shortened, visible
from trendwarte.errors import FetchError
from trendwarte.settings import Fetching
from trendwarte.types import Document, Payload

# Shorter "articles" are teasers and walls; the feed's own words are better evidence.
_ARTICLE_MIN = 250
_ACCEPT = "text/html, application/xhtml+xml, */*;q=0.5"
_RESERVATIONS = "/.well-known/tdmrep.json"
# After these no further page of the host is asked for tonight.
_HOST_STATES = frozenset({"rate_limited", "unreachable"})


def fetch_pages(urls: Sequence[str], fetching: Fetching, *, now: datetime) -> dict[str, Payload]:
    """Pages of one host, by their address; one that fails is left out and costs its text only.

    Addresses that the host's TDM reservation file reserves (TDMRep, section 5.2) are not asked for.

    Args:
        urls: addresses of one host.
        now: the fetch time to record, aware UTC.
    """
    pages: dict[str, Payload] = {}
    try:
        rules = _reservations(urls[0], fetching)
    except FetchError as error:
        if error.state in _HOST_STATES:
            return pages
        rules = []
    for url in urls:
        if _is_reserved(url, rules):
            continue
        try:
            answer = ask(url, fetching, _ACCEPT, min_interval_s=fetching.page_interval_s, is_page=True)
        except FetchError as error:
            if error.state in _HOST_STATES:
                break
            continue
        if not reserves(answer.headers):
            pages[url] = payload_of("", answer, now)
    return pages


def with_page(document: Document, page: Payload) -> Document:
    """``document`` with the text of its page, when the page has one that may serve as evidence.

    A wall (paywall, consent, script, reserved) leaves the text as it was and is noted in ``flags``. The content
    hash stays that of the source's own words: they decide whether the article was edited.
    """
    read = read_page(page.body, page.content_type, page.url, {})
    if read.wall:
        return replace(document, flags=(*document.flags, read.wall))
    text = shortened(visible(read.text), TEXT_MAX)
    if len(text) < _ARTICLE_MIN:
        return document
    found = replace(document, text=text, text_quality="article", lang=document.lang or read.lang[:2])
    if document.published_at is None and read.published_at and read.published_at <= document.first_seen_at:
        flags = tuple(flag for flag in document.flags if flag != "undated")
        found = replace(found, published_at=read.published_at, flags=flags)
    return found


def _reservations(url: str, fetching: Fetching) -> list[tuple[str, bool]]:
    """Rules of the host's reservation file, in order: location, and whether mining is reserved there."""
    parts = urlsplit(url)
    address = f"{parts.scheme}://{parts.netloc}{_RESERVATIONS}"
    answer = ask(address, fetching, "application/json", min_interval_s=fetching.page_interval_s, is_page=True)
    try:
        found: Any = json.loads(answer.body)
    except (ValueError, RecursionError):
        return []
    rules = found if isinstance(found, list) else [found]
    return [
        (one["location"], str(one.get("tdm-reservation")) == "1")
        for one in rules
        if isinstance(one, Mapping) and isinstance(one.get("location"), str)
    ]


def _is_reserved(url: str, rules: Sequence[tuple[str, bool]]) -> bool:
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    return next((is_reserved for location, is_reserved in rules if _covers(location, path)), False)


def _covers(location: str, path: str) -> bool:
    """Whether a location covers a path; its signs are those of robots.txt: ``*`` for anything, ``$`` for the end."""
    first, *rest = location.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    for piece in rest:
        # The leftmost place is always good enough, so no pattern can make this slow.
        found = path.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    if not location.endswith("$"):
        return True
    return path.endswith(rest[-1]) and at <= len(path) if rest else at == len(path)

"""Behind the headlines: which pages of a host are fetched, and what becomes of a document."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sources import fetch_pages, with_page
from trendwarte.settings import Fetching
from trendwarte.types import Document, Payload, Validators

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
TEXT = "".join(
    f"<p>Die Behörde untersagt dem Dienst die Weitergabe der Daten in Fall {n} und setzt eine Frist von {n + 1} Monaten.</p>"
    for n in range(1, 7)
)
PAGE = f"<html lang=de><body><article><h1>T</h1>{TEXT}</article></body></html>".encode()
DOCUMENT = Document(
    "d1",
    "s",
    "https://a.example/1",
    "Titel",
    "Anriss",
    "a.example",
    "quality_press",
    None,
    NOW,
    "hash",
    flags=("undated",),
)


@pytest.fixture
def visit(site):
    def _visit(*paths: str, allow: list[str] | None = None) -> dict[str, Payload]:
        fetching = Fetching(
            user_agent="test/1",
            timeout_s=5,
            deadline_s=5,
            page_interval_s=0,
            allow_hosts=[site.host] if allow is None else allow,
        )
        found = fetch_pages([site.url + path for path in paths], fetching, now=NOW)
        return {url.removeprefix(site.url): page for url, page in found.items()}

    return _visit


def test_pages_come_by_the_address_that_was_asked_for_even_when_they_moved(site, visit):
    site.paths |= {
        "/1": (302, {"Location": "/neu"}, b""),
        "/neu": (200, {}, PAGE),
        "/2": (404, {}, b""),
        "/3": (200, {}, PAGE),
    }
    assert sorted(visit("/1", "/2", "/3")) == ["/1", "/3"]


def test_a_host_that_asks_to_slow_down_is_left_alone_for_the_night(site, visit):
    site.paths |= {"/1": (200, {}, PAGE), "/2": (429, {}, b""), "/3": (200, {}, PAGE)}
    assert list(visit("/1", "/2", "/3")) == ["/1"]
    assert not site.asked("/3")


def test_what_the_hosts_reservation_file_reserves_is_not_even_asked_for(site, visit):
    rules = b'[{"location": "/frei/*", "tdm-reservation": 0}, {"location": "*.html$", "tdm-reservation": 1}, {"location": 3}]'
    site.paths |= {"/.well-known/tdmrep.json": (200, {}, rules)}
    site.paths |= {path: (200, {}, PAGE) for path in ("/a.html", "/frei/a.html", "/a.html5")}
    assert sorted(visit("/a.html", "/frei/a.html", "/a.html5")) == ["/a.html5", "/frei/a.html"]
    assert not site.asked("/a.html")


def test_a_page_that_reserves_mining_in_its_header_is_dropped(site, visit):
    site.paths |= {"/1": (200, {"TDM-Reservation": "1"}, PAGE), "/2": (200, {"X-Robots-Tag": "noai"}, PAGE)}
    assert visit("/1", "/2") == {}


@pytest.mark.parametrize(
    "rules", [b"[", b"1", b'{"location": "/x"}', b'[{"location": "' + b"*" * 2_000 + b'", "tdm-reservation": 1}]']
)
def test_a_reservation_file_nobody_can_read_reserves_nothing_or_everything_but_raises_nothing(site, visit, rules):
    site.paths |= {"/.well-known/tdmrep.json": (200, {}, rules), "/1": (200, {}, PAGE)}
    assert visit("/1").keys() <= {"/1"}


def test_pages_pass_the_same_guard_as_feeds(site, visit):
    site.paths |= {"/1": (200, {}, PAGE)}
    assert visit("/1", allow=[]) == {} and site.seen == []


def _with(markup: bytes, document: Document = DOCUMENT) -> Document:
    return with_page(document, Payload("", document.url, 200, "text/html", markup, NOW, Validators()))


def test_a_document_gets_the_text_of_its_page_and_keeps_the_hash_of_its_source():
    found = _with(PAGE)
    assert found.text.startswith("Die Behörde untersagt") and found.text_quality == "article"
    assert (found.content_hash, found.title, found.summary) == (DOCUMENT.content_hash, "Titel", "Anriss")


def test_an_undated_document_gets_the_date_of_its_page_but_never_one_from_the_future():
    head = b'<meta property="article:published_time" content="2026-06-09T10:00:00Z">'
    found = _with(PAGE.replace(b"<body>", b"<head>" + head + b"</head><body>"))
    assert found.published_at == datetime(2026, 6, 9, 10, tzinfo=UTC) and "undated" not in found.flags
    late = _with(PAGE.replace(b"<body>", b"<head>" + head.replace(b"2026", b"2027") + b"</head><body>"))
    assert late.published_at is None and "undated" in late.flags


def test_a_wall_leaves_the_words_of_the_feed_and_is_noted():
    wall = _with(b"<html><body><p>Please enable JavaScript. Checking your browser.</p></body></html>")
    assert wall == replace(DOCUMENT, flags=("undated", "script"))


def test_a_teaser_is_no_article():
    assert _with(b"<html><body><article><p>Nur ein Satz.</p></article></body></html>") == DOCUMENT

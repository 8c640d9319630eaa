"""GDELT, the Federal Register, JSON Lines and listing pages."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources import parse
from trendwarte.errors import ParseError
from trendwarte.settings import Source
from trendwarte.types import Payload, Validators

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
ARTICLE = {
    "url": "https://www.blatt.example/a?utm_source=x",
    "title": "Behörde prüft , heißt es",
    "seendate": "20260609T221500Z",
    "domain": "blatt.example",
    "language": "German",
}


def test_gdelt_articles_belong_to_the_outlet_that_wrote_them(read):
    (document,) = read(json.dumps({"articles": [ARTICLE]}), kind="gdelt", source_kind="aggregator")
    assert (document.outlet, document.source_kind, document.lang) == ("blatt.example", "aggregator", "de")
    assert document.published_at == datetime(2026, 6, 9, 22, 15, tzinfo=UTC)
    assert document.url == "https://www.blatt.example/a"


def test_gdelt_is_read_with_raw_control_characters_and_stray_backslashes(read):
    body = (
        '{"articles":[{"title":"a\x01b \\d c \\" \\u00e4","url":"https://a.example/1","seendate":"20260609T221500Z"}]}'
    )
    assert [d.title for d in read(body, kind="gdelt")] == ['ab d c " ä']


def test_gdelt_says_nothing_with_an_empty_object(read):
    assert read("{}", kind="gdelt") == []


@pytest.mark.parametrize(
    "body",
    ["Please limit requests to one every 5 seconds.", '{"error": "x"}', '{"articles": {}}', '{"articles": [1]}', "[]",
     "[" * 100_000, '{"articles":[{"title":' + "9" * 10_000],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["gdelt", "federal_register"])
def test_an_error_in_words_is_quoted_and_never_no_news(read, body, kind):
    with pytest.raises(ParseError):
        read(body, kind=kind)


def test_the_federal_register_keeps_number_day_and_what_it_knows(read):
    record = {
        "title": "Example Rule ",
        "type": "Notice",
        "abstract": None,
        "document_number": "2026-12692",
        "html_url": "https://register.example/d/2026-12692",
        "publication_date": "2026-06-09",
        "agencies": [{"raw_name": "FTC", "name": "Federal Trade Commission"}, {"raw_name": "X"}],
    }
    (document,) = read(json.dumps({"count": 1, "results": [record]}), kind="federal_register", owner="register.example")
    assert (document.title, document.summary) == ("Example Rule", "Notice, Federal Trade Commission")
    assert (document.guid, document.outlet, document.lang) == ("2026-12692", "register.example", "en")
    assert document.published_at == datetime(2026, 6, 9, tzinfo=UTC)


def test_an_empty_federal_register_has_no_results_key(read):
    assert read('{"description": "x", "count": 0}', kind="federal_register") == []


def test_json_lines_are_read_like_an_archive_and_a_bad_line_is_named(read):
    good = json.dumps({"id": "7", "date": "2026-06-01", "title": "t", "text": "<b>x</b>", "url": "https://a.example/1"})
    (document,) = read(f"\n{good}\n", kind="jsonl")
    assert (document.guid, document.title, document.summary) == ("7", "t", "x")
    with pytest.raises(ParseError, match="line 2"):
        read(f"{good}\n{{", kind="jsonl")


PAGE = """<html><head><base href="/news/"></head><body><ul>
<li><h2>Erste <em>Meldung</em></h2><a href="1">mehr</a><time datetime="2026-06-09T10:00:00+02:00">gestern</time></li>
<li><h2>Zweite</h2><a href="javascript:x()">mehr</a></li>
<li><h2>Dritte</h2><a href="https://a.example/3#top">mehr</a><time>8. Juni 2026</time><p>Anriss</p></li></ul></body>"""
SELECTORS = {"item": "li", "title": "h2", "link": "a", "date": "time", "summary": "p"}
LONG = "Der Wortlaut des Artikels. " * 20


def test_a_listing_gives_titles_dates_and_the_articles_behind_it(read):
    body = f"<nav>Menü</nav><article><p>{LONG}</p></article>".encode()
    page = Payload("s", "https://a.example/news/1", 200, "text/html", body, NOW, Validators())
    first, third = read(PAGE, "text/html", (page,), kind="html_listing", selectors=SELECTORS)
    assert (first.title, first.url) == ("Erste Meldung", "https://a.example/news/1")
    assert (first.text, first.text_quality) == (LONG.strip(), "article")
    assert first.published_at == datetime(2026, 6, 9, 8, tzinfo=UTC)
    assert (third.title, third.url, third.text, third.summary) == ("Dritte", "https://a.example/3", "", "Anriss")
    assert third.published_at == datetime(2026, 6, 8, tzinfo=UTC)


def test_a_consent_wall_is_no_article(read):
    body = b"<article>Please accept cookies.</article>"
    page = Payload("s", "https://a.example/news/1", 200, "text/html", body, NOW, Validators())
    first, _ = read(PAGE, "text/html", (page,), kind="html_listing", selectors=SELECTORS)
    assert (first.text, first.text_quality) == ("", "title")


def test_a_list_of_bare_links_is_a_listing_too(read):
    selectors = {"item": "a.x", "title": "a", "link": "a"}
    (document,) = read(b"<a class=x href=/1>T\xfcr</a>", "text/html", kind="html_listing", selectors=selectors)
    assert (document.title, document.url) == ("Tür", "https://a.example/1")


@pytest.mark.parametrize(
    ("selectors", "word"),
    [
        ({"item": "li"}, "lack title, link"),
        (SELECTORS | {"item": "li["}, "no CSS"),
        (SELECTORS | {"item": "b"}, "changed"),
    ],
)
def test_a_listing_that_cannot_be_read_says_why(read, selectors, word):
    with pytest.raises(ParseError, match=word):
        read(PAGE, "text/html", kind="html_listing", selectors=selectors)


def test_a_kind_without_a_reader_is_said_in_words(read):
    with pytest.raises(ParseError, match="no reader for kind 'other' yet"):
        read("x", kind="other")


@given(st.binary(max_size=300), st.sampled_from(["feed", "gdelt", "federal_register", "jsonl", "html_listing"]))
def test_no_bytes_raise_anything_but_a_parse_error(body, kind):
    source = Source(id="s", name="s", kind=kind, url="https://a.example/", source_kind="blog", selectors=SELECTORS)
    try:
        parse(source, Payload("s", source.url, 200, "", body, NOW, Validators()), seen_at=NOW)
    except ParseError as error:
        assert str(error)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["articles", "results", "count", "title", "url", "seendate", "html_url", "agencies", "domain"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON, st.sampled_from(["gdelt", "federal_register", "jsonl"]))
def test_no_json_of_an_unexpected_shape_raises_anything_but_a_parse_error(value, kind):
    source = Source(id="s", name="s", kind=kind, url="https://a.example/", source_kind="blog")
    try:
        parse(source, Payload("s", source.url, 200, "", json.dumps(value).encode(), NOW, Validators()), seen_at=NOW)
    except ParseError as error:
        assert str(error)

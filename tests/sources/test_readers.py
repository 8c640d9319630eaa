"""GDELT, the Federal Register, JSON Lines and listing pages."""

import json
from datetime import UTC, datetime
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from sources import harvest, parse
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
    (document,) = read(json.dumps({"articles": [ARTICLE]}), kind="json", shape="gdelt", source_kind="aggregator")
    assert (document.outlet, document.source_kind, document.lang) == ("blatt.example", "aggregator", "de")
    assert document.published_at == datetime(2026, 6, 9, 22, 15, tzinfo=UTC)
    assert document.url == "https://www.blatt.example/a"


def test_gdelt_is_read_with_raw_control_characters_and_stray_backslashes(read):
    body = (
        '{"articles":[{"title":"a\x01b \\d c \\" \\u00e4","url":"https://a.example/1","seendate":"20260609T221500Z"}]}'
    )
    assert [d.title for d in read(body, kind="json", shape="gdelt")] == ['ab d c " ä']


def test_gdelt_says_nothing_with_an_empty_object(read):
    assert read("{}", kind="json", shape="gdelt") == []


@pytest.mark.parametrize(
    "body",
    ["Please limit requests to one every 5 seconds.", '{"error": "x"}', '{"articles": {}}', '{"articles": [1]}', "[]",
     "[" * 100_000, '{"articles":[{"title":' + "9" * 10_000],
)  # fmt: skip
@pytest.mark.parametrize("shape", ["gdelt", "federal_register"])
def test_an_error_in_words_is_quoted_and_never_no_news(read, body, shape):
    with pytest.raises(ParseError):
        read(body, kind="json", shape=shape)


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
    (document,) = read(
        json.dumps({"count": 1, "results": [record]}), kind="json", shape="federal_register", owner="register.example"
    )
    assert (document.title, document.summary) == ("Example Rule", "Notice, Federal Trade Commission")
    assert (document.guid, document.outlet) == ("2026-12692/2026-06-09", "register.example")
    assert document.published_at == datetime(2026, 6, 9, tzinfo=UTC)


def test_an_empty_federal_register_has_no_results_key(read):
    assert read('{"description": "x", "count": 0}', kind="json", shape="federal_register") == []


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


def test_a_listing_gives_titles_addresses_dates_and_teasers(read):
    first, third = read(PAGE, "text/html", kind="html_listing", selectors=SELECTORS)
    assert (first.title, first.url) == ("Erste Meldung", "https://a.example/news/1")
    assert first.published_at == datetime(2026, 6, 9, 8, tzinfo=UTC)
    assert (third.title, third.url, third.text, third.summary) == ("Dritte", "https://a.example/3", "", "Anriss")
    assert third.published_at == datetime(2026, 6, 8, tzinfo=UTC)


UNDECLARED = """<html><body><nav><ul><li><a href="/a">Ein langer Eintrag des Menüs, der keine Meldung ist</a></li>
<li><a href="/b">Noch ein langer Eintrag des Menüs der Behörde</a></li><li><a href="/c">Und ein dritter Eintrag im Menü</a>
</li></ul></nav><main><div class="teaser-list">{entries}</div><p><a href="/alle">Alle Meldungen</a></p></main></body></html>"""
ENTRY = """<div class="teaser"><span class="date">{day}</span><h3><a href="/meldung/{n}">Behörde {n} prüft den Dienst im {n}. Fall
</a></h3><p>Die Behörde teilte am Montag mit, dass sie den Fall {n} des Dienstes nun eingehend prüfen werde.</p></div>"""


def test_without_selectors_the_list_of_headlines_is_found_and_the_menu_is_not(read):
    days = ["9. Juni 2026", "08.06.2026", "2026-06-07", "6 June 2026"]
    body = UNDECLARED.format(entries="".join(ENTRY.format(n=n, day=day) for n, day in enumerate(days, 1)))
    documents = read(body, "text/html", kind="html_listing")
    assert [d.url for d in documents] == [f"https://a.example/meldung/{n}" for n in (1, 2, 3, 4)]
    assert [d.published_at.day for d in documents] == [9, 8, 7, 6]
    assert documents[0].title == "Behörde 1 prüft den Dienst im 1. Fall"
    assert documents[2].summary.endswith("dass sie den Fall 3 des Dienstes nun eingehend prüfen werde.")


def test_a_page_without_a_list_of_headlines_asks_for_selectors(read):
    with pytest.raises(ParseError, match="declare selectors"):
        read("<html><body><p>Please enable JavaScript.</p></body></html>", "text/html", kind="html_listing")


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


@given(st.binary(max_size=300), st.sampled_from(["feed", "sitemap", "json", "jsonl", "html_listing"]))
def test_no_bytes_raise_anything_but_a_parse_error(body, kind):
    source = Source(
        id="s", name="s", kind=kind, shape="gdelt", url="https://a.example/", source_kind="blog", selectors=SELECTORS
    )
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


SHAPES = sorted(YAML(typ="safe").load((files("sources") / "shapes.yaml").read_text("utf-8")))


@given(JSON, st.sampled_from(SHAPES))
def test_no_json_of_an_unexpected_shape_raises_anything_but_a_parse_error(value, shape):
    source = Source(id="s", name="s", kind="json", shape=shape, url="https://a.example/", source_kind="blog")
    payload = Payload("s", source.url, 200, "", json.dumps(value).encode(), NOW, Validators())
    try:
        harvest(source, payload, seen_at=NOW)
    except ParseError as error:
        assert str(error)

"""Addresses and ids: what names the same page gives the same id."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources import canonical_url, content_hash
from sources.dates import parse_date
from sources.identity import Marks, document_ids, registrable_domain, url_id

PARTS = st.lists(
    st.sampled_from(
        ["http://", "HTTPS://", "A.example", ":80", ":443", ":99999", "/", "//", "?", "&", "#", "utm_source=x", "a=1",
         "%", "%41", "ä", " ", "[", "]", "@", "\\", ".", "..", "\ud800", "\x00", ";", "'", '"']
    ) | st.text(max_size=3),
    max_size=12,
).map("".join)  # fmt: skip


@given(PARTS)
def test_a_canonical_url_stays_what_it_is(text):
    once = canonical_url(text)
    assert canonical_url(once) == once


PLAIN_PARTS = st.lists(
    st.sampled_from(["/", "a", "1", "a=1", "utm_source=x", "ito=9", "UTM_Medium=", "?", "&", "&&", "#", "%C3%A4", "~", ":", ";", "'", "|", "..", "x.html"]),
    max_size=12,
).map("".join)  # fmt: skip


@given(PLAIN_PARTS)
def test_the_short_way_for_a_plain_address_ends_where_the_long_one_does(rest):
    """Capitals in the host are taken the long way round."""
    assert canonical_url(f"https://a.example/{rest}") == canonical_url(f"https://A.example/{rest}")


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/x?id=1",
        " https://A.EXAMPLE:443/x?id=1#top ",
        "https://a.example./x?utm_source=rss&id=1&fbclid=2",
        "https://a.example/x?id=1&at_medium=RSS&",
    ],
)
def test_spellings_of_one_page_are_one_address(url):
    assert canonical_url(url) == "https://a.example/x?id=1"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/x?id=1", "https://a.example/x?id=2"),
        ("https://a.example/X", "https://a.example/x"),
        ("https://a.example/?b=1&a=2", "https://a.example/?a=2&b=1"),
        ("https://a.example:8443/", "https://a.example/"),
    ],
)
def test_different_pages_stay_different(one, other):
    assert canonical_url(one) != canonical_url(other)


def test_letters_beyond_ascii_are_one_page_encoded_or_not():
    assert canonical_url("https://a.example/ü?q=ä b") == canonical_url("https://a.example/%C3%BC?q=%C3%A4%20b")
    assert url_id("http://a.example/") == url_id("https://a.example/")


def test_one_article_in_two_feeds_is_one_document_but_a_guid_belongs_to_its_source():
    by_url = Marks("", "https://a.example/1", "t", None)
    by_guid = Marks("7", "https://a.example/1", "t", None)
    assert document_ids("s1", [by_url]) == document_ids("s2", [by_url])
    assert document_ids("s1", [by_guid]) != document_ids("s2", [by_guid])


def test_no_feed_can_claim_the_documents_of_another_host():
    honest = Marks("https://a.example/1", "https://a.example/1", "t", None)
    thief = Marks("https://a.example/1", "https://b.example/x", "t", None)
    assert document_ids("s", [honest]) != document_ids("s", [thief])


def test_a_revision_in_the_fragment_of_a_guid_is_the_same_document():
    first, second = (Marks(f"https://a.example/1#{n}", "https://a.example/1", "t", None) for n in (0, 1))
    assert document_ids("s", [first]) == document_ids("s", [second])


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("feeds.x.co.uk", "x.co.uk"),
        ("www.a.example", "a.example"),
        ("a.example", "a.example"),
        ("10.0.0.1", "10.0.0.1"),
    ],
)
def test_registrable_domains(host, domain):
    assert registrable_domain(host) == domain


def test_the_content_hash_keeps_its_parts_apart():
    assert content_hash("ab", "c", "") != content_hash("a", "bc", "")


@given(
    st.datetimes(datetime(1985, 1, 1), datetime(2105, 1, 1)),
    st.sampled_from(["Z", "+00:00", "+05:30", "-09:00", "+23:59"]),
)
def test_the_short_way_for_a_full_date_ends_where_the_long_one_does(moment, zone):
    """A blank before the zone is taken the long way round."""
    written = f"{moment:%Y-%m-%dT%H:%M:%S}"
    found = parse_date(written + zone)
    assert found == parse_date(f"{written} {zone}".replace(" Z", " UTC"))
    assert found is None or found.utcoffset() == UTC.utcoffset(None)


def test_a_full_date_that_is_none_is_none():
    assert parse_date("2022-02-30T00:00:00+00:00") is None
    assert parse_date("2022-01-01T24:00:00Z") is None

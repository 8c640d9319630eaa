"""Addresses and ids: what names the same page gives the same id."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources import canonical_url, content_hash
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

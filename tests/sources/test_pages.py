"""Article pages: text, title, date; and the walls that must never become evidence."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.pages import read_page, reserves

BODY = "".join(
    f"<p>Die Behörde leitete am {day}. Juni ein Verfahren gegen den Betreiber des Netzwerks ein und forderte Auskunft "
    f"über die Verarbeitung der Daten von Minderjährigen in {day} Fällen.</p>"
    for day in range(1, 9)
)
LD = '<script type="application/ld+json">{}</script>'


def _page(body: str = BODY, head: str = "", headers: dict[str, str] | None = None, lang: str = "de"):
    markup = (
        f'<!doctype html><html lang="{lang}-XX"><head><title>Titel | Blatt</title>{head}</head><body>'
        f'<nav><a href="/">Start</a> <a href="/abo">Abo</a></nav><article><h1>Titel</h1>{body}</article>'
        f"<aside><p>Lesen Sie auch: Ein ganz anderes Netzwerk wurde gestern verboten.</p></aside></body></html>"
    )
    return read_page(markup.encode(), "text/html; charset=utf-8", "https://blatt.example/a", headers or {})


def test_the_text_of_an_article_comes_without_menu_and_neighbours():
    page = _page()
    assert page.text.startswith("Die Behörde leitete am 1. Juni") and page.text.count("Minderjährigen") == 8
    assert "Abo" not in page.text and "anderes Netzwerk" not in page.text
    assert (page.lang, page.wall) == ("de", "")


def test_title_and_date_are_those_the_page_declares():
    facts = '{"@graph":[{"@type":"WebPage"},{"@type":"NewsArticle","headline":"H","datePublished":"2026-06-09T10:30:00+02:00",'
    facts += '"dateModified":"2026-06-10T00:00:00Z"}]}'
    page = _page(head=LD.format(facts))
    assert (page.title, page.published_at) == ("H", datetime(2026, 6, 9, 8, 30, tzinfo=UTC))
    assert _page(head='<meta property="og:title" content="O &amp; P">').title == "O & P"


@pytest.mark.parametrize(
    "head",
    [
        LD.format('{"@type":"NewsArticle","isAccessibleForFree":false}'),
        LD.format('[{"@graph":[{"@type":"NewsArticle","isAccessibleForFree":"False"}]}]'),
        LD.format('{"@type":"NewsArticle","hasPart":{"@type":"WebPageElement","isAccessibleForFree":"false"}}'),
        '<meta property="article:content_tier" content="locked">',
    ],
)
def test_an_article_behind_a_paywall_is_no_evidence(head):
    page = _page(head=head)
    assert (page.wall, page.text) == ("paywall", "")


def test_an_article_that_says_it_is_free_is_read():
    assert _page(head=LD.format('{"@type":"NewsArticle","isAccessibleForFree":true}')).text


@pytest.mark.parametrize(
    ("body", "wall"),
    [
        ("<p>Bevor Sie fortfahren: Wir und unsere Partner verwenden Cookies. Alle akzeptieren. Alle ablehnen. "
         "Datenschutzerklärung.</p>", "consent"),
        ("<p>Before you continue: we use cookies with your consent. Accept all. Reject all. Privacy policy.</p>", "consent"),
        ("<p>Weiter mit Werbung lesen: Mit Werbung weiterlesen, Cookies und Einwilligung. Oder werbefrei im Pur-Abo.</p>",
         "consent"),
        ("<p>Please enable JavaScript to continue.</p>", "script"),
        ("<p>Bitte aktivieren Sie JavaScript in Ihrem Browser.</p>", "script"),
        ("<p>Just a moment... Checking your browser before you proceed. Cloudflare</p>", "script"),
        ("<p>Einen Moment: Wir haben ungewöhnliche Zugriffe bemerkt. Lösen Sie das Captcha.</p>", "script"),
        ("<p>Der Anfang des Textes.</p><p>Jetzt weiterlesen: Sie haben bereits ein Abo?</p>", "paywall"),
        ("<p>The first lines.</p><p>Already a subscriber? Log in to continue reading.</p>", "paywall"),
    ],
)  # fmt: skip
def test_a_wall_is_told_from_an_article(body, wall):
    page = _page(body)
    assert (page.wall, page.text) == (wall, "")


@pytest.mark.parametrize(
    "topic",
    [
        "Der Gerichtshof entschied über Cookies: Wer auf Alle akzeptieren klickt, gibt seine Einwilligung, auch an Partner.",
        "Regulators fined the network because its banner made rejecting cookies harder than accepting, without consent.",
        "The browser will disable JavaScript by default; sites must ask users to turn it on, the captcha maker said.",
    ],
)
def test_an_article_about_banners_or_scripts_is_no_wall(topic):
    page = _page(f"<p>{topic}</p>" + BODY * 2)
    assert page.wall == "" and topic[:40] in page.text


@pytest.mark.parametrize(
    ("head", "headers"),
    [
        ('<meta name="tdm-reservation" content="1">', {}),
        ('<meta name="robots" content="index, noai">', {}),
        ("", {"tdm-reservation": "1"}),
        ("", {"x-robots-tag": "noai, noimageai"}),
    ],
)
def test_a_reservation_against_mining_is_respected(head, headers):
    page = _page(head=head, headers=headers)
    assert (page.wall, page.text) == ("reserved", "")


@pytest.mark.parametrize("headers", [{}, {"tdm-reservation": "0"}, {"x-robots-tag": "noindex, noimageai"}])
def test_what_reserves_nothing_or_pictures_only_is_free(headers):
    assert not reserves(headers) and _page(headers=headers).text


@pytest.mark.parametrize(
    "body",
    [b"", b"\x00" * 1000, b"<" * 100_000, b"<div>" * 100_000, b"<p>" * 200_000 + b"x", b"\xff\xfe<html>", b"<!DOCTYPE " * 9_999,
     b"<script type='application/ld+json'>" + b"[" * 100_000, b"<table><tr><td>" * 20_000, b"<a href=x>" * 50_000 + b"y"],
)  # fmt: skip
def test_hostile_markup_ends_soon_and_without_an_error(body):
    started = time.process_time()
    page = read_page(body, "text/html", "https://blatt.example/a", {})
    assert page.wall in ("", "script", "consent", "paywall")
    assert time.process_time() - started < 25


@given(st.binary(max_size=400))
def test_no_bytes_raise(body):
    assert isinstance(read_page(body, "", "", {}).text, str)

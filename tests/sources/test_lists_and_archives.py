"""Sitemaps, tables, packed files, feed lists, saved feeds and web archives."""

import gzip
import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sources import ArchiveProblem, harvest, read_archive, read_opml
from sources.packed import unpacked
from trendwarte.errors import ParseError
from trendwarte.settings import Source
from trendwarte.types import NotModified, Payload, Validators

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
NEWS = """<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
<url><loc>https://a.example/1</loc><news:news><news:publication><news:name>A</news:name><news:language>de</news:language>
</news:publication><news:publication_date>2026-06-08T10:00:00+02:00</news:publication_date><news:title>Behörde &amp; Dienst
</news:title></news:news></url>
<url><loc>https://a.example/2</loc><news:news><news:publication_date>2026-06-09</news:publication_date><news:title>Neu</news:title>
</news:news></url></urlset>"""
PLAIN = """<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>/news/regulator-fines-platform-1234.html</loc>
<lastmod>2026-06-09</lastmod></url><url><loc>/news/</loc></url><url><loc>javascript:x</loc></url></urlset>"""


def test_a_news_sitemap_gives_titles_dates_and_languages_newest_first(read):
    new, old = read(NEWS, kind="sitemap")
    assert (old.title, old.lang, old.url) == ("Behörde & Dienst", "de", "https://a.example/1")
    assert old.published_at == datetime(2026, 6, 8, 8, tzinfo=UTC)
    assert new.title == "Neu"


def test_a_plain_sitemap_gives_the_words_of_its_addresses_until_the_page_is_read(read):
    (document,) = read(PLAIN, kind="sitemap")
    assert (document.title, document.url) == (
        "regulator fines platform",
        "https://a.example/news/regulator-fines-platform-1234.html",
    )


@pytest.mark.parametrize(
    "body",
    ["<html></html>", "", '<!DOCTYPE u [<!ENTITY a "b">]><urlset><url><loc>https://a.example/&a;</loc></url></urlset>'],
)
def test_what_is_no_sitemap_is_refused(read, body):
    with pytest.raises(ParseError):
        read(body, kind="sitemap")


def test_the_newest_parts_of_an_index_come_with_it_packed_or_not(site, ask):
    parts = "".join(f"<sitemap><loc>/part{n}.xml</loc><lastmod>2026-06-0{n}</lastmod></sitemap>" for n in range(1, 6))
    site.paths |= {
        "/feed": (200, {"ETag": '"1"'}, f"<sitemapindex>{parts}</sitemapindex>".encode()),
        "/part5.xml": (200, {}, gzip.compress(NEWS.encode())),
        "/part4.xml": (200, {}, PLAIN.encode()),
        "/part3.xml": (200, {}, b"<urlset></urlset>"),
    }
    payload = ask(kind="sitemap")
    source = Source(id="s", name="s", kind="sitemap", url=site.url, source_kind="blog", min_interval_s=0)
    assert len(harvest(source, payload, seen_at=NOW)) == 3
    assert not site.asked("/part1.xml") and not site.asked("/part2.xml")
    assert isinstance(ask(kind="sitemap", validators=payload.validators), NotModified)


def _zipped(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def test_a_ranking_keeps_the_sites_that_are_watched():
    source = Source(
        id="s", name="s", kind="csv", shape="tranco_list", watch={"tiktok": "TikTok.com"}, url="https://a.example/",
        source_kind="unknown", min_interval_s=0,
    )  # fmt: skip
    body = _zipped(**{"top.csv": b"1,google.com\r\n12,tiktok.com\r\n"})
    (found,) = harvest(source, Payload("s", source.url, 200, "", body, NOW, Validators()), seen_at=NOW).measurements
    assert (found.series, found.subject, found.value, found.measured_on) == ("domain_rank", "tiktok", 12, NOW.date())


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b"0" * 100_000, mtime=0),
        _zipped(a=b"0" * 100_000),
        gzip.compress(b"abc", mtime=0)[:-6],
        _zipped(a=b"1", b=b"2"),
        b"PK\x03\x04x",
    ],
)
def test_bombs_and_damaged_files_are_refused_in_words(body):
    with pytest.raises(ParseError, match=r"refused|damaged|early|one file"):
        unpacked(body, 10_000)


BROKEN = """<?xml version="1.0"?><opml version="1.0"><head><title>Feeds & mehr</title></head><body><outline text="Politik">
<outline type="rss" text="Blatt &amp; Co" xmlUrl="https://blatt.example/feed?a=1&b=2"/>
<outline title="Blatt & Co" xmlurl="https://anders.example/rss"></outline>
<outline text="doppelt" xmlUrl="https://blatt.example/feed?a=1&amp;b=2"/><outline text="böse" xmlUrl="file:///etc/passwd"/>
<outline text="ohne Ende" xmlUrl="https://c.example/atom.xml">"""


def test_a_feed_list_that_is_no_xml_is_read_each_feed_once(tmp_path: Path):
    path = tmp_path / "feeds.opml"
    path.write_text(BROKEN, "utf-8")
    assert [(feed.id, feed.url) for feed in read_opml(path)] == [
        ("blatt-co", "https://blatt.example/feed?a=1&b=2"),
        ("blatt-co-2", "https://anders.example/rss"),
        ("ohne-ende", "https://c.example/atom.xml"),
    ]


@pytest.mark.parametrize("text", ["", "<html><body>x</body></html>", "kein Wort XML"])
def test_a_list_without_feeds_is_an_error_that_names_the_file(tmp_path: Path, text):
    path = tmp_path / "leer.opml"
    path.write_text(text, "utf-8")
    with pytest.raises(ParseError, match=r"leer\.opml"):
        read_opml(path)


FEED = """<rss version="2.0"><channel><item><title>Eins</title><link>https://blatt.example/1</link>
<pubDate>Tue, 09 Jun 2026 10:00:00 GMT</pubDate></item><item><title>Undatiert</title><link>https://blatt.example/2</link></item>
</channel></rss>"""


def test_a_folder_of_saved_feeds_is_an_archive(tmp_path: Path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "blatt.xml").write_text(FEED, "utf-8")
    (tmp_path / "b.rss.gz").write_bytes(gzip.compress(FEED.replace("/1", "/3").encode()))
    (tmp_path / "c.xml").write_text("<html>Just a moment</html>", "utf-8")
    found = list(read_archive([tmp_path], {}))
    documents = [one for one in found if not isinstance(one, ArchiveProblem)]
    assert [(d.url, d.outlet) for d in documents] == [
        ("https://blatt.example/1", "blatt.example"),
        ("https://blatt.example/3", "blatt.example"),
    ]
    assert all(d.first_seen_at == d.published_at for d in documents)
    assert [Path(one.path).name for one in found if isinstance(one, ArchiveProblem)] == [
        "blatt.xml",
        "b.rss.gz",
        "c.xml",
    ]


def _warc(*records: tuple[str, str, bytes]) -> bytes:
    packed = b""
    for number, (url, content_type, body) in enumerate(records):
        http = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        head = (
            f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:x:{number}>\r\nWARC-Target-URI: {url}\r\n"
            f"WARC-Date: 2026-06-10T00:00:00Z\r\nContent-Type: application/http;msgtype=response\r\n"
            f"Content-Length: {len(http)}\r\n\r\n"
        )
        packed += gzip.compress(head.encode() + http + b"\r\n\r\n")
    return packed


def test_a_web_archive_gives_its_pages_and_the_entries_of_its_feeds(tmp_path: Path):
    text = "".join(f"<p>Die Behörde untersagt dem Dienst die Weitergabe der Daten in Fall {n}.</p>" for n in range(9))
    page = f'<html lang="de"><head><title>T</title><meta property="article:published_time" content="2026-06-09T08:00:00Z"></head><body><article>{text}</article></body></html>'
    walled = page.replace("<head>", '<head><meta property="article:content_tier" content="locked">')
    body = _warc(
        ("https://blatt.example/a", "text/html", page.encode()),
        ("https://blatt.example/feed", "application/rss+xml", FEED.encode()),
        ("https://blatt.example/b", "text/html", walled.encode()),
        ("https://blatt.example/i.png", "image/png", b"\x89PNG"),
    )
    path = tmp_path / "news.warc.gz"
    path.write_bytes(body)
    found = list(read_archive([path], {}))
    page_document, entry = [one for one in found if not isinstance(one, ArchiveProblem)]
    assert (page_document.title, page_document.text_quality, page_document.published_at.day) == ("T", "article", 9)
    assert entry.title == "Eins"
    reasons = [one.reason for one in found if isinstance(one, ArchiveProblem)]
    assert len(reasons) == 2 and "without a date" in reasons[0] and "paywall" in reasons[1]


def test_a_web_archive_cut_short_keeps_what_was_read_and_says_where_it_ends(tmp_path: Path):
    body = _warc(
        ("https://blatt.example/feed", "text/xml", FEED.encode()),
        ("https://blatt.example/feed2", "text/xml", FEED.encode()),
    )
    path = tmp_path / "halb.warc.gz"
    path.write_bytes(body[: len(body) - 40])
    found = list(read_archive([path], {}))
    assert any(not isinstance(one, ArchiveProblem) for one in found)
    assert isinstance(found[-1], ArchiveProblem)

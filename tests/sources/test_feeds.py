"""Feeds as they are written: four formats, wrong charsets, odd dates, broken XML, attacks."""

import contextlib
import tarfile
import time
from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime
from pathlib import Path

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources import parse
from sources.feeds import tolerated_entries
from sources.sound_feeds import sound_entries
from sources.text import SUMMARY_MAX, plain_text, plain_texts
from trendwarte.errors import ParseError
from trendwarte.settings import Source
from trendwarte.types import Document, Payload, Validators

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)


def rss(inner, head=""):
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>{head}{inner}</channel></rss>'


def one(read, inner, **declared):
    (document,) = read(rss(f"<item><title>t</title>{inner}</item>"), **declared)
    return document


RSS = rss("""
<item><title>Eins &amp; zwei</title><link>https://a.example/1?utm_source=x</link><guid isPermaLink="false">g1</guid>
<pubDate>Tue, 09 Jun 2026 10:00:00 +0200</pubDate><description>&lt;p&gt;Kurz&lt;/p&gt;</description>
<content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/"><![CDATA[<p>Lang</p><script>x()</script>]]>
</content:encoded></item>
<item><title>Ohne alles</title><link>https://a.example/2</link></item>""")
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://b.example/x/" xml:lang="de-DE"><title>t</title>
<entry><id>urn:1</id><title type="html">&lt;b&gt;A&lt;/b&gt; &amp;amp; B</title><link rel="self" href="self"/>
<link href="a/b"/><published>2026-06-09T08:00:00Z</published><updated>2026-06-09T09:00:00Z</updated>
<summary>Kurz</summary><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Lang <b>fett</b></div></content>
</entry></feed>"""
RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://c.example/"><title>t</title>
<dc:language>de</dc:language></channel>
<item rdf:about="https://c.example/1"><title>Eins</title><link>https://c.example/1</link>
<dc:date>2026-06-09T10:00:00+02:00</dc:date><description>Kurz</description></item></rdf:RDF>"""


def test_rss_becomes_plain_text_with_honest_dates(read):
    full, bare = read(RSS)
    assert (full.title, full.summary, full.text, full.url) == ("Eins & zwei", "Kurz", "Lang", "https://a.example/1")
    assert full.published_at == datetime(2026, 6, 9, 8, tzinfo=UTC)
    assert (full.guid, full.text_quality, full.flags) == ("g1", "feed_content", ())
    assert (bare.published_at, bare.flags, bare.text_quality) == (None, ("undated",), "title")
    assert full.first_seen_at == NOW and full.payload_hash == bare.payload_hash


def test_atom_keeps_base_language_and_both_dates(read):
    (entry,) = read(ATOM)
    assert (entry.title, entry.url, entry.lang) == ("A & B", "https://b.example/x/a/b", "de")
    assert (entry.summary, entry.text) == ("Kurz", "Lang fett")
    assert (entry.published_at, entry.updated_at) == (
        datetime(2026, 6, 9, 8, tzinfo=UTC),
        datetime(2026, 6, 9, 9, tzinfo=UTC),
    )


def test_rdf_keeps_its_entries_beside_the_channel(read):
    (entry,) = read(RDF)
    assert (entry.title, entry.url, entry.lang) == ("Eins", "https://c.example/1", "de")
    assert entry.published_at == datetime(2026, 6, 9, 8, tzinfo=UTC)


@pytest.mark.parametrize("body", [RSS, ATOM, RDF], ids=["rss", "atom", "rdf"])
def test_an_independent_parser_finds_the_same(read, body):
    ours, theirs = read(body), feedparser.parse(body.encode()).entries
    assert [d.url for d in ours] == [e.link.partition("?utm")[0] for e in theirs]
    for document, entry in zip(ours, theirs, strict=True):
        if stamp := entry.get("published_parsed") or entry.get("updated_parsed"):
            assert document.published_at == datetime(*stamp[:6], tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Tue, 02 Jun 2026 07:00:00 MESZ", datetime(2026, 6, 2, 5, tzinfo=UTC)),
        ("Tue, 02 Jun 2026 07:00:00 CEST", datetime(2026, 6, 2, 5, tzinfo=UTC)),
        ("Tue, 02 Jun 2026 07:00:00 CET", datetime(2026, 6, 2, 6, tzinfo=UTC)),
        ("Tue, 02 Jun 2026 07:00:00 EDT", datetime(2026, 6, 2, 11, tzinfo=UTC)),
        ("Di, 2. Juni 2026 07:00", datetime(2026, 6, 2, 7, tzinfo=UTC)),
        ("02.06.2026 07:00", datetime(2026, 6, 2, 7, tzinfo=UTC)),
        ("2026-06-02", datetime(2026, 6, 2, tzinfo=UTC)),
        ("01/02/2026", None),
        ("gestern", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
    ],
)
def test_dates_are_read_as_written_or_not_at_all(read, raw, expected):
    document = one(read, f"<pubDate>{raw}</pubDate>")
    assert (document.published_at, document.published_raw) == (expected, raw)
    assert ("undated" in document.flags) == (expected is None)


def test_a_date_in_the_future_is_flagged_and_not_believed(read):
    document = one(read, "<pubDate>Fri, 12 Jun 2026 00:00:00 GMT</pubDate>")
    assert (document.published_at, document.flags) == (None, ("future",))
    assert one(read, "<pubDate>Thu, 11 Jun 2026 00:00:00 GMT</pubDate>").flags == ()


WORDS = "Zürich – „Straße“ äöü"


@pytest.mark.parametrize(
    ("encode", "claim", "header"),
    [
        ("utf-8", "", "text/xml"),
        ("utf-8", "iso-8859-1", "text/xml; charset=iso-8859-1"),
        ("cp1252", "iso-8859-1", "text/xml; charset=utf-8"),
        ("cp1252", "utf-8", "text/xml"),
        ("cp1252", "", "text/xml; charset=windows-1252"),
        ("cp1252", "punycode", "text/xml"),
        ("utf-8-sig", "", "text/xml"),
        ("utf-16", "utf-16", "text/xml"),
        ("utf-16-le", "utf-16", "text/xml"),
        ("utf-16-be", "", "text/xml"),
    ],
)
def test_umlauts_survive_wrong_claims_about_the_charset(read, encode, claim, header):
    declared = f' encoding="{claim}"' if claim else ""
    text = f'<?xml version="1.0"{declared}?><rss><channel><item><title>{WORDS}</title></item></channel></rss>'
    (document,) = read(text.encode(encode), header)
    assert document.title == WORDS


def test_latin_2_is_read_when_declared_and_one_broken_byte_spoils_one_sign_only(read):
    text = '<?xml version="1.0" encoding="iso-8859-2"?><rss><channel><item><title>Łódź</title></item></channel></rss>'
    assert read(text.encode("iso-8859-2"))[0].title == "Łódź"
    damaged = rss(f"<item><title>{WORDS}{WORDS}</title></item>").encode().replace("ß".encode(), b"\xc3", 1)
    assert read(damaged)[0].title.endswith("äöü")


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("A &amp;amp; B", "A & B"),
        ("&amp;lt;b&amp;gt;fett&amp;lt;/b&amp;gt;", "fett"),
        ("&auml;&nbsp;&#228;&#xE4;", "ä ää"),
        ("a &lt; b und c &gt; d", "a < b und c > d"),
        ("<![CDATA[<i>x</i> &amp; y]]>", "x & y"),
        ("a\u200bb\u202ec\u00add", "abcd"),
        ("a&#0;b&#x1f;c&#xd800;d&#99999999999999999999;e", "abcde"),
        ("a\x00b\x1bc", "abc"),
        ("x <b>fett</b> y", "x fett y"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;ok", "ok"),
    ],
)
def test_titles_are_what_a_reader_would_see(read, markup, expected):
    (document,) = read(rss(f"<item><title>{markup}</title></item>"))
    assert document.title == expected


@pytest.mark.parametrize(
    ("inner", "url"),
    [
        ("<link>/rel/1</link>", "https://a.example/rel/1"),
        ("<link>javascript:alert(1)</link>", ""),
        ("<link>data:text/html,x</link>", ""),
        ("<link>https://[</link>", ""),
        ("<link><![CDATA[https://a.example/?a=1&b=2]]></link><x>&</x>", "https://a.example/?a=1&b=2"),
        ("<guid>https://a.example/g</guid>", "https://a.example/g"),
        ("<guid isPermaLink='false'>https://a.example/g</guid>", ""),
        ("<link>https://a.example/ä b</link>", "https://a.example/%C3%A4%20b"),
        ("<link>https://a.example/?a=1&amp;copy=2#f</link>", "https://a.example/?a=1&copy=2"),
        ("<atom:link xmlns:atom='http://www.w3.org/2005/Atom' href='https://a.example/x'/>", "https://a.example/x"),
    ],
)
def test_links_are_absolute_web_addresses_or_none(read, inner, url):
    assert one(read, inner).url == url


ATOM_LINK = "<a:link xmlns:a='http://www.w3.org/2005/Atom' {} href='https://a.example/atom'/>"


@pytest.mark.parametrize(
    ("links", "url"),
    [
        ("<link>https://a.example/1</link><link>https://a.example/2</link>", "https://a.example/2"),
        ("<link>https://a.example/1</link><link href='https://a.example/3'/>", "https://a.example/3"),
        ("<link>https://a.example/1</link><link href='https://a.example/3' rel='enclosure'/>", "https://a.example/1"),
        ("<link>https://a.example/1</link><link> </link><link/>", "https://a.example/1"),
        ("<link>https://a.example/1</link><link>mailto:a@a.example</link>", "https://a.example/1"),
        ("<link>https://a.example/1</link><link>2</link>", "https://a.example/2"),
        ("<link>https://a.example/1</link>" + ATOM_LINK.format(""), "https://a.example/1"),
        ("<link/>" + ATOM_LINK.format("rel='self'"), ""),
        ("<link/>" + ATOM_LINK.format(""), "https://a.example/atom"),
    ],
)
def test_of_several_links_of_an_rss_item_its_own_last_address_counts(read, links, url):
    assert one(read, links).url == url


def test_of_several_alternates_of_an_atom_entry_the_first_counts(read):
    links = "".join(f"<link href='https://b.example/{n}'/>" for n in (1, 2))
    body = f"<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>t</title>{links}</entry></feed>"
    assert [d.url for d in read(body)] == ["https://b.example/1"]


def test_an_aggregator_names_the_outlet_behind_the_entry(read):
    inner = '<link>https://news.example/r/1</link><source url="https://www.outlet.example">Outlet</source>'
    body = rss(f"<item><title>Titel - Outlet</title>{inner}</item>")
    assert [(d.title, d.outlet) for d in read(body, source_kind="aggregator")] == [("Titel", "outlet.example")]
    assert one(read, "<link>https://www.x.co.uk/1</link>", source_kind="aggregator").outlet == "x.co.uk"
    assert one(read, inner, owner="own.example").outlet == "own.example"


def test_the_declared_language_is_better_than_the_feeds(read):
    body = rss("<item><title>t</title></item>", "<language>en-US</language>")
    assert [read(body, lang=lang)[0].lang for lang in ("de", "")] == ["de", "en"]


MARKUPS = st.lists(
    st.lists(
        st.sampled_from(["Gericht", " ", "  ", "<p>", "</p>", "<a href='x", "y'>", "<", ">", "&amp;", "&lt;b&gt;", "é", "e\u0301", "„", "\u00ac",
                         "\u200b", "\n", "\x00", "\x85", "<br/>", "<script>", "x" * 60])
    ).map("".join), max_size=5,
)  # fmt: skip


@given(MARKUPS)
def test_texts_read_together_are_what_each_would_be_alone(markups):
    assert plain_texts(markups, 50) == [plain_text(one, 50) for one in markups]


def test_a_document_of_a_feed_is_a_document_like_any_other(read):
    document = read(RSS)[0]
    again = Document(**{field.name: getattr(document, field.name) for field in fields(Document)})
    assert again == document and hash(again) == hash(document) and type(document) is Document
    with pytest.raises(FrozenInstanceError):
        document.title = "another"


def test_an_entry_without_a_title_borrows_one_and_one_without_words_is_left_out(read):
    body = rss("<item><description>Nur Text</description></item><item><link>https://a.example/</link></item>")
    assert [(d.title, d.summary) for d in read(body)] == [("Nur Text", "Nur Text")]


def test_content_stands_in_for_a_missing_summary_when_it_is_short(read):
    head = 'xmlns:c="http://purl.org/rss/1.0/modules/content/"'
    short = one(read, f"<c:encoded {head}>Inhalt</c:encoded>")
    long = one(read, f"<c:encoded {head}>{'Wort ' * SUMMARY_MAX}</c:encoded>")
    assert (short.summary, short.text, short.text_quality) == ("Inhalt", "", "feed_content")
    assert long.summary == "" and long.text.startswith("Wort Wort")


def test_a_guid_used_twice_still_gives_two_documents_and_a_copy_gives_one(read):
    def entry(number):
        link = f"https://a.example/{number}"
        return f"<item><title>t{number}</title><guid isPermaLink='false'>same</guid><link>{link}</link></item>"

    documents = read(rss(entry(1) + entry(2) + entry(2)))
    assert [d.title for d in documents] == ["t1", "t2"]
    assert len({d.document_id for d in documents}) == 2


def test_the_id_survives_an_edit_and_the_content_hash_tells(read):
    before = one(read, "<guid isPermaLink='false'>1</guid><description>alt</description>")
    after = one(read, "<guid isPermaLink='false'>1</guid><description>neu</description>")
    assert before.document_id == after.document_id and before.content_hash != after.content_hash


@pytest.mark.parametrize(
    "body",
    [
        rss("<item><title>A & B</title><link>https://a.example/1</link></item>"),
        rss("<item><title>A & B</title><link>https://a.example/1</link>"),
        "\n\n  " + rss("<item><title>A & B</title><link>https://a.example/1</link></item>"),
        "<?xml version='1.0'?><rss><channel><item><title>A &amp; B<link>https://a.example/1</link></item></channel></rss>",
    ],
    ids=["bare ampersand", "cut off", "leading space", "open title"],
)
def test_broken_feeds_still_give_their_entries(read, body):
    (document,) = read(body)
    assert document.title.startswith("A & B")


def test_a_feed_without_entries_is_empty_and_not_an_error(read):
    assert read(rss("")) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"<", b"<html><title>Just a moment...</title></html>", b"<rss><<<", b'{"items": []}', b"<svg/>", b"\xff\xfe"],
)
def test_what_is_no_feed_is_an_error_not_an_empty_list(read, body):
    with pytest.raises(ParseError):
        read(body, "text/html")


LAUGHS = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
ATTACKS = {
    "file": '<!ENTITY x SYSTEM "file:///etc/hostname">',
    "parameter": '<!ENTITY % x SYSTEM "file:///etc/hostname"> %x;',
    "laughs": LAUGHS,
}


@pytest.mark.parametrize("declared", ATTACKS.values(), ids=ATTACKS.keys())
@pytest.mark.parametrize("encode", ["utf-8", "utf-16"])
@pytest.mark.parametrize("padding", ["", "<!--" + "x" * 9_000 + "-->"])
def test_feeds_that_declare_entities_are_refused_at_once(read, declared, encode, padding):
    item = '<item a="&a9;"><title>&x;&a9;</title></item>'
    body = f'<?xml version="1.0"?>{padding}<!DOCTYPE r [{declared}]><rss><channel>{item}</channel></rss>'
    started = time.process_time()
    with pytest.raises(ParseError, match="entities"):
        read(body.encode(encode))
    assert time.process_time() - started < 1


def test_an_external_dtd_is_not_loaded_and_no_harm(read):
    body = '<!DOCTYPE rss PUBLIC "x" "http://127.0.0.1:9/rss.dtd">' + rss("<item><title>&auml;</title></item>")[21:]
    assert [d.title for d in read(body)] == ["ä"]


def test_an_article_about_entity_attacks_is_no_attack(read):
    body = rss('<item><title>t</title><description><![CDATA[&lt;!ENTITY x "y"&gt; <!ENTITY z>]]></description></item>')
    assert len(read(body)) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"<rss><channel>" + b"<item>" * 300_000,
        b"<rss><channel><item><title>a</title><description>" + b"<b>" * 300_000,
        b"<rss><channel>" + b"<item><title>a</title></item>" * 20_000,
        b"<rss" + b"<" * 400_000,
        b"<rss><item" + b"&" * 400_000,
        b'<rss><item a="' * 30_000,
        b"<rss><channel><item><title><![CDATA[" * 40_000,
        b"<rss><channel><item><title>a</title><description>" + b"&lt;b&gt;" * 50_000 + b"</description></item>",
    ],
    ids=["deep", "deep markup", "many", "brackets", "ampersands", "quotes", "open sections", "escaped markup"],
)
def test_monsters_end_soon(read, body):
    started = time.process_time()
    with contextlib.suppress(ParseError):
        assert len(read(body)) <= 10_000
    assert time.process_time() - started < 5


TOKENS = st.sampled_from(
    ["<rss>", "<channel>", "<item>", "</item>", "<title>", "</title>", "<link>", "http://[", "https://a/", "<entry>",
     "<![CDATA[", "]]>", "&", "&#xd800;", "&amp;", "<!DOCTYPE", "<!ENTITY", "<?xml", "<pubDate>", "9999-12-31", "\ud800",
     "<feed xmlns='http://www.w3.org/2005/Atom'>", "<link href='", "'/>", "xml:base='http://['", ">", "\x00", "ä"]
)  # fmt: skip


@given(st.lists(TOKENS | st.text(max_size=5), max_size=25).map(lambda parts: "".join(parts).encode("utf-8", "replace")))
def test_no_text_that_looks_like_a_feed_raises_anything_but_a_parse_error(body):
    source = Source(id="s", name="s", kind="feed", url="https://a.example/", source_kind="blog")
    try:
        found = parse(source, Payload("s", source.url, 200, "", body, NOW, Validators()), seen_at=NOW)
    except ParseError as error:
        assert str(error)
        return
    for document in found:
        assert document.title and document.document_id
        assert document.published_at is None or document.published_at.utcoffset().total_seconds() == 0
        assert document.url == "" or document.url.startswith(("http://", "https://"))
        "".join((document.title, document.summary, document.text, document.url, document.guid or "")).encode("utf-8")


def test_the_real_german_feeds_give_what_the_tolerant_parser_gives(read):
    archive = Path(__file__).parents[3] / "shared" / "corpus" / "german-real-feeds.tgz"
    if not archive.is_file():
        pytest.skip("../shared is absent: no real feeds to compare with")
    with tarfile.open(archive) as tar:
        members = [m for m in tar if m.name.startswith("corss/") and m.name.endswith(".xml")]
        bodies = {m.name: tar.extractfile(m).read() for m in members}
    assert len(bodies) == 13
    for name, body in bodies.items():
        theirs = {(e.get("id"), e.get("link")) for e in feedparser.parse(body).entries}
        ours = read(body)
        assert len(ours) == len(theirs), name
        assert all(d.published_at and d.url and d.lang == "de" for d in ours), name


def both_ways(body, lang=""):
    source = Source(id="s", name="s", kind="feed", url="https://a.example/", source_kind="blog", lang=lang)
    payload = Payload("s", source.url, 200, "", body, NOW, Validators())
    return sound_entries(body, lang), lambda: tolerated_entries(source, payload)


RECORDED = sorted(path for path in (Path(__file__).parents[1] / "data" / "recorded").iterdir() if path.suffix == ".xml")


def test_the_fast_path_gives_the_entries_of_the_other_one_on_every_recorded_feed():
    fast = [(found, other) for path in RECORDED for found, other in [both_ways(path.read_bytes())] if found is not None]
    assert len(fast) > len(RECORDED) / 2
    assert all(found == other() for found, other in fast)


PIECES = st.sampled_from(
    ["<title>Gericht &amp; Behörde</title>", "<title type='html'>&lt;b&gt;A&lt;/b&gt; </title>", "<title/>", "<title>  </title>",
     "<link>https://a.example/1</link>", "<link>b</link>", "<link href='https://a.example/2'/>", "<link href='c' rel='self'/>",
     "<link rel='alternate' href='https://a.example/3'/>", "<a:link href='https://a.example/5'/>", "<link>https://a.example/6</link>", "<guid>https://a.example/4</guid>", "<guid isPermaLink='false'>g</guid>",
     "<id>urn:1</id>", "<pubDate>Tue, 09 Jun 2026 10:00:00 +0200</pubDate>", "<updated>2026-06-09T08:00:00Z</updated>",
     "<published> 2026-06-09 </published>", "<description><![CDATA[<p>Kurz</p>]]></description>", "<summary>Auszug</summary>",
     "<content type='image/png'>aGFsbG8=</content>", "<content type='xhtml'><div>x</div></content>", "<author><name>N</name></author>",
     "<source url='https://b.example/'>B</source>", "<dc:language>de-AT</dc:language>", "<dc:date>2026-06-09</dc:date>",
     "<content:encoded>Lang</content:encoded>", "<media:group><media:title>M</media:title></media:group>", "<!-- x -->", "&#228;"]
)  # fmt: skip
SPACES = 'xmlns:a="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:media="http://search.yahoo.com/mrss/"'


@given(
    st.lists(st.lists(PIECES, max_size=8).map("".join), min_size=1, max_size=3),
    st.sampled_from(["", "<language>en-US</language>", "<dc:language>de</dc:language>", "<xml/>"]),
    st.sampled_from(["", ' xml:lang="fr"']),
    st.sampled_from(["", "de"]),
    st.sampled_from(["item", "entry", "a:entry"]),
)
def test_the_fast_path_gives_the_entries_of_the_other_one_whatever_an_entry_holds(inner, head, attribute, lang, tag):
    items = "".join(f"<{tag}{attribute}>{one}</{tag}>" for one in inner)
    found, other = both_ways(f"<rss {SPACES}><channel>{head}{items}</channel></rss>".encode(), lang)
    assert found is None or found == other()

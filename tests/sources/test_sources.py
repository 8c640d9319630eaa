"""Collecting from a server that behaves like real ones, and like hostile ones."""

import gzip
import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources import ArchiveProblem, canonical_url, fetch, parse, read_archive
from trendwarte.errors import FetchError, ParseError
from trendwarte.settings import Fetching, Source
from trendwarte.types import NotModified, Payload, Validators

NOW = datetime(2025, 1, 1, tzinfo=UTC)
FEED = b"""<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>t</title>
<item><title>Eins &amp; zwei</title><link>https://a.example/1?utm_source=x</link><guid>1</guid>
<pubDate>Tue, 31 Dec 2024 10:00:00 +0100</pubDate><description>&lt;b&gt;Text&lt;/b&gt;</description></item>
<item><title>Ohne Datum</title><link>https://a.example/2</link></item></channel></rss>"""


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        path = self.path
        if path == "/robots.txt":
            return self.answer(200, b"User-agent: *\nDisallow: /secret")
        if path == "/feed":
            if self.headers.get("If-None-Match") == '"v1"':
                return self.answer(304, b"")
            return self.answer(200, FEED, ("ETag", '"v1"'))
        if path == "/later":
            return self.answer(429, b"", ("Retry-After", "600"))
        if path == "/bomb":
            return self.answer(200, gzip.compress(b"0" * 50_000_000), ("Content-Encoding", "gzip"))
        if path == "/loop":
            return self.answer(302, b"", ("Location", "/loop"))
        if path == "/inside":
            return self.answer(302, b"", ("Location", "http://169.254.169.254/latest"))
        return self.answer(int(path.strip("/")) if path.strip("/").isdigit() else 404, b"")

    def answer(self, status, body, *headers):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def base():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


NO_VALIDATORS = Validators()


def ask(base, path, validators=NO_VALIDATORS, allow=True):
    source = Source(id="s", name="s", kind="feed", url=base + path, source_kind="quality_press", min_interval_s=0)
    hosts = [base.removeprefix("http://")] if allow else []
    fetching = Fetching(user_agent="test", timeout_s=5, deadline_s=10, max_bytes=100_000, allow_hosts=hosts)
    return fetch(source, validators, fetching, now=NOW)


def test_an_answer_is_kept_with_its_validators_and_304_is_no_news(base):
    first = ask(base, "/feed")
    assert isinstance(first, Payload) and first.validators.etag == '"v1"'
    assert isinstance(ask(base, "/feed", first.validators), NotModified)
    same_bytes = Validators(body_hash=first.validators.body_hash)
    assert isinstance(ask(base, "/feed", same_bytes), NotModified)


@pytest.mark.parametrize(
    ("path", "state", "is_permanent"),
    [("/404", "dead", True), ("/403", "blocked", True), ("/500", "unreachable", False), ("/later", "rate_limited", True),
     ("/loop", "dead", True), ("/bomb", "parse_error", True), ("/secret", "blocked", True), ("/inside", "blocked", True)],
)  # fmt: skip
def test_each_failure_says_what_it_is_and_whether_a_retry_helps(base, path, state, is_permanent):
    with pytest.raises(FetchError) as caught:
        ask(base, path)
    assert (caught.value.state, caught.value.permanent) == (state, is_permanent)


def test_the_wait_a_server_asks_for_is_passed_on(base):
    with pytest.raises(FetchError) as caught:
        ask(base, "/later")
    assert caught.value.retry_after_s == 600


def test_loopback_is_refused_without_leave(base):
    with pytest.raises(FetchError, match="not public"):
        ask(base, "/feed", allow=False)


def payload(body, kind="text/xml"):
    return Payload("s", "https://a.example/feed", 200, kind, body, NOW, Validators())


def source(kind="feed"):
    return Source(id="s", name="s", kind=kind, url="https://a.example/feed", source_kind="quality_press")


def test_a_feed_becomes_documents_with_plain_text_and_honest_dates():
    one, two = parse(source(), payload(FEED), seen_at=NOW)
    assert (one.title, one.summary, one.url) == ("Eins & zwei", "Text", "https://a.example/1")
    assert one.published_at == datetime(2024, 12, 31, 9, tzinfo=UTC)
    assert two.published_at is None and "undated" in two.flags


@pytest.mark.parametrize(
    "body", [b"<html>please enable JavaScript</html>", b"", b'<!DOCTYPE a [<!ENTITY b "c">]><rss/>']
)
def test_what_is_no_feed_is_an_error_not_an_empty_list(body):
    with pytest.raises(ParseError):
        parse(source(), payload(body), seen_at=NOW)


@given(st.binary(max_size=300), st.sampled_from(["feed", "gdelt", "federal_register"]))
def test_no_bytes_raise_anything_but_a_parse_error(body, kind):
    try:
        parse(source(kind), payload(body), seen_at=NOW)
    except ParseError as error:
        assert str(error)


@given(st.text(max_size=80))
def test_a_canonical_url_stays_what_it_is(text):
    once = canonical_url(text)
    assert canonical_url(once) == once


def test_a_bad_line_of_an_archive_is_named_and_the_rest_is_read(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    lines = [
        json.dumps({"date": "2020-07-01", "title": "gut", "source": "https://www.bbc.co.uk/feed"}),
        "{broken",
        '{"title": "x"}',
    ]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    good, *bad = read_archive([path], {})
    assert good.title == "gut"
    assert [(p.line, isinstance(p, ArchiveProblem)) for p in bad] == [(2, True), (3, True)]


def test_the_real_german_feeds_give_what_the_tolerant_parser_gives():
    import tarfile

    import feedparser

    archive = Path(__file__).parents[3] / "shared" / "corpus" / "german-real-feeds.tgz"
    if not archive.is_file():
        pytest.skip("../shared is absent: no real feeds to compare with")
    with tarfile.open(archive) as tar:
        feeds = [tar.extractfile(m).read() for m in tar if "/" in m.name and m.name.startswith("corss/") and m.isfile()]
    assert len([b for b in feeds if b[:5] == b"<?xml" or b"<rss" in b[:500]]) >= 13
    for body in feeds:
        if b"<rss" in body[:1000] or b"<feed" in body[:1000]:
            assert len(parse(source(), payload(body), seen_at=NOW)) == len(
                {e.link for e in feedparser.parse(body).entries}
            )

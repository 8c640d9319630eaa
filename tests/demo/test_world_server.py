"""The world on loopback behaves like real servers; independent parsers and a plain HTTP client are the judges."""

import gzip
import http.client
import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import feedparser
import pytest
from lxml import etree, html

from demo import WorldServer, is_limited_night, load_world
from demo.shapes import FEED_LENGTH

LATE = datetime(2026, 5, 12, 23, 59, 59, tzinfo=UTC)
EARLY = datetime(2020, 9, 28, 23, 59, 59, tzinfo=UTC)
ANSWERING = [one.source.id for one in load_world().declarations if one.conduct not in ("down", "rate_limited")]
FEEDS = [one.source.id for one in load_world().declarations if one.source.kind == "feed" and one.conduct != "down"]


@pytest.fixture
def server():
    with WorldServer() as running:
        running.set_night(LATE)
        yield running


def get(url, headers=None, method="GET"):
    """Status, headers (lower case) and raw body of one exchange; follows nothing, unpacks nothing."""
    parts = urlsplit(url)
    with closing(http.client.HTTPConnection(parts.netloc, timeout=10)) as connection:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, headers=headers or {})
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()


def fetched(server, source_id, headers=None):
    url = next(source.url for source in server.sources() if source.id == source_id)
    status, answered, body = get(url, headers)
    if status == 302:
        status, answered, body = get(server.url + answered["location"], headers)
    return status, answered, body


def expected_titles(source_id, as_of):
    return [one.title for one in load_world().of_source(source_id, as_of)[:FEED_LENGTH]]


@pytest.mark.parametrize("source_id", FEEDS)
def test_feedparser_reads_every_feed_without_complaint(server, source_id):
    if source_id == "demo-wellenreiter":
        server.set_night(LATE - timedelta(days=1) if is_limited_night(LATE) else LATE)
    status, headers, body = fetched(server, source_id)
    parsed = feedparser.parse(body, response_headers=headers | {"content-type": headers["content-type"]})
    assert status == 200 and not parsed.bozo
    assert [entry.title for entry in parsed.entries] == expected_titles(source_id, LATE)
    assert all(entry.get("published_parsed") or entry.get("updated_parsed") for entry in parsed.entries)


def test_dates_survive_every_format(server):
    for source_id in ("demo-deichwarte", "demo-medienlotse", "demo-pinehaven"):
        entries = feedparser.parse(fetched(server, source_id)[2]).entries
        told = [one.published_at for one in load_world().of_source(source_id, LATE)[:FEED_LENGTH]]
        read = [datetime(*(entry.get("published_parsed") or entry.updated_parsed)[:6], tzinfo=UTC) for entry in entries]
        assert read == told


def test_the_latin_feed_is_really_latin_and_its_umlauts_survive(server):
    _, headers, body = fetched(server, "demo-deichwarte")
    assert "charset" not in headers["content-type"]
    with pytest.raises(UnicodeDecodeError):
        body.decode("utf-8")
    titles = etree.fromstring(body).xpath("//item/title/text()")
    assert titles == expected_titles("demo-deichwarte", LATE) and any("ü" in title for title in titles)


def test_rdf_is_rss_1_0_with_dublin_core_dates(server):
    root = etree.fromstring(fetched(server, "demo-medienlotse")[2])
    assert root.tag == "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}RDF"
    dates = root.findall(".//{http://purl.org/rss/1.0/}item/{http://purl.org/dc/elements/1.1/}date")
    assert len(dates) == len(expected_titles("demo-medienlotse", LATE)) > 0


@pytest.mark.parametrize("source_id", [one for one in ANSWERING if one != "demo-barometer"])
def test_validators_give_304_until_something_new_is_published(server, source_id):
    newest = load_world().of_source(source_id, LATE)[0].published_at
    server.set_night(newest - timedelta(seconds=1))
    _, before, _ = fetched(server, source_id)
    status, _, body = fetched(server, source_id, {"If-None-Match": before["etag"]})
    assert (status, body) == (304, b"")
    server.set_night(newest)
    status, after, _ = fetched(server, source_id, {"If-None-Match": before["etag"]})
    assert status == 200 and after["etag"] != before["etag"]
    assert fetched(server, source_id, {"If-Modified-Since": after["last-modified"]})[0] == 304


def test_a_source_without_validators_sends_everything_again(server):
    _, headers, body = fetched(server, "demo-barometer")
    assert "etag" not in headers and "last-modified" not in headers
    assert fetched(server, "demo-barometer", {"If-None-Match": "*"})[2] == body


@pytest.mark.parametrize("source_id", ANSWERING)
def test_nothing_of_tomorrow_is_served(server, source_id):
    server.set_night(EARLY)
    body = fetched(server, source_id)[2].decode("latin-1")
    later = [one for one in load_world().documents if one.source == source_id and one.published_at > EARLY]
    assert not [one.id for one in later if f">{one.id}<" in body or f"/{one.id}" in body]
    if source_id in FEEDS:
        titles = [entry.title for entry in feedparser.parse(fetched(server, source_id)[2]).entries]
        assert titles == expected_titles(source_id, EARLY)


def test_before_the_first_document_feeds_are_empty_and_the_apis_say_so_in_their_way(server):
    server.set_night(datetime(2019, 1, 1, tzinfo=UTC))
    assert feedparser.parse(fetched(server, "demo-sternwalder")[2]).entries == []
    assert json.loads(fetched(server, "demo-gdelt")[2]) == {}
    register = json.loads(fetched(server, "demo-federal-register")[2])
    assert register["count"] == 0 and "results" not in register


def test_gzip_is_sent_only_to_those_who_take_it(server):
    _, plain_headers, plain_body = fetched(server, "demo-aldermoor")
    _, packed_headers, packed_body = fetched(server, "demo-aldermoor", {"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain_headers and packed_headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed_body) == plain_body
    assert plain_headers["etag"] != packed_headers["etag"]


def test_gdelt_answers_in_its_shape_and_obeys_time_and_number(server):
    url = next(source.url for source in server.sources() if source.id == "demo-gdelt")
    articles = json.loads(get(url)[2])["articles"]
    assert {"url", "title", "seendate", "domain", "language", "sourcecountry"} <= set(articles[0])
    seen = [datetime.strptime(one["seendate"], "%Y%m%dT%H%M%SZ") for one in articles]
    assert seen == sorted(seen, reverse=True)
    assert len(json.loads(get(url.replace("maxrecords=40", "maxrecords=2"))[2])["articles"]) == 2
    since = seen[1].strftime("%Y%m%d%H%M%S")
    assert len(json.loads(get(f"{url}&startdatetime={since}")[2])["articles"]) == 2


def test_the_federal_register_answers_in_its_shape(server):
    register = json.loads(fetched(server, "demo-federal-register")[2])
    assert register["count"] == len(register["results"]) > 0
    first = register["results"][0]
    assert first["html_url"].startswith("https://www.federal-register.example/documents/")
    assert first["title"].endswith(" ") and first["agencies"][0]["name"]
    assert [one["publication_date"] for one in register["results"]] == sorted(
        (one["publication_date"] for one in register["results"]), reverse=True
    )


def test_the_listing_fits_its_selectors_and_leads_to_articles(server):
    source = next(one for one in server.sources() if one.id == "demo-kanalwerk")
    page = html.fromstring(get(source.url)[2])
    entries = page.xpath("//article[@class='beitrag']")
    assert [entry.findtext("h2/a") for entry in entries] == expected_titles("demo-kanalwerk", LATE)
    assert set(source.selectors) == {"item", "title", "link", "date", "body"}
    status, _, body = get(server.url + entries[0].find("h2/a").get("href"))
    text = html.fromstring(body).xpath("string(//div[@class='beitrag-text'])")
    assert status == 200 and load_world().of_source("demo-kanalwerk", LATE)[0].summary in text


def test_an_article_of_tomorrow_does_not_exist_yet(server):
    href = html.fromstring(fetched(server, "demo-kanalwerk")[2]).xpath("//article/h2/a/@href")[0]
    server.set_night(load_world().of_source("demo-kanalwerk", LATE)[0].published_at - timedelta(seconds=1))
    assert get(server.url + href)[0] == 404


def test_one_feed_redirects_one_is_down_and_one_asks_for_patience_every_other_night(server):
    urls = {source.id: source.url for source in server.sources()}
    assert get(urls["demo-feedwright"])[0] == 302
    assert get(urls["demo-stillwasser"])[0] == 503
    answers = []
    for offset in range(4):
        server.set_night(EARLY + timedelta(days=offset))
        status, headers, _ = get(urls["demo-wellenreiter"])
        answers.append((status, headers.get("retry-after")))
    assert sorted(set(answers), key=str) == [(200, None), (429, "3600")]
    assert answers[:2] == answers[2:] and answers[0] != answers[1]


def test_robots_are_welcome(server):
    status, _, body = get(server.url + "/robots.txt")
    assert status == 200 and b"Allow: /" in body


def test_everything_can_break_and_be_repaired_at_the_same_address(server):
    url = server.sources()[0].url
    server.break_everything()
    assert {get(source.url)[0] for source in server.sources()} == {503}
    server.repair()
    assert get(url)[0] == 200
    server.break_everything(refuse=True)
    with pytest.raises(ConnectionRefusedError):
        get(url)
    server.repair()
    assert get(url)[0] == 200 and server.sources()[0].url == url


def test_requests_are_logged_with_method_path_and_status(server):
    get(server.url + "/robots.txt", method="HEAD")
    get(server.url + "/nowhere")
    assert [(one.method, one.path, one.status) for one in server.requests] == [
        ("HEAD", "/robots.txt", 200),
        ("GET", "/nowhere", 404),
    ]


def test_a_night_without_a_time_zone_is_refused(server):
    with pytest.raises(ValueError, match="time zone"):
        server.set_night(datetime(2024, 1, 1))


def test_ids_are_stable_and_addresses_are_on_loopback():
    with WorldServer() as one, WorldServer() as other:
        assert [source.id for source in one.sources()] == [source.id for source in other.sources()]
        assert all(source.url.startswith(f"http://{one.host}/") for source in one.sources())
        assert {source.min_interval_s for source in one.sources()} == {0}

"""Every source of the catalogue is read from its fixture: a new one is an entry and a file."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from sources import harvest
from trendwarte.catalogue import address_of, expanded, headers_of, is_dated, needs_key, redacted, unfilled
from trendwarte.config_files import load_settings
from trendwarte.settings import Source
from trendwarte.types import Payload, Validators

SEEN_AT = datetime(2026, 11, 19, 4, tzinfo=UTC)
CATALOGUE = load_settings(Path("config"), {}).sources
FIXTURES = Path("tests/data/recorded")
READ = {source.id.partition(":")[0]: source for source in CATALOGUE.values() if source.kind != "other"}
# Their servers give no date; the entries are dated by the night that first saw them.
UNDATED = {
    "us-fcc-news", "eu-dsa-vlop-list", "eu-presscorner-latest", "st-meta", "ota-collections",
    "wp-current-events", "wp-featured-feed",
}  # fmt: skip


def _payload(source: Source) -> Payload:
    (path,) = FIXTURES.glob(f"{source.id.partition(':')[0]}.*")
    url = address_of(source, source.url, SEEN_AT, "key")
    return Payload(source.id, url, 200, "", path.read_bytes(), SEEN_AT, Validators())


def test_every_source_that_is_read_has_one_fixture_and_every_fixture_a_source():
    assert sorted(path.stem for path in FIXTURES.iterdir()) == sorted(READ)


def test_every_source_that_was_researched_is_in_the_catalogue():
    researched = Path(__file__).parents[3] / "shared" / "sources.yaml"
    if not researched.is_file():
        pytest.skip("../shared is absent: no list of researched sources to compare with")
    listed = {one["id"] for one in YAML(typ="safe").load(researched.read_text("utf-8"))["sources"]}
    assert len(listed) == 239
    assert listed <= {source.id.partition(":")[0] for source in CATALOGUE.values()}


def test_a_source_that_needs_a_key_names_the_variable_it_is_read_from():
    keyed = [source for source in CATALOGUE.values() if needs_key(source)]
    assert keyed and all(source.key_env.startswith("TRENDWARTE_KEY_") for source in keyed)


def test_the_catalogue_says_in_words_why_a_source_is_not_read():
    unread = [source for source in CATALOGUE.values() if source.kind == "other"]
    assert unread and all(source.note and not source.is_enabled for source in unread)


@pytest.mark.parametrize("source", READ.values(), ids=READ)
def test_a_source_gives_documents_or_measurements_from_its_fixture(source):
    found = harvest(source, _payload(source), seen_at=SEEN_AT)
    assert len(found)
    for document in found.documents:
        assert document.title and "<" not in document.title + document.summary
        assert not document.url or document.url.startswith(("https://", "http://"))
        assert "{" not in document.url
        is_undated = source.id.partition(":")[0] in UNDATED
        assert ("undated" in document.flags) == is_undated, document.published_raw
        assert is_undated or document.published_at.year == 2026
    for measurement in found.measurements:
        assert measurement.series and measurement.subject
        assert measurement.measured_on.year == 2026 and measurement.value


@pytest.mark.parametrize("source", READ.values(), ids=READ)
def test_an_error_page_is_never_taken_for_news(source):
    page = b"<!doctype html><html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>"
    payload = Payload(source.id, source.url, 200, "text/html", page, SEEN_AT, Validators())
    with pytest.raises(Exception, match=source.id.partition(":")[0]):
        harvest(source, payload, seen_at=SEEN_AT)


def _source(**declared: object) -> Source:
    return Source(**{"id": "s", "name": "S", "kind": "json", "url": "https://a.example/", "source_kind": "blog",
                     "min_interval_s": 0} | declared)  # fmt: skip


def test_an_entry_stands_for_one_request_per_combination_and_labels_it():
    source = _source(
        url="https://a.example/{market}/{subject}/x",
        each={"subject": {"x": "X & Y", "y": "Ä"}, "market": {"de": "de.wiki"}},
    )
    first, second = expanded(source)
    assert (first.id, first.url, first.subject, first.market) == (
        "s:x-de",
        "https://a.example/de.wiki/X%20%26%20Y/x",
        "x",
        "de",
    )
    assert second.url == "https://a.example/de.wiki/%C3%84/x"


def test_days_in_an_address_are_counted_from_the_night():
    source = _source(url="https://a.example/?from={today-30}&to={today|%Y%m%d00}&since={today-1|epoch}")
    assert (
        address_of(source, source.url, SEEN_AT) == "https://a.example/?from=2026-10-20&to=2026111900&since=1794960000"
    )
    assert is_dated(source) and not unfilled(source)


def test_a_placeholder_nobody_fills_is_named():
    assert unfilled(_source(url="https://a.example/{topic}/{today}?k={api_key}")) == ["{topic}"]


def test_a_key_goes_into_headers_and_addresses_and_out_of_every_text():
    source = _source(url="https://a.example/?k={api_key}", headers={"X-Key": "Token {api_key}"}, key_env="K")
    assert needs_key(source)
    assert headers_of(source, "s e") == {"X-Key": "Token s e"}
    url = address_of(source, source.url, SEEN_AT, "s e")
    assert (
        url == "https://a.example/?k=s%20e"
        and redacted(f"{url} refused, s e", "s e") == "https://a.example/?k=*** refused, ***"
    )

"""Other projects' test files, read in place: ``make foreign`` brings them from the package registry."""

import sys
from pathlib import Path

import pytest
from protego import Protego

from trendwarte.errors import FetchError

ROOT = Path(__file__).parents[2]
FOREIGN = ROOT / "build" / "foreign"
sys.path.insert(0, str(ROOT / "benchmarks"))
import feed_conformance  # noqa: E402

# Each looked at: why ours is kept. All other files must agree.
JUDGED = {
    "entry_updated_multiple_values.xml": "two dates of change: the first is taken, as for every other field",
    "http_entry_id_base_content_location.xml": "an id is a name, not an address; resolving it would change the name",
    "http_entry_id_base_docuri.xml": "an id is a name, not an address; resolving it would change the name",
    "http_item_link_base_content_location.xml": "Content-Location as base was dropped from HTTP in 2014 (RFC 7231)",
    "entity_in_doctype.xml": "entities are refused: no source of ours needs them, every bomb does",
    "item_description_and_summary.xml": "one summary is kept, RSS's own description first",
    "item_summary_and_description.xml": "one summary is kept, RSS's own description first",
    "entry_content_iframe.xml": "what stands inside an iframe is seen by nobody",
    "entry_summary_iframe.xml": "what stands inside an iframe is seen by nobody",
    "entry_content_crazy.xml": "the expectation keeps the words of a script; ours has none of them",
    "entry_summary_crazy.xml": "the expectation keeps the words of a script; ours has none of them",
    "entry_title_crazy.xml": "the expectation keeps the words of a script; ours has none of them",
    "item_content_encoded_crazy.xml": "the expectation keeps the words of a script; ours has none of them",
    "item_description_crazy.xml": "the expectation keeps the words of a script; ours has none of them",
    "item_fullitem_crazy.xml": "the expectation keeps the words of a script; ours has none of them",
}


def _suite(pattern: str) -> Path:
    found = sorted(path for path in FOREIGN.glob(pattern) if path.is_dir())
    if not found:
        pytest.skip("no foreign test files here; 'make foreign' brings them")
    return found[-1]


def test_the_test_files_of_feedparser_are_read_as_they_expect_or_the_difference_is_judged():
    verdicts = list(feed_conformance.judged_feedparser(_suite("feedparser-*")))
    assert len(verdicts) > 2_000
    assert not [v for v in verdicts if v.outcome == "crashed"]
    assert max(v.seconds for v in verdicts) < 2, "a file takes longer than any feed may"
    others = {v.path.name for v in verdicts if v.outcome in ("differs", "refused")}
    assert others == set(JUDGED)
    judged = [v for v in verdicts if v.outcome != "silent"]
    assert sum(v.outcome == "agrees" for v in judged) >= 0.98 * len(judged) > 800


def test_real_robots_files_are_obeyed_and_none_stops_us(site, ask, monkeypatch):
    files = sorted(path for path in (_suite("protego-*") / "tests" / "test_data").rglob("*") if path.is_file())
    forbidden = 0
    for path in (sample := files[::14]):
        monkeypatch.setattr("sources.politeness._hosts", {})
        monkeypatch.setattr("sources.politeness._pause", lambda *_: None)
        site.paths = {"/robots.txt": (200, {}, path.read_bytes()), "/search": (200, {}, b"<rss/>")}
        rules = Protego.parse(path.read_bytes().decode("utf-8", "replace"))
        try:
            ask("/search?q=x")
            is_free = True
        except FetchError as error:
            assert error.state == "blocked", path.name
            is_free = False
            forbidden += 1
        assert is_free == rules.can_fetch(f"{site.url}/search?q=x", "test/1"), path.name
        assert len(site.asked("/search?q=x")) == is_free, path.name
        site.seen.clear()
    assert len(sample) > 280 and 30 < forbidden < len(sample) - 30

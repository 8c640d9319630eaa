"""A round of answers is read and kept load by load, in one transaction: what stands afterwards does not show it."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

import flows.collect
from flows.collect import collect, keep
from flows.engine import PlainEngine
from flows.house import opened
from sources import opened as whole
from sources import packed
from trendwarte.config_files import load_settings
from trendwarte.errors import FetchError
from trendwarte.settings import Source
from trendwarte.types import Payload, RunReport, Validators

CONFIG = Path(__file__).parents[2] / "config"
NIGHT = datetime(2026, 11, 2, tzinfo=UTC)
FEEDS = 9
TABLES = ("documents", "payloads", "source_state", "source_health")


def _feed(number: int, night: int) -> bytes:
    """Two entries of its own (one edited each night), one that every feed words differently, one all word alike."""
    told = {
        f"https://site{number}.example/a": "Bleibt",
        f"https://site{number}.example/b": f"Meldung der Nacht {night}",
        "https://shared.example/same": "Dieselben Worte",
        "https://shared.example/other": f"Worte von {number}",
    }
    items = "".join(
        f"<item><title>{title}</title><link>{url}</link><guid>{url}</guid>"
        f"<pubDate>Sun, 01 Nov 2026 07:30:00 GMT</pubDate></item>"
        for url, title in told.items()
    )
    return f"<?xml version='1.0'?><rss version='2.0'><channel><title>S</title>{items}</channel></rss>".encode()


@pytest.fixture
def house_at(tmp_path, monkeypatch):
    """``house_at(name)`` opens a house of ``FEEDS`` sources whose answers are made up here."""
    loaded = load_settings(CONFIG, {})
    sources = {
        f"s{n}": Source(id=f"s{n}", name=f"S{n}", kind="feed", url=f"https://h{n}.example/", source_kind="blog", owner=f"o{n}",
                        min_interval_s=0)
        for n in range(FEEDS)
    }  # fmt: skip
    fetching = loaded.runtime.fetching.model_copy(
        update={"pages_from": ["nobody.example"], "retries": 0, "retry_wait_s": 0}
    )
    runtime = loaded.runtime.model_copy(update={"fetching": fetching})
    settings = loaded.model_copy(update={"sources": sources, "runtime": runtime})

    def fetch(source, held, fetching, *, now, key):
        body = _feed(int(source.id[1:]), (now - NIGHT).days)
        validators = Validators(body_hash=sha256(body).hexdigest())
        return Payload(source.id, source.url, 200, "application/rss+xml", body, now, validators)

    monkeypatch.setattr(flows.collect, "fetch", fetch)
    return lambda name: opened(settings, tmp_path / name)


def _live(house, night: int) -> RunReport:
    as_of = NIGHT + timedelta(days=night)
    report = RunReport(f"n{night}", as_of)
    keep(house, collect(house, as_of, PlainEngine(3)), as_of, report)
    return report


def _rows(house):
    return {
        table: sorted(map(str, house.warehouse.con.execute(f"SELECT * FROM {table}").fetchall())) for table in TABLES
    }


def test_many_loads_keep_what_one_load_keeps_also_what_several_sources_tell(house_at, monkeypatch):
    with house_at("one") as house:
        reports = [_live(house, night) for night in range(3)]
        kept = _rows(house)
        told = dict(house.warehouse.con.execute("SELECT title, source_id FROM documents").fetchall())
    assert told["Dieselben Worte"] == f"s{FEEDS - 1}" and told[f"Worte von {FEEDS - 1}"] == f"s{FEEDS - 1}"
    assert len(kept["documents"]) == 2 * FEEDS + 2 and len(kept["payloads"]) == 3 * FEEDS
    monkeypatch.setattr(flows.collect, "_LOAD_BYTES", 2_000)
    with house_at("many") as house:
        in_loads = [_live(house, night) for night in range(3)]
        assert _rows(house) == kept
    assert [one.counts for one in in_loads] == [one.counts for one in reports]
    assert [one.problems for one in in_loads] == [one.problems for one in reports]


def test_what_breaks_at_the_last_load_leaves_nothing_half_kept_and_the_night_can_run_again(house_at, monkeypatch):
    monkeypatch.setattr(flows.collect, "_LOAD_BYTES", 2_000)
    with house_at("broken") as house:
        store = house.warehouse.documents.store
        calls = []

        def break_down(documents, known):
            calls.append(len(documents))
            if sum(calls) > 2 * FEEDS:
                raise OSError("the power is gone")
            return store(documents, known)

        monkeypatch.setattr(house.warehouse.documents, "store", break_down)
        with pytest.raises(OSError, match="power"):
            _live(house, 0)
        assert len(calls) > 1
        assert _rows(house) == {table: [] for table in TABLES}
        monkeypatch.setattr(house.warehouse.documents, "store", store)
        assert _live(house, 0).counts["documents_new"] == 2 * FEEDS + 2


def test_a_night_that_is_killed_after_keeping_is_still_degraded_when_it_runs_again(house_at, monkeypatch):
    def refuse(source, held, fetching, *, now, key):
        raise FetchError("gone", permanent=True, state="dead", status=404)

    monkeypatch.setattr(flows.collect, "fetch", refuse)
    with house_at("down") as house:
        for sources_tried in (FEEDS, 0):
            collected = collect(house, NIGHT, PlainEngine(3))
            report = RunReport("n0", NIGHT)
            keep(house, collected, NIGHT, report)
            assert report.counts["sources_tried"] == sources_tried
            assert collected.is_degraded


@pytest.mark.parametrize("body", [b"", b"a", b"<rss/>" * 10_000])
def test_a_body_comes_out_of_its_packing_as_it_went_in(body):
    payload = Payload("s", "https://a.example/", 200, "", body, NIGHT, Validators())
    waiting = packed(payload)
    assert waiting.body == b"" and len(waiting.body_zstd) < 200
    assert whole(waiting) == payload

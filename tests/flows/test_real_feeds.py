"""A live night over thirteen real German feeds, served on loopback; the texts stay where they are."""

import shutil
import tarfile
from pathlib import Path

import pytest

from demo import FolderServer
from flows.engine import PlainEngine
from flows.house import now, opened
from flows.monitor import night
from trendwarte.config_files import load_settings
from trendwarte.settings import Source

CONFIG = Path(__file__).parents[2] / "config"
ARCHIVE = Path(__file__).parents[3] / "shared" / "corpus" / "german-real-feeds.tgz"


@pytest.fixture(scope="module")
def feeds(tmp_path_factory):
    if not ARCHIVE.is_file():
        pytest.skip("../shared is absent: no real feeds to run a night over")
    folder = tmp_path_factory.mktemp("feeds")
    with tarfile.open(ARCHIVE) as packed:
        packed.extractall(folder, filter="data")
    for path in folder.rglob("*"):  # names alone decide what is served as a feed
        if path.suffix not in (".xml", ".rss", ".atom") and path.is_file():
            path.unlink()
    return folder


def _settings(server):
    settings = load_settings(CONFIG, {})
    sources = {
        name: Source(id=name, name=name, kind="feed", url=url, lang="de", source_kind="quality_press", min_interval_s=0)
        for name, url in server.feed_urls().items()
    }
    fetching = settings.runtime.fetching.model_copy(update={"allow_hosts": [server.url.removeprefix("http://")]})
    runtime = settings.runtime.model_copy(update={"fetching": fetching})
    return settings.model_copy(update={"sources": sources, "runtime": runtime})


def test_thirteen_real_feeds_are_read_once_and_the_second_run_adds_nothing(feeds, tmp_path):
    with FolderServer(feeds) as server, opened(_settings(server), tmp_path) as house:
        first = night(house, now().replace(microsecond=0), PlainEngine())
        assert len(house.settings.sources) >= 13 and first.outcome == "ok"
        assert first.counts["documents_new"] > 1000 and first.counts["ledger_transitions"] == 0
        # A careful reader finds little about platforms in general news, and never a ban where there was none.
        assert 0 < first.counts["documents_relevant"] < 0.05 * first.counts["documents_new"]
        second = night(house, now().replace(microsecond=0), PlainEngine())
        assert second.outcome == "unchanged" and second.counts["documents_new"] == 0
    shutil.rmtree(tmp_path)

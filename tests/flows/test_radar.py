"""From a text about an unknown app to a watched platform: noticed at night, shown, promoted, read again."""

import json
import shutil
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from alerts import Phrases, ground_text
from flows.engine import PlainEngine
from flows.house import opened
from flows.monitor import night
from tests.flows.calling import trendwarte
from trendwarte.config_files import load_settings
from trendwarte.types import Document
from warehouse import query, radar_lines

ROOT = Path(__file__).parents[2]
FIRST = date(2024, 3, 1)


def told(day, outlet, title, summary=""):
    at = datetime.combine(day, time(8), UTC)
    key = f"{outlet}-{day}-{title}"
    return Document(key, outlet, f"https://{outlet}/{day}", title, summary, outlet, "quality_press", at, at, key)


def nights(config, state, documents, *days):
    """Real nights over these documents; each knows what was published up to its end."""
    reports = []
    with opened(load_settings(config, {}), state) as house:
        for day in days:
            known = [d for d in documents if d.published_at.date() <= day]
            as_of = datetime.combine(day, time(23, 59, 59), UTC)
            reports.append(night(house, as_of, PlainEngine(), known, is_last=day == days[-1]))
    return reports


@pytest.fixture
def config(tmp_path):
    return shutil.copytree(ROOT / "config", tmp_path / "config")


@pytest.fixture
def documents():
    """A month of other news first: outlets need a history before they can say that something is new."""
    before = [
        told(FIRST + timedelta(days=number), outlet, f"Council meets about bridge {number}")
        for number in range(35) for outlet in ("a.example", "b.example")
    ]  # fmt: skip
    later = FIRST + timedelta(days=36)
    return [
        *before,
        told(
            later, "a.example", "Plauderia outage: social media app Plauderia is down", "Users of Plauderia complain."
        ),
        told(later, "b.example", "Hype um die Audio-App Plauderia", "Alle reden über Plauderia."),
        told(later, "a.example", "Dating app Herzilein grows", "The dating app Herzilein has users."),
    ]


def test_an_unknown_app_is_shown_promoted_and_its_kept_documents_are_read_again(config, documents, tmp_path):
    state, day = tmp_path / "state", FIRST + timedelta(days=36)
    reports = nights(config, state, documents, day - timedelta(days=1), day)
    assert reports[0].counts["candidates"] == 0 and reports[1].counts["candidates_new"] == 1
    found = json.loads(trendwarte("radar", "--state", str(state), "--json").stdout)
    (one,) = found["candidates"]
    assert one["name"] == "Plauderia" and one["outlets"] == 2
    assert {e["outlet"] for e in one["evidence"]} == {"a.example", "b.example"}
    assert all("Plauderia" in e["quote"] and e["url"].startswith("https://") for e in one["evidence"])
    assert "unabhängige Quellen" in trendwarte("radar", "--state", str(state), "--lang", "de").stdout
    earlier = trendwarte("radar", "--state", str(state), "--as-of", str(day - timedelta(days=1)), "--json").stdout
    assert json.loads(earlier)["candidates"] == []
    rejected = json.loads(trendwarte("radar", "--state", str(state), "--all", "--json").stdout)["candidates"]
    assert "Plauderia" in {r["name"] for r in rejected}

    (line,) = radar_lines(state / "published" / "trendwarte.duckdb", {}, ["DE"], reports[1].as_of)
    assert line.name == "Plauderia" and line.platform == "" and line.series["mentions"][-1].level == 1.0
    assert {ground.code for ground in line.cautions} == {"unwatched", "unproven"}
    for lang in ("de", "en"):
        said = [ground_text(ground, Phrases(lang, "UTC")) for ground in (*line.reasons, *line.cautions)]
        assert all(said) and not any("{" in text or text in ("social", "spread", "new") for text in said)

    words = ("radar", "promote", "Plauderia", "--config", str(config), "--state", str(state))
    assert Path(trendwarte(*words).stdout.strip()) == config / "platforms" / "plauderia.yaml"
    assert "watched already" in trendwarte(*words, code=2).stderr
    (report,) = nights(config, state, documents, day + timedelta(days=1))
    assert report.is_baseline and report.counts["alerts"] == 0
    assert report.counts["documents_read"] == 2, "only the two that name it"
    assert report.counts["candidates"] == 0
    published = state / "published" / "trendwarte.duckdb"
    assert query(published, "SELECT count(*) FROM mart.platforms WHERE platform = 'plauderia'")[1] == [(1,)]


def test_the_same_night_again_notices_nothing_twice(config, documents, tmp_path):
    state, day = tmp_path / "state", FIRST + timedelta(days=36)
    nights(config, state, documents, day - timedelta(days=1), day)
    rows = (
        "SELECT (SELECT count(*) FROM radar_contexts), (SELECT count(*) FROM radar_mentions), count(*) FROM candidates"
    )
    published = state / "published" / "trendwarte.duckdb"
    before = query(published, rows)[1]
    nights(config, state, documents, day)
    assert query(published, rows)[1] == before


def test_clubhouse_sparks_in_february_2021_and_fades_by_may(ask):
    stages = dict(ask(
        "SELECT as_of::DATE::VARCHAR, stage FROM mart.momentum_stages WHERE platform = 'clubhouse' AND market = 'GLOBAL'"
    ))  # fmt: skip
    assert stages["2021-02-15"] == "spark" and stages["2021-02-01"] == "dormant"
    assert stages["2021-05-05"] == stages["2021-05-10"] == stages["2021-06-09"] == "fading"
    ((q,),) = ask(
        "SELECT durability FROM mart.momentum_stages WHERE platform = 'clubhouse' AND market = 'GLOBAL'"
        " AND as_of::DATE = '2021-05-10'"
    )
    assert 0.05 < q < 0.25


def test_the_brief_says_why_not_to_jump_on_a_spark(ask):
    platforms = load_settings(ROOT / "config", {}).platforms
    at = datetime(2021, 2, 15, 23, 59, 59, tzinfo=UTC)
    lines = radar_lines(ask.state / "published" / "trendwarte.duckdb", platforms, ["DE", "EU"], at)
    (one,) = [line for line in lines if line.platform == "clubhouse"]
    assert one.stage == "spark" and set(one.series) == {"mentions", "page_views"}
    assert max(point.level for point in one.series["page_views"]) == 1.0
    assert {"young", "one_sided", "no_survey"} <= {ground.code for ground in one.cautions}
    assert "3 Tage alt" in ground_text(one.cautions[0], Phrases("de", "UTC"))


def test_every_view_of_the_radar_and_every_column_says_what_it_is(ask):
    silent = ask(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'mart' AND comment IS NULL"
        " AND table_name IN ('momentum', 'momentum_stages', 'candidates')"
    )
    assert silent == []
    assert ask("SELECT count(*) FROM mart.momentum WHERE platform = 'clubhouse' AND input = 'page_views'")[0][0] > 100


def test_what_is_wrong_gets_a_sentence(config, tmp_path):
    words = ("--config", str(config), "--state", str(tmp_path))
    assert "watched already" in trendwarte("radar", "promote", "TikTok", *words, code=2).stderr
    assert "--id" in trendwarte("radar", "promote", "!!!", *words, code=2).stderr
    assert "run a night first" in trendwarte("radar", "--state", str(tmp_path), code=2).stderr
    assert "use de or en" in trendwarte("radar", "--lang", "fr", "--state", str(tmp_path), code=2).stderr

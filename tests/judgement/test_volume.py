"""More sources are not more trouble: fifty feeds added or lost overnight, through the warehouse's own attention."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from trendwarte.config_files import load_settings
from trendwarte.events import summarise
from trendwarte.types import Signal, StoredSignal
from warehouse import Warehouse, load_configuration, score_risk

SETTINGS = load_settings(Path(__file__).parents[2] / "config", {})
START = date(2025, 3, 1)
SWITCH = 60
ORIGINS = [f"origin-{n}" for n in range(8)]
FEEDS = [f"feed-{n}" for n in range(50)]


def report(origin, day, story, *, lang="en", weight=0.65, **more):
    values = {
        "platform": "tiktok", "topic": "security", "jurisdiction": "GLOBAL", "legal_stage": "none",
        "factuality": "asserted", "polarity": "negative", "severity": 3, "confidence": 0.9, "evidence": "q",
        "char_from": 0, "char_to": 1, "rules": (),
    }  # fmt: skip
    at = datetime.combine(START + timedelta(days=day), time(9), UTC)
    key = f"{story}-{origin}"
    return StoredSignal(
        f"s-{key}", f"d-{key}", origin, "quality_press", at, at, False, weight, lang, f"{origin} tells of {story}",
        Signal(**values | more), f"What {origin} knows of {story}.",
    )  # fmt: skip


def small_reports(origins, first, last):
    """Each origin finds a small thing of its own about every eighth day."""
    return {
        f"small-{n}-{day}": [report(origin, day, f"small-{n}-{day}")]
        for day in range(first, last)
        for n, origin in enumerate(origins)
        if (day + n) % 8 == 0
    }


def told(stories, *, day=SWITCH + 30, rules=SETTINGS):
    """The warehouse after stories were told night by night: risk of data on a day, belief and reach by story."""
    with Warehouse(Path(":memory:")) as warehouse:
        warehouse.con.execute("SET threads = 1")
        load_configuration(warehouse.con, rules)
        by_night = {}
        for story, signals in stories.items():
            for signal in signals:
                by_night.setdefault(signal.published_at, {}).setdefault(story, []).append(signal)
        known = {}
        for night in sorted(by_night):
            for story, signals in sorted(by_night[night].items()):
                warehouse.events.add_signals(signals, {s.signal_id: story for s in signals}, "r")
                known.setdefault(story, []).extend(signals)
            warehouse.events.put([summarise(story, known[story]) for story in sorted(by_night[night])], night)
        at = datetime.combine(START + timedelta(days=day), time(23), UTC)
        scores = score_risk(warehouse.con, at, "run", ["GLOBAL"], is_degraded=False)
        rows = warehouse.con.execute(
            "SELECT event_id, round(1 - pow(1 - credibility, attention), 3), reach FROM events"
        ).fetchall()
    risk = next(s.value for s in scores if (s.platform, s.dimension) == ("tiktok", "data"))
    return risk, {event_id: (believed, reach) for event_id, believed, reach in rows}


def agency_stories(first, last):
    """A small thing every second day that five of the feeds print, each in its own words."""
    return {
        f"agency-{day}": [report(FEEDS[(day * 5 + n) % 50], day, f"agency-{day}") for n in range(5)]
        for day in range(first, last, 2)
    }


def test_fifty_feeds_added_overnight_are_not_taken_for_more_trouble():
    ours = small_reports(ORIGINS, 0, SWITCH + 30)
    theirs = small_reports(FEEDS, SWITCH, SWITCH + 30)
    more = theirs | agency_stories(SWITCH, SWITCH + 30)
    blind = SETTINGS.model_copy(update={"scoring": SETTINGS.scoring.model_copy(update={"panel_origins": 1e9})})
    before, with_small, with_more = told(ours)[0], told(ours | theirs)[0], told(ours | more)[0]
    assert with_small == pytest.approx(before, abs=2)
    # Fifteen things that did happen and that eight origins would mostly have told of are something, but no alarm.
    unmeasured = told(ours | more, rules=blind)[0]
    assert before <= with_more and with_more - before < (unmeasured - before) / 3


def test_fifty_feeds_lost_overnight_take_nothing_back():
    many = small_reports([*ORIGINS, *FEEDS], 0, SWITCH)
    silent, _ = told(many)
    fewer, _ = told(many | small_reports(ORIGINS, SWITCH, SWITCH + 30))
    assert fewer >= silent


def test_a_grave_event_weighs_the_same_among_eight_origins_and_among_fifty_eight():
    few = {"grave": [report(origin, SWITCH, "grave") for origin in ORIGINS[:4]]}
    all_of_them = [*ORIGINS, *FEEDS]
    many = {"grave": [report(origin, SWITCH, "grave") for origin in all_of_them[:29]]}
    among_few = told(small_reports(ORIGINS, 30, SWITCH) | few)
    among_many = told(small_reports(all_of_them, 30, SWITCH) | many)
    for believed, reach in (among_few[1]["grave"], among_many[1]["grave"]):
        assert believed > 0.95 and reach == 1
    assert among_many[0] == pytest.approx(among_few[0], abs=4)


def test_one_origin_of_many_is_a_fraction_of_a_voice_and_a_later_report_only_adds_to_it():
    world = small_reports([*ORIGINS, *FEEDS], 30, SWITCH)
    alone = {"one": [report("origin-1", SWITCH, "one")]}
    joined = {"one": [report("origin-1", SWITCH, "one"), report("feed-3", SWITCH + 1, "one")]}
    ours, theirs = told(world | alone)[1]["one"][0], told(world | joined)[1]["one"][0]
    assert ours == pytest.approx(1 - 0.35 ** (10 / 58), abs=1e-3)
    assert theirs == pytest.approx(1 - 0.35 ** (20 / 58), abs=1e-3)


def test_a_country_is_measured_against_the_origins_of_its_language():
    world = small_reports(FEEDS, 30, SWITCH)
    at_home = {"home": [report(f"haus-{n}", SWITCH, "home", lang="de") for n in range(3)]}
    abroad = {"home": [*at_home["home"], report("feed-1", SWITCH + 1, "home")]}
    believed = round(1 - 0.35**3, 3)
    assert told(world | at_home)[1]["home"] == (believed, 1.0)
    assert told(world | abroad)[1]["home"] == (believed, 1.0), "an English report more takes nothing away"


def test_a_step_of_the_law_and_an_official_word_need_no_chorus():
    world = small_reports([*ORIGINS, *FEEDS], 30, SWITCH)
    step = {"legal_stage": "in_force", "verb": "block", "measure": "full_ban", "topic": "legal_ban", "severity": 5}
    found = told(world | {"law": [report("origin-1", SWITCH, "law", jurisdiction="US", **step)]})[1]
    assert found["law"][0] == 0.65

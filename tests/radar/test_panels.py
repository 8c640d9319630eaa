"""What a platform's share of the news says must not depend on which sources are read: random worlds whose panel changes.

Each world is drawn twice from the same numbers: as it is, and with a panel that grows or shrinks on one night. Page
views are high on every night, so the news alone decides whether anything sparks.
"""

from datetime import date, timedelta

import numpy as np
import pytest

from tests.radar.test_momentum import RULES, end_of
from trendwarte.radar.bursts import News, news_attention
from trendwarte.types import Measurement
from warehouse import Warehouse, judge_momentum, measure_momentum

START, DAYS, CHANGE, JUDGED_FROM = date(2024, 1, 1), 240, 120, 75
WORLDS = 30
#: Twenty times forty feeds would only take longer.
MOST_FEEDS = 100


def uniform_log(rng, low, high, size=None):
    return np.exp(rng.uniform(np.log(low), np.log(high), size))


def drawn(rng, volumes, shares):
    """Texts per day and source, and how many of them name the platform."""
    texts = rng.poisson(volumes)
    return texts, rng.binomial(texts, shares)


def panel(rng, size, share):
    """From one text in two days to forty a day; some sources write ten times as much about the platform as others."""
    volumes = np.repeat(uniform_log(rng, 0.5, 40, size)[None], DAYS, axis=0)
    return volumes, np.minimum(0.5, share * np.exp(rng.normal(0, 1, size)))[None]


def grown(rng, change):
    """A world without and with the change; ``factor`` is by how much the panel grows or shrinks, ``richer`` how much
    more (or less) the added texts are about the platform."""
    share, factor, richer = uniform_log(rng, 0.0002, 0.03), uniform_log(rng, 2, 20), uniform_log(rng, 0.1, 20)
    size = int(rng.integers(3, 40))
    volumes, shares = panel(rng, size, share)
    texts, named = drawn(rng, volumes, shares)
    later = np.arange(DAYS)[:, None] >= CHANGE
    if change == "feeds are added":
        more, theirs = panel(rng, max(1, min(MOST_FEEDS, int(size * (factor - 1)))), min(0.3, share * richer))
        added = drawn(rng, more * later, theirs)
        return (texts, named), tuple(np.concatenate(pair, axis=1) for pair in zip((texts, named), added, strict=True))
    if change == "feeds are added one by one":
        more, theirs = panel(rng, max(1, min(MOST_FEEDS, int(size * (factor - 1)))), min(0.3, share * richer))
        since = np.arange(DAYS)[:, None] >= rng.integers(60, 200, more.shape[1])[None]
        added = drawn(rng, more * since, theirs)
        return (texts, named), tuple(np.concatenate(pair, axis=1) for pair in zip((texts, named), added, strict=True))
    if change == "feeds are lost":
        kept = rng.permutation(size) >= int(size * (1 - 1 / factor))
        kept[rng.integers(size)] = True
        return (texts, named), (texts * (~later | kept), named * (~later | kept))
    if change == "feeds bring more":
        who = rng.random(size) < rng.uniform(0.2, 1)
        more = drawn(rng, volumes * later * who * (factor - 1), np.minimum(0.5, shares * richer))
        return (texts, named), (texts + more[0], named + more[1])
    if change == "feeds bring more and more":
        growth = factor ** np.clip((np.arange(DAYS)[:, None] - 60) / 120, 0, 1)
        return (texts, named), drawn(rng, volumes * growth, shares)
    who = later & (rng.random(size) < rng.uniform(0.2, 1))
    left = rng.binomial(named, min(1.0, richer / factor)), rng.binomial(texts - named, 1 / factor)
    return (texts, named), (np.where(who, sum(left), texts), np.where(who, left[0], named))


def days_that_burst(world):
    texts, named = world
    volumes, told, firsts = {}, {}, {}
    for day, source in zip(*map(list, np.nonzero(texts)), strict=True):
        on, name = START + timedelta(days=int(day)), f"s{source}"
        firsts.setdefault(name, on)
        volumes[name, "en", on] = float(texts[day, source])
        told["quillow", name, "en", on] = float(named[day, source])
    last = START + timedelta(days=DAYS - 1)
    found = news_attention(News(volumes, told, firsts), {"en": ["GLOBAL"]}, {}, START, last, RULES)
    number = {one: (one.measured_on - START).days for one in found}
    return {number[one] for one in found
            if one.burst >= RULES.burst_level and one.step > 0 and number[one] >= JUDGED_FROM}  # fmt: skip


def worlds_with_new_bursts(change):
    """Seeds of worlds that burst where, within two weeks, nothing bursts without the change."""
    found = []
    for seed in range(WORLDS):
        without, changed = grown(np.random.default_rng(seed), change)
        usual = {day + near for day in days_that_burst(without) for near in range(-14, 15)}
        if days_that_burst(changed) - usual:
            found.append(seed)
    return found


@pytest.mark.parametrize(
    ("change", "at_most"),
    [
        # Over these months chance alone makes three in a hundred worlds burst where one text in a thousand names the
        # platform, and a panel that changed throws other dice.
        ("feeds are added", 1),
        ("feeds are lost", 1),
        ("feeds are added one by one", 1),
        ("feeds bring more and more", 1),
        # Feeds too small to be told from chance, or not quite doubled, still speak. Were every feed believed whatever
        # it brings, twelve and five of these worlds would burst.
        ("feeds bring more", 3),
        ("feeds bring less", 3),
    ],
)
def test_a_panel_that_changes_makes_no_burst_that_was_not_there(change, at_most):
    found = worlds_with_new_bursts(change)
    assert len(found) <= at_most, found


@pytest.mark.parametrize(
    ("change", "at_least"),
    [
        # Without any change 29 of 30 are found, and after these changes 29 or 30.
        ("feeds are added", 27),
        ("feeds are added one by one", 27),
        ("feeds bring more", 27),
        ("feeds bring more and more", 27),
        # 19 and 23: of a panel that lost nineteen of twenty texts little is left that could name anything.
        ("feeds are lost", 17),
        ("feeds bring less", 21),
    ],
)
def test_forty_days_after_its_panel_changed_a_platform_named_ten_times_as_often_bursts(change, at_least):
    days = range(CHANGE + 40, CHANGE + 50)
    found = 0
    for seed in range(WORLDS):
        _, (texts, named) = grown(np.random.default_rng(seed), change)
        often = np.isin(np.arange(DAYS), days)[:, None] * min(0.5, 9 * named.sum() / texts.sum())
        more = np.random.default_rng(seed + 1000).binomial(texts - named, often)
        found += bool(days_that_burst((texts, named + more)).intersection(days))
    assert found >= at_least


def press(seed, volumes, burst_on, burst_days, times=25, share=0.002):
    """Sources with these texts per day, and a platform that is named ``times`` as often for some days."""
    is_on = np.isin(np.arange(DAYS), range(burst_on, burst_on + burst_days))[:, None]
    return volumes, np.random.default_rng(seed).binomial(volumes, np.where(is_on, times * share, share))


@pytest.mark.parametrize("pause", [range(110, 145), range(110, 152), range(160, 166)])
def test_a_pause_of_collecting_delays_no_burst_after_it(pause):
    volumes = np.random.default_rng(1).poisson(150, (DAYS, 10))
    volumes[list(pause)] = 0
    for burst_on in range(pause.stop, pause.stop + 60, 6):
        assert burst_on in days_that_burst(press(2, volumes, burst_on, 7)), burst_on


def test_a_pause_of_collecting_makes_no_burst():
    found = []
    for seed in range(WORLDS):
        volumes = np.random.default_rng(seed).poisson(150, (DAYS, 10))
        volumes[110:145] = 0
        found += [seed] if days_that_burst(press(seed, volumes, DAYS, 0)) else []
    # Chance, as without any pause.
    assert len(found) <= 1, found


@pytest.mark.parametrize(("every", "within"), [(7, 3), (14, 5), (30, 14)])
def test_feeds_that_bring_fifty_texts_at_once_now_and_then_are_heard(every, within):
    volumes = np.zeros((DAYS, 10), int)
    for source in range(10):
        volumes[source * every // 10 :: every, source] = 50
    for burst_on in range(100, 201, 20):
        days = days_that_burst(press(burst_on, volumes, burst_on, 20, share=0.004))
        assert days.intersection(range(burst_on, burst_on + within)), burst_on


def test_a_feed_that_brings_fifty_texts_a_month_and_then_every_day_is_no_longer_heard_after_three_days():
    volumes = np.full((DAYS, 2), 20)
    volumes[:120, 0], volumes[:120:30, 0], volumes[120:, 0] = 0, 50, 50
    named = volumes // np.where(np.arange(DAYS) < 120, 50, 5)[:, None] * [1, 0]
    assert days_that_burst((volumes, named)) <= set(range(120, 123))


@pytest.fixture
def house(tmp_path):
    with Warehouse(tmp_path / "w.duckdb") as warehouse:
        yield warehouse


def tell(house, world, platform):
    """Put a world's texts and page views into the warehouse."""
    texts, named = world
    at = np.nonzero(texts)
    cells = {"day": at[0].tolist(), "source": at[1].tolist(), "n": texts[at].tolist(), "named": named[at].tolist()}
    house.con.execute(
        "CREATE OR REPLACE TEMP TABLE told AS SELECT 's' || source AS source, $start::DATE + day::INTEGER AS day,"
        " n::INTEGER AS n, named::INTEGER AS named FROM (SELECT unnest($day) AS day, unnest($source) AS source,"
        " unnest($n) AS n, unnest($named) AS named)",
        cells | {"start": START},
    )
    house.con.execute("INSERT INTO source_days SELECT source, source, 'en', day, n FROM told")
    house.con.execute(
        "CREATE OR REPLACE TEMP TABLE texts AS SELECT source || '-' || day || '-' || k AS id, source,"
        " day::TIMESTAMPTZ + INTERVAL 8 HOUR AS told_at FROM told, unnest(range(named)) r(k) WHERE named > 0"
    )
    house.con.execute(
        "INSERT INTO documents (document_id, source_id, url, title, summary, text, text_quality, lang, outlet,"
        " source_kind, published_at, first_seen_at, content_hash)"
        " SELECT id, source, '', 't', '', '', 'title', 'en', source, 'quality_press', told_at, told_at, id FROM texts"
    )
    house.con.execute(
        "INSERT INTO signals (signal_id, document_id, event_id, platform, topic, dimension, jurisdiction, legal_stage,"
        " factuality, polarity, role, is_recap, severity, confidence, weight, origin, source_kind, lang, evidence,"
        " char_from, char_to, rules, published_at, known_from, reader_version)"
        " SELECT id, id, 'e', $platform, 'audience_growth', 'none', 'GLOBAL', 'none', 'asserted', 'positive', 'subject',"
        " FALSE, 2, .9, .5, source, 'quality_press', 'en', 't', 0, 1, 'r', told_at, told_at, 'test' FROM texts",
        {"platform": platform},
    )
    views = [Measurement("views", "page_views", platform, "en", START + timedelta(days=day), 500 + 9000 * (day >= 90))
             for day in range(DAYS)]  # fmt: skip
    house.sources.keep_measurements(views, end_of(START))


def stages_of(house, world, nights):
    """Stage by night of judgement."""
    for table in ("documents", "signals", "source_days", "momentum", "momentum_stages", "measurements"):
        house.con.execute(f"DELETE FROM {table}")
    tell(house, world, "quillow")
    found = {}
    for night in nights:
        as_of = end_of(START + timedelta(days=night))
        measure_momentum(house.con, as_of, "r", {"quillow": "quillow"}, RULES)
        (found[night],) = [one.stage for one in judge_momentum(house.con, as_of, "r", [], RULES)]
    return found


@pytest.mark.parametrize("change", ["feeds are added", "feeds are lost", "feeds bring more and more"])
@pytest.mark.parametrize("seed", [100, 101, 102])
def test_a_panel_that_changes_moves_no_stage_of_a_platform_nobody_talks_of_more(house, change, seed):
    _, changed = grown(np.random.default_rng(seed), change)
    nights = [*range(100, CHANGE, 10), *range(CHANGE, CHANGE + 6), *range(CHANGE + 10, DAYS, 9)]
    assert set(stages_of(house, changed, nights).values()) == {"dormant"}


@pytest.mark.parametrize("change", ["feeds are added", "feeds are lost", "feeds bring more", "feeds bring less"])
@pytest.mark.parametrize("seed", [200, 201])
def test_a_panel_that_changes_in_the_middle_of_a_hype_makes_nothing_fade(house, change, seed):
    rng = np.random.default_rng(seed)
    _, (texts, _) = grown(rng, change)
    # From day 100 on every text in ten is about it, in old sources as in new ones, and it stays so.
    hyped = rng.binomial(texts, np.where(np.arange(DAYS)[:, None] >= 100, 0.1, 0.002))
    nights = [99, 106, *range(113, DAYS, 9)]
    stages = stages_of(house, (texts, hyped), nights)
    assert stages[106] == "spark" and "fading" not in stages.values()

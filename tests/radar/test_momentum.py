"""Bursts, stages and durability on a real warehouse; feeds that come and go over night make no trend."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from trendwarte.radar.momentum import Inputs, Standing, new_sparks, stage_in, unmoved
from trendwarte.rules import Momentum
from trendwarte.settings import Jurisdiction
from trendwarte.types import Measurement
from warehouse import Warehouse, judge_momentum, measure_momentum

RULES = Momentum(markets={"en": "GLOBAL", "de": "DE"})
START = date(2024, 1, 1)


def end_of(day):
    return datetime.combine(day, time(23, 59, 59), UTC)


@pytest.fixture
def house(tmp_path):
    with Warehouse(tmp_path / "w.duckdb") as warehouse:
        yield warehouse


def tell(house, sources, span, documents, naming=0, every=1):
    """Sources that bring ``documents`` texts on each day of ``span``, ``naming`` of them (every nth day) on quillow."""
    house.con.execute(
        """
        CREATE OR REPLACE TEMP TABLE told AS
        SELECT s || '-' || d || '-' || n AS id, s AS source, d::TIMESTAMPTZ + INTERVAL 8 HOUR AS told_at,
               n <= $naming AND date_diff('day', $first::DATE, d) % $every = 0 AS is_named
        FROM unnest($sources) a(s), unnest($span::DATE[]) b(d), range(1, $documents + 1) c(n)""",
        {"sources": sources, "span": span, "documents": documents, "naming": naming, "every": every, "first": span[0]},
    )
    house.con.execute(
        "INSERT INTO documents (document_id, source_id, url, title, summary, text, text_quality, lang, outlet,"
        " source_kind, published_at, first_seen_at, content_hash)"
        " SELECT id, source, '', 't', '', '', 'title', 'en', source, 'quality_press', told_at, told_at, id FROM told"
    )
    house.con.execute(
        "INSERT INTO signals (signal_id, document_id, event_id, platform, topic, dimension, jurisdiction, legal_stage,"
        " factuality, polarity, role, is_recap, severity, confidence, weight, origin, source_kind, lang, evidence,"
        " char_from, char_to, rules, published_at, known_from, reader_version)"
        " SELECT id, id, 'e', 'quillow', 'audience_growth', 'none', 'GLOBAL', 'none', 'asserted', 'positive', 'subject',"
        " FALSE, 2, .9, .5, source, 'quality_press', 'en', 't', 0, 1, 'r', told_at, told_at, 'test' FROM told WHERE is_named"
    )
    house.radar.count_days(span)


def view(house, span, value):
    house.sources.keep_measurements(
        [Measurement("views", "page_views", "quillow", "en", day, value) for day in span], end_of(START)
    )


def judge(house, day, established=()):
    measure_momentum(house.con, end_of(day), "r", {"quillow": "quillow"}, RULES)
    found = judge_momentum(house.con, end_of(day), "r", established, RULES)
    return next((one for one in found if one.platform == "quillow" and one.market == "GLOBAL"), None)


def days(first, count):
    return [START + timedelta(days=first + offset) for offset in range(count)]


OLD = [f"old-{number}" for number in range(5)]


def steady_world(house, until):
    """Five sources, twenty texts a day each; one text a week names the platform; its article is read 500 times."""
    tell(house, OLD[:1], days(0, until), 20, 1, every=7)
    tell(house, OLD[1:], days(0, until), 20)
    view(house, days(0, until), 500)


def test_attention_in_two_inputs_is_a_spark_then_hype_then_fading(house):
    steady_world(house, 100)
    tell(house, OLD, days(100, 10), 20, 2)
    tell(house, OLD, days(110, 70), 20)
    view(house, days(100, 10), 9000)
    view(house, days(110, 70), 700)
    judge(house, days(99, 1)[0])
    spark = judge(house, days(109, 1)[0])
    assert spark.stage == "spark" and spark.bursting == "mentions page_views" and spark.durability is None
    assert judge(house, days(135, 1)[0]).stage == "hype"
    gone = judge(house, days(160, 1)[0])
    assert gone.stage == "fading" and gone.durability < 0.25 and gone.peak_on <= days(112, 1)[0]
    assert judge(house, days(170, 1)[0]).stage_since == days(160, 1)[0], "one more night does not begin it anew"


def test_an_audience_that_stays_for_ninety_days_is_sustained(house):
    steady_world(house, 100)
    tell(house, OLD, days(100, 100), 20, 2)
    view(house, days(100, 100), 9000)
    judge(house, days(99, 1)[0])
    assert judge(house, days(109, 1)[0]).stage == "spark"
    assert judge(house, days(170, 1)[0]).stage == "hype"
    stayed = judge(house, days(199, 1)[0])
    assert stayed.stage == "sustained" and stayed.durability > 0.8


def test_one_loud_input_is_no_spark(house):
    steady_world(house, 100)
    tell(house, OLD, days(100, 10), 20)
    view(house, days(100, 10), 50_000)
    judge(house, days(99, 1)[0])
    one = judge(house, days(109, 1)[0])
    assert one.stage == "dormant" and one.bursting == "page_views"


@pytest.mark.parametrize(("documents", "naming"), [(20, 0), (5, 1), (20, 10)])
def test_fifty_feeds_that_are_added_overnight_make_no_spark(house, documents, naming):
    # The article is read more than usual too: the news alone decides whether two inputs burst.
    steady_world(house, 140)
    view(house, days(90, 50), 9000)
    tell(house, [f"new-{number}" for number in range(50)], days(90, 50), documents, naming)
    judged = [judge(house, day) for day in [*days(89, 3), *days(116, 6), days(139, 1)[0]]]
    assert {one.stage for one in judged} == {"dormant"}
    assert not any("mentions" in one.bursting for one in judged)


def test_fifty_feeds_that_are_lost_overnight_make_nothing_fade(house):
    many = [f"tech-{number}" for number in range(50)]
    tell(house, many, days(0, 80), 4)
    tell(house, many, days(80, 10), 4, 1)
    tell(house, OLD, days(0, 80), 20)
    tell(house, OLD, days(80, 80), 20, 1)
    view(house, days(0, 80), 500)
    view(house, days(80, 80), 9000)
    judge(house, days(79, 1)[0])
    assert judge(house, days(89, 1)[0]).stage == "spark"
    held = [judge(house, day) for day in [*days(90, 3), *days(120, 3), *days(145, 10)[::3]]]
    assert {one.stage for one in held} <= {"spark", "hype"}
    assert held[-1].durability > 0.8


def test_fifty_feeds_that_come_or_go_in_the_middle_of_a_hype_change_neither_its_stage_nor_its_durability(house):
    # Here the stage is looked at anew on every night: a hype is on.
    many = [f"new-{number}" for number in range(50)]
    steady_world(house, 100)
    tell(house, OLD, days(100, 70), 20, 2)
    view(house, days(100, 70), 9000)
    judge(house, days(99, 1)[0])
    assert judge(house, days(109, 1)[0]).stage == "spark"
    alone = judge(house, days(149, 1)[0])
    tell(house, many, days(150, 12), 20)
    with_feeds = [judge(house, day) for day in days(150, 12)[::4]]
    without = [judge(house, day) for day in days(162, 8)[::3]]
    assert {one.stage for one in [alone, *with_feeds, *without]} == {"hype"}
    assert {one.spark_on for one in [alone, *with_feeds, *without]} == {alone.spark_on}
    assert all(one.durability == pytest.approx(alone.durability, abs=0.1) for one in [*with_feeds, *without])


def test_the_level_of_a_day_is_the_mean_of_its_week_whenever_it_is_counted(house):
    steady_world(house, 60)
    view(house, days(60, 7), 1200)
    for day in days(59, 8):
        judge(house, day)
    levels = dict(
        house.con.execute(
            "SELECT measured_on, level FROM momentum WHERE input = 'page_views' AND market = 'GLOBAL'"
        ).fetchall()
    )
    assert [levels[day] for day in days(60, 7)] == pytest.approx([500 + 100 * n for n in range(1, 8)])


def test_what_a_chart_does_not_rank_is_at_zero_there_and_a_day_without_an_answer_is_no_day(house):
    ranked = [Measurement("top", "chart_rank_social", "Quillow: Chat", "us", day, 1) for day in days(0, 40)[::2]]
    others = [Measurement("top", "chart_rank_social", "Other", "us", day, 2) for day in days(0, 40)]
    silent = days(0, 40)[9]
    house.sources.keep_measurements([one for one in [*ranked, *others] if one.measured_on != silent], end_of(START))
    rules = RULES.model_copy(update={"markets": {"us": "US"}})
    measure_momentum(house.con, end_of(days(39, 1)[0]), "r", {"quillow": "quillow"}, rules)
    values = dict(house.con.execute("SELECT measured_on, value FROM momentum WHERE input = 'chart'").fetchall())
    assert values == {day: float(number % 2 == 0) for number, day in enumerate(days(0, 40)) if day != silent}


def test_silence_of_the_sources_makes_nothing_fade(house):
    steady_world(house, 60)
    tell(house, OLD, days(60, 10), 20, 2)
    view(house, days(60, 10), 9000)
    judge(house, days(59, 1)[0])
    assert judge(house, days(69, 1)[0]).stage == "spark"
    silent = judge(house, days(115, 1)[0])
    assert silent is None or (silent.stage == "hype" and silent.durability is None)


@pytest.mark.parametrize("pause", [0, 20])
def test_days_without_collecting_leave_durability_as_it_is(house, pause):
    steady_world(house, 100)
    tell(house, OLD, days(100, 10), 20, 2)
    view(house, days(100, 70), 9000)
    tell(house, OLD, days(110, 32), 20)
    tell(house, OLD, days(142 + pause, 28 - pause), 20)
    judge(house, days(99, 1)[0])
    assert judge(house, days(109, 1)[0]).stage == "spark"
    # Readers stay, the news is silent: half of the two.
    assert judge(house, days(169, 1)[0]).durability == pytest.approx(0.5, abs=0.1)


def test_the_calm_after_a_scandal_is_no_fading_of_an_established_platform(house):
    steady_world(house, 100)
    tell(house, OLD, days(100, 5), 20, 8)
    tell(house, OLD, days(105, 60), 20)
    view(house, days(100, 5), 90_000)
    view(house, days(105, 60), 500)
    judge(house, days(99, 1)[0], ["quillow"])
    assert {judge(house, day, ["quillow"]).stage for day in days(104, 60)[::12]} == {"sustained"}


def test_the_same_night_twice_gives_the_same(house):
    steady_world(house, 70)
    day = days(69, 1)[0]
    assert judge(house, day) == judge(house, day)
    ((rows,),) = house.con.execute(
        "SELECT count(*) FROM momentum_stages WHERE platform = 'quillow' AND market = 'GLOBAL'"
    ).fetchall()
    assert rows == 1


def standing(market, stage, spark_on=None):
    return Standing("quillow", market, stage, START, spark_on, None, None, 2)


def test_a_client_gets_the_most_cautious_stage_of_its_markets():
    places = {"DE": Jurisdiction(id="DE", name_de="", name_en="", parent="EU"),
              "EU": Jurisdiction(id="EU", name_de="", name_en="", parent="GLOBAL")}  # fmt: skip
    held = [standing("GLOBAL", "sustained"), standing("DE", "fading"), standing("US", "spark")]
    assert stage_in(held, ["DE"], places).stage == "fading"
    assert stage_in(held, ["FR"], places).stage == "sustained"
    assert stage_in([], ["DE"], places) is None


@pytest.mark.parametrize(
    ("stage", "spark_on", "loud", "days_later", "is_calm"),
    [
        ("dormant", None, 1, 9, True),
        ("dormant", START, 0, 9, True),
        ("dormant", None, 2, 9, False),
        ("sustained", None, 3, 9, True),
        ("sustained", START, 0, 9, False),
        ("spark", START, 0, 9, False),
        ("hype", START, 0, 9, False),
        ("fading", START, 0, 9, True),
        ("fading", START, 2, 9, False),
        ("fading", START, 0, 14, False),
        ("fading", START, 0, 181, False),
    ],
)
def test_a_night_is_calm_when_no_stage_can_have_changed(stage, spark_on, loud, days_later, is_calm):
    inputs = [Inputs("quillow", "DE", 2, loud, "mentions")]
    found = unmoved([standing("DE", stage, spark_on)], inputs, [], START + timedelta(days=days_later), RULES)
    assert (found is not None) == is_calm
    if found:
        assert found == [replace(standing("DE", stage, spark_on), bursting="mentions")]


def test_who_was_never_judged_begins_dormant_or_established():
    inputs = [Inputs(name, "DE", 1, 0, "") for name in ("murmel", "quillow")]
    found = unmoved([], inputs, ["quillow"], START, RULES)
    assert [(one.stage, one.stage_since) for one in found] == [("dormant", START), ("sustained", START)]


def test_a_spark_is_new_once():
    first = standing("DE", "spark", START)
    assert new_sparks([standing("DE", "dormant")], [first]) == [first] and new_sparks([first], [first]) == []


def test_a_baseline_shorter_than_a_week_is_refused_and_one_of_a_week_works(house):
    with pytest.raises(ValueError, match="baseline_days\n  Input should be greater than or equal to 7"):
        Momentum(baseline_days=6)
    steady_world(house, 60)
    rules = RULES.model_copy(update={"baseline_days": 7, "gap_days": 0})
    measure_momentum(house.con, end_of(days(59, 1)[0]), "r", {"quillow": "quillow"}, rules)
    assert house.con.execute("SELECT count(*) FROM momentum WHERE input = 'mentions'").fetchone() != (0,)

"""The simpler methods, each on an example that is worked out by hand beside it."""

from datetime import timedelta

import pytest

from tests.judgement.backtest_facts import day, night
from trendwarte.baselines import Naming, alerts_of, bad_mood, ban_share, days_between, mention_z, reprisk
from trendwarte.measuring import EventSeen

MONTH = days_between(day("1"), day("31"))


def naming(on, mood=None, *, ban=False, platform="tiktok"):
    return Naming(day(on), platform, ban, mood)


def event(on, severity=5, reach=1.0, novelty=1.0, polarity="negative", credibility=0.9):
    return EventSeen("tiktok", "US", "legal", day(on), polarity, severity, reach, novelty, credibility)


def at(series, on, platform="tiktok"):
    return dict(series[platform])[day(on)]


def test_days_between_are_all_of_them():
    assert [d.day for d in days_between(day("30"), day("04-01"))] == [30, 31, 1]
    assert days_between(day("2"), day("1")) == []


# --- B1: mentions ----------------------------------------------------------------------------


def test_b1_counts_standard_deviations_of_the_share_of_the_day_s_documents():
    # 20 days with 100 documents each, of which 1, 3, 1, 3 ... name the platform: mean .02, spread .01. On the 21st it is
    # 8 of 100: (.08 - .02) / (.01 + .001) = 60 / 11. The thousandth keeps a platform nobody names from infinity.
    totals = dict.fromkeys(MONTH, 100)
    told = [naming(str(n)) for n in range(1, 21) for _ in range(1 if n % 2 else 3)] + [naming("21")] * 8
    series = mention_z(told, totals, MONTH)
    assert at(series, "21") == pytest.approx(60 / 11)
    assert at(series, "15") == pytest.approx(-10 / 11), "a day of one: (.01 - .02) / .011"


def test_b1_is_silent_as_long_as_it_has_no_past_to_compare_with():
    series = mention_z([naming("1")] * 50 + [naming("14")] * 50, dict.fromkeys(MONTH, 100), MONTH)
    assert at(series, "1") == at(series, "14") == 0.0


def test_b1_knows_the_archive_from_before_the_period():
    totals = dict.fromkeys(days_between(day("01-01"), day("31")), 100)
    assert at(mention_z([naming("1")] * 11, totals, MONTH), "1") == pytest.approx(0.11 / 0.001)


def test_b1_days_without_any_document_are_no_days_on_which_nobody_was_named():
    totals = dict.fromkeys(days_between(day("02-15"), day("28")), 10)
    told = [naming(d.isoformat()[5:]) for d in totals]
    series = mention_z(told, totals, days_between(day("28"), day("31")))
    assert at(series, "28") == pytest.approx(0.0), "one in ten as always; the empty days before pull no mean down"
    assert at(series, "31") == 0.0, "an empty day says nothing, neither a silence nor a division by it"


# --- B2 and B3: words and mood ---------------------------------------------------------------


def test_b2_is_the_per_cent_of_documents_with_a_word_of_banning_from_two_such_on():
    told = [naming("5", ban=True)] * 2 + [naming("5")] * 3 + [naming("6", ban=True)] + [naming("7")] * 4
    series = ban_share(told, MONTH)
    assert (at(series, "5"), at(series, "6"), at(series, "7"), at(series, "8")) == (40.0, 0.0, 0.0, 0.0)
    assert ban_share([], MONTH) == {}


def test_b3_is_the_mean_mood_of_seven_days_turned_round_from_three_signals_on():
    told = [naming("1", -1.0), naming("4", -1.0), naming("5", 1.0), naming("5"), naming("7", 0.0)]
    series = bad_mood(told, MONTH)
    # Until the 4th two signals; on the 5th -1, -1, 1; on the 7th one more of 0; on the 8th the first has left.
    assert [round(at(series, on), 3) for on in ("4", "5", "7", "8", "11")] == [0.0, 33.333, 25.0, 0.0, 0.0]
    assert bad_mood([naming("1")], MONTH) == {}


# --- B5: the published formula ---------------------------------------------------------------


def test_b5_one_grave_new_incident_that_everybody_tells_of():
    # v = (3 * 3 * 2) ** (1/3) / 3 = 2.6207 / 3 = .87358; one incident in 60 days: .5 + .1 = .6; w = 1 on its day.
    series = reprisk([event("10")], MONTH)
    assert at(series, "9") == 0.0
    assert at(series, "10") == pytest.approx(100 * 0.6 * 18 ** (1 / 3) / 3)
    # Ten days on w = 1 - (10 / 730) / 2 = .99315.
    assert at(series, "20") == pytest.approx(100 * 0.6 * 18 ** (1 / 3) / 3 * (1 - 10 / 1460))


@pytest.mark.parametrize(
    ("severity", "reach", "novelty", "product"),
    [(1, 0.4, 0.75, 1), (3, 0.4, 0.75, 2), (5, 0.4, 0.75, 3), (1, 0.7, 0.75, 2), (1, 1.0, 0.75, 3), (1, 0.4, 1.0, 2)],
)
def test_b5_our_five_grades_of_severity_and_three_of_reach_are_its_three_and_novelty_its_two(
    severity, reach, novelty, product
):
    series = reprisk([event("10", severity, reach, novelty)], MONTH)
    assert at(series, "10") == pytest.approx(100 * 0.6 * product ** (1 / 3) / 3)


@pytest.mark.parametrize(
    ("incidents", "intensity"),
    [(1, 0.6), (8, 1.3), (9, 1.35), (12, 1.5), (13, 1.52), (20, 1.66), (21, 1.66), (40, 1.66)],
)
def test_b5_intensity_grows_with_the_incidents_of_sixty_days_in_three_slopes_to_a_lid(incidents, intensity):
    series = reprisk([event("10", 1, 0.4, 0.75)] * incidents, MONTH)
    assert at(series, "10") == pytest.approx(100 * intensity / 3)


def test_b5_after_sixty_days_without_an_incident_half_the_intensity_is_left_and_after_two_years_nothing():
    days = days_between(day("10"), day("10") + timedelta(days=731))
    values = dict(reprisk([event("10", 1, 0.4, 0.75)], days)["tiktok"])
    assert values[day("10") + timedelta(days=60)] == pytest.approx(100 * 0.6 / 3 * (1 - 60 / 1460))
    assert values[day("10") + timedelta(days=61)] == pytest.approx(100 * 0.5 / 3 * (1 - 61 / 1460))
    assert values[day("10") + timedelta(days=730)] == pytest.approx(100 * 0.5 / 3 / 2)
    assert values[day("10") + timedelta(days=731)] == 0.0


def test_b5_is_clipped_at_a_hundred_and_counts_adverse_believed_events_only():
    assert at(reprisk([event("10")] * 30, MONTH), "10") == 100.0
    assert reprisk([event("10", polarity="positive"), event("10", credibility=0.0)], MONTH) == {}


# --- from a series to alerts, and B0 ---------------------------------------------------------


def called(values, bands=("test",) * 31, threshold=50.0, cooldown=14, purposes=("advertising",)):
    """Days on which the snack brand hears of a series that begins on the first."""
    series = {"tiktok": [(day("1") + timedelta(days=n), value) for n, value in enumerate(values)]}
    nights = [night(day("1") + timedelta(days=n), band) for n, band in enumerate(bands)]
    scored = {("snack-us", "tiktok", purpose): nights for purpose in purposes}
    return [one.on.day for one in alerts_of(series, threshold, scored, cooldown)]


def test_a_series_that_crosses_its_threshold_calls_once_and_again_after_a_fortnight():
    assert called([0, 60, 60, 0, 60]) == [2]
    assert called([0, 60] + [0] * 13 + [60]) == [2], "fourteen days later it is still too early"
    assert called([0, 60] + [0] * 14 + [60]) == [2, 17]
    assert called([0, 50]) == [2] and called([0, 49.9]) == [] and called([]) == []


def test_what_lies_above_from_the_first_day_crosses_nothing():
    assert called([60, 60, 60]) == [] and called([60, 0, 60]) == [3]


def test_nobody_is_called_who_does_not_hold_test_or_better():
    for band in ("watch", "avoid", "exit", "unknown"):
        assert called([0, 60], bands=(band,) * 31) == []
    assert called([0, 60], bands=("recommend",) * 31) == [2]


def test_our_own_fall_does_not_silence_a_method_that_is_a_few_days_later():
    fallen = ("recommend",) * 3 + ("exit",) * 28
    assert called([0] * 9 + [60], bands=fallen) == [10], "a week after the last good night"
    assert called([0] * 10 + [60], bands=fallen) == []


def test_one_purpose_that_is_held_is_enough_and_two_make_no_second_alert():
    series = {"tiktok": [(day("1"), 0.0), (day("2"), 60.0)]}
    good, bad = [night("1", "test"), night("2", "test")], [night("1", "avoid"), night("2", "avoid")]
    for first, last in ((good, bad), (bad, good), (good, good)):
        scored = {("snack-us", "tiktok", "advertising"): first, ("snack-us", "tiktok", "earned_pr"): last}
        (one,) = alerts_of(series, 50.0, scored, 14)
        assert (one.on, one.client, one.from_band, one.to_band) == (day("2"), "snack-us", "test", "watch")

"""What is known of a name from plain rows: who calls it what, who speaks of it, and whether that is more than before."""

from datetime import date, timedelta
from math import log

import pytest

from trendwarte.radar.standings import Introduction, Mention, Volume, standings_of
from trendwarte.rules import Discovery

DAY, RULES = date(2024, 6, 30), Discovery()
OLD = Volume(DAY - timedelta(days=300), now=100, before=900)


def ago(days):
    return DAY - timedelta(days=days)


def said(days, origin="a", kind="social", weight=0.7, name="Murmel", document=None):
    return Introduction("murmel", document or f"{origin}{days}", kind, name, weight, origin, ago(days))


def named(days, outlet="a", origin=None):
    return Mention("murmel", outlet, origin or outlet, ago(days))


def standing(introductions, mentions, volumes=None):
    (one,) = standings_of(introductions, mentions, volumes or {"a": OLD, "b": OLD}, DAY, RULES)
    return one


def test_a_second_origin_makes_it_surer_and_a_second_text_of_the_same_does_not():
    once, twice = standing([said(1)], [named(1)]), standing([said(1), said(2, weight=0.6)], [named(1)])
    assert once.social == twice.social == pytest.approx(0.7) and twice.said_social == 2
    both = standing([said(1), said(1, "b", weight=0.5)], [named(1)])
    assert both.social == pytest.approx(0.85) and both.social_origins == 2


def test_the_kind_counts_for_a_year_but_how_sure_it_is_only_within_the_window():
    one = standing([said(1), said(200, "b"), said(300, "b", kind="other", weight=0)], [named(1), named(200)])
    assert (one.said_social, one.said_lately, one.said_other, one.social_origins) == (2, 1, 1, 1)
    assert one.social == pytest.approx(0.7) and one.documents == 1 and one.first_seen_on == ago(200)


def test_what_takes_a_name_for_known_says_what_it_is_but_does_not_introduce_it():
    one = standing([said(200, "b"), said(9), said(1, "b", kind="move", weight=0.3)], [named(1)])
    assert (one.said_lately, one.said_plainly, one.introduced_on) == (2, 1, ago(200))
    assert one.introduced == pytest.approx(0.7) and one.social == pytest.approx(0.79)
    soft = standing([said(1, kind="move", weight=0.3)], [named(1)])
    assert (soft.introduced, soft.said_plainly, soft.introduced_on) == (0, 0, None)


def test_the_usual_spelling_is_the_name_and_what_calls_it_something_else_does_not_spell_it():
    words = [
        said(1),
        said(2),
        said(3, name="Murmel Social"),
        *(said(n, kind="other", name="MURMEL") for n in (4, 5, 6)),
    ]
    assert standing(words, [named(1)]).name == "Murmel"


def test_an_outlet_that_is_new_itself_cannot_say_that_a_name_is_new():
    young = Volume(ago(20), now=50, before=0)
    one = standing([said(1)], [named(1), named(1, "new")], {"a": OLD, "new": young})
    assert (one.outlets, one.established, one.seen_now) == (2, 1, 1)


def test_a_rise_is_measured_by_what_each_outlet_brought_lately_and_before():
    # Three of its 1,000 texts, all lately, where a tenth of them are of late: e to the minus 3 ln 10.
    one = standing([said(1)], [named(1), named(2), named(3)])
    assert one.surprise == pytest.approx(3 * log(10)) and one.rise == pytest.approx(3.5 / 0.5)
    even = standing([said(1)], [named(1), *(named(40 + n) for n in range(9))])
    assert even.surprise == 0 and even.rise == pytest.approx(1.5 / 1.5)


def test_feeds_that_bring_ten_times_as_much_of_everything_make_no_name_rise():
    grown = Volume(ago(300), now=9000, before=900)
    one = standing([said(1)], [*(named(n) for n in range(1, 11)), named(100)], {"a": grown})
    assert one.rise == pytest.approx(1.0) and one.surprise < 0.1


def test_what_no_listed_outlet_names_is_not_told_of():
    assert list(standings_of([said(1)], [named(1, "gone")], {"a": OLD}, DAY, RULES)) == []


def test_a_history_shorter_than_the_window_is_refused():
    with pytest.raises(ValueError, match=r"history_days \(30\) is shorter than window_days \(60\)"):
        Discovery(window_days=60, history_days=30)

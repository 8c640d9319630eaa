"""Numbers of events on a risk chart: all inside, none upon another, whatever happened on one day."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import Phrases
from alerts.charts import chart_of
from trendwarte.brief_facts import Timeline, TimelineMark, TimelinePoint

START = date(2026, 1, 1)


def marks_of(value, days):
    points = tuple(TimelinePoint(START + timedelta(days=n), value, 0.0, 100.0) for n in range(91))
    marks = tuple(TimelineMark(START + timedelta(days=n), f"event {n}", "negative", "en") for n in days)
    return chart_of(Timeline("x", "X", "US", points, marks), "USA", (30.0, 60.0), Phrases("en", "UTC")).marks


def assert_apart(marks):
    for one in marks:
        assert 22 <= one.y <= 170
        assert not any(abs(one.x - o.x) < 15 and abs(one.y - o.y) < 15 for o in marks if o is not one), marks


@pytest.mark.timeout(20)
@pytest.mark.parametrize("value", [0.0, 49.0, 50.0, 51.0, 100.0])
def test_six_events_of_one_day_find_their_places_also_in_the_middle_of_the_chart(value):
    marks = marks_of(value, [40] * 6)
    assert [one.number for one in marks] == [1, 2, 3, 4, 5, 6]
    assert_apart(marks)


@pytest.mark.timeout(60)
@given(value=st.floats(0, 100), days=st.lists(st.integers(0, 90), max_size=6))
@settings(max_examples=200, deadline=None)
def test_no_number_covers_another_and_drawing_always_ends(value, days):
    marks = marks_of(value, days)
    assert len(marks) == len(days)
    assert_apart(marks)


def test_two_events_stand_one_above_the_other_on_the_side_with_more_room():
    low, high = marks_of(10.0, [40, 40]), marks_of(90.0, [40, 40])
    assert low[1].y == low[0].y - 15 and high[1].y == high[0].y + 15

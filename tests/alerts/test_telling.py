"""What each recipient gets: measured against what he knows, silences, quiet hours, storms, patience."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alerts.conftest import NIGHT, alert, settings_with, verdict
from trendwarte.settings import AlertRules, Channel, QuietHours
from trendwarte.telling import (
    Held,
    Memory,
    Recipient,
    Silence,
    ToldBand,
    after_quiet,
    calm,
    digest_is_due,
    is_outage,
    next_attempt,
    share_of,
)
from trendwarte.types import Reason

MAIL = Channel(kind="email", to=["team@snack-us.example"])
TEAM = Recipient("snack-us", "email", "team@snack-us.example")
DAY = timedelta(days=1)
SUBJECT = ("tiktok", "advertising")


def knows(band, days_ago=3):
    return Memory(known={TEAM: {SUBJECT: ToldBand(band, NIGHT - days_ago * DAY)}})


def test_a_recipient_who_was_told_something_else_reads_the_change_from_there():
    (seen,) = share_of([alert(from_band="watch")], TEAM, MAIL, knows("recommend"), {}).told
    assert (seen.from_band, seen.to_band) == ("recommend", "exit")
    assert seen.from_score is None, "the score of a band the recipient never saw says nothing to him"


def test_a_recipient_is_not_told_what_he_knows():
    assert share_of([alert()], TEAM, MAIL, knows("exit"), {}).told == ()


def test_what_the_digest_said_later_counts_as_known():
    memory = Memory(
        known={TEAM: {SUBJECT: ToldBand("exit", NIGHT - 5 * DAY)}},
        known_to_all={("snack-us", *SUBJECT): ToldBand("watch", NIGHT - DAY)},
    )
    (seen,) = share_of([alert(from_band="test")], TEAM, MAIL, memory, {}).told
    assert seen.from_band == "watch"


def test_a_silence_holds_back_exactly_what_it_names():
    silence = Silence("s", NIGHT - DAY, NIGHT + DAY, "Eva", "announced already", platform="tik*", severity="act")
    other = alert(alert_id="a-2", platform="x")
    share = share_of([alert(), other], TEAM, MAIL, Memory(silences=[silence]), {})
    assert [one.platform for one in share.told] == ["x"]
    assert [one.platform for one, _ in share.silenced] == ["tiktok"]


@pytest.mark.parametrize("until", [NIGHT - timedelta(seconds=1), NIGHT])
def test_a_silence_that_is_over_holds_nothing_back(until):
    silence = Silence("s", NIGHT - 3 * DAY, until, "Eva", "holiday")
    assert len(share_of([alert()], TEAM, MAIL, Memory(silences=[silence]), {}).told) == 1


def test_after_a_silence_the_truth_is_told_when_it_still_holds():
    held = Held(TEAM, alert(as_of=NIGHT - 5 * DAY))
    memory = Memory(known={TEAM: {SUBJECT: ToldBand("recommend", NIGHT - 30 * DAY)}}, held=[held])
    now = {("snack-us", *SUBJECT): verdict(alert())}
    (late,) = share_of([], TEAM, MAIL, memory, now).told
    assert late.reasons[0].code == "caught_up" and (late.from_band, late.to_band) == ("recommend", "exit")
    assert late.as_of == NIGHT
    gone = {("snack-us", *SUBJECT): verdict(alert(), band="recommend")}
    assert share_of([], TEAM, MAIL, memory, gone).told == ()


def test_what_is_owed_is_not_told_while_a_silence_holds_nor_beside_news_on_the_same():
    held = Held(TEAM, alert(as_of=NIGHT - 5 * DAY))
    now = {("snack-us", *SUBJECT): verdict(alert())}
    silence = Silence("s", NIGHT - 9 * DAY, NIGHT + DAY, "Eva", "holiday")
    assert share_of([], TEAM, MAIL, Memory(held=[held], silences=[silence]), now).told == ()
    (only,) = share_of([alert(alert_id="a-9")], TEAM, MAIL, Memory(held=[held]), now).told
    assert only.alert_id == "a-9"


def test_a_channel_may_leave_rises_to_the_digest():
    rise = alert(from_band="watch", to_band="test", severity="decide")
    assert share_of([rise], TEAM, MAIL.model_copy(update={"improvements": False}), Memory(), {}).told == ()
    assert share_of([rise], TEAM, MAIL, Memory(), {}).told == (rise,)


BERLIN = "Europe/Berlin"
EVENING = QuietHours(start=time(20), end=time(7, 30))


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-03-04T04:00", "2026-03-04T06:30"),  # 05:00 in Berlin: until 07:30 there
        ("2026-03-04T12:00", "2026-03-04T12:00"),
        ("2026-03-04T22:00", "2026-03-05T06:30"),
        ("2026-03-28T22:00", "2026-03-29T05:30"),  # the night the clocks go forward
        ("2026-10-24T22:00", "2026-10-25T06:30"),  # and back
    ],
)
def test_quiet_hours_end_by_the_wall_clock_of_the_recipient(moment, expected):
    channel = MAIL.model_copy(update={"quiet": EVENING})
    got = after_quiet(datetime.fromisoformat(moment).replace(tzinfo=UTC), channel, "decide", BERLIN)
    assert got == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_a_quiet_weekend_ends_on_monday_and_what_asks_to_act_passes():
    friday = datetime(2026, 3, 6, 21, 0, tzinfo=UTC)
    channel = MAIL.model_copy(update={"quiet": EVENING.model_copy(update={"weekends": True})})
    assert after_quiet(friday, channel, "decide", BERLIN) == datetime(2026, 3, 9, 6, 30, tzinfo=UTC)
    assert after_quiet(friday, channel, "act", BERLIN) == friday
    strict = MAIL.model_copy(update={"quiet": channel.quiet.model_copy(update={"holds_act": True})})
    assert after_quiet(friday, strict, "act", BERLIN) > friday
    elsewhere = channel.model_copy(update={"time_zone": "America/New_York"})
    assert after_quiet(friday, elsewhere, "decide", BERLIN) == friday, "16:00 in New York"


@given(st.integers(0, 60 * 24 * 365), st.times(), st.times(), st.booleans())
def test_after_quiet_hours_it_is_never_quiet_nor_earlier(minutes, start, end, weekends):
    quiet = QuietHours(
        start=start.replace(second=0, microsecond=0), end=end.replace(second=0, microsecond=0), weekends=weekends
    )
    channel = MAIL.model_copy(update={"quiet": quiet, "time_zone": "UTC"})
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    due = after_quiet(moment, channel, "note", BERLIN)
    assert moment <= due <= moment + 4 * DAY
    assert after_quiet(due, channel, "note", BERLIN) == due


RULES = settings_with().alerts


@given(st.integers(1, 12), st.text(min_size=1), st.floats(0, 1e7))
def test_every_wait_is_patient_bounded_and_the_same_for_the_same_message(attempt, key, asked):
    due = next_attempt(attempt, NIGHT, NIGHT, RULES, asked, key)
    assert due == next_attempt(attempt, NIGHT, NIGHT, RULES, asked, key)
    assert due is not None, "whatever a receiver asks for, it cannot make us give up"
    longest = timedelta(minutes=max(RULES.retry_minutes) * (1 + RULES.retry_jitter))
    assert NIGHT + min(timedelta(seconds=asked), DAY) <= due <= NIGHT + max(longest, DAY)


def test_the_schedule_spans_three_days_and_then_ends():
    now, attempts = NIGHT, 0
    while (due := next_attempt(attempts := attempts + 1, NIGHT, now, RULES, None, "tw-x")) is not None:
        now = due
    assert 7 <= attempts <= 12
    assert timedelta(hours=40) < now - NIGHT <= timedelta(hours=72)


def test_a_storm_is_told_only_where_it_asks_to_act():
    alerts = [alert(alert_id=f"a-{n}", platform=f"p{n}", severity="decide") for n in range(29)] + [alert()]
    calmed, word = calm(alerts, 100, RULES, is_after_outage=False)
    assert [one.status for one in calmed] == ["digest"] * 29 + ["queued"]
    assert "30 of 100" in word and calmed[0].status_reason.startswith("storm")
    assert calm(alerts[:5], 10, RULES, is_after_outage=False) == (alerts[:5], ""), "few pairs are never a storm"


def test_after_an_outage_a_rise_needs_a_reported_step():
    rise = alert(from_band="watch", to_band="test", severity="decide", reasons=(Reason("floor_lifted", floor="F9"),))
    reported = alert(from_band="exit", to_band="watch", severity="decide", reasons=(Reason("ledger_transition"),))
    calmed, _ = calm([rise, reported, alert()], 200, RULES, is_after_outage=True)
    assert [one.status for one in calmed] == ["digest", "queued", "queued"]
    assert is_outage("degraded", NIGHT - DAY, NIGHT, RULES) and is_outage("ok", NIGHT - 9 * DAY, NIGHT, RULES)
    assert not is_outage("ok", NIGHT - DAY, NIGHT, RULES)


def test_the_digest_comes_on_its_weekday_or_on_the_first_night_after_it():
    monday = datetime(2026, 3, 2, 4, tzinfo=UTC)
    assert digest_is_due(monday, None, monday - DAY, 0)
    assert not digest_is_due(monday + timedelta(hours=8), monday, monday, 0)
    assert not digest_is_due(monday + DAY, None, monday, 0), "the first digest waits for its day"
    assert digest_is_due(monday + 8 * DAY, monday, monday + 5 * DAY, 0), "the machine was off on Monday"
    assert not digest_is_due(monday + 8 * DAY, monday + 7 * DAY, monday + 7 * DAY, 0)


def test_how_something_is_told_never_sets_a_baseline():
    assert set(AlertRules.model_fields) >= AlertRules.TELLING
    assert not AlertRules.TELLING & {"ledger_delta", "score_delta", "deadline_days", "budget_per_month"}

"""The measures of a back-test on the ledger, on alerts and on the direction of risk, each worked out by hand."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.judgement.backtest_facts import RULES, SETTINGS, WORDING, alert, day, listed, night, row, seen, told
from trendwarte.measuring import (
    Causes,
    Expectation,
    TimelineStep,
    alert_tally,
    expectations,
    is_allowed,
    ledger_figures,
    set_dates,
    sign_figures,
)

PLACES = SETTINGS.jurisdictions
CLIENTS = SETTINGS.clients


# --- ledger ----------------------------------------------------------------------------------


def ledger(*rows, event=None, first=None):
    """Figures for one listed event, and its own line."""
    figures = ledger_figures(seen(*rows), told(event or listed(), first=first), WORDING)
    return figures, figures["events"][0]


@pytest.mark.parametrize(
    ("known", "after_1", "within_7", "delay"),
    [("9", True, True, 0), ("10", True, True, 0), ("11", True, True, 1), ("12", False, True, 2),
     ("17", False, True, 7), ("18", False, False, 8), (None, False, False, None)],
)  # fmt: skip
def test_a_step_is_right_after_a_day_within_a_week_or_not_at_all(known, after_1, within_7, delay):
    figures, line = ledger(*([row("enforced", known)] if known else []))
    assert (line["after_1"], line["within_7"], line["delay_nights"]) == (after_1, within_7, delay)
    assert line["state_after_1"] == ("enforced" if after_1 else "none")
    assert line["state_within_7"] == ("enforced" if within_7 else "none")
    assert figures["right_after_1_day"] == float(after_1) and figures["median_delay_nights"] == delay


def test_nights_are_counted_from_the_first_document_not_from_the_event():
    _, line = ledger(row("enforced", "13"), first="12")
    assert line["after_1"] and line["delay_nights"] == 1


def test_a_step_that_was_right_in_time_is_not_late_because_it_is_repeated_months_later():
    rows = [row("enforced", "9"), row("stayed", "20", before="enforced"), row("enforced", "05-20", before="stayed")]
    assert ledger(*rows)[1]["delay_nights"] == 0


def test_a_state_that_was_right_for_a_few_nights_of_the_week_counts():
    _, line = ledger(row("enforced", "12"), row("stayed", "14", before="enforced"))
    assert line["within_7"] and line["state_within_7"] == "enforced" and not line["after_1"]


def test_the_instrument_of_the_list_decides_where_we_name_it_and_else_the_one_that_moved_last():
    named, other = row("scheduled", "10"), row("enforced", "11", instrument="us-other")
    assert not ledger(named, other)[1]["within_7"]
    unnamed = replace(named, instrument="us-third")
    assert ledger(unnamed, other)[1]["state_within_7"] == "enforced"


def test_rows_about_another_platform_place_or_measure_answer_nothing():
    for wrong in ({"platform": "x"}, {"jurisdiction": "IN"}, {"measure": "age_limit"}):
        assert ledger(row("enforced", "10", **wrong))[1]["state_within_7"] == "none"
    assert ledger(row("enforced", "10", platform="all_social"))[1]["within_7"], "a ban on all is one on each"


def test_shares_are_over_all_steps_and_the_median_over_those_that_came():
    events = [listed("A", "1"), listed("B", "8", jurisdiction="IN"), listed("C", "8", jurisdiction="BR")]
    rows = [row("enforced", "2"), row("enforced", "12", jurisdiction="IN")]
    figures = ledger_figures(seen(*rows), told(*events), WORDING)
    assert (figures["steps"], figures["right_after_1_day"], figures["right_within_7_days"]) == (3, 0.333, 0.667)
    assert figures["median_delay_nights"] == 2.5


def test_nothing_listed_gives_no_share_rather_than_a_division_by_zero():
    figures = ledger_figures(seen(row("enforced", "1")), {}, WORDING)
    assert figures["right_within_7_days"] is None and figures["median_delay_nights"] is None
    assert figures["transitions"] == 1 and figures["steps"] == figures["controls"] == 0


@pytest.mark.parametrize(("known", "moved"), [("9", 0), ("10", 1), ("17", 1), ("18", 0)])
def test_a_control_has_moved_what_moved_in_its_week(known, moved):
    figures = ledger_figures(seen(row("enforced", known)), told(listed(direction="N")), WORDING)
    assert figures["controls"] == 1 and figures["controls_moved"] == moved and figures["steps"] == 0


def test_a_control_told_a_day_early_or_late_is_watched_from_its_first_word_for_a_week():
    control = listed(direction="N")
    assert ledger_figures(seen(row("enforced", "9")), told(control, first="9"), WORDING)["controls_moved"] == 1
    assert ledger_figures(seen(row("enforced", "19")), told(control, first="12"), WORDING)["controls_moved"] == 1


def test_a_period_counts_its_own_transitions_and_knows_where_the_others_left_it():
    before, bad = row("enforced", "1"), row("lifted", "2", before="none", rule="lift:none->lifted")
    figures = ledger_figures(seen(before, bad), told(listed(on="10")), WORDING, day("10"))
    assert figures["transitions"] == figures["forbidden_transitions"] == 0
    assert ledger_figures(seen(before, bad), told(listed(on="10")), WORDING)["forbidden_transitions"] == 1
    assert ledger_figures(seen(before), told(listed(on="10")), WORDING, day("10"))["right_after_1_day"] == 1.0


@pytest.mark.parametrize(
    ("before", "state", "rule", "is_right"),
    [
        ("none", "enforced", "block:none->enforced", True),
        ("none", "stayed", "stay:none->stayed", False),
        ("none", "scheduled", "enact:none->scheduled", True),
        ("in_force", "scheduled", "stay:in_force->scheduled", False),
        ("none", "lifted", "block:none->enforced", False),
        ("scheduled", "in_force", "clock:scheduled->in_force", True),
        ("none", "stayed", "manual:none->stayed", True),
        ("in_force", "in_force", "appeal:challenged", True),
        ("in_force", "lifted", "appeal:challenged", False),
        ("none", "enforced", "guess:none->enforced", False),
    ],
)
def test_a_transition_is_allowed_when_the_table_knows_it_and_the_row_took_it(before, state, rule, is_right):
    assert is_allowed(row(state, "10", before=before, rule=rule)) is is_right


# --- what must be told -----------------------------------------------------------------------


def held(band="recommend", client="snack-us", on="9", purpose="advertising"):
    return {(client, "tiktok", purpose): [night(on, band)]}


def wanted(event, scored, first=None):
    found = expectations(seen(scored=scored), told(event, first=first), CLIENTS, PLACES, SETTINGS.scoring)
    return [(one.event, one.client) for one in found]


def test_a_ban_in_a_client_s_market_must_be_told_where_the_band_held_is_too_good_for_it():
    assert wanted(listed(), held()) == [("L", "snack-us")]
    assert wanted(listed(), held("watch")) == [("L", "snack-us")]
    assert wanted(listed(), held("avoid")) == []
    assert wanted(listed(verb="schedule"), held("test")) == [], "a scheduled ban allows a test"
    assert wanted(listed(verb="schedule"), held("recommend")) == [("L", "snack-us")]


@pytest.mark.parametrize(
    "event",
    [listed(jurisdiction="IN"), listed(measure="fine", verb="fine"), listed(direction="N"), listed(verb="lift"),
     listed(jurisdiction="US-MT")],
    ids=["no market", "no ban", "control", "good news", "a part of the market"],
)  # fmt: skip
def test_nothing_else_must_be_told(event):
    assert wanted(event, held()) == []


def test_the_best_purpose_of_the_night_before_decides_and_unknown_is_none():
    both = held("avoid") | held("test", purpose="community")
    assert wanted(listed(), both) == [("L", "snack-us")]
    assert wanted(listed(), held("unknown")) == wanted(listed(), {}) == []
    assert wanted(listed(), held(on="10")) == [], "the band of the night itself may have fallen already"
    assert wanted(listed(), held(on="10"), first="12") == [], "nor that of a night after the event"


# --- causes ----------------------------------------------------------------------------------


def causes(*events, timeline=(), dates=()):
    return Causes(events, timeline, CLIENTS, PLACES, 14, 45, dates, RULES["set_date_marks"])


def tally(alerts, because=None, must=()):
    return alert_tally(alerts, must, because or causes(), 7)


@pytest.mark.parametrize(
    ("event", "is_cause"),
    [
        (listed(), True),
        (listed(on="11"), True),
        (listed(on="12"), False),
        (listed(on="02-24"), True),
        (listed(on="02-23"), False),
        (listed(direction="N"), False),
        (listed(direction="M-"), True),
        (listed(platform="x"), False),
        (listed(platform="all_social"), True),
        (listed(jurisdiction="DE"), False),
        (listed(jurisdiction="GLOBAL"), True),
        (listed(jurisdiction="US-MT"), True),
    ],
)
def test_a_listed_event_on_the_platform_in_a_market_and_shortly_before_is_a_cause(event, is_cause):
    assert tally([alert("10")], causes(event)).true == is_cause


def test_a_rise_may_be_due_to_what_lies_longer_ago_for_it_waits():
    event = listed(on="02-01", direction="D", verb="lift")
    assert tally([alert("10", "recommend", from_band="watch")], causes(event)).true == 1
    assert tally([alert("10")], causes(event)).true == 0


def test_precision_is_told_by_the_list_by_the_legal_timeline_and_by_whatever_befell():
    steps = [
        TimelineStep(day("12"), "tiktok", "US", is_ban=True),
        TimelineStep(day("01-05"), "tiktok", "", is_ban=False, is_legal=False),
        TimelineStep(day("12"), "tiktok", "DE", is_ban=True),
    ]
    alerts = [alert(on) for on in ("01-05", "01-25", "02-01", "14")]
    figures = tally(alerts, causes(listed(on="02-01"), timeline=steps)).figures(2.0)
    assert figures["sent"] == 4
    assert (figures["precision_listed"], figures["precision"], figures["precision_any_event"]) == (0.25, 0.5, 0.75)
    assert (figures["false_per_client_month"], figures["false_any_event_per_client_month"]) == (1.0, 0.5)
    assert figures["without_cause"] == [
        f"2023-{on} snack-us tiktok recommend->avoid band_change" for on in ("01-05", "01-25")
    ]


def test_no_alert_and_no_client_month_give_no_precision_and_no_division_by_zero():
    figures = tally([]).figures(0.0)
    assert figures["precision"] is None and figures["recall"] is None and figures["false_per_client_month"] == 0.0


# --- dates that listed steps set -------------------------------------------------------------

DUE = day("06-10")  # 93 days after the order is known: 90 days ahead is 12 March, 30 is 11 May
ORDER = listed("O", "8", verb="schedule", instrument="T-1")
SET = row("scheduled", "9", due_date=DUE, rule="enact:none->scheduled")


def dates(*rows, event=ORDER):
    return set_dates(seen(*rows), told(event), WORDING)


@pytest.mark.parametrize(
    ("on", "is_called"),
    [("03-12", True), ("03-11", True), ("03-26", True), ("03-27", False), ("05-09", False), ("05-10", True),
     ("05-25", True), ("05-26", False), ("06-09", True), ("06-24", True), ("06-25", False)],
)  # fmt: skip
def test_a_fall_ninety_and_thirty_days_before_a_set_date_and_on_it_has_a_cause_of_its_own_kind(on, is_called):
    got = tally([alert(on)], causes(replace(ORDER, on=day("02-01")), dates=dates(SET)))
    assert got.true == got.true_with_timeline == got.true_with_events == 0, "the strict figures do not know it"
    assert got.true_with_dates == got.true_with_events_and_dates == is_called
    assert len(got.false) == 1 and len(got.by_dates) == is_called


def test_the_report_names_instrument_and_date_behind_such_an_alert():
    figures = tally([alert("05-12")], causes(dates=dates(SET))).figures(1.0)
    assert figures["called_by_dates"] == [
        "2023-05-12 snack-us tiktok recommend->avoid band_change: us-t-1 on 2023-06-10"
    ]
    assert figures["precision"] == 0.0 and figures["precision_with_dates"] == 1.0


def test_what_list_or_timeline_explain_is_not_counted_to_the_dates_as_well():
    got = tally([alert("03-12"), alert("05-12")], causes(ORDER, dates=dates(SET)))
    assert (got.true, got.true_with_dates, len(got.by_dates)) == (1, 2, 1)


def test_no_date_lifts_anybody():
    rise = alert("05-12", "recommend", from_band="watch")
    assert tally([rise], causes(dates=dates(SET))).true_with_dates == 0


def test_a_date_calls_only_whom_it_concerns():
    for other in ({"platform": "x"}, {"client": "mode-dach"}):
        assert tally([alert("05-12", **other)], causes(dates=dates(SET))).true_with_dates == 0


@pytest.mark.parametrize(
    "moved",
    [
        row("delayed", "04-20", before="scheduled", due_date=DUE + timedelta(days=60)),
        row("stayed", "04-20", before="scheduled"),
    ],
    ids=["put off", "stopped"],
)
def test_a_date_that_was_moved_or_stopped_calls_nobody_any_more(moved):
    assert tally([alert("03-12")], causes(dates=dates(SET, moved))).true_with_dates == 1
    assert tally([alert("05-12")], causes(dates=dates(SET, moved))).true_with_dates == 0


def test_an_appeal_and_the_clock_leave_the_date_where_it_is():
    kept = row("scheduled", "04-20", before="scheduled", rule="appeal:challenged", due_date=DUE)
    past = row("in_force", "06-10", before="scheduled", rule="clock:scheduled->in_force", due_date=DUE)
    assert tally([alert("05-12")], causes(dates=dates(SET, kept, past))).true_with_dates == 1
    assert tally([alert("06-12")], causes(dates=dates(SET, kept, past))).true_with_dates == 1


def test_a_mark_that_lay_behind_when_the_date_was_set_calls_nobody():
    soon = replace(SET, due_date=day("04-05"))  # set 27 days ahead: only the day itself is left
    assert tally([alert("20")], causes(dates=dates(soon))).true_with_dates == 0
    assert tally([alert("04-06")], causes(dates=dates(soon))).true_with_dates == 1


@pytest.mark.parametrize(
    "wrong",
    [{"instrument": "us-other"}, {"state": "proposed"}, {"due_date": None}, {"known_from": row("none", "16").known_from},
     {"known_from": row("none", "7").known_from}],
    ids=["another instrument", "a wrong state", "no date", "too late", "before the step"],
)  # fmt: skip
def test_only_the_row_that_the_listed_step_moved_in_time_sets_a_date(wrong):
    assert dates(SET) and not dates(replace(SET, **wrong))
    assert not dates(SET, event=replace(ORDER, direction="N")), "a control sets nothing"


# --- the tally -------------------------------------------------------------------------------


def test_an_expected_alert_is_found_within_a_week_and_its_delay_is_that_of_the_first():
    must = [Expectation("L", "snack-us", "tiktok", day("10"))]
    for on, found, delays in (("9", 1, (0,)), ("13", 1, (3,)), ("17", 1, (7,)), ("18", 0, ()), ("8", 0, ())):
        got = tally([alert(on)], must=must)
        assert (got.hit, got.delays) == (found, delays)
        assert got.missed == (() if found else ("L snack-us tiktok",))
    assert tally([alert("15"), alert("12")], must=must).delays == (2,)
    assert tally([alert("10", client="mode-dach"), alert("10", platform="x")], must=must).hit == 0


def test_good_news_does_not_tell_of_a_ban():
    must = [Expectation("L", "snack-us", "tiktok", day("10"))]
    assert tally([alert("11", "recommend", from_band="watch")], must=must).hit == 0


PURPOSES = ("advertising", "community", "earned_pr")


@given(
    st.lists(st.tuples(st.integers(1, 28), st.sampled_from(PURPOSES), st.sampled_from(("exit", "watch"))), max_size=8)
)
def test_purposes_of_one_platform_in_one_night_are_one_alert_in_whatever_order_they_come(sent):
    alerts = [alert(str(on), to, purpose=purpose) for on, purpose, to in sent]
    got = tally(alerts, causes(listed()))
    assert got.told == len({on for on, _, _ in sent})
    assert tally(alerts + alerts, causes(listed())) == got
    assert tally(list(reversed(alerts)), causes(listed())) == got


@given(st.integers(-3000, 3000), st.lists(st.integers(1, 28), max_size=5))
def test_shifting_all_dates_shifts_the_tally(days, nights):
    by = timedelta(days=days)
    must = [Expectation("L", "snack-us", "tiktok", day("10"))]
    alerts, steps = [alert(str(on)) for on in nights], [TimelineStep(day("20"), "tiktok", "US", is_ban=True)]
    before = tally(alerts, causes(listed(), timeline=steps, dates=dates(SET)), must)
    after = alert_tally(
        [replace(a, on=a.on + by) for a in alerts],
        [replace(m, first_on=m.first_on + by) for m in must],
        causes(
            replace(listed(), on=day("10") + by),
            timeline=[replace(s, on=s.on + by) for s in steps],
            dates=[replace(d, due=d.due + by, since=d.since + by) for d in dates(SET)],
        ),
        7,
    )
    assert after.figures(3.0) == before.figures(3.0) | {"without_cause": list(after.false)}
    assert len(after.false) == len(before.false)


# --- direction -------------------------------------------------------------------------------


def signs(series, *events, **more):
    figures = sign_figures(series, told(*(events or (listed(**more),))), PLACES)
    return {kind: one["right"] for kind, one in figures.items()}


def risk(*points, place="US"):
    return {("tiktok", place): [(day(on), value) for on, value in points]}


def test_risk_must_rise_fall_or_stay_as_listed_and_half_a_point_is_nothing():
    rise, fall, still = risk(("1", 20), ("11", 30)), risk(("1", 20), ("11", 10)), risk(("1", 20), ("11", 20.4))
    assert [signs(one)["U"] for one in (rise, fall, still)] == [1.0, 0.0, 0.0]
    assert [signs(one, direction="D")["D"] for one in (rise, fall, still)] == [0.0, 1.0, 0.0]
    assert [signs(one, direction="N")["N"] for one in (rise, fall, still)] == [0.0, 0.0, 1.0]


def test_the_greatest_shift_of_the_week_decides_and_later_ones_do_not():
    assert signs(risk(("1", 20), ("10", 18), ("12", 30)))["U"] == 1.0
    assert signs(risk(("1", 20), ("18", 90)))["U"] == 0.0


def test_where_nothing_was_ever_told_the_risk_of_the_place_above_holds_before():
    above = risk(("1", 40), place="GLOBAL")
    assert signs(above | risk(("10", 90), place="IN"), jurisdiction="IN")["U"] == 1.0
    assert signs(above | risk(("10", 40), place="IN"), jurisdiction="IN", direction="N")["N"] == 1.0
    assert signs(above | risk(("1", 90)) | risk(("10", 90), place="US-MT"), jurisdiction="US-MT")["U"] == 0.0
    assert signs(risk(("10", 90), place="IN"), jurisdiction="IN")["U"] == 0.0, "of nothing at all nothing is known"


def test_kinds_are_told_apart_and_one_that_was_not_asked_has_no_share():
    figures = sign_figures(risk(("1", 20), ("11", 30)), told(listed("A"), listed("B", direction="M+")), PLACES)
    assert figures == {
        "U": {"events": 1, "right": 1.0}, "D": {"events": 0, "right": None}, "N": {"events": 0, "right": None}
    }  # fmt: skip

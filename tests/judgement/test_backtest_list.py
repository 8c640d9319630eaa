"""The list of a back-test: how it is read, and which documents tell of a listed event, decided without our reader."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.judgement.backtest_facts import (
    HEAD,
    LISTED,
    RULES,
    SETTINGS,
    TOLD,
    WORDING,
    day,
    document,
    listed,
    row,
)
from trendwarte.backtest_rules import load_rules
from trendwarte.errors import ConfigError
from trendwarte.gold import (
    Wording,
    contained,
    expected_states,
    is_ban,
    is_same_instrument,
    is_same_measure,
    read_gold,
)

LINE = "A1,2023-03-06,tiktok,IN,IN-69A,block,full_ban,U,V,India blocks TikTok\n"


def problems(text):
    with pytest.raises(ConfigError) as caught:
        read_gold(text, "events.csv")
    return caught.value.problems


# --- reading ---------------------------------------------------------------------------------


def test_a_list_is_read_in_its_order_with_its_types():
    events = read_gold(HEAD + LISTED, "events.csv")
    assert [e.id[:2] for e in events] == ["L1", "L2", "L3", "L4", "L5", "L6", "L7"]
    assert events[0].on == date(2023, 3, 3) and events[0].instrument == "CFIUS-2019"
    assert [e.id for e in events if e.is_control] == ["L5"]
    assert '"<script>' in events[5].what, "quotes and commas in a cell are text"


def test_a_spreadsheet_s_first_bytes_and_further_columns_do_no_harm():
    mark = chr(0xFEFF)
    head = HEAD.strip() + ",note\n"
    assert [e.id for e in read_gold(mark + head + LINE.strip() + ",seen\n", "events.csv")] == ["A1"]


def test_a_missing_column_is_named_with_those_that_must_be_there():
    (said,) = problems(HEAD.replace("dir,", "").replace("basis,", "") + LINE)
    assert said.startswith("events.csv: column dir, basis is missing") and ",instrument," in said
    assert "column id, date" in problems("")[0]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (LINE.replace("2023-03-06", "6 March"), "Invalid isoformat string: '6 March'"),
        (LINE.replace(",U,", ",X,"), "dir 'X' is none of U, D, N, M+, M-"),
        ("A1,2023-03-06,tiktok\n", "the line ends before jurisdiction, instrument, verb, measure, dir, basis, what"),
        (LINE.replace(",India blocks TikTok", ""), "the line ends before what"),
        (LINE.strip() + ", WeChat and others\n", "there are more cells than columns ([' WeChat and others'])"),
    ],
    ids=["date", "direction", "cut off", "no description", "commas"],
)
def test_a_bad_line_is_named_by_file_line_and_reason(line, reason):
    good = LINE.replace("A1", "A0")
    (said,) = problems(HEAD + good + line)
    assert said.startswith(f"events.csv:3: {reason}") and said.endswith("correct the line")


def test_every_bad_line_is_told_at_once_and_a_description_of_several_lines_does_not_shift_the_count():
    several = LINE.replace("India blocks TikTok", '"India\nblocks\nTikTok"')
    bad = LINE.replace(",U,", ",?,")
    said = problems(HEAD + several + bad.replace("A1", "A2") + bad.replace("A1", "A3"))
    assert [one.split(":")[1] for one in said] == ["5", "6"]


def test_an_id_that_stands_twice_is_refused_for_figures_go_by_it():
    assert problems(HEAD + LINE + LINE) == ["events.csv:3: id 'A1' stands here a second time; correct the line"]


def test_rules_that_are_not_there_or_no_yaml_are_named_with_a_remedy(tmp_path):
    for text in (None, "window_days: [1, 3\n"):
        if text:
            (tmp_path / "backtest.yaml").write_text(text, "utf-8")
        with pytest.raises(ConfigError) as caught:
            load_rules(tmp_path)
        (said,) = caught.value.problems
        assert str(tmp_path / "backtest.yaml") in said and said.endswith("restore it from the repository")


# --- finding ---------------------------------------------------------------------------------

#: A block in India on the 10th, in words nobody wrote.
BLOCK = listed("A", jurisdiction="IN", what="India blocks TikTok")
HEADLINE = "India blocks TikTok nationwide"


@pytest.mark.parametrize(
    ("title", "is_told"),
    [
        (HEADLINE, True),
        ("TikTok gesperrt: indische Behörden greifen durch", True),
        ("India blocks Instagram nationwide", False),
        ("Nepal blocks TikTok nationwide", False),
        ("India loves TikTok", False),
        ("Indian startup builds its own TikTokker school", False),
    ],
    ids=["told", "in German", "another platform", "another place", "no step", "a longer word"],
)
def test_a_document_tells_of_an_event_when_it_names_platform_place_and_step(title, is_told):
    assert (contained([BLOCK], [document(title)], WORDING) != {}) is is_told


@pytest.mark.parametrize(
    ("kind", "is_told"),
    [("official", True), ("quality_press", True), ("trade_press", True), ("blog", False), ("social", False)],
)
def test_only_credible_documents_tell(kind, is_told):
    assert bool(contained([BLOCK], [document(HEADLINE, kind=kind)], WORDING)) is is_told


@pytest.mark.parametrize(("on", "is_told"), [("8", False), ("9", True), ("10", True), ("13", True), ("14", False)])
def test_only_the_days_around_an_event_tell_of_it(on, is_told):
    assert bool(contained([BLOCK], [document(HEADLINE, on)], WORDING)) is is_told


def test_the_first_day_is_that_of_the_first_headline_not_of_a_mention():
    mention = document("What creators earn", "9", "In India a ministry may block TikTok one day.")
    headline, later = document(HEADLINE, "11"), document("TikTok blocked in India, day two", "12")
    found = contained([BLOCK], [later, mention, headline], WORDING)["A"]
    assert found.first_on == day("11") and found.documents == 3


def test_without_a_headline_the_first_mention_has_to_do():
    mentions = [document("What creators earn", on, "India blocks TikTok.") for on in ("12", "10")]
    assert contained([BLOCK], mentions, WORDING)["A"].first_on == day("10")


def test_a_stay_is_told_by_who_stops_not_by_the_ban_it_stops():
    stay = listed("A", verb="stay")
    assert not contained([stay], [document("US ban on TikTok nears")], WORDING)
    assert contained([stay], [document("US judge says no to TikTok ban")], WORDING)


def test_what_befalls_a_platform_everywhere_needs_no_place_but_two_words_of_its_description():
    breach = listed(
        "A", jurisdiction="GLOBAL", instrument="", verb="breach", measure="none", what="Records of members leaked"
    )
    assert contained([breach], [document("Leaked: records of half of TikTok")], WORDING)
    assert not contained([breach], [document("TikTok sets new records")], WORDING)


def test_an_event_without_any_word_of_its_own_is_told_by_nothing():
    nameless = listed("A", jurisdiction="GLOBAL", instrument="", verb="", measure="none", what="-")
    assert not contained([nameless], [document("TikTok in the park")], WORDING)


def test_a_platform_whose_every_name_is_a_common_word_too_must_still_be_named():
    event = listed("A", platform="signal", jurisdiction="RU", verb="block", what="Russia blocks Signal")
    assert contained([event], [document("Russia blocks Signal")], WORDING)
    assert not contained([event], [document("Russia blocks TikTok")], WORDING)
    assert not contained([event], [document("Russia blocks a radio signal")], WORDING)
    assert not WORDING.names["signal"] and WORDING.words_as_names["signal"] == ["Signal"]


def test_a_place_and_a_platform_that_nobody_configured_are_looked_for_by_their_ids():
    event = listed("A", platform="nowhere", jurisdiction="ZZ", what="a ban")
    assert contained([event], [document("ZZ blocks nowhere")], WORDING)
    assert not contained([event], [document("Elsewhere blocks nowhere")], WORDING)


MONTH = [document(title, str(on), lead) for on, _, title, lead in TOLD]
EVENTS = read_gold(HEAD + LISTED, "events.csv")


def test_the_invented_month_tells_of_all_but_one():
    found = contained(EVENTS, MONTH, WORDING)
    assert [e.id for e in EVENTS if e.id not in found] == ["L7"]
    assert {found[key].first_on for key in ("L1", "L4")} == {day("3"), day("26")}
    assert all(one.documents == (1 if one.event.is_control else 2) for one in found.values())


@given(st.permutations(MONTH))
def test_the_order_of_documents_changes_nothing(shuffled):
    assert contained(EVENTS, shuffled, WORDING) == contained(EVENTS, MONTH, WORDING)


@given(st.integers(-2000, 2000))
def test_shifting_all_dates_shifts_the_first_days(days):
    by = timedelta(days=days)
    events = [replace(e, on=e.on + by) for e in EVENTS]
    documents = [replace(d, published_at=d.published_at + by) for d in MONTH]
    found, before = contained(events, documents, WORDING), contained(EVENTS, MONTH, WORDING)
    assert {k: (one.first_on, one.documents) for k, one in found.items()} == {
        k: (one.first_on + by, one.documents) for k, one in before.items()
    }


# --- what is right ---------------------------------------------------------------------------


def test_only_legal_steps_have_right_states():
    assert expected_states(listed(verb="block"), WORDING) == {"enforced", "in_force"}
    assert expected_states(listed(verb="stay"), WORDING) == {"stayed"}
    assert not expected_states(listed(verb="block", instrument=""), WORDING)
    assert not expected_states(listed(verb="block", direction="N"), WORDING)
    assert not expected_states(listed(verb="breach"), WORDING)


def test_an_instrument_is_the_same_but_for_its_place_and_its_punctuation():
    event = listed(instrument="EO-13942")
    assert is_same_instrument(event, "us-eo-13942") and is_same_instrument(event, "EO 13942")
    assert not is_same_instrument(event, "us-eo-13942-wider")
    assert not is_same_instrument(listed(instrument=""), "us-eo-13942"), "no name is not every name"


def test_measures_that_texts_confuse_are_the_same_and_others_are_not():
    ban = listed(measure="full_ban")
    assert is_same_measure(ban, row("in_force", "10").measure) and is_same_measure(ban, "forced_sale")
    assert not is_same_measure(ban, "age_limit") and not is_same_measure(listed(measure="age_limit"), "full_ban")
    assert is_ban(ban) and not is_ban(listed(measure="fine"))


def test_the_wording_takes_names_of_places_and_platforms_from_the_configuration():
    again = Wording.of(RULES, SETTINGS)
    assert again == WORDING and "TikTok" in again.names["tiktok"] and "India" in again.place_names["IN"]
    assert "social media" in again.names["all_social"]

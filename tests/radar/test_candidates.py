"""From names to candidates: what is shown, what is held back, and why."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from trendwarte.radar.candidates import Standing, judge_names, key_of
from trendwarte.radar.entry import entry_text, id_of
from trendwarte.rules import Discovery

NOW = datetime(2021, 2, 15, 23, 59, 59, tzinfo=UTC)
RULES = Discovery()
RISING = Standing(
    name_key="plauderia", name="Plauderia", social=0.91, social_origins=2, said_social=3, said_other=0, said_lately=3,
    introduced=0.91, said_plainly=3, introduced_on=date(2021, 2, 1), documents=4, outlets=3, established=2, first_seen_on=date(2021, 2, 1), last_seen_on=date(2021, 2, 15), seen_now=4, rise=6.0, surprise=9.0,
)  # fmt: skip


def judged(*standings, watched=(), surfaced=None, rules=RULES):
    return {one.name: one for one in judge_names(standings, watched, surfaced or {}, rules, NOW)}


def test_what_several_outlets_call_a_social_service_and_is_new_is_shown_with_reasons():
    shown = judged(RISING)["Plauderia"]
    assert shown.status == "candidate" and shown.is_first_shown and shown.place == 1
    assert {ground.code for ground in shown.reasons} == {"social", "spread", "new", "rise"}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"outlets": 1}, "noticed", "thin"),
        ({"social": 0.3}, "noticed", "thin"),
        ({"established": 0}, "noticed", "thin"),
        ({"first_seen_on": date(2019, 1, 1), "introduced_on": date(2019, 1, 1), "rise": 1.1}, "noticed", "steady"),
        ({"said_other": 4}, "rejected", "other"),
        ({"documents": 90}, "noticed", "unsaid"),
    ],
)
def test_what_is_thin_steady_or_something_else_is_held_back_with_the_reason(change, status, code):
    one = judged(replace(RISING, **change))["Plauderia"]
    assert one.status == status and code in {ground.code for ground in one.reasons} and one.surfaced_at is None


def test_an_old_name_comes_back_when_it_rises():
    old = replace(RISING, first_seen_on=date(2019, 1, 1), introduced_on=date(2019, 1, 1))
    assert judged(old)["Plauderia"].status == "candidate"


def test_an_old_word_is_new_when_texts_begin_to_introduce_it_and_name_it_more_than_by_chance():
    word = replace(RISING, first_seen_on=date(2019, 1, 1), rise=1.9)
    shown = judged(word)["Plauderia"]
    assert shown.status == "candidate" and {ground.code for ground in shown.reasons} == {
        "social",
        "spread",
        "introduced",
    }
    assert judged(replace(word, surprise=1.0))["Plauderia"].status == "noticed"
    # Who only takes it for known does not make it new.
    assert judged(replace(word, introduced=0.4))["Plauderia"].status == "noticed"
    assert judged(replace(word, documents=30, said_plainly=1))["Plauderia"].status == "noticed"
    assert judged(replace(word, introduced_on=None, introduced=0.0))["Plauderia"].status == "noticed"


def test_a_place_in_a_social_chart_says_what_kind_of_service_it_is():
    charted = replace(RISING, social=0.1, charts={"chart_rank_social de": 3.0})
    assert judged(charted)["Plauderia"].status == "candidate"
    assert judged(replace(charted, charts={"chart_rank_social de": 90.0}))["Plauderia"].status == "noticed"


def test_what_is_watched_is_no_candidate_however_it_is_spelled():
    assert judged(RISING, watched=["PLAUDERIA"]) == {}
    assert key_of("Truth Social") == key_of("TRUTH-Social") == key_of("TruthSocial")


def test_a_dismissed_name_stays_away():
    assert judged(RISING, rules=Discovery(dismissed=["Plauderia"]))["Plauderia"].status == "rejected"


def test_once_shown_a_name_stays_while_it_is_told():
    since = NOW - timedelta(days=20)
    one = judged(replace(RISING, outlets=1), surfaced={"plauderia": since})["Plauderia"]
    assert one.status == "candidate" and one.surfaced_at == since and not one.is_first_shown


def test_two_spellings_of_one_name_are_one_candidate():
    longer = replace(RISING, name="Plauderia Removed", name_key=key_of("Plauderia Removed"), said_social=1)
    assert set(judged(RISING, longer)) == {"Plauderia"}
    first = replace(RISING, name="Murmel", name_key="murmel", said_social=1)
    whole = replace(RISING, name="Murmel Social", name_key="murmelsocial", said_social=3)
    assert set(judged(first, whole)) == {"Murmel Social"}


def test_a_word_for_the_kind_is_no_other_name():
    assert key_of("Murmel Social") == key_of("Murmel") != key_of("Social") == "social"


def test_in_a_young_archive_everything_is_new_so_one_introduction_is_not_enough():
    assert judged(replace(RISING, surprise=0.5))["Plauderia"].status == "candidate"
    lone = judged(replace(RISING, surprise=0.5, social=0.7, social_origins=1, said_lately=1, said_plainly=1))
    assert lone["Plauderia"].status == "noticed" and lone["Plauderia"].reasons[-1].code == "steady"
    # However many take it for known ("a video on N."): that speaks against its being new.
    known = judged(replace(RISING, surprise=0.5, said_lately=40, introduced=0.6, said_plainly=2))
    assert known["Plauderia"].status == "noticed"


def test_a_month_has_room_for_few_names_that_one_origin_introduces_but_for_all_that_two_do():
    lone = replace(RISING, name="Wirbel", name_key="wirbel", social=0.6, social_origins=1)
    weaker = replace(lone, name="Quassel", name_key="quassel", outlets=2)
    shown = {name: NOW - timedelta(days=5) for name in ("eins", "zwei")}
    found = judged(RISING, lone, weaker, surfaced=shown)
    assert {name: one.status for name, one in found.items()} == {
        "Plauderia": "candidate", "Wirbel": "candidate", "Quassel": "noticed",
    }  # fmt: skip
    assert found["Quassel"].reasons[-1].code == "crowded" and found["Quassel"].surfaced_at is None
    later = {name: NOW - timedelta(days=31) for name in shown}
    assert judged(lone, weaker, surfaced=later)["Quassel"].status == "candidate"
    assert judged(weaker, surfaced=shown | {"quassel": NOW - timedelta(days=1)})["Quassel"].status == "candidate"


def test_the_more_certain_and_the_steeper_come_first():
    weak = replace(RISING, name="Wirbel", name_key="wirbel", social=0.6, outlets=2, rise=1.0)
    assert [one.name for one in judge_names([weak, RISING], [], {}, RULES, NOW)] == ["Plauderia", "Wirbel"]


def test_an_entry_is_valid_yaml_whatever_the_name_holds():
    from ruamel.yaml import YAML

    from trendwarte.settings import Platform

    for name in ('No: "way', "Überall", "post.news"):
        text = entry_text(name, id_of(name), on=NOW.date(), first_seen="unknown", documents=0, outlets=0)
        platform = Platform.model_validate(YAML(typ="safe").load(text))
        assert platform.name == name and platform.aliases[0].text == name and platform.sustained_from is None
    with pytest.raises(ValueError, match="--id"):
        id_of("!!!")

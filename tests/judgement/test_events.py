"""Signals to events: copies are one voice, languages are one event, order does not matter."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trendwarte.config_files import load_settings
from trendwarte.events import assign, summarise
from trendwarte.types import Signal, StoredSignal

SETTINGS = load_settings(Path(__file__).parents[2] / "config", {})
SCORING = SETTINGS.scoring
PARENTS = {place: one.parent for place, one in SETTINGS.jurisdictions.items()}
DAY = datetime(2024, 4, 24, 9, tzinfo=UTC)
AGENCY_TEXT = (
    "The ministry said on Tuesday that access to the service would be cut off from midnight across the country."
)


def signal(number, *, origin="a", weight=0.65, day=DAY, lang="en", title="", summary="", **fields):
    reading = Signal(
        platform="tiktok", topic="legal_ban", jurisdiction="US", legal_stage="enacted", factuality="asserted",
        polarity="negative", severity=5, confidence=0.9, evidence="q", char_from=0, char_to=1, rules=(), verb="enact",
        measure="forced_sale",
    )  # fmt: skip
    return StoredSignal(
        f"s{number}", f"d{number}", origin, "quality_press", day, day, False, weight, lang, title,
        replace(reading, **fields), summary,
    )  # fmt: skip


def told(signals, known=None):
    """Event id of each signal, as one night assigns them."""
    return assign(signals, known or {}, SCORING, PARENTS)


def told_in_nights(nights):
    """All assignments and all events of nights that know the events before them."""
    event_of, signals = {}, {}
    for night in nights:
        members = {}
        for one in signals.values():
            members.setdefault(event_of[one.signal_id], []).append(one)
        event_of |= told(night, members)
        signals |= {one.signal_id: one for one in night}
    members = {}
    for one in signals.values():
        members.setdefault(event_of[one.signal_id], []).append(one)
    return event_of, {event_id: summarise(event_id, told_by) for event_id, told_by in members.items()}


STORIES = [
    ("Nepal blocks Facebook and X nationwide", "en", {"jurisdiction": "NP", "legal_stage": "in_force", "verb": "block"}),
    ("Nepal sperrt Facebook und X im ganzen Land", "de", {"jurisdiction": "NP", "legal_stage": "in_force", "verb": "block"}),
    ("Court in Kathmandu suspends the Facebook block", "en", {"jurisdiction": "NP", "legal_stage": "blocked_by_court", "verb": "stay", "polarity": "positive"}),
    ("Irish watchdog fines TikTok 530 million euros over data transfers", "en", {"jurisdiction": "IE", "legal_stage": "fine", "topic": "data_protection", "verb": "sanction"}),
    ("530 Millionen Euro Bußgeld gegen TikTok in Irland wegen Datentransfers", "de", {"jurisdiction": "IE", "legal_stage": "fine", "topic": "data_protection", "verb": "sanction"}),
    ("TikTok lays off 300 moderators in Berlin", "en", {"jurisdiction": "DE", "legal_stage": "none", "topic": "service_viability", "verb": None}),
    ("Minister denies any plan to block Facebook in Nepal", "en", {"jurisdiction": "NP", "legal_stage": "none", "factuality": "denied", "verb": "deny", "polarity": "neutral"}),
]  # fmt: skip


@st.composite
def reports(draw, most=10):
    """Reports of a few stories by a few origins within ten days."""
    count = draw(st.integers(1, most))
    found = []
    for number in range(count):
        title, lang, fields = draw(st.sampled_from(STORIES))
        found.append(
            signal(
                number, origin=draw(st.sampled_from("abc")), day=DAY + timedelta(hours=draw(st.integers(0, 240))),
                title=f"{title}{draw(st.sampled_from(['', ', officials say', ' - what we know']))}", lang=lang, **fields,
            )
        )  # fmt: skip
    return found


def test_forty_copies_of_one_agency_are_one_voice():
    copies = [signal(n, origin="wire", title=f"Access cut off, day {n}") for n in range(40)]
    event = summarise("e", copies)
    assert event.documents == 40 and event.origins == 1
    assert event.credibility < 0.8


def test_forty_houses_that_print_one_text_without_its_credit_are_one_voice():
    copies = [signal(n, origin=f"outlet{n}", title=f"Headline number {n}", summary=AGENCY_TEXT) for n in range(40)]
    assert summarise("e", copies).origins == 1


def test_an_uncredited_copy_speaks_with_the_agency_that_wrote_it():
    credited = signal(1, origin="dpa", title="Access to the service is cut off", summary=AGENCY_TEXT)
    uncredited = signal(2, origin="gazette", title="Access to the service is cut off", summary=AGENCY_TEXT)
    other_text = signal(3, origin="dpa", title="Government orders providers to act")
    assert summarise("e", [credited, uncredited, other_text]).origins == 1


def test_two_independent_houses_are_believed():
    assert summarise("e", [signal(1), signal(2, origin="b")]).credibility > 0.8


def test_a_headline_copied_word_for_word_counts_under_its_origin():
    same = "President signs the law that forces a sale"
    event = summarise("e", [signal(1, title=same), signal(2, origin="b", title=same)])
    assert event.credibility < 0.8


def test_two_short_headlines_in_their_own_words_are_two_voices():
    event = summarise(
        "e", [signal(1, title="TikTok ban signed"), signal(2, origin="b", title="Biden signs TikTok ban")]
    )
    assert event.origins == 2


def test_comments_on_a_ban_do_not_make_one_report_of_it_certain():
    comments = [signal(n, origin=f"c{n}", legal_stage="none", verb=None) for n in range(5)]
    alone = summarise("e", [signal(9, weight=0.7), *comments])
    assert alone.legal_stage == "none"
    told_twice = summarise("e", [signal(8, origin="x"), signal(9), *comments])
    assert told_twice.legal_stage == "enacted"
    assert told_twice.credibility == pytest.approx(summarise("e", [signal(8, origin="x"), signal(9)]).credibility)


def test_a_step_has_the_day_and_the_title_of_those_who_tell_it():
    rumour = signal(
        1, title="Ban expected", legal_stage="discussed", verb="rumour", factuality="speculated", weight=0.07
    )
    step = [signal(n, origin=f"o{n}", title=f"Ban signed, {n}", day=DAY + timedelta(days=2)) for n in (2, 3)]
    event = summarise("e", [rumour, *step])
    assert event.event_date == (DAY + timedelta(days=2)).date() and event.title.startswith("Ban signed")


def test_a_denial_never_raises_belief_mass_or_reach():
    reported = [signal(1), signal(2, origin="b")]
    before = summarise("e", reported)
    after = summarise("e", [*reported, signal(3, origin="c", factuality="denied", legal_stage="none")])
    assert after.credibility < before.credibility
    assert (after.mass, after.reach, after.severity, after.legal_stage) == (
        before.mass, before.reach, before.severity, before.legal_stage,
    )  # fmt: skip


@pytest.mark.parametrize(("english", "german", "fields"), [
    ("Nepal blocks Facebook, X and 24 other platforms", "Nepal sperrt Facebook, X und 24 weitere Plattformen",
     {"jurisdiction": "NP", "legal_stage": "in_force", "verb": "block"}),
    ("TikTok fined €530m in Ireland over data transfers to China", "Datentransfer nach China: 530 Millionen Euro Bußgeld für TikTok",
     {"jurisdiction": "IE", "legal_stage": "fine", "topic": "data_protection", "verb": "sanction"}),
    ("Platform cuts 1,500 jobs", "Plattform streicht 1.500 Stellen",
     {"jurisdiction": "GLOBAL", "legal_stage": "none", "topic": "service_viability", "verb": None}),
    ("Judge halts Montana's TikTok ban", "Richter stoppt TikTok-Verbot in Montana",
     {"jurisdiction": "US-MT", "legal_stage": "blocked_by_court", "verb": "stay", "polarity": "positive"}),
])  # fmt: skip
def test_german_and_english_reports_of_one_story_are_one_event(english, german, fields):
    joined = told([
        signal(1, title=english, **fields), signal(2, origin="b", lang="de", title=german, day=DAY + timedelta(hours=20), **fields),
    ])  # fmt: skip
    assert len(set(joined.values())) == 1


def test_blocks_and_takes_effect_on_one_day_are_one_event():
    joined = told([
        signal(1, title="Albania blocks TikTok for a year", jurisdiction="AL", legal_stage="enacted"),
        signal(2, title="TikTok ban in Albania takes effect", origin="b", jurisdiction="AL", legal_stage="in_force"),
    ])  # fmt: skip
    assert len(set(joined.values())) == 1


def test_a_ban_and_the_court_that_stops_it_are_two_events_in_the_same_words():
    joined = told([
        signal(1, title="Montana TikTok ban"),
        signal(2, title="Montana TikTok ban", origin="b", legal_stage="blocked_by_court", verb="stay", day=DAY + timedelta(hours=3), summary="x"),
    ])  # fmt: skip
    assert len(set(joined.values())) == 2


def test_two_states_that_ban_on_one_day_are_two_events():
    joined = told([
        signal(1, title="Utah bans TikTok on state devices", jurisdiction="US-UT", legal_stage="device_ban_government"),
        signal(2, title="Alabama bans TikTok on state devices", jurisdiction="US-AL", legal_stage="device_ban_government"),
    ])  # fmt: skip
    assert len(set(joined.values())) == 2


def test_a_report_that_names_no_place_joins_the_one_that_does():
    joined = told([
        signal(1, title="Senate votes to ban TikTok on federal devices", legal_stage="passed_chamber"),
        signal(2, title="Senate votes to ban TikTok on devices", origin="b", legal_stage="passed_chamber", jurisdiction="GLOBAL"),
    ])  # fmt: skip
    assert len(set(joined.values())) == 1
    assert summarise("e", [signal(1, jurisdiction="GLOBAL"), signal(2, origin="b")]).jurisdiction == "US"


def test_the_same_step_months_later_is_another_event():
    joined = told([signal(1), signal(2, day=DAY + timedelta(days=90))])
    assert len(set(joined.values())) == 2


def test_the_same_step_of_one_named_law_is_one_event_in_any_words():
    joined = told([
        signal(1, title="President signs it", instrument="us-pafaca"),
        signal(2, title="Nun ist es Gesetz", lang="de", instrument="us-pafaca", day=DAY + timedelta(days=2)),
    ])  # fmt: skip
    assert len(set(joined.values())) == 1


def test_a_late_report_joins_the_event_that_was_told_already():
    first = [signal(1, title="President signs TikTok law"), signal(2, origin="b", title="TikTok law signed")]
    event_id = next(iter(told(first).values()))
    late = signal(3, origin="c", day=DAY + timedelta(days=2), lang="de", title="Präsident unterzeichnet TikTok-Gesetz")
    assert told([late], {event_id: first}) == {"s3": event_id}


def test_reading_the_signal_that_opened_an_event_again_gives_the_same_id():
    first = [
        signal(1, title="Utah bans TikTok on state devices"),
        signal(2, origin="b", title="TikTok banned on Utah's state devices"),
    ]
    again = told([replace(first[0], title="Corrected: Utah bans TikTok")])
    assert again["s1"] == told(first)["s1"]


@given(reports(), st.randoms())
@settings(max_examples=60, deadline=None)
def test_the_order_of_arrival_within_a_night_changes_nothing(signals, random):
    shuffled = signals[:]
    random.shuffle(shuffled)
    assert told_in_nights([shuffled]) == told_in_nights([signals])


@given(reports(), st.data())
@settings(max_examples=60, deadline=None)
def test_doubling_any_article_changes_nothing_but_the_number_of_documents(signals, data):
    original = data.draw(st.sampled_from(signals))
    double = replace(original, signal_id="s-double", document_id="d-double")
    is_later = data.draw(st.booleans())
    _, before = told_in_nights([signals])
    _, after = told_in_nights([signals, [double]] if is_later else [[*signals, double]])
    facts = [
        sorted((e.title, e.origins, e.credibility, e.mass, e.event_date) for e in one.values())
        for one in (before, after)
    ]
    assert facts[0] == facts[1]


@given(reports(), reports())
@settings(max_examples=60, deadline=None)
def test_documents_that_come_later_never_split_or_rename_an_event(first, second):
    second = [replace(s, signal_id=f"t{n}", document_id=f"t{n}") for n, s in enumerate(second)]
    alone, _ = told_in_nights([first])
    both, _ = told_in_nights([first, second])
    assert {key: both[key] for key in alone} == alone


@given(reports(), st.integers(0, 240))
@settings(max_examples=60, deadline=None)
def test_a_denial_moves_no_report_to_another_event_and_raises_no_belief(signals, hours):
    asserted = [s for s in signals if s.signal.factuality != "denied"]
    title, lang, fields = STORIES[-1]
    denial = signal(99, origin="z", title=title, lang=lang, day=DAY + timedelta(hours=hours), **fields)
    before_of, before = told_in_nights([asserted])
    after_of, after = told_in_nights([[*asserted, denial]])
    assert {key: after_of[key] for key in before_of} == before_of
    for event_id, event in before.items():
        assert after[event_id].credibility <= event.credibility
        assert (after[event_id].mass, after[event_id].reach) == (event.mass, event.reach)

"""Signals to events: copies are one voice, languages are one event, order does not matter."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from trendwarte.config_files import load_settings
from trendwarte.events import Known, assign, summarise
from trendwarte.types import Signal, StoredSignal

SETTINGS = load_settings(Path(__file__).parents[2] / "config", {})
SCORING = SETTINGS.scoring
PARENTS = {place: one.parent for place, one in SETTINGS.jurisdictions.items()}
DAY = datetime(2024, 4, 24, 9, tzinfo=UTC)


def signal(number, *, origin="a", weight=0.65, day=DAY, lang="en", title="", factuality="asserted", stage="enacted"):
    reading = Signal(
        platform="tiktok", topic="legal_ban", jurisdiction="US", legal_stage=stage, factuality=factuality,
        polarity="negative", severity=5, confidence=0.9, evidence="q", char_from=0, char_to=1, rules=(), verb="enact",
        measure="forced_sale",
    )  # fmt: skip
    return StoredSignal(
        f"s{number}", f"d{number}", origin, "quality_press", day, day, False, weight, lang, title, reading
    )


def test_forty_copies_of_one_agency_are_one_voice():
    copies = [signal(n, origin="wire") for n in range(40)]
    event = summarise("e", copies)
    assert event.documents == 40 and event.origins == 1
    assert event.credibility < 0.8


def test_two_independent_houses_are_believed():
    assert summarise("e", [signal(1), signal(2, origin="b")]).credibility > 0.8


def test_a_headline_copied_word_for_word_counts_under_its_origin():
    same = "President signs the law that forces a sale"
    event = summarise("e", [signal(1, title=same), signal(2, origin="b", title=same)])
    assert event.credibility < 0.8


def test_a_denial_never_raises_belief():
    told = [signal(1), signal(2, origin="b")]
    denied = summarise("e", [*told, signal(3, origin="c", factuality="denied", stage="none")])
    assert denied.credibility < summarise("e", told).credibility


def test_german_and_english_reports_of_one_step_are_one_event():
    joined = assign([signal(1), signal(2, origin="b", lang="de", day=DAY + timedelta(hours=5))], [], SCORING, PARENTS)
    assert len(set(joined.values())) == 1


def test_the_same_step_months_later_is_another_event():
    joined = assign([signal(1), signal(2, day=DAY + timedelta(days=90))], [], SCORING, PARENTS)
    assert len(set(joined.values())) == 2


@given(st.permutations(range(8)))
def test_the_order_of_arrival_changes_nothing(order):
    signals = [signal(n, origin=f"o{n % 3}", day=DAY + timedelta(days=n * 5)) for n in range(8)]
    expected = assign(signals, [], SCORING, PARENTS)
    assert assign([signals[n] for n in order], [], SCORING, PARENTS) == expected
    assert summarise("e", [signals[n] for n in order]) == summarise("e", signals)


def test_a_late_report_joins_the_event_that_was_told_already():
    first = [signal(1, title="President signs TikTok law"), signal(2, origin="b", title="TikTok law signed")]
    event_id = next(iter(assign(first, [], SCORING, PARENTS).values()))
    known = summarise(event_id, first)
    late = assign(
        [signal(3, origin="c", day=DAY + timedelta(days=2), title="Präsident unterzeichnet TikTok-Gesetz")],
        [Known(known, tuple(first))],
        SCORING,
        PARENTS,
    )
    assert late == {"s3": event_id}

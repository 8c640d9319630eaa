"""The legal ledger: what moves an instrument, what never does."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from trendwarte.config_files import load_settings
from trendwarte.ledger import TRANSITIONS, Ledger, activity, is_dormant, is_unconfirmed
from trendwarte.types import Event, LegalStatus
from trendwarte.vocabulary import LEGAL_STATES, VERBS

SETTINGS = load_settings(Path(__file__).parents[2] / "config", {})
NIGHT = datetime(2025, 1, 10, 23, 59, 59, tzinfo=UTC)


def event(verb, day, **more):
    values = {
        "event_id": f"e-{verb}-{day}", "platform": "tiktok", "jurisdiction": "US", "dimension": "legal",
        "topic": "legal_ban", "legal_stage": "enacted", "factuality": "asserted", "polarity": "negative",
        "event_date": date.fromisoformat(day), "first_seen_at": NIGHT, "last_seen_at": NIGHT, "title": "t",
        "severity": 5, "verb": verb, "measure": "forced_sale", "credibility": 0.9, "origins": 2, "documents": 2,
    }  # fmt: skip
    return Event(**values | more)


def ledger(*statuses, applied=()):
    return Ledger(statuses, applied, SETTINGS.instruments, SETTINGS.jurisdictions, SETTINGS.scoring)


def states(events, as_of):
    return [(s.instrument, s.state, s.due_date) for s in ledger().fold(events, as_of).transitions]


def test_the_tiktok_law_moves_step_by_step():
    story = [
        event("pass_chamber", "2024-03-13", instrument="us-pafaca"),
        event("enact", "2024-04-24", due_date=date(2025, 1, 19)),
        event("nonenforce", "2025-01-20", due_date=date(2025, 4, 5)),
        event("comply", "2026-01-22"),
    ]
    assert states(story, datetime(2026, 1, 22, 23, tzinfo=UTC)) == [
        ("us-pafaca", "passed_chamber", None),
        ("us-pafaca", "scheduled", date(2025, 1, 19)),
        ("us-pafaca", "in_force", date(2025, 1, 19)),
        ("us-pafaca", "non_enforced", date(2025, 4, 5)),
        ("us-pafaca", "resolved", None),
    ]


def test_a_date_that_passes_puts_a_law_in_force_but_unverified():
    folded = ledger().fold([event("enact", "2024-04-24", due_date=date(2025, 1, 5))], NIGHT)
    assert [s.state for s in folded.transitions] == ["scheduled", "in_force"]
    assert folded.transitions[-1].is_due_unverified


@pytest.mark.parametrize(
    "doubt", [{"factuality": "speculated"}, {"factuality": "denied"}, {"credibility": 0.79}, {"recap": True}]
)
def test_could_be_banned_a_denial_a_single_voice_and_old_news_move_nothing(doubt):
    folded = ledger().fold([event("block", "2025-01-09", measure="full_ban", **doubt)], NIGHT)
    assert folded.transitions == () and folded.refused == ()


def test_a_court_that_blocks_a_ban_lowers_its_weight_but_not_to_nothing():
    banned = LegalStatus(
        "tiktok", "US-MT", "us-mt-sb419", "full_ban", "scheduled", date(2023, 5, 17), NIGHT, date(2024, 1, 1)
    )
    stay = event("stay", "2023-11-30", jurisdiction="US-MT", measure="full_ban", polarity="positive")
    (stayed,) = ledger(banned).fold([stay], NIGHT.replace(year=2023)).transitions
    assert stayed.state == "stayed"
    day = date(2023, 12, 1)
    assert 0 < activity(stayed, day, SETTINGS.scoring) < activity(banned, day, SETTINGS.scoring)


def test_a_second_stay_of_a_stayed_ban_leaves_the_forced_sale_beside_it_alone():
    story = [
        event("enact", "2020-08-06", due_date=date(2020, 9, 20), instrument="us-eo-13942", measure="full_ban"),
        event("enact", "2020-08-14", due_date=date(2020, 11, 12), instrument="us-cfius-2019"),
        event("stay", "2020-09-27", measure="full_ban"),
        event("stay", "2020-10-30", measure="full_ban"),
    ]
    folded = ledger().fold(story, datetime(2020, 11, 1, 23, tzinfo=UTC))
    assert [s.instrument for s in folded.transitions if s.state == "stayed"] == ["us-eo-13942"]


def test_a_step_that_is_not_in_the_table_waits_for_a_person():
    folded = ledger().fold([event("lift", "2025-01-09", measure="full_ban")], NIGHT)
    assert folded.transitions == ()
    assert folded.refused[0].reason.startswith("'lift' needs an instrument")


def test_no_place_is_no_legislator():
    folded = ledger().fold([event("block", "2025-01-09", jurisdiction="GLOBAL", measure="full_ban")], NIGHT)
    assert folded.transitions == () and "jurisdiction" in folded.refused[0].reason


def test_an_event_is_applied_once_and_the_order_of_events_does_not_matter():
    story = [event("enact", "2024-04-24", due_date=date(2025, 1, 19)), event("pass_chamber", "2024-03-13")]
    assert states(story, NIGHT) == states(story[::-1], NIGHT)
    again = ledger(applied={e.event_id for e in story}).fold(story, NIGHT)
    assert again.transitions == ()


def test_the_table_knows_only_declared_verbs_and_states():
    assert set(TRANSITIONS) <= set(VERBS)
    for moves in TRANSITIONS.values():
        assert {*moves, *moves.values()} <= set(LEGAL_STATES)


def test_the_weight_of_a_scheduled_measure_rises_towards_its_date():
    status = LegalStatus(
        "tiktok", "US", "us-pafaca", "forced_sale", "scheduled", date(2024, 4, 24), NIGHT, date(2025, 1, 19)
    )
    days = [date(2024, 5, 1), date(2024, 10, 1), date(2024, 12, 20), date(2025, 1, 18)]
    weights = [activity(status, day, SETTINGS.scoring) for day in days]
    assert weights == sorted(weights) and weights[0] < weights[-1]
    assert activity(replace(status, state="resolved", due_date=None), days[0], SETTINGS.scoring) < 0.2


def test_a_pause_nobody_touches_for_a_year_weighs_less_and_wakes_with_a_new_date():
    paused = LegalStatus(
        "tiktok", "US", "us-cfius-2019", "forced_sale", "non_enforced", date(2020, 11, 25), NIGHT, date(2020, 12, 4)
    )
    soon, later = (activity(paused, day, SETTINGS.scoring) for day in (date(2021, 3, 1), date(2022, 1, 1)))
    assert later == pytest.approx(0.4 * 0.95 * (50 + 20) / 100) and soon > 2 * later
    assert not is_dormant(replace(paused, due_date=date(2022, 6, 1)), date(2022, 1, 1), SETTINGS.scoring)


def test_a_date_that_passed_without_a_word_weighs_like_a_delay_never_like_a_repeal():
    status = ledger().fold([event("enact", "2024-04-24", due_date=date(2025, 1, 5))], NIGHT).transitions[-1]
    on_the_day, a_week_later = (activity(status, date(2025, 1, day), SETTINGS.scoring) for day in (6, 12))
    assert on_the_day == pytest.approx(0.95 * 0.85) and a_week_later == pytest.approx(0.95 * 0.45)
    assert is_unconfirmed(status, date(2025, 1, 12), SETTINGS.scoring)


def test_a_case_that_is_closed_is_resolved_and_opens_nothing_where_there_was_none():
    case = {"topic": "regulation_compliance", "legal_stage": "investigation", "measure": "dsa", "jurisdiction": "EU"}
    opened, closed = event("open_proceedings", "2024-12-17", **case), event("close", "2025-01-08", **case)
    assert [s.state for s in ledger().fold([opened, closed], NIGHT).transitions] == ["proceedings", "resolved"]
    assert not ledger().fold([closed], NIGHT).transitions


def test_a_suit_against_a_law_is_no_proceeding_against_the_platform():
    law = LegalStatus(
        "tiktok", "US", "us-pafaca", "forced_sale", "scheduled", date(2024, 4, 24), NIGHT, date(2025, 1, 19)
    )
    (row,) = ledger(law).fold([event("appeal", "2024-05-07")], NIGHT.replace(year=2024)).transitions
    assert (row.state, row.is_challenged, row.due_date) == ("scheduled", True, date(2025, 1, 19))
    day = date(2024, 6, 1)
    assert activity(row, day, SETTINGS.scoring) == pytest.approx(0.9 * activity(law, day, SETTINGS.scoring))


def test_an_open_ban_vouches_for_the_court_that_stays_it_but_not_for_a_new_one():
    open_ban = LegalStatus(
        "tiktok", "US", "us-eo-13942", "full_ban", "in_force", date(2020, 9, 20), NIGHT.replace(year=2020)
    )
    one_house = {"credibility": 0.65, "origins": 1, "measure": "full_ban"}
    (row,) = ledger(open_ban).fold([event("stay", "2020-09-28", **one_house)], NIGHT.replace(year=2020)).transitions
    assert row.state == "stayed"
    assert ledger().fold([event("stay", "2020-09-28", **one_house)], NIGHT).transitions == ()
    assert ledger(open_ban).fold([event("block", "2020-09-28", **one_house)], NIGHT).transitions == ()
    denied = event("stay", "2020-09-28", **one_house | {"denial": 0.3})
    assert ledger(open_ban).fold([denied], NIGHT).transitions == ()


def test_a_repeal_that_names_no_measure_means_the_one_thing_that_is_open():
    order = LegalStatus(
        "tiktok", "US", "us-eo-13942", "full_ban", "stayed", date(2020, 9, 28), NIGHT.replace(year=2020)
    )
    other = replace(order, instrument="us-cfius-2019", measure="forced_sale", state="scheduled")
    repeal = event("repeal", "2021-06-09", measure="conduct_rule")
    (row,) = ledger(order).fold([repeal], NIGHT.replace(year=2021)).transitions
    assert (row.instrument, row.state) == ("us-eo-13942", "lifted")
    assert ledger(order, other).fold([repeal], NIGHT.replace(year=2021)).transitions == ()


def test_a_repeal_that_may_mean_several_things_is_a_question_for_a_person():
    order = LegalStatus(
        "tiktok", "US", "us-eo-13942", "full_ban", "stayed", date(2020, 9, 28), NIGHT.replace(year=2020)
    )
    other = replace(order, instrument="us-cfius-2019", measure="forced_sale", state="scheduled")
    one_house = event("repeal", "2021-06-09", measure="conduct_rule", credibility=0.65, origins=1)
    folded = ledger(order, other).fold([one_house], NIGHT.replace(year=2021))
    assert folded.transitions == ()
    (question,) = folded.refused
    assert "us-cfius-2019, us-eo-13942" in question.reason


@pytest.mark.parametrize(
    ("state", "measure", "due", "moves"),
    [
        ("proposed", "forced_sale", date(2020, 11, 13), True),
        ("passed_chamber", "forced_sale", date(2020, 11, 13), True),
        ("proposed", "forced_sale", None, False),  # in force at once: two voices
        ("scheduled", "forced_sale", date(2020, 11, 13), False),  # what is decided needs two voices for a new date
        ("proposed", "full_ban", date(2020, 11, 13), False),
        ("lifted", "forced_sale", date(2020, 11, 13), False),
    ],
)
def test_what_is_announced_vouches_for_the_order_that_sets_its_date(state, measure, due, moves):
    bill = LegalStatus(
        "tiktok", "US", "us-cfius-2019", measure, state, date(2020, 8, 1), NIGHT.replace(year=2020, month=8), None
    )
    signed = event("enact", "2020-08-15", due_date=due, credibility=0.65, origins=1)
    folded = ledger(bill).fold([signed], datetime(2020, 8, 15, 23, tzinfo=UTC))
    assert [(s.state, s.due_date) for s in folded.transitions] == ([("scheduled", due)] if moves else [])

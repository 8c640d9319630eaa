"""When a source is asked again, and whether conditionally."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trendwarte.polling import is_due, remembered, validators_to_send
from trendwarte.types import SourceHealth, SourceMemory, Validators

T0 = datetime(2026, 6, 10, 4, tzinfo=UTC)
HELD = Validators('"e"', "Tue", "hash-1")


def _after(memory, state="ok", *, at=T0, validators=HELD, wait=None, poll=60.0, **health):
    if state in ("ok", "empty", "stale"):
        health = {"status": 200} | health
    return remembered(memory, SourceHealth("s", state, at, **health), validators, at, poll_min=poll, asked_wait=wait)


def _fail(memory, times, **health):
    for _ in range(times):
        memory = _after(memory, "blocked", validators=None, **health)
    return memory


def test_a_source_never_visited_is_due():
    assert is_due(SourceMemory("s"), T0)


def test_a_source_that_brings_mostly_known_entries_is_asked_less_and_one_full_of_news_more():
    calm = busy = SourceMemory("s", interval_min=120)
    for _ in range(2):
        calm = _after(calm, documents=30, new_documents=2)
        busy = _after(busy, documents=30, new_documents=28)
    assert (calm.interval_min, busy.interval_min) == (130, 60)
    assert _after(calm, documents=30, new_documents=15).interval_min == 130


def test_a_source_silent_for_a_month_is_asked_much_less():
    memory = SourceMemory("s", calm=1, last_new_at=T0 - timedelta(days=40))
    assert _after(memory, documents=10).interval_min == 120


@pytest.mark.parametrize(
    ("health", "weight"),
    [
        ({"state": "blocked", "status": 403}, 1.0),
        ({"state": "parse_error", "status": 200}, 1.0),
        ({"state": "dead", "status": 404}, 0.5),
        ({"state": "dead", "status": 410}, 1.0),
        ({"state": "unreachable", "status": 503}, 0.5),
        ({"state": "rate_limited", "status": 429}, 0.5),
        ({"state": "unreachable", "is_passing": True}, 0.25),
    ],
)
def test_failures_are_graded(health, weight):
    assert _after(SourceMemory("s"), validators=None, **health).failures == weight


def test_failures_add_up_in_a_line_and_one_answer_clears_them():
    memory = _fail(SourceMemory("s"), 3)
    assert memory.failures == 3 and memory.next_visit_at == T0 + timedelta(hours=3)
    assert _after(memory).failures == 0


def test_no_living_source_misses_a_nightly_run():
    assert is_due(_fail(SourceMemory("s"), 29), T0 + timedelta(hours=20))
    calm = SourceMemory("s", interval_min=10_000)
    assert is_due(_after(calm), T0 + timedelta(hours=20))


def test_a_dead_source_is_asked_once_a_month_and_never_dropped():
    memory = _fail(SourceMemory("s"), 40)
    assert memory.next_visit_at == T0 + timedelta(days=30) and is_due(memory, T0 + timedelta(days=30))


def test_what_the_server_asks_for_is_obeyed_after_answers_and_failures():
    long = timedelta(hours=50)
    limited = _after(SourceMemory("s"), "rate_limited", validators=None, wait=long)
    assert limited.next_visit_at == T0 + long and not is_due(limited, T0 + timedelta(hours=49))
    assert _after(SourceMemory("s"), wait=long).next_visit_at == T0 + long


def test_validators_survive_a_failure_and_are_sent_again():
    memory = _fail(_after(SourceMemory("s")), 2)
    assert validators_to_send(memory, T0) == HELD


def test_after_a_day_of_not_modified_a_full_answer_is_asked_for():
    memory = _after(SourceMemory("s"))
    for hour in range(1, 5):
        assert validators_to_send(memory, T0 + timedelta(hours=hour)) == HELD
        memory = _after(memory, "not_modified", at=T0 + timedelta(hours=hour), status=304)
    assert validators_to_send(memory, T0 + timedelta(hours=23)) == HELD
    assert validators_to_send(memory, T0 + timedelta(hours=24)) == Validators(body_hash="hash-1")


def test_a_server_whose_validators_lie_is_never_asked_conditionally_again():
    memory = _after(SourceMemory("s"))
    caught = _after(memory, validators=replace(HELD, body_hash="hash-2"))
    assert caught.is_lying and validators_to_send(caught, T0) == Validators(body_hash="hash-2")
    honest = _after(memory, validators=Validators('"f"', "Tue", "hash-2"))
    assert not honest.is_lying
    silent = _after(
        _after(SourceMemory("s"), validators=Validators(body_hash="1")), validators=Validators(body_hash="2")
    )
    assert not silent.is_lying


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ok", "not_modified", "blocked", "unreachable", "dead"]),
            st.integers(0, 50),
            st.integers(0, 50),
        ),
        max_size=60,
    )
)
def test_whatever_happens_the_pace_stays_within_bounds(visits):
    memory = SourceMemory("s")
    for state, documents, new in visits:
        memory = _after(memory, state, documents=max(documents, new), new_documents=new, validators=HELD)
        assert 10 <= memory.interval_min <= 1_200 and memory.failures >= 0
        assert T0 < memory.next_visit_at <= T0 + timedelta(days=30)

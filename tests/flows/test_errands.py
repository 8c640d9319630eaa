"""Who is asked when: one errand per host, and what a host's silence means for its other sources."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from flows.engine import PlainEngine
from flows.errands import ask_all, by_host
from trendwarte.errors import FetchError
from trendwarte.settings import Fetching, Source
from trendwarte.types import NotModified, Validators

FETCHING = Fetching(user_agent="test/1", retries=2, retry_wait_s=0)


def source(name: str, url: str = "", **declared: object) -> Source:
    return Source(**{"id": name, "name": name, "kind": "feed", "url": url or f"https://{name}.example/", "source_kind": "blog",
                     "min_interval_s": 0} | declared)  # fmt: skip


@pytest.fixture
def run() -> Callable[..., tuple[list[object], list[str]]]:
    """``run(sources, failures)`` asks all; ``failures`` maps an id to the errors of its first visits."""

    def _run(sources: list[Source], failures: dict[str, list[FetchError]]):
        asked: list[str] = []

        def attempt(one: Source) -> NotModified:
            asked.append(one.id)
            if failures.get(one.id):
                raise failures[one.id].pop(0)
            return NotModified(one.id, datetime(2026, 1, 1, tzinfo=UTC), Validators())

        return ask_all(sources, attempt, FETCHING, PlainEngine(3)), asked

    return _run


def test_answers_come_in_the_order_of_the_sources_whatever_the_order_of_asking(run):
    sources = [source("b"), source("a", "https://b.example/2"), source("c")]
    answers, _ = run(sources, {})
    assert [one.source_id for one in answers] == ["b", "a", "c"]


def test_the_sources_of_a_host_are_one_errand_and_the_longest_begins(run):
    sources = [source("one"), *(source(f"many{n}", f"https://big.example/{n}", min_interval_s=5) for n in range(3))]
    assert [[s.id for s in errand] for errand in by_host(sources)] == [["many0", "many1", "many2"], ["one"]]


def test_a_passing_failure_is_tried_again_at_the_end_and_a_lasting_one_is_not(run):
    passing, lasting = FetchError("late", permanent=False), FetchError("gone", permanent=True, state="dead", status=404)
    answers, asked = run([source("a"), source("b")], {"a": [passing], "b": [lasting]})
    assert isinstance(answers[0], NotModified) and answers[1] is lasting
    assert sorted(asked) == ["a", "a", "b"]


def test_a_host_out_of_reach_is_asked_once_a_round_for_all_its_sources(run):
    down = [FetchError("no route", permanent=False, is_host=True) for _ in range(9)]
    sources = [source(f"s{n}", f"https://h.example/{n}") for n in range(4)]
    answers, asked = run(sources, {"s0": down})
    assert asked == ["s0"] * 3 and all(isinstance(one, FetchError) for one in answers)


def test_a_host_that_asks_for_silence_is_left_alone_for_the_sources_of_that_owner(run):
    limit = FetchError("slow", permanent=True, state="rate_limited", status=429, retry_after_s=60, is_host=True)
    sources = [source(n, f"https://h.example/{n}", owner=o) for n, o in (("a", "x"), ("b", "x"), ("c", "y"))]
    answers, asked = run(sources, {"a": [limit]})
    assert asked == ["a", "c"] and answers[1] is limit and isinstance(answers[2], NotModified)


def test_one_slow_address_is_no_reason_to_leave_its_neighbours_unasked(run):
    slow = [FetchError("took longer", permanent=False) for _ in range(9)]
    sources = [source(f"s{n}", f"https://h.example/{n}") for n in range(3)]
    answers, asked = run(sources, {"s0": slow})
    assert isinstance(answers[1], NotModified) and asked.count("s1") == asked.count("s2") == 1


def test_a_source_with_another_address_is_asked_although_its_host_is_down(run):
    down = [FetchError("no route", permanent=False, is_host=True) for _ in range(9)]
    sources = [
        source("a", "https://h.example/a"),
        source("b", "https://h.example/b", fallback_urls=["https://i.example/"]),
    ]
    _, asked = run(sources, {"a": down})
    assert asked.count("b") == 1

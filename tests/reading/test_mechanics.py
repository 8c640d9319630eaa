"""What makes reading fast changes no reading: patterns are only left out where they cannot match."""

import re
from array import array
from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trendwarte.needles import Needles
from trendwarte.reading.features import features, vector
from trendwarte.reading.grammar import row
from trendwarte.reading.hashing import SIZE
from trendwarte.reading.memo import Memo
from trendwarte.reading.sieve import Sieve, needles_of
from trendwarte.reading.steps import _rules
from trendwarte.types import Document

RULES = _rules()
PATTERNS = RULES.words | {raw["id"]: pattern for raw, pattern, _ in RULES.steps}
SIEVE = Sieve(PATTERNS)
NEEDLES = sorted({needle for pattern in PATTERNS.values() for needle in needles_of(pattern)})
WORDS = st.sampled_from([
    *NEEDLES, "§p", "court", "gericht", "the", "ban", "law", "verbot", "will", "not", "zurück", "auf", "?", "n't", "in kraft",
])  # fmt: skip
TEXTS = st.lists(WORDS, max_size=12).map(" ".join)


@given(TEXTS)
@example("court strikes down §p ban")
@example("regierung sperrt §p")
def test_no_pattern_that_matches_is_left_out(text):
    possible = SIEVE.possible(text)
    for name, pattern in PATTERNS.items():
        assert pattern.search(text) is None or possible & SIEVE.bits[name], name


def test_most_rules_are_left_out_of_a_text_that_tells_no_step():
    possible = SIEVE.possible("§p is down for thousands of users, who make jokes about it on another service")
    assert sum(bool(possible & SIEVE.bits[name]) for name in PATTERNS) < len(PATTERNS) / 2


@pytest.mark.parametrize(
    ("pattern", "needles"),
    [
        (r"\bban(?:s|ned)?\b", {"ban"}),
        (r"\b(?:sign(?:s|ed)|adopts?)\b.{0,40}\blaws?\b", {"signs", "signed", "adopt"}),
        (r"(?:non-)?enforcement", {"enforcement"}),
        (r"gr[ae]y list", {"gray list", "grey list"}),
        (r"(?=block)(?!unblock)\w+ed", set()),
        (r"(?:if|unless)", set()),
        (r"(?i:Ban)ned|suspended", {"ned", "suspended"}),
        (r"(?:fines?){2,}", {"fine"}),
    ],
)
def test_what_a_pattern_needs_is_read_off_it(pattern, needles):
    assert needles_of(re.compile(pattern)) == needles


def test_a_pattern_that_ignores_case_is_always_possible():
    sieve = Sieve({"a": re.compile("banned", re.IGNORECASE), "b": re.compile("banned")})
    assert sieve.possible("BANNED") == sieve.bits["a"]
    assert Sieve({"a": re.compile("banned", re.IGNORECASE)}).possible("BANNED") == 1


@given(st.lists(st.lists(st.integers(0, SIZE - 1) | st.integers(0, 5), max_size=40), min_size=1, max_size=6))
def test_every_family_of_features_is_counted_by_itself_and_scaled_to_its_share(families):
    rarity = np.linspace(1, 9, SIZE, dtype=np.float32)
    shares = tuple(1 / (1 + number) for number in range(len(families)))
    index, weight = vector(tuple(array("H", family) for family in families), shares, rarity)
    expected: Counter[int] = Counter()
    for family, share in zip(families, shares, strict=True):
        raw = {one: (1 + np.log(count)) * rarity[one] for one, count in Counter(family).items()}
        length = np.sqrt(sum(one**2 for one in raw.values())) or 1
        for one, value in raw.items():
            expected[one] += share * value / length
    found: Counter[int] = Counter()
    for one, value in zip(index.tolist(), weight.tolist(), strict=True):
        found[one] += value
    assert found.keys() == expected.keys()
    assert all(found[one] == pytest.approx(expected[one], rel=1e-5) for one in expected)


def test_a_memo_starts_anew_when_it_is_full_and_says_the_same():
    class Lengths(Memo[str, int]):
        def look_up(self, key: str) -> int:
            asked.append(key)
            return len(key)

    asked: list[str] = []
    lengths = Lengths(2)
    assert [lengths[one] for one in ("a", "bb", "a", "ccc", "a")] == [1, 2, 1, 3, 1]
    assert asked == ["a", "bb", "ccc", "a"] and len(lengths) == 2


@given(st.text(max_size=80))
@example("größe naïve übergröße x² 24h")
def test_a_text_falls_into_letters_digits_and_marks(text):
    tokens = row(text.lower()).tokens
    plain = re.findall(r"§\w+|[^\W\d_]+|\d+|[?:]", text.lower())
    assert [one for one in tokens if not one.startswith("§")] == [one for one in plain if not re.match(r"§|\d", one)]
    assert len(tokens) == len(plain)


def test_a_word_that_occurs_twice_counts_twice():
    once, twice = features(row("ban"), row(""), ()), features(row("ban ban"), row(""), ())
    assert Counter(twice[0])[once[0][0]] == 2


@given(
    st.text(alphabet="abcß\ud800", max_size=30), st.sets(st.text(alphabet="abcß", min_size=1, max_size=4), max_size=8)
)
@example("a\ud800ab", {"a", "ab", "b"})
def test_needles_are_found_wherever_they_stand(text, wanted):
    hits = Needles({needle: needle for needle in sorted(wanted)}).hits(text)
    everywhere = [
        (start, start + len(one)) for one in wanted for start in range(len(text)) if text.startswith(one, start)
    ]
    assert hits == [(a, b, text[a:b]) for a, b in sorted(everywhere, key=lambda place: (place[1], place[0]))]


def test_documents_are_read_alone_as_they_are_read_together(reader):
    titles = [
        "Turkey blocks X", "Gericht stoppt TikTok-Verbot in Montana", "Rain in Rome", "YouTube \ud800 tests a button", "",
        "Snapchat bets on glasses that nobody asked for", "Meta prüft Bezahlmodell für Instagram",
    ]  # fmt: skip
    kinds = ["quality_press", "satire"]
    moment = datetime(2025, 2, 1, tzinfo=UTC)
    documents = [
        Document(f"d{n}", "s", "", titles[n % len(titles)], "", "", kinds[n % 9 == 8], moment, moment, "")
        for n in range(450)
    ]
    alone = [reader.read(document) for document in documents]
    assert reader.read_all(documents) == alone
    assert reader.read_all(documents[::-1]) == alone[::-1]
    assert {reading.relevant for reading in alone} == {True, False}
    assert reader.read_all([]) == []

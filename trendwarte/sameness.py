"""How alike two reports are, in one language or across two: the terms they share, by how rare those are.

A term is an idea of `concepts.yaml` ("Bußgeld" and "fined" are one), a number with its unit, or the folded beginning
of a word, so that names and cognates meet across languages ("Journalisten", "journalists"). How rare a term is was
counted once in headlines (`benchmarks/train_sameness.py`); the table holds counts of hashes, no text.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from math import sqrt
from typing import Any
from zlib import crc32

import numpy as np
from ruamel.yaml import YAML

#: Number of hashed terms in the table of rarities.
SIZE = 1 << 15
_TOKEN = re.compile(r"[@#]?[^\W_]+(?:[.,'’]\d+)*|[$€£%]")
_NUMBER = re.compile(r"(\d+(?:[.,]\d+)*)(st|nd|rd|th|m|mn|bn|b|k|p|%)?")
_SCALE = {"k": 1e3, "m": 1e6, "mn": 1e6, "bn": 1e9, "b": 1e9}
_SCALE_WORDS = {"thousand": 1e3, "tausend": 1e3, "million": 1e6, "millionen": 1e6, "mio": 1e6, "billion": 1e9,
                "milliarde": 1e9, "milliarden": 1e9, "mrd": 1e9}  # fmt: skip
_STEM_CHARS = 7
_COMPOUND_CHARS = 8
_PART_CHARS = 4
_SUMMARY_SHARE = 0.35
# Terms that half of all headlines share find every event and tell none apart.
_TELLING = 3.0
_SILENT = "=silent"


@dataclass(frozen=True, slots=True)
class Terms:
    """A report as weighted terms, with the rarity of each; ``length`` is their Euclidean norm.

    ``telling`` are those that tell one event from another, ``numbers`` those with three or more digits.
    """

    weights: Mapping[str, float]
    rarities: Mapping[str, float]
    telling: tuple[str, ...]
    numbers: frozenset[str]
    length: float


@lru_cache(maxsize=16_384)
def terms_of(title: str, summary: str) -> Terms:
    """Terms of a report; those of the summary weigh a third.

    Kept from night to night, for a report is compared with those of the next weeks; they follow from its words alone.
    """
    weights: dict[str, float] = {}
    rarities: dict[str, float] = {}
    for text, share in ((title, 1.0), (summary[:300], _SUMMARY_SHARE)):
        for term in _terms(text):
            rarities[term] = rarity(term)
            weights[term] = max(weights.get(term, 0.0), share * rarities[term])
    telling = tuple(term for term, rare in rarities.items() if rare >= _TELLING)
    numbers = frozenset(t for t in weights if t.startswith("#") and len(t) > 3)
    return Terms(weights, rarities, telling, numbers, sqrt(sum(w * w for w in weights.values())))


def shared(one: Terms, other: Terms) -> list[str]:
    """Terms that two reports share, in the order of the shorter."""
    small, large = one.weights, other.weights
    if len(large) < len(small):
        small, large = large, small
    return [term for term in small if term in large]


def likeness(one: Terms, other: Terms, both: Iterable[str]) -> float:
    """Cosine of two reports, 0-1, by the terms they share."""
    if not one.length or not other.length:
        return 0.0
    mine, theirs = one.weights, other.weights
    return sum([mine[term] * theirs[term] for term in both]) / (one.length * other.length)


def rarity(term: str) -> float:
    """Inverse document frequency of a term in headlines that name a platform."""
    return _rarities()[crc32(term.encode()) & (SIZE - 1)]


def fold(text: str) -> str:
    """Lower case without accents: ``Übernahme`` is ``ubernahme``."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _terms(text: str) -> list[str]:
    tokens = _TOKEN.findall(_joined(text))
    words = [fold(token) for token in tokens]
    beginnings = _beginnings()
    found: list[str] = []
    for token, word, following in zip(tokens, words, [*words, ""][1:], strict=True):
        pair = beginnings.get(f"{word} {following}")
        found += (pair[0],) if pair else _term(token, word, following)
    return found


def _joined(text: str) -> str:
    """Abbreviations without their stops, so that "U.S." and "US" are one."""
    return re.sub(r"\b([A-Z])\.([A-Z])\.", r"\1\2", text)


def _term(token: str, word: str, following: str) -> tuple[str, ...]:
    if word[:1].isdigit():
        return _number(word, following)
    if token.isupper() and token in _abbreviations():
        return (_abbreviations()[token],)
    return _words(word)


def _number(word: str, following: str) -> tuple[str, ...]:
    match = _NUMBER.fullmatch(word)
    if match is None:
        return (word[:_STEM_CHARS],)
    digits, unit = match[1], match[2] or ""
    scale = _SCALE.get(unit) or _SCALE_WORDS.get(following, 1.0)
    return (f"#{_value(digits) * scale:g}",)


def _value(digits: str) -> float:
    """English and German figures: a mark before exactly three digits groups, any other is decimal."""
    if re.fullmatch(r"\d{1,3}([.,]\d{3})+", digits):
        return float(re.sub(r"[.,]", "", digits))
    return (
        float(digits.replace(",", "."))
        if digits.count(".") + digits.count(",") == 1
        else float(re.sub(r"[.,]", "", digits))
    )


@lru_cache(maxsize=100_000)
def _words(word: str) -> tuple[str, ...]:
    """The ideas of a word: its own, those of the parts of a compound, else its beginning."""
    word = word.lstrip("@#")
    if word in _little_words() or len(word) < 2:
        return ()
    if concept := _concept(word):
        return () if concept == _SILENT else (concept,)
    if len(word) >= _COMPOUND_CHARS:
        for cut in range(_PART_CHARS, len(word) - _PART_CHARS + 1):
            if tail := _concept(word[cut:]):
                head = _words(word[:cut].rstrip("s") if word[cut - 1] == "s" else word[:cut])
                return head if tail == _SILENT else (*head, tail)
    return (_stem(word),)


def _stem(word: str) -> str:
    for ending in ("ings", "ing", "ers", "er", "en", "ed", "es", "'s", "s", "e", "n"):
        if word.endswith(ending) and len(word) - len(ending) >= _PART_CHARS:
            word = word[: -len(ending)]
            break
    return word[:_STEM_CHARS]


def _concept(word: str) -> str | None:
    beginnings = _beginnings()
    for length in range(min(len(word), 18), 2, -1):
        if found := beginnings.get(word[:length]):
            concept, is_whole = found
            # Short beginnings are whole words or hardly more: "act" is no "actor", "bill" no "billboard".
            rest = len(word) - length
            if not is_whole or rest == 0:
                return concept
    return None


@cache
def _lexicon() -> dict[str, Any]:
    text = (files("trendwarte") / "concepts.yaml").read_text("utf-8")
    content: dict[str, Any] = YAML(typ="safe").load(text)
    return content


def _concepts() -> dict[str, list[str]]:
    concepts: dict[str, list[str]] = _lexicon()["concepts"]
    return concepts


@cache
def _little_words() -> frozenset[str]:
    return frozenset(_lexicon()["little_words"])


@cache
def _beginnings() -> dict[str, tuple[str, bool]]:
    """Beginning to (concept, whether the word must be whole: those of up to five letters)."""
    found: dict[str, tuple[str, bool]] = {}
    for concept, words in _concepts().items():
        for word in words:
            if not word.isupper():
                found.setdefault(fold(word), (f"={concept}", len(word) <= 5))
    return found


@cache
def _abbreviations() -> dict[str, str]:
    return {word: f"={concept}" for concept, words in _concepts().items() for word in words if word.isupper()}


@cache
def _rarities() -> list[float]:
    with (files("trendwarte") / "rarities.npy").open("rb") as stream:
        counted: list[float] = (np.load(stream, allow_pickle=False) / 16.0).tolist()
    return counted


def count(texts: Iterable[tuple[str, str]]) -> np.ndarray[Any, Any]:
    """Rarities (16 x idf, one byte each) of the terms of (title, summary) pairs; used in training only."""
    seen, total = np.zeros(SIZE), 0
    for title, summary in texts:
        total += 1
        for slot in {crc32(term.encode()) & (SIZE - 1) for term in (*_terms(title), *_terms(summary[:300]))}:
            seen[slot] += 1
    return np.asarray(np.clip(np.log((total + 1) / (seen + 1)) * 16, 0, 255).astype(np.uint8))

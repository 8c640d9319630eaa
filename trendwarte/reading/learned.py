"""A small learned reader: how likely a text says something about a platform's standing, its topic, its polarity.

Three logistic regressions over hashed words, word pairs and letter groups, trained by `benchmarks/train_reader.py`
on labelled headlines (card: `learned.md`). Platform names are masked, so that it learns what is said, not of whom.
It never decides a legal step: those are read by rules that name their words (docs/decisions/0010).
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any
from zlib import crc32

import numpy as np

#: Number of hashed features; collisions cost less than a larger file.
SIZE = 1 << 15
_TOKEN = re.compile(r"§?\w+")
_WORD_CHARS = 24
_LETTERS = (3, 4, 5)
_SHOWN_WORDS = 3

Vector = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


@dataclass(frozen=True, slots=True)
class Judgement:
    """Probabilities 0-1 of one text; ``words`` carried the topic most, strongest first."""

    relevance: float
    topic: str
    topic_share: float
    polarity: str
    polarity_share: float
    words: tuple[str, ...]


def features(text: str) -> tuple[Counter[int], Counter[int]]:
    """Counts of hashed words and word pairs, and of hashed letter groups, of a lower-case text."""
    tokens = _TOKEN.findall(text)
    words = Counter(_hash(token) for token in tokens if len(token) > 1)
    words.update(_hash(f"{one} {other}") for one, other in pairwise(tokens))
    letters: Counter[int] = Counter()
    for token in tokens:
        letters.update(_letter_groups(token[:_WORD_CHARS]))
    return words, letters


def vector(counted: Iterable[Counter[int]], rarity: np.ndarray[Any, Any]) -> Vector:
    """Indices and weights: (1 + ln count) x rarity, each family of features scaled to length 1."""
    indices, weights = [], []
    for family in counted:
        index = np.fromiter(family.keys(), dtype=np.int64, count=len(family))
        weight = (1 + np.log(np.fromiter(family.values(), dtype=np.float64, count=len(family)))) * rarity[index]
        length = float(np.sqrt((weight**2).sum())) or 1.0
        indices.append(index)
        weights.append(weight / length)
    return np.concatenate(indices), np.concatenate(weights)


class Learned:
    """The trained weights, ready to judge texts."""

    def __init__(self, stored: Any) -> None:
        self._rarity = stored["rarity"].astype(np.float64)
        self._heads = {name: self._head(stored, name) for name in ("relevance", "topic", "polarity")}
        self._names = {name: [str(one) for one in stored[f"{name}_names"]] for name in ("topic", "polarity")}

    def judge(self, masked: str) -> Judgement:
        """Judge a lower-case text in which platforms are masked (see ``mask``)."""
        where, weight = vector(features(masked), self._rarity)
        relevance = 1 / (1 + np.exp(-self._scores("relevance", where, weight)[0]))
        topics, polarities = (_shares(self._scores(name, where, weight)) for name in ("topic", "polarity"))
        best, tone = int(topics.argmax()), int(polarities.argmax())
        return Judgement(
            float(relevance), self._names["topic"][best], float(topics[best]), self._names["polarity"][tone],
            float(polarities[tone]), self._telling(masked, best),
        )  # fmt: skip

    def _head(self, stored: Any, name: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        scale = stored[f"{name}_scale"].astype(np.float64)
        return stored[f"{name}_weights"].astype(np.float64) * scale[:, None], stored[f"{name}_bias"]

    def _scores(self, name: str, where: np.ndarray[Any, Any], weight: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        weights, bias = self._heads[name]
        return np.asarray(weights[:, where] @ weight + bias)

    def _telling(self, masked: str, topic: int) -> tuple[str, ...]:
        pull = self._heads["topic"][0][topic]
        seen = {token: pull[_hash(token)] * self._rarity[_hash(token)] for token in _TOKEN.findall(masked)}
        strongest = sorted(seen, key=lambda token: (-seen[token], token))[:_SHOWN_WORDS]
        return tuple(token for token in strongest if seen[token] > 0)


@cache
def learned() -> Learned:
    """The committed model."""
    with (
        (files("trendwarte.reading") / "learned.npz").open("rb") as stream,
        np.load(stream, allow_pickle=False) as kept,
    ):
        return Learned({name: kept[name] for name in kept.files})


def mask(low: str, spans: Iterable[tuple[int, int, str]]) -> str:
    """A lower-case text with every ``(from, to, mark)`` replaced by its mark: §platform, §parent or §all."""
    parts, cursor = [], 0
    for start, end, mark in spans:
        if start >= cursor:
            parts += [low[cursor:start], f" {mark} "]
            cursor = end
    return "".join((*parts, low[cursor:]))


@lru_cache(maxsize=50_000)
def _letter_groups(token: str) -> tuple[int, ...]:
    edged = f" {token} "
    return tuple(
        _hash("#" + edged[start : start + size]) for size in _LETTERS for start in range(len(edged) - size + 1)
    )


def _hash(token: str) -> int:
    return crc32(token.encode()) & (SIZE - 1)


def _shares(scores: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    raised = np.exp(scores - scores.max())
    return np.asarray(raised / raised.sum())

"""The learned reader: what a text is about, how far a matter has got, how sure it is, whom it harms, where it holds.

One logistic regression per question over the features of ``features.py``, trained by `benchmarks/train_reader.py`
(card: `learned.md`). An answer may have several columns of weights, whose shares add up: bad news of one topic looks
different from that of another. Whether a text matters at all is asked first and without the rules, so that the many that
do not matter cost little. No answer moves the ledger: for that a rule must have read the step in so many words.
"""

from array import array
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from math import exp
from operator import itemgetter
from typing import Any

import numpy as np

from trendwarte.reading.features import RULE_SHARES, WORD_SHARES, Families, Vector, vector

#: Questions in the order of their rows in the weights; the first is asked alone.
QUESTIONS = ("relevant", "topic", "legal_stage", "factuality", "polarity", "recap", "place")

Matrix = np.ndarray[Any, Any]
_SHARE = itemgetter(1)


@dataclass(frozen=True, slots=True)
class Opinion:
    """Shares 0-1 of every answer to every question but the first, likeliest first; they add up to 1 per question."""

    shares: dict[str, tuple[tuple[str, float], ...]]

    def best(self, question: str) -> str:
        """The likeliest answer."""
        return self.shares[question][0][0]

    def share(self, question: str, answer: str) -> float:
        """How likely one answer is; 0 for one that was never seen in training."""
        return next((share for name, share in self.shares[question] if name == answer), 0.0)


class Learned:
    """The trained weights, ready to judge texts."""

    def __init__(self, stored: dict[str, Matrix]) -> None:
        self._rarity = stored["rarity"].astype(np.float32)
        parts = [stored[f"{name}_weights"].astype(np.float32) * stored[f"{name}_scale"] for name in QUESTIONS]
        self._first = np.ascontiguousarray(parts[0][:, 0])
        self._rest = np.ascontiguousarray(np.concatenate(parts[1:], axis=1))
        self._first_bias = float(stored[f"{QUESTIONS[0]}_bias"][0])
        self._bias = np.concatenate([stored[f"{name}_bias"].astype(np.float32) for name in QUESTIONS[1:]])
        self._sizes = [part.shape[1] for part in parts[1:]]
        self._starts = np.cumsum([0, *self._sizes[:-1]]).tolist()
        # Which answer each column is one of: the shares of the columns times this are the shares of the answers.
        told = [(name, str(one)) for name in QUESTIONS[1:] for one in stored[f"{name}_answers"]]
        answers = sorted(set(told), key=lambda one: (QUESTIONS.index(one[0]), one[1]))
        self._summed = np.array([[column == one for one in answers] for column in told], dtype=np.float32)
        self._names = [answer for _, answer in answers]
        ends = np.cumsum([0, *(sum(of == name for of, _ in answers) for name in QUESTIONS[1:])]).tolist()
        self._slices = {name: slice(ends[n], ends[n + 1]) for n, name in enumerate(QUESTIONS[1:])}
        # Rules say the same of most texts: nothing.
        self._ruled = lru_cache(maxsize=5_000)(self._scores_of_rules)

    def relevance(self, counted: Families) -> tuple[float, Vector]:
        """How likely a text says something about a platform's standing; and the vector ``opinion`` wants."""
        where, weight = vector(counted, WORD_SHARES, self._rarity)
        score = float(self._first.take(where) @ weight) + self._first_bias
        return 1 / (1 + exp(-score)), (where, weight)

    def opinion(self, first: Vector, rules: Families) -> Opinion:
        """Answers to all other questions; ``rules`` are the features that rules add."""
        (said,) = rules
        scores = self._scores(*first) + self._ruled(said.tobytes()) + self._bias
        raised = np.exp(scores - np.repeat(np.maximum.reduceat(scores, self._starts), self._sizes))
        likely = ((raised / np.repeat(np.add.reduceat(raised, self._starts), self._sizes)) @ self._summed).tolist()
        shares: dict[str, tuple[tuple[str, float], ...]] = {}
        for name, part in self._slices.items():
            # Answers stand in the order of the alphabet, and sorting keeps it among equals.
            found = zip(self._names[part], likely[part], strict=True)
            shares[name] = tuple(sorted(found, key=_SHARE, reverse=True))
        return Opinion(shares)

    def _scores(self, where: Matrix, weight: Matrix) -> Matrix:
        found: Matrix = weight @ self._rest.take(where, axis=0)
        return found

    def _scores_of_rules(self, said: bytes) -> Matrix:
        return self._scores(*vector((array("H", said),), RULE_SHARES, self._rarity))


@cache
def learned() -> Learned:
    """The committed model."""
    with (
        (files("trendwarte.reading") / "learned.npz").open("rb") as stream,
        np.load(stream, allow_pickle=False) as kept,
    ):
        return Learned({name: kept[name] for name in kept.files})

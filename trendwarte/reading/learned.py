"""The learned reader: what a text is about, how far a matter has got, how sure it is, whom it harms, where it holds.

Two models answer, and their answers are averaged: one logistic regression per question over the features of
``features.py`` (words, word classes, rules), and the encoder of ``encoder.py`` (meanings of words no lesson held). Both
are trained by scripts in `benchmarks` (card: `learned.md`). Whether a text matters at all is asked first and without the
rules, so that the many that do not matter cost little; and the encoder, the dearer of the two, is asked where the
regressions are unsure. No answer moves the ledger: for that a rule must have read the step in so many words.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import exp
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from trendwarte.reading.answers import ENCODED, QUESTIONS, Answers, Matrix
from trendwarte.reading.encoder import Encoder, Heard
from trendwarte.reading.features import RULE_SHARES, WORD_SHARES, Families, Vector, vector
from trendwarte.reading.resources import limit, weights

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


class Seen(NamedTuple):
    """What was found out while asking whether a text matters, for the questions that follow."""

    vector: Vector
    title: str
    lead: str
    heard: Heard | None
    """What the encoder says; None where it was not asked yet, or knows no word of the text."""


class Learned:
    """The trained weights, ready to judge texts."""

    def __init__(self, stored: dict[str, Matrix], encoder: Encoder | None = None) -> None:
        """``encoder``: asked beside the regressions; without one they answer alone."""
        self._rarity = stored["rarity"].astype(np.float32)
        parts = [stored[f"{name}_weights"].astype(np.float32) * stored[f"{name}_scale"] for name in QUESTIONS]
        self._first = np.ascontiguousarray(parts[0][:, 0])
        self._rest = np.ascontiguousarray(np.concatenate(parts[1:], axis=1))
        self._first_bias = float(stored[f"{QUESTIONS[0]}_bias"][0])
        self._bias = np.concatenate([stored[f"{name}_bias"].astype(np.float32) for name in QUESTIONS[1:]])
        self._answers = Answers({name: stored[f"{name}_answers"].tolist() for name in QUESTIONS[1:]})
        self._encoder = encoder
        self._common = 0
        if encoder is not None:
            self._common = len(encoder.answers.names)
            if encoder.answers.names != self._answers.names[: self._common]:
                raise ValueError("encoder.npz and learned.npz know different answers: train both anew (make train)")
        # Rules say the same of most texts: nothing.
        self._ruled = lru_cache(maxsize=5_000)(self._scores_of_rules)

    def relevance(self, counted: Sequence[Families], heads: Sequence[tuple[str, str]]) -> list[tuple[float, Seen]]:
        """How likely each text says something about a platform's standing, 0-1; and what ``opinion`` wants.

        ``heads``: title and lead of each.
        """
        vectors = [vector(one, WORD_SHARES, self._rarity) for one in counted]
        scores = [float(self._first.take(where) @ weight) + self._first_bias for where, weight in vectors]
        return [self._seen(*one) for one in zip(scores, vectors, heads, strict=True)]

    def _seen(self, score: float, features: Vector, head: tuple[str, str]) -> tuple[float, Seen]:
        """The share of one text after the encoder was asked, where it is; ``score``: what the regression says."""
        is_unsure = limit("encoder_asked_from") <= _likelihood(score) < limit("encoder_asked_to")
        seen = Seen(features, *head, self._heard(*head) if is_unsure else None)
        if seen.heard is not None:
            score += limit("encoder_share") * (seen.heard.relevance - score)
        return _likelihood(score), seen

    def opinion(self, seen: Seen, rules: Families, *, is_step_read: bool) -> Opinion:
        """Answers to all other questions; ``rules`` are the features that rules add, ``is_step_read`` whether one read a step."""
        (said,) = rules
        scores = self._scores(*seen.vector) + self._ruled(said.tobytes()) + self._bias
        shares = self._answers.shares(scores)
        heard = seen.heard
        if heard is None and self._answers.surest(shares)[: len(ENCODED)].min() < limit("encoder_asked_below"):
            heard = self._heard(seen.title, seen.lead)
        if heard is not None:
            shares = self._averaged(shares, heard, is_step_read=is_step_read)
        likely = shares.tolist()
        found: dict[str, tuple[tuple[str, float], ...]] = {}
        for name, part in self._answers.slices.items():
            # Answers stand in the order of the alphabet, and sorting keeps it among equals.
            pairs = zip(self._answers.names[part], likely[part], strict=True)
            found[name] = tuple(sorted(pairs, key=_SHARE, reverse=True))
        return Opinion(found)

    def _heard(self, title: str, lead: str) -> Heard | None:
        return self._encoder.heard(title, lead) if self._encoder is not None else None

    def _averaged(self, shares: Matrix, heard: Heard, *, is_step_read: bool) -> Matrix:
        """Averages of logarithms: what one of the two excludes stays unlikely."""
        part = np.full(self._common, limit("encoder_share"), dtype=np.float32)
        if is_step_read:
            part[self._answers.slices["legal_stage"]] = limit("encoder_share_beside_step")
        shares[: self._common] = shares[: self._common] ** (1 - part) * heard.shares**part
        return self._answers.whole(shares)

    def _scores(self, where: Matrix, weight: Matrix) -> Matrix:
        found: Matrix = weight @ self._rest.take(where, axis=0)
        return found

    def _scores_of_rules(self, said: bytes) -> Matrix:
        return self._scores(*vector((array("H", said),), RULE_SHARES, self._rarity))


def _likelihood(score: float) -> float:
    return 1 / (1 + exp(-score))


@cache
def learned() -> Learned:
    """The committed model.

    From here on this process multiplies on one core: a text is too small to share out, and beside another process that
    reads, two threads wait for each other (46 ms a text instead of .4).
    """
    threadpool_limits(1, "blas")
    return Learned(weights("learned.npz"), Encoder(weights("encoder.npz")))

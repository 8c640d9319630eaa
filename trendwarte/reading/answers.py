"""The questions of the learned reader, and the way from scores of columns to shares of answers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Matrix = np.ndarray[Any, Any]

#: Questions in the order of their columns; the first is asked of every text and decides whether the others are.
QUESTIONS = ("relevant", "topic", "legal_stage", "factuality", "polarity", "recap", "place")
#: Those of them that the encoder answers besides the first.
ENCODED = QUESTIONS[1:5]


class Answers:
    """Which answer to which question each column of scores speaks for.

    An answer may have several columns, whose shares add up: bad news of one topic looks different from that of another.
    Answers stand question by question, in the order of the alphabet within one.
    """

    def __init__(self, columns: Mapping[str, Sequence[str]]) -> None:
        """``columns``: for each question the answer of every column, questions and columns in their order."""
        told = [(question, answer) for question, found in columns.items() for answer in found]
        answers = [(question, answer) for question, found in columns.items() for answer in sorted(set(found))]
        self.names = [answer for _, answer in answers]
        self._summed = np.array([[column == one for one in answers] for column in told], dtype=np.float32)
        self._column_sizes, self._column_starts = _runs([len(found) for found in columns.values()])
        self._sizes, self._starts = _runs([len(set(found)) for found in columns.values()])
        starts = self._starts.tolist()
        ends = [*starts[1:], len(answers)]
        self.slices = {name: slice(a, b) for name, a, b in zip(columns, starts, ends, strict=True)}

    def shares(self, scores: Matrix) -> Matrix:
        """Shares 0-1 of all answers, 1 together for each question; ``scores``: one number a column."""
        highest = np.maximum.reduceat(scores, self._column_starts).repeat(self._column_sizes)
        raised = np.exp(scores - highest)
        whole = np.add.reduceat(raised, self._column_starts).repeat(self._column_sizes)
        found: Matrix = (raised / whole) @ self._summed
        return found

    def surest(self, shares: Matrix) -> Matrix:
        """The share of the likeliest answer to each question."""
        found: Matrix = np.maximum.reduceat(shares, self._starts)
        return found

    def whole(self, parts: Matrix) -> Matrix:
        """``parts`` (one number an answer) scaled to 1 together for each question."""
        found: Matrix = parts / np.add.reduceat(parts, self._starts).repeat(self._sizes)
        return found


def _runs(sizes: list[int]) -> tuple[Matrix, Matrix]:
    return np.array(sizes), np.cumsum([0, *sizes[:-1]])

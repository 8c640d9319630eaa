"""The encoder: what a text means, by pieces of words that were learned on far more text than ours.

Each piece is a row of numbers that come from a multilingual sentence encoder (card: `learned.md`); two convolutions over
three neighbours see who does what to whom; title and whole text are summed up and answer the questions of ``learned.py``.
Trained by `benchmarks/train_encoder.py`. It knows the meaning of words that no labelled text holds; the regressions know
word classes and rules. Together they are right more often than either (docs/decisions/0029).
"""

from typing import NamedTuple

import numpy as np
from sentencepiece import SentencePieceProcessor

from trendwarte.reading.answers import ENCODED, Answers, Matrix

#: Pieces that are read of a title and of a lead, and letters that hold as many.
TITLE_PIECES, LEAD_PIECES = 40, 32
_CHARS_PER_PIECE = 8
#: Rows of zeros between the two, so that a convolution over three neighbours sees none of the other's.
GAP = 2
#: Sums grow with the root of the number of pieces and are brought to the size of the largest values.
SUM_SHARE = 1 / 3
TINY = 1e-6
_LAYERS = ("into", "outof", "bias", "norm", "hidden", "hidden_bias", "heads", "heads_bias")


class Heard(NamedTuple):
    """What the encoder says of one text."""

    #: Logarithm of the odds that it matters.
    relevance: float
    #: Shares 0-1 of all answers to ``ENCODED``, in the order of ``Encoder.answers``.
    shares: Matrix


class Encoder:
    """The trained weights, ready to judge texts."""

    def __init__(self, stored: dict[str, Matrix]) -> None:
        self._cutter = SentencePieceProcessor(model_proto=stored["pieces"].tobytes())
        self.answers = Answers({name: stored[f"{name}_answers"].tolist() for name in ENCODED})
        # Eight bits a number: 4 MB in memory, and only the rows of a text become floating-point numbers.
        self._table, self._scale = stored["table"], stored["scale"].astype(np.float32)[:, None]
        self._weights = {name: np.ascontiguousarray(stored[name].astype(np.float32)) for name in _LAYERS}

    def heard(self, title: str, lead: str) -> Heard | None:
        """What title and lead say; None when no piece of them is known."""
        first, second = pieces_of(self._cutter, title, TITLE_PIECES), pieces_of(self._cutter, lead, LEAD_PIECES)
        if not first and not second:
            return None
        scores = self.scores(first, second)
        # The first two columns are "does not matter" and "matters".
        return Heard(float(scores[1] - scores[0]), self.answers.shares(scores[2:]))

    def scores(self, first: list[int], second: list[int]) -> Matrix:
        """Scores of all columns for the pieces of a title and of a lead; not both empty."""
        weights = self._weights
        rows = [*first, *[0] * GAP, *second] if second else first
        between = slice(len(first), len(first) + GAP)
        meant = self._table[rows] * self._scale[rows]
        seen = self._convolved(self._convolved(meant, 0, between), 1, between)
        seen -= seen.mean(axis=1, keepdims=True)
        seen *= (np.einsum("ij,ij->i", seen, seen) / seen.shape[1] + TINY)[:, None] ** -0.5
        seen = seen * weights["norm"][0] + weights["norm"][1]
        seen[between] = 0.0
        count, whole = len(first), len(first) + len(second)
        highest = _highest(seen[:count])
        summed = np.concatenate((
            _sum(meant[:count], count), _sum(seen[:count], count), _sum(meant, whole), _sum(seen, whole),
            highest, np.maximum(highest, _highest(seen[count + GAP :])),
        ))  # fmt: skip
        hidden = np.maximum(summed @ weights["hidden"] + weights["hidden_bias"], 0.0)
        found: Matrix = np.concatenate((summed, hidden)) @ weights["heads"] + weights["heads_bias"]
        return found

    def _convolved(self, rows: Matrix, layer: int, between: slice) -> Matrix:
        """Each row with what its left neighbour, itself and its right one say together."""
        told = rows @ self._weights["into"][layer]
        third = told.shape[1] // 3
        joint = told[:, third : 2 * third].copy()
        joint[1:] += told[:-1, :third]
        joint[:-1] += told[1:, 2 * third :]
        found: Matrix = joint @ self._weights["outof"][layer]
        found += self._weights["bias"][layer]
        np.maximum(found, 0.0, out=found)
        found += rows
        found[between] = 0.0
        return found


def pieces_of(cutter: SentencePieceProcessor, text: str, most: int) -> list[int]:
    """The first pieces of a text as rows of the table: "Nutzerschwund" is "Nutzer", "schw", "und"."""
    # Bytes, for half a surrogate pair in JSON of strangers has no UTF-8.
    found = cutter.encode(text[: most * _CHARS_PER_PIECE].encode("utf-8", "replace"))
    return [row for row in found[:most] if row]


def _sum(rows: Matrix, count: int) -> Matrix:
    found: Matrix = rows.sum(axis=0) * (SUM_SHARE / max(1, count) ** 0.5)
    return found


def _highest(rows: Matrix) -> Matrix:
    """The highest value of each number, squeezed to -1..1; -1 where there is no row."""
    return np.tanh(rows.max(axis=0)) if len(rows) else np.full(rows.shape[1], -1.0, dtype=np.float32)

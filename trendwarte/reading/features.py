"""What the learned reader sees of a text: words, letters, word classes and their order, the rules that fired.

Names of platforms, places and numbers are marks by then, so that weights hold for names and years no training text
knew. Features are hashed; each family is scaled to one length, so a long lead does not drown a short title.
"""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain, pairwise
from typing import Any
from zlib import crc32

import numpy as np

from trendwarte.reading.grammar import Row

#: Number of hashed features; collisions cost less than a larger file.
SIZE = 1 << 16
#: What each family of features weighs: title words, lead words, title letters, title roles, lead roles, signs, rules.
#: Chosen on folds of the development part (docs/decisions/0012).
WORD_SHARES = (1.0, 0.6, 1.0, 1.0, 0.6, 0.8)
RULE_SHARES = (1.0,)
_LETTERS = (3, 4, 5)
_WORD_CHARS = 24
_TITLE_PARTS, _LEAD_PARTS = 14, 20

Families = tuple[Counter[int], ...]
Vector = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


def features(title: Row, lead: Row, signs: Iterable[str]) -> Families:
    """Counts of hashed features, one counter per family, in the order of ``WORD_SHARES``."""
    return (
        _words(title, "t"), _words(lead, "l"), _letters(title), _roles(title, _TITLE_PARTS, "T", is_whole=True),
        _roles(lead, _LEAD_PARTS, "L", is_whole=False), Counter(_hash("s" + sign) for sign in signs),
    )  # fmt: skip


def rule_features(signs: Iterable[str]) -> Families:
    """What the rules said, in the order of ``RULE_SHARES``."""
    return (Counter(_hash("r" + sign) for sign in signs),)


def vector(counted: Families, shares: tuple[float, ...], rarity: np.ndarray[Any, Any]) -> Vector:
    """Indices and weights: (1 + ln count) x rarity, each family scaled to its share."""
    sizes = [len(family) for family in counted]
    total = sum(sizes)
    index = np.fromiter(chain.from_iterable(counted), dtype=np.int64, count=total)
    counts = np.fromiter(chain.from_iterable(family.values() for family in counted), dtype=np.float32, count=total)
    weight = (1 + np.log(counts)) * rarity[index]
    owner = np.repeat(np.arange(len(sizes)), sizes)
    lengths = np.sqrt(np.bincount(owner, weight * weight, minlength=len(sizes)))
    lengths[lengths == 0] = 1
    return index, weight * (np.asarray(shares) / lengths).astype(np.float32)[owner]


def _words(row: Row, mark: str) -> Counter[int]:
    found = Counter(_word(mark, token) for token in row.tokens)
    found.update(_hash(f"{mark}{one} {other}") for one, other in pairwise(row.tokens))
    return found


def _letters(row: Row) -> Counter[int]:
    found: Counter[int] = Counter()
    for token in row.tokens:
        found.update(_letter_groups(token[:_WORD_CHARS]))
    return found


def _roles(row: Row, most: int, mark: str, *, is_whole: bool) -> Counter[int]:
    """Classes, which class follows which at once, and in a title which stands before which at all."""
    parts = row.parts[:most]
    names = {name for _, classes in parts for name in classes}
    found = {_word(mark, name) for name in names}
    row_of_heads = [classes[0] for _, classes in parts]
    found.update(_pair(mark + "+", one, other) for one, other in pairwise(row_of_heads))
    found.update(
        _hash(f"{mark}+{a}+{b}+{c}") for a, b, c in zip(row_of_heads, row_of_heads[1:], row_of_heads[2:], strict=False)
    )
    found.add(_hash(f"{mark}first:{row_of_heads[0] if row_of_heads else ''}"))
    if is_whole:
        for number, (_, before) in enumerate(parts):
            for one in before:
                for _, after in parts[number + 1 :]:
                    found.update(_pair(mark + ">", one, other) for other in after)
    return Counter(found)


@lru_cache(maxsize=50_000)
def _letter_groups(token: str) -> tuple[int, ...]:
    edged = f" {token} "
    return tuple(
        _hash("#" + edged[start : start + size]) for size in _LETTERS for start in range(len(edged) - size + 1)
    )


@lru_cache(maxsize=50_000)
def _word(mark: str, token: str) -> int:
    return _hash(mark + token)


@lru_cache(maxsize=20_000)
def _pair(mark: str, one: str, other: str) -> int:
    return _hash(f"{mark}{one}>{other}")


def _hash(token: str) -> int:
    return crc32(token.encode()) & (SIZE - 1)

"""What the learned reader sees of a text: words, letters, word classes and their order, the rules that fired.

Names of platforms, places and numbers are marks by then, so that weights hold for names and years no training text
knew. Features are hashed; each family is scaled to one length, so a long lead does not drown a short title.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import islice, pairwise
from math import sqrt
from typing import Any
from zlib import crc32

import numpy as np

from trendwarte.reading.grammar import Row
from trendwarte.reading.hashing import BITS, MASK, hashed, seeded
from trendwarte.reading.memo import Memo
from trendwarte.reading.resources import resource

#: What each family of features weighs: title words, lead words, title letters, title roles, lead roles, signs, rules.
#: Chosen on folds of the development part (docs/decisions/0012).
WORD_SHARES = (1.0, 0.6, 1.0, 1.0, 0.6, 0.8)
RULE_SHARES = (1.0,)
_LETTERS = (3, 4, 5)
_WORD_CHARS = 24
_TITLE_PARTS, _LEAD_PARTS = 14, 20

_FAMILIES = np.arange(8) << BITS
# 1 + ln n for n from 1; no text of a few hundred words has a word more often.
_GROWTH = 1 + np.log(np.arange(1, 2001, dtype=np.float32))
_TINY = 1e-30

#: Hashed features of a text, two bytes each, an array per family; what occurs twice stands there twice.
Families = tuple["array[int]", ...]
Vector = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


def features(title: Row, lead: Row, signs: Iterable[str]) -> Families:
    """Hashed features, one array per family, in the order of ``WORD_SHARES``."""
    return (
        array("H", [word.in_title for word in title.words] + _pairs([word.title_seed for word in title.words], title)),
        array("H", [word.in_lead for word in lead.words] + _pairs([word.lead_seed for word in lead.words], lead)),
        array("H", b"".join(_LETTER_GROUPS.of_all([word.plain for word in title.words]))),
        _roles(title, _TITLE_PARTS, "T", is_whole=True), _roles(lead, _LEAD_PARTS, "L", is_whole=False),
        array("H", [_sign("s" + sign) for sign in signs]),
    )  # fmt: skip


def rule_features(signs: Iterable[str]) -> Families:
    """What the rules said, in the order of ``RULE_SHARES``."""
    return (array("H", [_sign("r" + sign) for sign in signs]),)


def vector(families: Families, shares: tuple[float, ...], rarity: np.ndarray[Any, Any]) -> Vector:
    """Distinct indices and weights: (1 + ln count) x rarity, each family scaled to its share."""
    found = _FAMILIES[: len(families)].repeat([len(family) for family in families])
    found += np.frombuffer(b"".join(families), dtype=np.uint16)
    found.sort()
    is_last = np.empty(len(found), dtype=bool)
    is_last[-1:] = True
    np.not_equal(found[1:], found[:-1], out=is_last[:-1])
    ends = is_last.nonzero()[0]
    counts = ends.copy()  # one less than how often each occurs
    counts[1:] -= ends[:-1] + 1
    found = found[ends]
    owner, index = found >> BITS, found & MASK
    weight = _GROWTH.take(counts, mode="clip") * rarity[index]
    squares = np.bincount(owner, weight * weight, minlength=len(families)).tolist()
    # A handful of numbers, which Python is quicker with.
    scales = [share / max(sqrt(square), _TINY) for share, square in zip(shares, squares, strict=True)]
    return index, weight * np.array(scales, dtype=np.float32)[owner]


def _pairs(seeds: list[int], row: Row) -> list[int]:
    """Pairs of neighbours."""
    return [crc32(word.tail, seed) & MASK for seed, word in zip(seeds, islice(row.words, 1, None), strict=False)]


def _roles(row: Row, most: int, mark: str, *, is_whole: bool) -> "array[int]":
    """Classes, which class follows which at once, and in a title which stands before which at all; each once."""
    parts = [classes for _, classes in row.parts[:most]]
    found = {_role(mark, name) for classes in parts for name in classes}
    heads = [classes[0] for classes in parts]
    found.update([_pair(mark + "+", one, other) for one, other in pairwise(heads)])
    found.update([_triple(mark, *three) for three in zip(heads, heads[1:], heads[2:], strict=False)])
    found.add(_role(mark, f"first:{heads[0] if heads else ''}"))
    if is_whole:
        found.update(_clauses(row, parts, mark))
        earlier: dict[tuple[str, ...], None] = {}
        for classes in parts:
            for before in earlier:
                found.update(_order(mark, before, classes))
            earlier[classes] = None
    return array("H", found)


def _clauses(row: Row, parts: Sequence[tuple[str, ...]], mark: str) -> Iterator[int]:
    """Which class stands in the main clause and which under a reason or a time; who does what to what in the main one."""
    tokens, opening = row.tokens, _roles_of("subordinate")
    start = tokens.index(":") + 1 if ":" in tokens else 0
    side = next((number for number, token in enumerate(tokens) if number > start and token in opening), len(tokens))
    actor = act = ""
    for (number, _), classes in zip(row.parts, parts, strict=False):
        if number < start or number >= side:
            yield from _zoned(mark + ("A" if number < start else "S"), classes)
            continue
        yield from _zoned(mark + "M", classes)
        subject, verb, thing = _played(classes)
        if not actor and subject:
            actor = subject
        elif not act and verb:
            act = verb
            yield _pair(mark + "sv", actor, act)
        elif act and thing:
            yield _triple(mark, "svo", actor, f"{act}>{thing}")
            yield _pair(mark + "vo", act, thing)


@lru_cache(maxsize=5_000)
def _zoned(mark: str, classes: tuple[str, ...]) -> tuple[int, ...]:
    return tuple([_role(mark, name) for name in classes])


@lru_cache(maxsize=5_000)
def _played(classes: tuple[str, ...]) -> tuple[str, str, str]:
    """What a word of these classes can be as who acts, what is done and to what; empty where it cannot."""
    actor, act, thing = [
        next((name for name in classes if name in _roles_of(part)), "") for part in ("actors", "acts", "objects")
    ]
    return actor, act, thing


@cache
def _roles_of(part: str) -> frozenset[str]:
    """Classes or words that can play one part in a clause."""
    return frozenset(resource("classes.yaml")["roles"][part].split())


_GROUP = seeded("#")


class _LetterGroups(Memo[str, bytes]):
    def look_up(self, token: str) -> bytes:
        edged = f" {token[:_WORD_CHARS]} "
        groups = [edged[start : start + size] for size in _LETTERS for start in range(len(edged) - size + 1)]
        return array("H", [crc32(group.encode(), _GROUP) & MASK for group in groups]).tobytes()


_LETTER_GROUPS = _LetterGroups(50_000)


@lru_cache(maxsize=2_000)
def _sign(token: str) -> int:
    return hashed(token)


@lru_cache(maxsize=2_000)
def _role(mark: str, name: str) -> int:
    return hashed(mark + name)


@lru_cache(maxsize=20_000)
def _pair(mark: str, one: str, other: str) -> int:
    return hashed(f"{mark}{one}>{other}")


@lru_cache(maxsize=50_000)
def _triple(mark: str, one: str, other: str, third: str) -> int:
    return hashed(f"{mark}+{one}+{other}+{third}")


@lru_cache(maxsize=20_000)
def _order(mark: str, before: tuple[str, ...], after: tuple[str, ...]) -> tuple[int, ...]:
    return tuple([_pair(mark + ">", one, other) for one in before for other in after])

"""Which of many patterns can match a text at all: one pass of an automaton instead of a search for each of them.

Every pattern of a rule needs some letters to match: "unconstitutional" or "unlawful" or ... They are read off the parsed
pattern, as full-text indexes do for regular expressions (Cox, "Regular expression matching with a trigram index", 2012).
A text without any of them cannot match. It lets through too much, never too little (a test holds that).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from re import _parser  # type: ignore[attr-defined]  # the one parser that reads a pattern as `re` does
from typing import Any

from trendwarte.needles import Needles

#: Shorter needles are in every text.
_LEAST = 3
_MOST_WORDS = 200
Words = frozenset[str]
_NOTHING: Words = frozenset({""})
_LITERAL = _parser.LITERAL


class Sieve:
    """Knows what each of its patterns needs; ``bits`` tells the bit of each of them."""

    def __init__(self, patterns: Mapping[str, re.Pattern[str]]) -> None:
        self.bits: dict[str, int] = {}
        self._always = 0
        wanted: dict[str, int] = {}
        for number, (name, pattern) in enumerate(patterns.items()):
            self.bits[name] = 1 << number
            needles = needles_of(pattern)
            self._always |= 0 if needles else 1 << number
            for needle in needles:
                wanted[needle] = wanted.get(needle, 0) | 1 << number
        self._needles = Needles(wanted)

    def possible(self, text: str) -> int:
        """The bits of all patterns that may match in ``text``."""
        found = self._always
        for _, _, bits in self._needles.hits(text):
            found |= bits
        return found


def needles_of(pattern: re.Pattern[str]) -> Words:
    """Strings of which one at least stands in whatever ``pattern`` matches; none where no such strings are known."""
    if pattern.flags & (re.IGNORECASE | re.VERBOSE):
        return frozenset()
    best = _needed(_parser.parse(pattern.pattern, pattern.flags))
    return best if min(map(len, best), default=0) >= _LEAST else frozenset()


def _needed(sequence: Iterable[tuple[Any, Any]]) -> Words:
    """The best needles of a sequence: those of one of its parts, or what neighbouring parts spell together."""
    candidates, spelt = [], _NOTHING
    for words, part in _spelt_parts(sequence):
        if words is not None and len(words) * len(spelt) <= _MOST_WORDS:
            spelt = frozenset(a + b for a, b in product(spelt, words))
            continue
        candidates += [spelt, _needed_by(*part)]
        spelt = words or _NOTHING
    return max((_shortest(one) for one in (*candidates, spelt)), key=_worth)


def _worth(words: Words) -> tuple[int, int]:
    return min(map(len, words), default=0), -len(words)


def _shortest(words: Words) -> Words:
    """Without those that another one is part of."""
    return frozenset(one for one in words if not any(other != one and other in one for other in words))


def _needed_by(code: Any, value: Any) -> Words:
    match str(code):
        case "BRANCH":
            parts = [_needed(one) for one in value[1]]
            return frozenset().union(*parts) if all(parts) else frozenset()
        case "SUBPATTERN" if not value[1]:  # no flags of its own
            return _needed(value[3])
        case "ATOMIC_GROUP":
            return _needed(value)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT" if value[0] > 0:
            return _needed(value[2])
    return frozenset()


def _spelt_parts(sequence: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Words | None, tuple[Any, Any]]]:
    """The parts of a sequence with what they can match, a run of letters as one part."""
    letters = ""
    for part in sequence:
        if part[0] is _LITERAL:
            letters += chr(part[1])
            continue
        if letters:
            yield frozenset({letters}), (_LITERAL, letters)
            letters = ""
        yield _spelt(*part), part
    if letters:
        yield frozenset({letters}), (_LITERAL, letters)


def _spelt(code: Any, value: Any) -> Words | None:
    """All strings one part can match, where they are few."""
    match str(code):
        case "AT" | "ASSERT" | "ASSERT_NOT":
            return _NOTHING
        case "IN" if len(value) <= len("äöüß") and all(one is _LITERAL for one, _ in value):
            return frozenset(chr(one) for _, one in value)
        case "SUBPATTERN" if not value[1]:
            return _spelt_in_row(value[3])
        case "BRANCH":
            return _joined([_spelt_in_row(one) for one in value[1]])
        case "MAX_REPEAT" | "MIN_REPEAT" if tuple(value[:2]) == (0, 1):
            return _joined([_NOTHING, _spelt_in_row(value[2])])
    return None


def _spelt_in_row(sequence: Iterable[tuple[Any, Any]]) -> Words | None:
    spelt = _NOTHING
    for words, _ in _spelt_parts(sequence):
        if words is None or len(words) * len(spelt) > _MOST_WORDS:
            return None
        spelt = frozenset(a + b for a, b in product(spelt, words))
    return spelt


def _joined(parts: list[Words | None]) -> Words | None:
    known = [one for one in parts if one is not None]
    whole: Words = frozenset().union(*known)
    return whole if len(known) == len(parts) and len(whole) <= _MOST_WORDS else None

"""Copies: which reports are one text, and how many voices an event has (docs/method.md, "Same text").

Forty outlets that print one agency text are one voice. A text is compared by its runs of five words; the comparison
goes through an index of those runs, so its cost grows with the number of copies, not with its square.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from zlib import crc32

from trendwarte.sameness import fold
from trendwarte.types import StoredSignal

_WORD = re.compile(r"\w+")
_RUN = 5
_OVERLAP = 0.7
_WITHIN = timedelta(days=7)
# Two desks may find the same five words for a headline; eight in one order are somebody's text.
_WORDS_MINIMUM = 8


def text_key(stored: StoredSignal) -> str:
    """Title and summary without case, accents and punctuation; empty when there is no text."""
    return _plain(_whole(stored))


@lru_cache(maxsize=16_384)
def _plain(text: str) -> str:
    return " ".join(_WORD.findall(fold(text)))


def copy_groups(signals: Iterable[StoredSignal]) -> dict[str, int]:
    """``{signal_id: number of its text}``: copies share a number; signals are taken in the order given.

    A text is a copy of an earlier one with the same words, or when 7 of 10 of their five-word runs (of the titles, or
    of titles and summaries) are shared within seven days. A copy is compared with originals only, so that a
    chain of small changes never joins two different texts.
    """
    numbers: dict[str, int] = {}
    by_key: dict[str, int] = {}
    originals: list[StoredSignal] = []
    index: dict[int, list[int]] = defaultdict(list)
    for stored in signals:
        key = text_key(stored)
        number = by_key.get(key) if key else None
        if number is None:
            number = _near_original(stored, originals, index)
        if number is None:
            number = len(originals)
            originals.append(stored)
            for run in _runs(stored.title) | _runs(_whole(stored)):
                index[run].append(number)
        by_key.setdefault(key, number)
        numbers[stored.signal_id] = number
    return numbers


def is_copy(one: StoredSignal, other: StoredSignal) -> bool:
    """Whether two reports are one text."""
    if abs(one.published_at - other.published_at) > _WITHIN:
        return False
    titles = _overlap(_runs(one.title), _runs(other.title))
    return max(titles, _overlap(_runs(_whole(one)), _runs(_whole(other)))) >= _OVERLAP


def speakers(signals: Iterable[StoredSignal], groups: Mapping[str, int]) -> dict[str, str]:
    """``{signal_id: voice}``: who independently says it; the copies of a text speak with one voice.

    That voice is the origin with the most different texts here (a credited agency, before one of its customers), then
    the first in the alphabet: neither a further copy nor the order of arrival changes it.
    """
    listed = list(signals)
    texts_of: dict[str, set[int]] = defaultdict(set)
    origins_of: dict[int, set[str]] = defaultdict(set)
    for stored in listed:
        texts_of[stored.origin].add(groups[stored.signal_id])
        origins_of[groups[stored.signal_id]].add(stored.origin)
    voice_of = {
        text: min(origins, key=lambda origin: (-len(texts_of[origin]), origin)) for text, origins in origins_of.items()
    }
    return {stored.signal_id: voice_of[groups[stored.signal_id]] for stored in listed}


def _near_original(
    stored: StoredSignal, originals: Sequence[StoredSignal], index: Mapping[int, Sequence[int]]
) -> int | None:
    shared = Counter(number for run in _runs(stored.title) | _runs(_whole(stored)) for number in index.get(run, ()))
    found = (number for number in sorted(shared) if is_copy(stored, originals[number]))
    return next(found, None)


def _whole(stored: StoredSignal) -> str:
    return f"{stored.title} {stored.summary}"


def _overlap(one: frozenset[int], other: frozenset[int]) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0


@lru_cache(maxsize=20_000)
def _runs(text: str) -> frozenset[int]:
    """Hashes of the five-word runs; none of a text that is too short to be anybody's."""
    words = _plain(text).split(" ")
    if len(words) < _WORDS_MINIMUM:
        return frozenset()
    return frozenset(crc32(" ".join(words[start : start + _RUN]).encode()) for start in range(len(words) - _RUN + 1))

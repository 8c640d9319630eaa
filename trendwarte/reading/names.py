"""Platforms named in a text: whole words, valid on the day, common words only where the text says so.

``names.yaml`` holds, for names that are words too (X, Threads, Signal ...), what must or must not stand beside them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import NamedTuple

from trendwarte.needles import Needles
from trendwarte.reading.resources import resource
from trendwarte.reading.watchlist import ALL, Name, Watchlist

_URL = re.compile(r"(?:https?://|www\.|href=)\S+")
_BESIDE_CHARS = 40
_ANCHOR_CHARS = 1500
#: Only longer names form German compounds that are still about them ("Facebookgesetz").
_COMPOUND_MINIMUM = 6
_DERIVED = re.compile(r"(?:s|e?rs?|e?rn|e?rin|e?rinnen)?(?![^\W_])")
_COMPOUND = re.compile(r"[^\W\d_]{3,}")
#: A German compound or a plain addition that only a platform takes, whatever stands before it.
_SURE = re.compile(
    r"-(?:nutzer|verbot|sperr|konto|konten|account|chef|grupp|kanal|kanäle|chat|app\b|gründer|hype|server|messenger|user)"
    r"|[ ](?:app|users?|nutzer\w*|messenger|channels?|ban|chats?)\b"
)


#: What stands behind a name that another one is measured by: "Twitter-Rivale Koo".
RIVAL = (
    r"(?:rival\w*|konkurren\w+|competitor\w*|alternativen?|alternatives?|challenger|nachfolger\w*|successor|klone?|clones?|copycat"
    r"|killer|ersatz|replacement|gegenspieler|herausforderer)"
)
_BEFORE_RIVAL = re.compile(rf"(?:['’]s?)?[\s-]*{RIVAL}\b")
_UNLIKE = re.compile(
    r"\b(?:unlike|anders als|im gegensatz zu|compared (?:to|with)|verglichen mit|im vergleich zu|rival (?:of|to))\W+$"
)


class Named(NamedTuple):
    """A name found in a text."""

    char_from: int
    char_to: int
    name: Name


@dataclass(frozen=True, slots=True)
class _Sense:
    """What makes a common word a platform's name."""

    before: re.Pattern[str] | None
    after: re.Pattern[str] | None
    opens: re.Pattern[str] | None
    never_before: re.Pattern[str] | None
    never_after: re.Pattern[str] | None
    anchors: re.Pattern[str] | None
    against: re.Pattern[str] | None
    default: str

    def is_meant(self, text: str, low: str, start: int, end: int) -> bool:
        """Whether the word at ``start`` to ``end`` is the platform; ``low`` is ``text`` in lower case."""
        before, after = low[max(0, start - _BESIDE_CHARS) : start], low[end : end + _BESIDE_CHARS]
        if end - start > 1 and _SURE.match(after):
            return True
        if _finds(self.never_before, before) or _finds(self.never_after, after):
            return False
        if _finds(self.before, before) or _finds(self.after, after):
            return True
        if _finds(self.opens, after) and not before.strip("„“\"' ").rstrip("\n"):
            return True
        rest = low[:start][-_ANCHOR_CHARS:] + " . " + low[end : end + _ANCHOR_CHARS]
        if _finds(self.against, rest):
            return False
        return (
            self.default == "always"
            or _finds(self.anchors, rest)
            or (self.default == "plain" and _is_plain(text, start, end))
        )


class NameFinder:
    """Finds the names of a watchlist; holds no state between texts."""

    def __init__(self, watchlist: Watchlist) -> None:
        self._needles = Needles(watchlist.spelled())

    def find(self, text: str, low: str, on: date) -> list[Named]:
        """Names in reading order; ``low`` is ``text`` in lower case, ``on`` the day it was published."""
        hits = self._needles.hits(low)
        if not hits:
            return []
        if "http" in low or "www." in low or "href=" in low:
            low = _URL.sub(lambda match: " " * len(match[0]), low)
        found = [
            Named(start, end, name)
            for start, end, names in hits
            for name in names
            if low.startswith(name.text.lower(), start) and _is_mention(text, low, start, end, name, on)
        ]
        return sorted(found, key=lambda one: (one.char_from, -one.char_to))


def platforms_of(found: Iterable[Named]) -> tuple[str, ...]:
    """Distinct platform ids in order of their names."""
    return tuple(dict.fromkeys(one.name.platform for one in found))


def _is_mention(text: str, low: str, start: int, end: int, name: Name, on: date) -> bool:
    if start and low[start - 1].isalnum() and not low.startswith("sub", max(0, start - 3)):
        return False
    sense = None if name.platform == ALL else _senses().get(name.text.casefold()) or (
        None if name.is_parent else _senses().get(name.platform) if name.is_ambiguous or _is_word(name) else None
    )  # fmt: skip
    if not _ends_well(text, low, end, name, is_word=sense is not None):
        return False
    if (name.valid_from is not None and on < name.valid_from) or (
        name.valid_until is not None and on > name.valid_until
    ):
        return False
    if name.is_parent and (not text[start].isupper() or (name.text == "Meta" and text[end : end + 1] == "-")):
        return False
    if sense is None:
        return not name.is_ambiguous or text[start].isupper()
    return text[start].isupper() and sense.is_meant(text, low, start, end)


def _ends_well(text: str, low: str, end: int, name: Name, *, is_word: bool) -> bool:
    if end >= len(low) or not low[end].isalnum():
        return True
    if low[end] == "s" and not low[end + 1 : end + 2].isalnum():
        return len(name.text) > 1
    if is_word or name.platform == ALL or name.is_parent or len(name.text) < _COMPOUND_MINIMUM:
        return False
    return text[end].islower() and (_DERIVED.match(low, end) is not None or _COMPOUND.match(low, end) is not None)


def _is_plain(text: str, start: int, end: int) -> bool:
    """No name of something else ("Orb X", "X-37B", "the 'X' factor"): small letters or nothing before, no quotes."""
    before = text[max(0, start - 30) : start].split("\n")[-1].split()
    is_small = not before or before[-1][0].islower() or before[-1][-1] in ":–—|.,"
    is_bare = text[end : end + 1] not in ("-", '"', "”", "“", "'") or text[end : end + 2] == "'s"
    return is_small and is_bare and (not before or before[-1][0] not in "\"“'")


def _is_word(name: Name) -> bool:
    return name.text.casefold() in _senses()


@cache
def _senses() -> dict[str, _Sense]:
    raw = resource("names.yaml")

    def compiled(pattern: str | None) -> re.Pattern[str] | None:
        if pattern is None:
            return None
        for key, words in raw["words"].items():
            pattern = pattern.replace("{" + key + "}", words)
        return re.compile(pattern)

    return {
        name: _Sense(
            before=compiled(entry.get("before")), after=compiled(entry.get("after")), opens=compiled(entry.get("opens")),
            never_before=compiled(entry.get("never_before")), never_after=compiled(entry.get("never_after")),
            anchors=compiled(entry.get("anchors")), against=compiled(entry.get("against")), default=entry["default"],
        )
        for name, entry in raw["names"].items()
    }  # fmt: skip


def _finds(pattern: re.Pattern[str] | None, text: str) -> bool:
    return pattern is not None and pattern.search(text) is not None


def is_compared(low: str, one: Named) -> bool:
    """Whether a name only says what another one is like: "Twitter-Rivale Koo", "unlike TikTok"."""
    is_measure = _BEFORE_RIVAL.match(low, one.char_to) is not None
    return is_measure or _UNLIKE.search(low, max(0, one.char_from - 30), one.char_from) is not None

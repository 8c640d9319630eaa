"""Where a step applies: countries by name, adjective and capital in two languages, US states, institutions."""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Literal, NamedTuple

from babel import Locale

from trendwarte.needles import Needles
from trendwarte.reading.resources import resource

Kind = Literal["name", "body", "hint", "state", "origin", "scene"]
_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"})
_ENDINGS = ("'s", "’s", "s")
_US = "US"
#: How much a naming speaks for a place: an authority of its own decides there, a person in office may only be news.
_WEIGHT: dict[Kind, float] = {
    "state": 1.2, "name": 1.0, "body": 1.1, "hint": 0.3, "origin": 0.2, "scene": 1.3,
}  # fmt: skip
# "Chinese-owned", "russische Netzwerke": where somebody comes from, not where something applies.
_ORIGIN = re.compile(
    r"(?:-owned|-based|-linked| ?(?:social |sozialen? |video |messaging |tech |spyware )?(?:-?apps?|owners?|owned|parent|"
    r"compan(?:y|ies)|firms?|networks?|netzwerk\w*|messenger|rivals?|startup|konzern\w*|mutter\w*|plattform\w*|investors?|"
    r"stake|anbieter\w*|unternehmen|propaganda|spies|spionage))\b"
)
# "Jerusalem Post: Albania bans": a paper is named after where it is made.
_PAPER = re.compile(r"\s+(?:post|times|zeitung|herald|tribune|gazette|daily|star|news agency)\b")
_SCENE = re.compile(r"\b(?:in|across|throughout|für|for|aus dem app store in)(?: the| den| der)? $")


class Place(NamedTuple):
    """One naming of a place in a lower-case text."""

    code: str
    kind: Kind
    char_from: int
    char_to: int


def places_in(low: str, text: str = "") -> list[Place]:
    """Places named in a lower-case text, the longer naming where two overlap, in reading order.

    ``text`` is the same in its own letters: "us" is a place only where it says "US".
    """
    found: list[Place] = []
    for start, end, entries in _gazetteer().hits(low):
        for (code, kind), is_stem in entries:
            if start and low[start - 1].isalnum():
                continue
            if text and low[start:end] in _upper_only() and not text[start:end].isupper():
                continue
            if (stop := _word_end(low, end, is_stem=is_stem)) is not None and _PAPER.match(low, stop) is None:
                found.append(Place(code, _role(low, kind, start, stop), start, stop))
    kept: list[Place] = []
    for place in sorted(found, key=lambda one: (one.char_from, -one.char_to)):
        if not kept or place.char_from >= kept[-1].char_to:
            kept.append(place)
    return kept


def ranked(title: Sequence[Place], rest: Sequence[Place], home: str) -> tuple[tuple[str, float], ...]:
    """Places by weight, heaviest first; what follows a title counts half.

    ``home`` is where the platform comes from: "the Chinese app" says nothing about where a step applies, so it
    counts only a little. A state of the US outweighs the US where the title names it; below a title about Congress
    or the US it is only where somebody comes from.
    """
    weights: Counter[str] = Counter()
    first: dict[str, int] = {}
    is_federal = any(place.code == _US for place in title) and not any(place.kind == "state" for place in title)
    for factor, places in ((1.0, title), (0.5, rest)):
        for place in places:
            share = factor * _WEIGHT[place.kind] * (0.2 if place.code == home and place.kind == "name" else 1.0)
            if place.kind == "state" and is_federal:
                share *= 0.2
            weights[place.code] += share * (0.6 if place.code in first else 1.0)  # type: ignore[assignment]
            first.setdefault(place.code, len(first))
    states = [code for code in weights if code.startswith("US-")]
    if states and _US in weights and not is_federal:
        weights[max(states, key=lambda code: weights[code])] += weights.pop(_US) * 0.5  # type: ignore[assignment]
    return tuple(sorted(weights.items(), key=lambda entry: (-round(entry[1], 3), first.get(entry[0], 0))))


def place_of(texts: tuple[str, ...], home: frozenset[str]) -> str | None:
    """The place a text speaks of (parts in lower case, most decisive first); None when none is named."""
    title, *rest = texts
    best = ranked(places_in(title), [place for text in rest for place in places_in(text)], next(iter(home), ""))
    return best[0][0] if best else None


def _role(low: str, kind: Kind, start: int, stop: int) -> Kind:
    if kind != "name":
        return kind
    if _ORIGIN.match(low, stop):
        return "origin"
    return "scene" if _SCENE.search(low, max(0, start - 12), start) else kind


def _word_end(low: str, end: int, *, is_stem: bool) -> int | None:
    rest = low[end : end + 3]
    if not rest[:1].isalnum() and rest[:1] not in ("'", "’"):
        return end
    if is_stem:
        while end < len(low) and (low[end].isalnum() or low[end] == "-"):
            end += 1
        return end
    for ending in _ENDINGS:
        if rest.startswith(ending) and not rest[len(ending) : len(ending) + 1].isalnum():
            return end + len(ending)
    return end if rest[:1] in ("'", "’") else None


@cache
def _upper_only() -> frozenset[str]:
    return frozenset(resource("places.yaml")["upper_only"])


@cache
def _gazetteer() -> Needles[tuple[tuple[tuple[str, Kind], bool], ...]]:
    """Names and stems; each means one or more ``((jurisdiction, kind), is a stem)``."""
    raw = resource("places.yaml")
    skipped = set(raw["skipped"])
    entries: dict[str, dict[tuple[str, Kind], bool]] = {}

    def add(code: str, kind: Kind, text: str) -> None:
        plain = text.rstrip("*")
        entries.setdefault(plain, {}).setdefault((code, kind), text.endswith("*"))

    sections: tuple[tuple[str, Kind], ...] = (
        ("states", "state"), ("names", "name"), ("capitals", "name"), ("bodies", "body"),
        ("hints", "hint"),
    )  # fmt: skip
    for section, kind in sections:
        for code, text in raw[section].items():
            for one in text:
                add(code, kind, one)
    for locale in (Locale("en"), Locale("de")):
        for code, name in locale.territories.items():
            is_country = len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES
            if is_country and name.lower() not in skipped:
                add(code, "name", name.lower())
    return Needles({plain: tuple(meanings.items()) for plain, meanings in entries.items()})

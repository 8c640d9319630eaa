"""A document as the reader sees it: its words, the names and places in them, its sentences."""

import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from trendwarte.reading.grammar import Row, row
from trendwarte.reading.names import Named, NameFinder, platforms_of
from trendwarte.reading.places import Place, places_in, ranked
from trendwarte.reading.slots import age_limit, amount
from trendwarte.reading.watchlist import ALL
from trendwarte.types import Document

# A careful reader decides from title and lead; descriptions of videos run on for pages.
HEAD_CHARS = 700
_LEAD_CHARS = 500
_SENTENCES_READ = 5
_SENTENCE_CHARS = 320
# A full stop after an initial or an abbreviation ends no sentence: "blocks U.S. ban", "Gov. Noem".
_ABBREVIATIONS = (
    "gov",
    "sen",
    "rep",
    "inc",
    "corp",
    "ltd",
    "mr",
    "mrs",
    "ms",
    "dr",
    "st",
    "no",
    "nr",
    "vs",
    "bzw",
    "ca",
    "mio",
    "mrd",
    "prof",
)
# Nor does one after a German date: "bis zum 27. November".
_MONTHS = "januar|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember"
# What a sentence can end with comes first, and only then what must not stand before it: else every letter is asked.
_BOUNDARY = re.compile(
    r"[.!?\n](?:(?<=\.)(?<!\b\w\.)"
    + "".join(rf"(?<!\b{word}\.)" for word in _ABBREVIATIONS)
    + rf"(?:(?<!\b\d\.)(?<!\b\d\d\.)|(?!\s(?:{_MONTHS})\b))\.*(?=\s)"
    r"|(?<=[!?])[!?]*(?=\s)|(?<=\n))"
)
# Function words of both languages in one pass, the German ones in a group ("in den" holds an English one as well).
_IN_DEN = "in den"
_FUNCTION_WORDS = re.compile(
    rf"\b(?:(der|die|das|und|nicht|ein|eine|mit|für|von|auf|im|{_IN_DEN}|wird|ist|bei|gegen|will|nach)"
    r"|the|and|of|to|for|with|is|are|on|in|by|as|after|from|its|says|over)\b"
)
_UMLAUT = re.compile("[äöüß]")
_GERMAN_FORMS = re.compile(r"\w(?:ung|ungen|keit|heit|isch\w*|iert|icht\w*|etzt|oppt)\b|\w-?verbot|\bverb[io]")
# No German form without one of these: a tenth of the time of looking for the forms themselves.
_IN_GERMAN_FORMS = ("ung", "keit", "heit", "isch", "iert", "icht", "etzt", "oppt", "verb")
_QUOTE = re.compile("[„“\"']")
_PLACE_MARKS = {"US": "§us", "EU": "§eu"}
_SHOWN_PLACES = frozenset({"US", "EU", "DE", "GB"})
_MANY = 4


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence; ``marked`` is lower case with §p for every platform."""

    char_from: int
    char_to: int
    marked: str


class Text:
    """One document made readable; what is costly is worked out when asked for."""

    def __init__(self, document: Document, names: NameFinder) -> None:
        self.document = document
        self.text = f"{document.title}\n{document.summary}\n{document.text}"
        self.low = lower(self.text)
        self.on: date = (document.published_at or document.first_seen_at).date()
        self.title_end = len(document.title)
        self.named: list[Named] = names.find(self.text, self.low, self.on)

    @cached_property
    def lang(self) -> str:
        """``de`` or ``en``, as the source says or the words show."""
        return self.document.lang if self.document.lang in ("de", "en") else language(self.low)

    @property
    def platforms(self) -> tuple[str, ...]:
        """Platforms named as such, venues included, parents not."""
        return platforms_of(one for one in self.named if not one.name.is_parent and one.name.platform != ALL)

    @cached_property
    def places(self) -> list[Place]:
        """Places named in title and lead."""
        return places_in(self.low[:HEAD_CHARS], self.text)

    def ranked_places(self, home: str) -> tuple[tuple[str, float], ...]:
        """Places by how much the text speaks of them, for a platform that comes from ``home``."""
        title = [place for place in self.places if place.char_from < self.title_end]
        return ranked(title, self.places[len(title) :], home)

    @cached_property
    def rows(self) -> tuple[Row, Row]:
        """Title and lead as tokens and word classes, names and places masked."""
        marks = [(one.char_from, one.char_to, _mark(one)) for one in self.named if one.char_from < HEAD_CHARS]
        marks += [
            (one.char_from, one.char_to, _PLACE_MARKS.get(one.code) or ("§state" if one.kind == "state" else "§place"))
            for one in self.places
            if one.kind in ("name", "scene", "state")
        ]
        title, _, lead = _masked(self.low[:HEAD_CHARS], sorted(marks)).partition("\n")
        return row(title), row(lead[:_LEAD_CHARS])

    @property
    def head(self) -> tuple[str, str]:
        """Title and lead as they stand."""
        title, _, lead = self.text[:HEAD_CHARS].partition("\n")
        return title, lead

    @cached_property
    def signs(self) -> tuple[str, ...]:
        """What the text shows besides its words: who is named where, ages, amounts, quotes, questions."""
        names = [one.name for one in self.named]
        title = self.document.title
        found = [
            f"lang:{self.lang}",
            f"platforms:{min(_MANY, len({name.platform for name in names}))}",
            f"title:{any(one.char_from < self.title_end for one in self.named)}",
            f"opens:{self.named[0].char_from == 0}",
        ]
        tests = {
            "only_all": all(name.platform == ALL for name in names),
            "only_parents": all(name.is_parent for name in names),
            "no_place": not self.places,
            "no_lead": not self.document.summary.strip(),
            "question": title.rstrip().endswith("?"),
            "quote": _QUOTE.search(title) is not None,
            "age": age_limit(self.low[:HEAD_CHARS]) is not None,
            "amount": amount(self.low[:HEAD_CHARS]) is not None,
        }
        found += [name for name, holds in tests.items() if holds]
        for place in self.places:
            where = "title" if place.char_from < self.title_end else "lead"
            found.append(f"{where}:{place.kind}")
            if place.code in _SHOWN_PLACES:
                found.append(f"{where}:{place.code}")
        return tuple(dict.fromkeys(found))

    @cached_property
    def sentences(self) -> list[Sentence]:
        """The first sentences, platforms replaced by §p so that rules can speak of the object."""
        found: list[Sentence] = []
        head = self.low[: 4 * HEAD_CHARS]
        ends = [match.end() for match in _BOUNDARY.finditer(head)]
        for start, end in zip([0, *ends], [*ends, len(head)], strict=True):
            if len(found) >= _SENTENCES_READ:
                break
            spans = [(one.char_from, one.char_to, "§p") for one in self.named if start <= one.char_from < end]
            marked = _masked(head[start:end], [(a - start, b - start, mark) for a, b, mark in spans], around="")
            if marked.strip() and (not found or "§p" in marked or len(found) < 3):
                found.append(Sentence(start, end, marked[:_SENTENCE_CHARS]))
        return found

    @property
    def opening(self) -> str:
        """The first sentence, mostly the title, platforms replaced by §p."""
        return self.sentences[0].marked if self.sentences else ""


def lower(text: str) -> str:
    """Lower case of the same length: a few letters change theirs, and offsets must hold."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def language(low: str) -> str:
    """``de`` or ``en`` by function words; a headline without any by endings only German has."""
    head = low[:600]
    words = _FUNCTION_WORDS.findall(head)
    english = words.count("") + words.count(_IN_DEN)
    german = len(words) - words.count("") + (2 if _UMLAUT.search(head) else 0)
    if german == english == 0:
        is_german = any(part in head for part in _IN_GERMAN_FORMS) and _GERMAN_FORMS.search(head)
        return "de" if is_german else "en"
    return "de" if german > english else "en"


def _mark(one: Named) -> str:
    return "§all" if one.name.platform == ALL else "§parent" if one.name.is_parent else "§p"


def _masked(low: str, marks: list[tuple[int, int, str]], around: str = " ") -> str:
    parts, cursor = [], 0
    for start, end, mark in marks:
        if start >= cursor:
            parts += [low[cursor:start], around, mark, around]
            cursor = end
    return "".join((*parts, low[cursor:]))

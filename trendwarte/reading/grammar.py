"""Sentences as rows of word classes: who acts, what is done, to what, under which reserve.

``classes.yaml`` says what part a word plays, in English and German alike; a German compound plays the part of its
head after that of its first member. Names of platforms and places have become marks before (§p, §place ...), so what
is learned over classes holds for names and years that no training text knew.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from trendwarte.reading.hashing import hashed, seeded
from trendwarte.reading.memo import Memo
from trendwarte.reading.resources import resource

# Letters, digits, marks. The first alternative is the second for the letters that nearly all words consist of: a set of
# characters is looked up where the second asks three questions about each.
_TOKEN = re.compile(r"[a-zäöüß]++(?![^\W\d_])|[^\W\d_]+|§\w+|\d+|[?:]")
_STEM_MINIMUM = 3
_MARKS = {
    "§p": "p", "§parent": "parent", "§all": "all", "§place": "place", "§us": "us", "§state": "place", "§eu": "eu",
    "?": "question", ":": "colon",
}  # fmt: skip
_GROWN_UP, _CHILD = 18, 12
#: A text without any of these tells no legal step.
LEGAL_CLASSES = frozenset({
    "gov", "leg", "court", "reg", "ban", "block", "lift", "law", "bill", "order", "fine", "sue", "probe", "settle",
    "pass", "sign", "effect", "delay", "uphold", "device", "demand", "warn", "hedge", "deny", "buy",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Word:
    """What is known of one token of a text, all in one place: the memory is asked once a token, not once a question.

    A hash goes on from a seed: that of a pair of words from ``title_seed`` or ``lead_seed`` of the first and ``tail``
    of the second.
    """

    plain: str
    classes: tuple[str, ...]
    phrases: tuple[tuple[tuple[str, ...], str], ...]
    matters: bool
    in_title: int
    title_seed: int
    in_lead: int
    lead_seed: int
    tail: bytes


class Row(NamedTuple):
    """One stretch of text: its words, and for every one that plays a part its classes with its place."""

    words: tuple[Word, ...]
    parts: tuple[tuple[int, tuple[str, ...]], ...]

    @property
    def tokens(self) -> tuple[str, ...]:
        """The words themselves."""
        return tuple([word.plain for word in self.words])

    @property
    def classes(self) -> frozenset[str]:
        """All classes that occur."""
        return frozenset(name for _, names in self.parts for name in names)


def row(masked: str) -> Row:
    """Tokens and classes of a lower-case, masked text."""
    words = tuple(_WORDS.of_all(_TOKEN.findall(masked)))
    parts: list[tuple[int, tuple[str, ...]]] = []
    skip = 0
    for number, word in [(number, word) for number, word in enumerate(words) if word.matters]:
        for phrase, name in word.phrases:
            if tuple([one.plain for one in words[number : number + len(phrase)]]) == phrase:
                parts.append((number, (name,)))
                skip = number + len(phrase)
                break
        else:
            if number >= skip and word.classes:
                parts.append((number, word.classes))
    return Row(words, tuple(parts))


class _Words(Memo[str, Word]):
    def look_up(self, token: str) -> Word:
        plain = _plain(token)
        classes, phrases = classes_of(plain), _phrases().get(plain, ())
        return Word(
            plain, classes, phrases, bool(classes or phrases),
            hashed(f"t{plain}"), seeded(f"t{plain} "), hashed(f"l{plain}"), seeded(f"l{plain} "), plain.encode(),
        )  # fmt: skip


_WORDS = _Words(100_000)


def classes_of(token: str) -> tuple[str, ...]:
    """Classes of one word: its own, else those of its longest known beginning and ending."""
    if token in _MARKS:
        return (_MARKS[token],)
    exact, begin, end = _lexicon()
    if token in exact:
        return exact[token]
    found: list[str] = []
    if token[:_STEM_MINIMUM] in _edges()[0]:
        for size in range(len(token), _STEM_MINIMUM - 1, -1):
            if names := begin.get(token[:size]):
                found += names
                break
    if token[-_STEM_MINIMUM:] in _edges()[1]:
        for start in range(1, len(token) - _STEM_MINIMUM + 1):
            if names := end.get(token[start:]):
                found += names
                break
    return tuple(dict.fromkeys(found))


@cache
def _edges() -> tuple[frozenset[str], frozenset[str]]:
    """The first letters of all beginnings and the last of all endings: few words have any of them."""
    _, begin, end = _lexicon()
    return frozenset(one[:_STEM_MINIMUM] for one in begin), frozenset(one[-_STEM_MINIMUM:] for one in end)


def _plain(token: str) -> str:
    if token[0].isdecimal():
        is_age = len(token) == 2 and _CHILD <= int(token) <= _GROWN_UP
        return "§age" if is_age else "§year" if len(token) == 4 else "§n"
    return token


@cache
def _lexicon() -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    exact: dict[str, list[str]] = {}
    begin: dict[str, list[str]] = {}
    end: dict[str, list[str]] = {}
    for name, words in resource("classes.yaml")["words"].items():
        for word in words.split():
            table = end if word.startswith("*") else begin if word.endswith("*") else exact
            table.setdefault(word.strip("*"), []).append(name)
    return tuple({word: tuple(dict.fromkeys(names)) for word, names in table.items()} for table in (exact, begin, end))  # type: ignore[return-value]


@cache
def _phrases() -> dict[str, tuple[tuple[tuple[str, ...], str], ...]]:
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for name, phrases in resource("classes.yaml")["phrases"].items():
        for phrase in phrases:
            tokens = tuple(_plain(token) for token in _TOKEN.findall(phrase))
            found.setdefault(tokens[0], []).append((tokens, name))
    return {first: tuple(sorted(many, key=lambda one: -len(one[0]))) for first, many in found.items()}

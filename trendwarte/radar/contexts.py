"""How a text introduces a service: the name, what kind of service it is said to be, and the words that say it.

"The audio app N.", "N., a social network", "Twitter-Alternative N.", "users flock to N.". A name alone proves nothing: the
words around it tell a place where people talk to each other from a game, a bank or a device.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal, cast

from babel import Locale
from ruamel.yaml import YAML

from trendwarte.needles import Needles, is_whole
from trendwarte.radar.anchors import HEADS, Anchors

Kind = Literal["social", "rival", "move", "plain", "other"]
#: How far one context alone makes its name a social service, 0-1; reasons in docs/decisions/0024.
WEIGHTS: dict[Kind, float] = {"social": 0.7, "rival": 0.6, "move": 0.45, "plain": 0.1, "other": 0.0}
_TOPS_WEIGHT = 0.2
_NEAR_WEIGHT = 0.3
_CLOSING_WEIGHT = 0.1
# Taken for known, not introduced ("a conversation on N.", "on TikTok and N.", "N. users"): one such text is an
# anecdote, three outlets that write so know a service.
_SOFT: dict[str, tuple[Kind, float]] = {"venue": ("move", 0.3), "beside": ("rival", 0.35), "members": ("plain", 0.2)}
_HEAD_CHARS = 420
_QUOTE_CHARS = 180
_LEFT_CHARS = 90
_RIGHT_CHARS = 70
_TITLE_CASE_SHARE = 0.6
# In a headline with capitals everywhere it is less sure where a name ends.
_TITLE_CASE_FACTOR = 0.6
_MIN_WORDS = 5
_APPS = frozenset({"app", "apps"})
_NAME_MIN = 3

_WORD = r"[A-ZÄÖÜ](?:[\w]|(?<=\w)\.(?=\w))+"
_NAME = rf"(?<![\w-])(?P<name>{_WORD}(?:[ ](?:{_WORD}|\d+)){{0,2}})"
_LISTED_NAME = rf"{_WORD}(?: {_WORD})?"
_CALLED = r"(?i:called|named|dubbed|known as|so-called|namens|genannt|mit dem namen)"
_AFTER_PEER = "and|as|among|at|by|for|in|on|or|with|within|als|auf|bei|in|oder|und|unter"
_OPEN = r"[\"'„“”‘’»«]?"


@dataclass(frozen=True, slots=True)
class Context:
    """One place where a text introduces ``name``; ``quote`` is the passage, ``weight`` 0-1 what it proves."""

    name: str
    kind: Kind
    quote: str
    weight: float


#: Kind (or a key of ``_SOFT``), name as matched, where it stands in its line, and on which side of it the word is that names the kind.
_Found = tuple[str, str, int, Literal["before", "after", ""]]


@dataclass(frozen=True, slots=True)
class _Words:
    name: re.Pattern[str]
    head: re.Pattern[str]
    social: re.Pattern[str]
    other: re.Pattern[str]
    chart: re.Pattern[str]
    explains: re.Pattern[str]
    gains: re.Pattern[str]
    service: re.Pattern[str]
    titled: re.Pattern[str]
    closing: re.Pattern[str]
    person: re.Pattern[str]
    rival: re.Pattern[str]
    crowd: re.Pattern[str]
    explain: re.Pattern[str]
    moving: re.Pattern[str]
    top: re.Pattern[str]
    venue: re.Pattern[str]
    beside: re.Pattern[str]
    members: re.Pattern[str]
    plain: frozenset[str]
    raw: dict[str, str]


@cache
def _words() -> _Words:
    raw = YAML(typ="safe").load((files("trendwarte.radar") / "words.yaml").read_text("utf-8"))
    places = {
        word.casefold()
        for lang in ("en", "de")
        for name in Locale(lang).territories.values()
        for word in (name, *name.split())
    }
    plain = frozenset([*raw["plain"].split(), *raw["companies"].split(), *places])
    return _Words(
        name=re.compile(_NAME),
        head=re.compile(rf"(?<![\w.])(?P<compound>(?:[\w.&]+-)*)(?P<head>{raw['heads']})(?![\w-])", re.IGNORECASE),
        social=re.compile(raw["social"]),
        other=re.compile(raw["other"]),
        chart=re.compile(rf"{_NAME}\b(?: \S+){{0,4}}? (?i:{raw['tops']})\b(?=.{{0,40}}\b(?i:app|apps|download\w*)\b)"),
        explains=re.compile(rf"\b(?i:{raw['explains']}) {_OPEN}{_NAME}"),
        gains=re.compile(rf"{_NAME} (?i:{raw['gains']})(?: \S+){{0,4}}? (?i:{raw['crowds']})\b"),
        service=re.compile(rf"\b(?i:{raw['services']})"),
        titled=re.compile(
            rf"\b(?i:the|this|new|die|der|das|dem|neuen?|diese[rmns]?)(?: [\w-]+){{0,3}}? (?i:{raw['services']})(?! {_OPEN}[A-ZÄÖÜ])"
        ),
        closing=re.compile(raw["closing"]),
        person=re.compile(rf"(?i:{raw['person']})"),
        rival=re.compile(f"{raw['rivals']}|{raw['takes_on']}|{raw['overtakes']}|-style|-like|-artig"),
        crowd=re.compile(raw["crowds"]),
        explain=re.compile(raw["explains"]),
        moving=re.compile(f"{raw['flocks']}|{raw['leaves']}"),
        top=re.compile(raw["tops"]),
        venue=re.compile(
            rf"\b(?i:{raw['venues']})(?: [a-zäöü']+){{0,2}}? (?:on|auf) {_OPEN}{_NAME}(?![\w'’-]| [A-ZÄÖÜ])"
        ),
        beside=re.compile(
            rf"\b(?:on|across|via|auf|bei|über) (?P<list>{_LISTED_NAME}(?:, {_LISTED_NAME})*,? (?:and|or|und|oder|&) {_LISTED_NAME})"
        ),
        members=re.compile(rf"{_NAME}[ -](?i:{raw['members']})\b"),
        plain=plain,
        raw=raw,
    )


def _rival_patterns(peers: str) -> list[re.Pattern[str]]:
    """Names that are measured against a known service; ``peers`` is an alternation of those."""
    raw = _words().raw
    rivals = raw["rivals"]
    return [
        re.compile(rf"(?<!\w)(?:{peers})(?:['’]s?)?[ -](?i:{rivals})[,:]? {_OPEN}{_NAME}"),
        re.compile(
            rf"{_NAME}[\"“”’]?(?:,|:| is| ist| –| -)(?: [\w'’-]+){{0,4}}? (?:[\w-]+-)?(?:{peers})[ -](?i:{rivals})\b"
        ),
        re.compile(rf"(?i:{rivals}) (?:to|of|for|von|zu|für) (?:{peers})[,:]? {_OPEN}{_NAME}"),
        re.compile(
            rf"{_NAME}[\"“”’]?(?:,|:| is| ist| –| -)(?: [\w'’-]+){{0,4}}? (?i:{rivals}) (?:to|of|for|von|zu|für) (?:{peers})(?!\w)"
        ),
        re.compile(
            rf"\b(?i:{raw['starts']}) {_OPEN}{_NAME}\b.{{0,50}}?\b(?i:{raw['takes_on']})(?: \w+){{0,2}}? (?:{peers})(?!\w)"
        ),
        re.compile(
            rf"(?<!\w)(?:{peers})-(?i:like|style|artige?s?)(?: [\w-]+){{0,3}}? (?i:{raw['heads']})(?: {_CALLED})? {_OPEN}{_NAME}"
        ),
        re.compile(
            rf"{_NAME}(?:[ -](?i:clone|klon|knock-?off|copycat|nachahmer)\b|-(?i:style|like)(?= (?:[\w-]+ ){{0,2}}?(?i:apps?|features?|networks?|platforms?|services?|feeds?|posts?)\b))"
        ),
        # "N. still can't replace Twitter", "N. überholt TikTok"; "A. to replace Twitter boss" is a person.
        re.compile(
            rf"{_NAME}(?: [a-zäöü'’]+){{0,3}}? (?i:{raw['overtakes']}) (?:{peers})(?=$|[\"”’]?[.,;:?!]| (?:{_AFTER_PEER})\b)"
        ),
    ]


class Finder:
    """Finds names that texts introduce as services; knows the names that need no discovery.

    Args:
        known: names of the watched platforms and their companies, as they are written.
    """

    def __init__(self, known: Iterable[str]) -> None:
        names = sorted({name for name in known if len(name) > 1}, key=lambda name: (-len(name), name))
        self._known = frozenset(name.casefold() for name in names)
        self._known_tokens = frozenset(name.casefold() for name in names if " " not in name)
        self._anchors = Anchors(names)
        # Names of one word that nobody else bears: what is measured against them is a social service.
        peers = "|".join(re.escape(name) for name in names) or "(?!)"
        raw, rivals = _words().raw, _words().raw["rivals"]
        self._anti_peer = re.compile(
            rf"\b(?i:the|die|der|das)(?: [\w-]+)? \W?(?i:anti)-(?:{peers})\W? (?i:{_words().raw['heads']})\b"
        )
        self._rival = _rival_patterns(peers)
        self._rival_list = re.compile(
            rf"(?:(?:{peers})[ -](?i:{rivals})|\b(?i:{rivals}) (?:to|of|for|von|zu|für) (?:{peers}))"
            rf",? (?:like|such as|including|wie|darunter) {_OPEN}(?P<list>{_WORD}[^.;:()]{{0,60}})"
        )
        flocks, leaves = raw["flocks"], raw["leaves"]
        self._move = [
            re.compile(rf"\b(?i:{flocks})(?: \w+){{0,3}}? (?:to|for|towards|zu|auf|nach) {_OPEN}{_NAME}(?!\w|['’]s)"),
            re.compile(rf"\b(?i:{leaves}) (?:{peers}) (?:for|in favou?r of|für|zugunsten von) {_OPEN}{_NAME}"),
        ]

    def find(self, title: str, summary: str) -> list[Context]:
        """Every introduction in a title and the head of its summary; at most one of each kind per name."""
        text = _head_of(title, summary)
        words, peers = self._anchors.look(text)
        if not words and not peers:
            return []
        best: dict[tuple[str, Kind], Context] = {}
        for context in self._contexts(text, words, peers):
            key = (context.name.casefold(), context.kind)
            if key not in best or context.weight > best[key].weight:
                best[key] = context
        return list(best.values())

    def speaks_of_services(self, text: str) -> bool:
        """Whether a text names a watched platform or a word like "app" or "network" at all."""
        words, peers = self._anchors.look(text)
        return bool(words or peers)

    def is_known(self, name: str) -> bool:
        """Whether a name is a watched platform, or a product that carries a platform's name (TikTok Now)."""
        low = name.casefold()
        return low in self._known or any(word in self._known_tokens for word in low.split())

    def _contexts(self, text: str, words: set[str], peers: list[str]) -> Iterator[Context]:
        lines = text.split("\n")
        for number, line in enumerate(lines):
            if not line.strip():
                continue
            # A label at the start of a title is explained by the rest of it, or by the first lines below.
            rest = " ".join([line.partition(":")[2], *lines[1:2]]) if number == 0 else ""
            has_peer = any(name in line for name in peers)
            found = list(self._matches(line, rest, words, has_peer=has_peer))
            is_title_case = bool(found) and _is_title_case(line)
            for kind, raw, at, noun_side in found:
                name = _cut(raw, is_title_case, noun_side)
                if not name or self.is_known(name) or _is_person(line[at + len(raw) :]):
                    continue
                yield self._weighed(name, kind, line, at, is_title_case=is_title_case, has_peer=has_peer)

    def _weighed(self, name: str, found: str, line: str, at: int, *, is_title_case: bool, has_peer: bool) -> Context:
        kind, weight = _SOFT.get(found) or (cast(Kind, found), WEIGHTS[cast(Kind, found)])
        if found in _SOFT:
            pass
        elif kind == "plain" and _words().chart.search(line):
            weight = _TOPS_WEIGHT
        elif kind == "plain" and has_peer:
            kind, weight = "move", _NEAR_WEIGHT
        if kind != "other" and _words().closing.search(line.lower()):
            weight = min(weight, _CLOSING_WEIGHT)
        return Context(name, kind, _quote(line, at), weight * (_TITLE_CASE_FACTOR if is_title_case else 1.0))

    def _matches(self, line: str, rest: str, hits: set[str], *, has_peer: bool) -> Iterator[_Found]:
        words, low = _words(), line.lower()
        if hits & HEADS:
            yield from _by_head(line)
        if has_peer and words.rival.search(low):
            for pattern in self._rival:
                yield from _named("rival", pattern, line)
            for listed in self._rival_list.finditer(line):
                yield from _named("rival", words.name, listed["list"], listed.start("list"))
        if has_peer and words.crowd.search(low):
            yield from _named("move", words.gains, line)
        if (
            (has_peer or "social" in hits or hits & _APPS)
            and words.explain.search(low)
            and (words.service.search(low) or (has_peer and words.rival.search(low)))
        ):
            yield from _named("social", words.explains, line)
        titled = _TITLED.match(line) if hits else None
        if titled and (words.titled.search(rest) or self._anti_peer.search(rest)):
            yield "move", titled["name"], 0, ""
        if (has_peer or ("social" in hits and words.social.search(low))) and words.moving.search(low):
            for pattern in self._move:
                yield from _named("move", pattern, line)
        if hits & _APPS and words.top.search(low):
            yield from _named("plain", words.chart, line)
        yield from self._taken_for_known(line, low, has_peer=has_peer)

    def _taken_for_known(self, line: str, low: str, *, has_peer: bool) -> Iterator[_Found]:
        """Names that a text uses as if everybody knew them: where people talk, beside watched platforms, with users."""
        words = _words()
        if " on " in line or " auf " in line:
            for match in words.venue.finditer(line):
                yield "venue", match["name"], match.start("name"), "before"
        if has_peer:
            for match in words.beside.finditer(line):
                listed = list(_BETWEEN.finditer(match["list"]))
                if any(one[0].casefold() in self._known for one in listed):
                    yield from (("beside", one[0], match.start("list") + one.start(), "before") for one in listed)
        for match in words.members.finditer(line) if _MEMBERS.search(low) else ():
            yield "members", match["name"], match.start("name"), "after"


class Tracker:
    """Finds out which of some names a text mentions; one look however many names there are."""

    def __init__(self, finder: Finder, names: Iterable[str]) -> None:
        self._finder = finder
        self._names = Needles(dict.fromkeys(names))

    def named(self, title: str, summary: str) -> frozenset[str]:
        """Names that a text about services or watched platforms mentions, as whole words with capitals as given.

        Many names are ordinary words; a text that speaks of no app and no platform does not mean the service.
        """
        text = _head_of(title, summary)
        found = {text[start:end] for start, end, _ in self._names.hits(text) if is_whole(text, start, end)}
        return frozenset(found) if found and self._finder.speaks_of_services(text) else frozenset()


_MEMBERS = re.compile(r"users?\b|accounts?\b|followers\b|nutzer")
#: The names of a list, without its commas and its "and".
_BETWEEN = re.compile(rf"{_LISTED_NAME}")


def _named(kind: Kind, pattern: re.Pattern[str], text: str, offset: int = 0) -> Iterator[_Found]:
    for match in pattern.finditer(text):
        yield kind, match["name"], offset + match.start("name"), ""


_AFTER = re.compile(rf"^:?(?:,? {_CALLED})? {_OPEN}{_NAME}")
# "a new audio app, N., lets people talk": closed again by a comma or the end.
_APPOSED = re.compile(rf"^, {_OPEN}{_NAME}(?=,|\.|$)")
_LISTED = re.compile(rf"^,? (?:like|such as|including|wie|darunter) {_OPEN}(?P<list>{_WORD}[^.;:()]{{0,60}})")
_ARTICLE = r"(?:an?|the|eine?|das|die|der|another)"
_BEFORE = re.compile(
    rf"{_NAME}[\"“”’]?(?:(?:,| –| -)(?: {_ARTICLE})?| (?:is|was|ist|war)(?: now| still)? {_ARTICLE})(?P<mods>(?: [\w'’&-]+){{0,5}}) ?$"
)
_ARTICLES = frozenset({"The", "A", "An", "Der", "Die", "Das", "Den", "Dem", "Eine", "Ein", "New", "Neue", "Popular"})
_JOINED = re.compile(rf"{_NAME}[ -]$")
# "Clubhouse: what the new audio app can do".
_TITLED = re.compile(rf"^(?P<name>{_WORD}(?: Social)?)(?::| –| -) ")
# "the Houseparty video messaging app": at the start of a sentence any adjective has a capital.
_INSIDE = re.compile(rf"[a-zäöüß,] [\"'“„‘]?{_NAME}[\"'”“’]?(?P<mods>(?: [a-zäöü][\w'’&-]+){{1,3}}) ?$")
_MODS = re.compile(r"((?:[\w'’“”\"&-]+[ -]){0,4})$")
# What stands before a preposition or an article belongs to another noun: "the social network from its App Store".
_OTHER_NOUN = re.compile(
    r".*\b(?:from|of|on|in|at|to|by|for|with|its|his|her|their|the|an?|and|or|via|through|von|vom|aus|auf|im|in|mit|bei|der|die|das|dem|den|des|eine?[rmns]?|und|oder)[ ]"
)


def _by_head(line: str) -> Iterator[_Found]:
    """Names on either side of a noun like "app" or "network"."""
    for head in _words().head.finditer(line):
        left, right = line[max(0, head.start() - _LEFT_CHARS) : head.start()], line[head.end() :][:_RIGHT_CHARS]
        after, listed = _AFTER.match(right) or _APPOSED.match(right), _LISTED.match(right)
        before, inside = _BEFORE.search(left), _INSIDE.search(left)
        joined = _JOINED.search(left + head["compound"]) if head["head"].lower() == "app" else None
        if not (after or listed or before or inside or joined):
            continue
        noun = f"{head['compound']}{head['head']}".lower()
        mods = _MODS.search(left)
        kind = _kind(_OTHER_NOUN.sub("", f"{mods[1] if mods else ''}{noun}".lower()))
        if after and (kind == "social" or not right.startswith(", ") or _AFTER.match(right)):
            yield kind, after["name"], head.end() + after.start("name"), "before"
        if listed:
            yield from _named(kind, _words().name, listed["list"], head.end() + listed.start("list"))
        start = head.start() - len(left)
        before = before or (inside if kind == "social" else None)
        if before and not _OTHER_NOUN.search(f"{before['mods']} "):
            yield _kind(f"{before['mods']} {noun}".lower()), before["name"], start + before.start("name"), "after"
        elif joined:
            yield "plain", joined["name"], start + joined.start("name"), "after"


@lru_cache(maxsize=4096)
def _kind(phrase: str) -> Kind:
    """What a phrase like "invite-only audio app" or "Bezahldienst" says the service is."""
    is_social, is_other = _words().social.search(phrase), _words().other.search(phrase)
    if is_social and (not is_other or is_social[0].startswith(("social media", "social-media", "social net"))):
        return "social"
    return "other" if is_other and not is_social else "plain"


def _cut(raw: str, is_title_case: bool, noun_side: str) -> str:
    """The words of a match that can be a name, or nothing; ordinary words end it, in headlines one word is all.

    A name that touches its noun must touch it still: "the Communist China video app" and "social app Used By" name none.
    """
    words: list[str] = []
    given = raw.split()
    if noun_side != "before" and given[0] in _ARTICLES:
        given = given[1:]
    for word in given:
        if word.casefold().rstrip("s") in _words().plain or word.casefold() in _words().plain:
            # "Truth Social", "Hive Social": the word that names the kind may be the second half of the name.
            if words and word in ("Social", "News", "Chat", "Video") and len(words) == 1:
                words.append(word)
            break
        if is_title_case and words:
            break
        words.append(word)
    if noun_side == "after" and words != given[-len(words) :]:
        return ""
    name = " ".join(words)
    if len(words) == 1 and (_kind(name.lower()) != "plain" or _words().head.fullmatch(name)):
        return ""  # "Audio-App", "Soziales Netzwerk": the kind, not the name
    return "" if len(name) < _NAME_MIN or name.isdigit() or (len(name) == _NAME_MIN and name.isupper()) else name


def _is_person(rest: str) -> bool:
    """Whether what follows a name makes it a person: "N., a managing director", "N. said"."""
    return _words().person.match(rest) is not None


def _is_title_case(line: str) -> bool:
    words = [word for word in line.split() if word[:1].isalpha() and len(word) > 3]
    return len(words) >= _MIN_WORDS and sum(w[0].isupper() for w in words) / len(words) >= _TITLE_CASE_SHARE


def _quote(line: str, at: int) -> str:
    """The passage around a position, cut at words."""
    start = max(0, at - _QUOTE_CHARS // 2)
    passage = line[start : start + _QUOTE_CHARS]
    if start:
        passage = passage.partition(" ")[2]
    return (passage if len(line) <= start + _QUOTE_CHARS else passage.rpartition(" ")[0]).strip()


def _head_of(title: str, summary: str) -> str:
    return f"{title}\n{summary[:_HEAD_CHARS]}"

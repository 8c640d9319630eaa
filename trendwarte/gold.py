"""A list of dated real events, and what each should have done to the ledger and to our clients.

Everything here is decided without our reader: by the words of ``config/backtest.yaml`` and the transition table.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from io import StringIO
from typing import Any, Literal, Self

from trendwarte.errors import ConfigError
from trendwarte.ledger import BAN_LIKE, kin_of
from trendwarte.settings import Settings
from trendwarte.types import Document
from trendwarte.vocabulary import Measure

_COLUMNS = ("id", "date", "platform", "jurisdiction", "instrument", "verb", "measure", "dir", "basis", "what")
_WORD = re.compile(r"[\w'-]{5,}")
_FEWEST_WORDS = 2


@dataclass(frozen=True, slots=True)
class GoldEvent:
    """One listed event; ``direction`` is U (risk up), D (down), N (no change of the ledger), M+ or M- (momentum)."""

    id: str
    on: date
    platform: str
    jurisdiction: str
    instrument: str
    verb: str
    measure: str
    direction: Literal["U", "D", "N", "M+", "M-"]
    basis: str
    what: str

    @property
    def is_control(self) -> bool:
        """Whether nothing may move."""
        return self.direction == "N"


@dataclass(frozen=True, slots=True)
class Contained:
    """A listed event that an archive tells of: how many credible documents, and the day of the first.

    ``first_on`` is the day of the first whose headline names platform and step, where there is one: an article on a
    platform's users that mentions an order threatened, the day before it was signed, does not tell of it.
    """

    event: GoldEvent
    documents: int
    first_on: date


@dataclass(frozen=True, slots=True)
class Clue:
    """What a text that tells of an event must match, how many different times, and whether its headline must, too."""

    pattern: re.Pattern[str]
    least: int = 1
    is_in_headline: bool = False


def read_gold(text: str, name: str) -> list[GoldEvent]:
    """Events of a CSV file with the columns ``id,date,platform,jurisdiction,instrument,verb,measure,dir,basis,what``.

    Raises:
        ConfigError: a column or a cell is missing, an id stands twice, or a date or direction is none.
    """
    reader = csv.DictReader(StringIO(text.removeprefix("\ufeff")))  # a spreadsheet's "UTF-8"
    missing = [column for column in _COLUMNS if column not in (reader.fieldnames or [])]
    if missing:
        wanted = ",".join(_COLUMNS)
        raise ConfigError([f"{name}: column {', '.join(missing)} is missing; the first line must name {wanted}"])
    events: dict[str, GoldEvent] = {}
    problems = []
    for row in reader:
        try:
            event = _event(row)
            if event.id in events:
                raise ValueError(f"id '{event.id}' stands here a second time")
            events[event.id] = event
        except ValueError as error:
            # Where the reader is, not how many rows it gave: a quoted description may run over several lines.
            problems.append(f"{name}:{reader.line_num}: {error}; correct the line")
    if problems:
        raise ConfigError(problems)
    return list(events.values())


def _event(row: Mapping[str | None, Any]) -> GoldEvent:
    empty = [column for column in _COLUMNS if row[column] is None]
    if empty:
        raise ValueError(f"the line ends before {', '.join(empty)}")
    if None in row:
        raise ValueError(f"there are more cells than columns ({row[None]}); put a text with commas into quotes")
    direction = row["dir"]
    if direction not in ("U", "D", "N", "M+", "M-"):
        raise ValueError(f"dir '{direction}' is none of U, D, N, M+, M-")
    return GoldEvent(
        row["id"], date.fromisoformat(row["date"]), row["platform"], row["jurisdiction"], row["instrument"],
        row["verb"], row["measure"], direction, row["basis"], row["what"],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wording:
    """How to find in an archive, without our reader, the documents that tell of an event."""

    window_days: tuple[int, int]
    credible_kinds: frozenset[str]
    place_words: Mapping[str, Sequence[str]]
    measure_words: Mapping[str, Sequence[str]]
    verb_words: Mapping[str, Sequence[str]]
    verb_measures: Mapping[str, str]
    states: Mapping[str, Sequence[str]]
    names: Mapping[str, Sequence[str]]
    place_names: Mapping[str, Sequence[str]]
    words_as_names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Of platforms whose every name is a common word, too (Signal, Threads): enough beside place, step and measure."""

    @classmethod
    def of(cls, raw: Mapping[str, Any], settings: Settings) -> Self:
        """From the content of ``backtest.yaml`` and the names of platforms and places in the configuration."""
        names = {
            p.id: [a.text for a in p.aliases if not a.is_ambiguous and len(a.text) > 1]
            for p in settings.platforms.values()
        }
        names["all_social"] = list(raw["all_social_words"])
        places = {j.id: [j.name_de, j.name_en] for j in settings.jurisdictions.values()}
        common = {p.id: [a.text for a in p.aliases] for p in settings.platforms.values() if not names[p.id]}
        before, after = raw["window_days"]
        return cls(
            (int(before), int(after)), frozenset(raw["credible_kinds"]), raw["place_words"], raw["measure_words"],
            raw["verb_words"], raw["verb_measures"], raw["states"], names, places, common,
        )  # fmt: skip

    def clues_of(self, event: GoldEvent) -> list[Clue]:
        """What a text that tells of the event must match: platform, place, step, and measure or description."""
        common = self.words_as_names.get(event.platform)
        names = common or self.names.get(event.platform) or [event.platform]
        found = [Clue(_any_of(names, whole=True, is_exact=bool(common)), is_in_headline=True)]
        if event.jurisdiction != "GLOBAL":
            words = [*self.place_words.get(event.jurisdiction, ()), *self.place_names.get(event.jurisdiction, ())]
            found.append(Clue(_any_of(words or [event.jurisdiction], whole=False)))
        names_step = event.verb in self.verb_words
        if names_step:
            found.append(Clue(_any_of(self.verb_words[event.verb], whole=False), is_in_headline=True))
        kind = event.measure if event.measure in self.measure_words else self.verb_measures.get(event.verb, "")
        if kind in self.measure_words:
            found.append(Clue(_any_of(self.measure_words[kind], whole=False), is_in_headline=not names_step))
        else:
            own = {name.casefold() for names in self.names.values() for name in names}
            words = [w for w in _WORD.findall(event.what) if w.casefold() not in own]
            least = min(_FEWEST_WORDS, max(1, len(words)))
            found.append(Clue(_any_of(words or [event.verb], whole=False), least, is_in_headline=not names_step))
        return found


def _any_of(words: Iterable[str], *, whole: bool, is_exact: bool = False) -> re.Pattern[str]:
    parts = "|".join(re.escape(word) for word in words if word) or "(?!)"  # of no words, none: not all
    ending = r"(?!\w)" if whole else ""
    return re.compile(rf"(?<!\w)(?:{parts}){ending}", 0 if is_exact else re.IGNORECASE)


def contained(events: Sequence[GoldEvent], documents: Iterable[Document], wording: Wording) -> dict[str, Contained]:
    """Which events the archive tells of: at least one credible document within the window that names the platform,
    the place (unless the event is global), and a word of the step and of the measure, or two words of the event's own
    description.
    """
    by_day: dict[date, list[tuple[GoldEvent, list[Clue]]]] = {}
    for event in events:
        clues = wording.clues_of(event)
        for offset in range(-wording.window_days[0], wording.window_days[1] + 1):
            by_day.setdefault(event.on + timedelta(days=offset), []).append((event, clues))
    found: dict[str, list[tuple[bool, date]]] = {}
    for document in documents:
        if document.published_at is None or document.source_kind not in wording.credible_kinds:
            continue
        day = document.published_at.date()
        text = f"{document.title}\n{document.summary}\n{document.text}"
        for event, clues in by_day.get(day, ()):
            if all(len({m[0].casefold() for m in clue.pattern.finditer(text)}) >= clue.least for clue in clues):
                is_headline = all(clue.pattern.search(document.title) for clue in clues if clue.is_in_headline)
                found.setdefault(event.id, []).append((not is_headline, day))
    # The smallest of (mentions only, day): the earliest headline, else the earliest mention.
    return {e.id: Contained(e, len(found[e.id]), min(found[e.id])[1]) for e in events if e.id in found}


def expected_states(event: GoldEvent, wording: Wording) -> frozenset[str]:
    """States of the ledger that are right after the event; empty when it is no legal step."""
    return frozenset(wording.states.get(event.verb, ())) if event.instrument and not event.is_control else frozenset()


def is_same_instrument(event: GoldEvent, instrument: str) -> bool:
    """Whether our id names the listed instrument: equal, or equal but for a leading place, without punctuation."""
    ours, listed = (re.sub(r"[^a-z0-9]", "", text.casefold()) for text in (instrument, event.instrument))
    return bool(listed) and ours.endswith(listed)


def is_same_measure(event: GoldEvent, measure: Measure) -> bool:
    """Whether a ledger row can be about the listed measure."""
    return (
        event.measure == measure or bool(kin_of(measure) & kin_of(event.measure)) or event.measure in ("data", "youth")
    )


def is_ban(event: GoldEvent) -> bool:
    """Whether the event is about taking the service away."""
    return event.measure in BAN_LIKE

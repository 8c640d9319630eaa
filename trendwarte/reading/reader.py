"""From a document to its signals: names, then whether it matters, then the step, its place, doubt and slots."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

from trendwarte.reading.features import Families, features, rule_features
from trendwarte.reading.grammar import LEGAL_CLASSES
from trendwarte.reading.learned import Learned, Seen, learned
from trendwarte.reading.measures import due_date, measure_of, severity_of
from trendwarte.reading.names import NameFinder, is_compared, platforms_of
from trendwarte.reading.resources import limit
from trendwarte.reading.slots import age_limit, amount
from trendwarte.reading.steps import Step, decisive, factuality_of, signs_of
from trendwarte.reading.text import HEAD_CHARS, Text
from trendwarte.reading.verdict import Finding, find, place_of_step
from trendwarte.reading.watchlist import ALL, Watchlist
from trendwarte.types import Document, Reading, Signal

READER_VERSION = "rules-9+learned-12"

# Documents that are read together: 25 took a tenth less than 200 or 1,000 (three runs each); more do not fit into the cache.
_TOGETHER = 32
_UNSEEN = 0.8
# No reading is certain: a share of .996 is not told as 1.
_SUREST = 0.99


@dataclass(frozen=True, slots=True)
class Sight:
    """What the learned reader sees of one text; training and reading share it."""

    title: str
    lead: str
    words: Families
    rules: Families
    step: Step | None
    places: tuple[tuple[str, float], ...]


class Reader:
    """Reads documents against a watchlist; holds no state between them."""

    def __init__(self, watchlist: Watchlist, model: Learned | None = None) -> None:
        self._watchlist = watchlist
        self._names = NameFinder(watchlist)
        self._model = model or learned()

    def read(self, document: Document) -> Reading:
        """What a document says about platforms; never raises on any text."""
        return self.read_all([document])[0]

    def read_all(self, documents: Sequence[Document]) -> list[Reading]:
        """``read`` of each document in a quarter less time."""
        groups = (documents[start : start + _TOGETHER] for start in range(0, len(documents), _TOGETHER))
        return [reading for group in groups for reading in self._read_together(group)]

    def _read_together(self, documents: Sequence[Document]) -> list[Reading]:
        """All documents are taken through one step after the other, so that what it needs stays in the processor's cache."""
        texts = [Text(document, self._names) for document in documents]
        are_asked = [bool(text.named) and text.document.source_kind != "satire" for text in texts]
        asked = list(compress(texts, are_asked))
        rows = [text.rows for text in asked]
        counted = [features(*both, text.signs) for both, text in zip(rows, asked, strict=True)]
        found = self._model.relevance(counted, [text.head for text in asked])
        signals = iter([self._signals(text, *one) for text, one in zip(asked, found, strict=True)])
        return [
            _reading(text, next(signals) if is_asked else None) for text, is_asked in zip(texts, are_asked, strict=True)
        ]

    def names_platform(self, document: Document) -> bool:
        """Whether title, summary or text name a watched platform; a small part of the work of ``read``."""
        return bool(Text(document, self._names).named)

    def explain(self, document: Document) -> str:
        """One document's reading, with quotes and the rules that fired."""
        reading = self.read(document)
        lines = [
            f"{document.title}",
            f"  {reading.lang}, relevant: {reading.relevant}, named: {', '.join(reading.platforms) or '-'}",
        ]
        lines += [
            f"  {s.platform}: {s.topic} / {s.legal_stage} / {s.factuality} / {s.polarity} in {s.jurisdiction}"
            f" [{', '.join(s.rules)}]\n    »{s.evidence}«"
            for s in reading.signals
        ]
        return "\n".join(lines)

    def sight(self, document: Document) -> Sight | None:
        """What the learned reader is trained on; None when no platform is named."""
        text = Text(document, self._names)
        if not text.named:
            return None
        step, opening = _steps(text)
        title = text.low[: text.title_end]
        rules = rule_features(signs_of(step, opening, factuality_of(step, title), title, text.opening))
        return Sight(*text.head, features(*text.rows, text.signs), rules, step, text.ranked_places(self._home(text)))

    def _home(self, text: Text) -> str:
        homes = (self._watchlist.homes.get(one.name.platform, "") for one in text.named)
        # The first that is named, for a set gives another one in every process.
        return next((home for home in homes if home not in ("US", "DE", "")), "")

    def _signals(self, text: Text, relevance: float, seen: Seen) -> list[tuple[Signal, Finding]]:
        if relevance < limit("relevant"):
            return []
        title = text.low[: text.title_end]
        step, opening = _steps(text)
        told = factuality_of(step, title)
        rules = rule_features(signs_of(step, opening, told, title, text.opening))
        opinion = self._model.opinion(seen, rules, is_step_read=step is not None)
        finding = find(relevance, opinion, step, told, text)
        place = place_of_step(opinion, text.ranked_places(self._home(text)), finding.verb)
        return [
            (self._signal(text, platform, finding, place, relevance), finding)
            for platform in _affected(text, finding.step)
        ]

    def _signal(self, text: Text, platform: str, finding: Finding, place: str, relevance: float) -> Signal:
        step, low = finding.step, text.low[: 4 * HEAD_CHARS]
        start, end = _quoted(text, step)
        instrument = self._watchlist.named_instrument(low, platform, None if place == "GLOBAL" else place, text.on)
        if instrument is not None and place == "GLOBAL":
            place = instrument.jurisdiction
        measure = measure_of(
            step,
            finding.stage,
            finding.topic,
            low=low,
            place=place,
            instrument=instrument.measure if instrument else None,
        )
        money = amount(low)
        return Signal(
            platform=platform,
            topic=finding.topic,  # type: ignore[arg-type]
            jurisdiction=place,
            legal_stage=finding.stage,  # type: ignore[arg-type]
            factuality=finding.factuality,  # type: ignore[arg-type]
            polarity=finding.polarity,  # type: ignore[arg-type]
            severity=severity_of(finding.stage, finding.topic, finding.factuality),
            confidence=min(_SUREST, round(min(relevance, finding.confidence), 2)),
            evidence=text.text[start:end],
            char_from=start,
            char_to=end,
            rules=finding.rules,
            verb=finding.verb,  # type: ignore[arg-type]
            measure=measure,  # type: ignore[arg-type]
            instrument=instrument.id if instrument else None,
            due_date=due_date(step, low, text.on) if step is not None else None,
            amount=money[0] if money else None,
            currency=money[1] if money else None,
            age_limit=age_limit(low) if measure == "age_limit" else None,
        )


def _reading(text: Text, signals: Sequence[tuple[Signal, Finding]] | None) -> Reading:
    """``signals`` is None where nothing was asked, for no platform is named or the outlet jokes."""
    own_id = text.document.document_id
    if signals is None:
        return Reading(own_id, text.lang, relevant=False)
    if not signals:
        return Reading(own_id, text.lang, relevant=False, platforms=text.platforms, confidence=_UNSEEN)
    main, finding = signals[0]
    return Reading(
        own_id, text.lang, True, text.platforms, tuple(dict.fromkeys(s.platform for s, _ in signals)), main.topic,
        main.jurisdiction, main.legal_stage, main.factuality, main.polarity, finding.is_recap, main.confidence,
        tuple(signal for signal, _ in signals),
    )  # fmt: skip


def _steps(text: Text) -> tuple[Step | None, Step | None]:
    """The step that decides and the title's; a text without a place or a single legal word has none."""
    if not text.places and not any(row.classes & LEGAL_CLASSES for row in text.rows):
        return None, None
    return decisive(text.sentences)


def _quoted(text: Text, step: Step | None) -> tuple[int, int]:
    """Where the words stand that a signal rests on: the sentence of the step, else the title, else the beginning."""
    start, end = (step.sentence.char_from, step.sentence.char_to) if step else (0, text.title_end)
    if not text.text[start:end].strip():
        start, end = 0, HEAD_CHARS
    part = text.text[start:end]
    start += len(part) - len(part.lstrip())
    return start, start + len(part.strip())


def _affected(text: Text, step: Step | None) -> tuple[str, ...]:
    """Platforms whose standing it is: those of the deciding sentence, else of the title, else all."""
    meant = [one for one in text.named if not is_compared(text.low, one)] or text.named
    specific = [one for one in meant if one.name.platform != ALL] or meant
    named = [one for one in specific if not one.name.is_parent] or specific
    if step is not None:
        here = [one for one in named if step.sentence.char_from <= one.char_from < step.sentence.char_to]
        if here:
            return platforms_of(here)
    return platforms_of([one for one in named if one.char_from < text.title_end] or named)

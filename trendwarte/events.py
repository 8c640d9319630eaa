"""Signals to events: what happened, once, however often and in whatever language it was reported.

An event never loses a signal and never changes its id: new documents join or open events, so that what
a client was told yesterday is the same thing tomorrow.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from hashlib import blake2b
from math import prod
from typing import TypeVar

from trendwarte.copies import copy_groups, speakers, text_key
from trendwarte.resemblance import (
    DENYING,
    NOWHERE,
    Report,
    are_one_place,
    are_one_step,
    day_of,
    fitted,
    report_of,
    resemblance,
    step_of,
)
from trendwarte.rules import Scoring
from trendwarte.types import Event, Signal, StoredSignal
from trendwarte.vocabulary import DIMENSION_OF

# An event is compared by its first and its latest texts: what opened it, and what it has become.
_COMPARED = 4
# Half of an event's likeness is that of its nearest report, half the mean: one look-alike does not chain two stories.
_NEAREST_SHARE = 0.5
_VOICES_OF_A_STEP = 2
T = TypeVar("T")


def gap_days(signal: Signal, scoring: Scoring) -> int:
    """Days of silence that end an event of this kind."""
    gaps = scoring.event_gap_days
    for kind in (signal.legal_stage, signal.topic):
        if kind not in ("none", "") and kind in gaps:
            return gaps[kind]
    return gaps["default"]


def assign(
    new: Iterable[StoredSignal],
    known: Mapping[str, Sequence[StoredSignal]],
    scoring: Scoring,
    parents: Mapping[str, str | None],
) -> dict[str, str]:
    """Give each new signal its event: ``{signal_id: event_id}``. The order of ``new`` does not matter.

    A report joins the event of its platform it resembles most, if it is as likely as not the same
    (`trendwarte.resemblance`) and was last told of within the gap; neither step, place nor instrument may contradict.
    A copy joins its original. A denial joins what it denies and never decides where a report goes.

    Args:
        known: all signals of each event that could be meant (same platforms, near in time), by its id.
        parents: jurisdiction to the one above it.
    """
    shelves: dict[str, _Shelf] = defaultdict(lambda: _Shelf(scoring, parents))
    for event_id, told in sorted(known.items()):
        shelves[told[0].signal.platform].put_back(event_id, told)
    reports = sorted((report_of(stored) for stored in new), key=lambda r: (r.denies, _reading_order(r.stored)))
    return {r.stored.signal_id: shelves[r.signal.platform].place(r) for r in reports}


@dataclass(slots=True)
class _Open:
    """An event while signals are joined: its different texts, reports and denials apart."""

    event_id: str
    first_on: date
    last_on: date
    reports: list[Report] = field(default_factory=list)
    denials: list[Report] = field(default_factory=list)
    # What its reports name, and how many of them.
    instruments: Counter[str | None] = field(default_factory=Counter)
    steps: Counter[str | None] = field(default_factory=Counter)
    places: Counter[str | None] = field(default_factory=Counter)

    def take(self, report: Report) -> None:
        if report.denies:
            self.denials.append(report)
        else:
            self.reports.append(report)
            self.instruments[report.signal.instrument] += 1
            self.steps[report.step] += 1
            self.places[report.signal.jurisdiction] += 1
        self.stretch(report)

    def stretch(self, report: Report) -> None:
        self.first_on = min(self.first_on, report.day)
        self.last_on = max(self.last_on, report.day, report.stored.published_at.date())

    def is_near(self, day: date, gap: timedelta) -> bool:
        return self.first_on - gap <= day <= self.last_on + gap

    def voiced(self) -> list[Report]:
        return self.reports or self.denials


class _Shelf:
    """The open events of one platform, found by the telling terms and the legal steps of their reports."""

    def __init__(self, scoring: Scoring, parents: Mapping[str, str | None]) -> None:
        self._scoring = scoring
        self._parents = parents
        self._events: dict[str, _Open] = {}
        self._by_text: dict[tuple[str, bool], str] = {}
        self._by_term: dict[str, set[str]] = defaultdict(set)

    def put_back(self, event_id: str, told: Sequence[StoredSignal]) -> None:
        """Put an event that was told already on the shelf."""
        for stored in sorted(told, key=_reading_order):
            self._keep(report_of(stored), event_id)

    def place(self, report: Report) -> str:
        """The event of a new report: its original's, the one it resembles, or a new one."""
        key = (text_key(report.stored), report.denies)
        original = self._events.get(self._by_text.get(key, "")) if key[0] else None
        if original is not None and original.is_near(report.day, self._gap(report)):
            event_id = original.event_id
        else:
            event_id = self._resembled(report) or _new_id(report.stored)
        self._keep(report, event_id)
        return event_id

    def _keep(self, report: Report, event_id: str) -> None:
        event = self._events.get(event_id)
        if event is None:
            event = self._events[event_id] = _Open(event_id, report.day, report.day)
        key = (text_key(report.stored), report.denies)
        if key[0] and self._by_text.get(key) == event_id:
            event.stretch(report)
            return
        event.take(report)
        self._by_text[key] = event_id
        for term in _finders(report):
            self._by_term[term].add(event_id)

    def _resembled(self, report: Report) -> str | None:
        """The most alike event; one that only denials speak of comes after all that are reported."""
        gap = self._gap(report)
        ids = set().union(*(self._by_term.get(term, ()) for term in _finders(report)))
        found = [
            (bool(event.reports), likely, event.event_id)
            for event in (self._events[event_id] for event_id in ids)
            if event.is_near(report.day, gap) and not self._contradicts(report, event)
            if (likely := self._likely(report, event)) >= fitted().threshold
        ]
        return max(found)[2] if found else None

    def _gap(self, report: Report) -> timedelta:
        return timedelta(days=gap_days(report.signal, self._scoring))

    def _contradicts(self, report: Report, event: _Open) -> bool:
        """Another instrument, another legal step, or the same step in another place."""
        instrument = report.signal.instrument
        if instrument and instrument not in event.instruments and _most(event.instruments):
            return True
        if report.step is None or (step := _most(event.steps)) is None:
            return False
        place = _most(event.places, NOWHERE)
        return not are_one_step(report.step, step) or not are_one_place(
            report.signal.jurisdiction, place or "", self._parents
        )

    def _likely(self, report: Report, event: _Open) -> float:
        texts = event.voiced()
        compared = texts if len(texts) <= 2 * _COMPARED else [*texts[:_COMPARED], *texts[-_COMPARED:]]
        if report.signal.instrument is not None and any(_is_one_instrument_step(report, other) for other in compared):
            return 1.0
        likely = [resemblance(other, report, self._parents) for other in compared]
        return _NEAREST_SHARE * max(likely) + (1 - _NEAREST_SHARE) * sum(likely) / len(likely)


def _is_one_instrument_step(one: Report, other: Report) -> bool:
    """The same step of one named law: one event, in whatever words."""
    named = one.signal.instrument
    return named is not None and named == other.signal.instrument and one.step is not None and one.step == other.step


def _finders(report: Report) -> tuple[str, ...]:
    """What finds an event on the shelf: its telling terms, its legal step, its topic."""
    telling = report.terms.telling
    return (*telling, f"step:{report.step}") if report.step else telling or (f"topic:{report.signal.topic}",)


def _new_id(stored: StoredSignal) -> str:
    """Event id by the signal that opened it: reading it again, alone or among others, gives the same one."""
    return f"e-{blake2b(stored.signal_id.encode(), digest_size=8).hexdigest()}"


def _most(counted: Mapping[str | None, int], left_out: Container[str] = ()) -> str | None:
    return max(
        (value for value in counted if value and value not in left_out), key=lambda v: (counted[v], v), default=None
    )


def summarise(event_id: str, signals: Sequence[StoredSignal]) -> Event:
    """The event that ``signals`` (all of them, at least one) tell of; independent of their order.

    Credibility P = S(1-D) over independent voices: S and D are noisy-or sums of the strongest weight of each
    (docs/method.md, "Corroboration"). Of a legal step only those who tell that step count for S: ten comments on
    one rumour of a ban make no ban. A denial lowers P and adds neither mass nor reach: it never raises a risk.
    Novelty is set by the store, which knows the other events.
    """
    ranked = sorted(signals, key=lambda s: (s.weight <= 0, s.recap, _reading_order(s)))
    voice_of = speakers(ranked, copy_groups(sorted(signals, key=_reading_order)))
    supporting = [s for s in ranked if s.signal.factuality not in DENYING]
    denying = [s for s in ranked if s.signal.factuality in DENYING]
    lead = _majority(supporting or denying, voice_of)
    told = [s for s in supporting or denying if _backs(s.signal, lead)]
    support, denial = _strongest(supporting, voice_of), _strongest(denying, voice_of)
    backing = _strongest(told, voice_of) if supporting else {}
    has_official = bool(backing) and any(s.source_kind == "official" and s.weight > 0 for s in told)
    return Event(
        event_id=event_id,
        platform=lead.platform,
        jurisdiction=lead.jurisdiction,
        dimension=DIMENSION_OF.get(lead.topic, "momentum"),
        topic=lead.topic,
        legal_stage=lead.legal_stage,
        factuality=lead.factuality,
        polarity=lead.polarity,
        event_date=min(day_of(s) for s in told),
        first_seen_at=min(s.known_from for s in signals),
        last_seen_at=max(s.known_from for s in signals),
        title=_title(told),
        severity=max(s.signal.severity for s in told if s.signal.legal_stage == lead.legal_stage),
        verb=lead.verb,
        measure=lead.measure,
        instrument=_first(s.signal.instrument for s in ranked),
        due_date=_first(s.signal.due_date for s in told),
        credibility=_noisy_or(backing) * (1 - _noisy_or(denial)),
        origins=len({*support, *denial}),
        documents=len({s.document_id for s in signals}),
        has_official=has_official,
        recap=all(s.recap for s in signals),
        age_limit=_first(s.signal.age_limit for s in told),
        mass=sum(sorted(support.values())),
        denial=_noisy_or(denial),
        reach=_reach(told, len(support), has_official=has_official),
    )


def _noisy_or(strongest: Mapping[str, float]) -> float:
    return 1 - prod(1 - weight for weight in strongest.values())


def _reach(told: Sequence[StoredSignal], origins: int, *, has_official: bool) -> float:
    """Told officially or by three origins: the whole market hears of it (docs/method.md, "reach")."""
    if has_official or origins >= 3:
        return 1.0
    return 0.7 if any(s.weight >= 0.6 for s in told) else 0.4


def _reading_order(stored: StoredSignal) -> tuple[object, ...]:
    return (day_of(stored), stored.published_at, stored.signal_id)


def _strongest(signals: Iterable[StoredSignal], voice_of: Mapping[str, str]) -> dict[str, float]:
    """Strongest weight per voice, in the order of voices: sums must not depend on who came first."""
    strongest: dict[str, float] = {}
    for stored in signals:
        voice = voice_of[stored.signal_id]
        strongest[voice] = max(strongest.get(voice, 0.0), stored.weight)
    return {voice: strongest[voice] for voice in sorted(strongest) if strongest[voice] > 0}


def _majority(told: Sequence[StoredSignal], voice_of: Mapping[str, str]) -> Signal:
    """The reading with the most independent weight, spoken by its earliest report, in the place most name.

    A legal step that two voices tell is not outweighed by the comments around it, which tell none.
    """
    stepping = [s for s in told if step_of(s.signal) is not None]
    if len({voice_of[s.signal_id] for s in stepping if s.weight > 0}) >= _VOICES_OF_A_STEP:
        told = stepping
    step = _heaviest(told, voice_of, step_of)
    told = [s for s in told if step_of(s.signal) == step]
    reading = _heaviest(told, voice_of, _reading)
    winners = [s for s in told if _reading(s.signal) == reading]
    # A law always has a place: a report that names none does not make it world-wide.
    placed = [s for s in winners if s.signal.jurisdiction not in NOWHERE] if step else []
    place = _heaviest(placed or winners, voice_of, lambda signal: signal.jurisdiction)
    topic = _heaviest(winners, voice_of, lambda signal: signal.topic)
    return replace(winners[0].signal, jurisdiction=place, topic=topic)


def _backs(signal: Signal, lead: Signal) -> bool:
    """Whether a report supports what its event says: of a legal step, only one that tells it too."""
    step, other = step_of(lead), step_of(signal)
    return step is None or (other is not None and are_one_step(other, step))


def _heaviest(told: Iterable[StoredSignal], voice_of: Mapping[str, str], key: Callable[[Signal], T]) -> T:
    """The value of ``key`` that most independent weight stands behind."""
    strongest: dict[tuple[T, str], float] = {}
    for stored in told:
        vote = (key(stored.signal), voice_of[stored.signal_id])
        strongest[vote] = max(strongest.get(vote, 0.0), stored.weight + 1e-6)
    mass: dict[T, float] = defaultdict(float)
    for (value, _), weight in sorted(strongest.items(), key=lambda pair: str(pair[0])):
        mass[value] += weight
    return max(mass, key=lambda value: (mass[value], str(value)))


def _reading(signal: Signal) -> tuple[object, ...]:
    return (signal.legal_stage, signal.verb, signal.measure, signal.factuality, signal.polarity)


def _title(told: Sequence[StoredSignal]) -> str:
    best = max(told, key=lambda s: (s.weight, -s.published_at.timestamp(), s.signal_id))
    return best.title


def _first(values: Iterable[T | None]) -> T | None:
    return next((value for value in values if value is not None), None)

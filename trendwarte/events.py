"""Signals to events: what happened, once, however often and in whatever language it was reported.

An event never loses a signal and never changes its id: new documents join or open events, so that what
a client was told yesterday is the same thing tomorrow.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import blake2b
from math import prod
from typing import TypeVar

from trendwarte.settings import Scoring
from trendwarte.types import Event, Signal, StoredSignal
from trendwarte.vocabulary import DIMENSION_OF

# Outlets put one step into different words ("signed", "takes effect"); inside one gap they mean one event.
_FAMILY = {"enacted": "order", "in_force": "order"}
_OPEN_STAGES = frozenset({"none", "discussed"})
_DENYING = frozenset({"denied", "retracted"})
_COPY_OVERLAP = 0.8
_COPY_MINIMUM_WORDS = 5
T = TypeVar("T")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class EventKey:
    """What two signals must share to speak of the same thing (besides being close in time)."""

    platform: str
    jurisdiction: str
    dimension: str
    step: str


def key_of(signal: Signal) -> EventKey:
    """Key of a signal: legal steps by stage family, everything else by topic and direction."""
    dimension = DIMENSION_OF.get(signal.topic, "momentum")
    if signal.factuality in _DENYING:
        step = "denied"
    elif signal.factuality == "speculated":
        step = f"speculated:{signal.topic}"
    elif signal.legal_stage in _OPEN_STAGES:
        step = f"{signal.legal_stage}:{signal.topic}:{signal.polarity}"
    else:
        step = _FAMILY.get(signal.legal_stage, signal.legal_stage)
        if signal.measure == "age_limit":
            step = f"{step}:age_limit"
    return EventKey(signal.platform, signal.jurisdiction, dimension, step)


def day_of(stored: StoredSignal) -> date:
    """The day a signal speaks of: the date in the text, else the day of publication."""
    told = stored.published_at.date()
    named = stored.signal.event_date
    return named if named is not None and named <= told else told


def gap_days(signal: Signal, scoring: Scoring) -> int:
    """Days of silence that end an event of this kind."""
    gaps = scoring.event_gap_days
    for kind in (signal.legal_stage, signal.topic):
        if kind not in ("none", "") and kind in gaps:
            return gaps[kind]
    return gaps["default"]


@dataclass(frozen=True, slots=True)
class Known:
    """An event that was told already, with the signals it was told by."""

    event: Event
    told: tuple[StoredSignal, ...] = ()


@dataclass(slots=True)
class _Open:
    event_id: str
    key: EventKey
    instrument: str | None
    last_on: date
    first_on: date


def assign(new: Iterable[StoredSignal], known: Iterable[Known], scoring: Scoring) -> dict[str, str]:
    """Give each new signal its event: ``{signal_id: event_id}``.

    A signal joins the latest event with its key whose last report lies within the gap; a named instrument
    must not contradict. A denial joins the nearest event of its platform, place and dimension, if any.
    The order of ``new`` does not matter.
    """
    by_place: dict[tuple[str, str, str], list[_Open]] = defaultdict(list)
    for event in sorted((one.event for one in known), key=lambda one: (one.event_date, one.event_id)):
        opened = _Open(
            event.event_id, _key_of_event(event), event.instrument, event.last_seen_at.date(), event.event_date
        )
        by_place[event.platform, event.jurisdiction, event.dimension].append(opened)
    joined: dict[str, str] = {}
    for stored in sorted(new, key=_reading_order):
        place = _place(stored.signal)
        opened_here = by_place[place]
        match = _matching(stored, opened_here, gap_days(stored.signal, scoring))
        if match is None:
            match = _open(stored)
            opened_here.append(match)
        match.last_on = max(match.last_on, stored.published_at.date(), day_of(stored))
        match.instrument = match.instrument or stored.signal.instrument
        joined[stored.signal_id] = match.event_id
    return joined


def summarise(event_id: str, signals: Sequence[StoredSignal]) -> Event:
    """The event that ``signals`` (all of them, at least one) tell of; independent of their order.

    Credibility P = S(1-D) over origins: S and D are noisy-or sums of the strongest weight of each origin
    (docs/method.md, "Corroboration"). Novelty is set by the store, which knows the other events.
    """
    ranked = sorted(signals, key=lambda s: (s.weight <= 0, s.recap, _reading_order(s)))
    supporting = [s for s in ranked if s.signal.factuality not in _DENYING]
    denying = [s for s in ranked if s.signal.factuality in _DENYING]
    voices = supporting or denying
    lead = _majority(voices)
    support, denial = _per_origin(supporting), _per_origin(denying)
    s_sum = 1 - prod(1 - q for q in support.values())
    d_sum = 1 - prod(1 - q for q in denial.values())
    has_official = any(s.source_kind == "official" and s.weight > 0 for s in supporting)
    origins = len({*support, *denial})
    return Event(
        event_id=event_id,
        platform=lead.platform,
        jurisdiction=lead.jurisdiction,
        dimension=DIMENSION_OF.get(lead.topic, "momentum"),
        topic=lead.topic,
        legal_stage=lead.legal_stage,
        factuality=lead.factuality,
        polarity=lead.polarity,
        event_date=min(day_of(s) for s in voices),
        first_seen_at=min(s.known_from for s in signals),
        last_seen_at=max(s.known_from for s in signals),
        title=_title(voices),
        severity=max(s.signal.severity for s in voices if s.signal.legal_stage == lead.legal_stage),
        verb=lead.verb,
        measure=lead.measure,
        instrument=_first(s.signal.instrument for s in ranked),
        due_date=_first(s.signal.due_date for s in voices),
        credibility=s_sum * (1 - d_sum),
        origins=origins,
        documents=len({s.document_id for s in signals}),
        has_official=has_official,
        recap=all(s.recap for s in signals),
        age_limit=_first(s.signal.age_limit for s in voices),
        mass=sum(support.values()) + sum(denial.values()),
        denial=d_sum,
        # Told officially or by three houses: the whole market hears of it (docs/method.md, "reach").
        reach=1.0 if has_official or origins >= 3 else 0.7 if any(s.weight >= 0.6 for s in voices) else 0.4,
    )


def _reading_order(stored: StoredSignal) -> tuple[object, ...]:
    return (day_of(stored), stored.published_at, stored.signal_id)


def _place(signal: Signal) -> tuple[str, str, str]:
    return (signal.platform, signal.jurisdiction, DIMENSION_OF.get(signal.topic, "momentum"))


def _key_of_event(event: Event) -> EventKey:
    stand_in = Signal(
        platform=event.platform, topic=event.topic, jurisdiction=event.jurisdiction, legal_stage=event.legal_stage,
        factuality=event.factuality, polarity=event.polarity, severity=event.severity, confidence=1.0, evidence="",
        char_from=0, char_to=0, rules=(), measure=event.measure,
    )  # fmt: skip
    return key_of(stand_in)


def _matching(stored: StoredSignal, opened: list[_Open], gap: int) -> _Open | None:
    key, day, named = key_of(stored.signal), day_of(stored), stored.signal.instrument
    best: _Open | None = None
    for event in opened:
        is_near = event.first_on - timedelta(days=gap) <= day <= event.last_on + timedelta(days=gap)
        if not is_near or (key != event.key and key.step != "denied"):
            continue
        if named and event.instrument and named != event.instrument:
            continue
        if best is None or (event.last_on, event.event_id) > (best.last_on, best.event_id):
            best = event
    return best


def _open(stored: StoredSignal) -> _Open:
    key, day = key_of(stored.signal), day_of(stored)
    parts = (key.platform, key.jurisdiction, key.dimension, key.step, stored.signal.instrument or "", day.isoformat())
    digest = blake2b("\x1f".join((*parts, stored.document_id)).encode(), digest_size=8).hexdigest()
    return _Open(f"e-{digest}", key, stored.signal.instrument, stored.published_at.date(), day)


def _majority(voices: Sequence[StoredSignal]) -> Signal:
    """The signal of the reading with the most independent weight; the earliest of them speaks."""
    mass: dict[tuple[object, ...], float] = defaultdict(float)
    counted: set[tuple[object, ...]] = set()
    for stored in sorted(voices, key=lambda s: (-s.weight, _reading_order(s))):
        reading = _reading(stored.signal)
        if (reading, stored.origin) not in counted:
            counted.add((reading, stored.origin))
            mass[reading] += stored.weight + 1e-6
    winner = max(mass, key=lambda reading: (mass[reading], str(reading)))
    return next(s.signal for s in voices if _reading(s.signal) == winner)


def _reading(signal: Signal) -> tuple[object, ...]:
    return (signal.legal_stage, signal.verb, signal.measure, signal.factuality, signal.polarity)


def _per_origin(signals: Sequence[StoredSignal]) -> dict[str, float]:
    """Strongest weight per origin; a headline that copies another's words counts under its origin."""
    strongest: dict[str, float] = {}
    seen: list[tuple[frozenset[str], str]] = []
    for stored in sorted(signals, key=_reading_order):
        words = frozenset(_WORD.findall(stored.title.casefold()))
        origin = stored.origin
        if len(words) >= _COPY_MINIMUM_WORDS:
            copied = next((who for other, who in seen if _overlap(words, other) >= _COPY_OVERLAP), None)
            origin = copied or origin
            seen.append((words, origin))
        if stored.weight > strongest.get(origin, 0.0):
            strongest[origin] = stored.weight
    return strongest


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)


def _title(voices: Sequence[StoredSignal]) -> str:
    best = max(voices, key=lambda s: (s.weight, -s.published_at.timestamp(), s.signal_id))
    return best.title


def _first(values: Iterable[T | None]) -> T | None:
    return next((value for value in values if value is not None), None)

"""How surely two reports tell of one event: a sum of named weights, fitted once on labelled headlines.

What decides is what a consultant would compare: the words and names they share, the place, the legal step, the
topic, the days between them. `benchmarks/train_sameness.py` fits the weights (`resemblance.yaml`); decision 0014 has
the comparison with the rule before and with a sentence encoder.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from math import exp
from operator import mul
from typing import Any

from ruamel.yaml import YAML

from trendwarte.sameness import Terms, likeness, shared, terms_of
from trendwarte.types import Signal, StoredSignal
from trendwarte.vocabulary import DIMENSION_OF

DENYING = frozenset({"denied", "retracted"})
#: Places that name none: they contradict nothing.
NOWHERE = frozenset({"GLOBAL", "none", ""})
_OPEN_STAGES = frozenset({"none", "discussed"})
# Outlets put one step into different words ("signed", "takes effect"); inside one gap they mean one event.
_FAMILY = {"enacted": "order", "in_force": "order"}
# "The state bans the app" and "the state bans it on its phones" is one decision; so are a vote for it and the ban.
_ONE_DECISION = (frozenset({"order", "device_ban_government"}), frozenset({"device_ban_government", "passed_chamber"}))
_POLES = frozenset({"negative", "positive"})
_RARE_FROM = 5.0
_RARE_UNIT = 5.0
_RARE_MOST = 2.0
_GAP_UNIT = 10.0
_GAP_MOST = 3.0

#: Names of the features, in the order ``features`` gives them.
FEATURES = (
    "likeness", "rare_terms", "same_number", "same_place", "other_place", "same_step", "other_step",
    "same_step_and_place", "same_topic", "same_dimension", "opposite_polarity", "one_denies", "one_speculates",
    "days_apart", "within_a_day", "other_language",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """A signal made ready for comparison; ``step`` is the family of its legal step, None when none is taken.

    What is asked of it once per comparison stands ready: on a night of much news that is six thousand times.
    """

    stored: StoredSignal
    day: date
    terms: Terms
    step: str | None
    signal: Signal
    denies: bool
    dimension: str | None
    lang: str
    names_place: bool
    speculates: bool


@dataclass(frozen=True, slots=True)
class Weights:
    """The fitted sum: one weight per feature, a bias, and the probability from which two reports are one event."""

    values: tuple[float, ...]
    bias: float
    threshold: float


def day_of(stored: StoredSignal) -> date:
    """The day a signal speaks of: the date in the text, else the day of publication."""
    told = stored.published_at.date()
    named = stored.signal.event_date
    return named if named is not None and named <= told else told


def report_of(stored: StoredSignal) -> Report:
    """A signal with all that it is compared by."""
    signal, terms = stored.signal, terms_of(stored.title, stored.summary)
    return Report(
        stored, day_of(stored), terms, step_of(signal), signal, signal.factuality in DENYING,
        DIMENSION_OF.get(signal.topic), stored.lang[:2], signal.jurisdiction not in NOWHERE,
        signal.factuality == "speculated",
    )  # fmt: skip


def step_of(signal: Signal) -> str | None:
    """The family of the legal step a signal tells of; None when none is taken."""
    if signal.legal_stage in _OPEN_STAGES or signal.factuality in DENYING:
        return None
    return _FAMILY.get(signal.legal_stage, signal.legal_stage)


def are_one_step(one: str, other: str) -> bool:
    """Whether two step families can be two wordings of one decision."""
    return one == other or frozenset((one, other)) in _ONE_DECISION


def are_one_place(one: str, other: str, parents: Mapping[str, str | None]) -> bool:
    """Whether two places can be one: equal, one unnamed, or one within the other (DE in EU, US-TX in US)."""
    if one == other or one in NOWHERE or other in NOWHERE:
        return True
    return other in _above(one, parents) or one in _above(other, parents)


def resemblance(one: Report, other: Report, parents: Mapping[str, str | None]) -> float:
    """Probability, 0-1, that two reports of one platform tell of one event."""
    weights = fitted()
    return 1 / (1 + exp(-(weights.bias + sum(map(mul, weights.values, features(one, other, parents))))))


def features(one: Report, other: Report, parents: Mapping[str, str | None]) -> tuple[float, ...]:
    """What the reports share, as numbers (yes is 1) in the order of ``FEATURES``."""
    a, b = one.signal, other.signal
    both = shared(one.terms, other.terms)
    rarities = one.terms.rarities
    rare = sum([rarities[term] - _RARE_FROM for term in both if rarities[term] > _RARE_FROM])
    named = one.names_place and other.names_place
    same_place = named and a.jurisdiction == b.jurisdiction
    both_steps = one.step is not None and other.step is not None
    same_step = both_steps and one.step == other.step
    days = abs((one.day - other.day).days)
    return (
        likeness(one.terms, other.terms, both),
        min(rare / _RARE_UNIT, _RARE_MOST),
        not one.terms.numbers.isdisjoint(other.terms.numbers),
        same_place,
        named and not are_one_place(a.jurisdiction, b.jurisdiction, parents),
        same_step,
        both_steps and not same_step,
        same_step and same_place,
        a.topic == b.topic,
        one.dimension == other.dimension,
        a.polarity != b.polarity and a.polarity in _POLES and b.polarity in _POLES,
        one.denies != other.denies,
        one.speculates != other.speculates,
        min(days / _GAP_UNIT, _GAP_MOST),
        days <= 1,
        one.lang != other.lang,
    )


@cache
def fitted() -> Weights:
    """The committed weights."""
    text = (files("trendwarte") / "resemblance.yaml").read_text("utf-8")
    content: dict[str, Any] = YAML(typ="safe").load(text)
    return Weights(tuple(float(content["weights"][name]) for name in FEATURES), content["bias"], content["threshold"])


def _above(place: str, parents: Mapping[str, str | None]) -> tuple[str, ...]:
    found: list[str] = []
    parent = parents.get(place) or place.partition("-")[0]
    while parent and parent != place and parent not in found:
        found.append(parent)
        place, parent = parent, parents.get(parent) or ""
    return tuple(one for one in found if one not in NOWHERE)

"""A verdict taken apart: nouns that the warehouse fills and a language renders."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from trendwarte.floors import ORDER, rank
from trendwarte.rules import Scoring
from trendwarte.settings import Client, Settings
from trendwarte.shares import carried_over
from trendwarte.types import Evidence, Floor, Reason, Term
from trendwarte.vocabulary import Band, Purpose


@dataclass(frozen=True, slots=True)
class TermShift:
    """A term on two nights; the shifts of all terms sum to the change of the score."""

    kind: Literal["fit", "risk", "floor"]
    name: str
    before: float
    after: float

    @property
    def points(self) -> float:
        """What the term did to the score."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Explained:
    """One verdict with everything it rests on.

    ``evidence`` and ``counter`` go by term name; ``shifts`` compare with the night before (``before_at``).
    ``contested`` are titles of events somebody denied, ``unverified`` instruments whose date passed unconfirmed,
    ``waiting`` (verb, jurisdiction) of steps that a person has to look at.
    """

    as_of: datetime
    client: str
    platform: str
    purpose: Purpose
    band: Band
    raw_band: Band
    score: float | None
    coverage: float
    confidence: float
    floors: tuple[Floor, ...]
    terms: tuple[Term, ...]
    evidence: tuple[tuple[str, Evidence], ...]
    counter: tuple[Evidence, ...]
    before_at: datetime | None
    shifts: tuple[TermShift, ...]
    contested: tuple[str, ...]
    unverified: tuple[str, ...]
    waiting: tuple[tuple[str, str], ...]

    @property
    def floor(self) -> Floor | None:
        """The floor with the lowest cap."""
        return self.floors[0] if self.floors else None

    @property
    def binding(self) -> tuple[Floor, ...]:
        """The floors without which the band could be higher, the lowest cap first."""
        return tuple(floor for floor in self.floors if binds(floor.cap, self.band))


@dataclass(frozen=True, slots=True)
class Turn:
    """A boundary that would change the band: which band, at which score, how far away, after how many nights."""

    band: Band
    score: float
    gap: float
    nights: int


def turns_of(found: Explained, scoring: Scoring) -> tuple[Turn | None, Turn | None]:
    """The next boundary upwards and downwards; None where a limit caps the way, or where the band is there already."""
    if found.score is None or found.raw_band == "unknown":
        return None, None
    entering = next((b for b in scoring.boundaries if rank(b.band) == rank(found.raw_band) + 1), None)
    leaving = next((b for b in scoring.boundaries if b.band == found.raw_band), None)
    is_capped = any(rank(floor.cap) <= rank(found.raw_band) for floor in found.floors)
    is_thin = found.coverage < scoring.coverage_recommend  # too little is known for more than a test
    up = None
    if entering and not is_capped and not (is_thin and entering.band == "recommend"):
        up = Turn(entering.band, entering.enter, max(0.0, entering.enter - found.score), scoring.nights_up)
    down = None
    lower = ORDER[rank(leaving.band) - 1] if leaving else found.band
    if leaving and rank(lower) < rank(found.band):
        down = Turn(lower, leaving.leave, max(0.0, found.score - leaving.leave), scoring.nights_down)
    return up, down


def settled_shifts(found: Explained, client: Client, scoring: Scoring) -> tuple[TermShift, ...]:
    """The shifts by what moved: a share of the maximum that changed hands improved nobody. Their sum stays."""
    heard = {_place(shift) for shift in found.shifts if shift.before}
    before = [Term(s.kind, s.name, s.before) for s in found.shifts if s.kind != "risk" or _place(s) in heard]
    after = {(term.kind, term.name): term.points for term in found.terms}
    old = {(t.kind, t.name): t.points for t in carried_over(before, found.terms, client, scoring)}
    shifts = [TermShift(*key, old.get(key, 0.0), after.get(key, 0.0)) for key in dict.fromkeys((*old, *after))]
    return tuple(sorted(shifts, key=lambda shift: (-abs(shift.points), shift.kind, shift.name)))


def _place(shift: TermShift) -> str:
    return shift.name.partition(":")[2]


def missing_criteria(found: Explained, scoring: Scoring, *, has_executives: bool) -> tuple[str, ...]:
    """Criteria of fit that count for the purpose and are not known."""
    known = {term.name for term in found.terms if term.kind == "fit"}
    wanted = scoring.fit_weights[found.purpose]
    return tuple(name for name in wanted if name not in known and (name != "executives" or has_executives))


def level_of(confidence: float, settings: Settings) -> Literal["high", "medium", "low"]:
    """How sure a verdict is, as letters and explanations call it."""
    if confidence >= settings.alerts.confidence_high:
        return "high"
    return "medium" if confidence >= settings.scoring.confidence_medium else "low"


def binds(cap: Band, band: Band) -> bool:
    """Whether a cap is why a band is no higher; *exit* is *avoid* where the client is active."""
    return rank(cap) <= max(rank(band), rank("avoid"))


def is_base_rate(term: Term) -> bool:
    """Whether a risk is taken from the platform's base rate alone; law has none."""
    return term.kind == "risk" and not (term.event_ids or term.instruments or term.name.startswith("legal:"))


def standing_reason(term: Term) -> Reason:
    """What a term takes from a score that hardly moved, and whether anybody reported it."""
    dimension, _, place = term.name.partition(":")
    return Reason(
        "standing_base" if is_base_rate(term) else "standing_risk", points=term.points, dimension=dimension,
        jurisdiction=place, event_id=next(iter(term.event_ids), ""),
    )  # fmt: skip

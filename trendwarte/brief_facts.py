"""What a brief shows, as nouns: the warehouse fills them from the published snapshot, alerts renders them."""

from dataclasses import dataclass
from datetime import date, datetime

from trendwarte.types import Evidence, Term
from trendwarte.vocabulary import Band, HealthState, Presence, Purpose


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """One verdict: band now and 30 days ago, score 0-100 or None, and the floor that binds."""

    purpose: Purpose
    band: Band
    previous_band: Band | None
    score: float | None
    previous_score: float | None
    floor: str | None
    changed_on: date | None
    coverage: float
    confidence: float


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One platform of the matrix, cells in the order of ``BriefFacts.purposes``."""

    platform: str
    name: str
    presence: Presence
    cells: tuple[MatrixCell, ...]


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A change of the period with what it rests on; ``terms`` are the differences, largest first."""

    as_of: datetime
    platform: str
    platform_name: str
    purposes: tuple[Purpose, ...]
    from_band: Band
    to_band: Band
    from_score: float | None
    to_score: float | None
    floor: str | None
    terms: tuple[Term, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class LegalLine:
    """Where one instrument stands in a market of the client."""

    platform: str
    platform_name: str
    jurisdiction: str
    instrument: str
    instrument_name: str
    measure: str
    state: str
    valid_from: date
    due_date: date | None
    credibility: float
    is_due_unverified: bool


@dataclass(frozen=True, slots=True)
class TimelinePoint:
    """Platform risk 0-100 in the client's heaviest market on one day."""

    day: date
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class TimelineMark:
    """An event worth a mark on the timeline."""

    day: date
    title: str
    polarity: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """90 days of one platform in one jurisdiction."""

    platform: str
    platform_name: str
    jurisdiction: str
    points: tuple[TimelinePoint, ...]
    marks: tuple[TimelineMark, ...]


@dataclass(frozen=True, slots=True)
class HealthLine:
    """How a source did last night."""

    source_id: str
    name: str
    state: HealthState
    last_ok_at: datetime | None
    detail: str


@dataclass(frozen=True, slots=True)
class BriefFacts:
    """Everything one client's brief says, for one night. ``is_degraded``: too few sources answered."""

    client: str
    client_name: str
    as_of: datetime
    time_zone: str
    run_id: str
    version: str
    scoring_version: str
    is_degraded: bool
    markets: tuple[tuple[str, float], ...]
    purposes: tuple[Purpose, ...]
    rows: tuple[MatrixRow, ...]
    changes: tuple[ChangeLine, ...]
    legal: tuple[LegalLine, ...]
    timelines: tuple[Timeline, ...]
    health: tuple[HealthLine, ...]
    place_names: tuple[tuple[str, str, str], ...] = ()
    """(jurisdiction, German name, English name)"""

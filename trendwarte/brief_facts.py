"""What briefs, digests and the operator's page show, as nouns: the warehouse fills them, alerts renders them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from trendwarte.explaining import binds
from trendwarte.radar.facts import RadarLine
from trendwarte.types import Alert, Evidence, Reason, Term
from trendwarte.vocabulary import Band, HealthState, Presence, Purpose

#: A score that moved less than this in 30 days is steady: below it lies the rounding of a shown number.
_TREND_POINTS = 3.0


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
    floor_cap: Band | None = None
    floor_detail: str = ""

    @property
    def is_limited(self) -> bool:
        """Whether the floor is why the band is no higher; one that caps above the band holds nothing back."""
        return bool(self.floor) and (self.floor_cap is None or binds(self.floor_cap, self.band))

    @property
    def trend(self) -> Literal["up", "down", "same", ""]:
        """Where the score has moved; empty when one end is unknown."""
        if self.score is None or self.previous_score is None:
            return ""
        shift = self.score - self.previous_score
        return "same" if abs(shift) < _TREND_POINTS else "up" if shift > 0 else "down"


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One platform of the matrix, cells in the order of ``BriefFacts.purposes``."""

    platform: str
    name: str
    presence: Presence
    cells: tuple[MatrixCell, ...]


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A change of the period with what it rests on; ``terms`` are what weighs most, heaviest first.

    Scores, floor, terms and quotes are those of ``lead_purpose``, the one with the lowest score.
    """

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
    counter_evidence: tuple[Evidence, ...] = ()
    reasons: tuple[Reason, ...] = ()
    lead_purpose: Purpose | None = None


@dataclass(frozen=True, slots=True)
class LegalLine:
    """Where one instrument stands in a market of the client; ``is_dormant``: paused, and nobody touched it for long."""

    platform: str
    platform_name: str
    jurisdiction: str
    instrument: str
    measure: str
    state: str
    valid_from: date
    due_date: date | None
    credibility: float
    is_due_unverified: bool
    is_dormant: bool = False


@dataclass(frozen=True, slots=True)
class Deadline:
    """A legal date, ahead or reached and unconfirmed; ``platform`` may be ``all_social``."""

    platform: str
    platform_name: str
    jurisdiction: str
    instrument: str
    measure: str
    state: str
    due_date: date
    is_due_unverified: bool


@dataclass(frozen=True, slots=True)
class TimelinePoint:
    """Platform risk 0-100 in the client's heaviest market on one day, with its bounds."""

    day: date
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class TimelineMark:
    """An event worth a mark on the timeline; ``lang`` is that of its title."""

    day: date
    title: str
    polarity: str
    lang: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """90 days of one platform in one jurisdiction, a point per day."""

    platform: str
    platform_name: str
    jurisdiction: str
    points: tuple[TimelinePoint, ...]
    marks: tuple[TimelineMark, ...]


@dataclass(frozen=True, slots=True)
class HealthLine:
    """How a source did last night."""

    source_id: str
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
    deadlines: tuple[Deadline, ...] = ()
    emerging: tuple[RadarLine, ...] = ()
    alerts: tuple[Alert, ...] = ()
    """What was told in the last 90 days, newest first: the feed"""
    risk_zones: tuple[float, float] = (30.0, 60.0)
    horizon_days: int = 180
    place_names: tuple[tuple[str, str, str], ...] = ()
    """(jurisdiction, German name, English name)"""
    instrument_names: tuple[tuple[str, str, str], ...] = ()
    """(instrument, German name, English name)"""


@dataclass(frozen=True, slots=True)
class Standing:
    """A platform on which the client is active and which stands at *avoid* or *exit*."""

    platform: str
    purposes: tuple[Purpose, ...]
    band: Band
    floor: str | None
    floor_detail: str = ""


@dataclass(frozen=True, slots=True)
class DigestFacts:
    """One client's week: ``told`` at once, ``notes`` for the digest, with those of ``over_budget`` calls too many."""

    client: str
    since: datetime
    until: datetime
    told: tuple[Alert, ...]
    notes: tuple[Alert, ...]
    over_budget: int
    critical: tuple[Standing, ...]
    deadlines: tuple[Deadline, ...]


@dataclass(frozen=True, slots=True)
class RunLine:
    """One night as the operator sees it."""

    as_of: datetime
    outcome: str
    baseline_reason: str
    documents_new: int
    alerts: int
    seconds: float
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StuckMessage:
    """A message that has not arrived."""

    message_id: str
    client: str
    channel: str
    subject: str
    status: str
    attempts: int
    queued_at: datetime
    detail: str


@dataclass(frozen=True, slots=True)
class SilenceLine:
    """A silence that holds."""

    silence_id: str
    what: str
    until_at: datetime
    author: str
    reason: str


@dataclass(frozen=True, slots=True)
class OperatorFacts:
    """What the operator's page shows."""

    as_of: datetime
    runs: tuple[RunLine, ...]
    messages: tuple[tuple[str, int], ...]
    """(status, how many in 30 days)"""
    stuck: tuple[StuckMessage, ...]
    silences: tuple[SilenceLine, ...]
    health: tuple[HealthLine, ...]

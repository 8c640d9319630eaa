"""The nouns, in the order a datum becomes an alert. Read this first.

Four times are never merged: ``event_date`` (the world), ``published_at`` (the source says),
``first_seen_at`` / ``known_from`` (we knew), ``as_of`` (what a run may know). Datetimes are aware
UTC. Weights, confidences and shares are 0-1; scores are 0-100.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from trendwarte.vocabulary import (
    Band,
    Dimension,
    Factuality,
    HealthState,
    LegalStage,
    LegalState,
    Measure,
    Polarity,
    Presence,
    Purpose,
    Role,
    Severity,
    SourceKind,
    Topic,
    Verb,
)


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave us to ask "changed since?" with; sent back unchanged, quotes included."""

    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Payload:
    """Bytes and the HTTP facts they came with; ``pages`` are the parts of a sitemap index.

    ``charset`` is the encoding the bytes were read in and what it was taken from. While it waits to be read and kept,
    its ``body`` is empty and lies in ``body_zstd``.
    """

    source_id: str
    url: str
    status: int
    content_type: str
    body: bytes
    fetched_at: datetime
    validators: Validators
    duration_s: float = 0.0
    pages: tuple["Payload", ...] = ()
    charset: str = ""
    body_zstd: bytes = b""


@dataclass(frozen=True, slots=True)
class NotModified:
    """The source answered that nothing changed (304, or the same body hash). Not a failure, not news."""

    source_id: str
    fetched_at: datetime
    validators: Validators
    duration_s: float = 0.0
    status: int = 304


@dataclass(frozen=True, slots=True)
class Document:
    """One news item or notice, as one source told it."""

    document_id: str
    source_id: str
    url: str
    title: str
    summary: str
    outlet: str
    source_kind: SourceKind
    published_at: datetime | None
    first_seen_at: datetime
    content_hash: str
    guid: str | None = None
    text: str = ""
    text_quality: Literal["article", "feed_content", "summary", "title"] = "summary"
    lang: str = ""
    published_raw: str = ""
    updated_at: datetime | None = None
    flags: tuple[str, ...] = ()
    payload_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number a source measured: views of an article, the place of an app in a chart.

    ``subject`` is a platform id where the source is asked about one, else the source's own word. ``norm`` is the
    total the value is part of, where the source gives it.
    """

    source_id: str
    series: str
    subject: str
    market: str
    measured_on: date
    value: float
    norm: float | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """A platform named in a text, and the part it plays there."""

    platform: str
    alias: str
    role: Role
    char_from: int
    char_to: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Signal:
    """One document's evidence on one platform.

    ``char_from``/``char_to`` are offsets of ``evidence`` in ``title + "\\n" + summary + "\\n" + text``.
    ``verb`` and ``measure`` are None when nothing legal is said.
    """

    platform: str
    topic: Topic
    jurisdiction: str
    legal_stage: LegalStage
    factuality: Factuality
    polarity: Polarity
    severity: int
    confidence: float
    evidence: str
    char_from: int
    char_to: int
    rules: tuple[str, ...]
    role: Role = "subject"
    verb: Verb | None = None
    measure: Measure | None = None
    instrument: str | None = None
    due_date: date | None = None
    event_date: date | None = None
    amount: float | None = None
    currency: str | None = None
    age_limit: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What one document says; the flat fields describe its main signal."""

    document_id: str
    lang: str
    relevant: bool
    platforms: tuple[str, ...] = ()
    affected: tuple[str, ...] = ()
    topic: Topic = "none"
    jurisdiction: str = "none"
    legal_stage: LegalStage = "none"
    factuality: Factuality = "asserted"
    polarity: Polarity = "neutral"
    recap: bool = False
    confidence: float = 0.0
    signals: tuple[Signal, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredSignal:
    """A signal with the keys and weights the warehouse gives it; ``weight`` is q of docs/method.md."""

    signal_id: str
    document_id: str
    origin: str
    source_kind: SourceKind
    published_at: datetime
    known_from: datetime
    recap: bool
    weight: float
    lang: str
    title: str
    signal: Signal
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, once, however often it was reported.

    ``credibility`` is P_e = S(1-D) over independent origins, ``denial`` its D and ``mass`` the sum of the
    origins' weights (evidence mass); ``reach``, ``novelty`` and ``attention`` are 0-1; ``instrument`` only when a text
    names one.
    """

    event_id: str
    platform: str
    jurisdiction: str
    dimension: str
    topic: Topic
    legal_stage: LegalStage
    factuality: Factuality
    polarity: Polarity
    event_date: date
    first_seen_at: datetime
    last_seen_at: datetime
    title: str
    severity: int
    verb: Verb | None = None
    measure: Measure | None = None
    instrument: str | None = None
    due_date: date | None = None
    credibility: float = 0.0
    origins: int = 0
    documents: int = 0
    has_official: bool = False
    recap: bool = False
    age_limit: int | None = None
    mass: float = 0.0
    denial: float = 0.0
    reach: float = 0.7
    novelty: float = 1.0
    attention: float = 1.0


@dataclass(frozen=True, slots=True)
class LegalStatus:
    """Where one instrument stands, for one platform in one jurisdiction; one row of the ledger."""

    platform: str
    jurisdiction: str
    instrument: str
    measure: Measure
    state: LegalState
    valid_from: date
    known_from: datetime
    due_date: date | None = None
    event_id: str | None = None
    rule: str = ""
    credibility: float = 1.0
    age_limit: int | None = None
    is_challenged: bool = False
    is_due_unverified: bool = False
    from_state: LegalState = "none"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A legal step the transition table or a guard did not admit; waits for a person in ``ledger_review``."""

    event_id: str
    platform: str
    jurisdiction: str
    instrument: str
    verb: Verb
    from_state: LegalState
    reason: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A quote a reader can check: what, where, when, in its own language."""

    document_id: str
    title: str
    quote: str
    url: str
    outlet: str
    source_kind: SourceKind
    published_at: datetime
    lang: str


@dataclass(frozen=True, slots=True)
class RiskScore:
    """Risk of one platform in one jurisdiction and dimension: value and bounds 0-100.

    ``told_in`` is the place whose events make it: this one, or one above it; ``event_ids`` are those that drive it,
    strongest first, at most five.
    """

    platform: str
    jurisdiction: str
    dimension: Dimension
    value: float
    low: float
    high: float
    confidence: float
    told_in: str = ""
    event_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Term:
    """One named contribution to a score; the terms of a score sum to it exactly.

    ``kind`` is fit, risk or floor; ``name`` the criterion, ``dimension:jurisdiction`` or floor id.
    """

    kind: Literal["fit", "risk", "floor"]
    name: str
    points: float
    detail: str = ""
    event_ids: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Floor:
    """A rule no score lifts: it caps the band, names its reason and what would lift it."""

    rule: str
    cap: Band
    jurisdiction: str = ""
    instrument: str = ""
    state: str = ""
    due_date: date | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for client x platform x purpose on one night.

    ``raw_band`` is what score and hysteresis say before floors; ``streak_up``/``streak_down`` count
    the consecutive nights beyond the next boundary. ``score`` is None when evidence is missing.
    """

    as_of: datetime
    client: str
    platform: str
    purpose: Purpose
    band: Band
    score: float | None
    raw_band: Band
    floors: tuple[Floor, ...] = ()
    fit: float | None = None
    coverage: float = 0.0
    risk: float | None = None
    confidence: float = 0.0
    streak_up: int = 0
    streak_down: int = 0
    low_since: date | None = None
    outlook: Literal["positive", "stable", "negative"] = "stable"
    terms: tuple[Term, ...] = ()
    relaxing: tuple[tuple[str, date], ...] = ()

    @property
    def floor(self) -> str | None:
        """Id of the floor that binds (the lowest cap), or None."""
        return self.floors[0].rule if self.floors else None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an alert exists, as fields; each language renders its own sentence from them.

    ``code`` is one of: ledger_transition, floor_set, floor_lifted (``floor_detail`` says which half of the limit
    holds), risk_change, standing_risk, standing_base (the same where nobody reported anything), confirmed, deadline,
    faded (old events weigh less, nothing new was reported), calmer (the same, and what was reported since is less than
    what faded), event (one grave event that is new), many_reports (no single one: smaller ones add up), spark
    (``bursting`` names what bursts), caught_up (told late: it was silenced, or its message never arrived).
    """

    code: str
    points: float = 0.0
    dimension: str = ""
    jurisdiction: str = ""
    instrument: str = ""
    from_state: str = ""
    to_state: str = ""
    floor: str = ""
    due_date: date | None = None
    days: int | None = None
    event_id: str = ""
    floor_detail: str = ""
    bursting: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """A change somebody must hear about; one per client, platform and purpose."""

    alert_id: str
    run_id: str
    as_of: datetime
    client: str
    platform: str
    purpose: Purpose
    severity: Severity
    rule: str
    from_band: Band
    to_band: Band
    title: str
    from_score: float | None = None
    to_score: float | None = None
    confidence: float = 0.0
    presence: Presence = "none"
    reasons: tuple[Reason, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    counter_evidence: tuple[Evidence, ...] = ()
    event_ids: tuple[str, ...] = ()
    due_date: date | None = None
    status: Literal["queued", "digest", "suppressed"] = "queued"
    status_reason: str = ""


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How a source did on one night; never a reason to lower a risk."""

    source_id: str
    state: HealthState
    fetched_at: datetime
    documents: int = 0
    new_documents: int = 0
    status: int | None = None
    duration_s: float = 0.0
    detail: str = ""
    newest_at: datetime | None = None
    is_passing: bool = False


@dataclass(frozen=True, slots=True)
class SourceMemory:
    """What is remembered of a source between two visits; ``trendwarte.polling`` decides what follows from it.

    ``failures`` is a weighted sum (a hard failure is 1), ``calm`` and ``busy`` count good visits in a row that
    brought mostly known or mostly new entries, ``conditional`` counts "not modified" answers since the last body.
    """

    source_id: str
    state: HealthState = "never_ran"
    validators: Validators = Validators()
    interval_min: float = 60.0
    failures: float = 0.0
    calm: int = 0
    busy: int = 0
    conditional: int = 0
    is_lying: bool = False
    last_body_at: datetime | None = None
    last_new_at: datetime | None = None
    newest_at: datetime | None = None
    next_visit_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Intake:
    """What a batch of documents did to the store."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: int = 0


@dataclass(slots=True)
class RunReport:
    """Counts and durations of one night; the row in ``runs`` and the last line on the terminal."""

    run_id: str
    as_of: datetime
    outcome: Literal["ok", "degraded", "failed", "unchanged"] = "ok"
    is_baseline: bool = False
    baseline_reason: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    durations_s: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    #: A data-quality check failed: nothing was published and nobody was told.
    is_held: bool = False

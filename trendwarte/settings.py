"""The configuration as typed nouns; ``config_files`` reads them from YAML.

Every model refuses unknown keys. What a user edits is documented field by field here, and from here
the JSON Schemas in ``config/schema/`` are generated.
"""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from trendwarte.vocabulary import Band, Dimension, LegalState, Measure, Presence, Purpose, SourceKind


class Model(BaseModel):
    """Base of all settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# --- platforms -------------------------------------------------------------------------------


class Alias(Model):
    """A name a platform is written as; ``valid_from``/``valid_until`` bound renames (Twitter, X)."""

    text: str
    valid_from: date | None = None
    valid_until: date | None = None
    is_ambiguous: bool = Field(False, description="A common word too (X, Threads, Signal): needs an anchor.")


class AudienceShare(Model):
    """Share of an age group in a market that uses the platform, with its survey."""

    market: str
    age: tuple[int, int] = Field(description="Youngest and oldest age, inclusive; 120 means open-ended.")
    penetration: float = Field(ge=0, le=1)
    source: str
    year: int


class Availability(Model):
    """Since (or until) when the service can be used in a jurisdiction at all."""

    jurisdiction: str
    available_from: date | None = None
    available_until: date | None = None
    note: str = ""


class InstitutionShare(Model):
    """Share of quality media, authorities and trade journalists of a market that are active there."""

    market: str
    share: float = Field(ge=0, le=1)
    valid_from: date
    source: str


class Platform(Model):
    """A platform whose standing is watched."""

    id: str
    name: str
    owner: str
    home: str = Field(description="Home jurisdiction of the owner, ISO code.")
    aliases: list[Alias]
    parents: list[str] = Field(default=[], description="Companies whose news spills over: ByteDance, Meta.")
    domains: list[str] = []
    launched_on: date | None = None
    closed_on: date | None = None
    sustained_from: date | None = Field(
        None, description="Since when the platform has kept its audience for 90 days; floor F9 needs it."
    )
    fading_from: date | None = Field(
        None, description="Since when downloads or users fell below a quarter of the peak."
    )
    tone: float | None = Field(None, ge=1, le=5, description="1 formal ... 5 playful.")
    formats: list[str] = []
    affordances: dict[Purpose, int] = Field(default={}, description="0, 25, 50, 75 or 100 per purpose.")
    audience: list[AudienceShare] = []
    institutions: list[InstitutionShare] = []
    availability: list[Availability] = []
    base_rates: dict[Dimension, float] = Field(default={}, description="Slow base risk 0-100, reviewed yearly.")


# --- clients ---------------------------------------------------------------------------------


class Market(Model):
    """A market of the client and its weight; weights of a client sum to 1."""

    jurisdiction: str
    weight: float = Field(gt=0, le=1)


class TargetGroup(Model):
    """People the client wants to reach; shares of a client sum to 1."""

    market: str
    age: tuple[int, int]
    share: float = Field(gt=0, le=1)


class Executive(Model):
    """Somebody who speaks for the client as a private person: can help or harm."""

    name: str
    platform: str
    tone: float = Field(ge=-1, le=1, description="-1 harms the brand ... 1 helps it.")
    reach: int = Field(ge=0, description="Followers.")


class Channel(Model):
    """Where alerts go. Secrets are written ``${env:NAME}`` or ``${file:/path}``, never in clear."""

    kind: Literal["email", "webhook"]
    to: list[str] = Field(default=[], description="E-mail addresses; one message each.")
    url: SecretStr | None = None
    secret: SecretStr | None = None
    severities: list[Literal["act", "decide", "note"]] = ["act", "decide"]


class Client(Model):
    """Whom we advise: markets, target group, purposes, and what risk they can bear."""

    id: str
    name: str
    sector: str
    language: Literal["de", "en"] = "de"
    regulation: Literal["none", "regulated", "critical", "public_body"] = "none"
    markets: list[Market]
    targets: list[TargetGroup]
    purposes: list[Purpose]
    tone: float = Field(ge=1, le=5, description="1 formal ... 5 playful.")
    risk_aversion: float = Field(ge=0.5, le=1)
    exposure: dict[Dimension, float] = Field(default={}, description="0.5, 1, 1.5 or 2 per dimension; default 1.")
    presence: dict[str, Presence] = Field(default={}, description="Per platform; missing means none.")
    peers_active: dict[str, float] = Field(
        default={}, description="Share of named peers active per platform, the consultant's count."
    )
    formats: list[str] = Field(
        default=[], description="Formats the client can produce: video, text, image, audio, live."
    )
    executives: list[Executive] = []
    exclusions: list[str] = Field(default=[], description="Platforms the client has ruled out itself (floor F10).")
    platforms: list[str] = Field(default=[], description="Platforms to judge; empty means all.")
    channels: list[Channel] = []
    is_active: bool = True


# --- instruments and places ------------------------------------------------------------------


class Instrument(Model):
    """A law, order, case or procedure that can decide about platforms."""

    id: str
    name: str
    jurisdiction: str
    platforms: list[str] = Field(description="Platform ids, or [all_social].")
    measure: Measure
    opened_on: date | None = Field(None, description="A text before this day cannot mean it.")
    closed_on: date | None = None
    cues: list[str] = Field(default=[], description="Names in texts, any language, matched as whole words.")
    authority: str = ""
    age_limit: int | None = None
    note: str = ""


class Jurisdiction(Model):
    """A place with authority, and its parent in the tree."""

    id: str
    name_de: str
    name_en: str
    parent: str | None = None


class Outlet(Model):
    """Who publishes, how far it is trusted, and whose words it copies."""

    id: str = Field(description="Registrable domain, or the name as archives write it.")
    kind: SourceKind
    owner: str = Field("", description="Outlets of one owner are one origin.")
    names: list[str] = []


# --- sources ---------------------------------------------------------------------------------


class Shape(Model):
    """Where the parts of an entry, or of a measurement, stand in an answer: JMESPath for JSON, column numbers for CSV.

    A field sees the record, and beside it ``_answer`` (the whole answer) and ``_source`` (``subject``, ``market``,
    ``name``). With ``series`` the records are measurements (``subject``, ``market``, ``measured_on``, ``value``,
    ``norm``), without it they are entries (``title``, ``url``, ``guid``, ``summary``, ``content``, ``published``,
    ``updated``, ``lang``, ``outlet``).
    """

    records: str = ""
    empty: str = Field(default="", description="True of an answer that says 'nothing', if it then has no records.")
    series: str = Field(default="", description="What is measured: pageviews, chart_rank, ...")
    fields: dict[str, str]


class Source(Model):
    """A machine-readable source; one entry plus one recorded fixture is all a new one takes.

    The address may hold ``{today-30|%Y%m%d}`` (a day before the run), ``{api_key}``, and the names of ``each``.
    """

    id: str
    name: str
    kind: str = Field(
        description="How to read it: feed, sitemap, html_listing, json, csv, or one that an installed package adds;"
        " 'other' is catalogued but has no reader and is skipped with a word."
    )
    shape: str | Shape = Field(default="", description="For json and csv: the name of a known shape, or a shape.")
    url: str
    fallback_urls: list[str] = []
    each: dict[str, dict[str, str]] = Field(
        default={},
        description="One request per combination: {subject: {tiktok: TikTok}, market: {de: de.wikipedia}}. The keys"
        " label what is measured, the values go into the address.",
    )
    watch: dict[str, str] = Field(default={}, description="For csv: which subjects to keep, {tiktok: tiktok.com}.")
    subject: str = ""
    market: str = ""
    lang: str = ""
    jurisdiction: str = "GLOBAL"
    source_kind: SourceKind
    owner: str = ""
    is_enabled: bool = True
    requires_key: bool = False
    key_env: str = Field(default="", description="Environment variable that holds the key.")
    headers: dict[str, str] = Field(default={}, description='Sent along; "{api_key}" is filled in.')
    expected_update_days: float = 7
    poll_minutes: int = Field(default=60, ge=10, description="Least time between two visits.")
    min_interval_s: float = Field(5, description="Seconds between two requests to this host.")
    selectors: dict[str, str] = Field(
        default={},
        description="CSS for html_listing: item, title, link, date, summary, body. Without them the longest list of"
        " headlines of the page is found.",
    )
    params: dict[str, str] = {}
    terms: str = ""
    note: str = ""


# --- scoring ---------------------------------------------------------------------------------


class DecayRule(Model):
    """Plateau, then half-life, in days."""

    plateau_days: float
    half_life_days: float
    weight: float = Field(description="Weight in the platform index; the six sum to 0.9 or 1.")


class Boundary(Model):
    """A Schmitt trigger between two bands: enter at or above ``enter``, leave below ``leave``."""

    band: Literal["watch", "test", "recommend"]
    leave: float
    enter: float


class Scoring(Model):
    """Every constant of docs/method.md; the reason for each stands beside it in scoring.yaml."""

    version: str
    signal_base: float = 0.9
    source_weights: dict[SourceKind, float]
    factuality_weights: dict[str, float]
    role_weights: dict[str, float]
    novelty_factor: float = 0.75
    novelty_minimum: float = 0.25
    novelty_window_days: int = 90
    event_gap_days: dict[str, int]
    old_news_days: int = 14
    damping_exponent: float = 1.5
    state_levels: dict[LegalState, float]
    gravities: dict[Measure, float]
    clock_rise: dict[str, tuple[float, float]] = Field(description="state: (extra points, half-life days to due).")
    challenged_factor: float = 0.9
    ledger_credibility_minimum: float = 0.8
    ledger_following_minimum: float = 0.6
    due_confirmation_days: int = 3
    dormant_days: int = 365
    dormant_factor: float = 0.4
    decay: dict[Dimension, DecayRule]
    shrinkage_k0: float = 1.5
    report_weight: float = 0.62
    positive_heat_factor: float = 0.6
    uncertainty_points: float = 35.0
    heat_ceiling_no_instrument: float = 15.0
    heat_ceiling_early_stage: float = 35.0
    legal_heat_factor: float = 0.5
    spill_parent: float = 1.0
    spill_global: float = 0.8
    index_max_share: float = 0.6
    market_peak_minimum: float = 0.3
    fit_weights: dict[Purpose, dict[str, float]]
    penetration_reference: float = 0.4
    reach_reference: int = 50_000
    coverage_minimum: float = 0.6
    coverage_recommend: float = 0.75
    confidence_medium: float = 0.45
    floor_market_minimum: float = 0.2
    floor_due_days: tuple[int, int] = (30, 90)
    floor_relax_days: int = 30
    data_floor: float = 75.0
    boundaries: list[Boundary]
    nights_up: int = 3
    nights_down: int = 2
    exit_score: float = 25.0
    exit_days: int = 14


class AlertRules(Model):
    """When an alert fires and how often; each number has its reason in alerts.yaml."""

    ledger_delta: float = 0.15
    score_delta: float = 15.0
    deadline_days: list[int] = [90, 30, 7]
    cooldown_days: int = 14
    budget_per_month: int = 4
    flap_changes: int = 3
    flap_nights: int = 21
    retry_minutes: list[int] = [0, 5, 30, 120, 300, 720, 1440]
    dead_after_hours: int = 72
    quotes: int = 3


class Recommendation(Model):
    """What to do in one situation; both languages are written, not translated."""

    band: Band
    presence: Literal["none", "parked", "active", "any"]
    cause: str = Field("any", description="A floor id, a dimension, or 'any'.")
    de: str
    en: str


# --- runtime ---------------------------------------------------------------------------------


class Smtp(Model):
    """The relay that carries the alerts."""

    host: str = ""
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: SecretStr | None = None
    sender: str = "trendwarte@localhost"
    timeout_s: float = 30.0


class Fetching(Model):
    """Politeness and limits of collecting."""

    user_agent: str
    timeout_s: float = 20.0
    deadline_s: float = 60.0
    max_bytes: int = 8_000_000
    max_redirects: int = 5
    workers: int = 6
    retries: int = 2
    retry_wait_s: float = 5.0
    allow_hosts: list[str] = Field(default=[], description="host or host:port exempt from the private-address guard.")
    pages_per_host: int = Field(20, description="Article pages fetched from one host in one night.")
    page_interval_s: float = Field(5, description="Seconds between two pages of one host.")
    pages_from: list[str] = Field(default=[], description="Hosts whose article pages are fetched; none named: all.")


class Runtime(Model):
    """How a night runs here."""

    time_zone: str = "Europe/Berlin"
    languages: list[Literal["de", "en"]] = ["de", "en"]
    quorum: float = Field(
        0.5, ge=0, le=1, description="Share of tried sources that must answer for a night to be whole."
    )
    fetching: Fetching
    smtp: Smtp = Smtp()
    allow_private_webhooks: bool = False
    keep_payload_days: int = Field(30, description="Raw answers, for reading them again.")
    keep_text_days: int = Field(90, description="Full text of pages and feeds; quotes and summaries stay.")


class Settings(Model):
    """The whole configuration, cross-checked. ``fingerprint`` changes when any judged number changes."""

    runtime: Runtime
    platforms: dict[str, Platform]
    clients: dict[str, Client]
    sources: dict[str, Source]
    instruments: dict[str, Instrument]
    jurisdictions: dict[str, Jurisdiction]
    outlets: dict[str, Outlet]
    scoring: Scoring
    alerts: AlertRules
    playbook: list[Recommendation]
    fingerprint: str = ""

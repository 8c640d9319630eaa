"""The configuration as typed nouns; ``config_files`` reads them from YAML.

Every model refuses unknown keys. What a user edits is documented field by field here, and from here
the JSON Schemas in ``config/schema/`` are generated.
"""

from datetime import date, time
from hashlib import sha256
from typing import Annotated, ClassVar, Literal

from pydantic import Field, SecretStr

from trendwarte.rules import Model, Radar, Scoring
from trendwarte.vocabulary import Band, Dimension, Measure, Presence, Purpose, SourceKind

#: What is looked for in texts; an empty one would be found in all of them.
Wanted = Annotated[str, Field(min_length=1)]

# --- platforms -------------------------------------------------------------------------------


class Alias(Model):
    """A name a platform is written as; ``valid_from``/``valid_until`` bound renames (Twitter, X)."""

    text: Wanted
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
    parents: list[Wanted] = Field(default=[], description="Companies whose news spills over: ByteDance, Meta.")
    domains: list[str] = Field(default=[])
    launched_on: date | None = None
    closed_on: date | None = None
    sustained_from: date | None = Field(
        None, description="Since when the platform has kept its audience for 90 days; floor F9 needs it."
    )
    fading_from: date | None = Field(
        None, description="Since when downloads or users fell below a quarter of the peak."
    )
    tone: float | None = Field(None, ge=1, le=5, description="1 formal ... 5 playful.")
    formats: list[str] = Field(default=[])
    affordances: dict[Purpose, int] = Field(default={}, description="0, 25, 50, 75 or 100 per purpose.")
    audience: list[AudienceShare] = Field(default=[])
    institutions: list[InstitutionShare] = Field(default=[])
    availability: list[Availability] = Field(default=[])
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


class QuietHours(Model):
    """When nobody is to be disturbed, in the channel's own time zone; *act* passes unless told otherwise."""

    start: time = Field(description="Local time, '20:00'; a start after the end spans midnight.")
    end: time = Field(description="Local time, '07:30'.")
    weekends: bool = Field(False, description="Saturday and Sunday are quiet all day.")
    holds_act: bool = Field(False, description="Hold even what asks to act.")


class Channel(Model):
    """Where alerts go. Secrets are written ``${env:NAME}`` or ``${file:/path}``, never in clear."""

    kind: str = Field(
        description="email, webhook (Standard Webhooks), slack, teams, discord, apprise (Mattermost, Matrix and some"
        " hundred more), maildir (a folder), or one that an installed package adds."
    )
    name: str = Field(
        "", description="A lasting name; without one it is made from kind and address, so the order may change."
    )
    to: list[str] = Field(default=[], description="E-mail addresses; one message each.")
    url: SecretStr | None = Field(None, description="Address of the webhook or the service: a secret.")
    secret: SecretStr | None = Field(None, description="whsec_... that signs a webhook.")
    old_secret: SecretStr | None = Field(None, description="Signs beside the new one while a secret is exchanged.")
    folder: str = Field("", description="For maildir: where the letters go.")
    severities: list[Literal["act", "decide", "note"]] = Field(default=["act", "decide"])
    improvements: bool = Field(True, description="Whether a band that rises is told at once, or only in the digest.")
    digest: bool = Field(True, description="Whether the weekly digest comes here too.")
    quiet: QuietHours | None = None
    timeout_s: float = Field(20, gt=0, le=30, description="How long a web receiver may take for its whole answer.")
    time_zone: str = Field("", description="IANA name; empty means that of settings.yaml.")
    language: Literal["", "de", "en"] = Field("", description="Empty means the client's.")

    @property
    def key(self) -> str:
        """Name under which the outbox knows the channel; the same wherever it stands in the list."""
        if self.name or self.kind == "email":
            return self.name or "email"
        address = self.url.get_secret_value() if self.url else self.folder
        return f"{self.kind}-{sha256(address.encode()).hexdigest()[:8]}"


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
    executives: list[Executive] = Field(default=[])
    exclusions: list[str] = Field(default=[], description="Platforms the client has ruled out itself (floor F10).")
    platforms: list[str] = Field(default=[], description="Platforms to judge; empty means all.")
    channels: list[Channel] = Field(default=[])
    is_active: bool = True


# --- instruments and places ------------------------------------------------------------------


class Instrument(Model):
    """A law, order, case or procedure that can decide about platforms."""

    id: str
    name: str
    name_de: str = Field("", description="What a German text calls it; empty: its name.")
    jurisdiction: str
    platforms: list[str] = Field(description="Platform ids, or [all_social].")
    measure: Measure
    opened_on: date | None = Field(None, description="A text before this day cannot mean it.")
    closed_on: date | None = None
    cues: list[Wanted] = Field(default=[], description="Names in texts, any language, matched as whole words.")
    authority: str = ""
    age_limit: int | None = None
    note: str = ""

    def name_in(self, lang: str) -> str:
        """The name in a language (``de`` or ``en``)."""
        return (self.name_de if lang == "de" else "") or self.name


class Jurisdiction(Model):
    """A place with authority, and its parent in the tree."""

    id: str
    name_de: str
    name_en: str
    parent: str | None = None

    def name_in(self, lang: str) -> str:
        """The name in a language (``de`` or ``en``)."""
        return self.name_de if lang == "de" else self.name_en


class Outlet(Model):
    """Who publishes, how far it is trusted, and whose words it copies."""

    id: str = Field(description="Registrable domain, or the name as archives write it.")
    kind: SourceKind
    owner: str = Field("", description="Outlets of one owner are one origin.")
    names: list[str] = Field(default=[])


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
    fallback_urls: list[str] = Field(default=[])
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
    expected_update_days: float = Field(default=7, description="Nothing newer for so many days makes the source stale.")
    min_items: int = Field(
        default=0, ge=0, description="A full answer with fewer entries is a fault the operator hears of; 0: no minimum."
    )
    poll_minutes: int = Field(default=60, ge=10, description="Least time between two visits.")
    min_interval_s: float = Field(5, description="Seconds between two requests to this host.")
    selectors: dict[str, str] = Field(
        default={},
        description="CSS for html_listing: item, title, link, date, summary, body. Without them the longest list of"
        " headlines of the page is found.",
    )
    params: dict[str, str] = Field(default={})
    terms: str = ""
    note: str = ""


# --- alerts ----------------------------------------------------------------------------------


class AlertRules(Model):
    """When an alert fires and how often; each number has its reason in alerts.yaml."""

    #: How something is told, not whether: changing these sets no baseline.
    TELLING: ClassVar[frozenset[str]] = frozenset(
        {"retry_minutes", "retry_jitter", "dead_after_hours", "digest_weekday", "deadline_horizon_days", "risk_zones",
         "operator", "confidence_high", "counter_days"}
    )  # fmt: skip

    cause_days: int = Field(7, ge=1, description="How new a step or an event must be to be the cause of a change.")
    cause_gravity: float = Field(0.35, ge=0, le=1, description="Severity (of 5) times credibility of a grave event.")
    ledger_delta: float = 0.15
    score_delta: float = 15.0
    deadline_days: list[int] = Field(default=[90, 30, 7])
    cooldown_days: int = 14
    budget_per_month: int = 4
    flap_changes: int = 3
    flap_nights: int = 21
    retry_minutes: list[float] = Field(default=[0, 5, 30, 120, 300, 720, 1440])
    retry_jitter: float = Field(0.2, ge=0, le=1, description="Up to this share is added to each wait.")
    dead_after_hours: int = 72
    quotes: int = 3
    counter_days: int = Field(90, ge=1, description="What speaks against a rise by time alone is no older.")
    storm_share: float = Field(0.25, gt=0, le=1, description="Share of judged client-platform pairs that is a storm.")
    storm_minimum: int = Field(12, description="Fewer pairs than this are never a storm.")
    outage_days: float = Field(3, description="After a gap this long, or a degraded night, rises go to the digest.")
    catch_up_days: int = Field(31, description="How long what was silenced or lost is still told afterwards.")
    digest_weekday: int = Field(0, ge=0, le=6, description="0 is Monday.")
    deadline_horizon_days: int = Field(180, description="How far ahead legal dates stand in calendar and digest.")
    risk_zones: tuple[float, float] = (30.0, 60.0)
    confidence_high: float = Field(0.75, ge=0, le=1, description="From this confidence it is called high.")
    operator: list[Channel] = Field(default=[], description="Who is told when a channel stays closed.")


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


class Schedule(Model):
    """When ``serve`` and the work pools run what: cron in ``time_zone``, or ``every 90 minutes``."""

    nightly: str = Field(default="0 4 * * *", description="Outside 01:00-03:30, where clocks change.")
    official: str = Field(
        default="0 8,12,16,20 * * *", description="Authorities only: a ban does not wait for the night."
    )
    digest: str = Field(default="0 7 * * 1", description="Weekly: briefs anew, and what still waits in the outbox.")
    maintenance: str = Field(default="0 5 1 * *", description="Monthly: retention, compaction, backup, old snapshots.")
    catch_up_nights: int = Field(
        default=14, ge=0, description="Missed nights that are made up for; older ones are skipped."
    )


class Keeping(Model):
    """Where the warehouse lives and how many published copies stay."""

    url: str = Field(
        default="",
        description="Empty: one DuckDB file in the state folder. Else a DuckLake that several workers write to:"
        " 'ducklake:postgres:host=... dbname=...'. Never put the password here: libpq reads PGPASSWORD or ~/.pgpass.",
    )
    lake_path: str = Field(default="", description="Folder or s3:// address of the Parquet files of the DuckLake.")
    snapshots: int = Field(default=7, ge=1, description="Published copies kept; the newest is trendwarte.duckdb.")
    has_text_index: bool = Field(
        default=False,
        description="Build a BM25 index in the published copy; needs duckdb-extension-fts and some seconds a night.",
    )
    has_parquet: bool = Field(
        default=True, description="Write every view of mart as Parquet beside the published file."
    )


class SecondReader(Model):
    """An OpenAI-compatible endpoint that labels what the first reader is unsure of (docs/decisions/0013)."""

    url: str = Field(description="Address of its chat completions: http://localhost:8080/v1/chat/completions.")
    model: str
    api_key: SecretStr | None = Field(default=None, description="From the environment: ${env:NAME}.")
    below: float = Field(default=0.6, ge=0, le=1, description="Asked where the first reader's confidence is lower.")
    documents: int = Field(default=50, ge=1, description="Most texts it is asked about in one night.")
    seconds: float = Field(default=300, gt=0, description="No text is sent later than this into the reading.")
    timeout_s: float = Field(default=20, gt=0)


class Runtime(Model):
    """How a night runs here."""

    time_zone: str = "Europe/Berlin"
    languages: list[Literal["de", "en"]] = Field(default=["de", "en"])
    quorum: float = Field(
        0.5, ge=0, le=1, description="Share of tried sources that must answer for a night to be whole."
    )
    fetching: Fetching
    smtp: Smtp = Smtp()
    allow_private_webhooks: bool = False
    is_sending: bool = Field(True, description="False keeps every message in the outbox; a replay sends nothing.")
    keep_payload_days: int = Field(30, description="Raw answers, for reading them again.")
    keep_text_days: int = Field(90, description="Full text of pages and feeds; quotes and summaries stay.")
    keep_quote_days: int = Field(1095, description="Quotes behind signals; afterwards ids, hashes and weights stay.")
    keep_letter_days: int = Field(365, description="Bodies and addresses of messages that were sent or given up.")
    warehouse: Keeping = Keeping()
    schedule: Schedule = Schedule()
    second_reader: SecondReader | None = Field(default=None, description="Off unless set.")
    heartbeat_url: SecretStr | None = Field(
        default=None,
        description="Pinged at start (/start), success and failure (/fail) of a night, as healthchecks asks.",
    )


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
    radar: Radar = Radar()
    fingerprint: str = ""

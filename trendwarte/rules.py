"""The numbers a client could argue with: what scoring.yaml and radar.yaml may say.

Each number has its reason in the file that sets it. ``Model`` is the base of these and of all other settings.
"""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from trendwarte.vocabulary import DIMENSIONS, Dimension, LegalState, Measure, Purpose, SourceKind


class Model(BaseModel):
    """Base of all settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
    panel_origins: float = Field(default=10.0, ge=1, description="Origins among which one is a full voice.")
    panel_days: int = Field(default=27, ge=0, description="How far back an origin that told of a platform counts.")
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
    rise_days: int = Field(default=30, ge=0, description="How long a score must hold before it lifts a band by itself.")
    nights_down: int = 2
    exit_score: float = 25.0
    exit_leave: float = 31.0
    exit_days: int = 14

    def mean_shares(self) -> dict[Dimension, float]:
        """What a point of a dimension adds to a market's index for the mean; the worst adds more (docs/method.md)."""
        total = sum(self.decay[d].weight for d in DIMENSIONS)
        return {d: (1 - self.index_max_share) * self.decay[d].weight / total for d in DIMENSIONS}


# --- radar -----------------------------------------------------------------------------------


class Discovery(Model):
    """When a name that nobody configured is worth showing; reasons in radar.yaml."""

    window_days: int = Field(default=60, ge=7, description="Evidence older than this no longer counts.")
    established_days: int = Field(default=28, ge=7, description="A source younger than this says nothing about a rise.")
    history_days: int = Field(default=365, description="How far back a name counts as known before.")
    novel_days: int = Field(default=120, description="A name first met longer ago than this must rise to be shown.")
    social_minimum: float = Field(default=0.5, ge=0, le=1, description="Least evidence that it is a social service.")
    other_maximum: float = Field(default=0.5, ge=0, le=1, description="Share of texts that may call it something else.")
    said_share: float = Field(default=0.1, ge=0, le=1, description="Least share of its texts that introduce it.")
    documents: int = Field(default=2, ge=1)
    outlets: int = Field(default=2, ge=1)
    sure: float = Field(default=0.7, ge=0, le=1, description="Evidence of the kind, in two texts, that needs no more.")
    unsure_per_month: int = Field(default=3, ge=0, description="New names in 30 days before unsure ones must wait.")
    surprise: float = Field(default=2.0, ge=0, description="Nats by which its share of the news exceeds an even one.")
    rise: float = Field(default=3.0, gt=1, description="Times the share of the news it had before.")
    chart_rank: int = Field(default=50, ge=1, description="Place in a social chart that counts as evidence.")
    dismissed: list[str] = Field(default=[], description="Names a consultant has looked at and does not want to see.")

    @model_validator(mode="after")
    def _history_covers_window(self) -> Self:
        if self.history_days < self.window_days:
            raise ValueError(f"history_days ({self.history_days}) is shorter than window_days ({self.window_days})")
        return self


class Momentum(Model):
    """Bursts and stages of a platform's attention (decision 0025); reasons in radar.yaml."""

    baseline_days: int = Field(default=56, ge=7, description="What a day is compared with; no shorter than a week.")
    gap_days: int = Field(
        default=14, ge=0, description="Last days left out of the baseline: a burst must not hide itself."
    )
    source_days: int = Field(default=28, description="A source younger than this does not count.")
    steady_factor: float = Field(
        default=2.0, gt=1,
        description="Times (or a part of) the texts of a usual week, as in its baseline, that a source may bring in the"
        " last seven days, and times a usual day that it may bring today; beyond, it does not count.",
    )  # fmt: skip
    prior_documents: float = Field(default=200, description="Weight of the pooled share in a source's own baseline.")
    least_share: float = Field(default=0.0005, gt=0, lt=0.1, description="Assumed of a platform nobody named before.")
    burst_factor: float = Field(default=3.0, gt=1)
    burst_level: float = Field(default=8.0, gt=0)
    z_level: float = Field(default=3.5, gt=0, description="Robust z of a measured series that counts as unusual.")
    hold_days: int = Field(default=14, description="How long a burst counts, and how long a spark is called one.")
    least_inputs: int = Field(default=2, ge=1)
    sustained_days: int = 90
    durability_days: tuple[int, int] = (29, 56)
    durability_minimum_days: int = Field(default=7, description="Days of that span that must have passed.")
    sustained_q: float = 0.5
    fading_q: float = 0.25
    dormant_days: int = Field(default=180, description="Fading for this long without a spark is dormant.")
    fit_minimum: float = Field(default=60, description="Fit from which a client is told of a spark.")
    markets: dict[str, str] = Field(default={}, description="Label of a measurement or language: jurisdiction.")


class Radar(Model):
    """Noticing the new: discovery of platforms, and momentum of those that are watched."""

    discovery: Discovery = Discovery()
    momentum: Momentum = Momentum()

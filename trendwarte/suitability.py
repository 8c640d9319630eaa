"""Suitability of a platform for a client and purpose: fit minus risk, under floors, with hysteresis.

The formulas are docs/method.md, "Suitability". Every score comes with named terms that sum to it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from math import log
from typing import Literal

from trendwarte.floors import (
    ORDER,
    Situation,
    governs,
    rank,
    relaxed_cap,
    relaxing_floors,
    standing_floors,
    younger_share,
)
from trendwarte.ledger import activity
from trendwarte.radar.momentum import Standing
from trendwarte.rules import Boundary, Scoring
from trendwarte.settings import AudienceShare, Client, Jurisdiction, Platform, TargetGroup
from trendwarte.types import LegalStatus, RiskScore, Term, Verdict
from trendwarte.vocabulary import DIMENSIONS, Band, Dimension, Purpose

_MINIMUM_AGE_GROUPS = 3
_KNOWN_TARGET_MINIMUM = 0.5
_LAWS_PER_TERM = 3
_STEPS_TO_BAN = frozenset({"scheduled", "delayed", "passed_chamber", "adopted"})
Risks = Mapping[tuple[str, str], RiskScore]


@dataclass(frozen=True, slots=True)
class Profile:
    """What is the same for all purposes of a client on a platform on one night.

    ``criteria`` are the measures of fit 0-100 (None: unknown); ``costs`` the points of risk, 0-100, each with what is
    behind it, the heaviest first; they sum to ``risk``. ``confidence`` is the share of these points that reports and
    laws carry.
    """

    client: Client
    platform: Platform
    on: date
    statuses: tuple[LegalStatus, ...]
    risks: Risks
    jurisdictions: Mapping[str, Jurisdiction]
    scoring: Scoring
    criteria: Mapping[str, float | None]
    costs: tuple[Term, ...]
    risk: float
    confidence: float
    is_threatened: bool


@dataclass(frozen=True, slots=True)
class Calm:
    """The lowest score of a verdict in the last weeks, and since when it is judged at all."""

    lowest: float
    judged_since: datetime


def profile(
    client: Client,
    platform: Platform,
    on: date,
    risks: Risks,
    statuses: tuple[LegalStatus, ...],
    jurisdictions: Mapping[str, Jurisdiction],
    scoring: Scoring,
) -> Profile:
    """Measure fit and risk of a client on a platform.

    Args:
        risks: this platform's scores by (jurisdiction, dimension).
        statuses: this platform's instruments (those of ``all_social`` included), newest state each.
    """
    now = _Place(client, platform, on, statuses, risks, jurisdictions, scoring)
    parts = _risk_parts(now)
    return Profile(
        client, platform, on, statuses, risks, jurisdictions, scoring, dict(_criteria(client, platform, on, scoring)),
        _costs(now, parts), sum(parts.values()), _carried(now, parts), _is_threatened(now),
    )  # fmt: skip


def judge(
    known: Profile,
    purpose: Purpose,
    before: Verdict | None,
    as_of: datetime,
    *,
    is_degraded: bool,
    momentum: Standing | None = None,
    calm: Calm | None = None,
) -> Verdict:
    """The verdict of one night for one purpose.

    Args:
        before: last night's verdict, None on a first judgement.
        calm: the scores of the last ``rise_days``, None where they are not asked for.
        is_degraded: too few sources answered: nothing may improve tonight.
        momentum: where the platform stands in its hype in the client's markets, None when nothing is measured.
    """
    client, platform, scoring = known.client, known.platform, known.scoring
    fits, coverage = _fit(known, purpose)
    now = Situation(
        client, platform, purpose, known.on, known.statuses, known.risks, coverage, known.jurisdictions, scoring,
        momentum,
    )  # fmt: skip
    floors = standing_floors(now)
    relaxing = relaxing_floors(before.floors, before.relaxing, floors, known.on, scoring) if before else ()
    fit = sum(term.points for term in fits) if fits else None
    costs = _risk_terms(known, fit or 0.0)
    score = None if fit is None else max(0.0, fit + sum(term.points for term in costs))
    is_settled = calm is None or before is None or may_settle(known, before, calm)
    nights, low_since = _counted(score, before, known.on, scoring, may_rise=not is_degraded, is_settled=is_settled)
    caps = [*(floor.cap for floor in floors), relaxed_cap(relaxing)]
    band = _band(known, nights.band, caps, coverage, low_since)
    # Under a cap the climb starts anew when the cap goes: three nights for each band (docs/decisions/0006).
    ceiling: Band = max(band, "watch", key=rank)
    reached = min(nights.band, ceiling, key=rank) if band != "unknown" else band
    return Verdict(
        as_of=as_of, client=client.id, platform=platform.id, purpose=purpose, band=band, score=score, raw_band=reached,
        floors=floors, fit=fit, coverage=coverage, risk=known.risk, confidence=known.confidence,
        streak_up=nights.streak_up, streak_down=nights.streak_down, low_since=low_since,
        outlook=_outlook(known, nights), terms=(*fits, *costs), relaxing=relaxing,
    )  # fmt: skip


# --- fit -------------------------------------------------------------------------------------


def _fit(known: Profile, purpose: Purpose) -> tuple[tuple[Term, ...], float]:
    """Fit terms (they sum to Fit, 0-100) and coverage 0-1. A missing input lowers coverage, it is not guessed."""
    affordance = known.platform.affordances.get(purpose)
    values = (*known.criteria.items(), ("affordance", None if affordance is None else float(affordance)))
    return _fit_terms(values, tuple(known.scoring.fit_weights[purpose].items()))


@lru_cache(maxsize=8192)
def _fit_terms(
    measured: tuple[tuple[str, float | None], ...], weights: tuple[tuple[str, float], ...]
) -> tuple[tuple[Term, ...], float]:
    """Kept from night to night: what a client looks for and a platform offers hardly ever changes."""
    values = dict(measured)
    applicable = {name: weight for name, weight in weights if name in values}
    found = [(name, weight, value) for name, weight in applicable.items() if (value := values[name]) is not None]
    total = sum(weight for _, weight, _ in found)
    if total <= 0:
        return (), 0.0
    terms = tuple(
        Term("fit", name, weight * value / total, detail=f"{value:.0f} x {weight / total:.2f}")
        for name, weight, value in found
    )
    return terms, total / sum(applicable.values())


def _criteria(client: Client, platform: Platform, on: date, scoring: Scoring) -> Iterator[tuple[str, float | None]]:
    """Each criterion 0-100, None when unknown; one that cannot apply is left out. Affordance depends on the purpose."""
    yield "audience", _audience(client, platform, scoring)
    yield "diversity", _diversity(client, platform)
    yield "taken_seriously", _institutions(client, platform, on)
    yield "tone", None if platform.tone is None else 100 * (1 - abs(client.tone - platform.tone) / 4)
    share = client.peers_active.get(platform.id)
    yield "peers", None if share is None else 100 * share
    is_format_known = bool(client.formats and platform.formats)
    matched = len(set(client.formats) & set(platform.formats)) / max(1, len(platform.formats))
    yield "format", 100 * matched if is_format_known else None
    executives = [e for e in client.executives if e.platform == platform.id]
    if executives:
        swings = [50 + 50 * e.tone * min(1.0, e.reach / scoring.reach_reference) for e in executives]
        yield "executives", sum(swings) / len(swings)


def _audience(client: Client, platform: Platform, scoring: Scoring) -> float | None:
    known = reached = 0.0
    for target in client.targets:
        penetration = _penetration(platform.audience, target)
        if penetration is not None:
            known += target.share
            reached += target.share * min(1.0, penetration / scoring.penetration_reference)
    return 100 * reached / known if known >= _KNOWN_TARGET_MINIMUM else None


def _penetration(audience: list[AudienceShare], target: TargetGroup) -> float | None:
    """Penetration in the target's ages, groups weighted by the years they share with it."""
    weight = total = 0.0
    for group in audience:
        years = min(group.age[1], target.age[1]) - max(group.age[0], target.age[0]) + 1
        if group.market == target.market and years > 0:
            weight += years
            total += years * group.penetration
    return total / weight if weight else None


def _diversity(client: Client, platform: Platform) -> float | None:
    """Normalised entropy of the audience over age groups in the client's largest market with a survey."""
    for market in sorted(client.markets, key=lambda m: -m.weight):
        shares = [
            a.penetration * (min(a.age[1], 80) - a.age[0] + 1)
            for a in platform.audience
            if a.market == market.jurisdiction
        ]
        if len(shares) >= _MINIMUM_AGE_GROUPS and sum(shares) > 0:
            parts = [share / sum(shares) for share in shares if share > 0]
            return 100 * -sum(p * log(p) for p in parts) / log(len(shares))
    return None


def _institutions(client: Client, platform: Platform, on: date) -> float | None:
    known = total = 0.0
    for market in client.markets:
        dated = [s for s in platform.institutions if s.market == market.jurisdiction and s.valid_from <= on]
        if dated:
            known += market.weight
            total += market.weight * max(dated, key=lambda s: s.valid_from).share
    return 100 * total / known if known else None


# --- risk ------------------------------------------------------------------------------------


def exposed(risk: float, multiplier: float) -> float:
    """Risk 0-100 scaled by a client's exposure in odds: 40 with 1.5 is 50, with 2 is 57."""
    if risk >= 100:
        return 100.0
    odds = risk / (100 - risk) * multiplier
    return 100 * odds / (1 + odds)


def _risk_terms(known: Profile, fit: float) -> tuple[Term, ...]:
    """Points each (dimension, market) takes from the fit, the heaviest first."""
    scale = -fit * known.client.risk_aversion / 100
    return tuple(
        Term("risk", cost.name, scale * cost.points, cost.detail, cost.event_ids, cost.instruments)
        for cost in known.costs
    )


def _costs(now: "_Place", parts: Mapping[tuple[Dimension, str], float]) -> tuple[Term, ...]:
    """Points of risk by (dimension, market) with the instruments and events they rest on, the heaviest first."""
    laws, costs = _laws(now), []
    for (dimension, market), value in sorted(parts.items(), key=lambda pair: -pair[1]):
        here = laws.get((dimension, market), ())
        movers = (status.event_id for status in here if status.event_id)
        risk = now.risks.get((market, dimension))
        event_ids = tuple(dict.fromkeys((*movers, *(risk.event_ids if risk else ()))))
        instruments = tuple(status.instrument for status in here)
        costs.append(Term("risk", f"{dimension}:{market}", value, f"{value:.1f}", event_ids, instruments))
    return tuple(costs)


def _laws(now: "_Place") -> dict[tuple[str, str], tuple[LegalStatus, ...]]:
    """Instruments behind the legal risk of each market, and behind its risk of youth protection (age limits)."""
    known = sorted(
        (s for s in now.statuses if s.state != "none"),
        key=lambda s: (-activity(s, now.on, now.scoring), s.instrument),
    )
    found: dict[tuple[str, str], tuple[LegalStatus, ...]] = {}
    for market in now.client.markets:
        here = [s for s in known if governs(now.jurisdictions, s.jurisdiction, market.jurisdiction)]
        found["legal", market.jurisdiction] = tuple(s for s in here if s.measure != "age_limit")[:_LAWS_PER_TERM]
        found["youth", market.jurisdiction] = tuple(s for s in here if s.measure == "age_limit")[:_LAWS_PER_TERM]
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    """Client and platform before any purpose."""

    client: Client
    platform: Platform
    on: date
    statuses: tuple[LegalStatus, ...]
    risks: Risks
    jurisdictions: Mapping[str, Jurisdiction]
    scoring: Scoring


def _risk_parts(now: _Place) -> dict[tuple[Dimension, str], float]:
    """The client's risk, split by dimension and market."""
    markets = {m.jurisdiction: m.weight for m in now.client.markets}
    shares = now.scoring.mean_shares()
    parts = {market: _market_parts(now, market, shares) for market in markets}
    chosen = {key: markets[market] * value for market in markets for key, value in parts[market].items()}
    for market, weight in markets.items():
        # One market that matters must not be averaged away by calm ones (docs/method.md, "R_c").
        if weight >= now.scoring.market_peak_minimum and sum(parts[market].values()) > sum(chosen.values()):
            chosen = parts[market]
    return chosen


def _market_parts(now: _Place, market: str, shares: Mapping[Dimension, float]) -> dict[tuple[Dimension, str], float]:
    """Index .6 max + .4 weighted mean over dimensions, split so that the parts sum to it."""
    scaled = {d: exposed(_raw_risk(now, market, d), now.client.exposure.get(d, 1.0)) for d in DIMENSIONS}
    worst = max(DIMENSIONS, key=lambda d: (scaled[d], d))
    peak = now.scoring.index_max_share
    return {(d, market): shares[d] * scaled[d] + (peak * scaled[d] if d == worst else 0) for d in DIMENSIONS}


def _raw_risk(now: _Place, market: str, dimension: Dimension) -> float:
    return _reported(now, market, dimension)[0]


def _carried(now: _Place, parts: Mapping[tuple[Dimension, str], float]) -> float:
    """Share 0-1 of the points of risk that reports and laws carry; base rates carry the rest.

    The best known risk must not vouch for the others: what deducts most decides how sure the whole is.
    """
    total, sure, risks = sum(parts.values()), 0.0, now.risks
    for (dimension, market), value in parts.items():
        risk = risks.get((market, dimension))
        # Most risks are base rates: they need no closer look, age limits aside.
        if value and (dimension == "youth" or (risk and risk.confidence)):
            sure += value * _reported(now, market, dimension)[1]
    return sure / total if total > 0 else 0.0


def _reported(now: _Place, market: str, dimension: Dimension) -> tuple[float, float]:
    """Risk 0-100 of a dimension in a market, and the share 0-1 of it that rests on reports or law."""
    base = float(now.platform.base_rates.get(dimension, 0.0))
    risk = now.risks.get((market, dimension))
    # A base rate that no report lifts stands alone, however many weak ones there are.
    found = (risk.value, risk.confidence if dimension == "legal" or risk.value > base else 0.0) if risk else (base, 0.0)
    if dimension == "youth":
        limits = [s for s in now.statuses if s.measure == "age_limit" and s.age_limit is not None]
        here = [s for s in limits if governs(now.jurisdictions, s.jurisdiction, market)]
        found = max([found, *((_age_limit_risk(now, s), s.credibility) for s in here)], key=lambda one: one[0])
    return found


def _age_limit_risk(now: _Place, status: LegalStatus) -> float:
    limit = status.age_limit or 0
    share = max((younger_share(t.age, limit) for t in now.client.targets), default=0.0)
    return 100 * activity(status, now.on, now.scoring) * share


# --- bands -----------------------------------------------------------------------------------


def _counted(
    score: float | None, before: Verdict | None, on: date, scoring: Scoring, *, may_rise: bool, is_settled: bool
) -> tuple["Nights", date | None]:
    """Band before floors with its counts of nights, and since when the score lies below the one of *exit*."""
    if score is None:
        return Nights("unknown"), None
    low_since = _low_since(score, before, on, scoring)
    if before is None or before.raw_band == "unknown":
        return Nights(first_band(score, scoring.boundaries)), low_since
    held = Nights(before.raw_band, before.streak_up, before.streak_down)
    return next_nights(held, score, scoring, may_rise=may_rise, is_settled=is_settled), low_since


def _low_since(score: float, before: Verdict | None, on: date, scoring: Scoring) -> date | None:
    """Since when the score lies below the one of *exit*; who was sent there comes back at a higher one."""
    known = before.low_since if before else None
    if score < scoring.exit_score:
        return known or on
    is_out = known is not None and before is not None and before.band == "exit" and _is_long(known, on, scoring)
    return known if is_out and score < scoring.exit_leave else None


def _is_long(low_since: date, on: date, scoring: Scoring) -> bool:
    return (on - low_since).days >= scoring.exit_days


@dataclass(frozen=True, slots=True)
class Nights:
    """A band before floors, and for how many nights in a row the score has lain beyond its boundaries."""

    band: Band
    streak_up: int = 0
    streak_down: int = 0


def may_settle(known: Profile, before: Verdict, calm: Calm) -> bool:
    """Whether a band may rise: the law moved of late, or the score has lain high enough for ``rise_days``.

    What only time brings is in no hurry, and what rose on a few quiet days is what falls again (docs/decisions/0026).
    """
    since = known.on - timedelta(days=known.scoring.rise_days)
    if any(
        status.known_from.date() >= since and governs(known.jurisdictions, status.jurisdiction, m.jurisdiction)
        for status in known.statuses
        for m in known.client.markets
    ):
        return True
    entering = next((b for b in known.scoring.boundaries if rank(b.band) == rank(before.raw_band) + 1), None)
    is_known = calm.judged_since.date() <= since
    return is_known and (entering is None or calm.lowest >= entering.enter)


def next_nights(
    before: Nights, score: float, scoring: Scoring, *, may_rise: bool = True, is_settled: bool = True
) -> Nights:
    """The Schmitt triggers, one night on: up after ``nights_up``, down after ``nights_down``, one band a night.

    ``is_settled`` False: the nights above are counted, the band waits.
    """
    up, down, band = before.streak_up, before.streak_down, before.band
    above = rank(band) + 1
    entering = next((b for b in scoring.boundaries if rank(b.band) == above), None)
    leaving = next((b for b in scoring.boundaries if b.band == band), None)
    if may_rise:
        up = up + 1 if entering and score >= entering.enter else 0
    down = down + 1 if leaving and score < leaving.leave else 0
    if entering and is_settled and up >= scoring.nights_up:
        return Nights(entering.band, 0, down)
    if leaving and down >= scoring.nights_down:
        return Nights(ORDER[rank(leaving.band) - 1], up, 0)
    return Nights(band, up, down)


def first_band(score: float, boundaries: list[Boundary]) -> Band:
    """The band a score reaches without any history."""
    reached = [b.band for b in boundaries if score >= b.enter]
    return reached[-1] if reached else "avoid"


def _band(known: Profile, raw: Band, caps: list[Band], coverage: float, low_since: date | None) -> Band:
    """Raw band under its caps; *avoid* where the client is active becomes *exit*."""
    if raw == "unknown":
        return raw
    lowest = min(caps, key=rank)
    thin: Band = "test" if coverage < known.scoring.coverage_recommend else "recommend"
    band = min(raw, lowest, thin, key=rank)
    if rank(band) > rank("avoid") or known.client.presence.get(known.platform.id, "none") != "active":
        return band
    is_long_low = low_since is not None and _is_long(low_since, known.on, known.scoring)
    return "exit" if rank(lowest) <= rank("avoid") or is_long_low else "avoid"


def _outlook(known: Profile, nights: Nights) -> Literal["positive", "stable", "negative"]:
    if known.is_threatened or nights.streak_down:
        return "negative"
    return "positive" if nights.streak_up else "stable"


def _is_threatened(now: "_Place") -> bool:
    """Whether somewhere among the client's markets a law is on its way."""
    return any(
        status.state in _STEPS_TO_BAN and governs(now.jurisdictions, status.jurisdiction, market.jurisdiction)
        for status in now.statuses
        for market in now.client.markets
        if market.weight > 0
    )

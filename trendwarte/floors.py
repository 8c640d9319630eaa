"""Floors: rules no score lifts. Each caps the band, names its reason and what would lift it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from trendwarte.ledger import BAN_LIKE, IN_EFFECT, is_dormant, is_unconfirmed
from trendwarte.radar.momentum import Standing
from trendwarte.rules import Scoring
from trendwarte.settings import Client, Jurisdiction, Platform
from trendwarte.types import Floor, LegalStatus, RiskScore
from trendwarte.vocabulary import Band, Purpose

#: Bands from worst to best; ``unknown`` stands outside the order.
ORDER: tuple[Band, ...] = ("exit", "avoid", "watch", "test", "recommend")
_RANKS: dict[Band, int] = {band: place for place, band in enumerate(ORDER)} | {"unknown": ORDER.index("watch")}
_REGULATED = frozenset({"regulated", "critical", "public_body"})
_LATCHED_RULES = frozenset({"F1", "F3", "F4"})


def rank(band: Band) -> int:
    """Place of a band in ``ORDER``; ``unknown`` ranks like ``watch``: nobody is sent there, nobody pulled out."""
    return _RANKS[band]


def governs(jurisdictions: Mapping[str, Jurisdiction], jurisdiction: str, market: str) -> bool:
    """Whether a rule of ``jurisdiction`` holds in ``market``: the same place or one above it."""
    place: str | None = market
    while place is not None:
        if place == jurisdiction:
            return True
        known = jurisdictions.get(place)
        place = known.parent if known else None
    return False


@dataclass(frozen=True, slots=True)
class Situation:
    """All that floors look at for one client, platform and purpose on one day."""

    client: Client
    platform: Platform
    purpose: Purpose
    on: date
    statuses: tuple[LegalStatus, ...]
    risks: Mapping[tuple[str, str], RiskScore]
    coverage: float
    jurisdictions: Mapping[str, Jurisdiction]
    scoring: Scoring
    momentum: Standing | None = None

    def governs(self, jurisdiction: str, market: str) -> bool:
        """Whether a rule of ``jurisdiction`` holds in ``market``."""
        return governs(self.jurisdictions, jurisdiction, market)

    def market_weight(self, jurisdiction: str) -> float:
        """Weight 0-1 of the client's markets that ``jurisdiction`` governs."""
        return sum(m.weight for m in self.client.markets if self.governs(jurisdiction, m.jurisdiction))

    def share_under(self, age: int, jurisdiction: str) -> float:
        """Share 0-1 of the client's target group that lives in ``jurisdiction`` and is younger than ``age``."""
        return sum(
            t.share * younger_share(t.age, age) for t in self.client.targets if self.governs(jurisdiction, t.market)
        )


def younger_share(ages: tuple[int, int], limit: int) -> float:
    """Share of an age band (inclusive, evenly filled) below ``limit``."""
    low, high = ages[0], min(ages[1], 80)
    return min(1.0, max(0.0, (limit - low) / (high - low + 1)))


def standing_floors(now: Situation) -> tuple[Floor, ...]:
    """Every floor that holds today, the lowest cap first."""
    found = [*_legal_floors(now), *_service_floors(now), *_client_floors(now)]
    return tuple(sorted(found, key=lambda floor: (rank(floor.cap), floor.rule, floor.instrument)))


def _legal_floors(now: Situation) -> Iterable[Floor]:
    for status in now.statuses:
        if status.measure in BAN_LIKE and now.market_weight(status.jurisdiction) >= now.scoring.floor_market_minimum:
            if cap_rule := _ban_cap(status, now):
                yield _legal(cap_rule[0], cap_rule[1], status)
        elif status.measure == "age_limit" and status.state in IN_EFFECT and status.age_limit:
            share = now.share_under(status.age_limit, status.jurisdiction)
            if share > 0.5:
                yield _legal("F5", "avoid", status)
            elif share >= 0.2:
                yield _legal("F5", "test", status)
        elif status.measure == "public_device_ban" and status.state in IN_EFFECT and _is_bound(status, now):
            yield _legal("F6", "watch" if now.purpose == "advertising" else "avoid", status)


def _is_bound(status: LegalStatus, now: Situation) -> bool:
    return now.client.regulation == "public_body" and now.market_weight(status.jurisdiction) > 0


def _ban_cap(status: LegalStatus, now: Situation) -> tuple[str, Band] | None:
    if is_dormant(status, now.on, now.scoring):
        return None
    if is_unconfirmed(status, now.on, now.scoring):
        return "F3", "watch"
    if status.state in IN_EFFECT:
        return "F1", "avoid"
    if status.state in ("non_enforced", "stayed", "settlement_agreed"):  # signed is not closed
        return "F4", "test"
    if status.state in ("scheduled", "delayed"):
        near, far = now.scoring.floor_due_days
        days = (status.due_date - now.on).days if status.due_date else far + 1
        return "F3", "avoid" if days <= near else "watch" if days <= far else "test"
    return None


def _legal(rule: str, cap: Band, status: LegalStatus) -> Floor:
    return Floor(rule, cap, status.jurisdiction, status.instrument, status.state, status.due_date)


def _service_floors(now: Situation) -> Iterable[Floor]:
    platform = now.platform
    if platform.closed_on and platform.closed_on <= now.on:
        yield Floor("F2", "avoid", detail="closed", due_date=platform.closed_on)
    missing = sum(m.weight for m in now.client.markets if not _is_available(now, m.jurisdiction))
    if missing >= now.scoring.floor_market_minimum:
        yield Floor("F2", "watch", detail="not_available")
    yield from _hype_floor(now)


def _hype_floor(now: Situation) -> Iterable[Floor]:
    """Floor F9: no more than a test before the audience has stayed for 90 days, no more than a look when it leaves.

    What is measured (``momentum``) speaks for platforms whose audience nobody has attested yet; a burst of news about
    an established platform, and the calm after it, is no hype.
    """
    platform, stage = now.platform, now.momentum.stage if now.momentum else None
    is_kept = platform.sustained_from is not None and platform.sustained_from <= now.on
    if (platform.fading_from and platform.fading_from <= now.on) or (stage == "fading" and not is_kept):
        yield Floor("F9", "watch", detail="fading")
    elif not is_kept and stage != "sustained":
        yield Floor("F9", "test", detail="hype")


def _is_available(now: Situation, market: str) -> bool:
    """The most specific entry decides; no entry means available (absence is recorded, presence is the rule)."""
    entries = [a for a in now.platform.availability if now.governs(a.jurisdiction, market)]
    if not entries:
        return True
    nearest = min(entries, key=lambda a: (a.jurisdiction != market, a.jurisdiction == "GLOBAL"))
    opened = nearest.available_from is None or nearest.available_from <= now.on
    closed = nearest.available_until is not None and nearest.available_until <= now.on
    return opened and not closed


def _client_floors(now: Situation) -> Iterable[Floor]:
    if now.platform.id in now.client.exclusions:
        yield Floor("F10", "avoid", detail="excluded")
    if now.coverage < now.scoring.coverage_minimum:
        yield Floor("F8", "watch", detail="coverage")
    if now.client.regulation in _REGULATED:
        for market in now.client.markets:
            risk = now.risks.get((market.jurisdiction, "data"))
            if risk and risk.value >= now.scoring.data_floor and risk.confidence >= now.scoring.confidence_medium:
                yield Floor("F7", "watch", market.jurisdiction, detail="data")
                return


def relaxing_floors(
    before: tuple[Floor, ...],
    relaxing: tuple[tuple[str, date], ...],
    standing: tuple[Floor, ...],
    on: date,
    scoring: Scoring,
) -> tuple[tuple[str, date], ...]:
    """Caps that outlive their floor: ``(label, until)`` pairs still valid on ``on``.

    When a ban-like floor is lifted or loosened, its instrument keeps a cap of *watch* for 30 days; a floor
    that itself allowed *test* keeps *test*, for good news must not lower anybody (docs/decisions/0006).
    """
    caps = {(f.jurisdiction, f.instrument): rank(f.cap) for f in standing if f.rule in _LATCHED_RULES}
    kept = {label: until for label, until in relaxing if until > on}
    for floor in before:
        if floor.rule in _LATCHED_RULES and caps.get((floor.jurisdiction, floor.instrument), 9) > rank(floor.cap):
            cap: Band = "test" if floor.cap == "test" else "watch"
            kept[f"{floor.rule}:{floor.jurisdiction}:{floor.instrument}:{cap}"] = on + timedelta(
                days=scoring.floor_relax_days
            )
    return tuple(sorted(kept.items()))


def relaxed_cap(relaxing: tuple[tuple[str, date], ...]) -> Band:
    """Lowest cap among ``relaxing`` labels; ``recommend`` when there is none."""
    caps: list[Band] = ["test" if label.endswith(":test") else "watch" for label, _ in relaxing]
    return min(caps, key=rank, default="recommend")

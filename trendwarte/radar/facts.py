"""What a brief shows of the radar: rising names and platforms, each with its trend and why not to jump.

Pure: candidates, standings and series in, ``RadarLine`` out. ``alerts.horizon`` says them in words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from trendwarte.radar.candidates import Candidate, Ground
from trendwarte.radar.momentum import Stage, Standing
from trendwarte.settings import Platform
from trendwarte.types import Evidence

#: Stages worth a line in a brief; what is quiet or settled is told by the matrix.
_TOLD: tuple[Stage, ...] = ("spark", "hype", "fading")


@dataclass(frozen=True, slots=True)
class Point:
    """One day of a small multiple; ``level`` 0-1 is attention against the highest day shown."""

    day: date
    level: float


@dataclass(frozen=True, slots=True)
class RadarLine:
    """One entry: a watched ``platform`` with its stage, or a name nobody watches yet (``platform`` empty).

    ``reasons`` say why it is here, ``cautions`` why not to jump; ``series`` holds one small multiple per input.
    """

    name: str
    platform: str
    market: str
    stage: Stage
    since: date
    series: Mapping[str, tuple[Point, ...]]
    reasons: tuple[Ground, ...]
    cautions: tuple[Ground, ...]
    evidence: tuple[Evidence, ...] = ()


def watched_lines(
    standings: Iterable[Standing],
    platforms: Mapping[str, Platform],
    series: Mapping[tuple[str, str, str], Sequence[tuple[date, float]]],
    markets: Sequence[str],
    on: date,
) -> list[RadarLine]:
    """Watched platforms that spark, are hyped or fade in one of ``markets``; the newest spark first.

    Args:
        series: level per day by (platform, market, input), as ``mart.momentum`` has it.
        markets: jurisdictions of the reader, those above them and GLOBAL included.
    """
    told = [s for s in standings if s.stage in _TOLD and s.market in markets and s.platform in platforms]
    told.sort(key=lambda s: (_TOLD.index(s.stage), -(s.spark_on or s.stage_since).toordinal(), s.platform))
    return [
        RadarLine(
            name=platforms[s.platform].name, platform=s.platform, market=s.market, stage=s.stage, since=s.stage_since,
            series={key[2]: _scaled(points) for key, points in series.items() if key[:2] == (s.platform, s.market)},
            reasons=tuple(Ground("burst", detail=name) for name in s.bursting.split()),
            cautions=tuple(cautions_of(s, platforms[s.platform], markets, on)),
        )
        for s in told
    ]  # fmt: skip


def candidate_lines(
    candidates: Iterable[Candidate], counts: Mapping[str, Sequence[tuple[date, float]]]
) -> list[RadarLine]:
    """Names that nobody watches yet, in their order; ``counts`` are texts per week by key of the name."""
    return [
        RadarLine(
            name=c.name, platform="", market="GLOBAL", stage="spark",
            since=c.surfaced_at.date() if c.surfaced_at else c.first_seen_on,
            series={"mentions": _scaled(counts.get(c.name_key, ()))}, reasons=c.reasons,
            cautions=(Ground("unwatched"), Ground("unproven")), evidence=c.evidence,
        )
        for c in candidates if c.status == "candidate"
    ]  # fmt: skip


def cautions_of(standing: Standing, platform: Platform, markets: Sequence[str], on: date) -> Iterable[Ground]:
    """Why not to jump: the surge is young or over, what burst is attention, nobody has counted the audience."""
    if standing.stage == "fading":
        yield Ground("fading", value=standing.durability or 0.0)
    elif standing.spark_on:
        yield Ground("young", count=(on - standing.spark_on).days, on=standing.spark_on)
    if standing.bursting == "mentions":
        yield Ground("unproven")
    yield Ground("one_sided")
    if not any(audience.market in markets for audience in platform.audience):
        yield Ground("no_survey")


def _scaled(points: Sequence[tuple[date, float]]) -> tuple[Point, ...]:
    top = max((value for _, value in points), default=0.0) or 1.0
    return tuple(Point(day, round(value / top, 4)) for day, value in points)

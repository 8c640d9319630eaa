"""Attention per platform, market and day against its own past: shares of the news, page views, charts, their bursts.

Pure. What one night adds are a few days and a few dozen series; a query of twelve parts for them costs more to plan
than to answer, so the warehouse gives rows and the sums are made here.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import log, log1p, sqrt
from statistics import median

import numpy as np
import numpy.typing as npt

from trendwarte.rules import Momentum

_Floats = npt.NDArray[np.float64]
#: Chart places beyond are as good as none (decision 0025).
_WORST_RANK = 201
#: No single day is a burst: a broken counter shows a z of a hundred.
_Z_CAP = 8.0
_WEEKDAYS_NEEDED = 4
_WEEK = 7
#: Two standard errors of a count: the root of a Poisson count has a standard deviation of one half.
CHANCE = 1.0
#: Up to here the clumps of a source may be chance themselves.
_CLUMPED = 2.0


@dataclass(frozen=True, slots=True)
class Attention:
    """One input of one platform in one market on one day.

    ``value`` is a share 0-1 (news), a count (page views) or a place's score 0-1 (charts), ``level`` its mean of seven
    days, ``z`` its distance from the usual, ``burst`` the CUSUM, ``step`` what this day added to it.
    """

    platform: str
    market: str
    input: str
    measured_on: date
    value: float
    level: float
    z: float | None
    burst: float
    step: float


@dataclass(frozen=True, slots=True)
class Before:
    """Where a series stood before the first day to count: its newest values, oldest first, and its CUSUM."""

    values: tuple[float, ...] = ()
    burst: float = 0.0


#: By platform, market and input.
Carried = Mapping[tuple[str, str, str], Before]


@dataclass(frozen=True, slots=True)
class News:
    """What the press brought: ``volumes`` are documents by (source, label, day), ``named`` those by (platform, source,
    label, day) that name a platform, ``firsts`` the first day of each source; a label is a language."""

    volumes: Mapping[tuple[str, str, date], float]
    named: Mapping[tuple[str, str, str, date], float]
    firsts: Mapping[str, date]


def news_attention(
    news: News, markets: Mapping[str, Sequence[str]], carried: Carried, start: date, day: date, rules: Momentum
) -> list[Attention]:
    """Share of the news per platform and market from ``start`` to ``day``: Kleinberg's two states as a CUSUM.

    Its steps are Poisson log-likelihoods, ``r ln f - (f - 1) E``; E is what each source would bring at its own rate of
    the baseline, leaning on the pooled rate. Every source is compared with itself, and only after ``source_days``:
    fifty feeds that are added or lost overnight add nothing to either side.

    Args:
        markets: markets by label.
    """
    found: list[Attention] = []
    for market in sorted({market for named in markets.values() for market in named}):
        labels = {label for label, named in markets.items() if market in named}
        found += _market_news(news, market, labels, carried, start, day, rules)
    return found


@dataclass(frozen=True, slots=True)
class _Grids:
    """One market's news by row and day: ``texts`` a row per source, ``named`` a row per platform and source.

    ``first_columns`` are the days on which the sources were first seen; ``rows`` are those of ``named`` by platform,
    ``of_source`` the rows of ``texts`` that belong to them.
    """

    texts: _Floats
    named: _Floats
    first_columns: npt.NDArray[np.int_]
    rows: Mapping[str, list[int]]
    of_source: npt.NDArray[np.int_]


def _grids_of(news: News, labels: set[str], first_day: date, day: date) -> _Grids | None:
    """What sources of these ``labels`` brought from ``first_day`` to ``day``; None when they name no platform."""
    sources: dict[str, int] = {}
    volumes = [(sources.setdefault(s, len(sources)), (on - first_day).days, d)
               for (s, label, on), d in news.volumes.items() if label in labels and first_day <= on <= day]  # fmt: skip
    pairs: dict[tuple[str, int], int] = {}
    named = [(pairs.setdefault((p, sources[s]), len(pairs)), (on - first_day).days, r)
             for (p, s, label, on), r in news.named.items()
             if label in labels and s in sources and first_day <= on <= day]  # fmt: skip
    if not pairs:
        return None
    rows: dict[str, list[int]] = defaultdict(list)
    for (platform, _), row in pairs.items():
        rows[platform].append(row)
    columns = (day - first_day).days + 1
    return _Grids(
        _grid(volumes, len(sources), columns),
        _grid(named, len(pairs), columns),
        np.array([(news.firsts[s] - first_day).days for s in sources]),
        rows,
        np.array([s for _, s in pairs]),
    )


def _market_news(
    news: News, market: str, labels: set[str], carried: Carried, start: date, day: date, rules: Momentum
) -> Iterator[Attention]:
    reach, days = rules.baseline_days + rules.gap_days, (day - start).days + 1
    grids = _grids_of(news, labels, start - timedelta(days=reach), day)
    if grids is None:
        return
    # A source counts from the day on which its own history is long enough.
    ages = reach + np.arange(days) - grids.first_columns.reshape(-1, 1)
    d, d_before = _today_and_before(grids.texts, rules)
    counts = (ages >= rules.source_days) & _is_steady(grids.texts, d_before, grids.first_columns, rules)
    is_heard = (_sums(grids.texts, reach + 1) * counts).sum(axis=0) > 0
    d, d_before = d * counts, d_before * counts
    r, r_before = (n * counts[grids.of_source] for n in _today_and_before(grids.named, rules))
    own = d[grids.of_source] * r_before / (d_before[grids.of_source] + rules.prior_documents)
    leaning = (d / (d_before + rules.prior_documents)).sum(axis=0)
    pooled, whole = np.maximum(d_before.sum(axis=0), 1), d.sum(axis=0)
    for platform, rows in sorted(grids.rows.items()):
        told, usual = r[rows].sum(axis=0), r_before[rows].sum(axis=0) / pooled
        expected = own[rows].sum(axis=0) + rules.prior_documents * np.maximum(usual, rules.least_share) * leaning
        yield from _running(
            (platform, market, "mentions"),
            [
                (start + timedelta(days=i), told[i] / whole[i] if whole[i] else 0.0,
                 (told[i] - expected[i]) / sqrt(expected[i]) if expected[i] else None,
                 log(rules.burst_factor) * told[i] - (rules.burst_factor - 1) * expected[i])
                for i in range(days) if is_heard[i]
            ],
            carried,
        )  # fmt: skip


def _grid(cells: Sequence[tuple[int, int, float]], rows: int, columns: int) -> _Floats:
    """Texts per row and day, from cells of row, day and texts; baseline and gap stand before the first day to count."""
    grid = np.zeros((rows, columns))
    if cells:
        at = np.array(cells)
        np.add.at(grid, (at[:, 0].astype(int), at[:, 1].astype(int)), at[:, 2])
    return grid


def _sums(grid: _Floats, days: int) -> _Floats:
    """Sums of every ``days`` days in a row, by their last day."""
    sums: _Floats = np.concatenate([np.zeros((len(grid), 1)), grid.cumsum(axis=1)], axis=1)
    found: _Floats = sums[:, days:] - sums[:, :-days]
    return found


def _today_and_before(grid: _Floats, rules: Momentum) -> tuple[_Floats, _Floats]:
    """Per row and day to count: what that day brought, and what the baseline did, which ends before the gap."""
    reach, days = rules.baseline_days + rules.gap_days, grid.shape[1] - rules.baseline_days - rules.gap_days
    return grid[:, reach:], _sums(grid, rules.baseline_days)[:, :days]


def _is_steady(
    texts: _Floats, before: _Floats, first_columns: npt.NDArray[np.int_], rules: Momentum
) -> npt.NDArray[np.bool_]:
    """Whether a source brings about as much as before, give or take what chance does to its days.

    A source that brings ten times as much overnight, or a tenth, is another selection of texts: it is as new as one
    that is added, and its past says nothing about its present. Days on which no source brought anything are no days:
    nothing was collected.

    Args:
        first_columns: the day on which each source was first seen, as a column of ``texts``.
    """
    baseline, reach = rules.baseline_days, rules.baseline_days + rules.gap_days
    days = texts.shape[1] - reach
    is_open = np.asarray(texts.any(axis=0))
    is_own = is_open & (np.arange(texts.shape[1]) >= first_columns.reshape(-1, 1))
    usual = before / np.maximum(_sums(is_own.astype(float), baseline)[:, :days], 1)
    week = _sums(texts, _WEEK)[:, -days:]
    usual_week = usual * _sums(is_open.astype(float).reshape(1, -1), _WEEK)[:, -days:]
    fullest = np.lib.stride_tricks.sliding_window_view(texts[:, : baseline + days - 1], baseline, axis=1).max(axis=2)
    clumps = _clumps(texts, before, is_open, baseline)
    chance = CHANCE * np.sqrt(np.where(clumps > _CLUMPED, clumps, 1))
    k = rules.steady_factor
    over = np.sqrt(week) - np.sqrt(k * usual_week)
    under = np.sqrt(usual_week / k) - np.sqrt(week)
    sudden = np.sqrt(texts[:, reach:]) - np.sqrt(np.maximum(k * usual, fullest))
    is_steady: npt.NDArray[np.bool_] = np.maximum(np.maximum(over, under), sudden) <= chance
    return is_steady


def _clumps(texts: _Floats, before: _Floats, is_open: npt.NDArray[np.bool_], baseline: int) -> _Floats:
    """Variance over mean of a source's days: 1 where texts come one by one, 50 where fifty come at once.

    Of such a source the batches are few, not the texts, and chance is as much larger. From the differences of days in
    a row, so that growth does not count as chance.
    """
    apart = np.zeros_like(texts)
    apart[:, np.flatnonzero(is_open)[1:]] = np.diff(texts[:, is_open], axis=1) ** 2
    found: _Floats = _sums(apart, baseline)[:, : before.shape[1]] / np.maximum(2 * before, 1)
    return found


@dataclass(frozen=True, slots=True)
class Measured:
    """One value of a platform: ``label`` is the place or language as the source calls it."""

    platform: str
    source: str
    series: str
    label: str
    measured_on: date
    value: float


def measured_attention(
    measured: Iterable[Measured],
    answered: Mapping[tuple[str, str, str], Iterable[date]],
    markets: Mapping[str, Sequence[str]],
    carried: Carried,
    start: date,
    day: date,
    rules: Momentum,
) -> list[Attention]:
    """Page views and places in charts from ``start`` to ``day``, on scales of their own, with Page's CUSUM.

    x is ln(1 + value) for page views and ln(201 / rank) / ln(201) for charts; z is robust and matched by weekday.

    Args:
        answered: days on which a chart, by (source, series, label), answered at all: whom it does not rank is at zero.
            A day without an answer is no day.
    """
    found: list[Attention] = []
    for key, values in sorted(_by_input(measured, answered, markets).items()):
        days = sorted(on for on in values if start <= on <= day)
        is_chart = key[2] == "chart"
        scaled = {on: value if is_chart else log1p(value) for on, value in values.items()}
        scores = [_robust_z(scaled, on, rules) for on in days]
        steps = [max(-_Z_CAP, min(_Z_CAP, z or 0.0)) - rules.z_level / 2 for z in scores]
        found += _running(
            key, [(on, values[on], z, step) for on, z, step in zip(days, scores, steps, strict=True)], carried
        )
    return found


def _by_input(
    measured: Iterable[Measured],
    answered: Mapping[tuple[str, str, str], Iterable[date]],
    markets: Mapping[str, Sequence[str]],
) -> dict[tuple[str, str, str], dict[date, float]]:
    found: dict[tuple[str, str, str], dict[date, float]] = defaultdict(dict)
    for one in measured:
        is_chart = one.series.startswith("chart_rank")
        value = log(_WORST_RANK / min(one.value, _WORST_RANK)) / log(_WORST_RANK) if is_chart else one.value
        market = markets.get(one.label.lower(), [one.label])[0]
        days = found[one.platform, market, "chart" if is_chart else one.series]
        days[one.measured_on] = max(value, days.get(one.measured_on, 0.0))
        for on in answered.get((one.source, one.series, one.label), ()) if is_chart else ():
            days.setdefault(on, 0.0)
    return found


def _robust_z(values: Mapping[date, float], on: date, rules: Momentum) -> float | None:
    """Distance of a day from the median of its weekday (or of all days) in the baseline; None without a history."""
    first, last = on - timedelta(days=rules.baseline_days + rules.gap_days), on - timedelta(days=rules.gap_days + 1)
    before = {then: value for then, value in values.items() if first <= then <= last}
    if len(before) < rules.source_days:
        return None
    same = [value for then, value in before.items() if then.weekday() == on.weekday()]
    usual = same if len(same) >= _WEEKDAYS_NEEDED else list(before.values())
    centre = median(usual)
    return (values[on] - centre) / (1.4826 * median(abs(value - centre) for value in usual) + 0.1)


def _running(
    key: tuple[str, str, str], days: Sequence[tuple[date, float, float | None, float]], carried: Carried
) -> Iterator[Attention]:
    """Days of one series with their weekly level and their CUSUM, going on from where it stood."""
    before = carried.get(key, Before())
    week, burst = list(before.values[-_WEEK:]), before.burst
    for on, value, z, step in days:
        week = [*week[-_WEEK + 1 :], float(value)]
        burst = max(0.0, burst + float(step))
        z = None if z is None else float(z)
        yield Attention(*key, on, float(value), sum(week) / len(week), z, burst, float(step))

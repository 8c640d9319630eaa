"""What simpler methods would have said: the baselines B0 to B3 and B5 of a back-test (docs/method.md, "Evaluation").

Each gives one series per platform and a threshold; crossing it from below is an alert. B4 is our own replay
without a ledger.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from math import sqrt

from trendwarte.floors import rank
from trendwarte.measuring import AlertSeen, EventSeen, Scored

Series = dict[str, list[tuple[date, float]]]
_Z_DAYS = 56
_Z_LEAST_DAYS = 14
_MOOD_DAYS = 7
_MOOD_SIGNALS = 3
_SHARE_DOCUMENTS = 2
_RRI_MEMORY_DAYS = 730
_RRI_COUNT_DAYS = 60
_HELD_DAYS = 7


@dataclass(frozen=True, slots=True)
class Naming:
    """A document that names a platform: on which day, with a word of banning or not, and its mood -1 to 1."""

    on: date
    platform: str
    has_ban_word: bool
    mood: float | None


def days_between(first: date, last: date) -> list[date]:
    """Every day from ``first`` to ``last``."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def mention_z(namings: Sequence[Naming], totals: Mapping[date, int], days: Sequence[date]) -> Series:
    """B1: share of the day's documents that name the platform, in standard deviations of the last eight weeks.

    Days before ``days`` count as past where the archive has them. With less than a fortnight of it, and on a day
    without any document, nothing stands out.
    """
    counts: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for naming in namings:
        counts[naming.platform][naming.on] += 1
    found: Series = {}
    for platform, per_day in counts.items():
        series = []
        for day in days:
            before = days_between(day - timedelta(days=_Z_DAYS), day - timedelta(days=1))
            past = [per_day.get(one, 0) / totals[one] for one in before if totals.get(one)]
            total = totals.get(day, 0)
            if len(past) < _Z_LEAST_DAYS or not total:
                series.append((day, 0.0))
                continue
            mean = sum(past) / len(past)
            spread = sqrt(sum((x - mean) ** 2 for x in past) / len(past))
            series.append((day, (per_day.get(day, 0) / total - mean) / (spread + 1e-3)))
        found[platform] = series
    return found


def ban_share(namings: Sequence[Naming], days: Sequence[date]) -> Series:
    """B2: per cent of the day's documents on the platform with a word of banning (two documents at least)."""
    named: dict[tuple[str, date], list[bool]] = defaultdict(list)
    for naming in namings:
        named[naming.platform, naming.on].append(naming.has_ban_word)
    platforms = {platform for platform, _ in named}
    return {p: [(day, _percent(named.get((p, day), []))) for day in days] for p in platforms}


def _percent(flags: Sequence[bool]) -> float:
    return 100 * sum(flags) / len(flags) if sum(flags) >= _SHARE_DOCUMENTS else 0.0


def bad_mood(namings: Sequence[Naming], days: Sequence[date]) -> Series:
    """B3: mean mood of a week's signals, bad is high (0 to 100)."""
    moods: dict[str, list[tuple[date, float]]] = defaultdict(list)
    for naming in namings:
        if naming.mood is not None:
            moods[naming.platform].append((naming.on, naming.mood))
    found: Series = {}
    for platform, felt in moods.items():
        felt.sort()
        series = []
        for day in days:
            week = [mood for on, mood in felt if day - timedelta(days=_MOOD_DAYS) < on <= day]
            series.append((day, -100 * sum(week) / len(week) if len(week) >= _MOOD_SIGNALS else 0.0))
        found[platform] = series
    return found


def reprisk(events: Iterable[EventSeen], days: Sequence[date]) -> Series:
    """B5: the published RepRisk formula on our adverse events."""
    adverse: dict[str, list[tuple[date, float]]] = defaultdict(list)
    for event in events:
        if event.polarity == "negative" and event.credibility > 0:
            severity, reach = 1 + (event.severity - 1) / 2, {0.4: 1, 0.7: 2}.get(event.reach, 3)
            novelty = 2 if event.novelty >= 1 else 1
            adverse[event.platform].append((event.on, (severity * reach * novelty) ** (1 / 3) / 3))
    return {platform: [(day, _rri(told, day)) for day in days] for platform, told in adverse.items()}


def _rri(told: Sequence[tuple[date, float]], day: date) -> float:
    known = [((day - on).days, value) for on, value in told if 0 <= (day - on).days <= _RRI_MEMORY_DAYS]
    recent = sum(age <= _RRI_COUNT_DAYS for age, _ in known)
    if not known:
        return 0.0
    if recent <= 8:
        intensity = 0.5 + 0.1 * recent
    elif recent <= 12:
        intensity = 1.3 + 0.05 * (recent - 8)
    else:
        intensity = min(1.66, 1.5 + 0.02 * (recent - 12))
    mean = sum(value * (1 - age / _RRI_MEMORY_DAYS / 2) for age, value in known) / len(known)
    return min(100.0, 100 * intensity * mean)


def alerts_of(
    series: Series, threshold: float, scored: Mapping[tuple[str, str, str], Sequence[Scored]], cooldown_days: int
) -> list[AlertSeen]:
    """An alert to each client that holds *test* or better, on each day the series crosses the threshold from below.

    Held for any purpose on some night of the week before counts: a method that is a day later than ours must not be
    silenced by our own fall. The first day has no day before, so nothing crosses on it.
    """
    held: dict[tuple[str, str], set[date]] = defaultdict(set)
    for (client, platform, _), nights in scored.items():
        held[client, platform] |= {n.on for n in nights if n.band != "unknown" and rank(n.band) >= rank("test")}
    found = []
    for (client, platform), good in sorted(held.items()):
        last: date | None = None
        for (_, before), (day, value) in pairwise(series.get(platform, ())):
            is_held = any(one in good for one in days_between(day - timedelta(days=_HELD_DAYS), day))
            is_rested = last is None or (day - last).days > cooldown_days
            if before < threshold <= value and is_held and is_rested:
                last = day
                found.append(AlertSeen(day, client, platform, "any", "decide", "baseline", "test", "watch"))
    return found

"""Evidence as running sums: what a night learned is appended, and nothing that was known before is touched.

A sum that is kept could go wrong where events grow or are withdrawn. So a change of an event is two moves, the former
mass off and the new one on, in whole numbers and dated by the night; the check ``warn_evidence_misses_the_events``
holds them against the events themselves (docs/decisions/0027).
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from warehouse.connection import Array, Connection, insert, offered, query_text

#: Platform, jurisdiction and dimension.
Series = tuple[str, str, str]
#: A series, the day of the world, and the mass of an event.
Counted = tuple[str, str, str, date, float]

#: Moves are whole trillionths of mass; the migration and the check say the same.
_UNIT = 1e12
_DAY_BITS = 24


def move_evidence(con: Connection, before: Collection[Counted], after: Collection[Counted], known_on: date) -> None:
    """Append the difference between some events as they were and as they are, learned on a night."""
    if not before and not after:
        return
    last = _last_mark(con)
    if last is not None and last >= known_on:
        # A past night runs again: what stood there since was counted without it.
        con.execute("DELETE FROM evidence_marks WHERE marked_on >= ?", [known_on])
        last = _last_mark(con)
    number = _numbers(con, {(e[0], e[1], e[2]) for e in after}, last)
    # A series and a day as one number: a night of 27,000 events takes a third of the time.
    moved: defaultdict[int, int] = defaultdict(int)
    for sign, events in ((-1, before), (1, after)):
        for platform, place, dimension, day, mass in events:
            moved[number[platform, place, dimension] << _DAY_BITS | day.toordinal()] += sign * int(mass * _UNIT)
    keys = np.fromiter(moved.keys(), dtype=np.int64, count=len(moved))
    masses = np.fromiter(moved.values(), dtype=np.int64, count=len(moved))
    keys, masses = keys[masses != 0], masses[masses != 0]
    if not keys.size:
        return
    day = (keys & ((1 << _DAY_BITS) - 1)) - date(1970, 1, 1).toordinal()
    with offered(con, "moved_tonight", {"series": keys >> _DAY_BITS, "day": day, "mass": masses}):
        con.execute(
            "INSERT INTO evidence_moves (known_on, series, event_date, mass)"
            " SELECT ?, series, DATE '1970-01-01' + day::INTEGER, mass FROM moved_tonight",
            [known_on],
        )
    sunday = known_on - timedelta(days=known_on.weekday() + 1)
    if last is None or last < sunday:
        con.execute(query_text("mark_evidence"), {"sunday": sunday, "last": last or date.min})


@dataclass(frozen=True, slots=True)
class EvidenceDays:
    """The evidence of every series on every day of a span: ``mass`` has a row per day and a column per series."""

    first: date
    series: Sequence[Series]
    mass: Array


def evidence_days(con: Connection, first: date, last: date) -> EvidenceDays:
    """What ``mart.evidence_between`` says, all series and days at once, from a published copy.

    A year re-scored is a dense table, which arrays sum eight times cheaper than joins and windows. Day by day a fading
    sum is that of yesterday, faded, and what left its plateau; so nothing grows large and is then taken away again.
    """
    named = con.execute("SELECT series, platform, jurisdiction, dimension FROM main.evidence_series ORDER BY series")
    series = named.fetchall()
    days, width = (last - first).days + 1, max((number for number, *_ in series), default=0) + 1
    moves = con.execute(
        "SELECT series, rate, mass, (event_date - $first::DATE)::INTEGER + plateau AS plateau_end,"
        " greatest((counts_from - $first::DATE)::INTEGER, 0) AS enters"
        " FROM mart.evidence_moves($first::DATE, $last::DATE)",
        {"first": first, "last": last},
    ).fetchnumpy()
    at, mass, plateau_end, enters = (moves[name] for name in ("series", "mass", "plateau_end", "enters"))
    fades = np.maximum(enters, plateau_end)
    whole = np.where(enters < plateau_end, mass, 0.0)
    size, is_seen = days * width, fades < days
    leaves = (fades.astype(np.int64) * width + at)[is_seen]
    left = (mass * np.exp(moves["rate"] * (plateau_end - fades)))[is_seen]
    entered = np.bincount(enters.astype(np.int64) * width + at, whole, size) - np.bincount(leaves, whole[is_seen], size)
    fading = np.bincount(leaves, left, size).reshape(days, width).astype(np.float64, copy=False)
    kept = np.zeros(width)
    kept[at] = np.exp(-moves["rate"])
    for day in range(1, days):
        fading[day] += fading[day - 1] * kept
    known = np.maximum(entered.reshape(days, width).cumsum(axis=0) + fading, 0.0) / _UNIT
    return EvidenceDays(first, [(p, j, d) for _, p, j, d in series], known[:, [number for number, *_ in series]])


def _last_mark(con: Connection) -> date | None:
    row = con.execute("SELECT max(marked_on) FROM evidence_marks").fetchone()
    return row[0] if row else None


def _numbers(con: Connection, wanted: set[Series], last: date | None) -> dict[Series, int]:
    """The number of each series; one that has none gets the next. At the last mark nothing was left of it."""
    rows = con.execute("SELECT platform, jurisdiction, dimension, series FROM evidence_series").fetchall()
    known: dict[Series, int] = {(platform, place, dimension): series for platform, place, dimension, series in rows}
    new = sorted(wanted - known.keys())
    known |= {series: number for number, series in enumerate(new, start=max(known.values(), default=0) + 1)}
    insert(con, "evidence_series", [
        {"series": known[series], "platform": series[0], "jurisdiction": series[1], "dimension": series[2]}
        for series in new
    ])  # fmt: skip
    if last is not None:
        insert(con, "evidence_marks", [{"marked_on": last, "series": known[one], "fading": 0} for one in new])
    return known

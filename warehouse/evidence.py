"""Evidence as running sums: what a night learned is appended, and nothing that was known before is touched.

A sum that is kept could go wrong where events grow or are withdrawn. So a change of an event is two moves, the former
mass off and the new one on, in whole numbers and dated by the night; the check ``warn_evidence_misses_the_events``
holds them against the events themselves (docs/decisions/0027).
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from warehouse.connection import Array, Connection, insert, offered, query_text

#: Platform, jurisdiction and dimension.
Series = tuple[str, str, str]
#: Events by column: the number of their ``series``, ``event_date`` and ``mass``.
Counted = Mapping[str, Array]

#: Moves are whole trillionths of mass; the migration, the queries and the check say the same.
_UNIT = 1e12
#: Events are read in slices of about so many: those that were known late are a row each in memory, of some 60 bytes.
_READ_AT_ONCE = 16_000_000
#: Cells of an array in which DuckDB sums, as a power of two, each of 16 bytes per thread: four years of 8,000 series.
_LARGEST_ARRAY = 24


def number_series(con: Connection, wanted: Collection[Series], known_on: date) -> dict[Series, int]:
    """The number of each series; one that has none gets the next. At the last mark nothing was left of it."""
    rows = con.execute("SELECT platform, jurisdiction, dimension, series FROM evidence_series").fetchnumpy()
    platforms, places, dimensions, numbers = (column.tolist() for column in rows.values())
    known: dict[Series, int] = dict(zip(zip(platforms, places, dimensions, strict=True), numbers, strict=True))
    new = sorted(set(wanted) - known.keys())
    if not new:
        return known
    known |= {series: number for number, series in enumerate(new, start=max(numbers, default=0) + 1)}
    insert(con, "evidence_series", [
        {"series": known[series], "platform": series[0], "jurisdiction": series[1], "dimension": series[2]}
        for series in new
    ])  # fmt: skip
    last = _last_mark(con, known_on)
    if last is not None:
        insert(con, "evidence_marks", [{"marked_on": last, "series": known[one], "fading": 0} for one in new])
    return known


def counted(events: Collection[tuple[int, date, float]]) -> Counted:
    """Events of (number of the series, day of the world, mass) by column."""
    return {
        "series": np.array([series for series, _, _ in events], dtype=np.int64),
        "event_date": np.array([day for _, day, _ in events], dtype="datetime64[D]"),
        "mass": np.array([mass for _, _, mass in events], dtype=np.float64),
    }


def move_evidence(con: Connection, before: Counted, after: Counted, known_on: date) -> None:
    """Append the difference between some events as they were and as they are, learned on a night."""
    moved = {
        "series": np.concatenate([before["series"], after["series"]]),
        "day": np.concatenate([before["event_date"], after["event_date"]]).astype("datetime64[s]"),
        "mass": np.concatenate([-_trillionths(before), _trillionths(after)]),
    }
    if not moved["mass"].size:
        return
    last = _last_mark(con, known_on)
    with offered(con, "moved_tonight", moved):
        appended = con.execute(
            "INSERT INTO evidence_moves (known_on, series, event_date, mass)"
            " SELECT ?, series, day, sum(mass) FROM moved_tonight GROUP BY series, day HAVING sum(mass) <> 0",
            [known_on],
        ).fetchone()
    sunday = known_on - timedelta(days=known_on.weekday() + 1)
    if appended and appended[0] and (last is None or last < sunday):
        con.execute(query_text("mark_evidence"), {"sunday": sunday, "last": last or date.min})


@dataclass(frozen=True, slots=True)
class EvidenceDays:
    """The evidence of every series on every day of a span: ``mass`` has a row per day and a column per series."""

    first: date
    series: Sequence[Series]
    mass: Array


def evidence_days(con: Connection, first: date, last: date) -> EvidenceDays:
    """What ``mart.evidence_between`` says, all series and days at once, from a published copy."""
    moves = con.execute(
        "SELECT series, (event_date - $first::DATE)::INTEGER AS told,"
        " greatest((counts_from - $first::DATE)::INTEGER, 0) AS enters, mass"
        " FROM mart.evidence_moves($first::DATE, $last::DATE)",
        {"first": first, "last": last},
    ).fetchnumpy()
    grid = _Grid(con, first, last)
    grid.add(moves)
    return grid.summed()


def evidence_days_of_events(con: Connection, first: date, last: date) -> EvidenceDays:
    """The same from the events themselves, which count as they stand today from their first report on.

    Such it was before the moves were kept, and such it is of events that never changed. The moves say in addition
    what an event weighed before; for the newest night both agree.
    """
    grid, span = _Grid(con, first, last), {"first": first, "last": last}
    events, begin = con.execute("SELECT count(*), min(event_date) FROM main.events").fetchall()[0]
    with _array_of(con, min(int(events).bit_length(), _LARGEST_ARRAY)):
        grid.add(con.execute(query_text("evidence_timely"), span).fetchnumpy())
    days = math.ceil(((last - begin).days + 1) / (1 + events // _READ_AT_ONCE)) if events else 0
    while begin and begin <= last:
        slice_of = {"begin": begin, "end": begin + timedelta(days=days - 1)}
        grid.add(con.execute(query_text("evidence_late"), span | slice_of).fetchnumpy())
        begin += timedelta(days=days)
    return grid.summed()


class _Grid:
    """The days of a span and the series, as a dense table, into which moves are counted.

    Arrays sum it eight times cheaper than joins and windows: a move enters in one cell and its plateau ends in another.
    Day by day a fading sum is that of yesterday, faded, and what left its plateau; so nothing grows large and is then
    taken away again.
    """

    def __init__(self, con: Connection, first: date, last: date) -> None:
        # What no rule lets fade is no evidence: momentum carries no risk.
        rows = con.execute(
            "SELECT series, platform, jurisdiction, dimension, plateau_days, half_life_days"
            " FROM main.evidence_series LEFT JOIN main.decay_rules USING (dimension) ORDER BY series"
        ).fetchall()
        self._first, self._named = first, rows
        self._days, self._width = (last - first).days + 1, max((row[0] for row in rows), default=0) + 1
        self._plateau, self._rate = np.zeros(self._width, dtype=np.int64), np.zeros(self._width)
        self._counts = np.zeros(self._width, dtype=bool)
        for series, *_, plateau, half_life in rows:
            if half_life is not None:
                self._plateau[series], self._rate[series], self._counts[series] = plateau, math.log(2) / half_life, True
        size = self._days * self._width
        self._whole, self._fading = np.zeros(size), np.zeros(size)

    def add(self, moves: Mapping[str, Array]) -> None:
        """Count moves: ``series``, the day they are ``told`` of, the day they enter (from the first on), ``mass``."""
        at, enters, mass = moves["series"], moves["enters"], moves["mass"]
        ends = moves["told"] + self._plateau[at]
        fades = np.maximum(enters, ends)
        cells, size = fades * self._width + at, self._days * self._width
        is_seen = fades < self._days
        left = np.bincount(cells[is_seen], mass[is_seen], size)
        self._whole += np.bincount(enters.astype(np.int64) * self._width + at, mass, size)
        self._whole -= left
        self._fading += left
        # What was known only after its plateau comes in faded.
        is_late = is_seen & (ends < fades)
        late, at = mass[is_late], at[is_late]
        lost = np.expm1(self._rate[at] * (ends - fades)[is_late])
        self._fading += np.bincount(cells[is_late], late * lost, size)

    def summed(self) -> EvidenceDays:
        """What was known on each day."""
        whole, fading = (each.reshape(self._days, self._width) for each in (self._whole, self._fading))
        kept = np.exp(-self._rate)
        for day in range(1, self._days):
            fading[day] += fading[day - 1] * kept
        known = np.maximum(whole.cumsum(axis=0) + fading, 0.0) / _UNIT * self._counts
        return EvidenceDays(
            self._first, [(platform, place, dimension) for _, platform, place, dimension, *_ in self._named],
            known[:, [row[0] for row in self._named]],
        )  # fmt: skip


def _trillionths(events: Counted) -> Array:
    return (events["mass"] * _UNIT).astype(np.int64)


def _last_mark(con: Connection, known_on: date) -> date | None:
    """The newest mark before a night. If a past night runs again, what stood there since was counted without it."""
    row = con.execute("SELECT max(marked_on) FROM evidence_marks").fetchone()
    last: date | None = row[0] if row else None
    if last is None or last < known_on:
        return last
    con.execute("DELETE FROM evidence_marks WHERE marked_on >= ?", [known_on])
    row = con.execute("SELECT max(marked_on) FROM evidence_marks").fetchone()
    return row[0] if row else None


@contextmanager
def _array_of(con: Connection, bits: int) -> Iterator[None]:
    """Have DuckDB sum by two numbers in an array instead of hashing, if so many bits number all its cells.

    With no more cells than there are events it takes half the time of hashing them, with more it is the array that
    takes the time.
    """
    former = con.execute("SELECT current_setting('perfect_ht_threshold')").fetchall()[0][0]
    con.execute(f"SET perfect_ht_threshold = {bits}")
    try:
        yield
    finally:
        con.execute(f"SET perfect_ht_threshold = {int(former)}")

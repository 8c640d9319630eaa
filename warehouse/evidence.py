"""Evidence as running sums: what a night learned is appended, and nothing that was known before is touched.

A sum that is kept could go wrong where events grow or are withdrawn. So a change of an event is two moves, the former
mass off and the new one on, in whole numbers and dated by the night; the check ``warn_evidence_misses_the_events``
holds them against the events themselves (docs/decisions/0027).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import numpy as np

from warehouse.connection import Connection, insert, offered, query_text

#: Platform, jurisdiction and dimension.
Series = tuple[str, str, str]
#: A series, the day of the world, and the mass of an event.
Counted = tuple[str, str, str, date, float]

#: Moves are whole trillionths of mass; the migration and the check say the same.
_UNIT = 1e12
_EPOCH = date(1970, 1, 1)


def move_evidence(con: Connection, before: Iterable[Counted], after: Iterable[Counted], known_on: date) -> None:
    """Append the difference between some events as they were and as they are, learned on a night."""
    moved: Counter[tuple[Series, date]] = Counter()
    for sign, events in ((-1, before), (1, after)):
        for platform, place, dimension, day, mass in events:
            moved[(platform, place, dimension), day] += sign * int(mass * _UNIT)
    cells = [(series, day, mass) for (series, day), mass in moved.items() if mass]
    if not cells:
        return
    last = _last_mark(con)
    if last is not None and last >= known_on:
        # A past night runs again: what stood there since was counted without it.
        con.execute("DELETE FROM evidence_marks WHERE marked_on >= ?", [known_on])
        last = _last_mark(con)
    number = _numbers(con, [series for series, _, _ in cells], last)
    rows = np.array(sorted((number[series], (day - _EPOCH).days, mass) for series, day, mass in cells), dtype=np.int64)
    with offered(
        con, "moved_tonight", {"series": rows[:, 0].copy(), "day": rows[:, 1].copy(), "mass": rows[:, 2].copy()}
    ):
        con.execute(
            "INSERT INTO evidence_moves (known_on, series, event_date, mass)"
            " SELECT ?, series, DATE '1970-01-01' + day::INTEGER, mass FROM moved_tonight",
            [known_on],
        )
    sunday = known_on - timedelta(days=known_on.weekday() + 1)
    if last is None or last < sunday:
        con.execute(query_text("mark_evidence"), {"sunday": sunday, "last": last or date.min})


def _last_mark(con: Connection) -> date | None:
    row = con.execute("SELECT max(marked_on) FROM evidence_marks").fetchone()
    return row[0] if row else None


def _numbers(con: Connection, wanted: Sequence[Series], last: date | None) -> dict[Series, int]:
    """The number of each series; one that has none gets the next. At the last mark nothing was left of it."""
    known: dict[Series, int] = {
        (platform, place, dimension): number
        for number, platform, place, dimension in con.execute("FROM evidence_series").fetchall()
    }
    new = sorted(set(wanted) - known.keys())
    known |= {series: number for number, series in enumerate(new, start=max(known.values(), default=0) + 1)}
    insert(con, "evidence_series", [
        {"series": known[series], "platform": series[0], "jurisdiction": series[1], "dimension": series[2]}
        for series in new
    ])  # fmt: skip
    if last is not None:
        insert(con, "evidence_marks", [{"marked_on": last, "series": known[one], "fading": 0} for one in new])
    return known

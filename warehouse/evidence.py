"""Evidence as running sums: what a night learned is appended, and nothing that was known before is touched.

A sum that is kept could go wrong where events grow or are withdrawn. So a change of an event is two moves, the former
mass off and the new one on, in whole numbers and dated by the night; the check ``warn_evidence_misses_the_events``
holds them against the events themselves (docs/decisions/0027).
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np

from warehouse.connection import Connection, offered, query_text, texts

#: Platform, jurisdiction, dimension, day of the world, mass.
Counted = tuple[str, str, str, date, float]

#: Moves are whole trillionths of mass; `main.evidence_moves` and the check say the same.
_UNIT = 1e12
_EPOCH = date(1970, 1, 1)


def move_evidence(con: Connection, before: Iterable[Counted], after: Iterable[Counted], known_on: date) -> None:
    """Append the difference between some events as they were and as they are, learned on a night."""
    moved: Counter[tuple[str, str, str, date]] = Counter()
    for sign, events in ((-1, before), (1, after)):
        for platform, place, dimension, day, mass in events:
            moved[platform, place, dimension, day] += sign * int(mass * _UNIT)
    keys = [key for key, mass in moved.items() if mass]
    if not keys:
        return
    columns = {
        "platform": texts([key[0] for key in keys]),
        "jurisdiction": texts([key[1] for key in keys]),
        "dimension": texts([key[2] for key in keys]),
        "day": np.array([(key[3] - _EPOCH).days for key in keys], dtype=np.int32),
        "mass": np.array([moved[key] for key in keys], dtype=np.int64),
    }
    last = _last_mark(con)
    if last is not None and last >= known_on:
        # A past night runs again: what stood there since was counted without it.
        con.execute("DELETE FROM evidence_marks WHERE marked_on >= ?", [known_on])
        last = _last_mark(con)
    with offered(con, "moved_tonight", columns):
        con.execute(query_text("name_series"), {"last_mark": last})
        con.execute(query_text("move_evidence"), {"known_on": known_on})
    sunday = known_on - timedelta(days=known_on.weekday() + 1)
    if last is None or last < sunday:
        con.execute(query_text("mark_evidence"), {"sunday": sunday})


def _last_mark(con: Connection) -> date | None:
    row = con.execute("SELECT max(marked_on) FROM evidence_marks").fetchone()
    return row[0] if row else None

"""Risk per platform, place and dimension: set-based SQL over events, ledger and constants."""

from collections.abc import Sequence
from datetime import datetime

from trendwarte.types import RiskScore
from warehouse.connection import Connection, insert, query_text, rows_of

#: A stored value is kept until it moves by this much (points); decay below it is no news to anybody.
_STEP = 0.05


def score_risk(
    con: Connection, as_of: datetime, run_id: str, places: Sequence[str], *, is_degraded: bool
) -> list[RiskScore]:
    """Score every platform in ``places`` as of a night, keep what moved, and give all scores.

    On a degraded night no score falls below the last one.
    """
    rows = rows_of(
        con,
        query_text("score_risk"),
        {"day": as_of.date(), "as_of": as_of, "is_degraded": is_degraded, "places": sorted(set(places))},
    )
    last = {
        (p, j, d): (value, confidence)
        for p, j, d, value, confidence in con.execute(
            "SELECT platform, jurisdiction, dimension, arg_max(value, as_of), arg_max(confidence, as_of)"
            " FROM risk_daily WHERE as_of <= ? GROUP BY ALL",
            [as_of],
        ).fetchall()
    }
    scores = [RiskScore(**row) for row in rows]
    moved = []
    for row, score in zip(rows, scores, strict=True):
        value, confidence = last.get((score.platform, score.jurisdiction, score.dimension), (None, 0.0))
        if value is None or abs(score.value - value) >= _STEP or abs(score.confidence - confidence) >= _STEP:
            moved.append(row | {"as_of": as_of, "run_id": run_id})
    insert(con, "risk_daily", moved, "ON CONFLICT DO UPDATE SET value = excluded.value, low = excluded.low,"
           " high = excluded.high, confidence = excluded.confidence, run_id = excluded.run_id")  # fmt: skip
    return scores


def drivers(con: Connection, as_of: datetime) -> dict[tuple[str, str, str], tuple[str, ...]]:
    """Ids of the events behind each (platform, jurisdiction, dimension), strongest first, at most five."""
    rows = con.execute(query_text("score_drivers"), {"day": as_of.date()}).fetchall()
    return {(platform, place, dimension): tuple(ids) for platform, place, dimension, ids in rows}

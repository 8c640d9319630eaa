"""Risk per platform, place and dimension: set-based SQL over events, ledger and constants."""

from collections.abc import Collection
from datetime import datetime

from trendwarte.types import RiskScore
from warehouse.connection import Connection, query_text, rows_of

#: A stored value is kept until it moves by this much (points); decay below it is no news to anybody.
_STEP = 0.05


def score_risk(
    con: Connection, as_of: datetime, run_id: str, places: Collection[str], *, is_degraded: bool,
    wanted: Collection[str] | None = None,
) -> list[RiskScore]:  # fmt: skip
    """Score every platform in ``places`` as of a night, keep what moved, and give the scores of ``wanted`` places.

    On a degraded night no score falls below the last one. Without ``wanted`` all scores are given; a night asks for
    its clients' markets only, for fourteen thousand scores take longer to hand over than to compute.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE risk_tonight AS " + query_text("score_risk"),
        {"day": as_of.date(), "as_of": as_of, "is_degraded": is_degraded, "places": sorted(set(places))},
    )
    _keep_moved(con, as_of, run_id)
    chosen = sorted(set(places if wanted is None else wanted))
    rows = rows_of(
        con,
        "SELECT * FROM risk_tonight WHERE jurisdiction IN (SELECT unnest(?::VARCHAR[]))"
        " ORDER BY platform, jurisdiction, dimension",
        [chosen],
    )
    return [RiskScore(**row | {"event_ids": tuple(row["event_ids"])}) for row in rows]


def _keep_moved(con: Connection, as_of: datetime, run_id: str) -> None:
    """Keep tonight's scores that moved since they were last kept.

    What was kept last is looked up in all history once, and then carried on in a temporary table from night to night as
    long as ``risk_daily`` ends where that table was left. A rollback takes both back to where they agreed.
    """
    con.execute("CREATE TEMP TABLE IF NOT EXISTS risk_left AS SELECT -1::BIGINT AS kept, NULL::TIMESTAMPTZ AS newest")
    is_carried = con.execute(
        "SELECT kept = (SELECT count(*) FROM risk_daily) AND newest = (SELECT max(as_of) FROM risk_daily)"
        " AND newest < ? FROM risk_left",
        [as_of],
    ).fetchall()
    if is_carried != [(True,)]:
        con.execute(
            "CREATE OR REPLACE TEMP TABLE risk_standing AS SELECT platform, jurisdiction, dimension,"
            " arg_max(value, as_of) AS value, arg_max(confidence, as_of) AS confidence"
            " FROM risk_daily WHERE as_of <= ? GROUP BY ALL",
            [as_of],
        )
    con.execute(query_text("keep_moved_risk"), {"as_of": as_of, "run_id": run_id, "step": _STEP})
    con.execute(query_text("carry_risk"), {"as_of": as_of})
    # Of a night in the past that was scored again the scores after it were not looked at.
    con.execute(
        "CREATE OR REPLACE TEMP TABLE risk_left AS SELECT count(*) AS kept,"
        " CASE WHEN max(as_of) <= $as_of THEN max(as_of) END AS newest FROM risk_daily",
        {"as_of": as_of},
    )

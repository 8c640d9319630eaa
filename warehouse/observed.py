"""What a replay left behind, in the shape a back-test measures."""

import json
from datetime import date

from trendwarte.measuring import AlertSeen, BandMove, EventSeen, Observed, Scored
from trendwarte.types import LegalStatus
from warehouse.connection import Connection, rows_of


def observed(con: Connection) -> Observed:
    """Ledger, alerts, band changes, scores and risks of every judged night, oldest first."""
    ledger = rows_of(con, "SELECT * EXCLUDE (row_id, run_id, author, reason) FROM ledger ORDER BY row_id")
    alerts = con.execute(
        "SELECT as_of::DATE, client, platform, purpose, severity, rule, from_band, to_band FROM alerts"
        " WHERE status = 'queued' ORDER BY ALL"
    ).fetchall()
    moves = con.execute(
        "SELECT as_of::DATE, client, platform, purpose, from_band, to_band FROM verdict_changes"
        " WHERE NOT is_baseline AND from_band IS DISTINCT FROM to_band ORDER BY ALL"
    ).fetchall()
    events = con.execute(
        "SELECT platform, jurisdiction, dimension, event_date, polarity, severity, reach, novelty, credibility"
        " FROM events ORDER BY event_date, event_id"
    ).fetchall()
    return Observed(
        ledger=tuple(LegalStatus(**row) for row in ledger),
        alerts=tuple(AlertSeen(*row) for row in alerts),
        moves=tuple(BandMove(*row) for row in moves),
        scored=_scored(con),
        risks=_risks(con),
        events=tuple(EventSeen(*row) for row in events),
    )


def _scored(con: Connection) -> dict[tuple[str, str, str], list[Scored]]:
    rows = con.execute(
        "SELECT client, platform, purpose, as_of::DATE, score, band, raw_band, coverage, floors, relaxing FROM verdicts"
        " ORDER BY client, platform, purpose, as_of"
    ).fetchall()
    found: dict[tuple[str, str, str], list[Scored]] = {}
    for client, platform, purpose, day, score, band, raw, coverage, floors, relaxing in rows:
        caps = tuple(floor["cap"] for floor in json.loads(floors))
        caps += tuple("test" if label.endswith(":test") else "watch" for label, _ in json.loads(relaxing))
        found.setdefault((client, platform, purpose), []).append(Scored(day, score, band, raw, coverage, caps))
    return found


def _risks(con: Connection) -> dict[tuple[str, str], list[tuple[date, float]]]:
    """The legal risk, and where it is higher the worst other one, as it was on the days when it moved."""
    rows = con.execute(
        "SELECT platform, jurisdiction, dimension, as_of::DATE, value FROM risk_daily ORDER BY as_of"
    ).fetchall()
    now: dict[tuple[str, str], dict[str, float]] = {}
    found: dict[tuple[str, str], list[tuple[date, float]]] = {}
    for platform, place, dimension, day, value in rows:
        parts = now.setdefault((platform, place), {})
        parts[dimension] = value
        series = found.setdefault((platform, place), [])
        if series and series[-1][0] == day:
            series.pop()
        series.append((day, sum(parts.values())))
    return found

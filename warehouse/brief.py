"""The facts of one client's brief, read from the published snapshot."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from trendwarte.brief_facts import (
    BriefFacts,
    ChangeLine,
    HealthLine,
    LegalLine,
    MatrixCell,
    MatrixRow,
    Timeline,
    TimelineMark,
    TimelinePoint,
)
from trendwarte.types import Evidence, Term
from warehouse.connection import Connection, rows_of

_PRESENCES = ("active", "parked", "none")
_CHANGE_DAYS = 30
_TIMELINE_DAYS = 90
_TIMELINES_MAX = 4


def brief_facts(published: Path, client: str, time_zone: str, version: str) -> BriefFacts:
    """Everything the brief of ``client`` shows, as of the newest night that judged it.

    Raises:
        KeyError: the client has no verdict yet.
    """
    with duckdb.connect(str(published), read_only=True) as con:
        con.execute("SET TimeZone = 'UTC'")
        found = rows_of(con, "SELECT * FROM mart.clients WHERE client = ?", [client])
        night = rows_of(
            con,
            "SELECT r.* FROM mart.runs r WHERE run_id IN (SELECT run_id FROM mart.verdicts WHERE client = ?)"
            " ORDER BY as_of DESC LIMIT 1",
            [client],
        )
        if not found or not night:
            raise KeyError(client)
        as_of: datetime = night[0]["as_of"]
        markets: dict[str, float] = json.loads(found[0]["markets"])
        purposes = tuple(json.loads(found[0]["purposes"]))
        rows = _matrix(con, client, as_of, purposes, json.loads(found[0]["presence"]))
        places = [*markets, *_parents(con, list(markets))]
        legal = _legal(con, places, [row.platform for row in rows])
        return BriefFacts(
            client=client,
            client_name=found[0]["name"],
            as_of=as_of,
            time_zone=time_zone,
            run_id=night[0]["run_id"],
            version=version,
            scoring_version=night[0]["config_fingerprint"],
            is_degraded=night[0]["outcome"] == "degraded",
            markets=tuple(sorted(markets.items(), key=lambda pair: -pair[1])),
            purposes=purposes,
            rows=rows,
            changes=_changes(con, client, as_of),
            legal=legal,
            timelines=_timelines(con, rows, max(markets, key=lambda m: markets[m]), as_of),
            health=_health(con, night[0]["run_id"]),
            place_names=tuple(con.execute("SELECT jurisdiction, name_de, name_en FROM jurisdictions").fetchall()),
        )


def _matrix(
    con: Connection, client: str, as_of: datetime, purposes: tuple[Any, ...], presence: dict[str, Any]
) -> tuple[MatrixRow, ...]:
    rows = rows_of(
        con,
        """
        SELECT v.platform, p.name, v.purpose, v.band, v.score, v.floor, v.coverage, v.confidence,
               o.band AS previous_band, o.score AS previous_score,
               (SELECT max(as_of)::DATE FROM mart.verdict_changes c WHERE c.client = v.client
                 AND c.platform = v.platform AND c.purpose = v.purpose AND c.as_of <= $as_of) AS changed_on
        FROM mart.verdicts v JOIN mart.platforms p USING (platform)
        LEFT JOIN (SELECT * FROM mart.verdicts_at($month_ago)) o USING (client, platform, purpose)
        WHERE v.client = $client AND v.as_of = $as_of ORDER BY p.name, v.purpose""",
        {"client": client, "as_of": as_of, "month_ago": as_of - timedelta(days=_CHANGE_DAYS)},
    )
    cells: dict[tuple[str, str], dict[str, MatrixCell]] = {}
    for row in rows:
        cell = MatrixCell(**{k: v for k, v in row.items() if k not in ("platform", "name")})
        cells.setdefault((row["platform"], row["name"]), {})[row["purpose"]] = cell
    found = [
        MatrixRow(platform, name, presence.get(platform, "none"), tuple(by[p] for p in purposes if p in by))
        for (platform, name), by in cells.items()
    ]
    # First what the client uses: that is where a band costs or saves something.
    return tuple(sorted(found, key=lambda row: _PRESENCES.index(row.presence)))


def _changes(con: Connection, client: str, as_of: datetime) -> tuple[ChangeLine, ...]:
    rows = rows_of(
        con,
        """
        SELECT c.as_of, c.platform, p.name AS platform_name, list(c.purpose ORDER BY c.purpose) AS purposes,
               c.from_band, c.to_band, min(c.from_score) AS from_score, min(c.to_score) AS to_score,
               any_value(c.to_floor) AS floor
        FROM mart.verdict_changes c JOIN mart.platforms p USING (platform)
        WHERE c.client = $client AND NOT c.is_baseline AND c.from_band IS DISTINCT FROM c.to_band
          AND c.as_of > $since AND c.as_of <= $as_of
        GROUP BY ALL ORDER BY c.as_of DESC, c.platform""",
        {"client": client, "since": as_of - timedelta(days=_CHANGE_DAYS), "as_of": as_of},
    )
    found = []
    for row in rows:
        row["purposes"] = tuple(row["purposes"])
        terms = rows_of(
            con,
            "SELECT kind, name, points, detail FROM mart.score_terms WHERE client = ? AND platform = ? AND as_of = ?"
            " AND purpose = ? AND kind = 'risk' ORDER BY points LIMIT 3",
            [client, row["platform"], row["as_of"], row["purposes"][0]],
        )
        alerts = con.execute(
            "SELECT evidence FROM mart.alerts WHERE client = ? AND platform = ? AND as_of = ? LIMIT 1",
            [client, row["platform"], row["as_of"]],
        ).fetchone()
        evidence = tuple(_evidence(raw) for raw in json.loads(alerts[0])) if alerts else ()
        found.append(ChangeLine(**row, terms=tuple(Term(**t) for t in terms), evidence=evidence))
    return tuple(found)


def _evidence(raw: dict[str, Any]) -> Evidence:
    return Evidence(**raw | {"published_at": datetime.fromisoformat(raw["published_at"]).astimezone(UTC)})


def _parents(con: Connection, places: list[str]) -> list[str]:
    rows = con.execute(
        "SELECT DISTINCT parent FROM jurisdictions WHERE parent IS NOT NULL AND parent <> 'GLOBAL'"
        " AND jurisdiction IN (SELECT unnest(?::VARCHAR[]))",
        [places],
    ).fetchall()
    return [parent for (parent,) in rows]


def _legal(con: Connection, places: list[str], platforms: list[str]) -> tuple[LegalLine, ...]:
    rows = rows_of(
        con,
        """
        SELECT s.platform, coalesce(p.name, s.platform) AS platform_name, s.jurisdiction, s.instrument,
               coalesce(i.name, s.instrument) AS instrument_name, s.measure, s.state, s.valid_from, s.due_date,
               s.credibility, s.is_due_unverified
        FROM mart.legal_status s LEFT JOIN mart.platforms p USING (platform) LEFT JOIN instruments i USING (instrument)
        WHERE s.jurisdiction IN (SELECT unnest(?::VARCHAR[]))
          AND (s.platform = 'all_social' OR s.platform IN (SELECT unnest(?::VARCHAR[])))
        ORDER BY s.due_date NULLS LAST, s.valid_from DESC""",
        [places, platforms],
    )
    return tuple(LegalLine(**row) for row in rows)


def _timelines(con: Connection, rows: tuple[MatrixRow, ...], market: str, as_of: datetime) -> tuple[Timeline, ...]:
    """90 days of the platforms the client is on."""
    start = as_of.date() - timedelta(days=_TIMELINE_DAYS)
    found = []
    for row in [r for r in rows if r.presence == "active"][:_TIMELINES_MAX]:
        points = con.execute(
            """
            SELECT d.day::DATE, max(v.value), arg_max(v.low, v.value), arg_max(v.high, v.value)
            FROM generate_series($start::DATE, $until::DATE, INTERVAL 7 DAY) d(day),
            LATERAL (SELECT dimension, arg_max(value, as_of) AS value, arg_max(low, as_of) AS low,
                            arg_max(high, as_of) AS high FROM mart.risk_daily r
                     WHERE r.platform = $platform AND r.jurisdiction = $market AND r.as_of::DATE <= d.day GROUP BY 1) v
            GROUP BY 1 ORDER BY 1""",
            {"start": start, "until": as_of.date(), "platform": row.platform, "market": market},
        ).fetchall()
        marks = con.execute(
            "SELECT event_date, title, polarity FROM mart.events WHERE platform = ? AND event_date >= ?"
            " AND event_date <= ? AND credibility >= .5 AND severity >= 3 ORDER BY event_date LIMIT 8",
            [row.platform, start, as_of.date()],
        ).fetchall()
        found.append(
            Timeline(
                row.platform,
                row.name,
                market,
                tuple(TimelinePoint(*p) for p in points),
                tuple(TimelineMark(*m) for m in marks),
            )
        )
    return tuple(found)


def _health(con: Connection, run_id: str) -> tuple[HealthLine, ...]:
    rows = con.execute(
        """
        SELECT h.source_id, h.source_id, h.state,
               (SELECT max(fetched_at) FROM mart.source_health o
                 WHERE o.source_id = h.source_id AND o.state IN ('ok', 'not_modified')), h.detail
        FROM mart.source_health h WHERE run_id = ? ORDER BY h.state IN ('ok', 'not_modified'), h.source_id""",
        [run_id],
    ).fetchall()
    return tuple(HealthLine(*row) for row in rows)

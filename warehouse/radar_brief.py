"""The radar's lines for a brief, read from the published snapshot."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from trendwarte.radar.candidates import Candidate, Ground
from trendwarte.radar.facts import RadarLine, candidate_lines, watched_lines
from trendwarte.radar.momentum import Standing
from trendwarte.settings import Platform
from trendwarte.types import Evidence
from warehouse.connection import Connection, rows_of

_SERIES_DAYS = 180
_Series = dict[tuple[str, str, str], list[tuple[date, float]]]


def radar_lines(
    published: Path, platforms: Mapping[str, Platform], markets: Sequence[str], as_of: datetime
) -> tuple[RadarLine, ...]:
    """What rises and fades as the newest night up to ``as_of`` knew it: watched platforms first, then new names.

    Args:
        markets: jurisdictions of the reader with those above them; GLOBAL is added.
    """
    with duckdb.connect(str(published), read_only=True) as con:
        con.execute("SET TimeZone = 'UTC'")
        night = con.execute("SELECT max(as_of) FROM mart.momentum_stages WHERE as_of <= ?", [as_of]).fetchone()
        if not night or night[0] is None:
            return ()
        at: datetime = night[0]
        standings = rows_of(
            con,
            "SELECT platform, market, stage, stage_since, spark_on, peak_on, durability, inputs, bursting"
            " FROM mart.momentum_stages WHERE as_of = ?",
            [at],
        )
        watched = watched_lines(
            [Standing(**row) for row in standings], platforms, _series(con, at), [*markets, "GLOBAL"], at.date()
        )
        return (*watched, *candidate_lines(_candidates(con, at), _counts(con, at)))


def _series(con: Connection, at: datetime) -> _Series:
    rows = con.execute(
        "SELECT platform, market, input, measured_on, level FROM mart.momentum"
        " WHERE measured_on > $since AND measured_on <= $day AND date_diff('day', measured_on, $day) % 7 = 0"
        " ORDER BY measured_on",
        {"since": at.date() - timedelta(days=_SERIES_DAYS), "day": at.date()},
    ).fetchall()
    found: _Series = {}
    for platform, market, name, day, level in rows:
        found.setdefault((platform, market, name), []).append((day, level))
    return found


def _candidates(con: Connection, at: datetime) -> list[Candidate]:
    rows = rows_of(con, "SELECT * FROM mart.candidates WHERE as_of = ? AND status = 'candidate' ORDER BY place", [at])
    return [
        Candidate(
            **row
            | {
                "reasons": tuple(_ground(raw) for raw in json.loads(row["reasons"])),
                "evidence": tuple(_evidence(raw) for raw in json.loads(row["evidence"])),
            }
        )
        for row in rows
    ]


def _counts(con: Connection, at: datetime) -> dict[str, list[tuple[date, float]]]:
    """Texts per week and name, oldest first."""
    rows = con.execute(
        "SELECT name_key, (date_trunc('week', seen_on))::DATE AS week, count(*) FROM radar_mentions"
        " WHERE seen_on > ? AND known_from <= ? GROUP BY ALL ORDER BY week",
        [at.date() - timedelta(days=_SERIES_DAYS), at],
    ).fetchall()
    found: dict[str, list[tuple[date, float]]] = {}
    for key, week, count in rows:
        found.setdefault(key, []).append((week, float(count)))
    return found


def _ground(raw: dict[str, Any]) -> Ground:
    return Ground(**raw | {"on": date.fromisoformat(raw["on"]) if "on" in raw else None})


def _evidence(raw: dict[str, Any]) -> Evidence:
    return Evidence(**raw | {"published_at": datetime.fromisoformat(raw["published_at"]).astimezone(UTC)})

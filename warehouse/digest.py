"""The facts of a weekly digest, from the open warehouse, and those of the operator's page, from the snapshot."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from trendwarte.brief_facts import (
    DigestFacts,
    HealthLine,
    LegalLine,
    OperatorFacts,
    RunLine,
    SilenceLine,
    Standing,
    StuckMessage,
)
from trendwarte.explaining import binds
from trendwarte.settings import Client, Settings
from warehouse.brief import deadlines_of
from warehouse.connection import Connection, query_text, rows_of
from warehouse.verdicts import alert_of

_RUNS = 14
_MESSAGE_DAYS = 30


def digest_facts(con: Connection, client: Client, since: datetime, until: datetime, settings: Settings) -> DigestFacts:
    """One client's alerts after ``since`` up to ``until``, what is still critical, and the legal dates ahead."""
    rows = rows_of(
        con,
        "SELECT * FROM alerts WHERE client = ? AND as_of > ? AND as_of <= ? AND status IN ('queued', 'digest')"
        " ORDER BY as_of, platform, purpose",
        [client.id, since, until],
    )
    alerts = [alert_of(row) for row in rows]
    notes = tuple(alert for alert in alerts if alert.status == "digest")
    places = _with_parents([market.jurisdiction for market in client.markets], settings)
    legal = [LegalLine(**row) for row in rows_of(con, query_text("legal_now"), {"places": places})]
    wanted = set(client.platforms or settings.platforms) | {"all_social"}
    horizon = settings.alerts.deadline_horizon_days
    return DigestFacts(
        client=client.id,
        since=since,
        until=until,
        told=tuple(alert for alert in alerts if alert.status == "queued"),
        notes=notes,
        over_budget=len({(one.platform, one.as_of) for one in notes if "budget" in one.status_reason}),
        critical=_critical(con, client),
        deadlines=deadlines_of([line for line in legal if line.platform in wanted], until.date(), horizon),
    )


def _critical(con: Connection, client: Client) -> tuple[Standing, ...]:
    active = [platform for platform, presence in client.presence.items() if presence == "active"]
    rows = con.execute(
        "SELECT platform, list(purpose ORDER BY purpose), band, any_value(floor),"
        " coalesce(any_value(floors[0]->>'detail'), ''), any_value(floors[0]->>'cap') FROM verdicts WHERE client = ?"
        " AND as_of = (SELECT max(as_of) FROM verdicts WHERE client = ?) AND band IN ('avoid', 'exit')"
        " AND platform IN (SELECT unnest(?::VARCHAR[])) GROUP BY platform, band ORDER BY band DESC, platform",
        [client.id, client.id, active],
    ).fetchall()
    return tuple(
        Standing(platform, tuple(purposes), band, floor if floor and binds(cap, band) else None, detail)
        for platform, purposes, band, floor, detail, cap in rows
    )


def _with_parents(places: list[str], settings: Settings) -> list[str]:
    found: dict[str, None] = {}
    for place in places:
        above: str | None = place
        while above is not None and above not in found:
            found[above] = None
            above = settings.jurisdictions[above].parent
    return list(found)


def operator_facts(published: Path, as_of: datetime) -> OperatorFacts:
    """The last nights, messages that have not arrived, silences that hold, and the sources of the last night."""
    with duckdb.connect(str(published), read_only=True) as con:
        con.execute("SET TimeZone = 'UTC'")
        runs = rows_of(con, "SELECT * FROM mart.runs WHERE as_of <= ? ORDER BY as_of DESC LIMIT ?", [as_of, _RUNS])
        since = as_of - timedelta(days=_MESSAGE_DAYS)
        messages = con.execute(
            "SELECT status, count(*) FROM main.messages WHERE queued_at >= ? GROUP BY 1 ORDER BY 1", [since]
        ).fetchall()
        stuck = rows_of(
            con,
            "SELECT message_id, client, channel, subject, status, attempts, queued_at, last_detail AS detail"
            " FROM main.messages WHERE status NOT IN ('sent') AND queued_at >= ? ORDER BY queued_at DESC LIMIT 50",
            [since],
        )
        silences = rows_of(con, "SELECT * FROM main.silences WHERE until_at > ? ORDER BY until_at", [as_of])
        run_id = runs[0]["run_id"] if runs else ""
        health = con.execute(
            "SELECT source_id, state, NULL, detail FROM mart.source_health WHERE run_id = ?"
            " ORDER BY state IN ('ok', 'not_modified'), source_id",
            [run_id],
        ).fetchall()
    return OperatorFacts(
        as_of, tuple(_run_line(row) for row in runs), tuple(messages), tuple(StuckMessage(**row) for row in stuck),
        tuple(_silence_line(row) for row in silences), tuple(HealthLine(*row) for row in health),
    )  # fmt: skip


def _run_line(row: dict[str, Any]) -> RunLine:
    counts, seconds = json.loads(row["counts"]), json.loads(row["durations_s"])
    return RunLine(
        row["as_of"], row["outcome"], row["baseline_reason"], counts.get("documents_new", 0), counts.get("alerts", 0),
        sum(seconds.values()), tuple(json.loads(row["problems"])),
    )  # fmt: skip


def _silence_line(row: dict[str, Any]) -> SilenceLine:
    parts = (f"{name} {row[name]}" for name in ("client", "platform", "purpose", "severity", "channel"))
    what = ", ".join(part for part in parts if not part.endswith(" *")) or "*"
    return SilenceLine(row["silence_id"], what, row["until_at"], row["author"], row["reason"])

"""The facts of the briefs, read from the published snapshot: few set-based queries for all clients together."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from trendwarte.brief_facts import (
    BriefFacts,
    ChangeLine,
    Deadline,
    HealthLine,
    LegalLine,
    MatrixCell,
    MatrixRow,
    Timeline,
    TimelineMark,
    TimelinePoint,
)
from trendwarte.ledger import PAUSED
from trendwarte.polling import ANSWERED
from trendwarte.settings import AlertRules
from trendwarte.types import Term
from warehouse.connection import Connection, query_text, rows_of
from warehouse.verdicts import alert_of, evidence_of, reason_of

_PRESENCES = ("active", "parked", "none")
_CHANGE_DAYS = 30
_TIMELINE_DAYS = 90
_TIMELINES_MAX = 6
_MARKS_MAX = 6
_ALERTS_MAX = 60
#: States in which a date still lies ahead or waits for confirmation.
_OPEN_STATES = ("scheduled", "delayed", "non_enforced", "adopted", "in_force")


def brief_facts(
    published: Path, clients: Sequence[str], time_zone: str, version: str, rules: AlertRules
) -> list[BriefFacts]:
    """Everything the briefs of ``clients`` show, as of the newest night that judged each; same order.

    Raises:
        KeyError: a client has no verdict yet.
    """
    with duckdb.connect(str(published), read_only=True) as con:
        con.execute("SET TimeZone = 'UTC'")
        desk = _Desk(con, clients, rules)
        return [desk.facts(client, time_zone, version) for client in clients]


class _Desk:
    """All rows the briefs need, fetched once and handed out by client."""

    def __init__(self, con: Connection, clients: Sequence[str], rules: AlertRules) -> None:
        self._rules = rules
        self._clients = {row["client"]: row for row in rows_of(con, "SELECT * FROM mart.clients")}
        self._nights = {row["client"]: row for row in rows_of(con, _NIGHTS)}
        missing = [client for client in clients if client not in self._nights or client not in self._clients]
        if missing:
            raise KeyError(missing[0])
        self._until: datetime = max((self._nights[client]["as_of"] for client in clients), default=datetime.min)
        self._rows = _matrix(con, clients, {c: json.loads(self._clients[c]["presence"]) for c in clients})
        self._purposes = {c: tuple(json.loads(self._clients[c]["purposes"])) for c in clients}
        self._markets: dict[str, dict[str, float]] = {c: json.loads(self._clients[c]["markets"]) for c in clients}
        self._changes = _changes(con, clients, self._until)
        self._places = con.execute("SELECT jurisdiction, name_de, name_en, parent FROM jurisdictions").fetchall()
        self._parents = {place: parent for place, _, _, parent in self._places}
        self._instruments = tuple(con.execute("SELECT instrument, name_de, name FROM instruments").fetchall())
        self._legal = rows_of(con, _LEGAL, {"paused": sorted(PAUSED), "on": self._until.date()})
        self._timelines = _timelines(con, self._charted(clients), self._until.date(), self._above)
        self._health = {run: _health(con, run) for run in {self._nights[c]["run_id"] for c in clients}}
        since = self._until - timedelta(days=_TIMELINE_DAYS)
        self._alerts = rows_of(con, _ALERTS, {"clients": list(clients), "since": since, "most": _ALERTS_MAX})

    def facts(self, client: str, time_zone: str, version: str) -> BriefFacts:
        """The brief of one client."""
        night, markets = self._nights[client], self._markets[client]
        rows = tuple(_in_order(row, self._purposes[client]) for row in self._rows[client])
        legal = self._legal_of(client, {row.platform for row in rows})
        alerts = [alert_of(row) for row in self._alerts if row["client"] == client]
        return BriefFacts(
            client=client,
            client_name=self._clients[client]["name"],
            as_of=night["as_of"],
            time_zone=time_zone,
            run_id=night["run_id"],
            version=version,
            scoring_version=night["config_fingerprint"],
            is_degraded=night["outcome"] == "degraded",
            markets=tuple(sorted(markets.items(), key=lambda pair: -pair[1])),
            purposes=self._purposes[client],
            rows=rows,
            changes=tuple(change for owner, change in self._changes if owner == client),
            legal=legal,
            timelines=tuple(self._timelines[pair] for pair in self._charted([client]) if pair in self._timelines),
            health=self._health[night["run_id"]],
            deadlines=deadlines_of(legal, night["as_of"].date(), self._rules.deadline_horizon_days),
            alerts=tuple(alerts),
            risk_zones=self._rules.risk_zones,
            horizon_days=self._rules.deadline_horizon_days,
            place_names=tuple((place, de, en) for place, de, en, _ in self._places),
            instrument_names=self._instruments,
        )

    def _charted(self, clients: Iterable[str]) -> list[tuple[str, str, str]]:
        """(platform, name, heaviest market) of the platforms each client is on."""
        found: dict[tuple[str, str, str], None] = {}
        for client in clients:
            market = max(self._markets[client], key=lambda place: self._markets[client][place])
            active = [row for row in self._rows[client] if row.presence == "active"]
            found |= dict.fromkeys((row.platform, row.name, market) for row in active[:_TIMELINES_MAX])
        return list(found)

    def _above(self, place: str) -> set[str]:
        """A place and all that stands over it."""
        found = {place, "GLOBAL"}
        while (parent := self._parents.get(place)) is not None and parent not in found:
            found.add(parent)
            place = parent
        return found

    def _legal_of(self, client: str, platforms: set[str]) -> tuple[LegalLine, ...]:
        places = {above for market in self._markets[client] for above in self._above(market)}
        wanted = platforms | {"all_social"}
        return tuple(LegalLine(**r) for r in self._legal if r["jurisdiction"] in places and r["platform"] in wanted)


_NIGHTS = """
    SELECT v.client, r.run_id, r.as_of, r.outcome, r.config_fingerprint
    FROM (SELECT client, max(as_of) AS as_of, arg_max(run_id, as_of) AS run_id FROM mart.verdicts GROUP BY client) v
    JOIN mart.runs r USING (run_id)"""
_LEGAL = """
    SELECT s.platform, coalesce(p.name, s.platform) AS platform_name, s.jurisdiction, s.instrument, s.measure,
           s.state, s.valid_from, s.due_date, s.credibility, s.is_due_unverified,
           -- As trendwarte.ledger.is_dormant: a pause nobody touched for a year, with no date ahead.
           coalesce(s.state IN (SELECT unnest($paused::VARCHAR[])) AND coalesce(s.due_date < $on, true)
                    AND date_diff('day', s.valid_from, $on)
                        > (SELECT value FROM constants WHERE name = 'dormant_days'), false) AS is_dormant
    FROM mart.legal_status s LEFT JOIN mart.platforms p USING (platform)
    ORDER BY s.due_date NULLS LAST, s.valid_from DESC, s.platform, s.instrument"""
_ALERTS = """
    SELECT * FROM mart.alerts WHERE client IN (SELECT unnest($clients::VARCHAR[])) AND status = 'queued'
      AND as_of > $since
    QUALIFY row_number() OVER (PARTITION BY client ORDER BY as_of DESC, severity, platform, purpose) <= $most
    ORDER BY as_of DESC, severity, platform, purpose"""


def deadlines_of(legal: Iterable[LegalLine], today: date, horizon_days: int) -> tuple[Deadline, ...]:
    """Legal dates ahead, and those that have passed and nobody confirmed; nearest first."""
    latest = today + timedelta(days=horizon_days)
    found = [
        Deadline(line.platform, line.platform_name, line.jurisdiction, line.instrument, line.measure, line.state,
                 line.due_date, line.is_due_unverified)
        for line in legal
        if line.due_date is not None and line.due_date <= latest and line.state in _OPEN_STATES
        and (line.due_date >= today or line.is_due_unverified)
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda d: (d.due_date, d.platform_name, d.instrument)))


def _matrix(
    con: Connection, clients: Sequence[str], presence: Mapping[str, Mapping[str, Any]]
) -> dict[str, list[MatrixRow]]:
    rows = rows_of(con, query_text("brief_matrix"), {"clients": list(clients), "days": _CHANGE_DAYS})
    cells: dict[str, dict[tuple[str, str], list[MatrixCell]]] = {client: {} for client in clients}
    for row in rows:
        key = (row.pop("platform"), row.pop("name"))
        cells[row.pop("client")].setdefault(key, []).append(MatrixCell(**row))
    return {
        client: [
            MatrixRow(platform, name, presence[client].get(platform, "none"), tuple(found))
            for (platform, name), found in by_platform.items()
        ]
        for client, by_platform in cells.items()
    }


def _in_order(row: MatrixRow, purposes: Sequence[Any]) -> MatrixRow:
    by_purpose = {cell.purpose: cell for cell in row.cells}
    return MatrixRow(row.platform, row.name, row.presence, tuple(by_purpose[p] for p in purposes if p in by_purpose))


def _changes(con: Connection, clients: Sequence[str], until: datetime) -> list[tuple[str, ChangeLine]]:
    since = until - timedelta(days=_CHANGE_DAYS)
    rows = rows_of(con, query_text("brief_changes"), {"clients": list(clients), "since": since, "until": until})
    found = []
    for row in rows:
        alert = row.pop("alert") or {}
        evidence, counter, reasons = (json.loads(alert.get(k) or "[]") for k in ("evidence", "counter", "reasons"))
        row |= {
            "purposes": tuple(row["purposes"]),
            "terms": tuple(_term(term) for term in row["terms"] or ()),
            "evidence": tuple(evidence_of(raw) for raw in evidence),
            "counter_evidence": tuple(evidence_of(raw) for raw in counter),
            "reasons": tuple(reason_of(raw) for raw in reasons),
        }
        found.append((row.pop("client"), ChangeLine(**row)))
    return found


def _term(row: Mapping[str, Any]) -> Term:
    lists = {name: tuple(json.loads(row[name])) for name in ("event_ids", "instruments")}
    return Term(**row | lists)  # type: ignore[operator]


def _timelines(
    con: Connection, wanted: Sequence[tuple[str, str, str]], until: date, above: Any
) -> dict[tuple[str, str, str], Timeline]:
    """90 days of each platform and place: the highest dimension of the day with its bounds, and the events."""
    start = until - timedelta(days=_TIMELINE_DAYS)
    platforms, places = [p for p, _, _ in wanted], [place for _, _, place in wanted]
    risk = rows_of(
        con, query_text("brief_risk"), {"platforms": platforms, "places": places, "start": start, "until": until}
    )
    marks = rows_of(con, query_text("brief_marks"), {"platforms": platforms, "start": start, "until": until})
    steps: dict[tuple[str, str], dict[date, list[dict[str, Any]]]] = {}
    for row in risk:
        steps.setdefault((row["platform"], row["jurisdiction"]), {}).setdefault(row["day"], []).append(row)
    found = {}
    for platform, name, place in wanted:
        known = above(place)
        near = [m for m in marks if m["platform"] == platform and m["jurisdiction"] in known][:_MARKS_MAX]
        in_time = sorted(near, key=lambda m: m["day"])
        found[platform, name, place] = Timeline(
            platform, name, place, _daily(steps.get((platform, place), {}), start, until),
            tuple(TimelineMark(m["day"], m["title"], m["polarity"], m["lang"]) for m in in_time),
        )  # fmt: skip
    return found


def _daily(steps: Mapping[date, list[dict[str, Any]]], start: date, until: date) -> tuple[TimelinePoint, ...]:
    now: dict[str, tuple[float, float, float]] = {}
    points = []
    for offset in range((until - start).days + 1):
        day = start + timedelta(days=offset)
        now |= {row["dimension"]: (row["value"], row["low"], row["high"]) for row in steps.get(day, ())}
        if now:
            points.append(TimelinePoint(day, *max(now.values())))
    return tuple(points)


def _health(con: Connection, run_id: str) -> tuple[HealthLine, ...]:
    rows = con.execute(
        """
        WITH answered AS (SELECT unnest($answered::VARCHAR[]) AS state),
        good AS (SELECT source_id, max(fetched_at) AS last_ok_at FROM mart.source_health
                 WHERE state IN (FROM answered) GROUP BY source_id)
        SELECT h.source_id, h.state, g.last_ok_at, h.detail
        FROM mart.source_health h LEFT JOIN good g USING (source_id)
        WHERE run_id = $run ORDER BY h.state IN (FROM answered), h.source_id""",
        {"run": run_id, "answered": sorted(ANSWERED)},
    ).fetchall()
    return tuple(HealthLine(*row) for row in rows)

"""Verdicts, their changes and the alerts that follow."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import UTC, date, datetime
from typing import Any

from trendwarte.alerting import Told
from trendwarte.types import Alert, Evidence, Floor, Reason, Term, Verdict
from warehouse.connection import Connection, insert, rows_of

_PLAIN = (
    "as_of", "client", "platform", "purpose", "band", "raw_band", "score", "fit", "coverage", "risk", "confidence",
    "streak_up", "streak_down", "low_since", "outlook",
)  # fmt: skip
VerdictKey = tuple[str, str, str]
_ALERT_FIELDS = tuple(one.name for one in fields(Alert))


class Verdicts:
    """The rows of ``verdicts``, ``score_terms``, ``verdict_changes`` and ``alerts``."""

    def __init__(self, con: Connection) -> None:
        self._con = con

    def latest(self, before: datetime) -> dict[VerdictKey, Verdict]:
        """The newest verdict of each client, platform and purpose before a night, with its terms."""
        rows = rows_of(
            self._con,
            "SELECT * FROM verdicts WHERE as_of < ?"
            " QUALIFY row_number() OVER (PARTITION BY client, platform, purpose ORDER BY as_of DESC) = 1",
            [before],
        )
        return {(r["client"], r["platform"], r["purpose"]): _verdict(r) for r in rows}

    def forget(self, as_of: datetime) -> None:
        """Drop what an interrupted or repeated night wrote for this very moment; alerts stay."""
        for table in ("verdicts", "score_terms", "verdict_changes", "risk_daily"):
            self._con.execute(f'DELETE FROM "{table}" WHERE as_of = ?', [as_of])  # noqa: S608 (names from above)

    def terms(self, before: datetime) -> dict[VerdictKey, tuple[Term, ...]]:
        """Terms of the newest scores before a night."""
        rows = self._con.execute(
            "SELECT client, platform, purpose, kind, name, points FROM score_terms WHERE as_of ="
            " (SELECT max(as_of) FROM verdicts WHERE as_of < ?)",
            [before],
        ).fetchall()
        found: dict[VerdictKey, tuple[Term, ...]] = {}
        for client, platform, purpose, kind, name, points in rows:
            found[client, platform, purpose] = (*found.get((client, platform, purpose), ()), Term(kind, name, points))
        return found

    def store(self, verdicts: Sequence[Verdict], run_id: str, *, is_baseline: bool) -> None:
        """Keep tonight's verdicts and the terms of their scores."""
        insert(self._con, "verdicts", [_row(v, run_id, is_baseline) for v in verdicts])
        terms = [
            {"as_of": v.as_of, "client": v.client, "platform": v.platform, "purpose": v.purpose, "kind": t.kind,
             "name": t.name, "points": t.points, "detail": t.detail, "event_ids": json.dumps(t.event_ids),
             "instruments": json.dumps(t.instruments)}
            for v in verdicts
            for t in v.terms
        ]  # fmt: skip
        insert(self._con, "score_terms", terms)

    def store_changes(
        self, pairs: Sequence[tuple[Verdict | None, Verdict]], run_id: str, causes: Mapping[VerdictKey, str], *,
        is_baseline: bool,
    ) -> int:  # fmt: skip
        """Keep every change of band or binding floor; gives how many there were."""
        rows = [
            {"as_of": now.as_of, "run_id": run_id, "client": now.client, "platform": now.platform,
             "purpose": now.purpose, "from_band": old.band if old else None, "to_band": now.band,
             "from_floor": old.floor if old else None, "to_floor": now.floor, "from_score": old.score if old else None,
             "to_score": now.score, "is_baseline": is_baseline,
             "cause": causes.get((now.client, now.platform, now.purpose), "baseline" if is_baseline else "score")}
            for old, now in pairs
            if old is None or (old.band, old.floor) != (now.band, now.floor)
        ]  # fmt: skip
        insert(self._con, "verdict_changes", rows)
        return len(rows)

    def recent_changes(self, since: datetime) -> dict[VerdictKey, int]:
        """How often each band changed since a night, baselines not counted."""
        rows = self._con.execute(
            "SELECT client, platform, purpose, count(*) FROM verdict_changes"
            " WHERE as_of >= ? AND NOT is_baseline AND from_band IS DISTINCT FROM to_band GROUP BY ALL",
            [since],
        ).fetchall()
        return {(c, p, u): n for c, p, u, n in rows}

    def told(self, since: datetime) -> list[Told]:
        """Alerts decided since a night."""
        rows = self._con.execute(
            "SELECT client, platform, purpose, rule, to_band, severity, as_of, status FROM alerts WHERE as_of >= ?",
            [since],
        ).fetchall()
        return [Told(*row) for row in rows]

    def store_alerts(self, alerts: Sequence[Alert]) -> None:
        """Keep alerts, the silent ones too: why nobody was told must be readable."""
        rows = []
        for alert in alerts:
            row = asdict(alert)
            row["event_ids"] = json.dumps(alert.event_ids)
            row |= {name: json.dumps(row[name], default=_plain) for name in ("reasons", "evidence", "counter_evidence")}
            rows.append(row)
        insert(self._con, "alerts", rows, "ON CONFLICT DO NOTHING")


def alert_of(row: Mapping[str, Any]) -> Alert:
    """An alert as it was stored."""
    lists: dict[str, Any] = {
        "event_ids": tuple(json.loads(row["event_ids"])),
        "reasons": tuple(reason_of(raw) for raw in json.loads(row["reasons"])),
        "evidence": tuple(evidence_of(raw) for raw in json.loads(row["evidence"])),
        "counter_evidence": tuple(evidence_of(raw) for raw in json.loads(row["counter_evidence"] or "[]")),
    }
    return Alert(**{name: row[name] for name in _ALERT_FIELDS if name not in lists}, **lists)


def evidence_of(raw: Mapping[str, Any]) -> Evidence:
    """A quote as it was stored."""
    return Evidence(**raw | {"published_at": datetime.fromisoformat(raw["published_at"]).astimezone(UTC)})  # type: ignore[operator]


def reason_of(raw: Mapping[str, Any]) -> Reason:
    """A reason as it was stored."""
    due = raw["due_date"]
    return Reason(**raw | {"due_date": date.fromisoformat(due) if due else None})  # type: ignore[operator]


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _row(verdict: Verdict, run_id: str, is_baseline: bool) -> dict[str, Any]:
    row = {name: getattr(verdict, name) for name in _PLAIN}
    return row | {
        "run_id": run_id,
        "is_baseline": is_baseline,
        "floor": verdict.floor,
        "floors": json.dumps([asdict(floor) for floor in verdict.floors], default=_plain),
        "relaxing": json.dumps(verdict.relaxing, default=_plain),
    }


def _verdict(row: Mapping[str, Any]) -> Verdict:
    floors = tuple(
        Floor(**raw | {"due_date": date.fromisoformat(raw["due_date"]) if raw["due_date"] else None})
        for raw in json.loads(row["floors"])
    )
    relaxing = tuple((label, date.fromisoformat(until)) for label, until in json.loads(row["relaxing"]))
    return Verdict(**{name: row[name] for name in _PLAIN}, floors=floors, relaxing=relaxing)

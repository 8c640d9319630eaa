"""Nights and sources: what ran, how it ended, and how each source did."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import zstandard

from trendwarte.settings import Settings
from trendwarte.types import Payload, RunReport, SourceHealth, Validators
from warehouse.connection import Connection, insert, rows_of

_HARD, _SOFT = 1.0, 0.5
_FAILURE_WEIGHT = {"dead": _HARD, "blocked": _HARD, "parse_error": _HARD, "rate_limited": _SOFT, "unreachable": _SOFT}


class Runs:
    """The rows of ``runs``."""

    def __init__(self, con: Connection) -> None:
        self._con = con

    def last_judged(self) -> dict[str, Any] | None:
        """The newest night that ended with verdicts, as a row of ``runs``; None before the first."""
        found = rows_of(
            self._con,
            "SELECT * FROM runs WHERE outcome IN ('ok', 'degraded') AND EXISTS"
            " (FROM verdicts v WHERE v.run_id = runs.run_id) ORDER BY as_of DESC, started_at DESC LIMIT 1",
        )
        return found[0] if found else None

    def is_known(self, run_id: str) -> bool:
        """Whether a night with this id was written down before."""
        return bool(self._con.execute("FROM runs WHERE run_id = ?", [run_id]).fetchall())

    def begin(self, report: RunReport, *, started_at: datetime, engine: str, fingerprint: str, reader: str) -> None:
        """Write the row of a night that starts; one that crashed under the same id is written over."""
        self._con.execute("DELETE FROM runs WHERE run_id = ?", [report.run_id])
        row = {
            "run_id": report.run_id, "as_of": report.as_of, "started_at": started_at, "outcome": "running",
            "engine": engine, "config_fingerprint": fingerprint, "reader_version": reader,
        }  # fmt: skip
        insert(self._con, "runs", [row])

    def finish(self, report: RunReport, finished_at: datetime) -> None:
        """Write how the night ended."""
        self._con.execute(
            "UPDATE runs SET finished_at = ?, outcome = ?, is_baseline = ?, baseline_reason = ?, counts = ?,"
            " durations_s = ?, problems = ? WHERE run_id = ?",
            [finished_at, report.outcome, report.is_baseline, report.baseline_reason, json.dumps(report.counts),
             json.dumps(report.durations_s), json.dumps(report.problems), report.run_id],
        )  # fmt: skip


class SourceStates:
    """What we hold about each source: validators, next visit, failures; and its health night by night."""

    def __init__(self, con: Connection) -> None:
        self._con = con

    def validators(self) -> dict[str, Validators]:
        """Validators of every source that ever answered."""
        rows = self._con.execute("SELECT source_id, etag, last_modified, body_hash FROM source_state").fetchall()
        return {source_id: Validators(*rest) for source_id, *rest in rows}

    def waiting(self, now: datetime) -> dict[str, datetime]:
        """Sources that asked us to come back later, and when."""
        rows = self._con.execute(
            "SELECT source_id, next_fetch_at FROM source_state WHERE next_fetch_at > ?", [now]
        ).fetchall()
        return dict(rows)

    def record(self, run_id: str, health: Iterable[tuple[SourceHealth, Validators | None, datetime | None]]) -> None:
        """Keep one row per source and run, and the state to continue from.

        Validators are only kept when the documents behind them are stored in the same transaction.
        """
        rows = list(health)
        self._con.execute("DELETE FROM source_health WHERE run_id = ?", [run_id])
        insert(
            self._con,
            "source_health",
            [{k: v for k, v in asdict(one).items() if k != "newest_at"} | {"run_id": run_id} for one, _, _ in rows],
        )
        for one, validators, next_fetch_at in rows:
            self._update_state(one, validators, next_fetch_at)

    def _update_state(self, one: SourceHealth, validators: Validators | None, next_fetch_at: datetime | None) -> None:
        is_ok = one.state in ("ok", "not_modified", "empty", "stale", "undated")
        seen = validators or Validators()
        failures = _FAILURE_WEIGHT.get(one.state, 0.0)
        self._con.execute(
            """
            INSERT INTO source_state BY NAME
            SELECT $id AS source_id, $etag AS etag, $modified AS last_modified, $hash AS body_hash, $state AS state,
                   $at AS last_fetch_at, CASE WHEN $ok THEN $at END AS last_ok_at,
                   CASE WHEN $new > 0 THEN $at END AS last_new_at, $newest AS newest_published_at,
                   $failures::DOUBLE AS failures, $next AS next_fetch_at, $detail AS detail
            ON CONFLICT (source_id) DO UPDATE SET
                etag = CASE WHEN $ok THEN excluded.etag ELSE source_state.etag END,
                last_modified = CASE WHEN $ok THEN excluded.last_modified ELSE source_state.last_modified END,
                body_hash = CASE WHEN $ok THEN excluded.body_hash ELSE source_state.body_hash END,
                state = excluded.state, last_fetch_at = excluded.last_fetch_at, detail = excluded.detail,
                last_ok_at = coalesce(excluded.last_ok_at, source_state.last_ok_at),
                last_new_at = coalesce(excluded.last_new_at, source_state.last_new_at),
                newest_published_at = greatest(excluded.newest_published_at, source_state.newest_published_at),
                failures = CASE WHEN $ok THEN 0 ELSE source_state.failures + excluded.failures END,
                next_fetch_at = excluded.next_fetch_at
            """,
            {
                "id": one.source_id, "etag": seen.etag, "modified": seen.last_modified, "hash": seen.body_hash,
                "state": one.state, "at": one.fetched_at, "ok": is_ok, "new": one.new_documents,
                "newest": one.newest_at, "failures": failures, "next": next_fetch_at, "detail": one.detail,
            },
        )  # fmt: skip

    def newest(self) -> dict[str, datetime]:
        """Newest publication date each source ever showed."""
        rows = self._con.execute(
            "SELECT source_id, newest_published_at FROM source_state WHERE newest_published_at IS NOT NULL"
        ).fetchall()
        return dict(rows)

    def keep_payloads(self, payloads: Iterable[Payload], keep_days: int, now: datetime) -> None:
        """Keep raw bytes for re-reading, and forget those past their time (storage limitation)."""

        packer = zstandard.ZstdCompressor(level=6)
        rows = [
            {"payload_hash": sha256(p.body).hexdigest(), "source_id": p.source_id, "url": p.url,
             "fetched_at": p.fetched_at, "content_type": p.content_type, "body_zstd": packer.compress(p.body)}
            for p in payloads
        ]  # fmt: skip
        insert(self._con, "payloads", rows, "ON CONFLICT DO NOTHING")
        self._con.execute("DELETE FROM payloads WHERE fetched_at < ?", [now - timedelta(days=keep_days)])


def load_configuration(con: Connection, settings: Settings) -> None:
    """Put the constants and names of the configuration into tables, so that a score can be recomputed in SQL."""
    s = settings.scoring
    tables: dict[str, list[dict[str, Any]]] = {
        "platforms": [
            {"platform": p.id, "name": p.name, "owner": p.owner, "home": p.home} for p in settings.platforms.values()
        ],
        "clients": [
            {"client": c.id, "name": c.name, "sector": c.sector, "lang": c.language,
             "markets": json.dumps({m.jurisdiction: m.weight for m in c.markets}),
             "purposes": json.dumps(c.purposes), "presence": json.dumps(c.presence)}
            for c in settings.clients.values()
        ],
        "instruments": [
            {"instrument": i.id, "name": i.name, "jurisdiction": i.jurisdiction, "measure": i.measure}
            for i in settings.instruments.values()
        ],
        "jurisdictions": [
            {"jurisdiction": j.id, "name_de": j.name_de, "name_en": j.name_en, "parent": j.parent}
            for j in settings.jurisdictions.values()
        ],
        "state_levels": [
            {"state": state, "level": level, "rise": s.clock_rise.get(state, (0, 1))[0],
             "rise_half_life_days": s.clock_rise.get(state, (0, 1))[1]}
            for state, level in s.state_levels.items()
        ],
        "gravities": [{"measure": measure, "gravity": g} for measure, g in s.gravities.items()],
        "decay_rules": [
            {"dimension": d, "plateau_days": r.plateau_days, "half_life_days": r.half_life_days,
             "index_weight": r.weight}
            for d, r in s.decay.items()
        ],
        "base_rates": [
            {"platform": p.id, "dimension": d, "rate": rate}
            for p in settings.platforms.values()
            for d, rate in p.base_rates.items()
        ],
        "constants": [
            {"name": name, "value": float(value)}
            for name, value in s.model_dump().items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        ],
    }  # fmt: skip
    for table, rows in tables.items():
        con.execute(f'DELETE FROM "{table}"')  # noqa: S608 (names from the dictionary above)
        insert(con, table, rows)

"""Nights: what ran, how it ended, and under which configuration."""

import json
from collections.abc import Mapping
from datetime import datetime
from itertools import count
from typing import Any

from trendwarte.settings import Settings
from trendwarte.types import RunReport
from warehouse.connection import Connection, insert, rows_of


class Runs:
    """The rows of ``runs``."""

    def __init__(self, con: Connection) -> None:
        self._con = con

    def last_judged(self) -> dict[str, Any] | None:
        """The newest night that ended with verdicts, as a row of ``runs``; None before the first."""
        # One by one, newest first: a join would read every verdict there is, and the first one nearly always has some.
        for place in count():
            ended = rows_of(
                self._con,
                # By the id at last: without a whole order an offset may skip one row and give another twice.
                "SELECT * FROM runs WHERE outcome IN ('ok', 'degraded')"
                " ORDER BY as_of DESC, started_at DESC, run_id DESC LIMIT 1 OFFSET ?",
                [place],
            )
            if not ended or self._has_verdicts(ended[0]):
                return ended[0] if ended else None
        return None

    def _has_verdicts(self, run: Mapping[str, Any]) -> bool:
        found = self._con.execute(
            "SELECT 1 FROM verdicts WHERE as_of = ? AND run_id = ? LIMIT 1", [run["as_of"], run["run_id"]]
        )
        return bool(found.fetchall())

    def judged_before(self, as_of: datetime, nights: int = 1) -> datetime | None:
        """The judged night so many nights before a moment; None when there were fewer."""
        row = self._con.execute(
            "SELECT as_of FROM runs WHERE as_of < ? AND outcome IN ('ok', 'degraded')"
            " ORDER BY as_of DESC LIMIT 1 OFFSET ?",
            [as_of, nights - 1],
        ).fetchone()
        return row[0] if row else None

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

    def fail(self, run_id: str, as_of: datetime, problem: str, at: datetime) -> None:
        """Write that a night ended in an error; what its finished steps committed stands."""
        if not self.is_known(run_id):
            insert(self._con, "runs", [
                {"run_id": run_id, "as_of": as_of, "started_at": at, "outcome": "running", "engine": "",
                 "config_fingerprint": "", "reader_version": ""}
            ])  # fmt: skip
        self._con.execute(
            "UPDATE runs SET finished_at = ?, outcome = 'failed', problems = ?"
            " WHERE run_id = ? AND outcome = 'running'",
            [at, json.dumps([problem]), run_id],
        )

    def finish(self, report: RunReport, finished_at: datetime) -> None:
        """Write how the night ended."""
        self._con.execute(
            "UPDATE runs SET finished_at = ?, outcome = ?, is_baseline = ?, baseline_reason = ?, counts = ?,"
            " durations_s = ?, problems = ? WHERE run_id = ?",
            [finished_at, report.outcome, report.is_baseline, report.baseline_reason, json.dumps(report.counts),
             json.dumps(report.durations_s), json.dumps(report.problems), report.run_id],
        )  # fmt: skip


def _loaded_fingerprint(con: Connection) -> str:
    found = con.execute(
        "SELECT config_fingerprint FROM runs WHERE outcome IN ('ok', 'degraded') ORDER BY as_of DESC LIMIT 1"
    ).fetchone()
    return str(found[0]) if found else ""


def load_configuration(con: Connection, settings: Settings) -> None:
    """Put the constants and names of the configuration into tables, so that a score can be recomputed in SQL.

    What the last judged night loaded is not loaded again: its fingerprint says what stands there.
    """
    if settings.fingerprint and settings.fingerprint == _loaded_fingerprint(con):
        return
    for table, rows in _configuration_tables(settings).items():
        con.execute(f'DELETE FROM "{table}"')  # noqa: S608 (names from the dictionary above)
        insert(con, table, rows)
    # They were computed with the decay of before; the next night that learns something makes them anew.
    con.execute("DELETE FROM evidence_marks")


def _configuration_tables(settings: Settings) -> dict[str, list[dict[str, Any]]]:
    """Rows per table."""
    s = settings.scoring
    return {
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
            {"instrument": i.id, "name": i.name, "name_de": i.name_in("de"), "jurisdiction": i.jurisdiction,
             "measure": i.measure}
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

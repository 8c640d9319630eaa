"""The export: what others read, as JSON Lines and Parquet, from the published copy."""

import json
from pathlib import Path
from typing import Any

import duckdb

from warehouse.connection import rows_of
from warehouse.publish import export_parquet

_EXPORTS = {
    "events": """
        SELECT event_id, platform, jurisdiction, instrument, topic, legal_stage, factuality, polarity,
               severity AS importance, event_date, first_seen_at, credibility, origins, documents, title,
               (SELECT list(DISTINCT document_id ORDER BY document_id) FROM signals s WHERE s.event_id = e.event_id)
                   AS document_ids
        FROM mart.events e ORDER BY first_seen_at, event_id""",
    "ledger": """
        SELECT platform, jurisdiction, instrument, measure, state, due_date AS due, valid_from, known_from, event_id,
               credibility, rule FROM mart.ledger ORDER BY row_id""",
    "risk": """
        SELECT as_of, platform, jurisdiction, dimension, value, low, high, confidence FROM (
            SELECT *, lag(value) OVER (PARTITION BY platform, jurisdiction, dimension ORDER BY as_of) AS old
            FROM mart.risk_daily) WHERE old IS NULL OR abs(value - old) >= 0.5
        ORDER BY as_of, platform, jurisdiction, dimension""",
    "verdicts": """
        SELECT as_of, client, platform, purpose, to_band AS band, to_score AS score, to_floor AS floor,
               from_band AS previous_band, [cause] AS reasons
        FROM mart.verdict_changes ORDER BY as_of, client, platform, purpose""",
    "alerts": """
        SELECT alert_id, as_of, client, platform, purpose, severity, from_band, to_band, rule, event_ids, title,
               evidence, status, status_reason FROM mart.alerts ORDER BY as_of, alert_id""",
}


def export(published: Path, out: Path, summary: dict[str, Any]) -> None:
    """Write the contract files (JSON Lines, ``summary.json``) and Parquet of every ``mart`` view to ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(published), read_only=True) as con:
        con.execute("SET TimeZone = 'UTC'")
        for name, sql in _EXPORTS.items():
            with (out / f"{name}.jsonl").open("w", encoding="utf-8") as stream:
                for row in rows_of(con, sql):
                    stream.write(json.dumps(_shaped(name, row), ensure_ascii=False, default=_iso) + "\n")
    (out / "summary.json").write_text(json.dumps(summary, indent=1, ensure_ascii=False, default=_iso), "utf-8")
    export_parquet(published, out / "parquet")


def _shaped(name: str, row: dict[str, Any]) -> dict[str, Any]:
    if name == "alerts":
        evidence = json.loads(row["evidence"])
        row["event_ids"] = json.loads(row["event_ids"])
        row["evidence"] = [
            {"title": e["title"], "url": e["url"], "source": e["outlet"], "published_at": e["published_at"]}
            for e in evidence
        ]
    return row


def _iso(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)

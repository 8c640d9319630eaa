"""Facts from the published warehouse: the export, and a verdict taken apart."""

import json
import resource
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from trendwarte.reading import READER_VERSION
from trendwarte.types import RunReport
from warehouse import export, query


def write_export(state: Path, out: Path, reports: Sequence[RunReport]) -> None:
    """The contract files with ``summary.json``: counts, seconds per step, peak memory, versions."""
    counts: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    for report in reports:
        counts.update(report.counts)
        seconds.update(report.durations_s)
    summary = {
        "nights": len(reports),
        "counts": dict(counts),
        "durations_s": {step: round(value, 2) for step, value in seconds.items()},
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "versions": {"trendwarte": version("trendwarte"), "reader": READER_VERSION, "duckdb": version("duckdb")},
    }
    export(state / "published" / "trendwarte.duckdb", out, summary)


def explanation(state: Path, client: str, platform: str, purpose: str, as_of: str) -> list[dict[str, Any]]:
    """Verdicts of a client on a platform with their terms and the quotes behind them."""
    published = state / "published" / "trendwarte.duckdb"
    columns, rows = query(
        published, "SELECT * FROM mart.why(?, ?, ?) WHERE ? IN ('', purpose)", [client, platform, as_of, purpose]
    )
    found: dict[str, dict[str, Any]] = {}
    for row in (dict(zip(columns, values, strict=True)) for values in rows):
        verdict = found.setdefault(
            row["purpose"],
            {k: row[k] for k in ("as_of", "purpose", "band", "score", "floor")} | {"terms": [], "evidence": []},
        )
        verdict["terms"].append({k: row[k] for k in ("kind", "name", "points", "detail")})
        for event_id in json.loads(row["event_ids"] or "[]")[:1]:
            names, quotes = query(
                published,
                "SELECT s.evidence AS quote, d.url, d.outlet, s.published_at FROM mart.signals s"
                " JOIN mart.documents d USING (document_id) WHERE event_id = ? ORDER BY weight DESC LIMIT 1",
                [event_id],
            )
            verdict["evidence"] += [dict(zip(names, quote, strict=True)) for quote in quotes]
    return list(found.values())

"""Facts from the published warehouse: the export."""

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


def write_export(published: Path, out: Path, reports: Sequence[RunReport] = ()) -> dict[str, Any]:
    """The contract files with ``summary.json``: counts, seconds per step, peak memory, versions; gives the summary.

    Args:
        published: the published copy.
        out: folder for the files.
        reports: nights that this process has just run. The copy was made before the newest of them ended.
    """
    nights = _nights(published) | {r.run_id: (r.counts, r.durations_s) for r in reports if r.outcome in _JUDGED}
    counts: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    for told, lasted in nights.values():
        counts.update(told)
        seconds.update(lasted)
    summary = {
        "nights": len(nights),
        "counts": dict(counts),
        "durations_s": {step: round(value, 2) for step, value in seconds.items()},
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "versions": {"trendwarte": version("trendwarte"), "reader": READER_VERSION, "duckdb": version("duckdb")},
    }
    export(published, out, summary)
    return summary


# A repeated night ("unchanged") adds nothing: the one it repeats has the row.
_JUDGED = ("ok", "degraded")


def _nights(published: Path) -> dict[str, tuple[dict[str, int], dict[str, float]]]:
    """Counts and seconds of every judged night."""
    _, rows = query(
        published,
        "SELECT run_id, counts, durations_s FROM mart.runs WHERE list_contains(?, outcome) ORDER BY as_of, started_at",
        [list(_JUDGED)],
    )
    return {run_id: (json.loads(counts), json.loads(durations)) for run_id, counts, durations in rows}

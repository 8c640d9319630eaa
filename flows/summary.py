"""Facts from the published warehouse: the export."""

import resource
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from trendwarte.reading import READER_VERSION
from trendwarte.types import RunReport
from warehouse import export


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

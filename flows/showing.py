"""What the Prefect UI shows of a night: its sources as a table, its summary, links to the briefs, its progress.

Only inside a flow run; elsewhere, and when the server does not answer, nothing is shown and nothing fails.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from flows.house import House
from trendwarte.types import RunReport
from warehouse import QueryError, query

log = logging.getLogger("trendwarte")


def show_night(house: House, report: RunReport) -> None:
    """Leave artifacts of one night."""
    if not _is_in_flow():
        return
    from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

    with suppress(Exception):
        create_markdown_artifact(
            _summary(report), key="night", description=f"Night of {report.as_of:%Y-%m-%d %H:%M} UTC"
        )
        create_table_artifact(_sources(house, report), key="sources", description="How each source did")
        create_table_artifact(_changes(house, report), key="changes", description="Bands that changed")
        create_link_artifact((house.briefs / "index.html").resolve().as_uri(), "Briefs", key="briefs")


class Progress:
    """How far a series of nights is: a progress artifact, and a line for the terminal."""

    def __init__(self, total: int) -> None:
        self._total, self._done = max(1, total), 0
        self._artifact: UUID | None = None

    def step(self) -> float:
        """One more night is done; gives the share in percent."""
        self._done += 1
        share = round(100 * self._done / self._total, 1)
        if _is_in_flow():
            from prefect.artifacts import create_progress_artifact, update_progress_artifact

            with suppress(Exception):
                if self._artifact is None:
                    found = create_progress_artifact(share, key="backfill", description="Nights made up for")
                    self._artifact = found if isinstance(found, UUID) else None
                else:
                    update_progress_artifact(self._artifact, share)
        return share


def _is_in_flow() -> bool:
    import sys

    # Prefect takes a second to import: a night without it never does.
    if "prefect" not in sys.modules:
        return False
    from prefect.runtime import flow_run

    return bool(flow_run.id)


def _summary(report: RunReport) -> str:
    lines = [f"**{report.outcome}**" + (f", baseline: {report.baseline_reason}" if report.is_baseline else ""), ""]
    lines += [f"- {name.replace('_', ' ')}: {count}" for name, count in report.counts.items()]
    lines += ["", "Seconds: " + ", ".join(f"{step} {value}" for step, value in report.durations_s.items())]
    lines += ["", *(f"- ⚠ {problem}" for problem in report.problems)]
    return "\n".join(lines)


def _sources(house: House, report: RunReport) -> list[dict[str, Any]]:
    return _asked(
        house,
        "SELECT source_id AS source, state, status, documents, new_documents AS new, round(duration_s, 2) AS seconds,"
        " detail FROM mart.source_health WHERE run_id = ? ORDER BY state IN ('ok', 'not_modified'), source_id",
        [report.run_id],
    )


def _changes(house: House, report: RunReport) -> list[dict[str, Any]]:
    return _asked(
        house,
        "SELECT client, platform, purpose, from_band, to_band, cause FROM mart.verdict_changes"
        " WHERE run_id = ? AND NOT is_baseline ORDER BY ALL",
        [report.run_id],
    )


def _asked(house: House, sql: str, parameters: Sequence[Any]) -> list[dict[str, Any]]:
    try:
        columns, rows = query(house.published / "trendwarte.duckdb", sql, parameters)
    except QueryError:
        return []
    return [dict(zip(columns, row, strict=True)) for row in rows]

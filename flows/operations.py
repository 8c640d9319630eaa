"""What runs beside the night: the watch on authorities, the weekly round, maintenance, backfill, erasure."""

import shutil
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Literal

from flows.engine import Engine
from flows.house import House, exclusive, lake_of, opened
from flows.keeping import forget, put_out
from flows.replay import replay
from flows.showing import Progress
from flows.tell import deliver, write_briefs
from sources import ArchiveProblem
from trendwarte.errors import ConfigError
from trendwarte.settings import Settings
from trendwarte.types import RunReport
from warehouse import compacted, erase

_DRAFT_KEPT = timedelta(days=1)


def official_only(settings: Settings) -> Settings:
    """The settings with the sources of authorities only."""
    chosen = {key: source for key, source in settings.sources.items() if source.source_kind == "official"}
    return settings.model_copy(update={"sources": chosen})


def weekly(house: House, moment: datetime, engine: Engine) -> RunReport:
    """Write the briefs anew from the published copy, and try once more what waits in the outbox."""
    report = RunReport(run_id=f"digest-{moment:%Y%m%dT%H%M%SZ}", as_of=moment)
    if (house.published / "trendwarte.duckdb").is_file():
        write_briefs(house, report)
    deliver(house, moment, engine, report)
    return report


def maintained(settings: Settings, state: Path, moment: datetime) -> dict[str, int]:
    """Forget what is past its time, publish, compact the warehouse file; gives counts and bytes won.

    Raises:
        LockedError: a run holds the state folder.
    """
    with opened(settings, state) as house:
        done = forget(house, moment)
        if house.warehouse.runs.last_judged():
            put_out(house)
    with exclusive(state):
        before, after = compacted(state / "warehouse.duckdb")
    for draft in (state / "published" / "snapshots").glob(".draft-*"):
        shutil.rmtree(draft, ignore_errors=True)
    return done | {"bytes_before": before, "bytes_after": after}


def backfilled(
    settings: Settings,
    archives: Sequence[Path],
    start: date,
    end: date,
    state: Path,
    on_line: Callable[[str], None],
    on_problem: Callable[[ArchiveProblem], None],
) -> list[RunReport]:
    """A replay with progress: a line per night, and a bar in the Prefect UI.

    Raises:
        ConfigError: ``end`` lies before ``start``, or an archive is not there.
    """
    if end < start:
        raise ConfigError([f"--end: {end} lies before --start {start}; swap them"])
    progress = Progress((end - start).days + 1)

    def on_night(report: RunReport) -> None:
        on_line(f"{progress.step():5.1f} % {report.as_of:%Y-%m-%d} {report.outcome}")

    return replay(settings, archives, start, end, state, on_problem, on_night)


def erased(
    settings: Settings, state: Path, kind: Literal["document", "source"], target: str, reason: str, moment: datetime
) -> dict[str, int]:
    """Take content out on request: from the warehouse, from every published copy, from the holes of the file.

    Raises:
        ConfigError: no such document or source.
    """
    with opened(settings, state) as house:
        try:
            with house.warehouse.transaction():
                done = erase(house.warehouse.con, kind, target, reason, moment)
        except KeyError:
            raise ConfigError([f"no {kind} {target!r} in the warehouse; look it up with 'trendwarte query'"]) from None
        if house.warehouse.runs.last_judged():
            shutil.rmtree(house.published / "snapshots", ignore_errors=True)
            put_out(house)
            write_briefs(house, RunReport(run_id="", as_of=moment))
        # After publishing: the former versions of the mirrored views go as well.
        _erase_from_lake(house, moment)
    with exclusive(state):
        compacted(state / "warehouse.duckdb")
        # Older copies still hold what was asked to go.
        for copy in state.glob("warehouse.*.duckdb"):
            copy.unlink()
    return done


def _erase_from_lake(house: House, moment: datetime) -> None:
    if not house.settings.runtime.warehouse.url:
        return
    rows = house.warehouse.con.execute(
        "SELECT document_id, source_id FROM documents WHERE erased_at = ?", [moment]
    ).fetchall()
    with lake_of(house.settings) as lake:
        lake.erase([key for key, _ in rows], sorted({source for _, source in rows}))

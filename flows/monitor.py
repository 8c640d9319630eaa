"""The nightly path, top to bottom: from the world's bytes to an alert in a mailbox.

Read ``night``: its eleven steps are the life of one datum. The rooms do the work: ``sources`` bring it in,
``trendwarte`` decides, ``warehouse`` keeps it, ``alerts`` carries it out.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from time import monotonic
from typing import Any

from flows.calendar import missed_nights
from flows.collect import Collected, Load, collect, keep
from flows.engine import DaskEngine, Engine, PlainEngine, PrefectEngine, dask_runner
from flows.gathering import gather_on_workers
from flows.house import House, now
from flows.judge import judge_all, understand
from flows.keeping import is_sound, put_out
from flows.showing import show_night
from flows.tell import deliver, write_briefs
from flows.watching import watched
from trendwarte.reading import READER_VERSION
from trendwarte.types import Document, RunReport
from warehouse import load_configuration, published_night


def night(
    house: House,
    as_of: datetime,
    engine: Engine,
    archived: Sequence[Document] | None = None,
    *,
    is_last: bool = True,
    is_missed: bool = False,
) -> RunReport:
    """One night. ``archived`` documents (a replay) take the place of collecting.

    A missed night that is made up for asks nobody: what a source says today nobody knew then. It counts as degraded,
    and what it has to tell leaves with the present night, after that one is published.

    In a series of nights only the last one publishes (``is_last``): nobody could read the copies between.

    Every step commits for itself and finds what an interrupted night left behind, so the same night can
    run again: nothing is lost, nothing is stored or sent twice.
    """
    last = house.warehouse.runs.last_judged()
    report = _begin(house, as_of, last)  # 1  settings are in `house`
    clock = _Clock(report)
    collected = _collected(house, as_of, engine, report, archived, is_missed=is_missed)  # 2  fetch
    clock.lap("collect")
    keep(house, collected, as_of, report)  # 3, 4  parse and store, load by load
    clock.lap("store")
    if _is_unchanged(house, as_of, report, last):
        _record_unchanged(house, report, engine)
    else:
        _record_start(house, report, engine)
        understand(house, as_of, report)  # 5, 6, 7  read, cluster, fold
        clock.lap("read")
        before = _before(house, report, last)
        judge_all(house, as_of, report, before, is_degraded=collected.is_degraded)  # 8, 9  score, judge, queue
        clock.lap("judge")
    if is_last and _is_snapshot_behind(house) and is_sound(house, report):
        put_out(house)  # 10 check, publish
        write_briefs(house, report)
    clock.lap("publish")
    if not report.is_held and not is_missed:
        deliver(house, as_of, engine, report)  # 11 tell
    clock.lap("tell")
    _record_end(house, report)
    if is_last:
        # Four artifacts a night keep Prefect's server busy: in a series of 138 nights they cost two minutes.
        show_night(house, report)
    return report


def monitor(house: House, moment: datetime, engine_name: str = "prefect") -> list[RunReport]:
    """Run the nights that are due up to ``moment`` in order: missed ones first, then this one.

    In one Prefect flow (or in plain threads), for a catch-up is one flow, not many.
    """
    if engine_name == "plain":
        return due_nights(house, moment, PlainEngine(house.settings.runtime.fetching.workers))
    if engine_name == "dask":
        return list(in_flow(lambda: due_nights(house, moment, DaskEngine()), on_dask=True))
    return list(in_flow(lambda: due_nights(house, moment, PrefectEngine())))


def due_nights(house: House, moment: datetime, engine: Engine) -> list[RunReport]:
    """The nights that are due, each watched: a failure is written down and reported to the heartbeat.

    Raises:
        ClockError: ``moment`` lies before the last judged night.
    """
    runtime = house.settings.runtime
    last = house.warehouse.runs.last_judged()
    reports = []
    for missed in missed_nights(last["as_of"] if last else None, moment, runtime.schedule, runtime.time_zone):
        with watched(house, missed):
            reports.append(night(house, missed, engine, is_missed=True, is_last=False))
    with watched(house, moment) as watch:
        reports.append(night(house, moment, engine))
        watch.ended(reports[-1])
    return reports


def in_flow(body: Any, *, on_dask: bool = False) -> Any:
    """Call ``body`` inside a flow run named ``monitor``; Prefect is imported here because it takes a second."""
    from prefect import flow, tags

    # The flow travels to Dask workers with each task: it must not carry the open house along.
    _bodies.append(body)
    named = flow(
        name="monitor", validate_parameters=False, persist_result=False, log_prints=False,
        task_runner=dask_runner() if on_dask else None,
    )  # fmt: skip
    try:
        with tags("trendwarte"):
            return named(_innermost)()
    finally:
        _bodies.pop()


_bodies: list[Any] = []


def _innermost() -> Any:
    return _bodies[-1]()


def _begin(house: House, as_of: datetime, last: Mapping[str, Any] | None) -> RunReport:
    report = RunReport(run_id=f"night-{as_of:%Y%m%dT%H%M%SZ}", as_of=as_of)
    if last is None:
        report.baseline_reason = "first run"
    elif last["config_fingerprint"] != house.settings.fingerprint:
        report.baseline_reason = "configuration changed"
    elif last["reader_version"] != READER_VERSION:
        report.baseline_reason = "reader changed"
    report.is_baseline = bool(report.baseline_reason)
    return report


def _collected(
    house: House, as_of: datetime, engine: Engine, report: RunReport, archived: Sequence[Document] | None, *,
    is_missed: bool,
) -> Collected:  # fmt: skip
    """What the world, or an archive, has for this night; a missed one collects nothing."""
    if archived is not None or is_missed:
        return Collected([Load(list(archived or ()))], is_degraded=is_missed)
    if house.settings.runtime.warehouse.url:
        return gather_on_workers(house, as_of, engine, report)  # workers parse and read as well, into the lake
    return collect(house, as_of, engine)


def _before(house: House, report: RunReport, last: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The night judged before this one; one that runs again has just written over its own row."""
    is_again = last is not None and last["run_id"] == report.run_id
    return house.warehouse.runs.last_judged() if is_again else last


def _is_unchanged(house: House, as_of: datetime, report: RunReport, last: Mapping[str, Any] | None) -> bool:
    """The day was judged already, and since then nothing new came in."""
    is_same_day = last is not None and last["as_of"].date() == as_of.date()
    return is_same_day and not report.is_baseline and not house.warehouse.documents.unread_ids(READER_VERSION, as_of)


def _record_start(house: House, report: RunReport, engine: Engine) -> None:
    with house.warehouse.transaction():
        load_configuration(house.warehouse.con, house.settings)
        house.warehouse.runs.begin(
            report, started_at=now(), engine=engine.name, fingerprint=house.settings.fingerprint, reader=READER_VERSION
        )


def _record_unchanged(house: House, report: RunReport, engine: Engine) -> None:
    """A repeated night adds nothing; a second one on the same day adds only the note that it ran."""
    report.outcome = "unchanged"
    if not house.warehouse.runs.is_known(report.run_id):
        _record_start(house, report, engine)
        house.warehouse.runs.finish(report, now())


def _record_end(house: House, report: RunReport) -> None:
    """The row of the night as it ended, with what was sent; a repeated night has no row of its own to write."""
    if report.outcome != "unchanged":
        with house.warehouse.transaction():
            house.warehouse.runs.finish(report, now())


def _is_snapshot_behind(house: House) -> bool:
    """Whether the published copy lacks the newest judged night: a night killed before step 10 is made good."""
    last = house.warehouse.runs.last_judged()
    return last is not None and published_night(house.published) != last["run_id"]


class _Clock:
    """Seconds per step, into the report."""

    def __init__(self, report: RunReport) -> None:
        self._report = report
        self._last = monotonic()

    def lap(self, step: str) -> None:
        """Close a step."""
        moment = monotonic()
        self._report.durations_s[step] = round(moment - self._last, 3)
        self._last = moment

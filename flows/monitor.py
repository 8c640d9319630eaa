"""The nightly path, top to bottom: from the world's bytes to an alert in a mailbox.

Read ``night``: its eleven steps are the life of one datum. The rooms do the work: ``sources`` bring it in,
``trendwarte`` decides, ``warehouse`` keeps it, ``alerts`` carries it out.
"""

from collections.abc import Sequence
from datetime import datetime
from time import monotonic
from typing import Any

from flows.collect import Collected, collect, keep
from flows.engine import Engine, PlainEngine, PrefectEngine
from flows.heartbeat import heartbeat
from flows.house import House, now
from flows.judge import judge_all, understand
from flows.tell import deliver, write_briefs
from trendwarte.reading import READER_VERSION
from trendwarte.types import Document, RunReport
from warehouse import load_configuration, publish, published_night


def night(
    house: House, as_of: datetime, engine: Engine, archived: Sequence[Document] | None = None, *, is_last: bool = True
) -> RunReport:
    """One night. ``archived`` documents (a replay) take the place of collecting.

    In a series of nights only the last one publishes (``is_last``): nobody could read the copies between.

    Every step commits for itself and finds what an interrupted night left behind, so the same night can
    run again: nothing is lost, nothing is stored or sent twice.
    """
    report = _begin(house, as_of)  # 1  settings are in `house`
    clock = _Clock(report)
    collected = Collected(documents=list(archived)) if archived is not None else collect(house, as_of, engine)  # 2, 3
    clock.lap("collect")
    keep(house, collected, as_of, report)  # 4  store
    clock.lap("store")
    if _is_unchanged(house, as_of, report):
        _record_unchanged(house, report, engine)
    else:
        _record_start(house, report, engine)
        understand(house, as_of, report)  # 5, 6, 7  read, cluster, fold
        clock.lap("read")
        judge_all(house, as_of, report, is_degraded=collected.is_degraded)  # 8, 9  score, judge, queue
        clock.lap("judge")
    if is_last and _is_snapshot_behind(house):
        publish(house.warehouse.con, house.published)  # 10 publish
        write_briefs(house, report)
    clock.lap("publish")
    deliver(house, as_of, engine, report)  # 11 tell
    clock.lap("tell")
    _record_end(house, report)
    return report


def monitor(house: House, nights: Sequence[datetime], engine_name: str = "prefect") -> list[RunReport]:
    """Run nights in order, in one Prefect flow (or in plain threads): a catch-up is one flow, not many."""
    with heartbeat(house.settings) as beat:
        if engine_name == "plain":
            engine = PlainEngine(house.settings.runtime.fetching.workers)
            reports = [night(house, as_of, engine) for as_of in nights]
        else:
            reports = list(in_flow(lambda: [night(house, as_of, PrefectEngine()) for as_of in nights]))
        beat.finish(reports)
    return reports


def in_flow(body: Any) -> Any:
    """Call ``body`` inside a flow run named ``monitor``; Prefect is imported here because it takes a second."""
    from prefect import flow

    named = flow(name="monitor", validate_parameters=False, persist_result=False, log_prints=False)
    return named(body)()


def _begin(house: House, as_of: datetime) -> RunReport:
    report = RunReport(run_id=f"night-{as_of:%Y%m%dT%H%M%SZ}", as_of=as_of)
    last = house.warehouse.runs.last_judged()
    if last is None:
        report.baseline_reason = "first run"
    elif last["config_fingerprint"] != house.settings.fingerprint:
        report.baseline_reason = "configuration changed"
    elif last["reader_version"] != READER_VERSION:
        report.baseline_reason = "reader changed"
    report.is_baseline = bool(report.baseline_reason)
    return report


def _is_unchanged(house: House, as_of: datetime, report: RunReport) -> bool:
    """The day was judged already, and since then nothing new came in."""
    last = house.warehouse.runs.last_judged()
    is_same_day = last is not None and last["as_of"].date() == as_of.date()
    return is_same_day and not report.is_baseline and not house.warehouse.documents.unread(READER_VERSION, as_of)


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

"""Step 10: check, then publish; and what is forgotten."""

import logging
from datetime import datetime, timedelta

from flows.house import House, lake_of
from trendwarte.settings import Runtime
from trendwarte.types import RunReport
from warehouse import Periods, forget_old, publish, run_checks

log = logging.getLogger("trendwarte")


def is_sound(house: House, report: RunReport) -> bool:
    """Run the data-quality checks. One that fails holds everything back: a wrong number must not be read or mailed."""
    with house.warehouse.transaction():
        broken = run_checks(house.warehouse.con, report.run_id)
    failed = [one for one in broken if one.severity == "fail"]
    for one in broken:
        log.warning("check %s found %d rows; see mart.checks", one.name, one.offending)
    report.problems += [str(one) for one in failed]
    report.is_held = bool(failed)
    report.counts["checks_broken"] = len(broken)
    if report.is_held:
        report.problems.append("not published and nobody told, because a check failed; see docs/operations.md")
    return not report.is_held


def put_out(house: House) -> None:
    """Publish the warehouse as it is configured; a lake gets the same views."""
    kept = house.settings.runtime.warehouse
    published = publish(
        house.warehouse.con, house.published, keep=kept.snapshots, has_parquet=kept.has_parquet,
        has_text_index=kept.has_text_index,
    )  # fmt: skip
    if kept.url:
        with lake_of(house.settings) as lake:
            lake.mirror(published)


def forget(house: House, now: datetime) -> dict[str, int]:
    """Forget what is past its time; gives how much of each kind."""
    runtime = house.settings.runtime
    with house.warehouse.transaction():
        done = forget_old(house.warehouse.con, now, periods_of(runtime))
    if runtime.warehouse.url:
        with lake_of(house.settings) as lake:
            lake.forget(now - timedelta(days=runtime.keep_payload_days))
    return done


def periods_of(runtime: Runtime) -> Periods:
    """How long each kind of content is kept."""
    return Periods(runtime.keep_payload_days, runtime.keep_text_days, runtime.keep_quote_days, runtime.keep_letter_days)

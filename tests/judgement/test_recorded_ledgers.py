"""The ledgers of the recorded world, step by step, against what happened (dates as in docs/method.md)."""

from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import pytest

from demo.recorded import load_world
from flows.collect import Collected, Load, keep
from flows.demo import end_of
from flows.house import House
from flows.judge import understand
from trendwarte.config_files import load_settings
from trendwarte.evidence import Origins
from trendwarte.reading import Reader, Watchlist
from trendwarte.types import Document, RunReport
from warehouse import Warehouse, load_configuration

SHIPPED = load_settings(Path(__file__).parents[2] / "config", {})
#: (platform, place, instrument): (day in the world, state, date it takes effect or ends), oldest first.
HISTORY = {
    ("tiktok", "US", "us-eo-13942"): [
        ("2020-08-06", "scheduled", "2020-09-20"), ("2020-09-19", "delayed", "2020-09-27"),
        ("2020-09-27", "stayed", None), ("2021-06-09", "lifted", None),
    ],
    ("tiktok", "US", "us-ntgda"): [("2022-12-29", "in_force", None)],
    ("tiktok", "US", "us-pafaca"): [
        ("2024-03-13", "passed_chamber", None), ("2024-04-24", "scheduled", "2025-01-19"),
        ("2024-12-06", "scheduled", "2025-01-19"), ("2025-01-17", "scheduled", "2025-01-19"),
        ("2025-01-19", "in_force", None), ("2025-01-20", "non_enforced", "2025-04-05"),
        ("2025-04-04", "non_enforced", "2025-06-19"), ("2025-06-19", "non_enforced", "2025-09-17"),
        ("2025-09-25", "non_enforced", "2026-01-23"), ("2025-12-18", "settlement_agreed", None),
        ("2026-01-22", "resolved", None),
    ],
    ("tiktok", "IN", "in-69a"): [("2020-06-29", "enforced", None)],
    ("tiktok", "US-MT", "us-mt-sb419"): [("2023-05-17", "scheduled", "2024-01-01"), ("2023-11-30", "stayed", None)],
    ("x", "BR", "br-stf-x"): [("2024-08-30", "enforced", None), ("2024-10-08", "lifted", None)],
    ("telegram", "BR", "br-stf-telegram-2022"): [("2022-03-18", "enforced", None), ("2022-03-20", "lifted", None)],
    ("telegram", "BR", "br-telegram-2023"): [("2023-04-26", "enforced", None), ("2023-04-29", "lifted", None)],
    ("clubhouse", "CN", "cn-clubhouse"): [("2021-02-08", "enforced", None)],
    ("all_social", "AU", "au-smma"): [("2024-11-28", "passed_chamber", None), ("2025-12-10", "in_force", None)],
}  # fmt: skip


@pytest.fixture(scope="module")
def ledger():
    """Every row of the ledger after all documents were read, each on the night of its day."""
    world = load_world()
    kinds = {outlet.id: outlet.kind for outlet in world.outlets}
    days = defaultdict(list)
    for one in world.documents:
        days[one.published_at.date()].append(
            Document(one.id, one.source, f"https://{one.outlet}/{one.id}", one.title, one.summary, one.outlet,
                     kinds[one.outlet], one.published_at, one.published_at, one.id, text=one.body, lang=one.lang)
        )  # fmt: skip
    settings = SHIPPED.model_copy(update={"outlets": {**SHIPPED.outlets, **{o.id: o for o in world.outlets}}})
    with Warehouse(Path(":memory:")) as warehouse:
        load_configuration(warehouse.con, settings)
        house = House(settings, Path(), warehouse, Reader(Watchlist.from_settings(settings)), Origins(settings.outlets))
        due = {date.fromisoformat(d) for steps in HISTORY.values() for _, _, d in steps if d}
        for day in sorted(days.keys() | due):
            report = RunReport(f"night-{day}", end_of(day))
            keep(house, Collected([Load(days[day])]), report.as_of, report)
            understand(house, report.as_of, report)
        return warehouse.con.execute(
            "SELECT platform, jurisdiction, instrument, valid_from, state, due_date, known_from::DATE FROM ledger"
            " ORDER BY row_id"
        ).fetchall()


@pytest.mark.parametrize("key", HISTORY, ids=lambda key: "-".join(key))
def test_a_ledger_goes_the_way_it_went(ledger, key):
    rows = [row[3:] for row in ledger if row[:3] == key]
    found = [(since.isoformat(), state, due.isoformat() if due else None) for since, state, due, _ in rows]
    assert found == HISTORY[key]
    assert all(known - since <= timedelta(days=1) for since, _, _, known in rows), "known at the latest a night later"


@pytest.mark.parametrize(
    ("platform", "place"), [("tiktok", "IN"), ("x", "BR"), ("tiktok", "US-MT"), ("telegram", "BR"), ("clubhouse", "CN")]
)
def test_no_other_instrument_is_opened_there(ledger, platform, place):
    assert {row[:3] for row in ledger if row[:2] == (platform, place)} <= HISTORY.keys()


def test_threads_is_no_matter_of_law_in_europe(ledger):
    assert [row for row in ledger if row[0] == "threads" and row[1] in ("EU", "DE")] == []
